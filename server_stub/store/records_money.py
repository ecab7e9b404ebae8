"""What follows a payment: holds and how they end, refunds, and the fees that were agreed with a merchant."""

from dataclasses import dataclass, field

from msgspec import Struct

from server_stub.fees import FeePolicy
from wallet_sdk.protocol.ids import Digest, Envelope, MerchantId, RequestId, TerminalId, WalletId
from wallet_sdk.protocol.money import Currency


class Hold(Struct, frozen=True, kw_only=True):
    """What a payer has authorized for a payment, and how that ended.

    ``end_entry`` is the number of the entry that captured or released it; ``ending`` the HoldCapture that asked for
    it, None while it is open and when time ended it.
    """

    payment_number: int
    authorized_minor: int
    expires_at_s: int
    ended_at_s: int | None = None
    end_entry: int | None = None
    ending: Envelope | None = None
    ending_digest: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundMade:
    """One refund. ``to_loss_minor`` of it went to the operator, who had borne that part of the payment."""

    refund_id: RequestId
    terminal_id: TerminalId
    wallet_id: WalletId
    payment_number: int
    entry_number: int
    request_id: RequestId
    amount_minor: int
    to_loss_minor: int
    currency: Currency
    at_s: int
    digest: Digest
    envelope: Envelope = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTerms:
    """What was agreed with a merchant in one currency."""

    merchant_id: MerchantId
    currency: Currency
    policy: FeePolicy
