"""Whatever a camera saw: a request, a printed code, an EMV code."""

from typing import TYPE_CHECKING

from wallet_sdk.protocol import limits, others, qr
from wallet_sdk.protocol.envelope import peek_type
from wallet_sdk.protocol.messages import MessageType
from wallet_sdk.protocol.trust import VerifiedRequest
from wallet_sdk.store import ConsentRecord
from wallet_sdk.wallet.arguments import check_kind
from wallet_sdk.wallet.consents import learn_receipt
from wallet_sdk.wallet.parts import Parts
from wallet_sdk.wallet.paying import Offer, offer_of, scan
from wallet_sdk.wallet.printed import PrintedOffer, scan_printed

if TYPE_CHECKING:
    from wallet_sdk.protocol.emv import UntrustedRequest


def scan_any(parts: Parts, qr_text: str) -> "Offer | PrintedOffer | UntrustedRequest":
    """As ``scan``, and printed codes and EMV codes too: an EMV code with a request of ours is verified, others are not.

    Raises:
        MalformedMessageError: NOT_A_TILLCODE for what is neither of ours nor an EMV code, with the scheme's name; as
            ``decode_merchant_presented`` for an EMV code that cannot be read.
        RuleViolationError: as ``scan``; EMV_FIELD_MISMATCH when the code says another thing than what was signed.
        MisuseError: NOT_ENROLLED.
    """
    check_kind(qr_text, str, param="qr_text")
    qr_text = others.plain_text_of(qr_text)
    if qr_text.startswith(qr.PREFIX[:2]):
        envelope = qr.from_text(qr_text)
        if peek_type(envelope, bytes_max=limits.MESSAGE_BYTES_MAX) is MessageType.STATIC_CODE:
            return scan_printed(parts, envelope)
        return scan(parts, qr_text)
    # Late: few wallets are ever shown such a code, and reading them takes as long to import as all else.
    from wallet_sdk.protocol.emv import decode_merchant_presented, import_merchant_presented, looks_like_one

    if not looks_like_one(qr_text):
        raise qr.no_code_of_ours(qr_text)
    code = decode_merchant_presented(qr_text)
    found = import_merchant_presented(code, parts.trust(), at_s=parts.now_s())
    return offer_of(parts, found) if isinstance(found, VerifiedRequest) else found


def scan_receipt(parts: Parts, qr_text: str) -> ConsentRecord:
    """Verify a receipt and keep it; see ``Wallet.scan_receipt``."""
    check_kind(qr_text, str, param="qr_text")
    return learn_receipt(parts, qr.from_text(others.plain_text_of(qr_text)))
