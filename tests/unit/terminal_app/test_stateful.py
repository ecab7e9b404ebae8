"""Anything a cashier, a payer and a network may do, in any sequence, with crashes between: the laws hold throughout."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from terminal_app.core import Lane, Place
from terminal_app.journal import Views
from terminal_app.journal.events import ConsentAccepted, Way
from terminal_app.screen_model import (
    Cancel,
    CheckAgain,
    NetworkSwitch,
    NextSale,
    ScanAnswer,
    ScanCustomer,
    SendNow,
    ShowCode,
    ShowReceipt,
)
from tests.unit.terminal_app.fake_server import LIMITS, Road
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Envelope, RequestId
from wallet_sdk.protocol.messages import AuthorizationMode
from wallet_sdk.protocol.states import State

AMOUNTS = st.integers(min_value=1, max_value=6_000)
UNPAID = {State.DECLINED, State.CANCELED, State.EXPIRED}


class TillMachine(RuleBasedStateMachine):
    """A till, a server and one payer, whose device is honest."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.counter = 0
        self.cumulative_minor = 0
        self.shown: list[Envelope] = []
        self.accepted: set[RequestId] = set()

    @initialize()
    def open_shop(self) -> None:
        """Join, and give the payer a token."""
        self.shop = Shop(Path(self._folder.name)).enrol()
        self.token = self.shop.token(total_max_minor=100_000)

    # --- the cashier ---

    @rule(amount_minor=AMOUNTS)
    def show_code(self, amount_minor: int) -> None:
        self.shop.do(ShowCode(amount_minor=amount_minor))

    @rule(amount_minor=AMOUNTS)
    def scan_customer(self, amount_minor: int) -> None:
        self.shop.do(ScanCustomer(amount_minor=amount_minor))

    @rule(command=st.sampled_from([ScanAnswer(), Cancel(), NextSale(), ShowReceipt(), CheckAgain(), SendNow()]))
    def touch(self, command: Cancel) -> None:
        self.shop.do(command)

    # --- the payer ---

    @precondition(lambda self: self.shop.place is Place.SCAN)
    @rule(mode=st.sampled_from(AuthorizationMode))
    def hold_up_an_intent(self, mode: AuthorizationMode) -> None:
        request = self.shop.request
        self.counter += 1
        if mode is AuthorizationMode.OFFLINE:
            self.cumulative_minor += request.message.amount_minor
        intent = self.shop.answer(
            request, token=self.token, counter=self.counter, cumulative_minor=self.cumulative_minor, mode=mode
        )
        self.shown.append(intent.envelope)
        self.shop.scan(intent.envelope)

    @precondition(lambda self: self.shop.place is Place.SCAN)
    @rule()
    def hold_up_a_code(self) -> None:
        self.counter += 1
        code = self.shop.scheme.code(token=self.token.envelope, counter=self.counter)
        self.shown.append(code.envelope)
        self.shop.scan(code.envelope)

    @precondition(lambda self: self.shop.place is Place.SCAN and self.shown)
    @rule(pick=st.integers(min_value=0))
    def hold_up_something_old(self, pick: int) -> None:
        self.shop.scan(self.shown[pick % len(self.shown)])

    @precondition(lambda self: self.shop.place in {Place.SHOW, Place.SCAN} and self.shop.sale.way is Way.SHOW)
    @rule()
    def pay_online(self) -> None:
        request_id = self.shop.request.message.request_id
        if request_id not in self.shop.server.closed and request_id not in self.shop.server.receipts:
            self.shown.append(self.shop.server.pay_online(self.shop.request).envelope)

    # --- the world ---

    @rule(road=st.sampled_from(Road))
    def change_the_road(self, road: Road) -> None:
        self.shop.server.road = road

    @rule(decline=st.sampled_from([None, ErrorCode.INSUFFICIENT_FUNDS]))
    def change_the_servers_mind(self, decline: ErrorCode | None) -> None:
        self.shop.server.decline = decline

    @rule(lane=st.sampled_from(Lane))
    def let_calls_go(self, lane: Lane) -> None:
        self.shop.run(lane)

    @rule(seconds=st.integers(min_value=1, max_value=130))
    def pass_time(self, seconds: int) -> None:
        self.shop.clock.advance(seconds)
        self.shop.core.tick()

    @rule(hours=st.integers(min_value=-6, max_value=6))
    def jump_the_clock(self, hours: int) -> None:
        self.shop.clock.jump(hours * 3600)

    @rule(position=st.sampled_from(NetworkSwitch))
    def switch(self, position: NetworkSwitch) -> None:
        self.shop.switch(position)

    @rule()
    def save_checkpoint(self) -> None:
        self.shop.journal.save_checkpoint()

    @rule()
    def crash(self) -> None:
        self.shop.restart()

    # --- the laws ---

    @invariant()
    def memory_is_the_file(self) -> None:
        """What is in memory is what a restart would find."""
        views = Views()
        for event, at_s in self.shop.journal.events():
            views.apply(event, at_s=at_s)
            if isinstance(event, ConsentAccepted):
                self.accepted.add(event.request_id)
        assert views == self.shop.till.views
        assert list(views.stored) == list(self.shop.till.views.stored)
        assert list(views.settled) == list(self.shop.till.views.settled)

    @invariant()
    def limits_are_kept(self) -> None:
        """No more is stored than the till may store."""
        views = self.shop.till.views
        assert views.stored_minor == sum(sale.paid_minor for sale in views.stored_sales) <= LIMITS.stored_max_minor
        assert all(sale.paid_minor <= LIMITS.payment_max_minor for sale in views.stored_sales)

    @invariant()
    def nothing_accepted_is_lost(self) -> None:
        """Accepted means stored, paid, or disputed: never gone, never merely cancelled."""
        views = self.shop.till.views
        for request_id in self.accepted:
            assert views.sale(request_id).state in {State.AUTHORIZED, State.CAPTURED, State.REJECTED}

    @invariant()
    def the_screen_never_says_unpaid_of_what_is_paid(self) -> None:
        """CAPTURED at the till is CAPTURED at the server, and unpaid at the till can never be paid there."""
        for sale in self.shop.till.views.sales.values():
            if sale.state in UNPAID:
                assert sale.request_id not in self.shop.server.receipts
            if sale.state is State.CAPTURED:
                assert sale.request_id in self.shop.server.receipts

    def teardown(self) -> None:
        """However it went: with the network back, everything comes to an end."""
        try:
            if hasattr(self, "shop"):
                self._settle()
        finally:
            self._folder.cleanup()

    def _settle(self) -> None:
        self.shop.server.road = Road.CLEAR
        self.shop.restart()
        self.shop.switch(NetworkSwitch.ON)
        self.shop.wait(5)
        assert not self.shop.till.views.stored
        assert not self.shop.till.views.closures
        assert all(sale.is_settled for sale in self.shop.till.views.sales.values())
        self.the_screen_never_says_unpaid_of_what_is_paid()
        self.shop.journal.close()


TestTill = TillMachine.TestCase
TestTill.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
