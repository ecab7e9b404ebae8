"""The till's buttons and keys, and the row of buttons at the foot of a screen.

The way forward always lies at the bottom right, and only it: "Next sale" stands where "Read answer" stood before. What
gives something up stands at the left or in the row above, so a finger that taps twice can never land on it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from kivy.clock import Clock, ClockEvent
from kivy.input.motionevent import MotionEvent
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from terminal_app.screen_model import Action, CommandName, Emphasis, PageButton
from terminal_app.ui.theme import CORNER_MM, GAP_MM, Look, button_colours, disabled_button_colours, key_colours
from wallet_sdk.screen.buttons import Key, WordButton
from wallet_sdk.screen.colours import Colour
from wallet_sdk.screen.icons import Icon
from wallet_sdk.screen.units import mm

# On wide windows the forward button begins where the keypad's keys end, so that it never lies over "backspace".
_FORWARD_PART_WIDE = 0.53
_FORWARD_PART_NARROW = 0.6

#: How long the way back from the customer must be held.
HOLD_S: Final = 1.2

ACTION_ICONS: Final[dict[CommandName | PageButton, Icon]] = {
    CommandName.SHOW_CODE: Icon.CODE,
    CommandName.SCAN_CUSTOMER: Icon.SCAN,
    CommandName.SCAN_ANSWER: Icon.SCAN,
    PageButton.TURN_BACK: Icon.LOCK,
}


def make_button(action: Action, *, look: Look, ground: Colour, icon: Icon | None = None) -> WordButton:
    """The button of an action; its `robot_id` is the command's name."""
    kind = HeldButton if action.command is PageButton.TURN_BACK else WordButton
    return kind(
        text=action.label,
        type_mm=look.sizes.button_mm,
        colours=button_colours(look.theme, action.emphasis, ground),
        disabled_colours=disabled_button_colours(look.theme),
        corner_mm=CORNER_MM,
        icon=icon,
        icon_at=look.start,
        robot_id=action.command.value,
        size_hint_y=None,
        height=mm(look.sizes.action_mm),
    )


class HeldButton(WordButton):
    """A button that must be held: nothing for the finger of somebody who only looks. It fires while it is held.

    Enter on a keyboard that is plugged in presses it at once: the customer has none.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._due: ClockEvent | None = None
        self.bind(pressed=self._follow)

    def on_touch_up(self, touch: MotionEvent) -> bool:
        """Letting go fires nothing."""
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        self.pressed = False
        return True

    def _follow(self, *_args: object) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self.pressed:
            self._due = Clock.schedule_once(self._fire, HOLD_S)

    def _fire(self, _dt: float) -> None:
        if self.pressed and not self.disabled and self.get_root_window() is not None:
            self.pressed = False
            self.dispatch("on_release")


def make_key(
    *,
    text: str,
    icon: Icon | None,
    type_mm: float,
    look: Look,
    robot_id: str,
    emphasis: Emphasis = Emphasis.SECONDARY,
) -> Key:
    """A key of the keypad or of the key grid; a primary one is one that is held down."""
    held = emphasis is Emphasis.PRIMARY
    return Key(
        text=text,
        icon=icon,
        type_mm=type_mm,
        colours=button_colours(look.theme, emphasis, look.theme.base) if held else key_colours(look.theme),
        corner_mm=CORNER_MM,
        robot_id=robot_id,
    )


class ActionRow(BoxLayout):
    """Lays actions out as said above. `press` is called with the action whose button was released."""

    def __init__(
        self, *, actions: tuple[Action, ...], look: Look, ground: Colour, press: Callable[[Action], None], narrow: bool
    ) -> None:
        super().__init__(orientation="vertical", spacing=mm(GAP_MM), size_hint_y=None)
        self._look = look
        self._ground = ground
        self._press = press
        self._narrow = narrow
        forward = [each for each in actions if each.emphasis is Emphasis.PRIMARY][:1]
        others = [each for each in actions if each not in forward]
        beside = others[:1] if narrow else others
        rows = [others[1:]] if narrow and len(others) > 1 else []
        for row in rows:
            self.add_widget(self._row([self._button(each) for each in row]))
        if forward or beside:
            self.add_widget(self._foot(forward, beside))
        self.height = len(self.children) * mm(look.sizes.action_mm) + max(0, len(self.children) - 1) * mm(GAP_MM)

    def _foot(self, forward: list[Action], beside: list[Action]) -> BoxLayout:
        left = self._row([self._button(each) for each in beside])
        part = _FORWARD_PART_NARROW if self._narrow else _FORWARD_PART_WIDE
        left.size_hint_x = 1 - part
        right: Widget = self._button(forward[0]) if forward else Widget()
        right.size_hint_x = part
        if self._narrow and not forward and beside[0].command is PageButton.TURN_BACK:
            return self._row([self._button(beside[0])])  # its words are long, and nothing else stands here
        alone_on_narrow = self._narrow and not beside
        return self._row([right] if alone_on_narrow else [left, right])

    def _row(self, widgets: Sequence[Widget]) -> BoxLayout:
        row = BoxLayout(spacing=mm(GAP_MM), size_hint_y=None, height=mm(self._look.sizes.action_mm))
        for widget in self._look.in_row(*widgets):
            row.add_widget(widget)
        return row

    def _button(self, action: Action) -> WordButton:
        icon = ACTION_ICONS.get(action.command)
        button = make_button(action, look=self._look, ground=self._ground, icon=icon)
        button.bind(on_release=lambda *_args: self._press(action))
        return button
