"""Fundings, and the one statement about those of before."""

from typing import Final

from server_stub.store.records_funding import EarlierFundings, Funding, FundingState
from server_stub.store.session import bytes_, numbers, texts
from server_stub.store.table import Index, Reading, Table
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.money import Currency

_DAY_S: Final = 86_400

FUNDING_CODE: Final = Index[bytes, Funding](columns=bytes_("code_hash"), of=lambda funding: funding.code_hash)
#: What one asker asked for on one day since the epoch: a limit looks at two of them, and never at all.
FUNDINGS_OF_DAY: Final = Index[tuple[str, int], Funding](
    columns=texts("asked_by") + numbers("asked_on"),
    of=lambda funding: (funding.asked_by, funding.asked_at_s // _DAY_S),
)
#: By consecutive ids: two processes that let something in at once conflict, and one decides anew.
FUNDINGS: Final = Table[int, Funding](
    name="fundings",
    columns=numbers("id")
    + bytes_("code_hash")
    + numbers("currency", "amount_minor", "state")
    + texts("asked_by")
    + numbers("asked_on", "asked_at_s", "expires_at_s")
    + texts("reason", "decided_by")
    + numbers("decided_at_s")
    + bytes_("key_id", "signature", "enrolment"),
    key_of=lambda funding: funding.id,
    row_of=lambda funding: (
        funding.id,
        funding.code_hash,
        funding.currency.number,
        funding.amount_minor,
        int(funding.state),
        funding.asked_by,
        funding.asked_at_s // _DAY_S,
        funding.asked_at_s,
        funding.expires_at_s,
        funding.reason,
        funding.decided_by,
        funding.decided_at_s,
        funding.key_id,
        funding.signature,
        funding.enrolment,
    ),
    record_of=lambda row: Funding(
        id=row[0],
        code_hash=row[1],
        currency=Currency.from_number(row[2]),
        amount_minor=row[3],
        state=FundingState(row[4]),
        asked_by=row[5],
        asked_at_s=row[7],
        expires_at_s=row[8],
        reason=row[9],
        decided_by=row[10],
        decided_at_s=row[11],
        key_id=row[12],
        signature=row[13],
        enrolment=Envelope(row[14]),
    ),
    indexes=(FUNDING_CODE, FUNDINGS_OF_DAY),
    reading=Reading.LOCKED,
)

EARLIER_FUNDINGS: Final = Table[int, EarlierFundings](
    name="earlier_fundings",
    columns=numbers("number", "entries") + bytes_("last_hash", "key_id", "signature"),
    key_of=lambda earlier: earlier.number,
    row_of=lambda earlier: (
        earlier.number,
        earlier.entries,
        earlier.last_hash,
        earlier.key_id,
        earlier.signature,
    ),
    record_of=lambda row: EarlierFundings(
        number=row[0], entries=row[1], last_hash=row[2], key_id=row[3], signature=row[4]
    ),
)
