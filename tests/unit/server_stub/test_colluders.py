"""Colluders search for more than the operator's budget: whatever they try, the formula of threats.md holds.

A plan is a weight for each thing they can do. The search keeps the plan that drew most and changes it; a few plans are
given to it, so that it starts from what is known to hurt.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from server_stub.config import LossLimits, ServerConfig
from server_stub.demo.database import LocalPostgres
from tests.unit.server_stub.colluding import MOVES, Plan, Ring
from tests.unit.server_stub.harness import opened_house
from wallet_sdk.protocol.limits import BALANCE_MINOR_MAX
from wallet_sdk.protocol.money import Currency
from wallet_sdk.testing import SeededRandom

STEPS, PLANS = 45, 6
DEFAULTS: Final = LossLimits()
#: No budget at all, as it was before there was one.
WITHOUT: Final = LossLimits(
    wallet_max_minor=BALANCE_MINOR_MAX,
    merchant_day_max_minor=BALANCE_MINOR_MAX,
    young_day_max_minor=BALANCE_MINOR_MAX,
    day_max_minor=BALANCE_MINOR_MAX,
)
#: Smaller than one payer's, so that merchants and days are what binds.
TIGHT: Final = replace(DEFAULTS, merchant_day_max_minor=15_000, day_max_minor=25_000)
#: What is known to hurt: the recipe that was filed; hoarding until tills are old; many wallets, many days.
KNOWN: Final[tuple[Plan, ...]] = (
    ({"claim_back": 6, "renew_low": 3, "open_till": 3, "claim": 2},),
    ({"grow_old": 1, "open_till": 1}, {"keep": 6, "renew_low": 1}, {"keep": 3, "cash": 1}),
    ({"claim_back": 6, "open_payer": 3, "open_till": 2, "open_shop": 1, "pass_day": 1},),
    ({"keep": 6, "renew_low": 4}, {"replace_till": 1, "replace_phone": 1, "refund": 2, "cash": 2, "claim_back": 3}),
)


class Search:
    """Plan after plan on one database; the most that any has drawn, as a share of the formula."""

    def __init__(self, folder: Path, server: LocalPostgres | None, limits: LossLimits, *, seed: int) -> None:
        self.folder, self.server, self.limits = folder, server, limits
        self.random, self.tried, self.shares = SeededRandom(seed), 0, list[float]()

    def run(self, plans: int, *, formula: LossLimits) -> None:
        """So many plans: first the known ones, then children of the best."""
        best, best_share = KNOWN[0], -1.0
        for number in range(plans):
            plan = KNOWN[number] if number < len(KNOWN) else self._child(best)
            share = self._share(plan, formula)
            self.shares.append(share)
            if share > best_share:
                best, best_share = plan, share

    def _share(self, plan: Plan, formula: LossLimits) -> float:
        """The greatest part of the formula that a plan has drawn, of any currency."""
        with self.ring() as ring:
            ring.run(plan, STEPS)
            drawn = ring.drawn_minor()
            shares = [
                drawn.get(one, 0) / max(1, ring.bound_minor(formula, one)) for one in (Currency.EUR, Currency.JPY)
            ]
            ring.house.assert_clean()
            return max(shares)

    def _child(self, plan: Plan) -> Plan:
        """The same plan with three weights of one part drawn anew."""
        names, drawn = sorted(MOVES), self.random.random_bytes(7)
        changed = {names[drawn[at] % len(names)]: 1 + drawn[at + 1] % 8 for at in (0, 2, 4)}
        at = drawn[6] % len(plan)
        return (*plan[:at], plan[at] | changed, *plan[at + 1 :])

    @contextmanager
    def ring(self) -> Generator[Ring]:
        self.tried += 1
        database = "" if self.server is None else self.server.new_database()
        config = ServerConfig(database=database, losses=self.limits)
        with opened_house(self.folder / str(self.tried), config=config) as house:
            yield Ring(house=house, random=SeededRandom(self.tried))


@pytest.fixture(params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> LocalPostgres | None:
    """Where the ledgers of a search go: files, or a server's databases."""
    found: LocalPostgres | None = request.getfixturevalue("postgres") if request.param == "postgres" else None
    return found


@pytest.mark.parametrize("limits", [DEFAULTS, TIGHT], ids=["defaults", "tight"])
def test_colluders_who_search_never_draw_more_than_the_formula(
    tmp_path: Path, server: LocalPostgres | None, limits: LossLimits
) -> None:
    """Several payers, merchants, currencies, days and tills; the audit is clean after each plan."""
    search = Search(tmp_path, server, limits, seed=1)
    search.run(PLANS, formula=limits)
    assert max(search.shares) <= 1, search.shares


def test_colluders_reach_the_formula_so_that_the_search_can_fail(tmp_path: Path, server: LocalPostgres | None) -> None:
    """The bound is no idle one: two payers, two merchants and four old tills draw all of it."""
    search = Search(tmp_path, server, DEFAULTS, seed=1)
    with search.ring() as ring:
        ring.do_the_worst()
        drawn = ring.drawn_minor()
        assert drawn == {one: ring.bound_minor(DEFAULTS, one) for one in drawn}
        assert sum(drawn.values()) == 2 * DEFAULTS.wallet_max_minor
        ring.house.assert_clean()


def test_without_a_budget_the_same_search_finds_the_breach(tmp_path: Path) -> None:
    """The canary."""
    search = Search(tmp_path, None, WITHOUT, seed=1)
    search.run(2, formula=DEFAULTS)
    assert max(search.shares) > 1, search.shares


@pytest.mark.soak
def test_colluders_search_for_long(tmp_path: Path, server: LocalPostgres | None, pytestconfig: pytest.Config) -> None:
    """As many steps as were asked for."""
    search = Search(tmp_path, server, DEFAULTS, seed=2)
    search.run(pytestconfig.getoption("--steps") // STEPS, formula=DEFAULTS)
    assert max(search.shares) <= 1, search.shares
