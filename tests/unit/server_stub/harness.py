"""A server in this process, and the two devices that talk to it: what the tests of the server are written with.

Devices make real messages and send them through a ``Call``, which is either the ASGI app or a real connection.
"""

import asyncio
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from server_stub.__main__ import run
from server_stub.audit import AuditReport, audit
from server_stub.bootstrap import opened_desk
from server_stub.config import CONFIG_FILE, LEDGER_FILE, ServerConfig
from server_stub.faults import Faults
from server_stub.ledger import AccountKind
from server_stub.routes import Desk, create_app
from server_stub.service.administration import MerchantDetails, add_merchant, found, terminal_code, wallet_code
from server_stub.service.api_keys import AddKey, new_key
from server_stub.store.callers import MERCHANT_SCOPES, OPERATOR_SCOPES, Scope
from server_stub.store.tables.parties import ACCOUNTS
from server_stub.timekeeper import Timekeeper
from tests.unit.server_stub.asking import Answer, Call, asked_of
from wallet_sdk.ports import Clock
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed, open_unverified, seal
from wallet_sdk.protocol.ids import Counter, Envelope, MerchantId, RequestId, time_ordered_id
from wallet_sdk.protocol.messages import (
    NO_ENVELOPE,
    AuthorizationMode,
    CaptureBatch,
    Claim,
    CloseRequest,
    Enrolment,
    HoldCapture,
    PaymentCode,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    ReadRequest,
    Receipts,
    Refund,
    TerminalCertificate,
    TokenClosing,
    TokenRequest,
)
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.testing import FrozenClock, SeededRandom

ONLINE, OFFLINE = AuthorizationMode.ONLINE, AuthorizationMode.OFFLINE
NEVER_S = 2**32 - 1

SealedConsent = Sealed[PaymentIntent] | Sealed[PaymentCode]


