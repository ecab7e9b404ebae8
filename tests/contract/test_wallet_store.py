"""One suite for every WalletStore, and what only the SQLite file promises."""

import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError, UnavailableError
from wallet_sdk.protocol.ids import (
    Counter,
    Digest,
    Envelope,
    PublicKeyBytes,
    RequestId,
    TerminalId,
    TokenId,
    WalletId,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.store import (
    AskRecord,
    BalanceRecord,
    ConsentKind,
    ConsentRecord,
    Enrolled,
    MemoryWalletStore,
    Outcome,
    PendingIssue,
    Reservation,
    SqliteWalletStore,
    TokenRecord,
    WalletStore,
)

TOKEN = TokenRecord(token_id=TokenId(b"token-000001"), envelope=Envelope(b"token"), key_name="token-1")
NEXT_TOKEN = TokenRecord(token_id=TokenId(b"token-000002"), envelope=Envelope(b"next"), key_name="token-2")
TERMINAL, REQUEST = TerminalId(2001), RequestId(b"request-0001")
ASK = AskRecord(
    terminal_id=TERMINAL,
    request_id=REQUEST,
    envelope=Envelope(b"request"),
    merchant_name="Café Mole",
    merchant_city="Lisboa",
    reference="R-1",
)
ISSUE = PendingIssue(envelope=Envelope(b"issue"), key_name="token-2", previous_token_id=TOKEN.token_id, spent_minor=0)


def consent(number: int = 1, *, ask: AskRecord | None = ASK, outcome: Outcome = Outcome.UNKNOWN) -> ConsentRecord:
    """A consent with the counter ``number``; without ``ask`` a code."""
    return ConsentRecord(
        digest=Digest(bytes([number]) * 32),
        kind=ConsentKind.ONLINE_INTENT if ask else ConsentKind.CODE,
        envelope=Envelope(b"consent"),
        token_id=TOKEN.token_id,
        counter=Counter(number),
        made_at_s=1_000 + number,
        expires_at_s=1_120,
        amount_minor=1250,
        currency=Currency.EUR,
        ask=ask,
        outcome=outcome,
    )


def anything_goes(_reservation: Reservation) -> None:
    """A check that refuses nothing."""


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[WalletStore]:
    """Each implementation in turn, with a current token."""
    made: WalletStore = (
        MemoryWalletStore() if request.param == "memory" else SqliteWalletStore(tmp_path / "wallet.sqlite")
    )
    made.adopt_token(TOKEN)
    yield made
    made.close()


def refusal_of(act: Callable[[], object]) -> ErrorCode:
    """The code of what a rule refuses."""
    with pytest.raises(RuleViolationError) as refused:
        act()
    return refused.value.code


def test_what_is_saved_comes_back(store: WalletStore) -> None:
    """Enrolment and balance, and their replacements."""
    assert (store.enrolled(), store.balance()) == (None, None)
    enrolled = Enrolled(
        server="https://pay.test",
        wallet_id=WalletId(7),
        currency=Currency.JPY,
        root_key=PublicKeyBytes(b"r" * 33),
        bundle=Envelope(b"bundle"),
        allowance_minor=500,
    )
    for saved in (enrolled, replace(enrolled, bundle=Envelope(b"newer"))):
        store.save_enrolled(saved)
        assert store.enrolled() == saved
    first = BalanceRecord(available_minor=1, escrow_minor=2, as_of_s=3)
    for balance in (first, first, replace(first, refunds_until_s=4)):
        store.save_balance(balance)
        assert store.balance() == balance


def test_each_reservation_raises_the_counter_and_the_sum(store: WalletStore) -> None:
    """Online raises the counter alone."""
    reserved = [store.reserve_counter(TOKEN.token_id, spend_minor=spend, check=anything_goes) for spend in (5, 0, 7)]
    assert [(one.counter, one.cumulative_minor) for one in reserved] == [(1, 5), (2, 5), (3, 12)]
    assert store.token() == replace(TOKEN, counter=3, cumulative_minor=12)


def test_a_refused_reservation_changes_nothing(store: WalletStore) -> None:
    """The check sees what would be reserved, and its refusal undoes all."""
    seen = []

    def refuse(reservation: Reservation) -> None:
        seen.append(reservation)
        raise RuleViolationError(ErrorCode.OVER_TOKEN_LIMIT, "too much")

    code = refusal_of(lambda: store.reserve_counter(TOKEN.token_id, spend_minor=9, check=refuse))
    assert code is ErrorCode.OVER_TOKEN_LIMIT
    assert seen == [Reservation(counter=Counter(1), cumulative_minor=9)]
    assert store.token() == TOKEN


def test_threads_never_share_a_counter(store: WalletStore) -> None:
    """Eight threads, twenty reservations each: 160 counters, all different."""
    taken: list[int] = []

    def reserve() -> None:
        for _ in range(20):
            reservation = store.reserve_counter(TOKEN.token_id, spend_minor=1, check=anything_goes)
            taken.append(int(reservation.counter))

    threads = [threading.Thread(target=reserve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 161))
    assert store.token() == replace(TOKEN, counter=160, cumulative_minor=160)


def test_only_the_current_token_is_used(store: WalletStore) -> None:
    """A token that was replaced is closed to this wallet, for ever."""
    store.adopt_token(NEXT_TOKEN)
    assert (
        refusal_of(lambda: store.reserve_counter(TOKEN.token_id, spend_minor=0, check=anything_goes))
        is ErrorCode.TOKEN_CLOSED
    )
    assert refusal_of(lambda: store.adopt_token(TOKEN)) is ErrorCode.CONTENT_CONFLICT
    assert store.token() == NEXT_TOKEN


def test_a_token_adopted_again_keeps_its_counter(store: WalletStore) -> None:
    """The same answer twice must not bring used counters back."""
    store.reserve_counter(TOKEN.token_id, spend_minor=5, check=anything_goes)
    store.adopt_token(TOKEN)
    assert store.token() == replace(TOKEN, counter=1, cumulative_minor=5)


def test_while_a_token_is_being_closed_nothing_is_spent_offline(store: WalletStore) -> None:
    """Its signed sum is out; a counter for an online payment is still to be had."""
    store.save_issue(ISSUE)
    assert store.pending_issue() == ISSUE

    def spend() -> Reservation:
        return store.reserve_counter(TOKEN.token_id, spend_minor=1, check=anything_goes)

    assert refusal_of(spend) is ErrorCode.TOKEN_CLOSED
    assert store.reserve_counter(TOKEN.token_id, spend_minor=0, check=anything_goes).counter == 1
    store.drop_issue(ISSUE)
    assert store.pending_issue() is None
    assert spend().cumulative_minor == 1


def test_a_replaced_issue_keeps_the_token_closed(store: WalletStore) -> None:
    """After a refusal another request stands ready; only the one that was refused is replaced."""
    store.save_issue(ISSUE)
    again = replace(ISSUE, envelope=Envelope(b"again"))
    store.replace_issue(replace(ISSUE, envelope=Envelope(b"other")), again)
    assert store.pending_issue() == ISSUE
    store.replace_issue(ISSUE, again)
    assert store.pending_issue() == again


def test_only_an_issue_that_nobody_else_sends_is_withdrawn(store: WalletStore) -> None:
    """Its maker may take it back; not when another has found it; and nobody shares what is gone."""
    store.save_issue(ISSUE)
    store.withdraw_issue(replace(ISSUE, envelope=Envelope(b"other")))
    assert store.pending_issue() == ISSUE
    store.withdraw_issue(ISSUE)
    assert store.pending_issue() is None
    with pytest.raises(RuleViolationError) as gone:
        store.share_issue(ISSUE)
    assert gone.value.code is ErrorCode.CONTENT_CONFLICT
    store.save_issue(ISSUE)
    store.share_issue(ISSUE)
    store.withdraw_issue(ISSUE)
    assert store.pending_issue() == ISSUE
    store.drop_issue(ISSUE)
    assert store.pending_issue() is None


def test_an_issue_closes_at_the_sum_that_is_true_now(store: WalletStore) -> None:
    """A sum that rose meanwhile, another token, or another issue: conflict."""
    store.reserve_counter(TOKEN.token_id, spend_minor=5, check=anything_goes)
    assert refusal_of(lambda: store.save_issue(ISSUE)) is ErrorCode.CONTENT_CONFLICT
    right = replace(ISSUE, spent_minor=5)
    store.save_issue(right)
    assert refusal_of(lambda: store.save_issue(replace(right, envelope=Envelope(b"2")))) is ErrorCode.CONTENT_CONFLICT
    store.drop_issue(replace(right, envelope=Envelope(b"2")))
    assert store.pending_issue() == right
    store.adopt_token(NEXT_TOKEN)
    assert store.pending_issue() is None


def test_a_request_has_one_consent_that_is_not_dead(store: WalletStore) -> None:
    """A second is refused until the first is dead; a used counter is refused always."""
    store.add_consent(consent(1))
    assert store.live_consent(TERMINAL, REQUEST) == consent(1)
    assert refusal_of(lambda: store.add_consent(consent(2))) is ErrorCode.ALREADY_PAID
    store.record_outcome(consent(1).digest, Outcome.NOT_SENT)
    assert store.live_consent(TERMINAL, REQUEST) is None
    store.add_consent(consent(2))
    reused = replace(consent(3), counter=Counter(1), ask=replace(ASK, request_id=RequestId(b"request-0002")))
    assert refusal_of(lambda: store.add_consent(reused)) is ErrorCode.COUNTER_REUSED


def test_outcomes_go_one_way(store: WalletStore) -> None:
    """Settled stays settled, and keeps its receipt; the same outcome again is no change."""
    store.add_consent(consent(1))
    digest = consent(1).digest
    store.record_outcome(digest, Outcome.SETTLED, receipt=Envelope(b"receipt"))
    store.record_outcome(digest, Outcome.SETTLED)
    assert refusal_of(lambda: store.record_outcome(digest, Outcome.DECLINED)) is ErrorCode.BAD_TRANSITION
    kept = store.consent(digest)
    assert kept == replace(consent(1), outcome=Outcome.SETTLED, receipt=Envelope(b"receipt"))
    with pytest.raises(MisuseError) as misuse:
        store.record_outcome(Digest(b"?" * 32), Outcome.SETTLED)
    assert misuse.value.code is ErrorCode.BAD_ARGUMENT


def test_unresolved_are_those_worth_asking_about(store: WalletStore) -> None:
    """Oldest first, codes too."""
    outcomes = (Outcome.UNKNOWN, Outcome.SETTLED, Outcome.PRESENTED, Outcome.EXPIRED, Outcome.OFFLINE)
    for number, outcome in enumerate(outcomes, start=1):
        ask = replace(ASK, request_id=RequestId(bytes([number]) * 12))
        store.add_consent(consent(number, ask=None if outcome is Outcome.PRESENTED else ask, outcome=outcome))
    assert [record.outcome for record in store.unresolved()] == [Outcome.UNKNOWN, Outcome.PRESENTED, Outcome.OFFLINE]


def test_history_pages_backwards(store: WalletStore) -> None:
    """Newest first, and every consent on exactly one page."""
    for number in range(1, 6):
        store.add_consent(consent(number, ask=None, outcome=Outcome.PRESENTED))
    first = store.history(before=None, limit=2)
    second = store.history(before=first[-1][0], limit=2)
    third = store.history(before=second[-1][0], limit=2)
    assert [record.counter for _, record in (*first, *second, *third)] == [5, 4, 3, 2, 1]
    assert store.history(before=third[-1][0], limit=2) == ()


def test_the_file_keeps_everything_for_the_next_process(tmp_path: Path) -> None:
    """And only its owner may read it."""
    path = tmp_path / "home" / "wallet.sqlite"
    first = SqliteWalletStore(path)
    first.adopt_token(TOKEN)
    first.reserve_counter(TOKEN.token_id, spend_minor=5, check=anything_goes)
    first.add_consent(consent(1))
    second = SqliteWalletStore(path)
    assert second.token() == replace(TOKEN, counter=1, cumulative_minor=5)
    assert second.consent(consent(1).digest) == consent(1)
    assert second.reserve_counter(TOKEN.token_id, spend_minor=0, check=anything_goes).counter == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for opened in (first, second):
        opened.close()
        opened.close()


def test_every_commit_is_synced(tmp_path: Path) -> None:
    """Write-ahead log and synchronous=FULL (2)."""
    store = SqliteWalletStore(tmp_path / "wallet.sqlite")
    pragmas = [store._connected().execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]
    store.close()


def test_not_even_a_bug_of_ours_lowers_a_counter(tmp_path: Path) -> None:
    """The database itself refuses."""
    store = SqliteWalletStore(tmp_path / "wallet.sqlite")
    store.adopt_token(replace(TOKEN, counter=9, cumulative_minor=9))
    for change in ("UPDATE token SET counter = 8", "UPDATE token SET cumulative_minor = 8"):
        with pytest.raises(sqlite3.IntegrityError, match="would fall"):
            store._connected().execute(change)
    store.close()


def broken(path: Path, *statements: str) -> ErrorCode:
    """What opening a file says after it was tampered with."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return unopened(path)


def unopened(path: Path) -> ErrorCode:
    """Why a file cannot be opened."""
    with pytest.raises(UnavailableError) as failed:
        SqliteWalletStore(path)
    return failed.value.code


def test_a_newer_a_foreign_and_a_damaged_file_are_told_apart(tmp_path: Path) -> None:
    """And none of them is written to."""
    newer, foreign, damaged = (tmp_path / name for name in ("newer", "foreign", "damaged"))
    SqliteWalletStore(newer).close()
    assert broken(newer, "PRAGMA user_version = 99") is ErrorCode.STORAGE_NEWER
    assert broken(foreign, "CREATE TABLE theirs (x)") is ErrorCode.STORAGE_CORRUPT
    damaged.write_bytes(b"no database at all" * 100)
    assert unopened(damaged) is ErrorCode.STORAGE_CORRUPT
    assert unopened(tmp_path) is ErrorCode.STORAGE_FAILED


def test_a_row_that_no_program_of_ours_wrote_is_corrupt(tmp_path: Path) -> None:
    """An outcome or a currency that does not exist is not guessed at."""
    store = SqliteWalletStore(tmp_path / "wallet.sqlite")
    store.add_consent(consent(1))
    for change in ("UPDATE consent SET outcome = 'paid, honestly'", "UPDATE consent SET currency = 'XXX'"):
        store._connected().execute(change)
        with pytest.raises(UnavailableError) as failed:
            store.consent(consent(1).digest)
        assert failed.value.code is ErrorCode.STORAGE_CORRUPT
    store.close()


def test_an_abandoned_token_is_gone_and_another_may_follow(store: WalletStore) -> None:
    """Neither it nor what was pending for it comes back."""
    store.adopt_token(TOKEN)
    store.save_issue(
        PendingIssue(envelope=Envelope(b"i"), key_name="k", previous_token_id=TOKEN.token_id, spent_minor=0)
    )
    assert not store.is_rolled_back()
    store.abandon_token()
    assert (store.token(), store.pending_issue()) == (None, None)
    with pytest.raises(RuleViolationError) as closed:
        store.adopt_token(TOKEN)
    assert closed.value.code is ErrorCode.CONTENT_CONFLICT
    store.adopt_token(replace(TOKEN, token_id=TokenId(b"n" * 12)))
    assert not store.is_rolled_back()


def test_what_went_back_is_remembered_and_never_falls(store: WalletStore) -> None:
    """An old answer that comes late changes nothing."""
    store.adopt_token(TOKEN)
    record = consent(1)
    store.add_consent(record)
    store.record_refund(record.digest, refunded_minor=300)
    store.record_refund(record.digest, refunded_minor=200)
    kept = store.consent(record.digest)
    assert kept is not None
    assert kept.refunded_minor == 300
    with pytest.raises(MisuseError) as misuse:
        store.record_refund(Digest(b"?" * 32), refunded_minor=1)
    assert misuse.value.code is ErrorCode.BAD_ARGUMENT
