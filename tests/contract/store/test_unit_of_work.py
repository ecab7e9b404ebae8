"""What a unit of work keeps: it reads what it wrote, is undone in parts, and money never falls under its floor."""

from dataclasses import replace

import pytest
from msgspec import structs

from server_stub.ledger import AccountKind, EntryKind, move
from server_stub.store.base import Store
from server_stub.store.records import (
    ActivationCode,
    ConsentMode,
    DeviceKind,
    Merchant,
    TokenStanding,
)
from server_stub.store.table import Keys
from server_stub.store.tables.parties import (
    ACCOUNT_NAME,
    ACCOUNTS,
    ACTIVATION_CODES,
    MERCHANTS,
    WALLET_KEY,
    WALLETS,
)
from server_stub.store.tables.payments import (
    CONSENTS,
    TOKEN_ISSUE,
    TOKENS,
)
from server_stub.store.writer import Writer
from tests.contract.store.samples import (
    DEVICE_KEY,
    EUR,
    MERCHANT,
    TOKEN_ID,
    WALLET_ID,
    fill,
    pay_of,
    remember,
    seen,
    signed,
)
from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import (
    Counter,
    Digest,
    MerchantId,
    TokenId,
)
from wallet_sdk.protocol.money import Currency


def add_and_fail(writer: Writer, merchant: Merchant) -> None:
    """Write something, then go wrong."""
    writer.add(MERCHANTS, merchant)
    raise ZeroDivisionError


def test_an_error_undoes_the_whole_transaction_of_the_database(store: Store) -> None:
    """Nothing of it can be read afterwards, and the store goes on."""
    with pytest.raises(ZeroDivisionError), store.writing() as writer:
        add_and_fail(writer, MERCHANT)
    with store.writing() as writer:
        assert writer.find(MERCHANTS, MERCHANT.merchant_id) is None
        writer.add(MERCHANTS, MERCHANT)


def test_one_command_is_undone_alone(store: Store) -> None:
    """What was kept before it and what comes after stays: records, changes, balances, counters, accounts, entries."""
    with store.writing() as writer:
        wallet = fill(writer)
        remember(writer, 3)
        writer.keep()
        before = seen(writer, wallet)
        remember(writer, 4)
        remember(writer, 2)
        writer.add(MERCHANTS, replace(MERCHANT, merchant_id=MerchantId(5)))
        writer.change(WALLETS, structs.replace(wallet, blocked_at_s=1))
        fees = writer.open_account(kind=AccountKind.FEES, holder="", currency=EUR)
        writer.post(pay_of(wallet, fees, 100))
        assert seen(writer, wallet) != before
        writer.undo()
        assert seen(writer, wallet) == before
        assert writer.find_by(ACCOUNTS, ACCOUNT_NAME, (int(AccountKind.FEES), "", EUR.number)) is None
        writer.add(MERCHANTS, replace(MERCHANT, merchant_id=MerchantId(6)))
    with store.reading() as reader:
        there = [reader.find(MERCHANTS, MerchantId(number)) is not None for number in (1001, 5, 6)]
        assert (there, reader.count("entries"), reader.count("consents")) == ([True, False, True], 1, 1)
        assert seen(reader, wallet) == before


def test_what_was_added_twice_is_our_own_bug(store: Store) -> None:
    """It is an AssertionError at once, in the same unit of work and in a later one."""
    with store.writing() as writer:
        writer.add(MERCHANTS, MERCHANT)
        with pytest.raises(AssertionError):
            writer.add(MERCHANTS, MERCHANT)
    with store.writing() as writer, pytest.raises(AssertionError):
        writer.add(MERCHANTS, MERCHANT)
    with store.reading() as reader:
        assert reader.find(MERCHANTS, MERCHANT.merchant_id) == MERCHANT


