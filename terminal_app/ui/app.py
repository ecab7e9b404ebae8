"""The terminal's window as a Kivy app. Call `wallet_sdk.screen.environment.prepare` before importing this."""

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kivy.app import App
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.utils import platform

from terminal_app.screen_model import Command, PreviewFrame, ScreenModel
from terminal_app.ui.root import TerminalRoot
from terminal_app.ui.theme import NIGHT, Theme
from terminal_app.ui.words import ENGLISH, UiWords
from wallet_sdk.screen.fonts import assets_folder, register_fonts
from wallet_sdk.screen.frame_buffer import after_next_frame
from wallet_sdk.screen.mirror import ScreenMirror
from wallet_sdk.screen.qr_view import Matrix
from wallet_sdk.screen.robot import RobotFinger

# Here a keyboard may be plugged in, and asking for its text opens no keyboard on the glass.
_PLATFORMS_WITH_KEYS: Final = ("linux", "macosx", "win")


@dataclass(frozen=True, slots=True, kw_only=True)
class UiOptions:
    """How the window is run: theme and words, a file to mirror it into, and the robot finger on stdin."""

    theme: Theme = NIGHT
    words: UiWords = ENGLISH
    mirror: Path | None = None
    robot_stdin: bool = False


class TerminalApp(App):
    """Draws `ScreenModel`s and sends `Command`s. `show`, `show_frame` and `close` may be called from any thread."""

    def __init__(
        self,
        *,
        initial: ScreenModel,
        send: Callable[[Command], None],
        matrix_of: Callable[[str], Matrix],
        options: UiOptions,
    ) -> None:
        super().__init__()
        self._initial = initial
        self._send = send
        self._matrix_of = matrix_of
        self._options = options
        self._root: TerminalRoot | None = None
        self._mirror: ScreenMirror | None = None
        self._mailbox_lock = threading.Lock()
        self._newest_model: ScreenModel | None = None
        self._newest_frame: PreviewFrame | None = None

    def build(self) -> TerminalRoot:
        """Make the window's content; Kivy calls it once."""
        register_fonts(assets_folder())
        Window.clearcolor = self._options.theme.base
        self._root = TerminalRoot(
            initial=self._initial,
            send=self._send,
            matrix_of=self._matrix_of,
            theme=self._options.theme,
            words=self._options.words,
            now_s=Clock.get_time,
        )
        Window.bind(on_resize=lambda *_args: self._rebuild())
        return self._root

    def on_start(self) -> None:
        """Begin to mirror and to listen to the robot, when asked to."""
        if self._options.mirror is not None:
            # kept, because Kivy holds what is bound to it only weakly
            self._mirror = ScreenMirror(self._options.mirror)
            self._mirror.start()
        if self._options.robot_stdin:
            robot = RobotFinger(screen_name=self._screen_name, stop=self.stop)
            # not before there is something to see and to touch
            after_next_frame(lambda _picture: robot.start(commands=sys.stdin, answers=sys.stdout))
        if platform in _PLATFORMS_WITH_KEYS:
            Window.request_keyboard(lambda: None, self._root)
        self._take_mail()

    def show(self, model: ScreenModel) -> None:
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

    def _rebuild(self) -> None:
        if self._root is not None:
            self._root.rebuild()
