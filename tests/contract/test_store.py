"""What every Store keeps: durable writes, consistent views, money that never falls under its floor."""

import sqlite3
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path

import pytest

from server_stub.ledger import AccountKind, EntryKind, move
from server_stub.store.base import (
    ActivationCode,
    Closure,
    Consent,
    ConsentMode,
    DeviceKind,
    FraudCase,
    Merchant,
    Payment,
    SpentCounter,
    Store,
    Terminal,
    Token,
    TokenStanding,
    Trust,
    Wallet,
    Writer,
)
from server_stub.store.sqlite import SqliteStore
from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError, UnavailableError
from wallet_sdk.protocol.ids import (
    Counter,
    Digest,
    Envelope,
    MerchantId,
    PublicKeyBytes,
    RequestId,
    TerminalId,
    TokenId,
    WalletId,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

EUR = Currency.EUR
TERMINAL_KEY, DEVICE_KEY = PublicKeyBytes(b"\x02" + bytes(32)), PublicKeyBytes(b"\x03" + bytes(32))
TOKEN_KEY = PublicKeyBytes(b"\x03" + bytes(31) + b"t")
TERMINAL_ID, WALLET_ID, TOKEN_ID = TerminalId(2001), WalletId(3001), TokenId(bytes(12))
MERCHANT = Merchant(
    merchant_id=MerchantId(1001), name="Café", city="Lisboa", country="PT", mcc=5812, currencies=(EUR, Currency.JPY)
)
TERMINAL = Terminal(
    terminal_id=TERMINAL_ID,
    merchant_id=MERCHANT.merchant_id,
    public_key=TERMINAL_KEY,
    certificate=Envelope(b"certificate"),
)


@pytest.fixture(params=[SqliteStore])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Callable[[], Store]]:
    """Opens the one database of this test, each time anew; the first time it is made."""
    path, opened = tmp_path / "ledger", []

    def open_it() -> Store:
        store: Store = request.param(path) if path.exists() else request.param.create(path)
        opened.append(store)
        return store

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Callable[[], Store]) -> Store:
    """A new, empty store."""
    return reopen()


def fill(writer: Writer) -> Wallet:
    """A merchant, a terminal, and a wallet with a token that holds 300 of its 1,000."""
    writer.add_merchant(MERCHANT)
    writer.add_terminal(TERMINAL)
    funding = writer.open_account(kind=AccountKind.FUNDING, holder="", currency=EUR)
    available = writer.open_account(kind=AccountKind.PAYER_AVAILABLE, holder="3001", currency=EUR)
    escrow = writer.open_account(kind=AccountKind.PAYER_ESCROW, holder=TOKEN_ID.hex(), currency=EUR)
    wallet = Wallet(wallet_id=WALLET_ID, currency=EUR, device_key=DEVICE_KEY, account_id=available)
    writer.add_wallet(wallet)
    amounts = {funding: -1_000, available: 700, escrow: 300}
    writer.post(move(kind=EntryKind.FUND, reference=b"f", at_s=1, currency=EUR, amounts_minor=amounts))
    token = Token(
        token_id=TOKEN_ID,
        wallet_id=WALLET_ID,
        device_key=TOKEN_KEY,
        account_id=escrow,
        digest=Digest(bytes(32)),
        envelope=Envelope(b"token"),
        currency=EUR,
        total_minor=300,
        issue_id=RequestId(b"issue-issue!"),
        issue_digest=Digest(b"i" * 32),
    )
    writer.add_token(token)
    return wallet


def signed(counter: int, mode: ConsentMode = ConsentMode.OFFLINE) -> tuple[Consent, SpentCounter]:
    """One consent and its counter."""
    digest = Digest(counter.to_bytes(32, "big"))
    consent = Consent(
        digest=digest,
        wallet_id=WALLET_ID,
        token_id=TOKEN_ID,
        counter=Counter(counter),
        terminal_id=TERMINAL_ID,
        request_id=RequestId(counter.to_bytes(12, "big")),
        state=State.CAPTURED,
        error_code=None,
        at_s=5,
        request=Envelope(b"request"),
        envelope=Envelope(b"intent"),
    )
    spent = SpentCounter(
        token_id=TOKEN_ID,
        counter=Counter(counter),
        mode=mode,
        start_minor=counter * 10 - 10,
        cumulative_minor=counter * 10,
        consent_digest=consent.digest,
    )
    return consent, spent


