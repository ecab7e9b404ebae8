"""A small issuer behind a Sender, for tests of the demo wallet: one wallet, real signatures, an answer on demand."""

from dataclasses import dataclass, field

from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import open_unverified, peek_type, seal
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, RuleViolationError, UnavailableError
from wallet_sdk.protocol.ids import Digest, Envelope, PublicKeyBytes, RequestId, TerminalId, TokenId
from wallet_sdk.protocol.messages import (
    Enrolment,
    Grade,
    MessageType,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    Receipt,
    TokenRequest,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State
from wallet_sdk.testing import Scheme

FUNDED_MINOR = 200_00
_OK = 200


@dataclass
class DemoIssuer:
    """Answers what the demo wallet asks. ``refusal`` makes it refuse; ``loses_answers`` lets them get lost."""

    scheme: Scheme
    refusal: ErrorCode | None = None
    loses_answers: bool = False
    refuses_everything: bool = False
    available_minor: int = FUNDED_MINOR
    answers: dict[Digest, api.PaymentAnswer] = field(default_factory=dict)
    _device_key: PublicKeyBytes = field(init=False)

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Answer one request as the server would."""
        try:
            body = self._answer(request)
        except RuleViolationError as error:
            return HttpAnswer(
                http_status=int(api.http_status_of(error.code)),
                body=api.to_json(api.problem_of(error)),
                content_type=api.PROBLEM,
            )
        if self.loses_answers:
            raise UnavailableError(ErrorCode.NETWORK_TIMEOUT, "the answer is lost", outcome=MoneyOutcome.UNKNOWN)
        return HttpAnswer(http_status=_OK, body=api.to_json(body), content_type=api.JSON)

    def close(self) -> None:
        """Nothing is held."""

    def settle(
        self, consent_digest: Digest, *, request_id: RequestId, amount_minor: int, state: State = State.CAPTURED
    ) -> None:
        """Charge the wallet for a consent, or decline it for ever, and keep the signed receipt."""
        self.available_minor -= amount_minor if state.is_paid else 0
        receipt = seal(
            Receipt(
                terminal_id=TerminalId(2001),
                request_id=request_id,
                consent_digest=consent_digest,
                amount_minor=amount_minor,
                currency=Currency.EUR,
                state=state,
                at_s=self.scheme.now_s,
            ),
            self.scheme.receipt_signer,
        )
        self.answers[consent_digest] = api.PaymentAnswer(
            request_id=api.to_base64url(request_id),
            state=state.name,
            error_code=0 if state.is_paid else int(self.refusal or 0),
            receipt=api.to_base64url(receipt.envelope),
        )

    def _answer(self, request: HttpRequest) -> object:
        if self.refuses_everything:
            raise RuleViolationError(ErrorCode.REVOKED, "the wallet is blocked")
        path, _, _ = request.path.partition("?")
        trusted = {
            api.PATH_TRUST: api.TrustAnswer(bundle=api.to_base64url(self.scheme.bundle().envelope)),
            api.PATH_DENYLIST: api.DenylistAnswer(number=0, newest=0, denylist=""),
            api.PATH_REFUNDS: api.RefundsAnswer(refunds=(), has_more=False),
        }
        if path in trusted:
            return trusted[path]
        if path == api.PATH_ENROL_WALLET:
            return self._enrol(request.body)
        if path == api.PATH_TOKENS:
            return self._issue(request.body)
        if path == api.PATH_BALANCE:
            return api.BalanceAnswer(currency="EUR", available_minor=self.available_minor, escrow_minor=0)
        if path == api.PATH_INTENTS:
            return self._take(api.parse_json(request.body, api.IntentBody))
        digest = Digest(api.from_base64url(path.rpartition("/")[2]))
        if digest not in self.answers:
            raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "never heard of it")
        return self.answers[digest]

    def _enrol(self, body: bytes) -> api.WalletEnrolled:
        self._device_key = open_unverified(body, Enrolment).message.public_key
        return api.WalletEnrolled(
            bundle=api.to_base64url(self.scheme.bundle().envelope),
            root_key=api.to_base64url(self.scheme.root.public_key),
            wallet_id=1,
            currency="EUR",
        )

    def _issue(self, body: bytes) -> api.TokenIssued:
        asked = open_unverified(body, TokenRequest).message
        self.available_minor -= asked.total_max_minor
        token = PaymentToken(
            token_id=TokenId(self.scheme.new_id()),
            device_key=asked.token_key,
            currency=Currency.EUR,
            payment_max_minor=asked.total_max_minor,
            total_max_minor=asked.total_max_minor,
            count_max=1000,
            grade=Grade.VERIFIED,
            not_before_s=self.scheme.now_s - 60,
            lifetime_h=72,
        )
        return api.TokenIssued(token=api.to_base64url(seal(token, self.scheme.token_issuer).envelope))

    def _take(self, body: api.IntentBody) -> api.PaymentAnswer:
        intent = open_unverified(Envelope(api.from_base64url(body.intent)), PaymentIntent)
        request = api.from_base64url(body.request)
        # A printed code has no id; a payment of one is named by its intent.
        is_printed = peek_type(request) is MessageType.STATIC_CODE
        printed_id = RequestId(bytes(intent.digest[:12]))
        request_id = printed_id if is_printed else open_unverified(request, PaymentRequest).message.request_id
        if intent.digest not in self.answers:
            state = State.CAPTURED if self.refusal is None else State.DECLINED
            self.settle(intent.digest, request_id=request_id, amount_minor=intent.message.amount_minor, state=state)
        return self.answers[intent.digest]
