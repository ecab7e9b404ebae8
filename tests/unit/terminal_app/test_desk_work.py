"""The core and its desk: which moment is announced how, who may print what, and that no sale waits for a device."""

import pytest

from terminal_app.core import Place
from terminal_app.core.desk_work import announcement_of
from terminal_app.desk import Announcement, EmptyDesk
from terminal_app.device_queue import DeskReport
from terminal_app.devices.paper import Paper
from terminal_app.devices.signals import Signal
from terminal_app.devices.trouble import Trouble
from terminal_app.office_commands import (
    ChangeSetting,
    ClosePage,
    DeviceKind,
    EnterPerson,
    GiveRefund,
    MakeReport,
    OpenDrawer,
    OpenPage,
    OpenSale,
    Page,
    PrintReceipt,
    PrintReport,
    ReportChoice,
    SavePdf,
    SignIn,
    TryDevice,
)
from terminal_app.presenter import Presenter
from terminal_app.roles import Role
from terminal_app.screen_model import AmountTyped, Cancel, FocusMoved, NextSale, ScanAnswer, ShowCode
from terminal_app.settings import Settings
from terminal_app.sounds import Speech, Tone, Words
from tests.unit.terminal_app.people import CASHIER_PIN, OWNER_PIN, sell
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

GONE = UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "unplugged")


class Listening(EmptyDesk):
    """Remembers what the core asks."""

    def __init__(self) -> None:
        self.announced: list[Announcement] = []
        self.papers: list[Paper] = []
        self.configured: list[Settings] = []
        self.asked: list[object] = []
        self.spoken: list[Speech] = []

    def speak(self, clips: Speech) -> None:
        """Keep them."""
        self.spoken.append(clips)

    def configure(self, settings: Settings) -> None:
        """Keep them."""
        self.configured.append(settings)

    def announce(self, announcement: Announcement) -> None:
        """Keep it."""
        self.announced.append(announcement)

    def print_paper(self, paper: Paper) -> None:
        """Keep it."""
        self.papers.append(paper)

    def open_drawer(self) -> None:
        """Keep it."""
        self.asked.append("drawer")

    def test(self, kind: DeviceKind) -> None:
        """Keep it."""
        self.asked.append(kind)


@pytest.fixture
def desk(shop: Shop) -> Listening:
    """A desk that the shop's core talks to."""
    listening = Listening()
    shop.core._desk._desk = listening
    return listening


def test_every_moment_of_a_sale_is_announced_once(shop: Shop, desk: Listening) -> None:
    """Waiting while the code is shown, the outcome with its amount, and then nothing."""
    sell(shop, 1_250)
    signals = [one.signal for one in desk.announced]
    assert signals == [Signal.WAITING, Signal.WAITING, Signal.WAITING, Signal.GOOD, Signal.IDLE]
    assert [one.is_bright for one in desk.announced] == [True, False, False, False, False]
    assert desk.announced[0].clips == ("show_code", "n12", "point", "n50")
    assert [one.tone for one in desk.announced[:3]] == [None, None, Tone.SCANNED]
    paid = desk.announced[3]
    assert (paid.tone, paid.clips) == (Tone.PAID, ("paid", "n12", "point", "n50"))
    assert (paid.first, paid.second) == ("PAID", "12.50 EUR")


def test_an_unknown_outcome_sounds_like_nothing_else(shop: Shop, desk: Listening) -> None:
    """And its sentence says not to charge again; no amount is spoken as if it were paid."""
    shop.go_offline()
    shop.show_code(300)
    shop.do(Cancel())
    shop.run()
    unknown = desk.announced[-1]
    assert (unknown.signal, unknown.tone, unknown.clips) == (Signal.UNKNOWN, Tone.UNKNOWN, ("unknown",))


def test_money_that_went_back_is_told(shop: Shop, desk: Listening) -> None:
    """Once, when the server has confirmed it; a refused refund is silent, and so is one while somebody else pays."""
    request_id = sell(shop, 1_250)
    shop.do(GiveRefund(request_id=request_id, amount_minor=250, reason="cold"))
    assert desk.announced[-1].signal is Signal.IDLE
    shop.run()
    told = desk.announced[-1]
    assert (told.tone, told.clips) == (Tone.ENDED, ("refunded", "n2", "point", "n50"))
    assert (told.first, told.second) == ("REFUNDED", "2.50 EUR")
    count = len(desk.announced)
    shop.server.refuse_refunds = ErrorCode.AMOUNT_MISMATCH
    shop.do(GiveRefund(request_id=request_id, amount_minor=250, reason="cold"))
    shop.run()
    assert len(desk.announced) == count
    shop.server.refuse_refunds = None
    shop.do(GiveRefund(request_id=request_id, amount_minor=100, reason="cold"))
    shop.show_code()
    shop.run()
    assert not shop.till.refunds.open_ids
    assert all(one.first != "REFUNDED" for one in desk.announced[count:])