def add_and_fail(writer: Writer, merchant: Merchant) -> None:
    """Write something, then go wrong."""
    writer.add_merchant(merchant)
    raise ZeroDivisionError


def test_what_was_committed_is_there_after_opening_again(reopen: Callable[[], Store]) -> None:
    """Every record comes back as it was written."""
    code = ActivationCode(code_hash=b"h", kind=DeviceKind.WALLET, expires_at_s=9, currency=EUR, funds_minor=5)
    trust = Trust(version=1, bundle=Envelope(b"bundle"), root_key=TERMINAL_KEY)
    closure = Closure(terminal_id=TERMINAL_ID, request_id=RequestId(bytes(12)), envelope=Envelope(b"c"), at_s=7)
    consent, spent = signed(1)
    first = reopen()
    with first.writing() as writer:
        wallet = fill(writer)
        writer.save_trust(trust)
        writer.add_activation_code(code)
        writer.add_closure(closure)
        writer.add_consent(consent, spent)
    first.close()
    with reopen().reading() as reader:
        assert reader.trust() == trust
        assert reader.merchant(MERCHANT.merchant_id) == MERCHANT
        assert reader.terminal(key_id_of(TERMINAL_KEY)) == TERMINAL
        assert reader.wallet(WALLET_ID) == reader.wallet_of_key(key_id_of(DEVICE_KEY)) == wallet
        assert reader.activation_code(b"h") == code
        assert reader.closure(TERMINAL_ID, closure.request_id) == closure
        assert reader.consent(consent.digest) == consent
        assert reader.neighbours(TOKEN_ID, spent.counter) == (spent,)
        assert reader.token(TOKEN_ID) == reader.token_of_issue(WALLET_ID, RequestId(b"issue-issue!"))
        assert (reader.balance_minor(wallet.account_id), reader.escrow_minor(WALLET_ID)) == (700, 300)


def test_what_is_not_there_is_none(store: Store) -> None:
    """Nothing is made up."""
    with store.reading() as reader:
        found = [
            reader.trust(),
            reader.merchant(MerchantId(1)),
            reader.terminal(key_id_of(TERMINAL_KEY)),
            reader.wallet(WALLET_ID),
            reader.activation_code(b""),
            reader.token(TOKEN_ID),
            reader.consent(Digest(b"")),
            reader.payment(TERMINAL_ID, RequestId(b"")),
            reader.closure(TERMINAL_ID, RequestId(b"")),
        ]
        assert found == [None] * len(found)
        assert (reader.fraud_cases(), reader.accounts(), reader.highest_sum_minor(TOKEN_ID)) == ((), (), 0)


def test_an_error_undoes_the_whole_transaction_of_the_database(store: Store) -> None:
    """Nothing of it can be read afterwards, and the store goes on."""
    with pytest.raises(ZeroDivisionError), store.writing() as writer:
        add_and_fail(writer, MERCHANT)
    with store.writing() as writer:
        assert writer.merchant(MERCHANT.merchant_id) is None
        writer.add_merchant(MERCHANT)


def test_a_savepoint_is_undone_alone(store: Store) -> None:
    """What stands before and after it is kept."""
    with store.writing() as writer:
        writer.add_merchant(MERCHANT)
        with pytest.raises(ZeroDivisionError), writer.savepoint():
            add_and_fail(writer, replace(MERCHANT, merchant_id=MerchantId(5)))
        with writer.savepoint():
            writer.add_merchant(replace(MERCHANT, merchant_id=MerchantId(6)))
    with store.reading() as reader:
        there = [reader.merchant(MerchantId(number)) is not None for number in (1001, 5, 6)]
    assert there == [True, False, True]


def test_a_broken_constraint_in_a_savepoint_is_our_own_bug(store: Store) -> None:
    """It is an AssertionError, and is undone alone."""
    with store.writing() as writer:
        writer.add_merchant(MERCHANT)
        with pytest.raises(AssertionError), writer.savepoint():
            writer.add_merchant(MERCHANT)
    with store.reading() as reader:
        assert reader.merchant(MERCHANT.merchant_id) == MERCHANT


