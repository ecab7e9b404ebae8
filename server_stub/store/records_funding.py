"""Money that comes into the ledger from outside: who asked for it, who let it in, and the operator's word for it."""

from dataclasses import dataclass, field
from enum import IntEnum, unique

from msgspec import Struct

from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import NO_ENVELOPE
from wallet_sdk.protocol.money import Currency


@unique
class FundingState(IntEnum):
    """How a funding stands."""

    #: It is above a limit, and waits for a second person.
    OPEN = 1
    #: The operator has signed for it: its code brings the money in, once.
    GRANTED = 2
    REFUSED = 3


class Funding(Struct, frozen=True, kw_only=True):
    """One amount that a code brings into the ledger.

    Attributes:
        asked_by: an API key's id, or the command line.
        decided_by: the second person who approved or refused it; "" when it was within the limits.
        expires_at_s: an open one can be approved until then.
        key_id: of the operator key that signed the grant; empty while there is none, as is ``signature``.
        enrolment: the wallet's message that brought the code, proof that whoever has the money knew it.
    """

    id: int
    code_hash: bytes
    currency: Currency
    amount_minor: int
    state: FundingState
    asked_by: str
    asked_at_s: int
    expires_at_s: int
    reason: str = ""
    decided_by: str = ""
    decided_at_s: int | None = None
    key_id: bytes = b""
    signature: bytes = b""
    enrolment: Envelope = NO_ENVELOPE


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierFundings:
    """The operator's word for what was funded before each funding was signed for; one row, made once.

    ``entries`` counts those entries, and ``last_hash`` is a hash chain over them alone.
    """

    number: int = 1
    entries: int
    last_hash: bytes
    key_id: bytes
    signature: bytes = field(repr=False)
