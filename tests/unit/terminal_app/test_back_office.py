"""The back office as a finger drives it: who may, what is shown, and that nothing of it stands in a sale's way."""

import pytest

from terminal_app.core import Done, Place
from terminal_app.office_commands import (
    Approve,
    ChangePerson,
    ChangeSetting,
    ClosePage,
    DismissPerson,
    EndTraining,
    EnterPerson,
    GiveRefund,
    LeaveShop,
    MakeReport,
    OfflineChoice,
    OpenPage,
    OpenRefund,
    OpenSale,
    Page,
    ReportChoice,
    SavePdf,
    SearchHistory,
    ShowReportAgain,
    SignIn,
    SignOut,
    StartTraining,
)
from terminal_app.presenter import Presenter
from terminal_app.receipts import Training
from terminal_app.reports import OfflineFilter, ReportKind
from terminal_app.roles import Permission, Role
from terminal_app.screen_model import (
    AmountText,
    Cancel,
    NetworkSwitch,
    NextSale,
    PageButton,
    ScanAnswer,
    ScreenName,
    ShowCode,
    ThemeName,
)
from tests.unit.terminal_app.people import CASHIER_PIN, OWNER_PIN, page, sell
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.states import State

OWNER, CASHIER = 1, 2


def refused(shop: Shop, code: ErrorCode) -> bool:
    """Whether the last command was refused so."""
    return shop.refusal is code


@pytest.fixture
def staffed(shop: Shop) -> Shop:
    """An owner and a cashier; the cashier stands at the till."""
    shop.do(EnterPerson(name="Ada", role=Role.OWNER, pin=OWNER_PIN))
    shop.do(EnterPerson(name="Ben", role=Role.CASHIER, pin=CASHIER_PIN))
    shop.do(SignOut())
    shop.do(SignIn(staff_id=CASHIER, pin=CASHIER_PIN))
    return shop


def test_the_choices_of_the_history_are_those_of_its_filter() -> None:
    """One word for one thing."""
    assert [one.value for one in OfflineChoice] == [one.value for one in OfflineFilter]
    assert [one.value for one in ReportChoice] == [one.value for one in ReportKind]


def test_whoever_enters_the_first_owner_is_that_owner(shop: Shop) -> None:
    """Nobody is locked out by entering people; from then on somebody must sign in to sell."""
    shop.do(EnterPerson(name="Ada", role=Role.OWNER, pin=OWNER_PIN))
    crew = shop.snapshot.crew
    assert crew is not None
    assert crew.person is not None
    assert (crew.person.name, crew.role) == ("Ada", Role.OWNER)
    shop.do(SignOut())
    shop.do(ShowCode(amount_minor=100))
    assert (shop.place, shop.refusal) == (Place.KEYPAD, ErrorCode.ROLE_FORBIDS)
    shop.do(SignIn(staff_id=OWNER, pin="9999"))
    assert shop.refusal is ErrorCode.WRONG_PIN
    shop.do(SignIn(staff_id=OWNER, pin=OWNER_PIN))
    shop.do(ShowCode(amount_minor=100))
    assert shop.place is Place.SHOW


def test_a_sale_knows_who_sold_it(staffed: Shop) -> None:
    """In the history, after a crash too."""
    sell(staffed, 500)
    staffed.restart()
    assert [entry.staff_id for entry in staffed.till.views.history.values()] == [CASHIER]


def test_a_cashier_needs_an_approval_for_more(staffed: Shop) -> None:
    """What was refused is done once, by the larger role's PIN, and the cashier stays signed in."""
    sell(staffed, 500)
    staffed.do(MakeReport(kind=ReportChoice.Z))
    assert staffed.refusal is ErrorCode.ROLE_FORBIDS
    assert page(staffed).asks_approval is Permission.REPORT_Z
    assert not staffed.till.views.office.closings
    staffed.do(Approve(staff_id=CASHIER, pin=CASHIER_PIN))
    assert not staffed.till.views.office.closings
    staffed.do(Approve(staff_id=OWNER, pin=OWNER_PIN))
    report = page(staffed).report
    assert report is not None
    assert (report.kind, report.number, report.totals.takings_minor) == (ReportKind.Z, 1, 500)
    staffed.do(Approve(staff_id=OWNER, pin=OWNER_PIN))
    assert refused(staffed, ErrorCode.BAD_ARGUMENT)
    crew = staffed.snapshot.crew
    assert crew is not None
    assert crew.role is Role.CASHIER


