"""What is known of a payment, what the issuer says of it, and the history."""

from dataclasses import dataclass, replace
from typing import Final

from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, UnavailableError
from wallet_sdk.protocol.ids import Digest
from wallet_sdk.store import ConsentKind, ConsentRecord, Outcome
from wallet_sdk.wallet.arguments import check_kind, check_whole
from wallet_sdk.wallet.consents import ask, send_intent
from wallet_sdk.wallet.parts import Parts
from wallet_sdk.wallet.views import Payment, PresentedCode, payment_of

#: A refund is in the ledger some moments after the time it bears; so the last hour is asked for once more.
REFUNDS_OVERLAP_S: Final = 3600
#: Answers read in one go: an issuer that has ever more to tell must not hold a wallet. The rest comes next time.
_REFUND_PAGES_MAX: Final = 64
#: Payments read from the store at once.
PAGE_PAYMENTS: Final = 100


def known(parts: Parts, digest: Digest) -> ConsentRecord:
    """The record of a payment.

    Raises:
        MisuseError: BAD_ARGUMENT when this wallet has none of that digest.
    """
    check_kind(digest, bytes, param="digest")
    record = parts.store.consent(digest)
    if record is None:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "no payment of this wallet", param="digest")
    return record


def record_of(parts: Parts, payment: Payment) -> ConsentRecord:
    """The record of a payment that a caller holds.

    Raises:
        MisuseError: BAD_ARGUMENT when it is none, or another wallet's.
    """
    check_kind(payment, Payment, param="payment")
    return known(parts, payment.digest)


async def outcome_of(parts: Parts, asked: Payment | PresentedCode, *, wait_s: int) -> Payment:
    """Ask the issuer, unless all is known; see ``Wallet.outcome_of``."""
    check_kind(asked, Payment, PresentedCode, param="asked")
    check_whole(wait_s, lowest=0, highest=api.WAIT_S_MAX, param="wait_s")
    record = known(parts, asked.digest)
    if not record.outcome.is_resolved:
        record = await ask(parts, record, wait_s=wait_s)
    return payment_of(record)


async def refund_of(parts: Parts, payment: Payment) -> Payment:
    """Ask how much of a settled payment has gone back; see ``Wallet.refund_of``."""
    record = record_of(parts, payment)
    if record.outcome is not Outcome.SETTLED:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"the payment is {record.outcome.value}", param="payment")
    answer = await parts.calls().get(api.consent_path(record.digest), api.PaymentAnswer, signer=parts.signer())
    return payment_of(_record_refund(parts, record, refunded_minor=answer.refunded_minor))


async def learn_refunds(parts: Parts) -> tuple[Payment, ...]:
    """Ask for all refunds since the newest that is known. Returns the payments of which more has gone back.

    Raises:
        UnavailableError: the issuer could not be asked, or BAD_ANSWER; what was learned until then is stored.
    """
    balance = parts.store.balance()
    assert balance is not None, "asked for right after the balance"
    since_s = max(balance.refunds_until_s - REFUNDS_OVERLAP_S, 0)
    changed: dict[Digest, Payment] = {}
    for _ in range(_REFUND_PAGES_MAX):
        path = f"{api.PATH_REFUNDS}?since={since_s}"
        answer = await parts.calls().get(path, api.RefundsAnswer, signer=parts.signer())
        for refund in answer.refunds:
            if not since_s <= refund.at_s <= limits.TIME_S_MAX:
                raise UnavailableError(ErrorCode.BAD_ANSWER, "a refund of another time", outcome=MoneyOutcome.UNKNOWN)
            digest = Digest(api.from_base64url(refund.consent_digest))
            before = parts.store.consent(digest)
            if before is not None and before.refunded_minor < refund.refunded_minor:
                changed[digest] = payment_of(_record_refund(parts, before, refunded_minor=refund.refunded_minor))
        if answer.refunds:
            since_s = max(refund.at_s for refund in answer.refunds) + 1
            until_s = max(since_s - 1, balance.refunds_until_s)
            parts.store.save_balance(replace(balance, refunds_until_s=until_s))
        if not (answer.refunds and answer.has_more):
            break
    return tuple(changed.values())


def _record_refund(parts: Parts, record: ConsentRecord, *, refunded_minor: int) -> ConsentRecord:
    if not 0 <= refunded_minor <= record.amount_minor:
        raise UnavailableError(ErrorCode.BAD_ANSWER, "more went back than was paid", outcome=MoneyOutcome.UNKNOWN)
    parts.store.record_refund(record.digest, refunded_minor=refunded_minor)
    return known(parts, record.digest)


async def send_again(parts: Parts, payment: Payment) -> Payment:
    """Send the same bytes once more; see ``Wallet.send_again``."""
    record = record_of(parts, payment)
    if record.kind is not ConsentKind.ONLINE_INTENT or record.outcome is not Outcome.UNKNOWN:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"the payment is {record.outcome.value}", param="payment")
    return payment_of(await send_intent(parts, record))


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """Some payments, newest first. ``before`` leads to the next page; None: there is nothing more."""

    payments: tuple[Payment, ...]
    before: int | None


def history_page(parts: Parts, *, before: int | None) -> HistoryPage:
    """One page; a page may be empty although more follow."""
    page = parts.store.history(before=before, limit=PAGE_PAYMENTS)
    return HistoryPage(
        payments=tuple(payment_of(record) for _, record in page if _belongs_in_history(record)),
        before=page[-1][0] if page else None,
    )


def _belongs_in_history(record: ConsentRecord) -> bool:
    """What never left this device, and codes that nobody used, are no payments."""
    unused_code = record.kind is ConsentKind.CODE and record.outcome in {Outcome.PRESENTED, Outcome.EXPIRED}
    return record.outcome is not Outcome.NOT_SENT and not unused_code
