"""The back office's pages under real fingers and on a keyboard: each sends exactly what it shows."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from kivy.clock import Clock

from terminal_app.office_commands import (
    Approve,
    ChangeSetting,
    GiveRefund,
    MakeReport,
    OfflineChoice,
    OpenPage,
    OpenSale,
    Page,
    ReportChoice,
    SearchHistory,
    SignIn,
)
from terminal_app.presenter import Presenter
from terminal_app.screen_model import (
    AmountText,
    AmountTyped,
    Appearance,
    FocusMoved,
    Language,
    PinPurpose,
    PreviewFrame,
    ScreenModel,
    ScreenName,
    ShowCode,
    ThemeName,
)
from terminal_app.ui.samples import SAMPLES, samples
from terminal_app.ui.typed_amount import PAUSE_S
from tests.gui.counter import Counter
from tests.gui.stage import Till, pump_until, settle
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT, Panel

TillOf = Callable[[ScreenModel, Panel], Till]


@pytest.fixture
def till(till_of: TillOf) -> Till:
    """A till on the 7 inch panel, at its keypad."""
    return till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)


def test_the_menu_opens_from_the_keypad_and_leads_everywhere(till: Till) -> None:
    """One key on the keypad, one tile for each page."""
    till.tap("menu")
    assert till.sent == [OpenPage(page=Page.MENU)]
    till.show(SAMPLES[ScreenName.MENU])
    for robot_id in ("history", "queue", "x_report", "settings", "staff", "back"):
        till.tap(robot_id)
    assert till.sent[1:5] == [
        SearchHistory(),
        OpenPage(page=Page.QUEUE),
        MakeReport(kind=ReportChoice.X),
        OpenPage(page=Page.SETTINGS),
    ]


def test_the_history_is_turned_filtered_searched_and_opened(till: Till) -> None:
    """Rows are read by fingers; a keyboard searches at once."""
    model = SAMPLES[ScreenName.HISTORY]
    till.show(model)
    till.tap(model.rows[0].robot_id, "only_offline")
    assert till.sent == [
        OpenSale(request_id=model.rows[0].press.request_id),
        SearchHistory(offline=OfflineChoice.ACCEPTED_OFFLINE),
    ]
    assert model.rows[-1].robot_id not in finger.reachable_ids()
    till.tap("page_on")
    assert model.rows[-1].robot_id in finger.reachable_ids()
    finger.press_key(finger.PAGE_UP_KEY)
    settle()
    assert model.rows[0].robot_id in finger.reachable_ids()
    finger.type_character("8")
    assert till.sent[-1] == SearchHistory(text="8")


def test_a_refund_needs_an_amount_within_the_rest_and_a_reason(till: Till) -> None:
    """More than is left cannot be typed; nothing goes back without a reason; Back gives nothing back."""
    sale = SAMPLES[ScreenName.REFUND]
    till.show(replace(SAMPLES[ScreenName.SALE], warning="", actions=()))
    till.root.open_page(sale)
    settle()
    till.time.pass_s(1)
    till.tap("key_5", "key_00")
    assert "refund" not in finger.reachable_ids(), "no reason yet"
    till.tap("reason_returned", "key_00", "key_00", "refund")
    assert sale.refund is not None
    assert till.sent == [GiveRefund(request_id=RequestId(sale.refund.request_id), amount_minor=500, reason="returned")]
    assert till.root.model.name is ScreenName.SALE


def test_a_page_over_a_sale_outlives_news_and_closes_without_a_word(till: Till) -> None:
    """A change in the bar must not eat what is being typed."""
    sale = SAMPLES[ScreenName.SALE]
    till.show(sale)
    till.root.open_page(SAMPLES[ScreenName.REFUND])
    till.show(replace(sale, bar=SAMPLES[ScreenName.KEYPAD].bar))
    assert till.root.model.name is ScreenName.REFUND
    till.tap("back")
    assert (till.root.model.name, till.sent) == (ScreenName.SALE, [])


def test_the_day_is_closed_after_a_question_only(till: Till) -> None:
    """One touch never closes a day."""
    till.show(SAMPLES[ScreenName.REPORT])
    till.tap("close_day")
    assert till.sent == []
    assert till.root.model.name is ScreenName.CLOSE_DAY
    till.time.pass_s(1)
    till.tap("close_day")
    assert till.sent == [MakeReport(kind=ReportChoice.Z)]


def test_a_pin_is_typed_and_never_drawn(till: Till) -> None:
    """Dots count the digits; Approve is sent where an approval was asked for."""
    model = SAMPLES[ScreenName.SIGN_IN]
    till.show(model)
    till.tap("person_3", "key_4", "key_7", "key_1", "key_9")
    assert till.texts()["pin"] == ["••••"]
    assert not any("4719" in text for texts in till.texts().values() for text in texts)
    till.tap("key_backspace", "key_0", "key_enter")
    assert till.sent == [SignIn(staff_id=3, pin="4710")]
    assert model.pin is not None
    till.show(replace(model, pin=replace(model.pin, purpose=PinPurpose.APPROVE)))
    for digit in "2580":
        finger.type_character(digit)
    finger.press_key(finger.ENTER_KEY)
    assert till.sent[-1] == Approve(staff_id=3, pin="2580")


def test_a_tip_is_asked_for_before_the_code(till: Till) -> None:
    """Each choice begins the sale with its own share."""
    till.show(SAMPLES[ScreenName.TIP])
    till.tap("tip_10")
    assert till.sent == [ShowCode(amount_minor=1250, tip_minor=125)]


def test_settings_are_changed_by_a_touch_and_the_screen_follows_at_once(till: Till) -> None:
    """Language, colours and direction switch live, without a restart."""
    till.show(SAMPLES[ScreenName.SETTINGS])
    till.tap("set_theme", "set_language")
    till.time.pass_s(1)
    till.tap("choose_zh")
    till.time.pass_s(1)
    assert till.sent == [ChangeSetting(name="theme", text="daylight"), ChangeSetting(name="language", text="zh")]
    back_x = finger.reach("back").sx
    till.show(samples(Appearance(language=Language.ARABIC, theme=ThemeName.DAYLIGHT))[ScreenName.SETTINGS])
    assert till.texts()["headline"] == ["الإعدادات"]
    assert finger.reach("back").sx > back_x, "the way back lies where a line begins"


def test_whoever_changes_a_setting_stays_on_its_leaf(till_of: TillOf, tmp_path: Path) -> None:
    """By a touch, by a page that lies over it, and when the change alters how every screen looks."""
    shop = Shop(tmp_path).enrol()
    counter = Counter(till_of(Presenter(zone=None).present(shop.snapshot), PANEL_7_LANDSCAPE), shop)
    counter.tap("menu", "settings", "page_on")
    leaf = counter.till.texts().keys()
    assert "set_self_check" in leaf
    counter.tap("set_self_check")
    assert counter.till.texts().keys() == leaf
    counter.tap("set_receipt_language", "choose_de")
    assert shop.core.snapshot.settings.receipt_language is Language.GERMAN
    assert counter.till.texts().keys() == leaf
    counter.shop.do(ChangeSetting(name="theme", text="daylight"))
    counter.look()
    assert counter.till.texts().keys() == leaf
    counter.tap("back", "settings")
    assert "set_language" in counter.till.texts(), "who comes again begins at the beginning"


def test_the_ring_tells_what_stands_on_a_line(till: Till) -> None:
    """What became of a sale, its amount, and the rest in parts."""
    till.show(SAMPLES[ScreenName.HISTORY])
    told = [each for each in moves(till) if each.robot_id.startswith("sale_")]
    assert told[0] == FocusMoved(
        robot_id=SAMPLES[ScreenName.HISTORY].rows[0].robot_id,
        label="PAID",
        amount=AmountText(number="12.50", currency="EUR"),
        details=("08:06", "T-17"),
    )
    till.show(SAMPLES[ScreenName.STAFF])
    people = [each for each in moves(till) if each.robot_id.startswith("person_")]
    assert [(each.label, each.details) for each in people[:2]] == [("Amélie", ("Owner",)), ("Bo Chen", ("Manager",))]


def moves(till: Till) -> list[FocusMoved]:
    """What is told while the ring goes once around."""
    till.sent.clear()
    for _ in range(8):
        finger.press_key(finger.DOWN_KEY)
        settle()
    return [each for each in till.sent if isinstance(each, FocusMoved)]


def test_an_amount_is_told_when_nobody_goes_on_typing(till_of: TillOf) -> None:
    """Once and whole, where the till speaks; not when the screen has gone on meanwhile."""
    keypad = SAMPLES[ScreenName.KEYPAD]
    till = till_of(replace(keypad, speaks=True), PANEL_7_LANDSCAPE)
    till.tap("key_1", "key_2", "key_00")
    pump_until(lambda: bool(till.sent))
    assert till.sent == [AmountTyped(amount_minor=1_200)]
    till.tap("key_backspace")
    till.root.show(SAMPLES[ScreenName.MENU])
    pause_is_over: list[float] = []
    Clock.schedule_once(pause_is_over.append, 2 * PAUSE_S)
    pump_until(lambda: bool(pause_is_over))
    assert len(till.sent) == 1


def test_the_cameras_pictures_are_counted_while_it_is_tested(till: Till) -> None:
    """Whoever tests a camera sees that it is alive, before any code is read."""
    till.show(SAMPLES[ScreenName.CAMERA])
    for count in (1, 2, 3):
        till.root.show_frame(PreviewFrame(width_px=2, height_px=2, luminance=bytes(4)))
        settle()
        assert till.texts()["lines"][0].endswith(f"Pictures seen: {count}")
    till.tap("stop")
    assert till.sent == [OpenPage(page=Page.DEVICES)]


@pytest.mark.parametrize("panel", [PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT], ids=["landscape", "portrait"])
def test_arrow_keys_reach_every_target_and_enter_presses_it(till_of: TillOf, panel: Panel) -> None:
    """Whoever cannot touch the glass works the till with arrows and Enter; the till is told, for its voice."""
    till = till_of(SAMPLES[ScreenName.MENU], panel)
    reached = []
    for _ in finger.reachable_ids():
        finger.press_key(finger.DOWN_KEY)
        target = till.root.ring.target
        assert target is not None
        reached.append(target.robot_id)
    assert sorted(reached) == sorted(finger.reachable_ids())
    assert [moved.robot_id for moved in till.sent] == reached
    assert FocusMoved(robot_id="history", label="History") in till.sent
    while till.root.ring.target.robot_id != "history":  # type: ignore[union-attr]
        finger.press_key(finger.RIGHT_KEY)
    till.sent.clear()
    finger.press_key(finger.ENTER_KEY)
    assert till.sent == [SearchHistory()]
