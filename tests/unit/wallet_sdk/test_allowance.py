"""The allowance: topped up, lowered, given back, whatever happened before."""

import pytest

from tests.unit.wallet_sdk.fakes import Fault
from tests.unit.wallet_sdk.world import World
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.protocol.limits import AMOUNT_MINOR_MAX
from wallet_sdk.store import Outcome
from wallet_sdk.wallet import PayMode


@pytest.mark.parametrize("allowance_minor", [15_000, 5_000, 0])
def test_the_allowance_is_what_was_asked_for(world: World, allowance_minor: int) -> None:
    """At once, and at every renewal after; what was spent under the old token is in its closing."""
    world.wallet.scan(world.request_text()).pay(PayMode.OFFLINE)
    assert world.wallet.change_allowance(allowance_minor=allowance_minor).offline_left.minor == allowance_minor
    assert list(world.server.closed_at_minor.values()) == [1250]
    world.clock.advance(60 * 3600)
    assert world.wallet.sync().balance.offline_left.minor == allowance_minor


def test_the_wallets_own_choice_comes_back(world: World) -> None:
    """Half of what there is, as much as the issuer allows."""
    world.wallet.change_allowance(allowance_minor=100)
    assert world.wallet.change_allowance(allowance_minor=None).offline_left.minor == 20_000


def test_a_renewal_in_doubt_is_ended_first(world: World) -> None:
    """Its answer brings the allowance of before; the one that was asked for now follows."""
    world.server.faults = [Fault.LOST_AFTER] * 3
    with pytest.raises(UnavailableError):
        world.wallet.change_allowance(allowance_minor=7_000)
    assert world.store.pending_issue() is not None
    assert world.wallet.change_allowance(allowance_minor=9_000).offline_left.minor == 9_000
    assert world.wallet.scan(world.request_text()).pay(PayMode.OFFLINE).outcome is Outcome.OFFLINE


def test_a_choice_that_could_not_be_sent_is_made_by_the_next_sync(world: World) -> None:
    """It is stored before anything is sent."""
    world.server.faults = [Fault.UNREACHABLE] * 3
    with pytest.raises(UnavailableError):
        world.wallet.change_allowance(allowance_minor=3_000)
    world.clock.advance(60 * 3600)
    assert world.wallet.sync().balance.offline_left.minor == 3_000


@pytest.mark.parametrize("allowance_minor", [-1, AMOUNT_MINOR_MAX + 1])
def test_what_is_no_amount_changes_nothing(world: World, allowance_minor: int) -> None:
    """Refused before anything is stored."""
    with pytest.raises(MisuseError) as misuse:
        world.wallet.change_allowance(allowance_minor=allowance_minor)
    assert (misuse.value.code, misuse.value.param) == (ErrorCode.BAD_ARGUMENT, "allowance_minor")
    assert world.wallet.balance().offline_left.minor == 20_000
    assert world.server.received == []


@pytest.mark.parametrize("options", [{"timeout_s": 0}, {"timeout_s": 301}, {"retries_max": -1}, {"retries_max": 11}])
def test_patience_has_bounds(world: World, options: dict[str, int]) -> None:
    """A limit that is none is the caller's mistake."""
    with pytest.raises(MisuseError) as misuse:
        world.wallet.with_options(**options)
    assert (misuse.value.code, misuse.value.param) == (ErrorCode.BAD_ARGUMENT, next(iter(options)))


def test_a_rotating_code_changes_every_half_minute_and_finds_its_use(world: World) -> None:
    """One on the screen at a time; the one of before may still be the one that was scanned."""
    showing = world.wallet.rotating_code(ceiling_minor=900)
    first = showing.shown()
    world.clock.advance(29)
    assert showing.shown() == first
    assert showing.used() is None
    world.clock.advance(2)
    second = showing.shown()
    assert second.qr != first.qr
    world.server.settle_code(first.digest, amount_minor=800)
    used = showing.used()
    assert used is not None
    assert (used.digest, used.outcome, used.amount.minor) == (first.digest, Outcome.SETTLED, 800)
    world.clock.advance(200)
    third = showing.shown()
    assert third not in {first, second}
    assert showing.used() is None
