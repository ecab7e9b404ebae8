"""The wallet's window as a Kivy app. Call `wallet_sdk.screen.environment.prepare` before importing this."""

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.input.motionevent import MotionEvent
from kivy.uix.boxlayout import BoxLayout

from wallet_sdk.demo import theme
from wallet_sdk.demo.screen_model import ActionName, PreviewFrame, WalletModel
from wallet_sdk.demo.screens import Surroundings, WalletScreen
from wallet_sdk.screen.fonts import assets_folder, register_fonts
from wallet_sdk.screen.mirror import ScreenMirror
from wallet_sdk.screen.qr_view import Matrix
from wallet_sdk.screen.robot import RobotFinger
from wallet_sdk.screen.touch import TouchGuard


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOptions:
    """A file to mirror the window into, if any, and whether a robot finger is driven from stdin."""

    mirror: Path | None = None
    robot_stdin: bool = False


class WalletRoot(BoxLayout):
    """The screen at hand, behind a touch guard."""

    def __init__(self, *, initial: WalletModel, around: Surroundings, now_s: Callable[[], float]) -> None:
        super().__init__()
        self._around = around
        self._guard = TouchGuard(now_s=now_s)
        self._screen: WalletScreen | None = None
        self.model = initial
        self._rebuild()

    def show(self, model: WalletModel) -> None:
        """Draw this model: in place when only the code or the seconds changed, else as a new screen."""
        before, self.model = self.model, model
        if model == before:
            return
        in_place = replace(before, code_text=model.code_text, remaining_s=model.remaining_s) == model
        if in_place and (before.remaining_s is None) == (model.remaining_s is None) and self._screen is not None:
            self._screen.draw_in_place(model)
            return
        self._rebuild()
        if model.name is not before.name:
            self._guard.arm()

    def show_frame(self, frame: PreviewFrame) -> None:
        """Draw a camera frame where the screen has a place for one."""
        if self._screen is not None:
            self._screen.show_frame(frame)

    def _rebuild(self) -> None:
        self.clear_widgets()
        self._screen = WalletScreen(self.model, self._around)
        self.add_widget(self._screen)

    def on_touch_down(self, touch: MotionEvent) -> bool:
        """Let a touch through, unless it came too early after the screen changed."""
        if self._guard.swallows(touch):
            return True
        return bool(super().on_touch_down(touch))


class WalletApp(App):
    """Draws models and passes on presses. `show`, `show_frame` and `close` may be called from any thread."""

    def __init__(
        self,
        *,
        initial: WalletModel,
        press: Callable[[ActionName], None],
        matrix_of: Callable[[str], Matrix],
        options: WindowOptions,
    ) -> None:
        super().__init__()
        self._initial = initial
        self._around = Surroundings(press=press, matrix_of=matrix_of)
        self._options = options
        self._root: WalletRoot | None = None
        self._mirror: ScreenMirror | None = None
        self._mailbox_lock = threading.Lock()
        self._newest_model: WalletModel | None = None
        self._newest_frame: PreviewFrame | None = None

    def build(self) -> WalletRoot:
        """Make the window's content; Kivy calls it once."""
        register_fonts(assets_folder())
        Window.clearcolor = theme.BASE
        self._root = WalletRoot(initial=self._initial, around=self._around, now_s=Clock.get_time)
        return self._root

    def on_start(self) -> None:
        """Begin to mirror and to listen to the robot, when asked to."""
        if self._options.mirror is not None:
            self._mirror = ScreenMirror(self._options.mirror)  # held here: Kivy holds what it calls only weakly
            self._mirror.start()
        if self._options.robot_stdin:
            RobotFinger(screen_name=self._screen_name, stop=self.stop).start(commands=sys.stdin, answers=sys.stdout)
        self._take_mail()

    def show(self, model: WalletModel) -> None:
        """Draw this model soon; of several that come at once only the newest is drawn."""
        with self._mailbox_lock:
            self._newest_model = model
        Clock.schedule_once(self._take_mail)

    def show_frame(self, frame: PreviewFrame) -> None:
        """Draw this camera frame soon; frames that came meanwhile are dropped."""
        with self._mailbox_lock:
            self._newest_frame = frame
        Clock.schedule_once(self._take_mail)

    def close(self) -> None:
        """End the app soon."""
        Clock.schedule_once(lambda _dt: self.stop())

    def _take_mail(self, *_args: object) -> None:
        if self._root is None:
            return
        with self._mailbox_lock:
            model, self._newest_model = self._newest_model, None
            frame, self._newest_frame = self._newest_frame, None
        if model is not None:
            self._root.show(model)
        if frame is not None:
            self._root.show_frame(frame)

    def _screen_name(self) -> str:
        return self._root.model.name.value if self._root is not None else ""
