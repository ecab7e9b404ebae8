"""A server in this process, the devices and keys that ask it over HTTP, and the model that knows what it must say."""

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from server_stub.config import ServerConfig
from server_stub.risk.file import RISK_FILE
from server_stub.service.administration import found
from tests.unit.server_stub.asking import Answer
from tests.unit.server_stub.harness import House, SealedConsent, TestTerminal, TestWallet, opened_house
from tests.unit.server_stub.machine.model import CODE_CAP, Model
from tests.unit.server_stub.machine.things import (
    DAY_S,
    DECLINED,
    Ask,
    Bought,
    Consent,
    Mode,
    RefusedError,
    Shop,
    Till,
    Verdict,
)
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import MerchantId
from wallet_sdk.protocol.messages import CertificateRequest, PaymentRequest, Refund
from wallet_sdk.protocol.money import Currency
from wallet_sdk.testing import FROZEN_NOW_S, SeededRandom

FUNDS = 20_000
MEMORY = Path("/dev/shm")
#: A machine's whole life ends before the operator's keys do.
LIFE_S = 300 * DAY_S
CERTIFICATE_FRESH_S = 6 * DAY_S
RULES = f"""
[[cap]]
name = "codes"
mode = "enforce"
codes = ["payment_code"]
currency = "EUR"
payment_max_minor = {CODE_CAP}

[[amount]]
name = "watched"
mode = "shadow"
by = "merchant"
window_s = 3600
currency = "EUR"
amount_max_minor = 1
"""

#: Which of several; spread out, because Hypothesis likes small numbers and these would always be the first.
picks = st.integers(0, 2**16 - 1).map(lambda number: (number + 1) * 2_654_435_761 % 2**32 >> 12)
amounts = st.one_of(st.integers(1, 4_000), st.integers(1, 40))


@dataclass(slots=True, kw_only=True)
class Shown:
    """A request that was shown, and the model's word for it."""

    sealed: Sealed[PaymentRequest] = field(repr=False)
    ask: Ask
    #: The device of the till that showed it; another may have taken its number over since.
    device: TestTerminal = field(repr=False)


@dataclass(slots=True, kw_only=True)
class Signed:
    """A consent to a request that was shown."""

    shown: Shown
    sealed: SealedConsent = field(repr=False)
    consent: Consent
    #: Who has signed it; a phone that was replaced since may sign on.
    phone: TestWallet = field(repr=False)
    cumulative: int = 0


@dataclass(slots=True, kw_only=True)
class Office:
    """A merchant as an API key sees him."""

    merchant_id: MerchantId
    key: str
    endpoints: dict[int, tuple[int, set[str]]] = field(default_factory=dict)