def test_a_reader_sees_one_moment(store: Store) -> None:
    """Neither what is not committed, nor what is committed while it looks; and it never waits for the writer."""
    with store.writing() as writer, store.reading() as reader:
        writer.add_merchant(MERCHANT)
        assert reader.merchant(MERCHANT.merchant_id) is None
    with store.reading() as reader:
        assert reader.merchant(MERCHANT.merchant_id) == MERCHANT
        with store.writing() as writer:
            writer.add_merchant(replace(MERCHANT, merchant_id=MerchantId(5)))
        assert reader.merchant(MerchantId(5)) is None


def test_money_never_falls_under_the_floor(store: Store) -> None:
    """An entry that one account cannot bear is refused whole; funding may go below zero."""
    with store.writing() as writer:
        wallet = fill(writer)
        payable = writer.open_account(kind=AccountKind.MERCHANT_PAYABLE, holder="1001", currency=EUR)

        def pay(amount_minor: int) -> int:
            amounts = {payable: amount_minor, wallet.account_id: -amount_minor}
            return writer.post(move(kind=EntryKind.CAPTURE, reference=b"", at_s=2, currency=EUR, amounts_minor=amounts))

        with pytest.raises(RuleViolationError) as caught:
            pay(701)
        assert caught.value.code is ErrorCode.INSUFFICIENT_FUNDS
        assert [writer.balance_minor(account) for account in (wallet.account_id, payable)] == [700, 0]
        assert pay(700) == 2
        assert [writer.balance_minor(account) for account in (wallet.account_id, payable)] == [0, 700]
    with store.reading() as reader:
        assert sum(account.balance_minor for account in reader.accounts()) == 0


def test_an_account_is_opened_once(store: Store) -> None:
    """Kind, holder and currency name it."""
    with store.writing() as writer:
        one, same = (
            writer.open_account(kind=AccountKind.FEES, holder="", currency=EUR),
            writer.open_account(kind=AccountKind.FEES, holder="", currency=EUR),
        )
        other = writer.open_account(kind=AccountKind.FEES, holder="", currency=Currency.JPY)
    assert one == same != other


def test_neighbours_are_the_same_counter_and_the_nearest_intents(store: Store) -> None:
    """Codes have no sum, so they are no neighbours; a second signature does not take the first one's place."""
    with store.writing() as writer:
        fill(writer)
        for counter, mode in ((2, 2), (3, 0), (5, 1), (9, 2), (12, 2)):
            writer.add_consent(*signed(counter, ConsentMode(mode)))
        consent, spent = signed(5)
        twin = replace(consent, digest=Digest(b"t" * 32))
        writer.add_consent(twin, replace(spent, consent_digest=twin.digest))
        around = [spent.counter for spent in writer.neighbours(TOKEN_ID, Counter(5))]
        beside = [spent.counter for spent in writer.neighbours(TOKEN_ID, Counter(4))]
        assert (around, beside) == ([5, 2, 9], [2, 5])
        assert writer.neighbours(TOKEN_ID, Counter(5))[0].consent_digest != twin.digest
        assert writer.highest_sum_minor(TOKEN_ID) == 120


def test_a_payment_and_a_fraud_case_name_their_consent(store: Store) -> None:
    """Both are read back with its digest; a request is paid once."""
    with store.writing() as writer:
        wallet = fill(writer)
        payable = writer.open_account(kind=AccountKind.MERCHANT_PAYABLE, holder="1001", currency=EUR)
        consent, spent = signed(1)
        writer.add_consent(consent, spent)
        amounts = {payable: 5, wallet.account_id: -5}
        number = writer.post(
            move(kind=EntryKind.CAPTURE, reference=consent.digest, at_s=2, currency=EUR, amounts_minor=amounts)
        )
        payment = Payment(
            terminal_id=TERMINAL_ID,
            request_id=consent.request_id,
            request_digest=Digest(b"r" * 32),
            consent_digest=consent.digest,
            wallet_id=WALLET_ID,
            amount_minor=5,
            currency=EUR,
            state=State.CAPTURED,
            receipt=Envelope(b"receipt"),
        )
        writer.add_payment(payment, entry_number=number)
        case = FraudCase(
            reason="r", wallet_id=WALLET_ID, token_id=TOKEN_ID, consent_digest=consent.digest, at_s=3, proof=b"p"
        )
        writer.add_fraud_case(case)
        with pytest.raises(AssertionError), writer.savepoint():
            writer.add_payment(payment, entry_number=number)
    with store.reading() as reader:
        assert reader.payment(TERMINAL_ID, consent.request_id) == payment
        assert reader.fraud_cases() == (case,)


