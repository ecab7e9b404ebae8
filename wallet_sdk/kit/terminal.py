"""A merchant's till by hand: it asks, takes what a wallet shows, and claims it. No screen, no journal, no queue."""

from dataclasses import dataclass, replace

from wallet_sdk.client import ApiClient
from wallet_sdk.ports import Clock, Random, Sender
from wallet_sdk.protocol import api, limits, qr
from wallet_sdk.protocol.envelope import Sealed, Signer, seal
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MisuseError,
    MoneyOutcome,
    RuleViolationError,
    UnavailableError,
)
from wallet_sdk.protocol.ids import Envelope, PublicKeyBytes, RequestId, time_ordered_id
from wallet_sdk.protocol.messages import CaptureBatch, Claim, Enrolment, PaymentRequest, Receipt, Refund
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import check_intent_answers, check_token_allows
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import TrustStore, verify_bundle, verify_intent, verify_request
from wallet_sdk.wallet.arguments import check_kind, check_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRequest:
    """A payment request on the till's screen. ``text`` is what its QR code says."""

    sealed: Sealed[PaymentRequest]

    @property
    def request_id(self) -> RequestId:
        """Names the sale, as ``Payment.request_id`` does; in JSON it is base64url text."""
        return self.sealed.message.request_id

    @property
    def text(self) -> str:
        """For ``Wallet.scan``."""
        return qr.to_text(self.sealed.envelope)


