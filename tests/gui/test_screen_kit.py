"""The Kivy pieces that terminal and demo wallet share: code, camera picture, mirror, robot finger, icons."""

import io
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from kivy.base import EventLoop
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.label import Label
from PIL import Image, ImageChops

from terminal_app.screen_model import NextSale, ScreenModel, ScreenName
from terminal_app.ui.samples import SAMPLES
from tests.gui.stage import Stage, Till, frames_drawn_while_idle, picture, pump_until, settle
from wallet_sdk.decoding import decode_codes
from wallet_sdk.protocol import qr
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import (
    KNOWN_PANELS,
    PANEL_7_LANDSCAPE,
    PANEL_7_PORTRAIT,
    PANEL_10_LANDSCAPE,
    Panel,
    panel_of_size,
)
from wallet_sdk.screen.frame_buffer import write_png
from wallet_sdk.screen.grey_view import GreyView
from wallet_sdk.screen.icons import MARKS, Icon, IconView
from wallet_sdk.screen.mirror import ScreenMirror
from wallet_sdk.screen.qr_view import QUIET_ZONE_MODULES, QrView
from wallet_sdk.screen.robot import Answer, RobotFinger
from wallet_sdk.screen.touch import PressArea

StageOf = Callable[[Panel], Stage]
TillOf = Callable[[ScreenModel, Panel], Till]

TEXT = "TC1:HELLO TILL"


@pytest.fixture
def stage(stage_of: StageOf) -> Stage:
    """The 7 inch panel."""
    return stage_of(PANEL_7_LANDSCAPE)


# --- panels ---


@pytest.mark.parametrize(
    ("panel", "width_mm", "height_mm"),
    [(PANEL_7_LANDSCAPE, 154, 92), (PANEL_7_PORTRAIT, 88, 155), (PANEL_10_LANDSCAPE, 217, 136)],
)
def test_densities_give_the_real_size_of_the_panels(panel: Panel, width_mm: float, height_mm: float) -> None:
    """A density that is a little wrong makes every key too small, so the millimetres are compared with the panels'."""
    assert panel.width_mm == pytest.approx(width_mm, abs=2)
    assert panel.height_mm == pytest.approx(height_mm, abs=2)


def test_a_panel_is_known_by_its_pixels() -> None:
    """A known size gives its panel; any other is taken for a desktop window."""
    for panel in KNOWN_PANELS:
        assert panel_of_size(width_px=panel.width_px, height_px=panel.height_px) is panel
    other = panel_of_size(width_px=1000, height_px=700)
    assert (other.width_px, other.height_px) == (1000, 700)


# --- code and camera picture ---


@pytest.mark.parametrize("side_px", [199, 200, 311, 478])
def test_a_code_has_whole_pixels_a_module_and_its_quiet_zone(stage: Stage, side_px: int) -> None:
    """Whatever room a code gets, its modules are equal, its edges hard, its quiet zone kept, and it can be read."""
    view = QrView(size_hint=(None, None), size=(side_px, side_px), pos=(1.5, 0.5))
    view.matrix = qr.matrix(TEXT)
    stage.put(view)
    modules = len(qr.matrix(TEXT))
    assert view.module_px == side_px // (modules + 2 * QUIET_ZONE_MODULES)
    margin_px = (side_px - view.module_px * modules) / 2
    assert margin_px >= QUIET_ZONE_MODULES * view.module_px - 1
    shot = picture()
    assert decode_codes(shot) == [TEXT]
    card = shot.crop((8, shot.height - side_px + 8, side_px - 8, shot.height - 8))
    colours = card.getcolors() or []
    assert {colour for _, colour in colours} == {(0, 0, 0), (255, 255, 255)}, "no smoothed edges"


def test_a_new_code_of_the_same_size_reuses_the_texture(stage: Stage) -> None:
    """A texture for each code would leak; the second code is blitted into the first one's."""
    view = QrView(size_hint=(None, None), size=(300, 300))
    view.matrix = qr.matrix(TEXT)
    stage.put(view)
    texture = view._texture
    other = TEXT.replace("TILL", "SHOP")
    view.matrix = qr.matrix(other)
    assert view._texture is texture
    assert decode_codes(picture()) == [other]
    view.matrix = None
    assert decode_codes(picture()) == []


def test_camera_frames_share_one_texture_and_stand_upright(stage: Stage) -> None:
    """Frames are blitted into one texture, and what the camera saw above is above."""
    view = GreyView(corner_mm=0, size_hint=(None, None), size=(200, 200), pos=(0, 0))
    stage.put(view)
    black_over_white = bytes(100) + bytes([255]) * 100
    view.show(width_px=10, height_px=20, luminance=bytes(200))
    texture = view._texture
    view.show(width_px=10, height_px=20, luminance=black_over_white)
    assert view._texture is texture
    shot = picture()
    assert shot.getpixel((100, shot.height - 180)) == (0, 0, 0)
    assert shot.getpixel((100, shot.height - 20)) == (255, 255, 255)


