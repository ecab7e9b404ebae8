"""The operator's choices: a small TOML file that ``init`` writes and a person edits.

Amounts are minor units of whichever currency they are compared with.
"""

import tomllib
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Any, Final

from server_stub.webhooks.guard import Reach
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.messages import Liability
from wallet_sdk.protocol.rules import OfflineLimits

CONFIG_FILE: Final = "server.toml"
LEDGER_FILE: Final = "ledger.sqlite"
KEYS_FOLDER: Final = "keys"
#: Remembers, where the database cannot write, that the operator has signed for its earlier fundings.
FUNDINGS_MARK: Final = "fundings-signed"
HEADS_FOLDER: Final = "heads"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLimits:
    """What a token allows without the issuer, and how many tokens a wallet may have.

    Attributes:
        open_max: tokens of one wallet that are open at a time. It needs one; a phone that was set back leaves another.
        day_max: tokens issued to one wallet in 24 hours, closed ones too.
    """

    payment_max_minor: int = 5_000
    total_max_minor: int = 20_000
    count_max: int = 1_000
    lifetime_h: int = limits.TOKEN_LIFETIME_H_MAX
    open_max: int = 3
    day_max: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalLimits:
    """What a terminal may accept without the network, how long its certificate lives, how many a merchant may have.

    ``replace_delay_h``: so long a code waits with which a merchant lets another device take a terminal's number over.
    """

    certificate_lifetime_h: int = limits.CERTIFICATE_LIFETIME_H_MAX
    payment_max_minor: int = 5_000
    stored_max_minor: int = 100_000
    stored_count_max: int = 500
    stored_age_max_s: int = 3 * 24 * 3600
    token_stored_max_minor: int = 10_000
    per_merchant_max: int = 200
    replace_delay_h: int = 24

    @property
    def offline(self) -> OfflineLimits:
        return OfflineLimits(
            payment_max_minor=self.payment_max_minor,
            stored_max_minor=self.stored_max_minor,
            stored_count_max=self.stored_count_max,
            stored_age_max_s=self.stored_age_max_s,
            token_stored_max_minor=self.token_stored_max_minor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPolicy:
    """How payments are judged.

    Attributes:
        uncovered: who bears an offline payment that its escrow does not cover.
        online_late_s_max: how long past its end a request or code is still taken online. Clocks differ; and a
            terminal that has closed its request is not paid any more, however late the intent is.
    """

    uncovered: Liability = Liability.OPERATOR
    online_late_s_max: int = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingLimits:
    """What one person may let into the ledger alone; above it a second one must approve.

    Attributes:
        single_max_minor: of one wallet's opening funds.
        day_max_minor: of all that one API key, or the command line, lets in alone in 24 hours, for each currency.
        approval_lifetime_h: how long a funding waits for its second person.
    """

    single_max_minor: int = 100_000
    day_max_minor: int = 1_000_000
    approval_lifetime_h: int = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class LossLimits:
    """What the operator bears of offline payments that no escrow covers, in each currency. 0 bears nothing.

    A day is one of UTC by the server's clock. What is given back by a refund is not borne anew.

    Attributes:
        wallet_max_minor: for one wallet, ever: as much as one token allows. Whoever works with merchants gets no more.
        merchant_day_max_minor: for one merchant and day: two wallets' worth; the rest is left to the others.
        young_day_max_minor: of that, at all the merchant's terminals that are young together.
        young_age_s: how long a terminal's device is young: as long as a certificate lives.
        day_max_minor: for all merchants together, each day.
    """

    wallet_max_minor: int = 20_000
    merchant_day_max_minor: int = 40_000
    young_day_max_minor: int = 10_000
    young_age_s: int = 7 * 24 * 3600
    day_max_minor: int = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLimits:
    """How much one caller may ask. A rate of 0 is no limit.

    Attributes:
        address_per_s: requests a second from one address (IPv6: one /64) in the long run; a busy shop with all its
            tills behind one address stays under it.
        key_per_s: requests a second with one API key.
        in_flight_max: requests under way, waiting ones among them; more are refused at once.
        address_in_flight_max: of these, from one address; a mobile network hides a thousand waiting wallets behind one.
    """

    address_per_s: int = 1_000
    address_burst: int = 5_000
    key_per_s: int = 100
    key_burst: int = 500
    in_flight_max: int = 8_192
    address_in_flight_max: int = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPolicy:
    """Where webhooks may go: PUBLIC addresses, or LOOPBACK_TOO for the sandbox and for tests."""

    reach: Reach = Reach.PUBLIC


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPolicy:
    """How far the clock may be from the ledger's own time before nothing is decided by it any more.

    Attributes:
        pause_max_h: how long a server may have been off at its start: a long weekend, as long as tills keep offline
            payments by default. After a longer pause a person says that the clock is right.
        jump_max_s: how far it may step while the server runs, or be behind at its start: more than the time servers of
            a machine that has slept correct, less than any clock that is set to another zone or day.
    """

    pause_max_h: int = 72
    jump_max_s: int = 1_800


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Everything the TOML file may say.

    Attributes:
        database: PostgreSQL's address, "" for the file in the same folder.
        heads: a folder for the notes of acknowledged commits, best on another disk; "" for one in the same folder.
    """

    database: str = ""
    heads: str = ""
    tokens: TokenLimits = field(default_factory=TokenLimits)
    terminals: TerminalLimits = field(default_factory=TerminalLimits)
    payments: PaymentPolicy = field(default_factory=PaymentPolicy)
    funding: FundingLimits = field(default_factory=FundingLimits)
    losses: LossLimits = field(default_factory=LossLimits)
    limits: RequestLimits = field(default_factory=RequestLimits)
    webhooks: WebhookPolicy = field(default_factory=WebhookPolicy)
    clock: ClockPolicy = field(default_factory=ClockPolicy)
    activation_lifetime_h: int = 7 * 24


#: Each section of the file, and what it is about.
_SECTIONS: Final = {
    "tokens": "what a wallet may spend without the network, and how many tokens it may have",
    "terminals": "what a terminal may accept without the network, and how many a merchant may have",
    "payments": 'uncovered: who bears an uncovered offline payment, "OPERATOR" or "MERCHANT"',
    "losses": "what the operator bears at most, in each currency: for a wallet ever, the rest for a day; docs/risk.md",
    "funding": "what one person may let in alone; above it a second one approves",
    "limits": "how much one caller may ask; a rate of 0 is no limit",
    "webhooks": 'reach: where webhooks may go, "PUBLIC" or, for a sandbox, "LOOPBACK_TOO"',
    "clock": "how long a pause, and how far a step of the clock, is believed without a person's word",
}
#: Name in the file -> what it may say.
_CHOICES: Final[dict[str, type[Enum]]] = {"uncovered": Liability, "reach": Reach}
#: Name in the file -> highest value; the lowest is 0, or 1 for durations and counts.
_HIGHEST: Final = {
    "payment_max_minor": limits.AMOUNT_MINOR_MAX,
    "total_max_minor": limits.AMOUNT_MINOR_MAX,
    "count_max": limits.TOKEN_COUNT_MAX,
    "lifetime_h": limits.TOKEN_LIFETIME_H_MAX,
    "certificate_lifetime_h": limits.CERTIFICATE_LIFETIME_H_MAX,
    "stored_max_minor": limits.BALANCE_MINOR_MAX,
    "stored_count_max": 1_000_000,
    "stored_age_max_s": limits.CAPTURE_AGE_S_MAX,
    "token_stored_max_minor": limits.BALANCE_MINOR_MAX,
    "open_max": 1_000,
    "day_max": 100_000,
    "per_merchant_max": 1_000_000,
    "wallet_max_minor": limits.BALANCE_MINOR_MAX,
    "merchant_day_max_minor": limits.BALANCE_MINOR_MAX,
    "young_day_max_minor": limits.BALANCE_MINOR_MAX,
    "young_age_s": 366 * 24 * 3600,
    "replace_delay_h": 24 * 90,
    "online_late_s_max": limits.CLOCK_SKEW_S_MAX,
    "activation_lifetime_h": 24 * 365,
    "single_max_minor": limits.AMOUNT_MINOR_MAX,
    "day_max_minor": limits.BALANCE_MINOR_MAX,
    "approval_lifetime_h": 24 * 365,
    "address_per_s": 1_000_000,
    "address_burst": 10_000_000,
    "key_per_s": 1_000_000,
    "key_burst": 10_000_000,
    "in_flight_max": 1_000_000,
    "pause_max_h": 24 * 365,
    "jump_max_s": 24 * 3600,
    "address_in_flight_max": 1_000_000,
}


def read_config(path: Path) -> ServerConfig:
    """Read the operator's file; what it leaves out has its default.

    Raises:
        MisuseError: NOT_INITIALISED without a file, BAD_ARGUMENT naming the setting at fault.
    """
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise MisuseError(ErrorCode.NOT_INITIALISED, f"{path} is missing; run: tillcode-server init") from error
    except OSError as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{path} is not TOML: {error}") from error
    sections = {name: content.pop(name, {}) for name in _SECTIONS}
    try:
        return ServerConfig(
            tokens=_section(TokenLimits, sections["tokens"]),
            terminals=_section(TerminalLimits, sections["terminals"]),
            payments=_section(PaymentPolicy, sections["payments"]),
            funding=_section(FundingLimits, sections["funding"]),
            losses=_section(LossLimits, sections["losses"]),
            limits=_section(RequestLimits, sections["limits"]),
            webhooks=_section(WebhookPolicy, sections["webhooks"]),
            clock=_section(ClockPolicy, sections["clock"]),
            **_checked(content, allowed={"activation_lifetime_h", "database", "heads"}),
        )
    except MisuseError as error:
        raise MisuseError(error.code, f"{path}: {error.message}", param=error.param) from error


def write_config(path: Path, config: ServerConfig) -> None:
    """Write every setting, so that a person sees what can be changed."""
    lines = [
        "# Settings of tillcode-server; amounts are minor units. Restart the server after a change.",
        f"activation_lifetime_h = {config.activation_lifetime_h}",
        f"database = {_toml(config.database)}  # postgresql://... or nothing: a file in this folder",
        f"heads = {_toml(config.heads)}  # a folder on another disk for the notes of acknowledged commits, or nothing",
    ]
    for name, comment in _SECTIONS.items():
        section = getattr(config, name)
        lines += ["", f"[{name}]  # {comment}"]
        lines += [f"{one.name} = {_toml(getattr(section, one.name))}" for one in fields(section)]
    path.touch(mode=0o600)  # the database's address may hold a password
    path.write_text("\n".join(lines) + "\n")


def _section(kind: type[Any], content: object) -> Any:
    if not isinstance(content, dict):
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a section is expected", param=kind.__name__)
    return kind(**_checked(content, allowed={one.name for one in fields(kind)}))


def _checked(content: dict[str, Any], *, allowed: set[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in content.items():
        if name not in allowed:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "there is no such setting", param=name)
        values[name] = _value(name, value)
    return values


def _value(name: str, value: object) -> int | str | Enum:
    if name in _CHOICES:
        return _choice(name, value)
    return _text(name, value) if name in {"database", "heads"} else _number(name, value)


def _choice(name: str, value: object) -> Enum:
    choices = _CHOICES[name].__members__
    if not isinstance(value, str) or value not in choices:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{' or '.join(choices)} is expected", param=name)
    return choices[value]


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a text is expected", param=name)
    return value


def _number(name: str, value: object) -> int:
    low = 0 if name.endswith(("_minor", "_per_s")) or name in {"online_late_s_max", "replace_delay_h"} else 1
    if type(value) is not int or not low <= value <= _HIGHEST[name]:
        raise MisuseError(
            ErrorCode.BAD_ARGUMENT, f"a whole number in {low} .. {_HIGHEST[name]} is expected", param=name
        )
    return value


def _toml(value: int | str | Enum) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return f'"{value.name}"' if isinstance(value, Enum) else str(value)
