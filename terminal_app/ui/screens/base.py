"""What every screen is: a box below the status bar that draws models of its name and sends commands."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from terminal_app.screen_model import (
    PLAIN_COMMANDS,
    Action,
    Command,
    CommandName,
    Emphasis,
    NetworkSwitch,
    PageButton,
    PreviewFrame,
    SaleDraft,
    ScreenModel,
    SwitchNetwork,
    UiWords,
)
from terminal_app.ui.theme import MARGIN_MM, Look
from terminal_app.ui.widgets.action_row import ActionRow
from terminal_app.ui.widgets.top_bar import BarForm
from wallet_sdk.screen.colours import Colour
from wallet_sdk.screen.finger import ENTER_KEY, ESCAPE_KEY
from wallet_sdk.screen.qr_view import Matrix
from wallet_sdk.screen.units import mm

# What a screen sends is a command of the sale or of the back office; it only carries those that a model brings.
Send = Callable[[Any], None]


# What Escape presses.
_GIVES_UP: Final = frozenset({CommandName.CANCEL, PageButton.STOP})


class LeavePage(Enum):
    """What a page that lies over another sends when it is left; it never reaches the core."""

    NOW = "now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a screen is built with. `send` ends a page that lies over another; `tell` asks for nothing."""

    look: Look
    words: UiWords
    send: Send
    tell: Send
    open_page: Callable[[ScreenModel], None]
    matrix_of: Callable[[str], Matrix]


class Screen(BoxLayout):
    """Base of all screens. `draw` gets each model of the screen's name, the first one right after building.

    A screen with a `tall` widget wants it beside itself over the whole height of the window, past the bar. One that
    `has_text_line` gets every key at once; others get no bursts, which are a scanner's. One that `has_fields` goes
    through them by Tab, which moves the ring elsewhere.
    """

    #: Which leaf of it is open, where it has several; it stays open when the screen is built anew.
    leaf = 0
    tall: Widget | None = None
    has_text_line = False
    has_fields = False

    def __init__(self, surroundings: Surroundings, **kwargs: object) -> None:
        super().__init__(padding=mm(MARGIN_MM), spacing=mm(MARGIN_MM), **kwargs)
        self.around = surroundings
        self.look = surroundings.look
        self._actions: tuple[Action, ...] = ()
        self._action_slot: BoxLayout | None = None

    @property
    def bar_form(self) -> BarForm:
        """How the bar is laid out above this screen."""
        return BarForm.TWO_ROWS if self.look.is_portrait else BarForm.ONE_ROW

    @property
    def typed(self) -> Any:
        """What somebody has typed here and not sent yet, for `type_again`; None where nothing is typed."""
        return None

    def type_again(self, typed: Any) -> None:
        """Go on with what was `typed` on a screen of this kind, in a window of another size."""

    def draw(self, model: ScreenModel) -> None:
        """Show this model."""
        raise NotImplementedError

    def resume(self, draft: SaleDraft) -> None:
        """Go on with what was typed before a page was laid over the screen, where it has a place for that."""

    def show_frame(self, frame: PreviewFrame) -> None:
        """Show a camera frame, where the screen has a place for one."""

    def type_text(self, text: str) -> None:
        """Take characters from the physical keyboard, where the screen has a place for them."""

    def press_key(self, key_code: int) -> None:
        """Enter goes forward, Escape gives up: when the screen offers a button for it."""
        for action in self._actions:
            goes_forward = key_code == ENTER_KEY and action.emphasis is Emphasis.PRIMARY
            gives_up = key_code == ESCAPE_KEY and action.command in _GIVES_UP
            if goes_forward or gives_up:
                self.press(action)
                return

    def press(self, action: Action) -> None:
        """Send the command of a button that needs nothing but its name."""
        command = action.press or _plain(action)
        if command is not None:
            self.around.send(command)
        elif action.command is CommandName.SWITCH_NETWORK:
            self.around.send(SwitchNetwork(wanted=NetworkSwitch.ON))
        else:
            raise AssertionError(f"{type(self).__name__} cannot make {action.command}")

    def action_slot(self) -> BoxLayout:
        """A place for the buttons; `draw_actions` fills it."""
        self._action_slot = BoxLayout(size_hint_y=None, height=0)
        return self._action_slot

    @property
    def _actions_px(self) -> float:
        """Height of the buttons."""
        return float(self._action_slot.height) if self._action_slot is not None else 0.0

    def draw_actions(self, actions: tuple[Action, ...], ground: Colour, *, narrow: bool) -> None:
        """Fill the slot, unless it holds these buttons already: a finger may be on one of them."""
        slot = self._action_slot
        assert slot is not None
        if actions == self._actions and slot.children:
            return
        self._actions = actions
        slot.clear_widgets()
        bar = ActionRow(actions=actions, look=self.look, ground=ground, press=self.press, narrow=narrow)
        slot.add_widget(bar)
        slot.height = bar.height


def _plain(action: Action) -> Command | None:
    return PLAIN_COMMANDS.get(action.command) if isinstance(action.command, CommandName) else None
