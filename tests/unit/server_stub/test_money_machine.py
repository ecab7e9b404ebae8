"""A machine over money: whatever honest payers and merchants do, every balance is what a plain model says.

The model knows nothing of entries, tokens or tables; it adds and subtracts. After every step all balances are compared
with it, and the audit finds nothing.
"""

import tempfile
from collections import defaultdict
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from server_stub.fees import NO_FEES, FeePolicy
from server_stub.ledger import AccountKind
from server_stub.service.administration import set_fees
from tests.unit.server_stub.harness import OFFLINE, House, SealedConsent, TestTerminal, TestWallet, opened_house
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import PaymentRequest, Refund
from wallet_sdk.protocol.money import Currency

FUNDS_MINOR = 20_000
PAYMENT_MAX_MINOR = 5_000
HOUR_S = 3_600

who = st.integers(0, 1)
amounts_minor = st.integers(1, 4_000)
parts = st.integers(0, 100)


@dataclass(slots=True)
class Purse:
    """What the model knows of one payer."""

    available_minor: int = FUNDS_MINOR
    held_minor: int = 0
    #: Of the open token: allowed and signed. What was signed under any token and not claimed yet waits in escrow.
    total_minor: int = 0
    signed_minor: int = 0
    waiting_minor: int = 0

    @property
    def escrow_minor(self) -> int:
        return self.total_minor - self.signed_minor + self.waiting_minor


@dataclass(slots=True)
class Bought:
    """One payment that took effect."""

    payer: int
    terminal: int
    request: Sealed[PaymentRequest]
    captured_minor: int
    refunded_minor: int = 0


@dataclass(slots=True)
class Deposit:
    """One open hold."""

    payer: int
    terminal: int
    request: Sealed[PaymentRequest]
    expires_at_s: int


