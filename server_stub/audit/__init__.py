"""Every invariant of the ledger, asked of the database itself in one consistent view. It only reads.

Each check is one query that returns what is wrong, so an empty answer is the proof. The queries know the
tables but share no code with what writes them: a mistake there must not hide itself here.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from server_stub.audit.bearing import BEARING_LAWS
from server_stub.audit.chain import CHAIN_LAW, ChainReport, verify_chain
from server_stub.audit.evidence import EVIDENCE_LAW, evidence_flaws
from server_stub.audit.funding import FUNDING_LAW, verify_fundings
from server_stub.audit.law import Law
from server_stub.audit.money import MONEY_LAWS
from server_stub.audit.outbox import OUTBOX_LAWS
from server_stub.audit.owners import OWNER_LAWS
from server_stub.audit.papers import PAPERS_LAW, paper_flaws
from server_stub.audit.rows import NUMBERS_LAW, ROW_LAW, number_flaws, row_flaws
from server_stub.audit.signatures import Keys
from server_stub.audit.told import TOLD_LAW, told_flaws
from server_stub.store.base import Store
from server_stub.store.reader import Reader
from wallet_sdk.protocol.errors import MalformedMessageError, TillcodeError
from wallet_sdk.protocol.ids import PublicKeyBytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    law: str
    what: str

    @property
    def name(self) -> str:
        """Eight hex digits of what it says: a person acknowledges this finding by them, and no other."""
        return hashlib.sha256(f"{self.law}\0{self.what}".encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What was looked at, and what is wrong with it. ``sealed``: entries that the signed chain covers."""

    entries: int
    accounts: int
    payments: int
    fraud_cases: int
    sealed: int
    laws: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def is_cut_short(self) -> bool:
        """Whether the database's own files are damaged, so that none of our laws was asked."""
        return self.laws == (_WHOLE,)


