"""Pages that ask for something before their command is sent: what they say, and the value that they fill in."""

from dataclasses import dataclass, field, replace
from enum import Enum, unique
from typing import Any

from terminal_app.roles import Role
from terminal_app.screen_model.office import Choice


@unique
class Capitals(Enum):
    """What the keyboard's first letter is: a capital in each word of a name, a small one in an address."""

    IN_NAMES = "in names"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAsk:
    """A line to type: its name, what stands in it, how long it may be.

    Attributes:
        fill, place: a value, and the field of it that takes the text; what comes out is sent.
        done: the word on the key that sends it.
        bytes_max: bound of the text in UTF-8, where the protocol has one.
    """

    name: str
    fill: Any
    place: str
    done: str
    text: str = ""
    chars_min: int = 1
    chars_max: int = 24
    bytes_max: int = 480
    capitals: Capitals = Capitals.NONE

    def takes(self, text: str) -> bool:
        """Whether so much may be typed."""
        return len(text) <= self.chars_max and len(text.encode()) <= self.bytes_max


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountAsk:
    """An amount to type on a pad, in minor units; the filled place takes it as a text of figures."""

    fill: Any
    place: str
    done: str
    hint: str = ""
    minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPinAsk:
    """A PIN to choose, typed twice."""

    fill: Any
    place: str
    hint: str
    again: str
    differs: str
    bad: str
    digits_max: int


Ask = TextAsk | AmountAsk | NewPinAsk


def filled(ask: Ask, text: str) -> Any:
    """The value that an ask makes of what was typed."""
    return replace(ask.fill, **{ask.place: text})


@unique
class PersonPart(Enum):
    """What of a person is being changed."""

    ALL = "all"
    NAME = "name"
    ROLE = "role"
    PIN = "pin"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDraft:
    """Somebody who is being entered (`staff_id` is None) or changed; pages fill it part by part. It stays in the UI."""

    staff_id: int | None = None
    name: str = ""
    role: Role | None = None
    pin: str = field(default="", repr=False)
    part: PersonPart = PersonPart.ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDraft:
    """A refund that is being filled in, while its reason is typed. It stays in the UI."""

    amount_minor: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleDraft:
    """What is typed on the keypad, while a page lies over it. It stays in the UI."""

    amount_minor: int
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """What is asked about once more before `choice` is pressed. It stays in the UI."""

    hint: str
    choice: Choice


@unique
class CloseWindow(Enum):
    """The command that ends the program; it stays in the UI."""

    NOW = "now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose:
    """One of more choices than a touch on a line can go through. It stays in the UI."""

    headline: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskFor:
    """A page with something to type. It stays in the UI."""

    headline: str
    ask: Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleOffer:
    """The words of the pages that enter and change people. `roles` are those that may be given now."""

    roles: tuple[tuple[Role, str], ...]
    add: str
    name: str
    role: str
    pin: str
    pin_hint: str
    pin_again: str
    pin_differs: str
    pin_bad: str
    digits_max: int
    name_chars_max: int
    remove: str
    remove_hints: tuple[tuple[int, str], ...]
    done: str