@dataclass(slots=True)
class Model:
    """The books of somebody who can only add and subtract."""

    purses: list[Purse] = field(default_factory=lambda: [Purse(), Purse()])
    payable_minor: int = 0
    fees_minor: int = 0
    terms: FeePolicy = NO_FEES

    def earn(self, amount_minor: int) -> None:
        """The merchant's part and the operator's, worked out a second time, in fractions."""
        exact = amount_minor * self.terms.basis_points * 2 + 10_000
        fee_minor = max(exact // 20_000 + self.terms.fixed_minor, self.terms.minimum_minor)
        fee_minor = min(fee_minor, amount_minor)
        self.payable_minor += amount_minor - fee_minor
        self.fees_minor += fee_minor


class MoneyMachine(RuleBasedStateMachine):
    """Two payers and two terminals of one merchant; every rule knows beforehand what the answer must be."""

    def __init__(self) -> None:
        super().__init__()
        self.closing = ExitStack()
        folder = self.closing.enter_context(tempfile.TemporaryDirectory())
        self.house: House = self.closing.enter_context(self.opened(Path(folder) / "server"))
        self.terminals: list[TestTerminal] = [self.house.terminal() for _ in range(2)]
        self.wallets: list[TestWallet] = [self.house.wallet(FUNDS_MINOR, total_max_minor=0) for _ in range(2)]
        self.model = Model()
        self.token_made_s = [self.now_s(), self.now_s()]
        self.returned = [False, False]
        self.waiting: list[tuple[int, int, Sealed[PaymentRequest], SealedConsent]] = []
        self.bought: list[Bought] = []
        self.deposits: list[Deposit] = []
        self.refunds: list[tuple[int, Sealed[Refund], bytes]] = []

    def opened(self, folder: Path) -> AbstractContextManager[House]:
        """The server of one run; another machine may choose another database."""
        return opened_house(folder)

    def teardown(self) -> None:
        self.closing.close()

    def now_s(self) -> int:
        return self.house.clock.now_ms() // 1000

    # --- paying ---

    @rule(payer=who, terminal=who, amount_minor=amounts_minor)
    def pay_online(self, payer: int, terminal: int, amount_minor: int) -> None:
        request = self.terminals[terminal].request(amount_minor)
        self._paid_now(payer, terminal, request, self.wallets[payer].pay(request))

    @rule(payer=who, terminal=who, amount_minor=amounts_minor)
    def pay_by_code(self, payer: int, terminal: int, amount_minor: int) -> None:
        request = self.terminals[terminal].request(amount_minor)
        outcome = self.terminals[terminal].capture((request, self.wallets[payer].code()))[0]
        self._paid_now(payer, terminal, request, outcome)

    @rule(payer=who, terminal=who, amount_minor=amounts_minor)
    def sign_offline(self, payer: int, terminal: int, amount_minor: int) -> None:
        purse = self.model.purses[payer]
        room_minor = min(PAYMENT_MAX_MINOR, purse.total_minor - purse.signed_minor)
        if self.returned[payer] or not room_minor:
            return
        request = self.terminals[terminal].request(min(amount_minor, room_minor))
        purse.signed_minor += request.message.amount_minor
        purse.waiting_minor += request.message.amount_minor
        self.waiting.append((payer, terminal, request, self.wallets[payer].intent(request, OFFLINE)))

    @precondition(lambda self: self.waiting)
    @rule()
    def claim_what_waits(self) -> None:
        for payer, terminal, request, intent in reversed(self.waiting):
            assert self.terminals[terminal].capture((request, intent))[0]["state"] == "CAPTURED"
            self.model.purses[payer].waiting_minor -= request.message.amount_minor
            self._sold(payer, terminal, request, request.message.amount_minor)
        self.waiting.clear()

    # --- deposits ---

    @rule(payer=who, terminal=who, amount_minor=amounts_minor, hours=st.integers(1, 5))
    def authorize(self, payer: int, terminal: int, amount_minor: int, hours: int) -> None:
        request = self.terminals[terminal].request(amount_minor, hold_h=hours)
        answer = self.wallets[payer].pay(request)
        if not self._is_taken(payer, amount_minor, answer):
            return
        assert answer["state"] == "AUTHORIZED"
        self.model.purses[payer].available_minor -= amount_minor
        self.model.purses[payer].held_minor += amount_minor
        self.deposits.append(Deposit(payer, terminal, request, self.now_s() + hours * HOUR_S))

    @precondition(lambda self: self.deposits)
    @rule(data=st.data(), part=parts)
    def end_deposit(self, data: st.DataObject, part: int) -> None:
        deposit = data.draw(st.sampled_from(self.deposits))
        held_minor = deposit.request.message.amount_minor
        taken_minor = held_minor * part // 100
        answer = self.terminals[deposit.terminal].end_hold(deposit.request, taken_minor)
        if self.now_s() >= deposit.expires_at_s:
            assert answer.code() is ErrorCode.EXPIRED
            return
        assert answer.ok()["state"] == ("CAPTURED" if taken_minor else "VOIDED")
        self.deposits.remove(deposit)
        purse = self.model.purses[deposit.payer]
        purse.held_minor -= held_minor
        purse.available_minor += held_minor - taken_minor
        if taken_minor:
            self._sold(deposit.payer, deposit.terminal, deposit.request, taken_minor)

    @rule(minutes=st.integers(1, 200))
    def wait(self, minutes: int) -> None:
        self.house.clock.advance(minutes * 60)
        for number, made_s in enumerate(self.token_made_s):
            if self.now_s() - made_s > 60 * HOUR_S:
                self.renew(number, 0)

    @rule()
    def look_at_the_clock(self) -> None:
        self.house.look()
        for deposit in [one for one in self.deposits if one.expires_at_s <= self.now_s()]:
            purse = self.model.purses[deposit.payer]
            purse.held_minor -= deposit.request.message.amount_minor
            purse.available_minor += deposit.request.message.amount_minor
            self.deposits.remove(deposit)
            state = self.terminals[deposit.terminal].read(api.payment_path(deposit.request.message.request_id)).ok()
            assert state["state"] == "EXPIRED"

    # --- refunds and fees ---

    @precondition(lambda self: self.bought)
    @rule(data=st.data(), part=st.integers(1, 120))
    def refund(self, data: st.DataObject, part: int) -> None:
        sold = data.draw(st.sampled_from(self.bought))
        amount_minor = max(1, sold.captured_minor * part // 100)
        refund = self.terminals[sold.terminal].refund(sold.request, amount_minor)
        answer = self.terminals[sold.terminal].send_refund(refund)
        if amount_minor > sold.captured_minor - sold.refunded_minor:
            assert answer.code() is ErrorCode.AMOUNT_MISMATCH
        elif amount_minor > self.model.payable_minor:
            assert answer.code() is ErrorCode.INSUFFICIENT_FUNDS
        else:
            answer.ok()
            sold.refunded_minor += amount_minor
            self.model.payable_minor -= amount_minor
            self.model.purses[sold.payer].available_minor += amount_minor
            self.refunds.append((sold.terminal, refund, answer.body))

    @precondition(lambda self: self.refunds)
    @rule(data=st.data())
    def refund_again(self, data: st.DataObject) -> None:
        terminal, refund, first = data.draw(st.sampled_from(self.refunds))
        assert self.terminals[terminal].send_refund(refund).body == first

    @rule(basis_points=st.integers(0, 500), fixed_minor=st.integers(0, 20), minimum_minor=st.integers(0, 40))
    def agree_fees(self, basis_points: int, fixed_minor: int, minimum_minor: int) -> None:
        self.model.terms = FeePolicy(basis_points=basis_points, fixed_minor=fixed_minor, minimum_minor=minimum_minor)
        set_fees(self.house.desk.operator.store, self.house.merchant_id, Currency.EUR, self.model.terms)

    # --- allowances ---

    @rule(payer=who, asked_minor=st.integers(0, 6_000))
    def renew(self, payer: int, asked_minor: int) -> None:
        self.wallets[payer].renew(asked_minor).ok()
        self._unused_back(payer)
        purse = self.model.purses[payer]
        purse.total_minor = min(asked_minor, purse.available_minor)
        purse.available_minor -= purse.total_minor
        self.returned[payer] = False
        self.token_made_s[payer] = self.now_s()

    @rule(payer=who)
    def give_back(self, payer: int) -> None:
        answer = self.house.call("POST", api.PATH_RETURNS, self.wallets[payer].closing(), "")
        assert answer.ok()["spent_minor"] == self.wallets[payer].spent_minor
        self._unused_back(payer)
        self.returned[payer] = True

    # --- what must hold ---

    @invariant()
    def every_balance_is_the_models(self) -> None:
        found: defaultdict[AccountKind, int] = defaultdict(int)
        for (kind, _), minor in self.house.balances().items():
            found[kind] += minor
        purses = self.model.purses
        expected = {
            AccountKind.FUNDING: -2 * FUNDS_MINOR,
            AccountKind.PAYER_AVAILABLE: sum(purse.available_minor for purse in purses),
            AccountKind.PAYER_HELD: sum(purse.held_minor for purse in purses),
            AccountKind.PAYER_ESCROW: sum(purse.escrow_minor for purse in purses),
            AccountKind.MERCHANT_PAYABLE: self.model.payable_minor,
            AccountKind.FEES: self.model.fees_minor,
        }
        assert {kind: minor for kind, minor in found.items() if minor} == {k: m for k, m in expected.items() if m}
        for wallet, purse in zip(self.wallets, purses, strict=True):
            assert wallet.balance() == (purse.available_minor, purse.escrow_minor)

    @invariant()
    def the_audit_is_clean(self) -> None:
        self.house.assert_clean()

    # --- parts ---

    def _is_taken(self, payer: int, amount_minor: int, answer: dict[str, Any]) -> bool:
        """Whether the issuer authorizes: it does exactly when token and balance allow it."""
        if self.returned[payer]:
            expected = ErrorCode.TOKEN_CLOSED
        elif amount_minor > self.model.purses[payer].available_minor:
            expected = ErrorCode.INSUFFICIENT_FUNDS
        else:
            assert answer["error_code"] == 0, answer
            return True
        assert (answer["state"], answer["error_code"]) == ("DECLINED", expected)
        return False

    def _paid_now(self, payer: int, terminal: int, request: Sealed[PaymentRequest], answer: dict[str, Any]) -> None:
        if self._is_taken(payer, request.message.amount_minor, answer):
            assert answer["state"] == "CAPTURED"
            self.model.purses[payer].available_minor -= request.message.amount_minor
            self._sold(payer, terminal, request, request.message.amount_minor)

    def _sold(self, payer: int, terminal: int, request: Sealed[PaymentRequest], amount_minor: int) -> None:
        self.model.earn(amount_minor)
        self.bought.append(Bought(payer, terminal, request, amount_minor))

    def _unused_back(self, payer: int) -> None:
        purse = self.model.purses[payer]
        purse.available_minor += purse.total_minor - purse.signed_minor
        purse.total_minor = purse.signed_minor = 0


MoneyMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=40, deadline=None)
TestMoneyMachine = MoneyMachine.TestCase
