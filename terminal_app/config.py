"""How a terminal is set up: command-line flags over the file `terminal.toml` of its home folder over defaults.

What the operator decides (merchant, certificate, offline limits) is no setting: it comes at enrolment.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError
from wallet_sdk.protocol.money import Currency

FILE_NAME: Final = "terminal.toml"
DEFAULT_SERVER_URL: Final = "http://127.0.0.1:8080"
#: Smallest and largest window that the screens are laid out for.
WINDOW_PX_MIN: Final = 480
WINDOW_PX_MAX: Final = 4096


def assets_folder() -> Path:
    """Fonts and sounds: inside this package where a wheel was installed, beside the packages in a checkout."""
    package = Path(__file__).parent
    installed = package / "assets"
    return installed if installed.is_dir() else package.parent / "assets"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalConfig:
    """Settings of one terminal.

    Attributes:
        home: folder of journal, key file and settings; it belongs to this terminal alone.
        server_url: server offered at enrolment; afterwards the one that was joined counts.
        currency: what the keypad asks for; the certificate must cover it.
        width_px, height_px: size of the window.
        second_journal: where a second journal is kept (a stick, another disk), None for none.
        carry_folder: where the queue is saved to be carried by hand, and read from; None: `carried` in the home folder.
        receipt_folder: where receipts are written as PDF; None: `receipts` in the home folder.
        camera: what the till looks through, as `devices.sources` reads it.
        passphrase: opens the key file; empty means the machine-local secret file (see bootstrap).
    """

    home: Path
    server_url: str = DEFAULT_SERVER_URL
    currency: Currency = Currency.EUR
    width_px: int = 800
    height_px: int = 480
    passphrase: str = ""
    second_journal: Path | None = None
    carry_folder: Path | None = None
    receipt_folder: Path | None = None
    camera: str = "auto"

    def __repr__(self) -> str:
        return f"TerminalConfig(home={str(self.home)!r}, server_url={self.server_url!r}, currency={self.currency.name})"


def load_config(
    home: Path,
    *,
    server_url: str | None = None,
    size: str | None = None,
    currency: str | None = None,
    passphrase: str | None = None,
    second_journal: str | None = None,
    carry_folder: str | None = None,
    receipt_folder: str | None = None,
    camera: str | None = None,
) -> TerminalConfig:
    """Read the settings of a home folder; an argument that is given wins over the file.

    Raises:
        MisuseError: BAD_ARGUMENT for a file that is no TOML or a setting that is unknown, of another type or out of
            bounds.
    """
    settings = _read_file(home / FILE_NAME)
    given = {
        "server_url": server_url,
        "size": size,
        "currency": currency,
        "passphrase": passphrase,
        "camera": camera,
    }
    places = {"second_journal": second_journal, "carry_folder": carry_folder, "receipt_folder": receipt_folder}
    given.update(places)
    settings.update({name: text for name, text in given.items() if text is not None})
    unknown = sorted(set(settings) - set(given))
    if unknown:
        raise _bad(unknown[0], f"there is no such setting; there are {', '.join(sorted(given))}")
    config = TerminalConfig(home=home)
    if "size" in settings:
        width_px, height_px = _parse_size(_text(settings, "size"))
        config = replace(config, width_px=width_px, height_px=height_px)
    paths = {name: Path(_text(settings, name)) for name in places if name in settings}
    return replace(
        config,
        second_journal=paths.get("second_journal"),
        carry_folder=paths.get("carry_folder"),
        receipt_folder=paths.get("receipt_folder"),
        server_url=_address(_text(settings, "server_url")) if "server_url" in settings else config.server_url,
        currency=_parse_currency(_text(settings, "currency")) if "currency" in settings else config.currency,
        passphrase=_text(settings, "passphrase") if "passphrase" in settings else config.passphrase,
        camera=_text(settings, "camera") if "camera" in settings else config.camera,
    )


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{path.name} cannot be read: {error}", param=path.name) from error


def _text(settings: Mapping[str, Any], name: str) -> str:
    text = settings[name]
    if not isinstance(text, str) or not text:
        raise _bad(name, "it must be a text")
    return text


def _address(text: str) -> str:
    from wallet_sdk.transport import checked_base_url  # httpx: not before there is an address

    try:
        checked_base_url(text)
    except MisuseError as error:
        raise _bad("server_url", error.message) from error
    return text


def _parse_size(text: str) -> tuple[int, int]:
    width, cross, height = text.partition("x")
    plain = bool(cross) and all(part.isascii() and part.isdigit() and len(part) <= 4 for part in (width, height))
    if not plain or not all(WINDOW_PX_MIN <= int(part) <= WINDOW_PX_MAX for part in (width, height)):
        raise _bad("size", f"as 800x480, each from {WINDOW_PX_MIN} (no finger hits smaller keys) to {WINDOW_PX_MAX}")
    return int(width), int(height)


def _parse_currency(code: str) -> Currency:
    try:
        return Currency.from_code(code)
    except MalformedMessageError as error:
        raise _bad("currency", error.message) from error


def _bad(name: str, why: str) -> MisuseError:
    return MisuseError(ErrorCode.BAD_ARGUMENT, f"setting {name}: {why}", param=name)
