"""What the wallet gives to its caller: values to show, frozen at the moment they were made."""

import io
from dataclasses import dataclass
from enum import Enum, unique

from wallet_sdk.protocol import check_words as words
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.envelope import open_unverified
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Digest, Envelope, RequestId
from wallet_sdk.protocol.messages import Receipt
from wallet_sdk.protocol.money import Money
from wallet_sdk.store import ConsentKind, ConsentRecord, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class QrCode:
    """A code to show."""

    text: str

    @property
    def matrix(self) -> qr.Matrix:
        """Rows of modules without the quiet zone; True is dark."""
        return qr.matrix(self.text)

    @property
    def terminal_text(self) -> str:
        """Drawn with half blocks, dark on light."""
        return qr.terminal_text(self.text)

    @property
    def svg(self) -> str:
        """An SVG picture with quiet zone, one unit a module: it scales to any size."""
        rows = self.matrix
        side = len(rows) + 2 * qr.QUIET_ZONE_MODULES
        runs = "".join(
            f"M{x + qr.QUIET_ZONE_MODULES} {y + qr.QUIET_ZONE_MODULES}h1v1h-1z"
            for y, row in enumerate(rows)
            for x, is_dark in enumerate(row)
            if is_dark
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
            f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{runs}"/></svg>'
        )

    def png(self, *, scale: int = 8) -> bytes:
        """A PNG picture with quiet zone, ``scale`` pixels a module.

        Raises:
            MisuseError: BAD_ARGUMENT for a scale below 1.
        """
        content = io.BytesIO()
        qr.picture(self.text, module_px=scale).save(content, "PNG")
        return content.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One consent of this wallet and what became of it, as far as is known.

    Attributes:
        digest: names it; check words and receipts derive from it.
        amount: what is paid; of a code or deposit that is not settled, the most that it can become.
        merchant_name: from the operator-signed certificate; "" for a code, whose merchant the receipt does not name.
        refunded: how much of it has gone back to the payer, as the issuer last said.
        request_id: of the sale, as the merchant's events and payments name it; None of a code that was not used yet.
        error_code: why it was declined; as long as it is open, what somebody said without a signature, who may lie.
        made_at_s: when it was signed, seconds since the epoch.
        qr: what to show a terminal: the issuer's receipt once there is one, before it the intent or code while it may
            still be taken.
    """

    digest: Digest
    request_id: RequestId | None
    kind: ConsentKind
    outcome: Outcome
    amount: Money
    refunded: Money
    merchant_name: str
    merchant_city: str
    reference: str
    error_code: ErrorCode | None
    made_at_s: int
    expires_at_s: int
    receipt: Envelope | None
    qr: QrCode | None

    @property
    def check_words(self) -> tuple[str, str]:
        """Two words that the terminal shows too when it holds the very same consent."""
        return words.check_words(self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentedCode:
    """A customer-presented code: one use, dead at ``expires_at_s``. Show a new one every 30 seconds."""

    digest: Digest
    qr: QrCode
    ceiling: Money
    expires_at_s: int

    @property
    def check_words(self) -> tuple[str, str]:
        """Two words that the terminal shows too when it holds this very code."""
        return words.check_words(self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletBalance:
    """``available`` as the issuer last said, at ``as_of_s`` (None: never asked); ``offline_left`` as of now."""

    available: Money | None
    as_of_s: int | None
    offline_left: Money
    offline_until_s: int | None


@unique
class Renewal(Enum):
    """What a sync did about the token."""

    NOT_NEEDED = "not_needed"
    RENEWED = "renewed"


@unique
class Recovery(Enum):
    """What a sync did about a store that was copied or put back from a backup.

    An abandoned token pays nothing more. What was set aside in it is the payer's again a month after its end, when no
    claim from it can come any more; payments made since the backup are missing from the history, not from the account.
    """

    NOT_NEEDED = "not_needed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What a sync learned. ``resolved`` are payments whose outcome changed, ``refunded`` those of which more has gone
    back than was known; ``open_count`` is how many are still open.
    """

    trust_version: int
    resolved: tuple[Payment, ...]
    refunded: tuple[Payment, ...]
    open_count: int
    renewal: Renewal
    recovery: Recovery
    balance: WalletBalance


def payment_of(record: ConsentRecord) -> Payment:
    """The view of a stored consent."""
    ask = record.ask
    return Payment(
        digest=record.digest,
        request_id=_request_id_of(record),
        kind=record.kind,
        outcome=record.outcome,
        amount=_amount_of(record),
        refunded=Money(minor=record.refunded_minor, currency=record.currency),
        merchant_name=ask.merchant_name if ask else "",
        merchant_city=ask.merchant_city if ask else "",
        reference=ask.reference if ask else "",
        error_code=ErrorCode(record.error_code) if record.error_code else None,
        made_at_s=record.made_at_s,
        expires_at_s=record.expires_at_s,
        receipt=record.receipt or None,
        qr=_qr_of(record),
    )


def code_of(record: ConsentRecord) -> PresentedCode:
    """The view of a stored code."""
    assert record.kind is ConsentKind.CODE, "only a code is presented"
    return PresentedCode(
        digest=record.digest,
        qr=QrCode(text=qr.to_text(record.envelope)),
        ceiling=Money(minor=record.amount_minor, currency=record.currency),
        expires_at_s=record.expires_at_s,
    )


def _amount_of(record: ConsentRecord) -> Money:
    if record.outcome is Outcome.SETTLED:  # of a code or deposit perhaps a part
        return open_unverified(record.receipt, Receipt).message.amount
    return Money(minor=record.amount_minor, currency=record.currency)


def _request_id_of(record: ConsentRecord) -> RequestId | None:
    if record.ask is not None:
        return record.ask.request_id
    return open_unverified(record.receipt, Receipt).message.request_id if record.receipt else None


def _qr_of(record: ConsentRecord) -> QrCode | None:
    if record.outcome in {Outcome.SETTLED, Outcome.HELD}:
        return QrCode(text=qr.to_text(record.receipt))
    if record.outcome in {Outcome.OFFLINE, Outcome.ACCEPTED_OFFLINE, Outcome.PRESENTED}:
        return QrCode(text=qr.to_text(record.envelope))
    return None