def test_reports_are_looked_at_and_looked_at_again(shop: Shop) -> None:
    """X, Z, and the Z again."""
    sell(shop, 500)
    shop.do(MakeReport(kind=ReportChoice.X))
    shown = page(shop).report
    assert shown is not None
    assert shown.kind is ReportKind.X
    shop.do(MakeReport(kind=ReportChoice.Z))
    made = page(shop).report
    shop.do(MakeReport(kind=ReportChoice.Z))
    assert shop.refusal is ErrorCode.NOTHING_TO_CLOSE
    shop.do(ShowReportAgain(number=1))
    assert page(shop).report == made
    assert page(shop).z_numbers == (1,)


def test_a_refund_is_asked_sent_and_seen(shop: Shop) -> None:
    """The page follows what becomes of it."""
    request_id = sell(shop, 1_250)
    shop.do(SearchHistory(text="12.50"))
    assert [entry.request_id for entry in page(shop).entries] == [request_id]
    shop.do(OpenSale(request_id=request_id))
    shop.do(GiveRefund(request_id=request_id, amount_minor=250, reason="cold"))
    assert [one.state for one in page(shop).refunds] == [State.UNKNOWN]
    asked = Presenter(zone=None).present(shop.snapshot)
    assert (asked.name, asked.warning) == (ScreenName.REFUND_OPEN, "DO NOT REFUND AGAIN")
    shop.run()
    view = page(shop)
    assert [one.state for one in view.refunds] == [State.CAPTURED]
    paid = Presenter(zone=None).present(shop.snapshot)
    assert (paid.name, paid.amount, paid.warning) == (
        ScreenName.REFUNDED,
        AmountText(number="2.50", currency="EUR"),
        "",
    )
    assert view.entry is not None
    assert view.entry.refundable_minor == 1_000


def test_a_receipt_is_saved_as_pdf_and_its_place_is_said(shop: Shop) -> None:
    """The same receipt is the same file; a folder that cannot be made is a word, and nothing else."""
    request_id = sell(shop, 1_250)
    shop.do(OpenSale(request_id=request_id))
    shop.do(SavePdf(request_id=request_id))
    (saved,) = (shop.folder / "receipts").iterdir()
    content = saved.read_bytes()
    assert content.startswith(b"%PDF-")
    panel = Presenter(zone=None).present(shop.snapshot)
    assert (panel.name, panel.lines[0]) == (ScreenName.DONE, f"Saved as {saved.name}")
    shop.do(SavePdf(request_id=request_id))
    assert [one.read_bytes() for one in (shop.folder / "receipts").iterdir()] == [content]
    saved.unlink()
    (shop.folder / "receipts").rmdir()
    (shop.folder / "receipts").write_text("no folder")
    shop.do(SavePdf(request_id=request_id))
    assert shop.refusal is ErrorCode.STORAGE_FAILED


