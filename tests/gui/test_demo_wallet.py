"""The demo wallet's screens, drawn for real, measured and touched for real."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from kivy.uix.label import Label
from kivy.uix.widget import Widget
from PIL import Image

from tests.gui.stage import FakeTime, Stage, frames_drawn_while_idle, picture, settle
from wallet_sdk.decoding import decode_codes
from wallet_sdk.demo import theme
from wallet_sdk.demo.app import WalletRoot
from wallet_sdk.demo.samples import BLOCKED, SAMPLES
from wallet_sdk.demo.screen_model import ActionName, AmountText, ScreenName, WalletModel
from wallet_sdk.demo.screens import Surroundings
from wallet_sdk.protocol import qr
from wallet_sdk.screen import finger
from wallet_sdk.screen.colours import contrast
from wallet_sdk.screen.environment import Panel
from wallet_sdk.screen.touch import PressArea
from wallet_sdk.screen.units import px_to_mm

PHONE = Panel(width_px=400, height_px=800, density=1.0)
ROUNDING_MM = 0.2
CONTRAST_MIN = 4.5

MODELS = {**{name.value: model for name, model in SAMPLES.items()}, "blocked": BLOCKED}

on_every_screen = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


class Phone:
    """The wallet's window with what was pressed on it, and a finger."""

    def __init__(self, stage: Stage, initial: WalletModel) -> None:
        self.pressed: list[ActionName] = []
        self.time = FakeTime()
        around = Surroundings(press=self.pressed.append, matrix_of=qr.matrix)
        self.root = WalletRoot(initial=initial, around=around, now_s=self.time.now_s)
        stage.put(self.root)
        self.time.pass_s(1)

    def show(self, model: WalletModel) -> None:
        """Show a model and let the touch guard pass."""
        self.root.show(model)
        settle()
        self.time.pass_s(1)

    def tap(self, robot_id: str) -> None:
        """Touch this."""
        touch = finger.reach(robot_id)
        touch.down()
        touch.up()
        settle()


PhoneOf = Callable[[WalletModel], Phone]


@pytest.fixture
def phone_of(stage_of: Callable[[Panel], Stage]) -> PhoneOf:
    """Makes a phone that shows a model."""

    def make(initial: WalletModel) -> Phone:
        return Phone(stage_of(PHONE), initial)

    return make


def press_areas() -> Iterator[PressArea]:
    """Everything on the screen that takes a finger."""
    return (each for each in finger.shown_widgets() if isinstance(each, PressArea))


def ground_under(shown: Image.Image, widget: Widget) -> tuple[int, int, int]:
    """The colour at the left end of a widget's place, where its words have not begun."""
    left, bottom = (int(each) for each in widget.to_window(widget.x, widget.y))
    top = PHONE.height_px - bottom - int(widget.height)
    edge = shown.crop((max(0, left), max(0, top), left + 2, PHONE.height_px - bottom))
    raw = edge.convert("RGB").tobytes()
    pixels = sorted(zip(raw[0::3], raw[1::3], raw[2::3], strict=True), key=sum)
    return pixels[len(pixels) // 2]


@on_every_screen
def test_fingers_hit_everything(model: WalletModel, phone_of: PhoneOf) -> None:
    """Whatever can be pressed is at least 9 mm in both directions, named, and reachable."""
    phone_of(model)
    for area in press_areas():
        assert area.robot_id
        assert px_to_mm(area.width) >= theme.TARGET_MM - ROUNDING_MM, area.robot_id
        assert px_to_mm(area.height) >= theme.TARGET_MM - ROUNDING_MM, area.robot_id
        finger.reach(area.robot_id)


@on_every_screen
def test_nothing_is_cut_off(model: WalletModel, phone_of: PhoneOf) -> None:
    """Every text and every button lies inside the window, and no text is drawn empty."""
    phone_of(model)
    for widget in finger.shown_widgets():
        if isinstance(widget, Label | PressArea) and widget.width > 0 and getattr(widget, "text", "x"):
            left, bottom = widget.to_window(widget.x, widget.y)
            inside = left >= -1 and bottom >= -1 and left + widget.width <= PHONE.width_px + 1
            assert inside, (widget, left, bottom)
            assert bottom + widget.height <= PHONE.height_px + 1, widget


@on_every_screen
def test_words_can_be_read(model: WalletModel, phone_of: PhoneOf) -> None:
    """Words stand out against the ground under them, as the pixels of the screenshot say."""
    phone_of(model)
    shown = picture()
    for widget in finger.shown_widgets():
        if not isinstance(widget, Label) or not widget.text:
            continue
        red, green, blue = (part / 255 for part in ground_under(shown, widget))
        assert contrast(tuple(widget.color), (red, green, blue, 1.0)) >= CONTRAST_MIN, widget.text


@pytest.mark.parametrize(
    "model", [model for model in MODELS.values() if model.code_text], ids=lambda model: model.name.value
)
def test_a_camera_reads_the_code(model: WalletModel, phone_of: PhoneOf) -> None:
    """The code in the screenshot's pixels is the code of the model."""
    phone_of(model)
    assert decode_codes(picture()) == [model.code_text]


@on_every_screen
def test_buttons_say_what_was_pressed(model: WalletModel, phone_of: PhoneOf) -> None:
    """Each button of a screen passes on its own action."""
    phone = phone_of(model)
    offered = [area.robot_id for area in press_areas()]
    for robot_id in offered:
        phone.tap(robot_id)
    assert [action.value for action in phone.pressed] == offered


def test_a_countdown_leaves_the_finger_its_button(phone_of: PhoneOf) -> None:
    """A second that passes while a finger is down does not take the button from under it."""
    phone = phone_of(SAMPLES[ScreenName.QUOTE])
    touch = finger.reach(ActionName.CONFIRM.value)
    touch.down()
    phone.show(replace(SAMPLES[ScreenName.QUOTE], remaining_s=107))
    touch.up()
    assert phone.pressed == [ActionName.CONFIRM]
    assert {"id": "remaining", "text": "1:47"} in finger.visible_texts()


def test_a_quick_typist_loses_no_figure(phone_of: PhoneOf) -> None:
    """What was typed is drawn in place: the key under the second finger is still there when it lets go."""
    phone = phone_of(SAMPLES[ScreenName.AMOUNT])
    touch = finger.reach(ActionName.DIGIT_5.value)
    touch.down()
    phone.root.show(replace(SAMPLES[ScreenName.AMOUNT], amount=AmountText(number="1.25", currency="EUR")))
    settle()
    touch.up()
    assert phone.pressed == [ActionName.DIGIT_5]
    assert any("1.25" in shown["text"] for shown in finger.visible_texts())


def test_a_new_screen_refuses_a_finger_that_was_on_its_way(phone_of: PhoneOf) -> None:
    """A tap right after the screen changed was meant for the screen before."""
    phone = phone_of(SAMPLES[ScreenName.LOOK])
    phone.root.show(SAMPLES[ScreenName.QUOTE])
    settle()
    touch = finger.reach(ActionName.CONFIRM.value)
    touch.down()
    touch.up()
    assert touch.was_guarded
    assert phone.pressed == []


def test_an_idle_wallet_draws_nothing(phone_of: PhoneOf) -> None:
    """A screen that does not change costs no frames."""
    phone_of(SAMPLES[ScreenName.HOME])
    assert frames_drawn_while_idle(20) == 0