def test_the_ring_speaks_the_language_of_the_till(shop: Shop, desk: Listening) -> None:
    """What it lies around is said, and an amount that was typed."""
    shop.do(ChangeSetting(name="language", text="de"))
    shop.core.step(FocusMoved(robot_id="show_code", label="Code zeigen"))
    shop.core.step(FocusMoved(robot_id="person_2", label="Ben"))
    shop.core.step(FocusMoved(robot_id="key_b", label="b"))
    shop.core.step(AmountTyped(amount_minor=2_100))
    assert desk.spoken == [("label_do_show_code",), (Words("Ben"),), ("n21",)]


def test_every_place_has_its_announcement(shop: Shop) -> None:
    """None is forgotten."""
    sell(shop, 100)
    snapshot = shop.shown[-2]
    assert snapshot.place is Place.RESULT
    for one in shop.shown:
        assert announcement_of(one).signal in Signal


def test_a_receipt_is_printed_and_the_second_one_is_a_copy(shop: Shop, desk: Listening) -> None:
    """Of the sale on the counter, or of any in the history."""
    request_id = sell(shop, 1_250)
    shop.do(PrintReceipt())
    assert shop.refusal is ErrorCode.BAD_ARGUMENT
    shop.do(PrintReceipt(request_id=request_id))
    shop.do(PrintReceipt(request_id=request_id))
    first, second = (" ".join(line.text for line in paper.lines) for paper in desk.papers)
    assert "Copy" not in first
    assert "Copy" in second


def test_an_old_receipt_is_printed_from_the_file(shop: Shop, desk: Listening) -> None:
    """However long ago it was."""
    request_id = sell(shop, 1_250)
    del shop.till.views.sales[request_id]
    shop.do(PrintReceipt(request_id=request_id))
    assert len(desk.papers) == 1
    assert desk.papers[0].code_text


def test_the_paper_of_a_refund_is_printed_and_one_that_is_not_confirmed_counts_for_no_copy(
    shop: Shop, desk: Listening
) -> None:
    """Of its own sale only, and what it says is what is known by then."""
    request_id, other_id = sell(shop, 1_250), sell(shop, 700)
    shop.do(GiveRefund(request_id=request_id, amount_minor=250, reason="cold"))
    (refund_id,) = shop.till.refunds.open_ids
    shop.do(PrintReceipt(request_id=request_id, refund_id=refund_id))
    shop.run()
    for _ in range(2):
        shop.do(PrintReceipt(request_id=request_id, refund_id=refund_id))
    shop.do(PrintReceipt(request_id=other_id, refund_id=refund_id))
    assert shop.refusal is ErrorCode.UNKNOWN_PAYMENT
    waits, done, again = (" ".join(f"{line.text} {line.value}" for line in paper.lines) for paper in desk.papers)
    assert "REFUND, NOT CONFIRMED YET" in waits
    assert "REFUND" in done
    assert "2.50 EUR" in done
    assert "cold" in done
    assert "NOT CONFIRMED" not in done
    assert ("Copy" in waits, "Copy" in done, "Copy" in again) == (False, False, True)
    assert not desk.papers[0].code_text
    assert desk.papers[1].code_text, "the operator's receipt, to be verified"


def test_reports_and_drawer_are_for_those_who_may(shop: Shop, desk: Listening) -> None:
    """A cashier prints receipts and no reports."""
    sell(shop, 100)
    shop.do(MakeReport(kind=ReportChoice.Z))
    shop.do(PrintReport())
    shop.do(OpenDrawer())
    shop.do(TryDevice(kind=DeviceKind.LIGHTS))
    assert (len(desk.papers), desk.asked) == (1, ["drawer", DeviceKind.LIGHTS])
    shop.do(EnterPerson(name="Ada", role=Role.OWNER, pin=OWNER_PIN))
    shop.do(EnterPerson(name="Ben", role=Role.CASHIER, pin=CASHIER_PIN))
    shop.do(SignIn(staff_id=2, pin=CASHIER_PIN))
    for command in (PrintReport(), OpenDrawer(), TryDevice(kind=DeviceKind.LIGHTS)):
        shop.do(command)
        assert shop.refusal is ErrorCode.ROLE_FORBIDS
    assert (len(desk.papers), len(desk.asked)) == (1, 2)


