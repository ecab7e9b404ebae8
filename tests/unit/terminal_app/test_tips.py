"""Tips: offered as the shop wishes, in whole minor units, and counted apart in the reports."""

from dataclasses import replace

import pytest

from terminal_app.reports import x_report
from terminal_app.sale import Reach, Tip, TipChoice, tip_at_till, tip_choices, tip_for_code
from terminal_app.sale.tips import share
from terminal_app.settings import Settings, TipPolicy
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError
from wallet_sdk.protocol.limits import AMOUNT_MINOR_MAX
from wallet_sdk.protocol.money import Currency

AT_TILL = Settings(tip_policy=TipPolicy.AT_TILL)
ON_PHONE = Settings(tip_policy=TipPolicy.ON_PHONE)


def intent_of(shop: Shop, *, amount_minor: int) -> str:
    """What the payer shows for the sale on the counter."""
    latest = shop.till.views.latest_sale
    assert latest is not None
    return qr.to_text(shop.answer(latest.request, amount_minor=amount_minor).envelope)


@pytest.mark.parametrize(
    ("amount_minor", "percent", "tip_minor"), [(1_250, 10, 125), (1_255, 10, 126), (1_254, 10, 125), (9, 5, 0)]
)
def test_a_share_is_rounded_to_the_nearest_unit(amount_minor: int, percent: int, tip_minor: int) -> None:
    """Half a cent is a cent."""
    assert share(amount_minor, percent) == tip_minor


def test_choices_are_offered_at_the_till_only() -> None:
    """A choice of nothing is none."""
    assert tip_choices(AT_TILL, amount_minor=1_000) == (
        TipChoice(percent=5, tip_minor=50),
        TipChoice(percent=10, tip_minor=100),
        TipChoice(percent=15, tip_minor=150),
    )
    assert tip_choices(AT_TILL, amount_minor=3) == ()
    assert tip_choices(ON_PHONE, amount_minor=1_000) == ()
    assert tip_choices(Settings(), amount_minor=1_000) == ()


def test_where_the_tip_goes() -> None:
    """Into the amount at the till, into the request's room on the phone, nowhere without a policy."""
    assert tip_for_code(AT_TILL, amount_minor=1_000, chosen_minor=70) == Tip(chosen_minor=70)
    assert tip_for_code(ON_PHONE, amount_minor=1_000, chosen_minor=0) == Tip(phone_max_minor=150)
    assert tip_for_code(Settings(), amount_minor=1_000, chosen_minor=0) == Tip()
    near_the_bound = tip_for_code(ON_PHONE, amount_minor=AMOUNT_MINOR_MAX - 1, chosen_minor=0)
    assert near_the_bound == Tip(phone_max_minor=1)


@pytest.mark.parametrize(
    ("settings", "chosen_minor"), [(AT_TILL, 1_001), (AT_TILL, -1), (ON_PHONE, 1), (Settings(), 1)]
)
def test_a_tip_that_was_not_asked_for_is_refused(settings: Settings, chosen_minor: int) -> None:
    """Larger than the bill, less than nothing, or not the shop's way."""
    with pytest.raises(MisuseError) as caught:
        tip_at_till(settings, amount_minor=1_000, chosen_minor=chosen_minor)
    assert caught.value.code is ErrorCode.BAD_ARGUMENT


def test_a_tip_at_the_till_is_part_of_the_amount(shop: Shop) -> None:
    """The payer consents to bill and tip; the reports tell them apart."""
    sale = shop.till.open_request(amount_minor=1_000, tip=Tip(chosen_minor=100))
    assert (sale.request.message.amount_minor, sale.tip_minor) == (1_100, 100)
    shop.till.accept_scan(intent_of(shop, amount_minor=1_100), reach=Reach.OFFLINE)
    report = x_report(shop.till.views, currency=Currency.EUR, at_s=0)
    assert (report.totals.accepted_offline.sum_minor, report.totals.tips.sum_minor) == (1_100, 100)


def test_a_tip_on_the_phone_is_what_the_payer_added(shop: Shop) -> None:
    """Within the room that was given, and not a cent more."""
    shop.till.open_request(amount_minor=1_000, tip=Tip(phone_max_minor=150))
    with pytest.raises(RuleViolationError) as caught:
        shop.till.accept_scan(intent_of(shop, amount_minor=1_151), reach=Reach.OFFLINE)
    assert caught.value.code is ErrorCode.AMOUNT_MISMATCH
    taken = shop.till.accept_scan(intent_of(shop, amount_minor=1_150), reach=Reach.OFFLINE)
    assert (taken.sale.paid_minor, taken.sale.tip_minor) == (1_150, 150)
    shop.restart()
    assert shop.till.views.sales[taken.sale.request_id].tip_minor == 150
    assert shop.till.views.office.period.totals.tips.sum_minor == 150


def test_one_day_has_one_currency(shop: Shop) -> None:
    """Or its report would add yen to euros."""
    shop.till.open_request(amount_minor=1_000)
    shop.till.accept_scan(intent_of(shop, amount_minor=1_000), reach=Reach.OFFLINE)
    shop.credentials._currency = Currency.JPY
    with pytest.raises(MisuseError) as caught:
        shop.till.open_request(amount_minor=1_000)
    assert caught.value.param == "currency"


def test_settings_choose_the_tip() -> None:
    """The largest percentage bounds the tip on the phone."""
    settings = replace(ON_PHONE, tip_percents=(20,))
    assert tip_for_code(settings, amount_minor=500, chosen_minor=0) == Tip(phone_max_minor=100)
