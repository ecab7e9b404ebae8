"""A machine over the whole interface, against a model that can only add and subtract; on both databases.

Every rule asks over HTTP, and the model says beforehand what the answer must be. After each step every balance is the
model's to the cent, money is neither made nor lost, and as much has happened as the model says; after each 50th
and at the end the whole audit runs, and everything that can be read is read.
"""

import json

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from server_stub.config import ServerConfig
from server_stub.demo.database import LocalPostgres
from server_stub.store.tables.parties import ACCOUNTS
from tests.unit.server_stub.machine.listening import Listening
from wallet_sdk.protocol import api
from wallet_sdk.protocol.denylist import EMPTY, apply
from wallet_sdk.protocol.trust import verify_denylist, verify_receipt, verify_refund_receipt

#: In CI, on each database; `make soak ARGS="--steps N"` takes as many as it is told.
STEPS = 2_000
EXAMPLES, STEPS_OF_ONE = 4, 200
EVERY = 50
COUNTS = (
    "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM denials), (SELECT count(*) FROM fraud_cases),"
    " (SELECT count(*) FROM payments)"
)
#: A failure is made smaller only in a soak: that takes minutes.
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)


class MoneyMachine(Listening):
    """The rules, and what must hold after them."""

    @invariant()
    def the_books_are_the_models(self) -> None:
        type(self).steps += 1
        operator = self.house.desk.operator
        with operator.store.reading() as reader:
            accounts = reader.list_all(ACCOUNTS)
            (counts,) = reader.rows(COUNTS)
        found = {
            (one.kind.name, self.places[one.holder], one.currency.name): one.balance_minor
            for one in accounts
            if one.balance_minor
        }
        assert found == self.model.balances()
        for currency in ("EUR", "JPY"):
            assert sum(minor for (_, _, name), minor in found.items() if name == currency) == 0
        happened = sum(len(shop.events) for shop in self.model.shops)
        bought = sum(one is not None for one in self.model.answered.values())
        assert tuple(counts) == (happened, self.model.denials, self.model.frauds, bought)
        if not type(self).steps % EVERY:
            self.all_is_as_it_should_be()

    def all_is_as_it_should_be(self) -> None:
        """The slow part: the audit, and what everybody can read."""
        self.house.assert_clean()
        for wallet, purse in zip(self.wallets, self.model.purses, strict=True):
            assert wallet.balance() == (purse.available, sum(one.escrow for one in purse.allowances))
        for office, shop in zip(self.offices, self.model.shops, strict=True):
            assert self.events_of(office) == shop.events
            told = self.house.ask("GET", "/v1/merchant/balances", office.key).ok()["balances"]
            expected = [(name, shop.payable[name], self.pending_of(shop, name)) for name in ("EUR", "JPY")]
            assert [(one["currency"], one["payable_minor"], one["pending_minor"]) for one in told] == expected
            for endpoint, (seen, kinds) in office.endpoints.items():
                path = f"/v1/webhooks/endpoints/{endpoint}/deliveries?limit=200"
                wanted = [n for n, kind in enumerate(shop.events, 1) if n > seen and (not kinds or kind in kinds)]
                log = self.house.ask("GET", path, office.key).ok()["deliveries"]
                assert [one["number"] for one in log] == wanted[:200]
        self._check_proofs()

    def teardown(self) -> None:
        try:
            self.all_is_as_it_should_be()
        finally:
            self.closing.close()

    def _check_proofs(self) -> None:
        """What the operator has signed says what the model knows, and verifies with the root key alone."""
        trust = self.house.desk.operator.trust
        for shown in self.shown[-5:]:
            answer = self.tills[shown.ask.till].read(api.payment_path(shown.sealed.message.request_id)).ok()
            bought = self.bought_of(shown)
            if bought is None:
                is_closed = (shown.ask.till, shown.ask.name) in self.model.answered
                assert answer["state"] == ("CANCELED" if is_closed else "REQUESTED")
                continue
            receipt = verify_receipt(api.from_base64url(answer["receipt"]), trust).message
            assert (answer["state"], answer["refunded_minor"]) == (bought.state.name, bought.refunded)
            assert (receipt.state, receipt.amount_minor) == (bought.state, bought.amount)
        for _, _, body in self.refunds[-2:]:
            told = json.loads(body)
            proof = verify_refund_receipt(api.from_base64url(told["receipt"]), trust).message
            assert proof.amount_minor == told["amount_minor"]
        listed = self.house.call("GET", api.PATH_DENYLIST, b"", "").ok()
        assert listed["newest"] == self.model.denials
        if listed["newest"]:
            assert (
                apply(EMPTY, verify_denylist(api.from_base64url(listed["denylist"]), trust)).number == listed["newest"]
            )


def machine_on(server: LocalPostgres | None) -> type[MoneyMachine]:
    """The machine with a new database for each run, in files when there is no server."""

    class Machine(MoneyMachine):
        def config(self) -> ServerConfig:
            return ServerConfig(database="" if server is None else server.new_database())

    return Machine


@pytest.fixture(params=["sqlite", "postgres"])
def machine(request: pytest.FixtureRequest) -> type[MoneyMachine]:
    """The machine on each database."""
    return machine_on(request.getfixturevalue("postgres") if request.param == "postgres" else None)


def test_a_machine_over_the_whole_interface(machine: type[MoneyMachine]) -> None:
    """Two thousand steps."""
    run_for(machine, STEPS, phases=QUICK)


@pytest.mark.soak
def test_a_machine_over_the_whole_interface_for_long(machine: type[MoneyMachine], pytestconfig: pytest.Config) -> None:
    """As many steps as were asked for; what replays a failure is printed by Hypothesis."""
    run_for(machine, pytestconfig.getoption("--steps"), phases=(*QUICK, Phase.shrink))


def run_for(machine: type[MoneyMachine], steps: int, *, phases: tuple[Phase, ...]) -> None:
    """Run after run until there were so many steps."""
    while machine.steps < steps:
        run_state_machine_as_test(
            machine,
            settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS_OF_ONE, phases=phases),
        )
