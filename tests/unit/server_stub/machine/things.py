"""What the model knows: payers and their allowances, shops and tills, what was asked, signed and bought."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum

from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.states import State

HOUR_S = 3_600
DAY_S = 24 * HOUR_S
#: The server's settings, written a second time.
TOKEN_LIFE_S = 72 * HOUR_S

AUTHORIZED, CAPTURED, DECLINED, REJECTED = State.AUTHORIZED, State.CAPTURED, State.DECLINED, State.REJECTED


class Mode(Enum):
    """How a payer consents."""

    CODE = "code"
    ONLINE = "online"
    OFFLINE = "offline"


class Standing(Enum):
    """What became of an allowance."""

    OPEN = "open"
    REVOKED = "revoked"
    CLOSED = "closed"
    FRAUD = "fraud"


UNCLOSED = {Standing.OPEN, Standing.REVOKED}


class RefusedError(Exception):
    """The model's no."""

    def __init__(self, code: ErrorCode) -> None:
        super().__init__(code.name)
        self.code = code


@dataclass(slots=True)
class Allowance:
    """One token: what was put aside, and what was signed under it."""

    total: int
    made_at_s: int
    escrow: int
    signed: int = 0
    dead: int = 0
    standing: Standing = Standing.OPEN
    denied_at_s: int | None = None
    is_returned: bool = False
    #: Counters that were claimed, and what the operator bore at each till.
    seen: set[int] = field(default_factory=set)
    borne: Counter[int] = field(default_factory=Counter)

    @property
    def ends_at_s(self) -> int:
        return self.made_at_s + TOKEN_LIFE_S


@dataclass(slots=True)
class Purse:
    """One payer."""

    currency: str
    available: int
    held: int = 0
    blocked_at_s: int | None = None
    bound_at_s: int = 0
    allowances: list[Allowance] = field(default_factory=list)

    @property
    def blocked(self) -> bool:
        return self.blocked_at_s is not None

    @property
    def newest(self) -> Allowance:
        return self.allowances[-1]


@dataclass(slots=True)
class Shop:
    """One merchant: what he is owed, his terms, and what he was told of, each by currency or in sequence."""

    payable: Counter[str] = field(default_factory=Counter)
    terms: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Till:
    """One terminal, by the number of its shop, and when its device was let in."""

    shop: int
    enrolled_at_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request as a till shows it. ``content`` tells apart what has the same id."""

    till: int
    name: bytes
    content: bytes = field(repr=False)
    amount: int
    currency: str
    made_at_s: int
    hold_h: int = 0
    #: Of a printed code: the most that one payment may be. 0: it is none.
    cap: int = 0
    #: A printed code that its merchant has ended.
    is_ended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a payer has signed. ``ceiling`` is a code's."""

    payer: int
    allowance: int
    mode: Mode
    counter: int
    digest: bytes = field(repr=False)
    ceiling: int = 0


@dataclass(slots=True)
class Bought:
    """A payment that took effect, held or captured."""

    ask: Ask
    payer: int
    state: State
    amount: int
    borne: int = 0
    refunded: int = 0
    ends_at_s: int = 0
    paid_at_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What must be answered. What is forgotten may be answered otherwise the next time."""

    state: State
    code: ErrorCode | None = None
    forgotten: bool = False
