"""Flags win over the file, the file over the defaults, and nonsense is refused."""

from pathlib import Path

import pytest

from terminal_app.config import DEFAULT_SERVER_URL, FILE_NAME, load_config
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.money import Currency


def test_an_empty_home_has_defaults(tmp_path: Path) -> None:
    """Nothing has to be written to begin."""
    config = load_config(tmp_path)
    assert (config.server_url, config.currency) == (DEFAULT_SERVER_URL, Currency.EUR)
    assert (config.width_px, config.height_px) == (800, 480)


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    """The file says yen and a portrait screen; the flag says another server."""
    (tmp_path / FILE_NAME).write_text('currency = "JPY"\nsize = "720x1280"\nserver_url = "http://a"\n')
    config = load_config(tmp_path, server_url="http://b")
    assert (config.server_url, config.currency, config.height_px) == ("http://b", Currency.JPY, 1280)


def test_folders_are_named_in_the_file_or_by_a_flag(tmp_path: Path) -> None:
    """Without a name each is one in the home folder, which is the bootstrap's business."""
    assert load_config(tmp_path).carry_folder is None
    (tmp_path / FILE_NAME).write_text('carry_folder = "/a"\nreceipt_folder = "/b"\nsecond_journal = "/c"\n')
    config = load_config(tmp_path, carry_folder="/stick")
    assert (config.carry_folder, config.receipt_folder) == (Path("/stick"), Path("/b"))
    assert config.second_journal == Path("/c")


@pytest.mark.parametrize(
    "text",
    [
        'currency = "XYZ"',
        'size = "800"',
        'size = "8x8"',
        'size = "99999x480"',
        "size = 800",
        "colour = 'red'",
        "= =",
        'server_url = "shop:8080"',
        'server_url = "http://["',
        'server_url = "http://clerk:secret@shop"',
    ],
)
def test_a_bad_setting_is_named(tmp_path: Path, text: str) -> None:
    """A till does not start with a setting it does not understand."""
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(MisuseError) as caught:
        load_config(tmp_path)
    assert caught.value.code is ErrorCode.BAD_ARGUMENT


def test_a_window_too_small_for_fingers_is_refused_with_the_reason(tmp_path: Path) -> None:
    """480x320 was taken, and nothing on it could be pressed."""
    with pytest.raises(MisuseError, match=r"each from 480 \(no finger hits smaller keys\)"):
        load_config(tmp_path, size="480x320")


def test_who_writes_a_setting_that_is_none_is_told_which_there_are(tmp_path: Path) -> None:
    """`--server` is called `server_url` in the file."""
    (tmp_path / FILE_NAME).write_text('server = "http://a"')
    with pytest.raises(MisuseError, match=r"setting server: there is no such setting; there are .*server_url"):
        load_config(tmp_path)


def test_the_passphrase_is_not_printed(tmp_path: Path) -> None:
    """Secrets stay out of logs."""
    assert "hush" not in repr(load_config(tmp_path, passphrase="hush"))
