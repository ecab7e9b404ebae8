"""X and Z reports say what happened, agree with the server to the cent, and cannot be made again."""

from dataclasses import replace

import pytest

from terminal_app.journal import Journal, Tally
from terminal_app.journal.office import closing_digest
from terminal_app.journal.office_events import DayClosed
from terminal_app.office import close_day
from terminal_app.reports import Report, ReportKind, closing_of, x_report, z_report
from terminal_app.roles import Role
from terminal_app.screen_model import Cancel, NetworkSwitch, NextSale, ShowCode
from tests.unit.terminal_app.people import OWNER_PIN, sell, sell_by_code, staff_of
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.money import Currency


def look(shop: Shop) -> Report:
    """An X report now."""
    return x_report(shop.till.views, currency=Currency.EUR, at_s=shop.time.now_s())


def close(shop: Shop) -> Report:
    """A Z report now."""
    return close_day(shop.journal, time=shop.time, currency=Currency.EUR)


def busy_day(shop: Shop) -> None:
    """Two sales online, a cancelled and a declined one, then two offline and one whose outcome is not known."""
    sell(shop, 1_250)
    sell_by_code(shop, 900)
    shop.show_code(300)
    shop.do(Cancel())
    shop.run()
    shop.do(NextSale())
    shop.server.decline = ErrorCode.INSUFFICIENT_FUNDS
    sell_by_code(shop, 4_000)
    shop.server.decline = None
    shop.go_offline()
    sell(shop, 700)
    sell(shop, 450)
    shop.show_code(999)
    shop.do(Cancel())
    shop.run()
    shop.do(NextSale())


def test_an_empty_till_has_an_empty_x_and_no_z(shop: Shop) -> None:
    """Nothing is closed twice by a second touch."""
    report = look(shop)
    assert (report.kind, report.number, report.opened_at_s) == (ReportKind.X, 1, 0)
    assert report.totals.is_empty
    with pytest.raises(RuleViolationError) as caught:
        close(shop)
    assert caught.value.code is ErrorCode.NOTHING_TO_CLOSE


def test_an_x_report_says_what_happened_and_what_stands_open(shop: Shop) -> None:
    """By state, with the offline section."""
    busy_day(shop)
    report = look(shop)
    assert report.totals.paid_online == Tally(count=2, sum_minor=2_150)
    assert report.totals.accepted_offline == Tally(count=2, sum_minor=1_150)
    assert report.totals.declined == Tally(count=1, sum_minor=4_000)
    assert report.totals.cancelled == Tally(count=1, sum_minor=300)
    assert report.totals.takings_minor == 3_300
    assert report.standing.stored == Tally(count=2, sum_minor=1_150)
    assert report.standing.unknown == Tally(count=1, sum_minor=999)
    assert report.standing.oldest_at_s == report.made_at_s


def test_an_x_report_changes_nothing(shop: Shop) -> None:
    """Any time, any number of times."""
    busy_day(shop)
    length = shop.journal.length
    assert look(shop) == look(shop)
    assert shop.journal.length == length


def test_z_reports_are_numbered_and_linked(shop: Shop) -> None:
    """Each begins at nothing; what was stored yesterday settles today and is not counted twice."""
    busy_day(shop)
    first = close(shop)
    assert (first.kind, first.number, first.before) == (ReportKind.Z, 1, b"")
    shop.switch(NetworkSwitch.ON)
    shop.wait(3)
    sell(shop, 100)
    second = close(shop)
    assert (second.number, second.before) == (2, first.digest)
    assert second.totals.paid_online == Tally(count=1, sum_minor=100)
    assert second.totals.accepted_offline == Tally()
    assert second.totals.settled_offline == Tally(count=2, sum_minor=1_150)
    assert second.standing.stored == Tally()
    paid_minor = sum(receipt.message.amount_minor for receipt in shop.server.receipts.values())
    assert first.totals.takings_minor + second.totals.takings_minor == paid_minor


def test_a_z_report_is_there_after_a_crash_and_reprints_the_same(shop: Shop) -> None:
    """It says who made it, and when."""
    staff = staff_of(shop)
    ada = staff.enter("Ada", Role.OWNER, OWNER_PIN)
    staff.sign_in(ada.staff_id, OWNER_PIN)
    busy_day(shop)
    made = close(shop)
    shop.clock.advance(3_600)
    shop.restart()
    assert z_report(shop.till.views, number=1) == made
    assert made.staff_name == "Ada"
    with pytest.raises(RuleViolationError) as caught:
        z_report(shop.till.views, number=2)
    assert caught.value.code is ErrorCode.UNKNOWN_PAYMENT


def test_a_z_report_cannot_be_made_again_or_otherwise(shop: Shop) -> None:
    """The journal itself refuses another number, link, total or digest."""
    busy_day(shop)
    closing = closing_of(shop.till.views, currency=Currency.EUR)
    lies = [
        replace(closing, number=2),
        replace(closing, before=closing.digest),
        replace(closing, totals=closing.totals.with_one("refunded", minor=100)),
    ]
    for lie in [*(replace(one, digest=closing_digest(one)) for one in lies), replace(closing, digest=closing.before)]:
        assert refused(shop.journal, lie)
    shop.journal.append(closing, at_s=shop.time.journal_s())
    assert refused(shop.journal, closing)


def test_an_offline_payment_that_is_rejected_leaves_the_takings(shop: Shop) -> None:
    """And its tip the tips."""
    shop.go_offline()
    sell(shop, 700)
    shop.server.decline = ErrorCode.DOUBLE_SPEND
    shop.switch(NetworkSwitch.ON)
    shop.wait(3)
    report = look(shop)
    assert report.totals.rejected_offline == Tally(count=1, sum_minor=700)
    assert report.totals.takings_minor == 0
    assert report.standing.disputed == Tally(count=1, sum_minor=700)


def test_the_offline_section_counts_the_age_from_the_oldest(shop: Shop) -> None:
    """A clock set back makes it no younger."""
    shop.go_offline()
    sell(shop, 700)
    accepted_at_s = shop.time.journal_s()
    shop.clock.advance(600)
    sell(shop, 800)
    shop.clock.jump(-86_400)
    assert look(shop).standing.oldest_at_s == accepted_at_s


def test_a_sale_opened_by_mistake_and_left_is_no_sale(shop: Shop) -> None:
    """An open code is in no total."""
    shop.do(ShowCode(amount_minor=500))
    assert look(shop).totals.is_empty


def refused(journal: Journal, closing: DayClosed) -> bool:
    """Whether the journal refuses a closing, and stays as it was."""
    length = journal.length
    with pytest.raises(RuleViolationError) as caught:
        journal.append(closing, at_s=0)
    return caught.value.code is ErrorCode.BAD_TRANSITION and journal.length == length
