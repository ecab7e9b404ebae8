"""Ten tries over 75 hours, 2xx only."""

import pytest

from server_stub.webhooks.schedule import (
    PAUSES_S,
    RETRY_AFTER_S_MAX,
    SPREAD_PERMILLE_MAX,
    TRIES_AFTER_S,
    TRIES_MAX,
    DeliveryState,
    Try,
    TryOutcome,
    after,
    first_standing,
    retry_after_s,
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


def test_a_receiver_is_not_asked_sooner_than_he_says() -> None:
    """The longer of his wish and our pause; after a day he is asked all the same."""
    first = first_standing(at_s=0)
    for wish_s, wanted_s in ((0, 5), (3, 5), (120, 120), (10**9, RETRY_AFTER_S_MAX)):
        busy = Try(outcome=TryOutcome.ANSWERED, at_s=100, http_status=503, retry_after_s=wish_s)
        assert after(first, busy).next_try_at_s == 100 + wanted_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("120", 120),
        (" 7 ", 7),
        ("Tue, 24 Nov 2026 00:02:00 GMT", 120),
        ("Mon, 23 Nov 2026 23:59:59 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", RETRY_AFTER_S_MAX),
        ("9" * 30, RETRY_AFTER_S_MAX),
        ("-5", 0),
        ("1.5", 0),
        ("soon", 0),
        ("\u0663", 0),
    ],
)
def test_a_wish_is_a_number_of_seconds_or_a_date(text: str | None, seconds: int) -> None:
    """As RFC 9110 has it; anything else is no wish."""
    assert retry_after_s(text, now_s=1_795_478_400) == seconds


def test_a_pause_is_spread_by_a_tenth_at_most() -> None:
    """What failed together comes back apart, never sooner than promised and never much later."""
    failed = after(first_standing(at_s=0), answered(500))
    longest = after(failed, answered(500), spread_permille=SPREAD_PERMILLE_MAX)
    assert (longest.next_try_at_s, after(failed, answered(500)).next_try_at_s) == (330, 300)
