"""Ten tries over 75 hours, 2xx only."""

import pytest

from server_stub.webhooks.schedule import (
    PAUSES_S,
    TRIES_AFTER_S,
    TRIES_MAX,
    DeliveryState,
    Try,
    TryOutcome,
    after,
    first_standing,
)


def answered(http_status: int, *, at_s: int = 0) -> Try:
    """A receiver's answer."""
    return Try(outcome=TryOutcome.ANSWERED, at_s=at_s, http_status=http_status)


def test_the_schedule_is_the_promised_one() -> None:
    """0, 5 s, 5 min, 30 min, 2, 5, 10, 14, 20, 24 h: ten tries within 75 h and a bit."""
    assert PAUSES_S == (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
    assert TRIES_MAX == 10
    assert 75 * 3600 <= TRIES_AFTER_S[-1] < 76 * 3600


def test_each_failure_waits_as_long_as_its_place_says() -> None:
    """From the try itself, and after the tenth there is no other."""
    standing = first_standing(at_s=1_000)
    tried_at_s = []
    while standing.state is DeliveryState.WAITING:
        tried_at_s.append(standing.next_try_at_s - 1_000)
        standing = after(standing, answered(500, at_s=standing.next_try_at_s))
    assert tuple(tried_at_s) == TRIES_AFTER_S
    assert (standing.state, standing.tries) == (DeliveryState.FAILED, 10)


@pytest.mark.parametrize("http_status", range(100, 600))
def test_only_a_2xx_is_a_delivery(http_status: int) -> None:
    """A redirect is a failure, and only 410 asks to be switched off."""
    tried = answered(http_status)
    assert tried.delivered is (200 <= http_status <= 299)
    assert tried.says_gone is (http_status == 410)
    wanted = DeliveryState.DELIVERED if tried.delivered else DeliveryState.WAITING
    assert after(first_standing(at_s=0), tried).state is wanted


@pytest.mark.parametrize("outcome", [one for one in TryOutcome if one is not TryOutcome.ANSWERED])
def test_what_was_not_answered_is_tried_again(outcome: TryOutcome) -> None:
    """Whatever went wrong on the way; a refused address may be a better one tomorrow."""
    standing = after(first_standing(at_s=0), Try(outcome=outcome, at_s=7))
    assert (standing.state, standing.tries, standing.next_try_at_s) == (DeliveryState.WAITING, 1, 12)
