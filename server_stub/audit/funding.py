"""Laws of what comes into the ledger from outside: each amount needs the operator's signature."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from server_stub.activation import hash_of_code
from server_stub.chain import Line
from server_stub.funding import EntryLines, earlier_of, verify_earlier, verify_grant
from server_stub.ledger import AccountKind, EntryKind
from server_stub.store.reader import Reader
from server_stub.store.records_funding import Funding, FundingState
from server_stub.store.session import Row
from server_stub.store.tables.funding import EARLIER_FUNDINGS, FUNDINGS
from wallet_sdk.protocol.errors import TillcodeError
from wallet_sdk.protocol.ids import PublicKeyBytes
from wallet_sdk.protocol.trust import TrustStore, verify_bundle, verify_enrolment

FUNDING_LAW: Final = "whatever comes in from outside has one grant, signed by an operator key, of the same amount"
NOT_VOUCHED: Final = "no operator key has signed for what was funded before: open the ledger once where its keys are"
_FUNDED: Final = (
    "SELECT e.number, e.kind, e.reference, e.at_s, p.account_id, p.currency, p.amount_minor, a.kind"
    " FROM entries e JOIN postings p ON p.entry_number = e.number LEFT JOIN accounts a ON a.id = p.account_id"
    f" WHERE e.kind = {EntryKind.FUND:d} OR e.number IN (SELECT x.entry_number FROM postings x JOIN accounts y"
    f" ON y.id = x.account_id WHERE y.kind = {AccountKind.FUNDING:d}) ORDER BY e.number, p.line"
)


@dataclass(slots=True)
class _Look:
    """What was seen on the way through the entries."""

    grants: dict[bytes, Funding]
    used: set[bytes] = field(default_factory=set)
    without: list[EntryLines] = field(default_factory=list)


def verify_fundings(reader: Reader, *, root_key: PublicKeyBytes | None = None) -> tuple[str, ...]:
    """What is wrong with the fundings; ``root_key`` as for ``verify_chain``."""
    trust = reader.trust()
    if trust is None:
        return ()  # the chain says so
    try:
        keys = verify_bundle(trust.bundle, root_key=root_key or trust.root_key)
    except TillcodeError:
        return ()  # the chain says so
    fundings = reader.list_all(FUNDINGS)
    look = _Look({one.code_hash: one for one in fundings})
    flaws = [flaw for one in fundings if (flaw := _flaw_of_grant(one, keys)) is not None]
    for _, rows in groupby(reader.rows(_FUNDED), key=lambda row: row[0]):
        flaws += _flaws_of_entry(look, list(rows))
    flaws += (
        f"funding {one.id}: its code was used, and its entry is missing"
        for one in fundings
        if one.enrolment and one.code_hash not in look.used
    )
    return (*flaws, *_flaws_of_earlier(reader, look, keys))


def _flaw_of_grant(funding: Funding, keys: TrustStore) -> str | None:
    if funding.state is not FundingState.GRANTED:
        return f"funding {funding.id} was used and is {funding.state.name}" if funding.enrolment else None
    if funding.decided_by == funding.asked_by:
        return f"funding {funding.id}: whoever asked for it has approved it"
    try:
        verify_grant(funding, keys)
        if funding.enrolment:
            brought = verify_enrolment(funding.enrolment).message
            if hash_of_code(brought.activation_code) != funding.code_hash:
                return f"funding {funding.id}: what its wallet brought is another code"
    except TillcodeError as error:
        return f"funding {funding.id}: {error.message}"
    return None


def _flaws_of_entry(look: _Look, rows: list[Row]) -> Iterator[str]:
    number, kind, reference, at_s = rows[0][0], rows[0][1], bytes(rows[0][2]), rows[0][3]
    funding = look.grants.get(reference)
    if funding is None:
        lines: list[Line] = [(row[4], row[5], row[6]) for row in rows]
        look.without.append((number, kind, reference, at_s, lines))
        return
    posted = sorted((row[7] or 0, row[5] or 0, row[6] or 0) for row in rows)  # what is missing is no kind of account
    amount_minor, currency = funding.amount_minor, funding.currency.number
    wanted = [
        (int(AccountKind.FUNDING), currency, -amount_minor),
        (int(AccountKind.PAYER_AVAILABLE), currency, amount_minor),
    ]
    if kind != EntryKind.FUND or posted != wanted:
        yield f"entry {number} is not what the grant of funding {funding.id} says"
    if reference in look.used:
        yield f"entry {number} uses the grant of funding {funding.id} once more"
    if not funding.enrolment:
        yield f"entry {number}: nobody has brought the code of funding {funding.id}"
    look.used.add(reference)


def _flaws_of_earlier(reader: Reader, look: _Look, keys: TrustStore) -> tuple[str, ...]:
    """Entries without a grant must be exactly those that were there before there were grants."""
    stated = next(iter(reader.list_all(EARLIER_FUNDINGS)), None)
    if stated is None:
        return (NOT_VOUCHED if not look.grants else "the operator's word for the earlier fundings is missing",)
    try:
        verify_earlier(stated, keys)
    except TillcodeError as error:
        return (f"the operator's word for the earlier fundings: {error.message}",)
    found = earlier_of(look.without)
    if (found.entries, found.last_hash) == (stated.entries, stated.last_hash):
        return ()
    numbers = ", ".join(str(one[0]) for one in look.without[-5:])
    text = (
        f"{found.entries} entries without a grant, {stated.entries} were signed for as earlier ones,"
        f" and they are not the same; the last: {numbers or 'none'}"
    )
    return (text,)