_WHOLE: Final = "the database finds its own files whole"
_LAWS: Final = (
    Law(
        "every reference has its row",
        "{} {} refers to a {} that is missing",
        "SELECT 'consent', c.number, 'wallet' FROM consents c LEFT JOIN wallets w ON w.id = c.wallet_id"
        " WHERE w.id IS NULL"
        " UNION ALL SELECT 'consent', c.number, 'token' FROM consents c LEFT JOIN tokens t ON t.id = c.token_id"
        " WHERE t.id IS NULL"
        " UNION ALL SELECT 'consent', c.number, 'terminal' FROM consents c LEFT JOIN terminals t"
        " ON t.id = c.terminal_id WHERE t.id IS NULL"
        " UNION ALL SELECT 'counter of consent', s.consent_number, 'consent' FROM spent_counters s"
        " LEFT JOIN consents c ON c.number = s.consent_number WHERE c.number IS NULL"
        " UNION ALL SELECT 'payment', p.number, 'terminal' FROM payments p LEFT JOIN terminals t"
        " ON t.id = p.terminal_id WHERE t.id IS NULL"
        " UNION ALL SELECT 'fraud case', f.number, 'consent' FROM fraud_cases f LEFT JOIN consents c"
        " ON c.digest = f.consent_digest WHERE c.number IS NULL",
    ),
    Law(
        "every entry has two or more postings that sum to zero in each currency",
        "entry {} has {} postings, sum {}",
        "SELECT e.number, count(p.line), coalesce(sum(p.amount_minor), 0)"
        " FROM entries e LEFT JOIN postings p ON p.entry_number = e.number GROUP BY e.number, p.currency"
        " HAVING count(p.line) < 2 OR sum(p.amount_minor) <> 0",
    ),
    Law(
        "the lines of every entry are numbered from 1 without a gap",
        "entry {} has {} lines, the last is {}",
        "SELECT entry_number, count(*), max(line) FROM postings GROUP BY entry_number"
        " HAVING count(*) <> max(line) OR min(line) <> 1",
    ),
    Law(
        "every posting belongs to an entry, and to an account of its currency",
        "entry {} line {}",
        "SELECT p.entry_number, p.line FROM postings p LEFT JOIN accounts a ON a.id = p.account_id"
        " LEFT JOIN entries e ON e.number = p.entry_number"
        " WHERE e.number IS NULL OR a.id IS NULL OR a.currency <> p.currency",
    ),
    Law(
        "each balance is the sum of the account's postings",
        "account {} says {}, its postings {}",
        "SELECT a.id, a.balance, coalesce(p.total, 0)"
        " FROM accounts a LEFT JOIN (SELECT account_id, sum(amount_minor) AS total FROM postings GROUP BY account_id) p"
        " ON p.account_id = a.id WHERE a.balance <> coalesce(p.total, 0)",
    ),
    Law(
        "no account is under its floor, and only funding and fraud loss may be under zero",
        "account {} holds {}, floor {}",
        "SELECT id, balance, floor FROM accounts"
        " WHERE balance < floor OR (floor < 0 AND kind NOT IN (:funding, :fraud_loss))",
    ),
    Law(
        "all balances of a currency sum to zero",
        "currency {} sums to {}",
        "SELECT currency, sum(balance) FROM accounts GROUP BY currency HAVING sum(balance) <> 0",
    ),
    Law(
        "each payment is the one answer to its request, and each request is paid or closed",
        "request {}/{}",
        "SELECT p.terminal_id, p.request_id FROM payments p LEFT JOIN answered_requests a"
        " ON a.request_id = p.request_id AND a.terminal_id = p.terminal_id"
        " WHERE a.payment_number IS NULL OR a.payment_number <> p.number"
        " UNION ALL SELECT a.terminal_id, a.request_id FROM answered_requests a LEFT JOIN payments p"
        " ON p.number = a.payment_number WHERE (p.number IS NULL AND a.closing IS NULL)"
        " OR (a.payment_number IS NOT NULL AND a.closing IS NOT NULL)",
    ),
    Law(
        "each counter of a token is spent at most once, fraud cases apart",
        "token {} counter {} was paid {} times",
        "SELECT c.token_id, c.counter, count(*) FROM consents c WHERE c.state IN (:captured, :authorized)"
        " AND NOT EXISTS (SELECT 1 FROM fraud_cases f WHERE f.token_id = c.token_id)"
        " GROUP BY c.token_id, c.counter HAVING count(*) > 1",
    ),
    Law(
        "each consent has its counter, fraud cases apart",
        "consent {}",
        "SELECT c.digest FROM consents c LEFT JOIN spent_counters s ON s.token_id = c.token_id"
        " AND s.counter = c.counter WHERE (s.consent_number IS NULL OR s.consent_number <> c.number)"
        " AND NOT EXISTS (SELECT 1 FROM fraud_cases f WHERE f.token_id = c.token_id)",
    ),
    Law(
        "what was captured offline under a token is at most its total, fraud cases apart",
        "token {} allows {}, captured {}",
        "SELECT t.id, t.total_minor, sum(p.amount_minor) FROM spent_counters s"
        " JOIN payments p ON p.number = s.consent_number JOIN tokens t ON t.id = s.token_id"
        " WHERE s.mode = :offline AND NOT EXISTS (SELECT 1 FROM fraud_cases f WHERE f.token_id = t.id)"
        " GROUP BY t.id, t.total_minor HAVING sum(p.amount_minor) > t.total_minor",
    ),
    Law(
        "what is left in escrow is what was put there, less what was captured, given back and released",
        "token {} holds {} of {}",
        "SELECT t.id, a.balance, t.total_minor FROM tokens t JOIN accounts a ON a.id = t.account_id LEFT JOIN"
        " (SELECT p.account_id, sum(CASE e.kind WHEN :issue THEN p.amount_minor ELSE 0 END) AS put,"
        " sum(CASE WHEN e.kind <> :issue THEN p.amount_minor ELSE 0 END) AS taken FROM postings p"
        " JOIN entries e ON e.number = p.entry_number GROUP BY p.account_id) m ON m.account_id = a.id"
        " LEFT JOIN relearned r ON r.kind = :token_again AND r.subject = t.id"
        " WHERE a.kind <> :escrow OR coalesce(m.put, 0) <> t.total_minor - coalesce(r.missing_minor, 0)"
        " OR a.balance <> coalesce(m.put, 0) + coalesce(m.taken, 0)",
    ),
    Law(
        "a token that its wallet has closed keeps at most what was signed under it and not captured",
        "token {} was closed at {} and holds {}",
        "SELECT t.id, t.spent_minor, a.balance FROM tokens t JOIN accounts a ON a.id = t.account_id"
        " WHERE t.standing = :closed"
        " AND (t.spent_minor IS NULL OR t.closing IS NULL OR a.balance > t.spent_minor - (SELECT"
        " coalesce(sum(p.amount_minor), 0) FROM spent_counters s JOIN payments p ON p.number = s.consent_number"
        " WHERE s.token_id = t.id AND s.mode = :offline))",
    ),
    Law(
        "each fraud case has closed its token and blocked its wallet, until that got another device",
        "fraud case {}",
        "SELECT f.number FROM fraud_cases f JOIN tokens t ON t.id = f.token_id"
        " JOIN wallets w ON w.id = f.wallet_id WHERE t.standing <> :closed_for_fraud OR (w.blocked_at_s IS NULL"
        " AND f.is_of_lost_device = 0 AND f.at_s >= w.enrolled_at_s)",
    ),
    *MONEY_LAWS,
    *OWNER_LAWS,
    *BEARING_LAWS,
    *OUTBOX_LAWS,
)


