"""The table of what may go wrong with an answer: the error it gives, what became of the money, and one debit at most.

docs/sdk/errors.md tells it to integrators.
"""

import pytest

from tests.unit.wallet_sdk.fakes import Fault
from tests.unit.wallet_sdk.world import World
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, UnavailableError
from wallet_sdk.store import Outcome
from wallet_sdk.wallet import PayMode

#: Three tries of a call, and three of the question what became of it.
ALWAYS = 6
OPENING_MINOR = 100_000

#: fault -> code and outcome of a call that meets nothing else
OF_A_CALL = {
    Fault.UNREACHABLE: (ErrorCode.NETWORK_UNREACHABLE, MoneyOutcome.NOT_CHARGED),
    Fault.NO_PLACE: (ErrorCode.NO_FREE_CONNECTION, MoneyOutcome.NOT_CHARGED),
    Fault.NOT_THE_SERVER: (ErrorCode.TLS_FAILED, MoneyOutcome.NOT_CHARGED),
    Fault.LOST_BEFORE: (ErrorCode.NETWORK_TIMEOUT, MoneyOutcome.UNKNOWN),
    Fault.LOST_AFTER: (ErrorCode.NETWORK_TIMEOUT, MoneyOutcome.UNKNOWN),
    Fault.CUT: (ErrorCode.BAD_ANSWER, MoneyOutcome.UNKNOWN),
    Fault.MALFORMED: (ErrorCode.BAD_ANSWER, MoneyOutcome.UNKNOWN),
    Fault.BROKEN: (ErrorCode.SERVER_ERROR, MoneyOutcome.UNKNOWN),
    Fault.BUSY: (ErrorCode.SERVER_BUSY, MoneyOutcome.UNKNOWN),
    Fault.NOT_OURS: (ErrorCode.BAD_ANSWER, MoneyOutcome.UNKNOWN),
}
#: Nothing was charged and nothing can have been.
NOTHING_LEFT = {Fault.UNREACHABLE, Fault.NO_PLACE, Fault.NOT_THE_SERVER}
#: Of these, what says that there is no network: the offline allowance may answer.
NO_NETWORK = {Fault.UNREACHABLE}
#: A retry, with the same bytes, repairs these when they come once.
PASSING = [fault for fault in Fault if fault not in {Fault.NONE, Fault.NOT_THE_SERVER}]
#: The server carried the request out before the fault.
CARRIED_OUT = {Fault.LOST_AFTER, Fault.DUPLICATED, Fault.CUT, Fault.MALFORMED, Fault.BROKEN, Fault.NOT_OURS}


@pytest.mark.parametrize("fault", OF_A_CALL)
def test_a_call_that_meets_nothing_else_gives_the_error_of_the_table(world: World, fault: Fault) -> None:
    """With its number, the money's outcome, that it is safe to ask again, and the name under which a log has it."""
    world.server.faults = [fault] * ALWAYS
    world.server.retry_after_s = 0
    with pytest.raises(UnavailableError) as failed:
        world.wallet.sync()
    error = failed.value
    assert (error.code, error.outcome) == OF_A_CALL[fault]
    assert error.safe_to_retry is (fault is not Fault.NOT_THE_SERVER)
    sent = {request.call_id for request in world.server.received}
    assert sent == {error.call_id}


@pytest.mark.parametrize("fault", PASSING)
def test_one_fault_is_repaired_and_the_payer_is_debited_once(world: World, fault: Fault) -> None:
    """The retry repeats the same bytes, and the server knows them."""
    quote = world.wallet.scan(world.request_text())
    world.server.faults = [fault]
    world.server.retry_after_s = 0
    payment = quote.pay(PayMode.ONLINE)
    assert payment.outcome is Outcome.SETTLED
    assert world.server.available_minor == OPENING_MINOR - 1250
    assert len({request.body for request in world.server.paths(api.PATH_INTENTS)}) == 1


@pytest.mark.parametrize("fault", OF_A_CALL)
def test_a_fault_that_lasts_leaves_a_payment_that_is_true(world: World, fault: Fault) -> None:
    """Nothing left: an error that says so. Anything else: UNKNOWN, never "failed". A sync brings the one truth."""
    quote = world.wallet.scan(world.request_text())
    world.server.faults = [fault] * ALWAYS
    world.server.retry_after_s = 0
    if fault in NOTHING_LEFT:
        with pytest.raises(UnavailableError) as failed:
            quote.pay(PayMode.ONLINE)
        assert failed.value.outcome is MoneyOutcome.NOT_CHARGED
    else:
        assert quote.pay(PayMode.ONLINE).outcome is Outcome.UNKNOWN
    world.server.faults = []
    world.clock.advance(3600)
    world.wallet.sync()
    debited = fault in CARRIED_OUT
    assert world.server.available_minor == OPENING_MINOR - (1250 if debited else 0)
    assert [payment.outcome for payment in world.wallet.history()] == (
        [Outcome.SETTLED] if debited else [] if fault in NOTHING_LEFT else [Outcome.EXPIRED]
    )


def test_a_late_answer_is_the_server_s_word_when_it_is_asked_for(world: World) -> None:
    """The call gave up, the server did not: asked by the same digest, it tells."""
    quote = world.wallet.scan(world.request_text())
    world.server.faults = [Fault.LOST_AFTER] * ALWAYS
    payment = quote.pay()
    assert payment.outcome is Outcome.UNKNOWN
    assert world.wallet.outcome_of(payment).outcome is Outcome.SETTLED
    assert world.server.available_minor == OPENING_MINOR - 1250


def test_busy_is_nobodys_signature_and_leaves_the_payment_unknown(world: World) -> None:
    """Whoever stands on the way may answer 503 and send on later what he has heard: never offline, never "not sent"."""
    quote = world.wallet.scan(world.request_text())
    world.server.faults = [Fault.BUSY] * 2
    world.server.retry_after_s = 60
    payment = quote.pay()
    assert payment.outcome is Outcome.UNKNOWN
    assert world.naps_s == []
    record = world.store.consent(payment.digest)
    assert record is not None
    assert record.ask is not None
    world.server.capture(record.envelope, record.ask.envelope)
    assert [one.outcome for one in world.wallet.sync().resolved] == [Outcome.SETTLED]


@pytest.mark.parametrize("fault", [Fault.UNREACHABLE, Fault.NO_PLACE, Fault.NOT_THE_SERVER])
def test_only_no_network_goes_offline(world: World, fault: Fault) -> None:
    """A full pool is the program's fault and a wrong certificate somebody's intent: neither chooses how one pays."""
    quote = world.wallet.scan(world.request_text())
    world.server.faults = [fault] * ALWAYS
    if fault in NO_NETWORK:
        assert quote.pay().outcome is Outcome.OFFLINE
        return
    with pytest.raises(UnavailableError) as failed:
        quote.pay()
    assert (failed.value.code, failed.value.outcome) == OF_A_CALL[fault]
    assert list(world.wallet.history()) == []
    world.server.faults = []
    assert quote.pay().outcome is Outcome.SETTLED


def test_the_servers_own_name_for_the_request_is_the_one_to_quote(world: World) -> None:
    """Where it gives one, its log has that."""
    world.server.call_id = "srv-1"
    world.server.faults = [Fault.BROKEN] * ALWAYS
    with pytest.raises(UnavailableError) as failed:
        world.wallet.sync()
    assert failed.value.call_id == "srv-1"
