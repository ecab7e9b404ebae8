"""The devices' page tells what was tested and how it went; the camera is looked through; warnings reach the keypad."""

from dataclasses import replace

import pytest

from terminal_app.core import Scanned, ScannerFailed, Snapshot
from terminal_app.device_queue import DeskReport
from terminal_app.devices.trouble import Trouble
from terminal_app.journal import MirrorState
from terminal_app.journal.office_events import JournalRepaired
from terminal_app.office_commands import DeviceKind, EnterPerson, OpenPage, Page, TryDevice
from terminal_app.presenter import Presenter
from terminal_app.roles import Role
from terminal_app.screen_model import Mark, Row, ScreenName, ShowCode
from tests.unit.terminal_app.people import OWNER_PIN
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

BROKEN = UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "no")


def row_of(shop: Shop, kind: DeviceKind) -> Row:
    """The line of a device."""
    rows = Presenter(zone=None).present(shop.snapshot).rows
    return next(row for row in rows if row.robot_id == f"try_{kind.value}")


def lines_of(snapshot: Snapshot) -> tuple[str, ...]:
    """The sentences of a screen."""
    return Presenter(zone=None).present(snapshot).lines


def test_a_test_has_a_result_on_the_page(shop: Shop) -> None:
    """Nothing before it, then what came of it; a later fault takes its place."""
    shop.do(OpenPage(page=Page.DEVICES))
    assert row_of(shop, DeviceKind.SOUND).mark is None
    shop.do(TryDevice(kind=DeviceKind.SOUND))
    shop.core.step(DeskReport(kind=DeviceKind.SOUND, error=None))
    assert (row_of(shop, DeviceKind.SOUND).detail, row_of(shop, DeviceKind.SOUND).mark) == ("works", Mark.GOOD)
    shop.core.step(DeskReport(kind=DeviceKind.SOUND, error=BROKEN))
    assert row_of(shop, DeviceKind.SOUND).mark is Mark.BAD
    assert row_of(shop, DeviceKind.PRINTER).detail == "not there"


def test_the_camera_is_looked_through_until_its_page_is_left(shop: Shop) -> None:
    """Any code counts, a hand scanner's does not; a camera that fails is said; nothing is sold by it."""
    shop.do(TryDevice(kind=DeviceKind.CAMERA))
    assert shop.scanner.is_looking
    assert lines_of(shop.snapshot)[0].startswith("No code read yet")
    shop.core.step(Scanned(texts=("anything",), source=DeviceKind.SCANNER))
    assert lines_of(shop.snapshot)[0].startswith("No code read yet")
    shop.core.step(Scanned(texts=("anything",)))
    assert lines_of(shop.snapshot)[0].startswith("A code was read")
    shop.core.step(ScannerFailed(error=BROKEN))
    assert lines_of(shop.snapshot) == ("The camera does not work.",)
    shop.do(OpenPage(page=Page.DEVICES))
    assert not shop.scanner.is_looking


def test_the_camera_rests_when_nobody_is_here_any_more(shop: Shop) -> None:
    """Whoever went away in the middle of the test is signed out, and nobody is watched."""
    shop.do(EnterPerson(name="Ada", role=Role.OWNER, pin=OWNER_PIN))
    shop.till.views.office.setting_texts["sign_out_s"] = "60"
    shop.do(TryDevice(kind=DeviceKind.CAMERA))
    shop.wait(61)
    assert shop.staff.signed_in is None
    assert not shop.scanner.is_looking


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (MirrorState.MISSING, "The second journal is not there. Plug it in."),
        (MirrorState.FAILED, "The second journal cannot be written."),
        (MirrorState.FOREIGN, "The second journal belongs to another till."),
    ],
)
def test_a_second_journal_that_does_not_follow_is_said_at_the_keypad(
    shop: Shop, state: MirrorState, words: str
) -> None:
    """And a good one, or none, is not."""
    assert lines_of(replace(shop.snapshot, mirror=state)) == (words,)
    assert lines_of(replace(shop.snapshot, mirror=MirrorState.GOOD)) == ()


def test_the_keypad_says_the_worst_two_and_the_devices_page_the_rest(shop: Shop) -> None:
    """A repaired journal before a printer without paper; a sale begins all the same."""
    repaired = JournalRepaired(kept_as="x", good_count=1, mirror_count=0, saved_count=0, lost_count=2)
    bad = replace(
        shop.snapshot,
        repaired=repaired,
        mirror=MirrorState.MISSING,
        device_faults=((DeviceKind.PRINTER, Trouble.OTHER),),
    )
    first = "The journal was damaged and repaired. Lost entries: 2."
    assert lines_of(bad) == (first, "The second journal is not there. Plug it in.")
    assert lines_of(replace(bad, repaired=None))[1] == "Printer: does not work."
    shop.do(ShowCode(amount_minor=100))
    assert Presenter(zone=None).present(shop.snapshot).name is ScreenName.SHOW_CODE