def test_changes_of_standing_are_kept(store: Store) -> None:
    """A used code, a renewed certificate, a blocked wallet, a closed token."""
    with store.writing() as writer:
        fill(writer)
        writer.add_activation_code(
            ActivationCode(code_hash=b"h", kind=DeviceKind.TERMINAL, expires_at_s=9, merchant_id=MERCHANT.merchant_id)
        )
        writer.use_activation_code(b"h", TERMINAL_KEY)
        writer.renew_certificate(TERMINAL_ID, Envelope(b"new"))
        writer.block_wallet(WALLET_ID, at_s=4)
        writer.block_wallet(WALLET_ID, at_s=5)
        writer.add_dead(TOKEN_ID, 7)
        writer.close_token(TOKEN_ID, standing=TokenStanding.CLOSED, spent_minor=6, closing=Envelope(b"closing"))
        writer.close_token(TOKEN_ID, standing=TokenStanding.CLOSED_FOR_FRAUD, successor_id=TokenId(b"token-next!!"))
        with pytest.raises(AssertionError):
            writer.use_activation_code(b"h", DEVICE_KEY)
    with store.reading() as reader:
        code, terminal = reader.activation_code(b"h"), reader.terminal(key_id_of(TERMINAL_KEY))
        wallet, token = reader.wallet(WALLET_ID), reader.token(TOKEN_ID)
        assert (reader.token_of_key(TOKEN_KEY), reader.token_of_key(DEVICE_KEY)) == (token, None)
    assert code is not None
    assert terminal is not None
    assert wallet is not None
    assert token is not None
    assert (code.used_by, terminal.certificate, wallet.blocked_at_s) == (TERMINAL_KEY, b"new", 4)
    assert (token.standing, token.spent_minor, token.dead_minor) == (TokenStanding.CLOSED_FOR_FRAUD, 6, 7)
    assert (token.closing, token.successor_id) == (b"closing", b"token-next!!")


def test_ids_are_given_once(store: Store) -> None:
    """Each kind counts by itself."""
    with store.writing() as writer:
        assert (writer.next_merchant_id(), writer.next_terminal_id(), writer.next_wallet_id()) == (1001, 2001, 3001)
        fill(writer)
        assert (writer.next_merchant_id(), writer.next_terminal_id(), writer.next_wallet_id()) == (1002, 2002, 3002)


# --- what is SQLite's own ---


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    """An older program must not write what it does not know."""
    path = tmp_path / "ledger.sqlite"
    SqliteStore.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO migrations VALUES (9999, 'later', 'x')")
    connection.commit()
    connection.close()
    with pytest.raises(UnavailableError) as caught:
        SqliteStore(path)
    assert caught.value.code is ErrorCode.STORAGE_NEWER


def test_a_changed_migration_or_a_torn_file_is_corrupt(tmp_path: Path) -> None:
    """The checksum of what was applied must be ours."""
    path, torn = tmp_path / "ledger.sqlite", tmp_path / "torn.sqlite"
    SqliteStore.create(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE migrations SET checksum = 'x'")
    connection.commit()
    connection.close()
    torn.write_bytes(b"not a database" * 100)
    for bad in (path, torn):
        with pytest.raises(UnavailableError) as caught:
            SqliteStore(bad)
        assert caught.value.code is ErrorCode.STORAGE_CORRUPT


def test_a_file_is_made_once_and_opened_only_if_it_is_there(tmp_path: Path) -> None:
    """Nothing is overwritten, and a typing error in a path makes no empty ledger."""
    path = tmp_path / "ledger.sqlite"
    with pytest.raises(MisuseError) as missing:
        SqliteStore(path)
    assert missing.value.code is ErrorCode.NOT_INITIALISED
    assert not path.exists()
    SqliteStore.create(path).close()
    with pytest.raises(MisuseError) as there:
        SqliteStore.create(path)
    assert there.value.code is ErrorCode.ALREADY_ENROLLED


def test_commits_are_durable_by_setting(tmp_path: Path) -> None:
    """WAL and FULL, foreign keys on: the settings that the promises rest on."""
    store = SqliteStore.create(tmp_path / "ledger.sqlite")
    with store.writing() as writer:
        ask = writer._connection.execute
        found = [ask(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    store.close()
    assert found == ["wal", 2, 1]
