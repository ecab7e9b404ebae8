"""The whole window: the status bar and the screen below it, behind one touch guard."""

from collections.abc import Callable
from typing import Any

from kivy.core.window import Window
from kivy.input.motionevent import MotionEvent
from kivy.uix.boxlayout import BoxLayout

from terminal_app.screen_model import (
    CloseWindow,
    FocusMoved,
    NetworkState,
    NetworkSwitch,
    PreviewFrame,
    SaleDraft,
    ScanTyped,
    ScreenModel,
    ScreenName,
    SendNow,
    SwitchNetwork,
)
from terminal_app.ui.focus import RING_KEYS, FocusRing
from terminal_app.ui.screens.base import LeavePage, Screen, Surroundings
from terminal_app.ui.screens.beside import CameraScreen, ScanScreen, ShowCodeScreen
from terminal_app.ui.screens.choices import CHOICES, ChoicesPage
from terminal_app.ui.screens.enrol import EnrolScreen
from terminal_app.ui.screens.history import HistoryPage
from terminal_app.ui.screens.keypad import KeypadScreen
from terminal_app.ui.screens.list_page import ListPage
from terminal_app.ui.screens.new_pin import NewPinPage
from terminal_app.ui.screens.pin import PinPage
from terminal_app.ui.screens.refund import RefundPage
from terminal_app.ui.screens.state_panel import PANEL_ICONS, StatePanel
from terminal_app.ui.screens.steps import next_step
from terminal_app.ui.screens.type_amount import TypeAmountPage
from terminal_app.ui.screens.type_text import TypeTextPage
from terminal_app.ui.theme import look_for
from terminal_app.ui.typed_keys import TypedKeys
from terminal_app.ui.widgets.list_row import PressedRow
from terminal_app.ui.widgets.top_bar import TopBarView
from wallet_sdk.screen.colours import CLEAR
from wallet_sdk.screen.finger import BACKSPACE_KEY, ENTER_KEY, ESCAPE_KEY, PAGE_DOWN_KEY, PAGE_UP_KEY, TAB_KEY
from wallet_sdk.screen.parts import column
from wallet_sdk.screen.qr_view import Matrix
from wallet_sdk.screen.surface import Ground
from wallet_sdk.screen.touch import TouchGuard

_KEYPAD_ENTER = 271
_KEYS = {
    ENTER_KEY: ENTER_KEY,
    _KEYPAD_ENTER: ENTER_KEY,
    ESCAPE_KEY: ESCAPE_KEY,
    TAB_KEY: TAB_KEY,
    PAGE_UP_KEY: PAGE_UP_KEY,
    PAGE_DOWN_KEY: PAGE_DOWN_KEY,
}