def test_a_unit_of_work_reads_what_it_has_written(store: Store) -> None:
    """By key, by index, in lists and in sums; loaded beforehand or not, and whether or not it is stored already."""
    with store.writing() as writer:
        first = fill(writer)
        writer.add(ACTIVATION_CODES, ActivationCode(code_hash=b"h", kind=DeviceKind.TERMINAL, expires_at_s=9))
    for load in (False, True):
        with store.writing() as writer:
            if load:
                keys = Keys()
                keys.name(TOKENS, TOKEN_ID)
                keys.name(TOKENS, TokenId(b"none" * 3))
                keys.name_by(WALLETS, WALLET_KEY, key_id_of(DEVICE_KEY))
                keys.name_by(ACCOUNTS, ACCOUNT_NAME, (int(AccountKind.FEES), "", EUR.number))
                keys.name_counter(TOKEN_ID, Counter(7))
                writer.load(keys)
            token = writer.find(TOKENS, TOKEN_ID)
            assert token is not None
            assert (writer.find(TOKENS, TokenId(b"none" * 3)), writer.neighbours(TOKEN_ID, Counter(7))) == (None, ())
            assert [one.token_id for one in writer.tokens_with_escrow(WALLET_ID)] == [TOKEN_ID]
            escrow = token.account_id
            fees = writer.open_account(kind=AccountKind.FEES, holder="", currency=EUR)
            assert fees == writer.open_account(kind=AccountKind.FEES, holder="", currency=EUR)
            amounts = {escrow: -300, first.account_id: 300}
            writer.post(move(kind=EntryKind.RELEASE, reference=b"", at_s=1, currency=EUR, amounts_minor=amounts))
            assert writer.tokens_with_escrow(WALLET_ID) == ()
            assert (writer.escrow_minor(WALLET_ID), writer.balance_minor(first.account_id)) == (0, 1_000)
            writer.change(TOKENS, structs.replace(token, standing=TokenStanding.CLOSED))
            found = writer.find_by(TOKENS, TOKEN_ISSUE, (WALLET_ID, token.issue_id))
            assert (found, writer.list_by(TOKENS, TOKEN_ISSUE, (WALLET_ID, token.issue_id))) == (found, (found,))
            assert found is not None
            assert found.standing is TokenStanding.CLOSED
            assert [account.account_id for account in writer.list_all(ACCOUNTS)].count(fees) == 1
            writer.undo()


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
        assert pay(700) > 0
        assert [writer.balance_minor(account) for account in (wallet.account_id, payable)] == [0, 700]
    with store.reading() as reader:
        assert sum(account.balance_minor for account in reader.list_all(ACCOUNTS)) == 0


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
            remember(writer, counter, ConsentMode(mode))
        consent, spent = signed(5)
        writer.add(CONSENTS, structs.replace(consent, number=99, digest=Digest(b"t" * 32)))
        writer.add_spent_counter(structs.replace(spent, consent_number=99))
        around = [spent.counter for spent in writer.neighbours(TOKEN_ID, Counter(5))]
        beside = [spent.counter for spent in writer.neighbours(TOKEN_ID, Counter(4))]
        assert (around, beside) == ([5, 2, 9], [2, 5])
        assert writer.neighbours(TOKEN_ID, Counter(5))[0].consent_number == 5
        assert writer.highest_sum_minor(TOKEN_ID) == 120
    with store.writing() as writer:
        remember(writer, 7, ConsentMode.OFFLINE)
        keys = Keys()
        for counter in range(1, 15):
            keys.name_counter(TOKEN_ID, Counter(counter))
        writer.load(keys)
        each = [[spent.counter for spent in writer.neighbours(TOKEN_ID, Counter(one))] for one in range(1, 15)]
    with store.reading() as reader:
        assert each == [[spent.counter for spent in reader.neighbours(TOKEN_ID, Counter(one))] for one in range(1, 15)]
        assert (each[2], each[5], each[13]) == ([3, 2, 5], [5, 7], [12])


def test_ids_are_given_once(store: Store) -> None:
    """Each kind counts by itself."""
    with store.writing() as writer:
        assert (writer.next_merchant_id(), writer.next_terminal_id(), writer.next_wallet_id()) == (1001, 2001, 3001)
        fill(writer)
        assert (writer.next_merchant_id(), writer.next_terminal_id(), writer.next_wallet_id()) == (1002, 2002, 3002)
