"""A receipt to keep: with all that proves it, so that anybody who has the root key can check it, without us.

File: one JSON object {"format", "receipt", "bundle", "request"}, envelopes as base64url. "request" is there when the
payment answered one; its certificate names the merchant, and proves the receipt of a terminal.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.envelope import key_id_of, open_unverified
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, UnavailableError
from wallet_sdk.protocol.ids import Digest, Envelope, PublicKeyBytes, RequestId
from wallet_sdk.protocol.messages import PaymentRequest
from wallet_sdk.protocol.money import Money
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import VerifiedRequest, verify_bundle, verify_receipt, verify_request
from wallet_sdk.store import NO_TERMINAL, ConsentRecord
from wallet_sdk.wallet.arguments import check_kind, root_key_of
from wallet_sdk.wallet.parts import Parts
from wallet_sdk.wallet.views import QrCode

FORMAT: Final = "tillcode-receipt-1"
#: A receipt, a bundle and a request have under 2 KiB together.
FILE_BYTES_MAX: Final = 16 * 1024
_NOTHING: Final = Envelope(b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenReceipt:
    """What a receipt says, and who says it.

    Attributes:
        state: what became of the payment, such as CAPTURED; of a terminal's receipt AUTHORIZED: it took it offline.
        merchant_name: from the operator-signed certificate; "" when the payment was by code.
        by_terminal: whether the merchant's terminal signed it, and not yet the operator.
    """

    amount: Money
    state: State
    at_s: int
    request_id: RequestId
    consent_digest: Digest
    merchant_name: str
    by_terminal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedReceipt:
    """A receipt with its proof. Get one from ``Wallet.receipt``, or from a file with ``load``."""

    receipt: Envelope
    bundle: Envelope
    request: Envelope = _NOTHING

    @property
    def qr(self) -> QrCode:
        """The receipt as a code: a terminal without network takes it for payment."""
        return QrCode(text=qr.to_text(self.receipt))

    def verify(self, *, root_key: PublicKeyBytes | str) -> ProvenReceipt:
        """What it proves, under the root key alone: no wallet, no server, and as of the day it was made.

        The key as its 33 bytes, or as the hexadecimal text that ``tillcode-server init`` prints.

        Raises:
            MalformedMessageError, RuleViolationError: it proves nothing.
            MisuseError: BAD_ARGUMENT for a key that is none.
        """
        trust = verify_bundle(self.bundle, root_key=root_key_of(root_key))
        asked: VerifiedRequest | None = None
        if self.request:
            at_s = open_unverified(self.request, PaymentRequest).message.issued_at_s
            asked = verify_request(self.request, trust, at_s=at_s)
        terminal_key = asked.certificate.message.terminal_key if asked else None
        sealed = verify_receipt(self.receipt, trust, terminal_key=terminal_key)
        receipt = sealed.message
        if asked is not None and receipt.request_id != asked.request.message.request_id:
            raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "receipt and request are of two payments")
        return ProvenReceipt(
            amount=receipt.amount,
            state=receipt.state,
            at_s=receipt.at_s,
            request_id=receipt.request_id,
            consent_digest=receipt.consent_digest,
            merchant_name=asked.certificate.message.merchant_name if asked else "",
            by_terminal=terminal_key is not None and sealed.key_id == key_id_of(terminal_key),
        )

    def save(self, path: Path | str) -> None:
        """Write it to a file.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        envelopes = {"receipt": self.receipt, "bundle": self.bundle, "request": self.request}
        content = {"format": FORMAT} | {name: api.to_base64url(envelope) for name, envelope in envelopes.items()}
        try:
            Path(path).write_text(json.dumps(content, indent=1) + "\n")
        except OSError as error:
            raise UnavailableError(ErrorCode.STORAGE_FAILED, str(error.strerror), param=str(path)) from error

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a file; nothing of it is verified yet.

        Raises:
            MisuseError: BAD_ARGUMENT when there is none.
            MalformedMessageError: BAD_REQUEST_BODY.
            UnavailableError: STORAGE_FAILED.
        """
        try:
            with Path(path).open("rb") as file:
                content = file.read(FILE_BYTES_MAX + 1)
        except FileNotFoundError as error:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "there is no such file", param=str(path)) from error
        except OSError as error:
            raise UnavailableError(ErrorCode.STORAGE_FAILED, str(error.strerror), param=str(path)) from error
        return cls.parse(content)

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """As ``load``, from the file's content.

        Raises:
            MalformedMessageError: BAD_REQUEST_BODY.
        """
        check_kind(content, bytes, param="content")
        not_one = MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "not a saved receipt")
        if len(content) > FILE_BYTES_MAX:
            raise not_one
        try:
            members = json.loads(content)
            if members["format"] != FORMAT:
                raise not_one
            receipt, bundle, request = (
                Envelope(api.from_base64url(members[name])) for name in ("receipt", "bundle", "request")
            )
        except (ValueError, KeyError, TypeError, RecursionError, MalformedMessageError) as error:
            raise not_one from error
        return cls(receipt=receipt, bundle=bundle, request=request)


def saved_receipt(parts: Parts, record: ConsentRecord) -> SavedReceipt:
    """The receipt of a payment with all that proves it.

    Raises:
        MisuseError: BAD_ARGUMENT when there is none yet.
    """
    if not record.receipt:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"no receipt: the payment is {record.outcome.value}", param="payment")
    return SavedReceipt(
        receipt=record.receipt,
        bundle=parts.enrolled().bundle,
        # A print is left out: nothing that was signed says that the receipt is of it.
        request=record.ask.envelope if record.ask and record.ask.terminal_id != NO_TERMINAL else _NOTHING,
    )