@pytest.mark.parametrize("icon", Icon, ids=lambda icon: icon.value)
def test_every_icon_leaves_a_mark_inside_its_square(stage: Stage, icon: Icon) -> None:
    """Every icon is visible and stays where it was put."""
    stage.put(IconView(icon=icon, size_hint=(None, None), size=(120, 120), pos=(100, 100)))
    shot = picture().convert("L")
    left, upper, right, lower = shot.point(lambda level: 255 if level > 128 else 0).getbbox() or (0, 0, 0, 0)
    assert right - left > 40
    assert left >= 95
    assert right <= 225
    assert upper >= shot.height - 225
    assert lower <= shot.height - 95


def test_no_two_icons_are_alike() -> None:
    """An icon that looks like another says nothing."""
    assert set(MARKS) == set(Icon)
    assert len(set(MARKS.values())) == len(Icon)


# --- mirror ---


def test_the_mirror_writes_what_changed_and_rests_when_idle(stage: Stage, tmp_path: Path) -> None:
    """The mirror has the very pixels, writes once a change, and leaves no half-written file."""
    label = Label(text="12.50", font_size=80)
    stage.put(label)
    mirror = ScreenMirror(tmp_path / "till.png")
    mirror.start()
    try:
        pump_until(lambda: mirror.writes == 1)
        settle()
        assert frames_drawn_while_idle(rounds=8) == 0
        assert mirror.writes == 1
        label.text = "13.70"
        pump_until(lambda: mirror.writes == 2)
    finally:
        mirror.stop()
    with Image.open(tmp_path / "till.png") as mirrored:
        assert ImageChops.difference(mirrored, picture()).getbbox() is None
    assert [each.name for each in tmp_path.iterdir()] == ["till.png"], "no half-written file is left"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("no mode"), MemoryError()])
def test_a_picture_that_cannot_be_written_ends_nothing(stage: Stage, tmp_path: Path, error: Exception) -> None:
    """A full disk, a stick that is pulled out: it is tried again with the next picture, and logged."""
    failures = [error]

    def write(picture: Image.Image, path: Path) -> None:
        if failures:
            raise failures[0]
        write_png(picture, path)

    label = Label(text="12.50", font_size=80)
    stage.put(label)
    mirror = ScreenMirror(tmp_path / "till.png", write=write)
    mirror.start()
    try:
        settle()
        assert mirror.writes == 0
        failures.clear()
        label.text = "13.70"
        pump_until(lambda: mirror.writes == 1)
    finally:
        mirror.stop()


def test_a_disk_that_hangs_holds_up_no_screen(stage: Stage, tmp_path: Path) -> None:
    """The window goes on drawing; of what was drawn meanwhile only the newest is written."""
    begun, held = threading.Event(), threading.Event()
    written: list[Image.Image] = []

    def write(picture: Image.Image, _path: Path) -> None:
        begun.set()
        held.wait(20)
        written.append(picture)

    label = Label(text="0", font_size=80)
    stage.put(label)
    mirror = ScreenMirror(tmp_path / "till.png", write=write)
    mirror.start()
    pump_until(begun.is_set)
    for number in range(1, 5):
        label.text = str(number)
        settle()
    held.set()
    pump_until(lambda: mirror.writes == 2)
    mirror.stop()
    assert len(written) == 2
    assert ImageChops.difference(written[1], picture()).getbbox() is None


def test_a_half_written_picture_is_taken_away(tmp_path: Path) -> None:
    """It would take the room that the next one needs."""
    (tmp_path / "till.png").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_png(Image.new("RGB", (4, 4)), tmp_path / "till.png")
    assert [each.name for each in tmp_path.iterdir()] == ["till.png"]


# --- finger and robot ---


def run(robot: RobotFinger, line: str) -> Answer:
    """Run one line and let the event loop turn until it is answered."""
    answers: list[Answer] = []
    robot.run(line, answers.append)
    pump_until(lambda: bool(answers))
    return answers[0]


def robot_for(till: Till, stopped: list[str]) -> RobotFinger:
    """A robot finger on a till's screen."""
    return RobotFinger(screen_name=lambda: till.root.model.name.value, stop=lambda: stopped.append("stopped"))


