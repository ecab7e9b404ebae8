"""Windows in slices, against the naive way of keeping every payment."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from server_stub.risk.policy import CodeKind, Subject, Window
from server_stub.risk.usage import Slice, SliceKey, Usage, merged, slice_length_s, slices_of, subject_id_of, within
from wallet_sdk.protocol.money import Currency

payments = st.lists(
    st.tuples(st.integers(0, 500), st.sampled_from(CodeKind), st.integers(1, 1_000), st.integers(0, 5)), max_size=30
)


def usage(code: CodeKind, amount_minor: int, borne_minor: int) -> Usage:
    """One payment in euro."""
    return Usage(code=code, currency=Currency.EUR, count=1, amount_minor=amount_minor, borne_minor=borne_minor)


@given(st.integers(12, 400), payments, st.integers(0, 100))
def test_a_window_sees_all_it_should_and_at_most_a_twelfth_more(
    length_s: int, paid: list[tuple[int, CodeKind, int, int]], wait_s: int
) -> None:
    """Payments at rising times; the ring is written over and still never forgets what a window needs."""
    window = Window(subject=Subject.DEVICE, length_s=length_s)
    rows: dict[SliceKey, Slice] = {}
    at_s = 10**6
    exact: defaultdict[tuple[int, CodeKind], int] = defaultdict(int)
    for gap_s, code, amount_minor, borne_minor in paid:
        at_s += gap_s
        added = slices_of(window, subject_id=1, usage=usage(code, amount_minor, borne_minor), at_s=at_s)
        rows[added.key] = merged(rows.get(added.key), added)
        exact[at_s, code] += amount_minor
    at_s += wait_s
    seen = {one.code: one.amount_minor for one in within(window, rows.values(), at_s=at_s)}
    slack_s = slice_length_s(window) + length_s % 12
    for code in CodeKind:
        least = sum(minor for (then_s, kind), minor in exact.items() if kind is code and then_s > at_s - length_s + 12)
        most = sum(
            minor for (then_s, kind), minor in exact.items() if kind is code and then_s > at_s - length_s - slack_s
        )
        assert least <= seen.get(code, 0) <= most
    assert len(rows) <= 13 * len(CodeKind)


def test_a_clock_that_was_set_back_loses_nothing() -> None:
    """What comes with an older time is added to the newer slice."""
    window = Window(subject=Subject.MERCHANT, length_s=120)
    new = slices_of(window, subject_id=1, usage=usage(CodeKind.REQUEST, 5, 1), at_s=1_300)
    old = slices_of(window, subject_id=1, usage=usage(CodeKind.REQUEST, 7, 0), at_s=1_300 - 13 * 10)
    assert new.key == old.key
    both = merged(new, old)
    assert (both.start_s, both.count, both.amount_minor, both.borne_minor) == (1_300, 2, 12, 1)


def test_each_subject_has_its_own_id() -> None:
    """A window by merchant counts merchants."""
    ids = [subject_id_of(subject, wallet_id=1, merchant_id=2, terminal_id=3) for subject in Subject]
    assert ids == [1, 2, 3]
