"""Retries that repeat the same bytes, and errors that do not lie about the money."""

import pytest

from tests.unit.wallet_sdk.fakes import FakeServer, Fault
from wallet_sdk.client import ApiClient
from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, RuleViolationError, UnavailableError
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.testing import FrozenClock, Scheme, SeededRandom


class Bench:
    """A client with a recorded sleep before a server in memory."""

    def __init__(self, *faults: Fault) -> None:
        self.clock = FrozenClock()
        self.server = FakeServer(scheme=Scheme(), clock=self.clock, faults=list(faults))
        self.naps_s: list[float] = []
        self.client = ApiClient(self.server, clock=self.clock, random=SeededRandom(1), sleep=self._nap)

    def _nap(self, seconds: float) -> None:
        self.naps_s.append(seconds)
        self.clock.advance(seconds)

    def fails(self) -> UnavailableError:
        """What a read raises."""
        with pytest.raises(UnavailableError) as failed:
            self.client.get(api.PATH_TRUST, api.TrustAnswer)
        return failed.value


def test_a_retry_repeats_the_same_bytes() -> None:
    """Two lost tries, one answer, and nobody can tell the three requests apart. (R-115)"""
    bench = Bench(Fault.LOST_BEFORE, Fault.UNREACHABLE)
    answer = bench.client.post_json(api.PATH_TRUST, api.IntentBody(intent="a", request="b"), api.TrustAnswer)
    assert answer.bundle
    assert len({(request.method, request.path, request.body) for request in bench.server.received}) == 1
    assert len(bench.server.received) == 3


def test_pauses_grow_and_differ() -> None:
    """200 ms and 400 ms, each cut by at most half."""
    bench = Bench(Fault.UNREACHABLE, Fault.UNREACHABLE)
    bench.client.get(api.PATH_TRUST, api.TrustAnswer)
    first_s, second_s = bench.naps_s
    assert 0.1 <= first_s <= 0.2
    assert 0.2 <= second_s <= 0.4


def test_three_tries_are_all() -> None:
    """A dead server is not hammered."""
    bench = Bench(*[Fault.UNREACHABLE] * 5)
    error = bench.fails()
    assert (error.code, error.outcome) == (ErrorCode.NETWORK_UNREACHABLE, MoneyOutcome.NOT_CHARGED)
    assert len(bench.server.received) == 3


def test_one_try_that_may_have_arrived_leaves_the_outcome_unknown() -> None:
    """However harmlessly the last one failed."""
    error = Bench(Fault.LOST_AFTER, Fault.UNREACHABLE, Fault.UNREACHABLE).fails()
    assert (error.code, error.outcome) == (ErrorCode.NETWORK_UNREACHABLE, MoneyOutcome.UNKNOWN)


@pytest.mark.parametrize(
    ("fault", "code", "outcome"),
    [
        (Fault.BROKEN, ErrorCode.SERVER_ERROR, MoneyOutcome.UNKNOWN),
        (Fault.NOT_OURS, ErrorCode.BAD_ANSWER, MoneyOutcome.UNKNOWN),
        (Fault.MALFORMED, ErrorCode.BAD_ANSWER, MoneyOutcome.UNKNOWN),
        (Fault.BUSY, ErrorCode.SERVER_BUSY, MoneyOutcome.UNKNOWN),
    ],
)
def test_each_bad_answer_says_what_it_may_have_done(fault: Fault, code: ErrorCode, outcome: MoneyOutcome) -> None:
    """A server that broke does not know; and nobody has signed that one is busy."""
    error = Bench(*[fault] * 3).fails()
    assert (error.code, error.outcome) == (code, outcome)


def test_retry_after_is_waited_for() -> None:
    """The server knows better than our backoff."""
    bench = Bench(Fault.BUSY)
    bench.server.retry_after_s = 3
    bench.client.get(api.PATH_TRUST, api.TrustAnswer)
    assert bench.naps_s == [3.0]


def test_nobody_waits_longer_than_the_call_may_take() -> None:
    """A Retry-After beyond the budget ends the call at once."""
    bench = Bench(Fault.BUSY)
    bench.server.retry_after_s = 60
    assert bench.fails().code is ErrorCode.SERVER_BUSY
    assert (bench.naps_s, len(bench.server.received)) == ([], 1)


def test_later_tries_get_only_the_time_that_is_left() -> None:
    """Three tries of ten seconds would be half a minute at the counter."""

    class Slow:
        """Takes six seconds to lose each request."""

        def __init__(self, clock: FrozenClock) -> None:
            self.clock = clock
            self.timeouts_s: list[float] = []

        def send(self, request: HttpRequest) -> HttpAnswer:
            self.timeouts_s.append(request.timeout_s)
            self.clock.advance(min(6.0, request.timeout_s))
            raise UnavailableError(ErrorCode.NETWORK_TIMEOUT, "slow", outcome=MoneyOutcome.UNKNOWN)

        def close(self) -> None:
            """Nothing to give back."""

    clock = FrozenClock()
    slow = Slow(clock)
    client = ApiClient(slow, clock=clock, random=SeededRandom(1), sleep=clock.advance)
    with pytest.raises(UnavailableError):
        client.post_message(api.PATH_TOKENS, Envelope(b"x"), api.TokenIssued)
    assert slow.timeouts_s[0] == 10.0
    assert len(slow.timeouts_s) == 2
    assert slow.timeouts_s[1] < 4.0
    assert clock.monotonic_ms() <= 10_250


def test_a_refusal_is_not_retried() -> None:
    """A rule refuses the same bytes for ever."""
    bench = Bench()
    bench.server.refuse_intents_with, bench.server.signs_refusals = ErrorCode.INSUFFICIENT_FUNDS, False
    with pytest.raises(RuleViolationError) as refused:
        bench.client.post_json(api.PATH_INTENTS, api.IntentBody(intent="", request=""), api.PaymentAnswer)
    assert refused.value.code is ErrorCode.INSUFFICIENT_FUNDS
    assert len(bench.server.received) == 1


def test_a_read_is_signed_for_its_path_without_the_wait() -> None:
    """The long poll's wait is no part of what is signed, and stretches the time limit."""
    bench = Bench()
    device = bench.server.scheme.device
    bench.server.device_key = device.public_key
    with pytest.raises(RuleViolationError) as refused:
        bench.client.get(api.consent_path(b"d" * 32), api.PaymentAnswer, signer=device, wait_s=20)
    assert refused.value.code is ErrorCode.UNKNOWN_PAYMENT
    (request,) = bench.server.received
    assert request.path.endswith("?wait=20")
    assert request.timeout_s == 30.0