class TerminalRoot(BoxLayout):
    """Draws models. A change of state swaps the screen and arms the guard; the same state is drawn in place."""

    def __init__(
        self,
        *,
        initial: ScreenModel,
        send: Callable[[Any], None],
        matrix_of: Callable[[str], Matrix],
        now_s: Callable[[], float],
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._leave = leave
        self._send = send
        self._matrix_of = matrix_of
        self._guard = TouchGuard(now_s=now_s)
        self._ground = Ground(self, CLEAR)
        self._model = initial
        self._below: ScreenModel | None = None
        self._left: tuple[ScreenName, int] | None = None
        self.ring = FocusRing(self)
        self._keys = TypedKeys(typed=self._type, scanned=lambda text: self._send(ScanTyped(text=text)))
        self._build()
        Window.bind(on_key_down=self._on_key_down, on_textinput=self._on_textinput)

    @property
    def model(self) -> ScreenModel:
        """What is on the screen."""
        return self._model

    @property
    def screen(self) -> Screen:
        """The screen below the bar."""
        return self._screen

    def close(self) -> None:
        """Listen to the window no more."""
        self._keys.forget()
        Window.unbind(on_key_down=self._on_key_down, on_textinput=self._on_textinput)

    @property
    def is_holding_keys(self) -> bool:
        """Whether keys wait to be told apart: a finger's or a scanner's."""
        return self._keys.is_holding

    @property
    def screen_name(self) -> str:
        """The name of the screen, for the robot finger."""
        return self._model.name.value

    def show(self, model: ScreenModel) -> None:
        """Draw this model. UI thread only."""
        before = self._model
        if self._below is not None and model.name is self._below.name and model.appearance == before.appearance:
            # A page of the screen's own stays while what is below it only says more.
            self._below = model
            self._bar.show(model.bar)
            return
        self._below = None
        self._left = self._open_leaf if model.name is before.name else None
        changed = (model.name, model.appearance) != (before.name, before.appearance)
        self._model = model
        if changed:
            self._build()
        else:
            self._draw()

    def open_page(self, page: ScreenModel) -> None:
        """Lay a page over the screen, until it is left or its command has been sent."""
        if self._below is None:
            self._below, self._left = self._model, self._open_leaf
        self._model = page
        self._build()

    def ask_before_leaving(self) -> bool:
        """Lay the question over the screen, where one is to be asked; False where the window may be closed."""
        leaving = self._model.leaving
        if leaving is None:
            return False
        if leaving.choice not in self._model.choices:
            self._press(leaving)
        return True

    def _press(self, command: Any) -> None:
        command = next_step(command, self._below or self._model)
        if isinstance(command, ScreenModel):
            self.open_page(command)
            return
        below, self._below = self._below, None
        if below is not None:
            self._model = below
            self._build()
        if isinstance(command, SaleDraft):
            self._screen.resume(command)
        elif command is CloseWindow.NOW:
            self._leave()
        elif command is not LeavePage.NOW:
            self._send(command)

    def show_frame(self, frame: PreviewFrame) -> None:
        """Draw a camera frame where the screen has a place for one. UI thread only."""
        self._screen.show_frame(frame)

    def rebuild(self) -> None:
        """Lay everything out anew, after the window's size changed; what was typed so far stays."""
        self._left, typed = self._open_leaf, self._screen.typed
        self._build()
        if typed is not None:
            self._screen.type_again(typed)

    @property
    def _open_leaf(self) -> tuple[ScreenName, int]:
        """Where somebody is on this screen: the same one, built anew or no longer laid over, is open there again."""
        return self._model.name, self._screen.leaf

    def _build(self) -> None:
        """Make bar and screen anew: the bar above, and beside both what the screen wants over the whole height."""
        self.clear_widgets()
        self._look = look_for(
            appearance=self._model.appearance,
            name=self._model.name,
            width_px=Window.width,
            height_px=Window.height,
        )
        self._screen = self._make_screen(self._model.name)
        if self._left is not None and self._left[0] is self._model.name:
            self._screen.leaf = self._left[1]
        self._bar = TopBarView(look=self._look, words=self._model.words, form=self._screen.bar_form)
        self._bar.network.bind(on_release=self._switch_network)
        self._bar.menu.bind(on_release=lambda *_args: self._open_menu())
        self._bar.queue.bind(on_release=lambda *_args: self._send(SendNow()))
        beside = (self._screen.tall,) if self._screen.tall is not None else ()
        for widget in self._look.in_row(*beside, column(self._bar, self._screen, spacing_mm=0)):
            self.add_widget(widget)
        self._ground.paint(self._look.ground(self._model.name))
        self._guard.arm()
        self.ring.clear()
        self._draw()

    def _draw(self) -> None:
        self._bar.show(self._model.bar)
        self._screen.draw(self._model)

    def _make_screen(self, name: ScreenName) -> Screen:
        around = Surroundings(
            look=self._look,
            words=self._model.words,
            send=self._press,
            tell=self._send,
            open_page=self.open_page,
            matrix_of=self._matrix_of,
        )
        if name in PANEL_ICONS:
            return StatePanel(around, name)
        match name:
            case ScreenName.ENROL:
                return EnrolScreen(around)
            case ScreenName.SHOW_CODE | ScreenName.QUEUE_CODE:
                return ShowCodeScreen(around)
            case ScreenName.CAMERA:
                return CameraScreen(around)
            case ScreenName.SCAN | ScreenName.READ_CODES:
                return ScanScreen(around)
            case ScreenName.KEYPAD:
                return KeypadScreen(around)
            case _:
                return self._make_office_page(name, around)

    @staticmethod
    def _make_office_page(name: ScreenName, around: Surroundings) -> Screen:
        match name:
            case ScreenName.SIGN_IN:
                return PinPage(around)
            case ScreenName.REFUND:
                return RefundPage(around)
            case ScreenName.HISTORY:
                return HistoryPage(around)
            case ScreenName.TYPE_TEXT:
                return TypeTextPage(around)
            case ScreenName.TYPE_AMOUNT:
                return TypeAmountPage(around)
            case ScreenName.NEW_PIN:
                return NewPinPage(around)
            case _ if name in CHOICES:
                return ChoicesPage(around)
            case _:
                return ListPage(around)

    def _open_menu(self) -> None:
        if self._model.bar.menu is not None:
            self._send(self._model.bar.menu)

    def _switch_network(self, *_args: object) -> None:
        off = self._model.bar.network is NetworkState.SWITCHED_OFF
        self._send(SwitchNetwork(wanted=NetworkSwitch.ON if off else NetworkSwitch.OFF))

    def on_touch_down(self, touch: MotionEvent) -> bool:
        """Let a touch through, unless it came too early after a change of state."""
        self.ring.clear()
        self._keys.flush()  # whoever types and then touches means both, in that sequence
        if self._guard.swallows(touch):
            return True
        return bool(super().on_touch_down(touch))

    def _on_key_down(self, _window: object, key_code: int, *rest: object) -> bool:
        if (key_code in _KEYS or key_code in RING_KEYS or key_code == BACKSPACE_KEY) and self._keys.takes_key(
            _KEYS.get(key_code, key_code)
        ):
            return True
        if key_code == BACKSPACE_KEY:
            self._screen.press_key(BACKSPACE_KEY)
            return True
        if self._guard.holds():
            return False
        step = self._ring_step(key_code, *rest)
        if step:
            self.ring.move(step, look=self._look)
            self._tell_focus()
            return True
        if key_code not in _KEYS or (_KEYS[key_code] == ENTER_KEY and self.ring.press()):
            return key_code in _KEYS
        self._screen.press_key(_KEYS[key_code])
        return True

    def _ring_step(self, key_code: int, *rest: object) -> int:
        """By how many targets a key moves the ring: arrows, and Tab where the screen has no fields to go through."""
        if key_code != TAB_KEY or self._screen.has_fields:
            return RING_KEYS.get(key_code, 0)
        modifiers = rest[-1] if rest else ()
        return -1 if isinstance(modifiers, list) and "shift" in modifiers else 1

    def _tell_focus(self) -> None:
        target = self.ring.target
        if isinstance(target, PressedRow):
            details = tuple(each for each in (target.row.value, *target.row.detail.split(" · ")) if each)
            row = FocusMoved(
                robot_id=target.robot_id, label=target.row.title, amount=target.row.amount, details=details
            )
            self._send(row)
        elif target is not None:
            self._send(FocusMoved(robot_id=target.robot_id, label=target.label_text))

    def _type(self, text: str) -> None:
        self._screen.type_text(text)

    def _on_textinput(self, _window: object, text: str) -> None:
        if self._screen.has_text_line:
            self._type(text)
        else:
            self._keys.add(text)