class MerchantTerminal:
    """One enrolled terminal of a merchant."""

    def __init__(
        self, sender: Sender, *, activation_code: str, clock: Clock, random: Random, signer: Signer | None = None
    ) -> None:
        """Enrol with a code that lets one key in: ``signer``, or one that is made here and ends with this object.

        Whoever must be able to enrol again after a lost answer brings the key: the code is used up by it.

        Raises:
            TillcodeError: the server refuses, or cannot be asked. ``safe_to_retry`` only for a key of the caller's.
        """
        self._clock = clock
        self._random = random
        self._signer = signer or SoftwareSigner(random.random_bytes(32))
        self._refunds: dict[RequestId, Sealed[Refund]] = {}
        self._client = ApiClient(sender, clock=clock, random=random)
        enrolment = Enrolment(
            activation_code=activation_code, public_key=self._signer.public_key, made_at_s=self._now_s()
        )
        try:
            answer = self._client.post_message(
                api.PATH_ENROL_TERMINAL, seal(enrolment, self._signer).envelope, api.TerminalEnrolled
            )
        except UnavailableError as error:
            error.is_another_act = signer is None and error.outcome is MoneyOutcome.UNKNOWN
            raise
        self._certificate = Envelope(api.from_base64url(answer.certificate))
        self.root_key = PublicKeyBytes(api.from_base64url(answer.root_key))
        self._trust: TrustStore = verify_bundle(api.from_base64url(answer.bundle), root_key=self.root_key)

    def request(
        self,
        *,
        amount_minor: int,
        currency: Currency = Currency.EUR,
        reference: str = "",
        tip_max_minor: int = 0,
        hold_h: int = 0,
    ) -> ShownRequest:
        """Show a request, issued now, good for two minutes; with ``hold_h`` a deposit held for so many hours.

        Raises:
            MisuseError: BAD_ARGUMENT, with the argument's name.
        """
        check_kind(currency, Currency, param="currency")
        check_kind(reference, str, param="reference")
        check_whole(amount_minor, lowest=1, highest=limits.AMOUNT_MINOR_MAX, param="amount_minor")
        check_whole(tip_max_minor, lowest=0, highest=limits.AMOUNT_MINOR_MAX, param="tip_max_minor")
        check_kind(hold_h, int, param="hold_h")
        request = PaymentRequest(
            request_id=self.new_id(),
            amount_minor=amount_minor,
            currency=currency,
            issued_at_s=self._now_s(),
            lifetime_s=limits.REQUEST_LIFETIME_S_MAX,
            reference=reference,
            tip_max_minor=tip_max_minor,
            hold_h=hold_h,
        )
        try:
            return ShownRequest(sealed=seal(request, self._signer, embedded=self._certificate))
        except MalformedMessageError as error:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, error.message, param=error.param) from error

    def accept_offline(self, shown: ShownRequest, intent_text: str) -> str:
        """Check an intent without the network, as a till does, and say so: text of a receipt for the wallet.

        Raises:
            MalformedMessageError: not an intent.
            RuleViolationError: it does not answer this request, or its token does not cover it.
        """
        check_kind(intent_text, str, param="intent_text")
        verified = verify_intent(qr.from_text(intent_text), self._trust, at_s=self._now_s())
        asked = verify_request(shown.sealed.envelope, self._trust, at_s=self._now_s())
        intent, request = verified.intent.message, asked.request.message
        check_intent_answers(intent, verified.token.message, request=request, request_digest=asked.request.digest)
        check_token_allows(intent, verified.token.message)
        receipt = Receipt(
            terminal_id=asked.certificate.message.terminal_id,
            request_id=request.request_id,
            consent_digest=verified.intent.digest,
            amount_minor=intent.amount_minor,
            currency=request.currency,
            state=State.AUTHORIZED,
            at_s=self._now_s(),
        )
        return qr.to_text(seal(receipt, self._signer).envelope)

    def claim(self, shown: ShownRequest, consent_text: str) -> api.PaymentAnswer:
        """Claim what a wallet showed, an intent or a code, and hear what became of it.

        Raises:
            TillcodeError: the batch was refused as a whole, or the server cannot be asked.
        """
        check_kind(consent_text, str, param="consent_text")
        claim = Claim(request=shown.sealed.envelope, consent=qr.from_text(consent_text))
        batch = seal(CaptureBatch(made_at_s=self._now_s(), claims=(claim,)), self._signer)
        (outcome,) = self._client.post_message(api.PATH_CAPTURES, batch.envelope, api.CaptureAnswer).outcomes
        return outcome

    def new_id(self) -> RequestId:
        """An id for a refund. Keep it before you refund: it is what makes a second call the same refund."""
        return RequestId(time_ordered_id(self._clock.now_ms(), self._random.random_bytes(6)))

    def refund(
        self, shown: ShownRequest, *, refund_id: RequestId, amount_minor: int, reason: str = "returned"
    ) -> api.RefundAnswer:
        """Give back a part of a payment, or all of it. The same id gives back once, however often it is called.

        Raises:
            MisuseError: BAD_ARGUMENT for an id that is not 12 bytes.
            RuleViolationError: AMOUNT_MISMATCH when less than that is left, UNKNOWN_PAYMENT, BAD_TRANSITION when it is
                not captured, CONTENT_CONFLICT when the id was another refund's.
            UnavailableError: the server cannot be asked, or its answer was lost; call again with the same id.
        """
        if type(refund_id) is not bytes or len(refund_id) != limits.REQUEST_ID_BYTES:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"an id is {limits.REQUEST_ID_BYTES} bytes", param="refund_id")
        check_whole(amount_minor, lowest=1, highest=limits.AMOUNT_MINOR_MAX, param="amount_minor")
        check_kind(reason, str, param="reason")
        request = shown.sealed.message
        asked = Refund(
            refund_id=refund_id,
            request_id=request.request_id,
            amount_minor=amount_minor,
            currency=request.currency,
            reason=reason,
            made_at_s=self._now_s(),
        )
        sealed = self._refunds.setdefault(refund_id, seal(asked, self._signer))
        if sealed.message != replace(asked, made_at_s=sealed.message.made_at_s):
            raise RuleViolationError(
                ErrorCode.CONTENT_CONFLICT, "the id was used for another refund", param="refund_id"
            )
        return self._client.post_message(api.PATH_REFUNDS, sealed.envelope, api.RefundAnswer)

    def outcome_of(self, shown: ShownRequest) -> api.PaymentAnswer:
        """What the server says of a request: state REQUESTED as long as nobody has answered it.

        Raises:
            TillcodeError: the server cannot be asked, or no longer hears this terminal.
        """
        path = api.payment_path(shown.sealed.message.request_id)
        return self._client.get(path, api.PaymentAnswer, signer=self._signer)

    def close(self) -> None:
        """Close its sender; may be called twice."""
        self._client.close()

    def _now_s(self) -> int:
        return self._clock.now_ms() // 1000