def test_a_refund_of_the_history_is_looked_at_and_saved(shop: Shop) -> None:
    """As a panel, like right after it was given; as a PDF of its own; and no sale shows another one's refund."""
    request_id, other_id = sell(shop, 1_250), sell(shop, 700)
    shop.do(GiveRefund(request_id=request_id, amount_minor=250, reason="cold"))
    shop.run()
    (record,) = page(shop).refunds
    refund_id = record.refund.message.refund_id
    shop.do(OpenSale(request_id=request_id))
    sale = Presenter(zone=None).present(shop.snapshot)
    (row,) = (row for row in sale.rows if row.robot_id.startswith("refund_"))
    assert row.press == OpenRefund(request_id=request_id, refund_id=refund_id)
    shop.do(row.press)
    panel = Presenter(zone=None).present(shop.snapshot)
    assert (panel.name, panel.amount) == (ScreenName.REFUNDED, AmountText(number="2.50", currency="EUR"))
    assert [action.command for action in panel.actions] == [PageButton.PRINT, PageButton.SAVE_PDF, PageButton.DONE]
    shop.do(panel.actions[1].press)
    (saved,) = (shop.folder / "receipts").iterdir()
    assert saved.name.startswith("refund-")
    assert saved.read_bytes().startswith(b"%PDF-")
    assert Presenter(zone=None).present(shop.snapshot).name is ScreenName.DONE
    shop.do(OpenRefund(request_id=other_id, refund_id=refund_id))
    assert shop.refusal is ErrorCode.UNKNOWN_PAYMENT


def test_a_cashiers_refund_is_capped_and_can_be_approved(staffed: Shop) -> None:
    """Over the cap the owner's PIN does it."""
    request_id = sell(staffed, 5_000)
    staffed.till.views.office.setting_texts["refund_cashier_minor"] = "1000"
    staffed.do(GiveRefund(request_id=request_id, amount_minor=1_001, reason=""))
    assert page(staffed).asks_approval is Permission.REFUND
    assert not staffed.till.refunds.open_ids
    staffed.do(Approve(staff_id=OWNER, pin=OWNER_PIN))
    assert len(staffed.till.refunds.open_ids) == 1


def test_settings_are_changed_and_seen_at_once(shop: Shop) -> None:
    """On the page, and in every snapshot."""
    shop.do(ChangeSetting(name="theme", text="daylight"))
    assert (page(shop).done, page(shop).settings.theme) == (Done.SETTING_CHANGED, ThemeName.DAYLIGHT)
    shop.do(ClosePage())
    assert shop.snapshot.office is None
    assert shop.snapshot.settings.theme is ThemeName.DAYLIGHT
    shop.do(ChangeSetting(name="theme", text="plaid"))
    assert shop.refusal is ErrorCode.BAD_ARGUMENT


def test_people_are_changed_by_the_owner_alone(staffed: Shop) -> None:
    """A cashier can make nobody an owner."""
    staffed.do(ChangePerson(staff_id=CASHIER, name="Ben", role=Role.OWNER))
    assert staffed.refusal is ErrorCode.ROLE_FORBIDS
    staffed.do(SignIn(staff_id=OWNER, pin=OWNER_PIN))
    staffed.do(DismissPerson(staff_id=CASHIER))
    assert page(staffed).done is Done.PERSON_CHANGED
    crew = staffed.snapshot.crew
    assert crew is not None
    assert [one.name for one in crew.people] == ["Ada"]


def test_nobody_is_signed_in_after_a_restart(staffed: Shop) -> None:
    """Whoever was there when the power went may be gone: an owner's rights are nobody's."""
    assert staffed.staff.signed_in is not None
    staffed.restart()
    assert staffed.staff.signed_in is None
    staffed.do(ShowCode(amount_minor=100))
    assert (staffed.place, staffed.refusal) == (Place.KEYPAD, ErrorCode.ROLE_FORBIDS)


def test_whoever_goes_away_is_signed_out_unless_the_shop_wants_otherwise(staffed: Shop) -> None:
    """It was never, as the shop had it from us."""
    staffed.wait(301)
    assert staffed.staff.signed_in is None


def test_whoever_goes_away_is_signed_out(staffed: Shop) -> None:
    """After the set time without a touch; never in the middle of a sale."""
    staffed.till.views.office.setting_texts["sign_out_s"] = "60"
    staffed.do(ShowCode(amount_minor=100))
    staffed.wait(61)
    assert staffed.staff.signed_in is not None
    staffed.do(Cancel())
    staffed.run()
    assert staffed.staff.signed_in is not None
    staffed.core._counter.place = Place.KEYPAD
    due_in_ms = staffed.core.due_in_ms()
    assert due_in_ms is not None
    assert due_in_ms <= 60_000
    staffed.wait(61)
    assert staffed.staff.signed_in is None


