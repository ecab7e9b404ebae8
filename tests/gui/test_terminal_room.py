"""Where room is short: the code keeps its size, the words give way, and nothing lies over anything else."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import pytest
from kivy.core.window import Window
from kivy.uix.label import Label

from terminal_app.screen_model import Appearance, Language, ScreenModel, ScreenName
from terminal_app.ui.samples import SAMPLE_CODE_TEXT, SAMPLES, samples
from terminal_app.ui.theme import GAP_MM, MARGIN_MM
from tests.gui.layout import labels
from tests.gui.stage import Till, distance_px, is_inside, picture, rectangle
from wallet_sdk.decoding import decode_codes
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT, PANEL_10_LANDSCAPE, Panel
from wallet_sdk.screen.text import LEADING
from wallet_sdk.screen.units import mm

TillOf = Callable[[ScreenModel, Panel], Till]

PANELS = (PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT, PANEL_10_LANDSCAPE)
on_every_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: f"{panel.width_px}x{panel.height_px}")

# A request as the presenter words it, and a receipt with the words that both sides compare.
REQUEST = replace(
    SAMPLES[ScreenName.SHOW_CODE],
    check_words=None,
    lines=("Is the customer offline? Then scan the answer.", "Reference 4F2A-91"),
)
RECEIPT = replace(
    SAMPLES[ScreenName.SHOW_CODE],
    headline="Receipt",
    lines=("The customer scans this code to keep the receipt.",),
    remaining_s=None,
    actions=SAMPLES[ScreenName.NOT_PAID].actions,
)
CROWDED = replace(REQUEST, headline="Le client scanne ce code avec son téléphone", lines=REQUEST.lines * 4)
MODULE_MM_MIN = 1.0
MODULES_OF_A_REQUEST = 69  # version 13


@on_every_panel
@pytest.mark.parametrize("model", [REQUEST, RECEIPT], ids=["request", "receipt"])
def test_the_code_can_be_read_from_the_screen(till_of: TillOf, panel: Panel, model: ScreenModel) -> None:
    """The frame buffer is read back by the decoders, and a module is wide enough for a camera."""
    till_of(model, panel)
    assert decode_codes(picture()) == [SAMPLE_CODE_TEXT]
    code = finger.find_widget("code")
    assert code is not None
    assert len(code.matrix) == MODULES_OF_A_REQUEST
    assert code.module_mm >= MODULE_MM_MIN


@on_every_panel
def test_too_many_words_push_nothing_off_its_place(till_of: TillOf, panel: Panel) -> None:
    """Over-long words give way: bar, headline, amount and buttons stay apart and inside."""
    till_of(CROWDED, panel)
    parts = [finger.find_widget(each) for each in ("switch_network", "headline", "amount", "lines", "cancel")]
    shown = [each for each in parts if each is not None]
    assert len(shown) == len(parts)
    for widget in shown:
        assert is_inside(widget, panel), widget
    for first, second in combinations(shown, 2):
        assert distance_px(first, second) >= -1, f"{first} lies over {second}"


def test_the_last_result_loses_its_time_before_it_loses_its_size(till_of: TillOf) -> None:
    """Beside a long queue on the small panel the last result stays in one line of readable type, word and amount."""
    long = replace(
        SAMPLES[ScreenName.ACCEPTED_OFFLINE].bar, last_result="ACCEPTED OFFLINE 112.50 14:07", queue_count=12
    )
    till = till_of(replace(SAMPLES[ScreenName.KEYPAD], bar=long), PANEL_7_LANDSCAPE)
    last = finger.find_widget("last_result")
    assert last is not None
    assert last.text == "ACCEPTED OFFLINE 112.50"
    assert not last.is_shortened
    assert len(last._label._cached_lines) == 1, "one line"
    assert "12" in till.texts()["send_now"]
    till.show(replace(SAMPLES[ScreenName.KEYPAD], bar=replace(long, queue_count=0, queue_total="")))
    assert till.texts()["last_result"] == ["ACCEPTED OFFLINE 112.50 14:07"]


@pytest.mark.parametrize("language", [Language.ENGLISH, Language.ARABIC], ids=lambda each: each.value)
@pytest.mark.parametrize("panel", [PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT], ids=lambda each: f"{each.width_px}")
def test_without_a_menu_the_shop_begins_where_the_bar_does(till_of: TillOf, panel: Panel, language: Language) -> None:
    """What is not there takes no distance either; and the key comes back on the same side."""
    shown = samples(Appearance(language=language))
    keypad = shown[ScreenName.KEYPAD]
    without = replace(keypad, bar=replace(keypad.bar, menu=None))
    till = till_of(without, panel)
    assert place_px(language) == pytest.approx(mm(MARGIN_MM), abs=1)
    till.show(keypad)
    assert place_px(language) == pytest.approx(mm(MARGIN_MM + 11.0 + GAP_MM), abs=1)
    till.show(without)
    assert place_px(language) == pytest.approx(mm(MARGIN_MM), abs=1)


def place_px(language: Language) -> float:
    """How far the shop's name stands from the side that the bar is read from."""
    (place,) = (each for each in labels() if getattr(each, "robot_id", "") == "place")
    left, _, right, _ = rectangle(place)
    return Window.width - right if language is Language.ARABIC else left


def test_long_words_on_join_stay_on_the_button(till_of: TillOf) -> None:
    """The button among the keys is low: words that need two lines are smaller there, and not cut off."""
    enrol = SAMPLES[ScreenName.ENROL]
    actions = (replace(enrol.actions[0], label="Conectar esta caja a la tienda"),)
    till_of(replace(enrol, actions=actions), PANEL_7_LANDSCAPE)
    words = [each for each in finger.shown_widgets() if isinstance(each, Label) and each.text == actions[0].label]
    assert len(words) == 1
    lines = len(words[0]._label._cached_lines)
    assert lines * words[0].font_size * words[0].line_height * LEADING <= words[0].height + 1
