"""Windows in slices, against the naive way of keeping every payment."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from server_stub.risk.policy import CodeKind, Subject, Window
from server_stub.risk.usage import Usage, WindowUsage, from_text, subject_id_of, to_text
from wallet_sdk.protocol.money import Currency

payments = st.lists(
    st.tuples(st.integers(0, 500), st.sampled_from(CodeKind), st.integers(1, 1_000), st.integers(0, 5)), max_size=30
)


def usage(code: CodeKind, amount_minor: int, borne_minor: int = 0) -> Usage:
    """One payment in euro."""
    return Usage(code=code, currency=Currency.EUR, count=1, amount_minor=amount_minor, borne_minor=borne_minor)


@given(st.integers(12, 400), payments, st.integers(0, 100))
def test_a_window_sees_all_it_should_and_at_most_a_twelfth_more(
    length_s: int, paid: list[tuple[int, CodeKind, int, int]], wait_s: int
) -> None:
    """Payments at rising times; what is dropped is never needed again, stored and read back each time."""
    window = Window(subject=Subject.DEVICE, length_s=length_s)
    used = WindowUsage(window=window, subject_id=1)
    at_s = 10**6
    exact: defaultdict[tuple[int, CodeKind], int] = defaultdict(int)
    for gap_s, code, amount_minor, borne_minor in paid:
        at_s += gap_s
        used = used.after(usage(code, amount_minor, borne_minor), at_s=at_s)
        used = WindowUsage(window=window, subject_id=1, slices=from_text(to_text(used.slices)))
        exact[at_s, code] += amount_minor
    at_s += wait_s
    seen = {one.code: one.amount_minor for one in used.seen(at_s=at_s)}
    whole_s = length_s // 12 * 12  # a length that is no multiple of twelve is cut to one
    for code in CodeKind:
        mine = [(then_s, minor) for (then_s, kind), minor in exact.items() if kind is code]
        least = sum(minor for then_s, minor in mine if then_s > at_s - whole_s)
        most = sum(minor for then_s, minor in mine if then_s > at_s - whole_s - whole_s // 12)
        assert least <= seen.get(code, 0) <= most
    assert len(used.slices) <= 13 * len(CodeKind)


def test_a_clock_that_was_set_back_loses_nothing() -> None:
    """What comes with an older time is kept beside the newer."""
    used = WindowUsage(window=Window(subject=Subject.MERCHANT, length_s=120), subject_id=1)
    used = used.after(usage(CodeKind.REQUEST, 5, 1), at_s=1_300).after(usage(CodeKind.REQUEST, 7), at_s=1_250)
    (both,) = used.seen(at_s=1_300)
    assert (both.count, both.amount_minor, both.borne_minor) == (2, 12, 1)


def test_currencies_and_kinds_of_code_are_kept_apart() -> None:
    """A day's cap for one kind of code needs it so."""
    used = WindowUsage(window=Window(subject=Subject.DEVICE, length_s=60), subject_id=1)
    yen = Usage(code=CodeKind.REQUEST, currency=Currency.JPY, count=1, amount_minor=9)
    used = (
        used.after(yen, at_s=60).after(usage(CodeKind.REQUEST, 5), at_s=60).after(usage(CodeKind.OFFLINE, 7), at_s=60)
    )
    assert sorted(one.amount_minor for one in used.seen(at_s=60)) == [5, 7, 9]


def test_each_subject_has_its_own_id() -> None:
    """A window by merchant counts merchants."""
    ids = [subject_id_of(subject, wallet_id=1, merchant_id=2, terminal_id=3) for subject in Subject]
    assert ids == [1, 2, 3]