@dataclass(slots=True, kw_only=True)
class TestTerminal:
    """A terminal that does what it is told, right or wrong."""

    __test__ = False
    call: Call
    clock: Clock
    random: SeededRandom
    signer: SoftwareSigner
    certificate: Envelope = field(default=Envelope(b""))

    def enrol(self, code: str) -> Answer:
        message = Enrolment(activation_code=code, public_key=self.signer.public_key, made_at_s=self.now_s())
        answer = self.call("POST", api.PATH_ENROL_TERMINAL, seal(message, self.signer).envelope, "")
        if answer.http_status == 200:
            self.certificate = Envelope(api.from_base64url(answer.content["certificate"]))
        return answer

    @property
    def message(self) -> TerminalCertificate:
        return open_unverified(self.certificate, TerminalCertificate).message

    def now_s(self) -> int:
        return self.clock.now_ms() // 1000

    def request(
        self,
        amount_minor: int = 1250,
        *,
        request_id: bytes = b"",
        currency: Currency = Currency.EUR,
        tip_max_minor: int = 0,
        hold_h: int = 0,
    ) -> Sealed[PaymentRequest]:
        message = PaymentRequest(
            request_id=RequestId(request_id or time_ordered_id(self.clock.now_ms(), self.random.random_bytes(6))),
            amount_minor=amount_minor,
            currency=currency,
            issued_at_s=self.now_s(),
            lifetime_s=120,
            tip_max_minor=tip_max_minor,
            hold_h=hold_h,
        )
        return seal(message, self.signer, embedded=self.certificate)

    def batch(
        self, *claims: tuple[Sealed[PaymentRequest], SealedConsent], receipts: Receipts = Receipts.EACH
    ) -> Envelope:
        made = tuple(Claim(request=request.envelope, consent=consent.envelope) for request, consent in claims)
        return seal(CaptureBatch(made_at_s=self.now_s(), claims=made, receipts=receipts), self.signer).envelope

    def capture(self, *claims: tuple[Sealed[PaymentRequest], SealedConsent]) -> list[dict[str, Any]]:
        outcomes = self.call("POST", api.PATH_CAPTURES, self.batch(*claims), "").ok()["outcomes"]
        assert isinstance(outcomes, list)
        assert len(outcomes) == len(claims)
        return outcomes

    def close(self, request: Sealed[PaymentRequest]) -> dict[str, Any]:
        return self.call("POST", api.PATH_CLOSURES, self.closing(request), "").ok()

    def closing(self, request: Sealed[PaymentRequest]) -> Envelope:
        message = CloseRequest(request_id=request.message.request_id, made_at_s=self.now_s())
        return seal(message, self.signer).envelope

    def close_signed(self, request: Sealed[PaymentRequest], *, closing: Envelope = NO_ENVELOPE) -> Answer:
        """Close a request that is handed in too, so that the answer can be signed."""
        closing = closing or self.closing(request)
        body = api.ClosureBody(closing=api.to_base64url(closing), request=api.to_base64url(request.envelope))
        return self.call("POST", api.PATH_CLOSURES, api.to_json(body), "")

    def refund(self, request: Sealed[PaymentRequest], amount_minor: int, **changes: Any) -> Sealed[Refund]:
        message = Refund(
            refund_id=RequestId(time_ordered_id(self.clock.now_ms(), self.random.random_bytes(6))),
            request_id=request.message.request_id,
            amount_minor=amount_minor,
            currency=request.message.currency,
            reason="",
            made_at_s=self.now_s(),
        )
        return seal(replace(message, **changes), self.signer)

    def send_refund(self, refund: Sealed[Refund]) -> Answer:
        return self.call("POST", api.PATH_REFUNDS, refund.envelope, "")

    def end_hold(self, request: Sealed[PaymentRequest], amount_minor: int, **changes: Any) -> Answer:
        """Take a part of a hold, or nothing of it."""
        message = HoldCapture(
            request_id=request.message.request_id,
            amount_minor=amount_minor,
            currency=request.message.currency,
            made_at_s=self.now_s(),
        )
        return self.call("POST", api.PATH_HOLD_CAPTURES, seal(replace(message, **changes), self.signer).envelope, "")

    def read(self, path: str, *, query: str = "", signed_path: str = "") -> Answer:
        return self.call("GET", path + query, b"", self.authorization(signed_path or path))

    def authorization(self, path: str) -> str:
        return credentials_of(seal(ReadRequest(path=path, made_at_s=self.now_s()), self.signer).envelope)


