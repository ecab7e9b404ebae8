"""Parts of the back office's screens: lists, large choices, PINs, refunds and tips, as values."""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Any

from terminal_app.screen_model.parts import AmountText


@unique
class Mark(Enum):
    """A sign before a row: what became of it, told without reading."""

    GOOD = "good"
    STORED = "stored"
    BAD = "bad"
    OPEN = "open"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a list.

    `press` is the command that a touch sends; None for a line that is only read. `value` and `amount` stand at the
    end of the line, an amount always left to right.
    """

    robot_id: str
    title: str
    detail: str = ""
    value: str = ""
    amount: AmountText | None = None
    mark: Mark | None = None
    press: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One large button of a few: what it says and the command that it sends."""

    robot_id: str
    label: str
    detail: str = ""
    press: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChoice:
    """Somebody who may sign in, or allow something."""

    staff_id: int
    name: str
    role: str


@unique
class PinPurpose(Enum):
    """What a PIN is asked for."""

    SIGN_IN = "sign_in"
    APPROVE = "approve"
    TURN_BACK = "turn_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class PinAsk:
    """Whose PIN is asked, what for, and how many digits one has at most."""

    purpose: PinPurpose
    people: tuple[PersonChoice, ...]
    digits_max: int
    sign_in: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why money goes back: the text that is kept, and its words."""

    reason: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOffer:
    """What may go back of the sale on the screen, and the words of the pad that asks how much and why.

    `own_reason` is the reason that somebody may put into words of their own; `typed_minor` and `typed_reason` are what
    was filled in before those words were asked for.
    """

    request_id: bytes
    left_minor: int
    headline: str
    most: str
    reasons: tuple[Reason, ...]
    refund: str
    refund_all: str
    own_reason: str
    reason_word: str
    done: str
    typed_minor: int = 0
    typed_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TipOffer:
    """The tips that are offered before a sale, in percent, and the words around them."""

    headline: str
    percents: tuple[int, ...]
    labels: tuple[str, ...]
    no_tip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOffer:
    """What was searched for last; a list with this has a line to type in."""

    text: str