def test_no_page_opens_while_something_is_sold(shop: Shop) -> None:
    """And a sale closes the page that lay over the keypad."""
    shop.do(OpenPage(page=Page.QUEUE))
    shop.show_code()
    assert shop.snapshot.office is None
    shop.do(OpenPage(page=Page.QUEUE))
    assert (shop.place, shop.snapshot.office) == (Place.SHOW, None)
    shop.do(LeaveShop())
    assert shop.till.views.membership is not None


def test_the_page_of_the_queue_follows_the_queue(shop: Shop) -> None:
    """What is sent leaves the page too."""
    shop.go_offline()
    sell(shop, 700)
    shop.do(OpenPage(page=Page.QUEUE))
    queue = page(shop).queue
    assert queue is not None
    assert (len(queue.items), queue.sum_minor) == (1, 700)
    shop.switch(NetworkSwitch.ON)
    queue = page(shop).queue
    assert queue is not None
    assert queue.is_empty


def test_a_till_does_not_leave_its_shop_with_something_unsent(shop: Shop) -> None:
    """Neither a payment, nor a question, nor a refund may be left behind. Then it leaves, and can join again."""
    request_id = sell(shop, 500)
    shop.go_offline()
    shop.do(GiveRefund(request_id=request_id, amount_minor=100, reason=""))
    shop.do(LeaveShop())
    assert shop.refusal is ErrorCode.QUEUE_NOT_EMPTY
    shop.switch(NetworkSwitch.ON)
    shop.go_offline()
    sell(shop, 700)
    shop.do(LeaveShop())
    assert shop.refusal is ErrorCode.QUEUE_NOT_EMPTY
    assert shop.place is Place.KEYPAD
    shop.switch(NetworkSwitch.ON)
    shop.do(LeaveShop())
    assert shop.till.views.membership is None
    shop.restart()
    assert (shop.snapshot.place, shop.snapshot.shop) == (Place.ENROL, "")
    shop.enrol()
    sell(shop, 100)
    assert len(shop.till.views.history) == 3


def test_training_begins_only_when_everything_is_sent_and_nothing_is_sold(shop: Shop) -> None:
    """What is unsent would wait as long as somebody plays; a sale would be left alone."""
    shop.go_offline()
    sell(shop, 500)
    shop.do(StartTraining())
    assert (shop.refusal, shop.trainings) == (ErrorCode.QUEUE_NOT_EMPTY, [])
    shop.switch(NetworkSwitch.ON)
    shop.show_code()
    shop.do(StartTraining())
    assert shop.trainings == []
    shop.do(Cancel())
    shop.run()
    shop.do(NextSale())
    shop.do(EndTraining())
    assert (shop.refusal, shop.trainings) == (ErrorCode.BAD_ARGUMENT, [])
    shop.do(StartTraining())
    assert shop.trainings == [Training.YES]


def test_only_an_owner_joins_or_leaves(staffed: Shop) -> None:
    """A cashier cannot carry the till to another shop."""
    staffed.do(LeaveShop())
    assert staffed.refusal is ErrorCode.ROLE_FORBIDS
    assert staffed.till.views.membership is not None


def test_a_tip_is_chosen_at_the_till(shop: Shop) -> None:
    """The code asks for bill and tip; a tip that the shop does not ask for is refused."""
    shop.do(ShowCode(amount_minor=1_000, tip_minor=100))
    assert (shop.place, shop.refusal) == (Place.KEYPAD, ErrorCode.BAD_ARGUMENT)
    shop.do(ChangeSetting(name="tip_policy", text="at_till"))
    shop.do(ShowCode(amount_minor=1_000, tip_minor=100))
    assert shop.request.message.amount_minor == 1_100
    shop.do(ScanAnswer())
    shop.scan(shop.answer(shop.request).envelope)
    shop.run()
    assert shop.sale.tip_minor == 100
