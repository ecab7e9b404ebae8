"""Whoever cannot touch the glass works the till with Tab, arrows, Enter and Escape: every screen, every target."""

from collections.abc import Callable

import pytest

from terminal_app.screen_model import Appearance, Emphasis, Language, SaleDraft, ScreenModel, ScreenName
from terminal_app.ui.samples import SAMPLES, samples
from terminal_app.ui.screens.base import LeavePage
from tests.gui.layout import press_areas
from tests.gui.stage import Till, settle
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT, Panel
from wallet_sdk.screen.touch import PressArea

TillOf = Callable[[ScreenModel, Panel], Till]

# Here Tab goes from one field to the other.
WITH_FIELDS = frozenset({ScreenName.ENROL})


def targets() -> set[PressArea]:
    """Everything that a finger could press now."""
    return {each for each in press_areas() if not each.disabled}


def reached_by(till: Till, key_code: int) -> set[PressArea]:
    """What the ring has lain around after one round."""
    reached = set()
    for _ in targets():
        finger.press_key(key_code)
        target = till.root.ring.target
        assert target is not None
        reached.add(target)
    return reached


@pytest.mark.parametrize(
    ("language", "panel", "key_code", "left_out"),
    [
        pytest.param(Language.ENGLISH, PANEL_7_LANDSCAPE, finger.TAB_KEY, WITH_FIELDS, id="tab"),
        pytest.param(Language.ARABIC, PANEL_7_PORTRAIT, finger.DOWN_KEY, frozenset(), id="arrows-from-the-right"),
    ],
)
def test_one_round_of_the_ring_reaches_every_target_of_every_screen(
    till_of: TillOf, panel: Panel, language: Language, key_code: int, left_out: frozenset[ScreenName]
) -> None:
    """By Tab and by arrows, each target once."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], panel)
    missed = []
    for name, model in samples(Appearance(language=language)).items():
        if name not in left_out:
            till.show(model)
            missed += [f"{name.value}: {each.robot_id}" for each in targets() - reached_by(till, key_code)]
    assert not missed, "\n".join(missed)


@pytest.mark.parametrize("name", [name for name, model in SAMPLES.items() if model.back is not None])
def test_escape_leads_back_from_every_page(till_of: TillOf, name: ScreenName) -> None:
    """The command of the key that leads back, or the page is gone."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    till.show(SAMPLES[ScreenName.MENU])
    back = SAMPLES[name].back
    lies_over_another = back is LeavePage.NOW or isinstance(back, SaleDraft)
    if lies_over_another:
        till.root.open_page(SAMPLES[name])
    else:
        till.show(SAMPLES[name])
    settle()
    till.time.pass_s(1)
    finger.press_key(finger.ESCAPE_KEY)
    if lies_over_another:
        assert (till.root.model.name, till.sent) == (ScreenName.MENU, [])
    else:
        assert till.sent == [back]


def goes_forward(model: ScreenModel) -> bool:
    """Whether a primary button can be pressed as the screen comes up."""
    needs_input = {ScreenName.KEYPAD, ScreenName.ENROL}
    return model.name not in needs_input and any(each.emphasis is Emphasis.PRIMARY for each in model.actions)


@pytest.mark.parametrize("name", [name for name, model in SAMPLES.items() if goes_forward(model)])
def test_enter_goes_forward_on_every_screen_with_a_way_forward(till_of: TillOf, name: ScreenName) -> None:
    """Without a ring, Enter is the primary button."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    till.show(SAMPLES[name])
    finger.press_key(finger.ENTER_KEY)
    assert len(till.sent) == 1


def test_shift_and_tab_go_the_other_way(till_of: TillOf) -> None:
    """As everywhere."""
    till = till_of(SAMPLES[ScreenName.MENU], PANEL_7_LANDSCAPE)
    finger.press_key(finger.TAB_KEY)
    first = till.root.ring.target
    finger.press_key(finger.TAB_KEY)
    assert till.root.ring.target is not first
    finger.press_key(finger.TAB_KEY, "shift")
    assert till.root.ring.target is first
