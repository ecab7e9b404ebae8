"""The till looks at its own code, and says what is wrong with it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw, ImageEnhance

from terminal_app.screen_model import Appearance, ScreenModel, ScreenName, ThemeName
from terminal_app.ui.samples import SAMPLE_CODE_TEXT, SAMPLES, samples
from terminal_app.ui.screens.beside import ShowCodeScreen
from terminal_app.ui.self_check import CodeFault, find_fault
from tests.gui.stage import Till, picture, pump_until, settle
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT, PANEL_10_LANDSCAPE, Panel

TillOf = Callable[[ScreenModel, Panel], Till]
PANELS = (PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT, PANEL_10_LANDSCAPE)


def checked(till: Till) -> ShowCodeScreen:
    """The screen with the code, once it has looked at it."""
    screen = till.root.screen
    assert isinstance(screen, ShowCodeScreen)
    pump_until(lambda: screen.has_checked)
    return screen


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: f"{panel.width_px}x{panel.height_px}")
@pytest.mark.parametrize("theme", ThemeName, ids=lambda theme: theme.value)
def test_a_good_code_is_found_good(till_of: TillOf, panel: Panel, theme: ThemeName) -> None:
    """In every set of colours and on every panel a phone reads the code, and so does the till."""
    till = till_of(samples(Appearance(theme=theme))[ScreenName.SHOW_CODE], panel)
    assert checked(till).fault is None


def test_a_code_that_is_too_small_is_warned_of(till_of: TillOf) -> None:
    """The same pixels on glass of half the size: modules of half a millimetre."""
    model = SAMPLES[ScreenName.SHOW_CODE]
    till = till_of(model, Panel(width_px=800, height_px=480, density=2.0))
    assert checked(till).fault is CodeFault.TOO_SMALL
    assert model.words.code_too_small in till.texts()["lines"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: f"{panel.width_px}x{panel.height_px}")
def test_a_code_of_the_queue_is_as_good(till_of: TillOf, panel: Panel) -> None:
    """It has a key more below it, and none of the key's room is the code's."""
    till = till_of(SAMPLES[ScreenName.QUEUE_CODE], panel)
    assert checked(till).fault is None


def test_a_shop_may_switch_it_off(till_of: TillOf) -> None:
    """Then nobody looks, and nobody is warned."""
    model = replace(SAMPLES[ScreenName.SHOW_CODE], self_check=False)
    till = till_of(model, Panel(width_px=800, height_px=480, density=2.0))
    screen = till.root.screen
    assert isinstance(screen, ShowCodeScreen)
    picture()
    settle()
    assert (screen.has_checked, screen.fault) == (False, None)


def drawn_code(till_of: TillOf) -> Image.Image:
    """The pixels of a good code with its quiet zone."""
    till = till_of(SAMPLES[ScreenName.SHOW_CODE], PANEL_7_LANDSCAPE)
    return checked(till).card_in(picture())


def fault_of(card: Image.Image) -> CodeFault | None:
    """What is found in these pixels."""
    return find_fault(card, text=SAMPLE_CODE_TEXT, module_px=6, module_mm=1.1)


def test_pixels_that_no_phone_reads_are_found(till_of: TillOf) -> None:
    """Pale, covered, with a dark frame, or another code: each is seen in the pixels alone."""
    card = drawn_code(till_of)
    assert fault_of(card) is None
    assert fault_of(ImageEnhance.Contrast(card).enhance(0.3)) is CodeFault.TOO_PALE
    framed = card.copy()
    ImageDraw.Draw(framed).rectangle((0, 0, card.width - 1, card.height - 1), outline="black", width=12)
    assert fault_of(framed) is CodeFault.UNREADABLE
    covered = card.copy()
    ImageDraw.Draw(covered).rectangle((60, 60, card.width - 60, card.height - 60), fill="white")
    assert fault_of(covered) is CodeFault.UNREADABLE
    assert find_fault(card, text="another", module_px=6, module_mm=1.1) is CodeFault.UNREADABLE