def audit(store: Store, *, root_key: PublicKeyBytes | None = None) -> AuditReport:
    """Look at a ledger in one consistent view, while a server may be using it.

    Args:
        root_key: as ``init`` has printed it. Without one the ledger's own word is taken for it, and whoever has
            written the whole ledger anew, with keys of his own, is not found out.

    Raises:
        UnavailableError: STORAGE_CORRUPT when the database cannot read its own file.
    """
    flaws, losses = store.flaws(), store.losses()
    with store.reading() as reader:
        return audit_view(reader, flaws=flaws, losses=losses, root_key=root_key)


def audit_view(
    reader: Reader,
    *,
    flaws: Sequence[str] = (),
    losses: Sequence[str] = (),
    root_key: PublicKeyBytes | None = None,
) -> AuditReport:
    """Look at what one reader sees; ``flaws`` is what the database says of its files, ``losses`` what is known outside.

    Where the database finds its own files damaged nothing else is asked: a query over a torn tree may lead anywhere.
    """
    findings = [Finding(law=_WHOLE, what=flaw) for flaw in (*losses, *flaws)]
    if flaws:
        return AuditReport(
            entries=0, accounts=0, payments=0, fraud_cases=0, sealed=0, laws=(_WHOLE,), findings=tuple(findings)
        )
    for law in _LAWS:
        findings += [Finding(law=law.text, what=law.what(row)) for row in reader.rows(law.query)]
    for text, flaws_of in ((NUMBERS_LAW, number_flaws), (ROW_LAW, row_flaws), (TOLD_LAW, told_flaws)):
        findings += _readable(text, (Finding(law=text, what=flaw) for flaw in flaws_of(reader)))
    findings += _readable(EVIDENCE_LAW, _unsigned(reader, root_key=root_key))
    try:
        chain = verify_chain(reader, root_key=root_key)
    except (MalformedMessageError, ValueError) as error:
        chain = ChainReport(entries=0, flaws=(f"a row cannot be read: {error}",))
    findings += [Finding(law=CHAIN_LAW, what=flaw) for flaw in chain.flaws]
    funded = (Finding(law=FUNDING_LAW, what=flaw) for flaw in _fundings(reader, root_key))
    findings += _readable(FUNDING_LAW, funded)
    counts = {table: reader.count(table) for table in ("entries", "accounts", "payments", "fraud_cases")}
    return AuditReport(
        **counts,
        sealed=chain.entries,
        laws=(
            _WHOLE,
            *(law.text for law in _LAWS),
            NUMBERS_LAW,
            ROW_LAW,
            TOLD_LAW,
            EVIDENCE_LAW,
            PAPERS_LAW,
            CHAIN_LAW,
            FUNDING_LAW,
        ),
        findings=tuple(findings),
    )


def _unsigned(reader: Reader, *, root_key: PublicKeyBytes | None) -> Iterator[Finding]:
    """Papers and evidence that do not hold, by the keys that the root has signed."""
    trust = reader.trust()
    if trust is None:
        return  # the chain's law says it
    try:
        keys = Keys(reader, root_key=root_key)
    except TillcodeError as error:
        yield Finding(law=EVIDENCE_LAW, what=f"the trust bundles: {error.message}")
        return
    root = root_key or trust.root_key
    yield from (Finding(law=PAPERS_LAW, what=flaw) for flaw in paper_flaws(reader, keys, root_key=root))
    yield from (Finding(law=EVIDENCE_LAW, what=flaw) for flaw in evidence_flaws(reader, keys))


def _fundings(reader: Reader, root_key: PublicKeyBytes | None) -> Iterator[str]:
    yield from verify_fundings(reader, root_key=root_key)


def _readable(law: str, found: Iterator[Finding]) -> Iterator[Finding]:
    """What a walk over records finds; a number of nothing known, where one of a few must stand, ends it."""
    try:
        yield from found
    except (MalformedMessageError, ValueError) as error:
        yield Finding(law=law, what=f"a row cannot be read: {error}")