def test_a_dead_printer_is_a_word_on_the_screen_and_the_sale_goes_on(shop: Shop, desk: Listening) -> None:
    """Until it works again."""
    shop.core.step(DeskReport(kind=DeviceKind.PRINTER, error=GONE))
    assert shop.snapshot.device_faults == ((DeviceKind.PRINTER, Trouble.OTHER),)
    sell(shop, 100)
    shop.core.step(DeskReport(kind=DeviceKind.PRINTER, error=None))
    assert not shop.snapshot.device_faults
    assert desk.announced


def shown_lines(shop: Shop) -> tuple[str, ...]:
    """The lines of the screen."""
    return Presenter(zone=None).present(shop.snapshot).lines


def test_a_print_that_fails_is_told_where_it_was_pressed_and_why(shop: Shop, desk: Listening) -> None:
    """The reason too; a later paper that comes out takes it away, and another place is not told."""
    sell(shop, 100)
    request_id = shop.till.views.latest_sale.request_id if shop.till.views.latest_sale else None
    assert request_id is not None
    shop.do(OpenPage(page=Page.HISTORY))
    shop.do(OpenSale(request_id=request_id))
    shop.do(PrintReceipt(request_id=request_id))
    silent = UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "the printer: it takes no more", param="printer")
    silent.__cause__ = TimeoutError()
    shop.core.step(DeskReport(kind=DeviceKind.PRINTER, error=silent))
    assert shop.snapshot.device_faults == ((DeviceKind.PRINTER, Trouble.SILENT),)
    assert shown_lines(shop) == ("Printer: does not answer",)
    shop.core.step(DeskReport(kind=DeviceKind.PRINTER, error=None))
    assert shown_lines(shop) == ()
    shop.do(PrintReceipt(request_id=request_id))
    shop.do(ClosePage())
    shop.do(ShowCode(amount_minor=500))
    before = shown_lines(shop)
    shop.core.step(DeskReport(kind=DeviceKind.PRINTER, error=silent))
    assert shown_lines(shop) == before, "a customer's code is no place for it"
    shop.do(Cancel())
    shop.run()
    shop.do(NextSale())
    assert shown_lines(shop) == ("Printer: does not answer",)


def test_a_display_that_takes_nothing_is_told_beside_every_outcome(shop: Shop, desk: Listening) -> None:
    """What stands on it may be another sale's; a display that was taken off the counter is named no more."""
    shop.do(ChangeSetting(name="display", text="serial:/dev/ttyUSB1"))
    shop.core.step(DeskReport(kind=DeviceKind.DISPLAY, error=GONE))
    shop.scan(shop.answer(shop.show_code()).envelope)
    shop.run()
    assert shop.place is Place.RESULT
    assert "The customer display may show an older sale." in shown_lines(shop)
    shop.do(ChangeSetting(name="display", text=""))
    shop.do(NextSale())
    shop.do(ChangeSetting(name="display", text=""))
    assert not shop.snapshot.device_faults
    assert shown_lines(shop) == ()


def test_no_receipt_that_is_saved_ends_the_till(shop: Shop, desk: Listening) -> None:
    """A refund with a long reason did; a folder that is no folder is a word."""
    sell(shop, 100)
    request_id = shop.till.views.latest_sale.request_id if shop.till.views.latest_sale else None
    assert request_id is not None
    shop.do(GiveRefund(request_id=request_id, amount_minor=50, reason="r" * 32))
    shop.run()
    (record,) = shop.till.views.office.refunds.values()
    shop.do(SavePdf(request_id=request_id, refund_id=record.refund.message.refund_id))
    assert shop.refusal is None


def test_the_desk_hears_of_changed_settings(shop: Shop, desk: Listening) -> None:
    """Once for each change."""
    shop.do(ChangeSetting(name="printer", text="tcp:192.0.2.1"))
    shop.do(ChangeSetting(name="printer", text="tcp:192.0.2.1"))
    assert [one.printer for one in desk.configured] == ["tcp:192.0.2.1"]


def test_a_hand_scanner_needs_no_button(shop: Shop) -> None:
    """What it reads while the code is shown is taken."""
    request = shop.show_code()
    shop.scan(shop.answer(request).envelope)
    shop.run()
    assert shop.place is Place.RESULT
    shop.do(ScanAnswer())
