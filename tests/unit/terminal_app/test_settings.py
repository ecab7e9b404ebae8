"""Settings are read strictly, written as they are read, and kept in the journal."""

import pytest

from terminal_app.office import change_setting, settings_of
from terminal_app.roles import Role
from terminal_app.settings import KINDS, Settings, SoundLevel, TipPolicy, changed, settings_from, text_of
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode, MisuseError


@pytest.mark.parametrize("name", KINDS)
def test_the_text_of_a_setting_reads_back(name: str) -> None:
    """Defaults are settings like all others."""
    assert changed(Settings(), name, text_of(Settings(), name)) == Settings()


@pytest.mark.parametrize("name", KINDS)
def test_each_choice_can_be_chosen(name: str) -> None:
    """What a screen offers is taken."""
    for text in KINDS[name].choices:
        assert text_of(changed(Settings(), name, text), name) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("language", "xx"),
        ("language", ""),
        ("volume_percent", "101"),
        ("volume_percent", "-1"),
        ("volume_percent", "٣"),
        ("volume_percent", "9" * 4000),
        ("tip_percents", ""),
        ("tip_percents", "5 5"),
        ("tip_percents", "10 5"),
        ("tip_percents", "5 10 15 20"),
        ("tip_percents", "0"),
        ("tip_percents", "101"),
        ("sign_out_s", "43201"),
        ("printer", "tcp:\x1b[2J"),
        ("receipt_footer", "x" * 121),
        ("no_such", "1"),
    ],
)
def test_what_will_not_do_is_refused(name: str, text: str) -> None:
    """By the name of the setting, and nothing has changed."""
    with pytest.raises(MisuseError) as caught:
        changed(Settings(), name, text)
    assert (caught.value.code, caught.value.param) == (ErrorCode.BAD_ARGUMENT, name)


def test_what_a_newer_or_older_program_wrote_does_not_stop_the_till() -> None:
    """An unknown name or a text that no longer fits is passed over."""
    texts = {"sound": "voice", "hologram": "on", "theme": "neon", "tip_percents": "8 12"}
    assert settings_from(texts) == Settings(sound=SoundLevel.VOICE, tip_percents=(8, 12))


def test_a_setting_is_durable_and_written_once(shop: Shop) -> None:
    """It is there after a crash; the same value again is no new fact."""
    length = shop.journal.length
    change_setting(shop.journal, "tip_policy", "on_phone", time=shop.time)
    change_setting(shop.journal, "tip_policy", "on_phone", time=shop.time)
    assert shop.journal.length == length + 1
    shop.restart()
    assert settings_of(shop.till.views).tip_policy is TipPolicy.ON_PHONE


def test_the_larger_the_role_the_larger_the_refund() -> None:
    """An owner is bound by the sale alone."""
    bounds = [Settings().refund_max_minor(role) for role in (Role.CASHIER, Role.SUPERVISOR, Role.OWNER)]
    assert bounds == [5_000, 50_000, 2**32 - 1]
