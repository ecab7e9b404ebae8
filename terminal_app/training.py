"""Training: an operator, a server and a customer inside the till, with keys of their own and no money at all.

Nothing of it can be taken for real. The journal lies in a folder of its own, made anew each time; the request is signed
under a root that was made for this one training and is pinned by nobody, so a real wallet refuses it; and every screen
and paper is marked.
"""

from dataclasses import dataclass, field
from typing import Final

from terminal_app.office_commands import PracticeWay
from wallet_sdk.ports import Clock, HttpAnswer, HttpRequest, Random
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.envelope import Sealed, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError, TillcodeError
from wallet_sdk.protocol.ids import (
    Counter,
    Digest,
    Envelope,
    MerchantId,
    RequestId,
    TerminalId,
    TokenId,
    time_ordered_id,
)
from wallet_sdk.protocol.limits import CERTIFICATE_LIFETIME_H_MAX, TOKEN_COUNT_MAX
from wallet_sdk.protocol.messages import (
    NO_DIGEST,
    AuthorizationMode,
    CaptureBatch,
    CertificateRequest,
    CloseRequest,
    Grade,
    OperatorKey,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    Receipt,
    Refund,
    Role,
    TerminalCertificate,
    TrustBundle,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import OfflineLimits
from wallet_sdk.protocol.signing import SECRET_BYTES, SoftwareSigner
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_enrolment

#: What stands where the shop's name stands. Not translated: it is part of a signed certificate.
TRAINING_NAME: Final = "TRAINING"
TRAINING_URL: Final = "http://training.invalid"
TRAINING_CODE: Final = "TRAINING"
YEAR_S: Final = 365 * 86_400
#: Amounts that end in these figures are refused when they are paid online, so that a decline can be practised.
DECLINED_ENDING: Final = 99
LIMITS: Final = OfflineLimits(
    payment_max_minor=100_000,
    stored_max_minor=1_000_000,
    stored_count_max=100,
    stored_age_max_s=72 * 3600,
    token_stored_max_minor=1_000_000,
)


@dataclass(slots=True)
class PracticeOperator:
    """Plays everybody but the till. Implements Sender; one thread at a time, as the till's lanes are."""

    clock: Clock
    random: Random
    currency: Currency
    _keys: dict[str, SoftwareSigner] = field(default_factory=dict)
    _terminal_key: bytes = b""
    _receipts: dict[RequestId, Sealed[Receipt]] = field(default_factory=dict)
    _refunds: dict[RequestId, Sealed[Receipt]] = field(default_factory=dict)
    _closed: set[RequestId] = field(default_factory=set)
    _spent_minor: int = 0
    _counter: int = 0
    _token: Sealed[PaymentToken] | None = None

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Answer as the server would."""
        try:
            answer = self._answer(request)
        except TillcodeError as error:
            body = api.to_json(api.problem_of(error))
            return HttpAnswer(http_status=int(api.http_status_of(error.code)), body=body, content_type=api.PROBLEM)
        return HttpAnswer(http_status=200, body=api.to_json(answer), content_type=api.JSON)

    def close(self) -> None:
        """Nothing is open."""

    def answer_text(self, request: Sealed[PaymentRequest], way: PracticeWay = PracticeWay.OFFLINE) -> str:
        """What the practice customer holds before the scanner, for the request on the screen."""
        amount_minor = request.message.amount_minor
        mode = AuthorizationMode.OFFLINE if way is PracticeWay.OFFLINE else AuthorizationMode.ONLINE
        self._counter += 1
        self._spent_minor += amount_minor if mode is AuthorizationMode.OFFLINE else 0
        intent = PaymentIntent(
            counter=Counter(self._counter),
            amount_minor=amount_minor,
            cumulative_minor=self._spent_minor,
            request_digest=request.digest,
            mode=mode,
        )
        return qr.to_text(seal(intent, self._signer("device"), embedded=self._practice_token().envelope).envelope)

    # --- the server ---

    def _answer(self, request: HttpRequest) -> object:
        path = request.path.partition("?")[0]
        match path:
            case api.PATH_HEALTH:
                return _Healthy()
            case api.PATH_TRUST:
                return api.TrustAnswer(bundle=api.to_base64url(self._bundle().envelope))
            case api.PATH_ENROL_TERMINAL:
                self._terminal_key = verify_enrolment(request.body).message.public_key
                return self._enrolled()
            case api.PATH_CERTIFICATES:
                open_unverified(request.body, CertificateRequest)
                return self._enrolled()
            case api.PATH_CAPTURES:
                batch = open_unverified(request.body, CaptureBatch).message
                return api.CaptureAnswer(
                    outcomes=tuple(self._capture(claim.request, claim.consent) for claim in batch.claims)
                )
            case _:
                return self._answer_beside(path, request.body)

    def _answer_beside(self, path: str, body: bytes) -> object:
        if path == api.PATH_CLOSURES:
            return self._close(api.parse_json(body, api.ClosureBody))
        if path == api.PATH_REFUNDS:
            return self._refund(open_unverified(body, Refund).message)
        if path.startswith(f"{api.PATH_PAYMENTS}/"):
            return self._payment(RequestId(api.from_base64url(path.rpartition("/")[2])))
        raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "training has no such page")

    def _capture(self, request: Envelope, consent: Envelope) -> api.PaymentAnswer:
        asked = open_unverified(request, PaymentRequest).message
        if asked.request_id in self._receipts:
            return self._payment(asked.request_id)
        intent = _intent_of(consent)
        is_online = intent.message.mode is AuthorizationMode.ONLINE
        if asked.request_id in self._closed:
            return self._refused(asked, ErrorCode.REQUEST_NOT_OPEN, Digest(intent.digest))
        if asked.amount_minor % 100 == DECLINED_ENDING and is_online:
            return self._refused(asked, ErrorCode.INSUFFICIENT_FUNDS, Digest(intent.digest))
        receipt = Receipt(
            terminal_id=TerminalId(1),
            request_id=asked.request_id,
            consent_digest=Digest(intent.digest),
            amount_minor=intent.message.amount_minor,
            currency=asked.currency,
            state=State.CAPTURED,
            at_s=self._now_s(),
        )
        self._receipts[asked.request_id] = seal(receipt, self._signer("receipt"))
        return self._payment(asked.request_id)

    def _close(self, body: api.ClosureBody) -> api.PaymentAnswer:
        open_unverified(api.from_base64url(body.closing), CloseRequest)
        asked = open_unverified(api.from_base64url(body.request), PaymentRequest).message
        if asked.request_id in self._receipts:
            return self._payment(asked.request_id)
        self._closed.add(asked.request_id)
        word = self._unpaid(asked, State.CANCELED, consent_digest=NO_DIGEST)
        return _answered(asked.request_id, State.CANCELED, receipt=word.envelope)

    def _refused(self, asked: PaymentRequest, code: ErrorCode, consent_digest: Digest) -> api.PaymentAnswer:
        word = self._unpaid(asked, State.DECLINED, consent_digest=consent_digest)
        return _answered(asked.request_id, State.DECLINED, error_code=code, receipt=word.envelope)

    def _unpaid(self, asked: PaymentRequest, state: State, *, consent_digest: Digest) -> Sealed[Receipt]:
        """The operator's signed word that nothing was paid."""
        receipt = Receipt(
            terminal_id=TerminalId(1),
            request_id=asked.request_id,
            consent_digest=consent_digest,
            amount_minor=asked.amount_minor,
            currency=asked.currency,
            state=state,
            at_s=self._now_s(),
        )
        return seal(receipt, self._signer("receipt"))

    def _payment(self, request_id: RequestId) -> api.PaymentAnswer:
        receipt = self._receipts.get(request_id)
        if receipt is not None:
            return _answered(request_id, State.CAPTURED, receipt=receipt.envelope)
        return _answered(request_id, State.REQUESTED)

    def _refund(self, asked: Refund) -> api.RefundAnswer:
        if asked.request_id not in self._receipts:
            raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "no such payment in training", param="request_id")
        receipt = Receipt(
            terminal_id=TerminalId(1),
            request_id=asked.request_id,
            amount_minor=asked.amount_minor,
            currency=asked.currency,
            state=State.CAPTURED,
            at_s=self._now_s(),
            refund_id=asked.refund_id,
        )
        made = self._refunds.setdefault(asked.refund_id, seal(receipt, self._signer("receipt")))
        return api.RefundAnswer(
            refund_id=api.to_base64url(asked.refund_id),
            request_id=api.to_base64url(asked.request_id),
            amount_minor=made.message.amount_minor,
            currency=made.message.currency.name,
            receipt=api.to_base64url(made.envelope),
        )

    # --- the operator ---

    def _enrolled(self) -> api.TerminalEnrolled:
        certificate = TerminalCertificate(
            merchant_id=MerchantId(1),
            terminal_id=TerminalId(1),
            terminal_key=self._terminal_key,  # type: ignore[arg-type]  # 33 bytes, as verify_enrolment has checked
            not_before_s=self._now_s() - 3600,
            lifetime_h=CERTIFICATE_LIFETIME_H_MAX,
            merchant_name=TRAINING_NAME,
            merchant_city="",
            country="XX",
            mcc=5999,
            currencies=(self.currency,),
        )
        return api.TerminalEnrolled(
            bundle=api.to_base64url(self._bundle().envelope),
            root_key=api.to_base64url(self._signer("root").public_key),
            certificate=api.to_base64url(seal(certificate, self._signer("terminal_ca")).envelope),
            offline_limits={name: getattr(LIMITS, name) for name in OfflineLimits.__dataclass_fields__},
        )

    def _bundle(self) -> Sealed[TrustBundle]:
        now_s = self._now_s()
        keys = tuple(
            OperatorKey(
                role=role,
                public_key=self._signer(name).public_key,
                not_before_s=now_s - YEAR_S,
                expires_at_s=now_s + YEAR_S,
            )
            for role, name in (
                (Role.TERMINAL_CA, "terminal_ca"),
                (Role.TOKEN_ISSUER, "token_issuer"),
                (Role.RECEIPT, "receipt"),
            )
        )
        # Made anew at each asking, so its version must rise with the time in it.
        return seal(TrustBundle(version=now_s, made_at_s=now_s, keys=keys), self._signer("root"))

    def _practice_token(self) -> Sealed[PaymentToken]:
        if self._token is None or self._counter > TOKEN_COUNT_MAX // 2:
            now_s = self._now_s()
            token = PaymentToken(
                token_id=TokenId(time_ordered_id(now_s * 1000, self.random.random_bytes(6))),
                device_key=self._signer("device").public_key,
                currency=self.currency,
                payment_max_minor=LIMITS.payment_max_minor,
                total_max_minor=LIMITS.stored_max_minor * 1_000,
                count_max=TOKEN_COUNT_MAX,
                grade=Grade.VERIFIED,
                not_before_s=now_s - 3600,
                lifetime_h=72,
            )
            self._token = seal(token, self._signer("token_issuer"))
        return self._token

    def _signer(self, name: str) -> SoftwareSigner:
        return self._keys.setdefault(name, SoftwareSigner(self.random.random_bytes(SECRET_BYTES)))

    def _now_s(self) -> int:
        return self.clock.now_ms() // 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Healthy:
    state: str = "training"


def _intent_of(consent: Envelope) -> Sealed[PaymentIntent]:
    """The practice customer knows no payment codes: shown ones are practised with a real phone's own training."""
    try:
        return open_unverified(consent, PaymentIntent)
    except MalformedMessageError as error:
        raise RuleViolationError(ErrorCode.ONLINE_ONLY, "training takes answers only", param="consent") from error


def _answered(
    request_id: RequestId, state: State, *, error_code: int = 0, receipt: Envelope | None = None
) -> api.PaymentAnswer:
    return api.PaymentAnswer(
        request_id=api.to_base64url(request_id),
        state=state.name,
        error_code=int(error_code),
        receipt=api.to_base64url(receipt) if receipt is not None else "",
    )