def test_the_robot_looks_taps_types_and_shoots(till_of: TillOf, tmp_path: Path) -> None:
    """Every command of the robot does on a real screen what a hand or an eye would."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    robot = robot_for(till, [])
    looked = run(robot, "look")
    assert looked["screen"] == "keypad"
    assert {"id": "amount", "text": "0.00"} in looked["texts"]  # type: ignore[operator]
    assert "key_7" in looked["targets"]  # type: ignore[operator]
    assert run(robot, "tap key_7")["ok"] is True
    assert run(robot, "type key_1 25")["ok"] is True
    settle()  # typed keys are held for a moment: a scanner might go on
    assert till.texts()["amount"] == ["71.25", "EUR"]
    assert run(robot, f"shot {tmp_path / 'keypad.png'}")["ok"] is True
    with Image.open(tmp_path / "keypad.png") as shot:
        assert shot.size == (800, 480)
    assert run(robot, "key escape")["ok"] is True
    assert till.texts()["amount"] == ["0.00", "EUR"]


def test_the_robot_erases_a_field_before_it_types(till_of: TillOf) -> None:
    """A filled-in field is emptied key by key and typed anew."""
    till = till_of(SAMPLES[ScreenName.ENROL], PANEL_7_LANDSCAPE)
    robot = robot_for(till, [])
    run(robot, "erase server_url")
    run(robot, "type server_url http://till:1")
    assert "http://till:1" in till.texts()["server_url"]


def test_the_robot_is_refused_what_a_finger_cannot_do(till_of: TillOf) -> None:
    """What is disabled, absent or no command is answered with the reason, never with success."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    robot = robot_for(till, [])
    assert run(robot, "tap show_code") == {"ok": False, "error": "'show_code' is disabled"}
    assert run(robot, "tap next_sale") == {"ok": False, "error": "nothing on the screen is called 'next_sale'"}
    assert run(robot, "fly away")["ok"] is False
    assert run(robot, "wait paid 0")["ok"] is False
    assert run(robot, "wait paid soon")["ok"] is False


def test_a_covered_widget_cannot_be_tapped(stage: Stage) -> None:
    """What lies under something else or off the screen cannot be reached by a finger."""
    floor = FloatLayout()
    below = PressArea(robot_id="below", size_hint=(None, None), size=(100, 100), pos=(50, 50))
    above = PressArea(robot_id="above", size_hint=(None, None), size=(300, 300), pos=(0, 0))
    floor.add_widget(below)
    floor.add_widget(above)
    stage.put(floor)
    with pytest.raises(finger.UnreachableError, match="covered"):
        finger.reach("below")
    above.pos = (400, 0)
    assert not finger.reach("below").was_guarded
    below.pos = (-500, 0)
    with pytest.raises(finger.UnreachableError, match="not in view"):
        finger.reach("below")


def test_the_robot_waits_out_the_touch_guard_like_a_patient_person(till_of: TillOf) -> None:
    """The robot gets no way round the touch guard: it taps again until the guard lets it."""
    till = till_of(SAMPLES[ScreenName.VERIFYING], PANEL_7_LANDSCAPE)
    till.root.show(SAMPLES[ScreenName.PAID])
    settle()
    robot = robot_for(till, [])
    answers: list[Answer] = []
    robot.run("tap next_sale", answers.append)
    for _ in range(3):
        EventLoop.idle()
    assert till.sent == []
    assert answers == []
    till.time.pass_s(1)
    pump_until(lambda: bool(answers))
    assert answers == [{"ok": True, "screen": "paid"}]
    assert till.sent == [NextSale()]


def test_a_wait_is_answered_when_the_screen_comes(till_of: TillOf) -> None:
    """A wait says nothing before the screen is there, and says so then."""
    till = till_of(SAMPLES[ScreenName.VERIFYING], PANEL_7_LANDSCAPE)
    robot = robot_for(till, [])
    answers: list[Answer] = []
    robot.run("wait paid 30", answers.append)
    EventLoop.idle()
    assert answers == []
    till.show(SAMPLES[ScreenName.PAID])
    pump_until(lambda: bool(answers))
    assert answers == [{"ok": True, "screen": "paid"}]


def test_lines_in_and_json_lines_out(till_of: TillOf) -> None:
    """The robot answers each line with one line of JSON, skips empty ones, and quits only after it has answered."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    written = io.StringIO()
    stopped: list[str] = []
    robot_for(till, stopped).start(commands=io.StringIO("tap key_3\n\nlook\nquit\n"), answers=written)
    pump_until(lambda: bool(stopped))
    tapped, looked, quitting = (json.loads(line) for line in written.getvalue().splitlines())
    assert tapped == {"ok": True, "screen": "keypad"}
    assert {"id": "amount", "text": "0.03"} in looked["texts"]
    assert quitting["ok"] is True
