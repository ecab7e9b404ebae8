"""Just enough of a server for the terminal's tests: it pays what it is asked, once, and loses what it is told to."""

from dataclasses import dataclass, field, replace
from enum import Enum, unique

from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed, Signer, open_unverified, peek_type, seal
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, RuleViolationError, TillcodeError, UnavailableError
from wallet_sdk.protocol.ids import Digest, MerchantId, PublicKeyBytes, RequestId, TerminalId, TokenId
from wallet_sdk.protocol.messages import (
    NO_DIGEST,
    BatchReceipt,
    CaptureBatch,
    CertificateRequest,
    Claim,
    CloseRequest,
    Denylist,
    MessageType,
    PaymentCode,
    PaymentIntent,
    PaymentRequest,
    Receipt,
    Receipts,
    Refund,
    TerminalCertificate,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import OfflineLimits
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import verify_enrolment, verify_from_device
from wallet_sdk.testing import Scheme

SERVER_URL = "http://server.test"
LIMITS = OfflineLimits(
    payment_max_minor=5_000,
    stored_max_minor=50_000,
    stored_count_max=1_500,
    stored_age_max_s=72 * 3600,
    token_stored_max_minor=20_000,
)


@unique
class Road(Enum):
    """What happens to a call on its way."""

    CLEAR = "clear"
    DOWN = "no connection: nothing left"
    LOST_BEFORE = "left, never arrived, no answer"
    LOST_AFTER = "arrived and took effect, the answer was lost"
    GARBLED = "arrived and took effect, the answer is a hotel's log-in page"


@dataclass(slots=True)
class FakeServer:
    """Just enough of a server: it pays what it is asked, once, unless told to decline. Implements Sender."""

    scheme: Scheme
    limits: OfflineLimits = LIMITS
    road: Road = Road.CLEAR
    decline: ErrorCode | None = None
    refuse: ErrorCode | None = None
    unreadable: RequestId | None = None
    forget_with: ErrorCode | None = None
    undecided: bool = False
    unsigned: bool = False
    #: Who signs the receipt of a batch, for which terminal, and which intents it leaves out.
    batch_signer: Signer | None = None
    batch_terminal: TerminalId | None = None
    left_out: frozenset[Digest] = frozenset()
    bundle_version: int = 1
    terminal_key: PublicKeyBytes | None = None
    receipts: dict[RequestId, Sealed[Receipt]] = field(default_factory=dict)
    declined: dict[Digest, ErrorCode] = field(default_factory=dict)
    refuse_refunds: ErrorCode | None = None
    refunds: dict[RequestId, Sealed[Receipt]] = field(default_factory=dict)
    closed: set[RequestId] = field(default_factory=set)
    denylists: list[Sealed[Denylist]] = field(default_factory=list)
    forgotten: int = 0
    captures: list[tuple[RequestId, ...]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    #: What its clock says in each answer, seconds since the epoch; 0: nothing.
    date_s: int = 0

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Answer, or lose."""
        return replace(self._send(request), date_s=self.date_s)

    def _send(self, request: HttpRequest) -> HttpAnswer:
        self.calls.append(request.path)
        if self.road is Road.DOWN:
            raise UnavailableError(ErrorCode.NETWORK_UNREACHABLE, "no connection")
        if self.road is Road.LOST_BEFORE:
            raise _lost()
        try:
            answer = HttpAnswer(http_status=200, body=api.to_json(self._answer(request)), content_type=api.JSON)
        except TillcodeError as error:
            problem = api.problem_of(error)
            answer = HttpAnswer(
                http_status=int(api.http_status_of(error.code)), body=api.to_json(problem), content_type=api.PROBLEM
            )
        if self.road is Road.LOST_AFTER:
            raise _lost()
        if self.road is Road.GARBLED:
            return HttpAnswer(http_status=200, body=b"<html>Welcome, guest</html>", content_type="text/html")
        return answer

    def close(self) -> None:
        """Nothing is open."""

    def pay_online(self, request: Sealed[PaymentRequest]) -> Sealed[Receipt]:
        """A payer with network pays this request at the server."""
        return self._pay(request, consent_digest=Digest(b"\x07" * 32), amount_minor=request.message.amount_minor)

    def certificate(self) -> Sealed[TerminalCertificate]:
        """A certificate over the enrolled key, from now for a day."""
        assert self.terminal_key is not None
        return seal(
            TerminalCertificate(
                merchant_id=MerchantId(1001),
                terminal_id=TerminalId(2001),
                terminal_key=self.terminal_key,
                not_before_s=self.scheme.now_s,
                lifetime_h=24,
                merchant_name="Café Mole",
                merchant_city="Lisboa",
                country="PT",
                mcc=5812,
                currencies=(Currency.EUR,),
            ),
            self.scheme.terminal_ca,
        )

    def enrolled(self) -> api.TerminalEnrolled:
        """The answer to an enrolment and to a renewal."""
        return api.TerminalEnrolled(
            bundle=api.to_base64url(self.scheme.bundle(version=self.bundle_version).envelope),
            root_key=api.to_base64url(self.scheme.root.public_key),
            certificate=api.to_base64url(self.certificate().envelope),
            offline_limits={name: getattr(self.limits, name) for name in OfflineLimits.__dataclass_fields__},
        )

    def _answer(self, request: HttpRequest) -> object:
        if self.refuse is not None:
            raise RuleViolationError(self.refuse, "refused")
        path = request.path.partition("?")[0]
        match path:
            case api.PATH_HEALTH:
                return Healthy()
            case api.PATH_TRUST:
                return api.TrustAnswer(
                    bundle=api.to_base64url(self.scheme.bundle(version=self.bundle_version).envelope)
                )
            case api.PATH_DENYLIST:
                return self._denylist(since=int(request.path.partition("?since=")[2]))
            case api.PATH_ENROL_TERMINAL:
                self.terminal_key = verify_enrolment(request.body).message.public_key
                return self.enrolled()
            case _:
                return self._answer_terminal(path, request)

    def _answer_terminal(self, path: str, request: HttpRequest) -> object:
        assert self.terminal_key is not None
        match path:
            case api.PATH_CERTIFICATES:
                verify_from_device(request.body, CertificateRequest, device_key=self.terminal_key)
                return self.enrolled()
            case api.PATH_CAPTURES:
                batch = verify_from_device(request.body, CaptureBatch, device_key=self.terminal_key)
                requests = [open_unverified(claim.request, PaymentRequest).message for claim in batch.message.claims]
                if self.unreadable in [one.request_id for one in requests]:
                    raise RuleViolationError(ErrorCode.WRONG_TERMINAL, "refused")
                outcomes = tuple(self._capture(claim) for claim in batch.message.claims)
                self.captures.append(tuple(RequestId(api.from_base64url(one.request_id)) for one in outcomes))
                if batch.message.receipts is Receipts.EACH:
                    return api.CaptureAnswer(outcomes=outcomes)
                return self._together(outcomes)
            case api.PATH_REFUNDS:
                return self._refund(verify_from_device(request.body, Refund, device_key=self.terminal_key).message)
            case api.PATH_CLOSURES:
                return self._close(api.parse_json(request.body, api.ClosureBody))
            case _:
                assert request.authorization.startswith(api.AUTHORIZATION_SCHEME)
                return self._payment(RequestId(api.from_base64url(path.rpartition("/")[2])))

    def _capture(self, claim: Claim) -> api.PaymentAnswer:
        request = open_unverified(claim.request, PaymentRequest)
        request_id = request.message.request_id
        if self.undecided:
            return _answer(request_id, State.REQUESTED)
        if self.forget_with is not None:
            return _answer(request_id, State.DECLINED, self.forget_with)
        code = peek_type(claim.consent) is MessageType.PAYMENT_CODE
        digest = open_unverified(claim.consent, PaymentCode if code else PaymentIntent).digest
        paid = self.receipts.get(request_id)
        if paid is not None:
            other = paid.message.consent_digest != digest
            return self._paid(request_id, error_code=ErrorCode.ALREADY_PAID if other else 0)
        refusal = ErrorCode.REQUEST_NOT_OPEN if request_id in self.closed else self.declined.get(digest, self.decline)
        if refusal is not None:
            self.declined[digest] = refusal
            return self._refused(request.message, State.DECLINED, refusal, consent_digest=digest)
        amount_minor = (
            request.message.amount_minor if code else open_unverified(claim.consent, PaymentIntent).message.amount_minor
        )
        self._pay(request, consent_digest=digest, amount_minor=amount_minor)
        return self._paid(request_id)

    def _together(self, outcomes: tuple[api.PaymentAnswer, ...]) -> api.CaptureAnswer:
        """One receipt for all that is paid, as if each were an offline intent: in these tests it is. (R-128)"""
        paid = [one for one in outcomes if one.state == State.CAPTURED.name and not one.error_code]
        if not paid:
            return api.CaptureAnswer(outcomes=outcomes)
        ids = [RequestId(api.from_base64url(one.request_id)) for one in paid]
        digests = dict.fromkeys(self.receipts[one].message.consent_digest for one in ids)
        receipt = BatchReceipt(
            terminal_id=self.batch_terminal or TerminalId(2001),
            at_s=self.scheme.now_s,
            paid=tuple(one for one in digests if one not in self.left_out),
        )
        return api.CaptureAnswer(
            outcomes=tuple(replace(one, receipt="") if one in paid else one for one in outcomes),
            receipt=api.to_base64url(seal(receipt, self.batch_signer or self.scheme.receipt_signer).envelope),
        )

    def _close(self, body: api.ClosureBody) -> api.PaymentAnswer:
        assert self.terminal_key is not None
        closing = verify_from_device(api.from_base64url(body.closing), CloseRequest, device_key=self.terminal_key)
        request = open_unverified(api.from_base64url(body.request), PaymentRequest).message
        request_id = closing.message.request_id
        assert request.request_id == request_id
        if self.undecided:
            return _answer(request_id, State.REQUESTED)
        if request_id in self.receipts:
            return self._paid(request_id)
        self.closed.add(request_id)
        return self._refused(request, State.CANCELED)

    def _refused(
        self, request: PaymentRequest, state: State, error_code: int = 0, *, consent_digest: Digest = NO_DIGEST
    ) -> api.PaymentAnswer:
        """Not paid, in the operator's signed word; unless it is ``unsigned``."""
        receipt = Receipt(
            terminal_id=TerminalId(2001),
            request_id=request.request_id,
            consent_digest=consent_digest,
            amount_minor=request.amount_minor,
            currency=request.currency,
            state=state,
            at_s=self.scheme.now_s,
        )
        answer = _answer(request.request_id, state, error_code)
        if self.unsigned:
            return answer
        return replace(answer, receipt=api.to_base64url(seal(receipt, self.scheme.receipt_signer).envelope))

    def revoke(self, *, tokens: tuple[TokenId, ...]) -> None:
        """The next list, a delta on the one before."""
        number = len(self.denylists) + 1
        self.denylists.append(self.scheme.denylist(number=number, base=number - 1, tokens=tokens))

    def _denylist(self, *, since: int) -> api.DenylistAnswer:
        newest = len(self.denylists)
        if not newest:
            return api.DenylistAnswer(number=0, newest=0, denylist="")
        listed = self.denylists[min(since, newest - 1)]
        if since < self.forgotten:  # no delta on that list any more: only a full one, for who asks since 0
            everything = [one for each in self.denylists for one in each.message.token_ids]
            full = self.scheme.denylist(number=newest, tokens=everything)
            listed = self.denylists[self.forgotten] if since else full
        return api.DenylistAnswer(
            number=listed.message.number, newest=newest, denylist=api.to_base64url(listed.envelope)
        )

    def _refund(self, asked: Refund) -> api.RefundAnswer:
        paid = self.receipts.get(asked.request_id)
        if asked.refund_id not in self.refunds:
            if paid is None:
                raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "no such payment")
            given_minor = sum(one.message.amount_minor for one in self.refunds.values())
            if self.refuse_refunds is not None or given_minor + asked.amount_minor > paid.message.amount_minor:
                raise RuleViolationError(self.refuse_refunds or ErrorCode.AMOUNT_MISMATCH, "too much")
            receipt = Receipt(
                terminal_id=TerminalId(2001),
                request_id=asked.request_id,
                amount_minor=asked.amount_minor,
                currency=asked.currency,
                state=State.CAPTURED,
                at_s=self.scheme.now_s,
                refund_id=asked.refund_id,
            )
            self.refunds[asked.refund_id] = seal(receipt, self.scheme.receipt_signer)
        made = self.refunds[asked.refund_id]
        return api.RefundAnswer(
            refund_id=api.to_base64url(asked.refund_id),
            request_id=api.to_base64url(asked.request_id),
            amount_minor=made.message.amount_minor,
            currency=made.message.currency.name,
            receipt=api.to_base64url(made.envelope),
        )

    def _payment(self, request_id: RequestId) -> api.PaymentAnswer:
        return self._paid(request_id) if request_id in self.receipts else _answer(request_id, State.REQUESTED)

    def _pay(self, request: Sealed[PaymentRequest], *, consent_digest: Digest, amount_minor: int) -> Sealed[Receipt]:
        message = request.message
        receipt = Receipt(
            terminal_id=TerminalId(2001),
            request_id=message.request_id,
            consent_digest=consent_digest,
            amount_minor=amount_minor,
            currency=message.currency,
            state=State.CAPTURED,
            at_s=self.scheme.now_s,
        )
        self.receipts[message.request_id] = seal(receipt, self.scheme.receipt_signer)
        return self.receipts[message.request_id]

    def _paid(self, request_id: RequestId, *, error_code: int = 0) -> api.PaymentAnswer:
        return api.PaymentAnswer(
            request_id=api.to_base64url(request_id),
            state=State.CAPTURED.name,
            error_code=int(error_code),
            receipt=api.to_base64url(self.receipts[request_id].envelope),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Healthy:
    """The body of /healthz."""

    state: str = "ok"


def _lost() -> UnavailableError:
    return UnavailableError(ErrorCode.NETWORK_TIMEOUT, "no answer", outcome=MoneyOutcome.UNKNOWN)


def _answer(request_id: RequestId, state: State, error_code: int = 0) -> api.PaymentAnswer:
    return api.PaymentAnswer(request_id=api.to_base64url(request_id), state=state.name, error_code=int(error_code))
