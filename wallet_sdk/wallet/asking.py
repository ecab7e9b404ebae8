"""What is known of a payment, what the issuer says of it, and the history."""

from dataclasses import dataclass
from typing import Final

from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, UnavailableError
from wallet_sdk.protocol.ids import Digest
from wallet_sdk.store import ConsentKind, ConsentRecord, Outcome
from wallet_sdk.wallet.consents import ask, send_intent
from wallet_sdk.wallet.parts import Parts
from wallet_sdk.wallet.views import Payment, payment_of

#: Payments read from the store at once.
PAGE_PAYMENTS: Final = 100


def known(parts: Parts, digest: Digest) -> ConsentRecord:
    """The record of a payment.

    Raises:
        MisuseError: BAD_ARGUMENT when this wallet has none of that digest.
    """
    record = parts.store.consent(digest)
    if record is None:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "no payment of this wallet", param="digest")
    return record


async def outcome_of(parts: Parts, digest: Digest, *, wait_s: int) -> Payment:
    """Ask the issuer, unless all is known; see ``Wallet.outcome_of``."""
    record = known(parts, digest)
    if not record.outcome.is_resolved:
        record = await ask(parts, record, wait_s=wait_s)
    return payment_of(record)


async def refund_of(parts: Parts, digest: Digest) -> Payment:
    """Ask how much of a settled payment has gone back; see ``Wallet.refund_of``."""
    record = known(parts, digest)
    if record.outcome is not Outcome.SETTLED:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"the payment is {record.outcome.value}", param="payment")
    answer = await parts.calls().get(api.consent_path(digest), api.PaymentAnswer, signer=parts.signer())
    if not 0 <= answer.refunded_minor <= record.amount_minor:
        raise UnavailableError(ErrorCode.BAD_ANSWER, "more went back than was paid", outcome=MoneyOutcome.UNKNOWN)
    parts.store.record_refund(digest, refunded_minor=answer.refunded_minor)
    return payment_of(known(parts, digest))


async def send_again(parts: Parts, digest: Digest) -> Payment:
    """Send the same bytes once more; see ``Wallet.send_again``."""
    record = known(parts, digest)
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
