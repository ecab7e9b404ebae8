"""A server in memory behind the Sender port, with faults, and a store that crashes on command."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, RuleViolationError, TillcodeError, UnavailableError
from wallet_sdk.protocol.ids import Digest, Envelope, PublicKeyBytes, RequestId, TerminalId, TokenId
from wallet_sdk.protocol.messages import (
    Denylist,
    Grade,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    ReadRequest,
    Receipt,
    TokenClosing,
    TokenRequest,
    TrustBundle,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State
from wallet_sdk.protocol.trust import (
    verify_enrolment,
    verify_from_device,
    verify_intent,
    verify_request,
)
from wallet_sdk.store import NO_RECEIPT, ConsentRecord, MemoryWalletStore, Outcome, Reservation
from wallet_sdk.testing import FrozenClock, Scheme


class Fault(Enum):
    """What goes wrong with one send."""

    NONE = auto()
    UNREACHABLE = auto()
    NO_PLACE = auto()
    NOT_THE_SERVER = auto()
    LOST_BEFORE = auto()
    LOST_AFTER = auto()
    DUPLICATED = auto()
    CUT = auto()
    MALFORMED = auto()
    BROKEN = auto()
    BUSY = auto()
    NOT_OURS = auto()


_NOTHING_LEFT = {
    Fault.UNREACHABLE: ErrorCode.NETWORK_UNREACHABLE,
    Fault.NO_PLACE: ErrorCode.NO_FREE_CONNECTION,
    Fault.NOT_THE_SERVER: ErrorCode.TLS_FAILED,
}


@dataclass(slots=True)
class FakeServer:
    """Plays issuer and acquirer for one wallet. ``faults`` are used up, one a send; then all is well."""

    scheme: Scheme
    clock: FrozenClock
    faults: list[Fault] = field(default_factory=list)
    refuse_intents_with: ErrorCode | None = None
    signs_refusals: bool = True
    available_minor: int = 100_000
    token_total_minor: int = 20_000
    count_max: int = 1_000
    settles_as: State = State.CAPTURED
    bundle_version: int = 1
    retry_after_s: int = 1
    call_id: str = ""
    receipt_minor_added: int = 0
    refuse_closings_with: ErrorCode | None = None
    refuse_tokens: RuleViolationError | None = None
    device_key: PublicKeyBytes | None = None
    received: list[HttpRequest] = field(default_factory=list)
    settled: dict[Digest, api.PaymentAnswer] = field(default_factory=dict)
    refunds: list[api.RefundReceived] = field(default_factory=list)
    refunds_asked: list[int] = field(default_factory=list)
    tokens: dict[RequestId, Sealed[PaymentToken]] = field(default_factory=dict)
    bundles: dict[int, Sealed[TrustBundle]] = field(default_factory=dict)
    denylists: list[Sealed[Denylist]] = field(default_factory=list)
    closed_at_minor: dict[TokenId, int] = field(default_factory=dict)

    def send(self, request: HttpRequest) -> HttpAnswer:
        self.received.append(request)
        fault = self.faults.pop(0) if self.faults else Fault.NONE
        if fault in _NOTHING_LEFT:
            raise UnavailableError(_NOTHING_LEFT[fault], "no connection")
        if fault is Fault.LOST_BEFORE:
            raise UnavailableError(ErrorCode.NETWORK_TIMEOUT, "lost", outcome=MoneyOutcome.UNKNOWN)
        if fault is Fault.BUSY:
            busy = UnavailableError(ErrorCode.SERVER_BUSY, "busy")
            return replace(self._problem(busy), retry_after_s=self.retry_after_s)
        answer = self._answer(request)
        if fault is Fault.DUPLICATED:
            answer = self._answer(request)
        return self._spoilt(answer, fault)

    def _spoilt(self, answer: HttpAnswer, fault: Fault) -> HttpAnswer:
        """What becomes of an answer on its way, when the request was carried out."""
        if fault is Fault.CUT:
            raise UnavailableError(ErrorCode.BAD_ANSWER, "cut in its middle", outcome=MoneyOutcome.UNKNOWN)
        if fault is Fault.LOST_AFTER:
            raise UnavailableError(ErrorCode.NETWORK_TIMEOUT, "lost", outcome=MoneyOutcome.UNKNOWN)
        if fault is Fault.MALFORMED:
            return replace(answer, body=answer.body[:-2])
        if fault is Fault.BROKEN:
            return self._problem(UnavailableError(ErrorCode.SERVER_ERROR, "broken"))
        if fault is Fault.NOT_OURS:
            return HttpAnswer(http_status=502, body=b"<html>proxy</html>", content_type="text/html")
        return answer

    def close(self) -> None:
        """Nothing to give back."""

    def paths(self, prefix: str) -> list[HttpRequest]:
        """The requests received under a path."""
        return [request for request in self.received if request.path.startswith(prefix)]

    def capture(self, consent: Envelope, request: Envelope) -> Envelope:
        """Settle a consent as if a terminal had claimed it; returns the receipt."""
        answer = self._settle(consent, request)
        return Envelope(api.from_base64url(answer.receipt))

    def settle_code(self, digest: Digest, *, amount_minor: int) -> None:
        """Settle a customer-presented code."""
        receipt = self.receipt(RequestId(self.scheme.new_id()), digest, amount_minor=amount_minor)
        self.settled[digest] = self._paid(receipt)

    def receipt(self, request_id: RequestId, digest: Digest, *, amount_minor: int) -> Sealed[Receipt]:
        """An operator's receipt."""
        return seal(
            Receipt(
                request_id=request_id,
                terminal_id=TerminalId(2001),
                consent_digest=digest,
                amount_minor=amount_minor + self.receipt_minor_added,
                currency=Currency.EUR,
                state=self.settles_as,
                at_s=self._now_s(),
            ),
            self.scheme.receipt_signer,
        )

    def _answer(self, request: HttpRequest) -> HttpAnswer:
        routes: dict[str, Callable[[HttpRequest], object]] = {
            api.PATH_TRUST: lambda _: api.TrustAnswer(bundle=api.to_base64url(self._bundle().envelope)),
            api.PATH_DENYLIST: self._denylist,
            api.PATH_ENROL_WALLET: self._enrol,
            api.PATH_TOKENS: self._issue,
            api.PATH_INTENTS: self._take_intent,
            api.PATH_BALANCE: self._balance,
            api.PATH_REFUNDS: self._list_refunds,
        }
        path = request.path.partition("?")[0]
        route = routes.get(path, self._consent)
        try:
            return HttpAnswer(http_status=200, body=api.to_json(route(request)), content_type=api.JSON)
        except TillcodeError as error:
            return self._problem(error)

    def _problem(self, error: TillcodeError) -> HttpAnswer:
        problem = api.problem_of(error)
        return HttpAnswer(
            http_status=int(api.http_status_of(error.code)),
            body=api.to_json(problem),
            content_type=api.PROBLEM,
            call_id=self.call_id,
        )

    def _bundle(self) -> Sealed[TrustBundle]:
        if self.bundle_version not in self.bundles:
            self.bundles[self.bundle_version] = self.scheme.bundle(version=self.bundle_version)
        return self.bundles[self.bundle_version]

    def _denylist(self, request: HttpRequest) -> api.DenylistAnswer:
        """Lists that a wallet has not seen; after the newest, that one again."""
        since = int(request.path.partition("since=")[2])
        lists = [one for one in self.denylists if since == 0 or one.message.base]
        wanted = next((one for one in lists if one.message.number > since), lists[-1] if lists else None)
        if wanted is None:
            return api.DenylistAnswer(number=0, newest=0, denylist="")
        return api.DenylistAnswer(
            number=wanted.message.number,
            newest=self.denylists[-1].message.number,
            denylist=api.to_base64url(wanted.envelope),
        )

    def _enrol(self, request: HttpRequest) -> api.WalletEnrolled:
        enrolment = verify_enrolment(request.body).message
        if enrolment.activation_code != "GOOD-CODE" or self.device_key not in {None, enrolment.public_key}:
            raise RuleViolationError(ErrorCode.UNKNOWN_ACTIVATION_CODE, "unknown")
        self.device_key = enrolment.public_key
        return api.WalletEnrolled(
            bundle=api.to_base64url(self._bundle().envelope),
            root_key=api.to_base64url(self.scheme.root.public_key),
            wallet_id=7,
            currency="EUR",
        )

    def _issue(self, request: HttpRequest) -> api.TokenIssued:
        assert self.device_key is not None
        asked = verify_from_device(request.body, TokenRequest, device_key=self.device_key).message
        if self.refuse_tokens is not None:
            raise self.refuse_tokens
        if asked.issue_id not in self.tokens:
            if asked.closing and self.refuse_closings_with is not None:
                raise RuleViolationError(self.refuse_closings_with, "less than was seen")
            if asked.closing:
                self._close(asked.closing)
            token = PaymentToken(
                token_id=TokenId(self.scheme.new_id()),
                device_key=asked.token_key,
                currency=Currency.EUR,
                payment_max_minor=5_000,
                total_max_minor=min(asked.total_max_minor, self.token_total_minor),
                count_max=self.count_max,
                grade=Grade.VERIFIED,
                not_before_s=self._now_s(),
                lifetime_h=72,
            )
            self.tokens[asked.issue_id] = seal(token, self.scheme.token_issuer)
        return api.TokenIssued(token=api.to_base64url(self.tokens[asked.issue_id].envelope))

    def _close(self, closing: Envelope) -> None:
        token_id = open_unverified(closing, TokenClosing).message.token_id
        token = next(token.message for token in self.tokens.values() if token.message.token_id == token_id)
        closed = verify_from_device(closing, TokenClosing, device_key=token.device_key).message
        self.closed_at_minor[closed.token_id] = closed.spent_minor

    def _take_intent(self, request: HttpRequest) -> api.PaymentAnswer:
        body = api.parse_json(request.body, api.IntentBody)
        intent, asked = (Envelope(api.from_base64url(part)) for part in (body.intent, body.request))
        if self.refuse_intents_with is None:
            return self._settle(intent, asked)
        if not self.signs_refusals:
            raise RuleViolationError(self.refuse_intents_with, "refused")
        return self._decline(intent, asked, self.refuse_intents_with)

    def _decline(self, consent: Envelope, request: Envelope, code: ErrorCode) -> api.PaymentAnswer:
        """Refuse for ever, and sign that."""
        intent, asked = open_unverified(consent, PaymentIntent), open_unverified(request, PaymentRequest)
        receipt = replace(
            self.receipt(asked.message.request_id, intent.digest, amount_minor=intent.message.amount_minor).message,
            state=State.DECLINED,
        )
        signed = self._paid(seal(receipt, self.scheme.receipt_signer))
        return self.settled.setdefault(intent.digest, replace(signed, error_code=int(code)))

    def _settle(self, consent: Envelope, request: Envelope) -> api.PaymentAnswer:
        trust = self.scheme.trust()
        intent = verify_intent(consent, trust, at_s=self._now_s()).intent
        asked = verify_request(request, trust, at_s=self._now_s()).request
        assert intent.message.request_digest == asked.digest
        if intent.digest not in self.settled:
            receipt = self.receipt(asked.message.request_id, intent.digest, amount_minor=intent.message.amount_minor)
            self.available_minor -= intent.message.amount_minor
            self.settled[intent.digest] = self._paid(receipt)
        return self.settled[intent.digest]

    def _paid(self, receipt: Sealed[Receipt]) -> api.PaymentAnswer:
        return api.PaymentAnswer(
            request_id=api.to_base64url(receipt.message.request_id),
            state=receipt.message.state.name,
            receipt=api.to_base64url(receipt.envelope),
        )

    def _consent(self, request: HttpRequest) -> api.PaymentAnswer:
        self._authenticate(request)
        path = request.path.partition("?")[0]
        digest = Digest(api.from_base64url(path.removeprefix(api.PATH_CONSENTS + "/")))
        if digest not in self.settled:
            raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "unknown")
        return self.settled[digest]

    def _balance(self, request: HttpRequest) -> api.BalanceAnswer:
        self._authenticate(request)
        return api.BalanceAnswer(
            currency="EUR", available_minor=self.available_minor, escrow_minor=self.token_total_minor
        )

    def _list_refunds(self, request: HttpRequest) -> api.RefundsAnswer:
        """Two at a time."""
        self._authenticate(request)
        since_s = int(request.path.partition("?since=")[2])
        later = sorted((one for one in self.refunds if one.at_s >= since_s), key=lambda one: one.at_s)
        self.refunds_asked.append(since_s)
        return api.RefundsAnswer(refunds=tuple(later[:2]), has_more=len(later) > 2)

    def _authenticate(self, request: HttpRequest) -> None:
        scheme, _, signed = request.authorization.partition(" ")
        assert scheme == api.AUTHORIZATION_SCHEME
        assert self.device_key is not None
        read = verify_from_device(api.from_base64url(signed), ReadRequest, device_key=self.device_key).message
        assert read.path == request.path.partition("?")[0]

    def _now_s(self) -> int:
        return self.clock.now_ms() // 1000


class SimulatedCrash(BaseException):
    """The process dies here. No handler of the code under test may catch it."""


class CrashingStore(MemoryWalletStore):
    """Dies before or after the nth write, as the process would."""

    def __init__(self) -> None:
        super().__init__()
        self.writes_left: int | None = None

    def reserve_counter(
        self, token_id: TokenId, *, spend_minor: int, check: Callable[[Reservation], None]
    ) -> Reservation:
        self._step()
        reservation = super().reserve_counter(token_id, spend_minor=spend_minor, check=check)
        self._step()
        return reservation

    def add_consent(self, record: ConsentRecord) -> None:
        self._step()
        super().add_consent(record)
        self._step()

    def record_outcome(
        self, digest: Digest, outcome: Outcome, *, error_code: int = 0, receipt: Envelope = NO_RECEIPT
    ) -> None:
        self._step()
        super().record_outcome(digest, outcome, error_code=error_code, receipt=receipt)
        self._step()

    def _step(self) -> None:
        if self.writes_left is None:
            return
        if self.writes_left == 0:
            raise SimulatedCrash
        self.writes_left -= 1
