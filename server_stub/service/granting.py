"""Looking, before entries are sealed, whether an operator key has signed for all that came in with them.

What the committer writes has been checked already. This finds what somebody has written into the database past it,
within a second, so that the signed chain never covers it and the server stops before more of it is spent.
"""

from typing import Final

from server_stub.funding import EntryLines, earlier_of, verify_earlier, verify_grant
from server_stub.ledger import AccountKind, EntryKind
from server_stub.store.reader import Reader
from server_stub.store.records_funding import FundingState
from server_stub.store.tables.funding import EARLIER_FUNDINGS, FUNDING_CODE, FUNDINGS
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError, UnavailableError
from wallet_sdk.protocol.trust import TrustStore

_CAME_IN: Final = (
    "SELECT e.number, e.reference, coalesce(sum(p.amount_minor), 0) FROM entries e LEFT JOIN postings p"
    " ON p.entry_number = e.number AND p.account_id IN (SELECT id FROM accounts WHERE kind = ?)"
    " WHERE e.number > ? AND e.number <= ? AND (e.kind = ? OR p.entry_number IS NOT NULL)"
    " GROUP BY e.number, e.reference ORDER BY e.number"
)
#: By the index of these entries alone.
_OF_GRANT: Final = f"SELECT number FROM entries WHERE kind = {EntryKind.FUND:d} AND reference = ? LIMIT 2"  # noqa: S608


class ForgedLedgerError(UnavailableError):
    """The ledger holds money that no operator has let in."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.STORAGE_CORRUPT, message)


def check_granted(reader: Reader, trust: TrustStore, *, after: int, last: int) -> None:
    """Check the grants of all entries after one number up to another that bring money in.

    Raises:
        ForgedLedgerError: for the first without one.
    """
    values = (int(AccountKind.FUNDING), after, last, int(EntryKind.FUND))
    for number, reference, outside_minor in reader.rows(_CAME_IN, values):
        flaw = _flaw_of(reader, trust, reference=bytes(reference), brought_minor=-int(outside_minor))
        if flaw is not None:
            text = f"entry {number} brings in {-int(outside_minor)} that no operator has signed for ({flaw})"
            raise ForgedLedgerError(f"{text}: somebody has written to the database; run: tillcode-server audit")


def entries_without_grant(reader: Reader) -> list[EntryLines]:
    """Every entry that brings money in, or takes it out, and has no grant, in the sequence of their numbers."""
    numbers = {
        row[0]
        for row in reader.rows(
            "SELECT number FROM entries WHERE kind = ? UNION SELECT p.entry_number FROM postings p"
            " JOIN accounts a ON a.id = p.account_id WHERE a.kind = ?",
            (int(EntryKind.FUND), int(AccountKind.FUNDING)),
        )
    }
    entries = [_entry(reader, number) for number in sorted(numbers)]
    return [one for one in entries if reader.find_by(FUNDINGS, FUNDING_CODE, one[2]) is None]


def _entry(reader: Reader, number: int) -> EntryLines:
    ((kind, reference, at_s),) = reader.rows("SELECT kind, reference, at_s FROM entries WHERE number = ?", (number,))
    lines = reader.rows(
        "SELECT account_id, currency, amount_minor FROM postings WHERE entry_number = ? ORDER BY line", (number,)
    )
    return number, kind, bytes(reference), at_s, [(line[0], line[1], line[2]) for line in lines]


def _is_earlier(reader: Reader, trust: TrustStore) -> bool:
    """Whether everything without a grant is what was signed for as earlier: what was unsealed when a ledger came up."""
    stated = reader.find(EARLIER_FUNDINGS, 1)
    found = earlier_of(entries_without_grant(reader))
    if stated is None or (found.entries, found.last_hash) != (stated.entries, stated.last_hash):
        return False
    verify_earlier(stated, trust)
    return True


def _flaw_of(reader: Reader, trust: TrustStore, *, reference: bytes, brought_minor: int) -> str | None:
    funding = reader.find_by(FUNDINGS, FUNDING_CODE, reference)
    try:
        if funding is None:
            return None if _is_earlier(reader, trust) else "it has no grant"
        if funding.state is not FundingState.GRANTED or not funding.enrolment:
            return "its grant was not used"
        if funding.amount_minor != brought_minor:
            return "its grant is of another amount"
        if len(reader.rows(_OF_GRANT, (reference,))) > 1:
            return "its grant was used before"
        verify_grant(funding, trust)
    except RuleViolationError as error:
        return error.message
    return None
