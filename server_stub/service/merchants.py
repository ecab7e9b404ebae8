"""What a merchant sees of his own: payments, fraud cases, terminals. What is another's is unknown to him."""

from dataclasses import dataclass
from typing import Final

import msgspec

from server_stub.committer import Command
from server_stub.ledger import AccountKind
from server_stub.service.denylist import revoke_terminal, revoke_wallet
from server_stub.service.operator import Operator
from server_stub.service.settling import payment_of
from server_stub.store.outbox import Event
from server_stub.store.reader import Reader
from server_stub.store.records import FraudCase, Payment, Terminal, Wallet
from server_stub.store.selecting import select
from server_stub.store.tables.outbox import EVENTS
from server_stub.store.tables.parties import ACCOUNT_NAME, ACCOUNTS, MERCHANTS, TERMINALS, WALLETS
from server_stub.store.tables.payments import ANSWERED_REQUESTS, CONSENT_DIGEST, CONSENTS, FRAUD_CASES
from server_stub.store.writer import Writer
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError
from wallet_sdk.protocol.ids import MerchantId, RequestId, TerminalId, WalletId
from wallet_sdk.protocol.money import Currency

_CAPTURED_BEFORE: Final = (
    "WHERE merchant_id = ? AND kind = 'payment.captured' AND (at_s < ? OR (at_s = ? AND row_number < ?))"
    " ORDER BY at_s DESC, row_number DESC LIMIT ?"
)
#: Held is the payer's money until it is captured; so what is pending is read, and has no account of its own.
_PENDING: Final = (
    "SELECT p.currency, sum(h.authorized_minor) FROM holds h JOIN payments p ON p.number = h.payment_number"
    " JOIN terminals t ON t.id = p.terminal_id WHERE h.ended_at_s IS NULL AND t.merchant_id = ? GROUP BY p.currency"
)
_TERMINALS_OF: Final = "WHERE merchant_id = ? ORDER BY id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a merchant's list of payments: when it was captured, and what tells those of one second apart."""

    at_s: int
    row_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPayment:
    """A payment and its place in the list."""

    place: Place
    payment: Payment


class _Named(msgspec.Struct, frozen=True):
    """Which payment an event is about."""

    terminal_id: int
    request_id: str


#: After everything.
NEWEST: Final = Place(at_s=limits.TIME_S_MAX, row_number=0)


def payments_before(
    operator: Operator, merchant_id: MerchantId, place: Place, *, limit: int
) -> tuple[ListedPayment, ...]:
    """A merchant's payments, newest first, that were captured before a place in the list."""
    with operator.store.reading() as reader:
        values = (merchant_id, place.at_s, place.at_s, place.row_number, limit)
        return tuple(_listed(reader, event) for event in select(reader, EVENTS, _CAPTURED_BEFORE, values))


def payment_named(operator: Operator, merchant_id: MerchantId, name: str) -> Payment:
    """One of a merchant's payments by its request id.

    Raises:
        RuleViolationError: UNKNOWN_PAYMENT.
    """
    unknown = RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "no such payment of this merchant", param="name")
    try:
        request_id = api.from_base64url(name)
    except MalformedMessageError as error:
        raise unknown from error
    if len(request_id) != limits.REQUEST_ID_BYTES:
        raise unknown
    with operator.store.reading() as reader:
        for answered in select(reader, ANSWERED_REQUESTS, "WHERE request_id = ?", (request_id,)):
            terminal = reader.find(TERMINALS, answered.terminal_id)
            paid = payment_of(reader, answered)
            if terminal is not None and terminal.merchant_id == merchant_id and paid is not None:
                return paid
    raise unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantBalance:
    """What a merchant is owed in one currency, and what payers have set aside for him in open holds."""

    currency: Currency
    payable_minor: int
    pending_minor: int


def balances_of(operator: Operator, merchant_id: MerchantId) -> tuple[MerchantBalance, ...]:
    """A merchant's balances, one for each currency that he takes."""
    with operator.store.reading() as reader:
        merchant = reader.find(MERCHANTS, merchant_id)
        assert merchant is not None, "a merchant's key has its merchant"
        pending_minor = {row[0]: int(row[1]) for row in reader.rows(_PENDING, (merchant_id,))}
        payable = {
            currency: reader.find_by(
                ACCOUNTS, ACCOUNT_NAME, (int(AccountKind.MERCHANT_PAYABLE), str(merchant_id), currency.number)
            )
            for currency in merchant.currencies
        }
    return tuple(
        MerchantBalance(
            currency=currency,
            payable_minor=0 if account is None else account.balance_minor,
            pending_minor=pending_minor.get(currency.number, 0),
        )
        for currency, account in payable.items()
    )


def fraud_cases_of(operator: Operator, merchant_id: MerchantId) -> tuple[FraudCase, ...]:
    """The fraud cases in which one of the two signatures came through a merchant's terminal."""
    with operator.store.reading() as reader:
        own = {terminal.terminal_id for terminal in terminals_of(reader, merchant_id)}
        return tuple(case for case in reader.list_all(FRAUD_CASES) if _terminal_of(reader, case) in own)


def terminals_of(reader: Reader, merchant_id: MerchantId) -> tuple[Terminal, ...]:
    """A merchant's terminals."""
    return select(reader, TERMINALS, _TERMINALS_OF, (merchant_id,))


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockTerminal(Command[Terminal]):
    """A stolen or retired terminal is heard no more. ``merchant_id`` is whose terminals may be named."""

    terminal_id: TerminalId
    merchant_id: MerchantId
    at_s: int

    def apply(self, writer: Writer) -> Terminal:
        terminal = writer.find(TERMINALS, self.terminal_id)
        if terminal is None or terminal.merchant_id != self.merchant_id:
            raise RuleViolationError(ErrorCode.UNKNOWN_RESOURCE, "there is no such terminal", param="terminal_id")
        revoke_terminal(writer, terminal, reason="by its merchant", at_s=self.at_s)
        blocked = writer.find(TERMINALS, self.terminal_id)
        assert blocked is not None, "terminals are never deleted"
        return blocked


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockWallet(Command[Wallet]):
    """A lost phone pays no more online, and gets no new token."""

    wallet_id: WalletId
    at_s: int

    def apply(self, writer: Writer) -> Wallet:
        wallet = writer.find(WALLETS, self.wallet_id)
        if wallet is None:
            raise RuleViolationError(ErrorCode.UNKNOWN_RESOURCE, "there is no such wallet", param="wallet_id")
        if wallet.blocked_at_s is not None:
            return wallet
        revoke_wallet(writer, wallet, reason="by the operator", at_s=self.at_s)
        blocked = writer.find(WALLETS, self.wallet_id)
        assert blocked is not None, "wallets are never deleted"
        return blocked


def _listed(reader: Reader, event: Event) -> ListedPayment:
    named = msgspec.json.decode(event.content, type=_Named)
    key = (RequestId(api.from_base64url(named.request_id)), TerminalId(named.terminal_id))
    payment = payment_of(reader, reader.find(ANSWERED_REQUESTS, key))
    assert payment is not None, "a captured event was written with its payment"
    return ListedPayment(place=Place(at_s=event.at_s, row_number=event.row_number), payment=payment)


def _terminal_of(reader: Reader, case: FraudCase) -> TerminalId | None:
    consent = reader.find_by(CONSENTS, CONSENT_DIGEST, case.consent_digest)
    return None if consent is None else consent.terminal_id
