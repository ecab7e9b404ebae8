"""Money for one consent that nothing speaks against: captured, or only held; and the payment that says so."""

from dataclasses import dataclass

from msgspec import Struct

from server_stub.config import LossLimits
from server_stub.fees import NO_FEES, FeePolicy, fee_minor_of
from server_stub.holds import HELD
from server_stub.ledger import AccountId, AccountKind
from server_stub.movements import Cause, captured, held
from server_stub.risk.policy import NO_RULES, RiskPolicy
from server_stub.service.claims import PAID, VerifiedClaim
from server_stub.store.records import ConsentMode, Payment, Token, Wallet
from server_stub.store.records_money import Hold
from server_stub.store.tables.money import FEE_TERMS, HOLDS
from server_stub.store.tables.payments import PAYMENTS
from server_stub.store.writer import Writer
from wallet_sdk.protocol.ids import Envelope, MerchantId
from wallet_sdk.protocol.messages import Liability
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlingRules:
    """The operator's choices, and the bundle that goes into proofs.

    Attributes:
        uncovered: who bears what no escrow covers.
        shortfall_max_minor: the most the operator bears at one terminal under one token: the share of a token
            that a terminal may accept offline.
        losses: the budget for all that the operator bears. Without it, a merchant and a wallet that work together
            could sign any number of contradicting intents and have each of them paid.
        risk: the rules of risk.toml.
    """

    uncovered: Liability
    shortfall_max_minor: int
    losses: LossLimits
    bundle: Envelope
    risk: RiskPolicy = NO_RULES


class Case(Struct, frozen=True, kw_only=True):
    """A claim with what the ledger knows about it."""

    claim: VerifiedClaim
    token: Token
    wallet: Wallet
    merchant_id: MerchantId
    rules: SettlingRules

    @property
    def cause(self) -> Cause:
        claim = self.claim
        return Cause(reference=claim.consent.digest, at_s=claim.at_s, currency=self.token.currency)


def uncovered_minor_of(writer: Writer, case: Case) -> int:
    """What of an offline payment its escrow does not cover; online the balance decides."""
    if case.claim.mode is not ConsentMode.OFFLINE:
        return 0
    return max(0, case.claim.amount_minor - writer.balance_minor(case.token.account_id))


def pay(writer: Writer, case: Case, *, uncovered_minor: int) -> Payment:
    """Capture or hold the amount of a claim.

    Raises:
        RuleViolationError: INSUFFICIENT_FUNDS; nothing was written.
    """
    if case.claim.request.message.hold_h:
        return _hold(writer, case)
    amount_minor = case.claim.amount_minor
    if case.claim.mode is ConsentMode.OFFLINE:
        sources_minor = {case.token.account_id: amount_minor - uncovered_minor}
        if uncovered_minor:
            loss = writer.open_account(kind=AccountKind.FRAUD_LOSS, holder="", currency=case.token.currency)
            sources_minor[loss] = uncovered_minor
    else:
        sources_minor = {case.wallet.account_id: amount_minor}
    fee_minor = fee_minor_of(fee_policy(writer, case.merchant_id, case.token.currency), amount_minor)
    payable = merchant_account(writer, case.merchant_id, case.token.currency)
    entry = captured(
        case.cause,
        sources_minor=sources_minor,
        payable=payable,
        fees=fees_account(writer, case.token.currency, fee_minor=fee_minor, otherwise=payable),
        fee_minor=fee_minor,
    )
    number = writer.post(entry, number=writer.next_number())
    return _add(writer, case, number=number, state=PAID, fee_minor=fee_minor, borne_minor=uncovered_minor)


def fee_policy(writer: Writer, merchant_id: MerchantId, currency: Currency) -> FeePolicy:
    """What was agreed with a merchant, nothing when nothing was."""
    terms = writer.find(FEE_TERMS, (merchant_id, currency.number))
    return NO_FEES if terms is None else terms.policy


def merchant_account(writer: Writer, merchant_id: MerchantId, currency: Currency) -> AccountId:
    """What a merchant is owed."""
    return writer.open_account(kind=AccountKind.MERCHANT_PAYABLE, holder=str(merchant_id), currency=currency)


def fees_account(writer: Writer, currency: Currency, *, fee_minor: int, otherwise: AccountId) -> AccountId:
    """The operator's fees; without a fee none is posted, so another account may stand for it and none is opened."""
    return writer.open_account(kind=AccountKind.FEES, holder="", currency=currency) if fee_minor else otherwise


def held_account(writer: Writer, wallet: Wallet) -> AccountId:
    """What a payer has set aside for holds."""
    return writer.open_account(kind=AccountKind.PAYER_HELD, holder=str(wallet.wallet_id), currency=wallet.currency)


def _hold(writer: Writer, case: Case) -> Payment:
    claim = case.claim
    entry = held(
        case.cause,
        available=case.wallet.account_id,
        set_aside=held_account(writer, case.wallet),
        amount_minor=claim.amount_minor,
    )
    number = writer.post(entry, number=writer.next_number())
    hold = Hold(
        payment_number=number,
        authorized_minor=claim.amount_minor,
        expires_at_s=claim.at_s + claim.request.message.hold_h * 3600,
    )
    writer.add(HOLDS, hold)
    return _add(writer, case, number=number, state=HELD, fee_minor=0, borne_minor=0)


def _add(writer: Writer, case: Case, *, number: int, state: State, fee_minor: int, borne_minor: int) -> Payment:
    claim = case.claim
    payment = Payment(
        number=number,
        terminal_id=claim.terminal_id,
        request_id=claim.request.message.request_id,
        request_digest=claim.request.digest,
        consent_digest=claim.consent.digest,
        wallet_id=case.wallet.wallet_id,
        amount_minor=claim.amount_minor,
        currency=case.token.currency,
        state=state,
        at_s=claim.at_s,
        liability=claim.liability,
        fee_minor=fee_minor,
        borne_minor=borne_minor,
    )
    writer.add(PAYMENTS, payment)
    return payment