@dataclass(slots=True, kw_only=True)
class TestWallet:
    """A wallet that does what it is told; honest as long as it is not told a counter or a sum."""

    __test__ = False
    call: Call
    clock: Clock
    random: SeededRandom
    signer: SoftwareSigner
    token: Sealed[PaymentToken] | None = None
    token_signer: SoftwareSigner | None = None
    counter: int = 0
    spent_minor: int = 0

    def now_s(self) -> int:
        return self.clock.now_ms() // 1000

    def new_id(self) -> RequestId:
        return RequestId(time_ordered_id(self.clock.now_ms(), self.random.random_bytes(6)))

    def enrol(self, code: str) -> Answer:
        message = Enrolment(activation_code=code, public_key=self.signer.public_key, made_at_s=self.now_s())
        return self.call("POST", api.PATH_ENROL_WALLET, seal(message, self.signer).envelope, "")

    def closing(self, **changes: Any) -> Envelope:
        """The closing of the current token, empty before the first; by the token's key unless another is given."""
        if self.token is None or self.token_signer is None:
            return NO_ENVELOPE
        signer = changes.pop("signer", self.token_signer)
        message = TokenClosing(token_id=self.token.message.token_id, spent_minor=self.spent_minor)
        return seal(replace(message, **changes), signer).envelope

    def token_request(
        self, total_max_minor: int = 5_000, *, token_signer: SoftwareSigner | None = None, **changes: Any
    ) -> Envelope:
        message = TokenRequest(
            issue_id=self.new_id(),
            made_at_s=self.now_s(),
            total_max_minor=total_max_minor,
            token_key=(token_signer or SoftwareSigner(self.random.random_bytes(32))).public_key,
            closing=self.closing(),
        )
        return seal(replace(message, **changes), self.signer).envelope

    def renew(self, total_max_minor: int = 5_000, **changes: Any) -> Answer:
        fresh = SoftwareSigner(self.random.random_bytes(32))
        request = self.token_request(total_max_minor, token_signer=fresh, **changes)
        answer = self.call("POST", api.PATH_TOKENS, request, "")
        if answer.http_status == 200:
            self.token = open_unverified(api.from_base64url(answer.content["token"]), PaymentToken)
            self.token_signer = fresh
            self.counter = self.spent_minor = 0
        return answer

    def intent(
        self,
        request: Sealed[PaymentRequest],
        mode: AuthorizationMode = OFFLINE,
        *,
        counter: int | None = None,
        amount_minor: int | None = None,
        cumulative_minor: int | None = None,
    ) -> Sealed[PaymentIntent]:
        assert self.token is not None
        assert self.token_signer is not None
        amount = request.message.amount_minor if amount_minor is None else amount_minor
        if counter is None:
            self.counter += 1
        if mode is OFFLINE and cumulative_minor is None:
            self.spent_minor += amount
        message = PaymentIntent(
            counter=Counter(counter or self.counter),
            amount_minor=amount,
            cumulative_minor=self.spent_minor if cumulative_minor is None else cumulative_minor,
            request_digest=request.digest,
            mode=mode,
        )
        return seal(message, self.token_signer, embedded=self.token.envelope)

    def code(self, *, ceiling_minor: int = 5_000) -> Sealed[PaymentCode]:
        assert self.token is not None
        assert self.token_signer is not None
        self.counter += 1
        message = PaymentCode(
            counter=Counter(self.counter), issued_at_s=self.now_s(), lifetime_s=60, ceiling_minor=ceiling_minor
        )
        return seal(message, self.token_signer, embedded=self.token.envelope)

    def send(self, request: bytes, intent: bytes) -> Answer:
        body = api.to_json(api.IntentBody(intent=api.to_base64url(intent), request=api.to_base64url(request)))
        return self.call("POST", api.PATH_INTENTS, body, "")

    def pay(self, request: Sealed[PaymentRequest]) -> dict[str, Any]:
        return self.send(request.envelope, self.intent(request, ONLINE).envelope).ok()

    def read(self, path: str, *, query: str = "", signed_path: str = "") -> Answer:
        return self.call("GET", path + query, b"", self.authorization(signed_path or path))

    def authorization(self, path: str) -> str:
        return credentials_of(seal(ReadRequest(path=path, made_at_s=self.now_s()), self.signer).envelope)

    def balance(self) -> tuple[int, int]:
        """Available and in escrow, minor units."""
        content = self.read(api.PATH_BALANCE).ok()
        return content["available_minor"], content["escrow_minor"]