class World(RuleBasedStateMachine):
    """One payer, one shop and one till to begin with. Rules are in the classes below this one."""

    #: Steps of all runs of a class, so that a test can say how many there were.
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        memory = MEMORY if MEMORY.is_dir() else None  # what a power cut does is asked elsewhere
        folder = Path(self.closing.enter_context(tempfile.TemporaryDirectory(dir=memory))) / "server"
        found(folder, config=self.config(), random=SeededRandom(1), now_s=FROZEN_NOW_S)
        (folder / RISK_FILE).write_text(RULES)
        self.house: House = self.closing.enter_context(self.opened(folder))
        self.operator_key = self.house.new_key(None)
        self.model = Model()
        self.wallets: list[TestWallet] = []
        self.tills: list[TestTerminal] = []
        self.certified_s: list[int] = []
        self.offices: list[Office] = []
        self.wallet_ids: list[int] = []
        #: The number of the allowance that each phone has, or had when it was lost.
        self.newest_of: dict[int, int] = {}
        #: Holders of accounts in the ledger, and the model's names of them.
        self.places: dict[str, str] = {"": ""}
        self.shown: list[Shown] = []
        self.signed: list[Signed] = []
        self.refunds: list[tuple[TestTerminal, Sealed[Refund], bytes]] = []
        self.spare_keys: list[tuple[int, str, bool]] = []
        self.open_office("EUR", "JPY")
        self.open_till(0)
        self.open_purse("EUR", FUNDS, 5_000)

    def config(self) -> ServerConfig:
        """The settings of one run; another machine may choose another database."""
        return ServerConfig()

    def opened(self, folder: Path) -> AbstractContextManager[House]:
        """The server of one run, on a ledger that was founded."""
        return opened_house(folder)

    def now_s(self) -> int:
        return self.house.clock.now_ms() // 1000

    def pass_time(self, seconds: int) -> None:
        """As much as the machine's life has left."""
        self.house.clock.advance(max(0, min(seconds, FROZEN_NOW_S + LIFE_S - self.now_s())))

    # --- letting in ---

    def open_office(self, *currencies: str) -> None:
        """A merchant, and a key that may do everything a merchant may."""
        asked = {"name": f"Shop {len(self.offices)}", "country": "PT", "currencies": currencies}
        made = self.house.ask("POST", "/v1/merchants", self.operator_key, asked).ok()
        merchant_id = MerchantId(made["merchant_id"])
        self.offices.append(Office(merchant_id=merchant_id, key=self.house.new_key(merchant_id)))
        self.places[str(merchant_id)] = str(len(self.model.shops))
        self.model.shops.append(Shop())

    def open_till(self, shop: int) -> None:
        """A terminal, let in with a code that its merchant's key has asked for."""
        code = self.house.ask("POST", "/v1/activation-codes", self.offices[shop].key).ok()["code"]
        till = TestTerminal(
            call=self.house.call, clock=self.house.clock, random=self.house.random, signer=self.house.new_signer()
        )
        till.enrol(code).ok()
        self.tills.append(till)
        self.certified_s.append(self.now_s())
        self.model.tills[len(self.tills) - 1] = Till(shop, self.now_s())

    def open_purse(self, currency: str, funds: int, asked: int) -> None:
        """A wallet with money and a token."""
        content = {"currency": currency, "funds_minor": funds}
        code = self.house.ask("POST", "/v1/wallets/activation-codes", self.operator_key, content).ok()["code"]
        wallet = TestWallet(
            call=self.house.call, clock=self.house.clock, random=self.house.random, signer=self.house.new_signer()
        )
        enrolled = wallet.enrol(code).ok()
        assert enrolled == wallet.enrol(code).ok(), "the same key gets the same answer again"
        self.wallets.append(wallet)
        payer = self.model.let_in(currency, funds)
        self.wallet_ids.append(enrolled["wallet_id"])
        self.places[str(enrolled["wallet_id"])] = str(payer)
        self.issue(payer, asked)

    def issue(self, payer: int, asked: int) -> None:
        """A new token for a wallet, as far as the model gives it one."""
        closes = self.wallets[payer].token is not None
        answer = self.wallets[payer].renew(asked)
        if self.expect_as_model(answer, lambda: self.model.issue(payer, asked, self.now_s(), closes=closes)):
            token = self.wallets[payer].token
            assert token is not None
            assert token.message.total_max_minor == self.model.purses[payer].newest.total
            self.newest_of[id(self.wallets[payer])] = len(self.model.purses[payer].allowances) - 1
            self.places[token.message.token_id.hex()] = f"{payer}.{len(self.model.purses[payer].allowances) - 1}"

    # --- asking and answering ---

    def show(self, till: int, amount: int, currency: str, *, name: bytes = b"", hold_h: int = 0) -> Shown:
        """A request of a till, whose certificate is renewed when it grows old."""
        terminal = self.tills[till]
        if self.now_s() - self.certified_s[till] > CERTIFICATE_FRESH_S and till not in self.model.blocked_tills:
            asked = seal(CertificateRequest(made_at_s=self.now_s()), terminal.signer).envelope
            answer = self.house.call("POST", api.PATH_CERTIFICATES, asked, "").ok()
            terminal.certificate = type(terminal.certificate)(api.from_base64url(answer["certificate"]))
            self.certified_s[till] = self.now_s()
        sealed = terminal.request(amount, request_id=name, currency=Currency[currency], hold_h=hold_h)
        ask = Ask(
            till=till,
            name=sealed.message.request_id,
            content=sealed.digest,
            amount=amount,
            currency=currency,
            made_at_s=self.now_s(),
            hold_h=hold_h,
        )
        shown = Shown(sealed=sealed, ask=ask, device=terminal)
        self.shown.append(shown)
        return shown

    def sign(self, payer: int, shown: Shown, mode: Mode, sealed: SealedConsent, *, ceiling: int = 0) -> Signed:
        """Note what a wallet has signed."""
        consent = Consent(
            payer=payer,
            allowance=len(self.model.purses[payer].allowances) - 1,
            mode=mode,
            counter=sealed.message.counter,
            digest=sealed.digest,
            ceiling=ceiling,
        )
        phone = self.wallets[payer]
        signed = Signed(shown=shown, sealed=sealed, consent=consent, phone=phone, cumulative=phone.spent_minor)
        self.signed.append(signed)
        return signed

    def send_online(self, signed: Signed) -> None:
        """The wallet hands its intent in; the answer is the model's."""
        shown = signed.shown
        answer = self.wallets[signed.consent.payer].send(shown.sealed.envelope, signed.sealed.envelope)
        if self.is_replaced(shown):
            assert answer.code() is ErrorCode.UNKNOWN_SIGNER
            return
        if shown.ask.till in self.model.blocked_tills:
            assert answer.code() is ErrorCode.REVOKED
            return
        verdict = self.model.settle(shown.ask, signed.consent, self.now_s())
        if verdict.forgotten:
            assert answer.code() is verdict.code
            return
        self.expect(answer.ok(), signed, verdict, by_till=False)

    def hand_in(self, till: int, claims: list[Signed]) -> None:
        """A till claims; each claim is answered as the model says, and in its sequence."""
        batch = self.tills[till].batch(*((one.shown.sealed, one.sealed) for one in claims))
        answer = self.house.call("POST", api.PATH_CAPTURES, batch, "")
        if till in self.model.blocked_tills:
            assert answer.code() is ErrorCode.REVOKED
            return
        verdicts = [self._verdict_of(one) for one in claims]
        for outcome, signed, verdict in zip(answer.ok()["outcomes"], claims, verdicts, strict=True):
            self.expect(outcome, signed, verdict, by_till=True)

    def _verdict_of(self, signed: Signed) -> Verdict:
        """A till cannot claim what the device before it has shown."""
        if self.is_replaced(signed.shown):
            return Verdict(state=DECLINED, code=ErrorCode.WRONG_TERMINAL, forgotten=True)
        return self.model.settle(signed.shown.ask, signed.consent, self.now_s())

    def is_replaced(self, shown: Shown) -> bool:
        """Whether another device has the number of the till that showed a request."""
        return shown.device is not self.tills[shown.ask.till]

    def expect(self, answer: dict[str, Any], signed: Signed, verdict: Verdict, *, by_till: bool) -> None:
        """State, reason and receipt as the model's verdict says; a till is told of whatever has paid its request."""
        bought = self.bought_of(signed.shown)
        state = verdict.state
        if bought is not None and (verdict.code is None or (by_till and verdict.code is ErrorCode.ALREADY_PAID)):
            state = bought.state
        code = 0 if verdict.code is None else int(verdict.code)
        assert (answer["state"], answer["error_code"]) == (state.name, code), (answer, verdict)
        assert bool(answer["receipt"]) is not verdict.forgotten

    def bought_of(self, shown: Shown) -> Bought | None:
        """What has paid a request."""
        return self.model.answered.get((shown.ask.till, shown.ask.name))

    def expect_as_model(self, answer: Answer, decide: Callable[[], Any]) -> bool:
        """An answer is good exactly when the model does not refuse, and otherwise it names the same reason."""
        refusal = refusal_of(decide)
        if refusal is None:
            answer.ok()
            return True
        assert answer.code() is refusal, (answer.body, refusal)
        return False


def refusal_of(decide: Callable[[], Any]) -> ErrorCode | None:
    """Why the model refuses, None when it does not."""
    try:
        decide()
    except RefusedError as refused:
        return refused.code
    return None