@dataclass(slots=True, kw_only=True)
class House:
    """One server in this process with a clock that stands still, and its first merchant."""

    folder: Path
    desk: Desk
    clock: FrozenClock
    random: SeededRandom
    merchant_id: MerchantId
    #: An event loop for all calls, for whoever makes thousands; none, and each has its own.
    runner: asyncio.Runner | None = None
    app: ASGIApp = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.desk)

    @property
    def ledger(self) -> Path:
        return self.folder / LEDGER_FILE

    def call(self, method: str, path: str, body: bytes, authorization: str) -> Answer:
        asking = self.acall(method, path, body, authorization)
        return asyncio.run(asking) if self.runner is None else self.runner.run(asking)

    def new_key(self, merchant_id: MerchantId | None, *scopes: Scope) -> str:
        """An API key of a merchant, or with None of the operator: with these scopes, or all that it can have."""
        wanted = scopes or (OPERATOR_SCOPES if merchant_id is None else MERCHANT_SCOPES)
        made = new_key(self.random, merchant_id=merchant_id, scopes=wanted, label="test", at_s=1)
        self.desk.operator.committer.submit(AddKey(key=made.key)).result()
        return made.text

    def ask(self, method: str, path: str, key: str = "", content: object = None) -> Answer:
        """One request with an API key, and a body of JSON if there is one."""
        return self.call(method, path, b"" if content is None else json.dumps(content).encode(), f"Bearer {key}")

    async def acall(self, method: str, path: str, body: bytes = b"", authorization: str = "") -> Answer:
        return await asked_of(self.app, method, path, body, {"authorization": authorization} if authorization else {})

    def command(self, *words: str) -> int:
        """``tillcode-server`` over this house's folder, by this house's clock."""
        return run(["--data", str(self.folder), *words], clock=self.clock, random=self.random)

    def new_signer(self) -> SoftwareSigner:
        return SoftwareSigner(self.random.random_bytes(32))

    def terminal(self, merchant_id: MerchantId | None = None) -> TestTerminal:
        """A terminal, enrolled."""
        code = terminal_code(
            self.desk.operator.store, merchant_id or self.merchant_id, random=self.random, expires_at_s=NEVER_S
        )
        terminal = TestTerminal(call=self.call, clock=self.clock, random=self.random, signer=self.new_signer())
        terminal.enrol(code).ok()
        return terminal

    def wallet(
        self, funds_minor: int = 10_000, *, total_max_minor: int = 5_000, currency: Currency = Currency.EUR
    ) -> TestWallet:
        """A wallet, enrolled, funded and with a token."""
        funds = Money(minor=funds_minor, currency=currency)
        code = self.wallet_code(funds)
        wallet = TestWallet(call=self.call, clock=self.clock, random=self.random, signer=self.new_signer())
        wallet.enrol(code).ok()
        wallet.renew(total_max_minor).ok()
        return wallet

    def wallet_code(self, funds: Money) -> str:
        """A code that lets one wallet in, with funds of any size."""
        operator = self.desk.operator
        return wallet_code(
            operator.store,
            funds,
            ring=operator.signers.receipt,
            random=self.random,
            at_s=operator.now_s(),
            expires_at_s=NEVER_S,
        )

    def look(self) -> None:
        """What the server's timekeeper does each second."""
        Timekeeper(self.desk.operator).look()

    def audit(self) -> AuditReport:
        return audit(self.desk.operator.store)

    def assert_clean(self) -> None:
        """Every invariant of the ledger holds."""
        report = self.audit()
        assert not report.findings, report.findings

    def balances(self) -> dict[tuple[AccountKind, str], int]:
        """Every account's balance, minor units."""
        with self.desk.operator.store.reading() as reader:
            return {(account.kind, account.holder): account.balance_minor for account in reader.list_all(ACCOUNTS)}

    def payable_minor(self) -> int:
        """What the first merchant has earned."""
        return self.balances().get((AccountKind.MERCHANT_PAYABLE, str(self.merchant_id)), 0)


@contextmanager
def opened_house(
    folder: Path, *, config: ServerConfig | None = None, seed: int = 1, clock: FrozenClock | None = None
) -> Generator[House]:
    """Found a server, or open one that was founded, in this process."""
    clock, random = clock or FrozenClock(), SeededRandom(seed)
    if not (folder / CONFIG_FILE).exists():
        found(folder, config=config or ServerConfig(), random=random, now_s=clock.now_ms() // 1000)
    with opened_desk(folder, clock=clock, random=random, faults=Faults()) as desk:
        details = MerchantDetails(
            name="Café Mole", city="Lisboa", country="PT", mcc=5812, currencies=(Currency.EUR, Currency.JPY)
        )
        merchant_id = add_merchant(desk.operator.store, details).merchant_id
        with asyncio.Runner() as runner:
            house = House(folder=folder, desk=desk, clock=clock, random=random, merchant_id=merchant_id, runner=runner)
            yield house


def credentials_of(envelope: Envelope) -> str:
    """The header of a signed read."""
    return f"{api.AUTHORIZATION_SCHEME} {api.to_base64url(envelope)}"
