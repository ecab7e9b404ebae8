"""The terminal's window as a Kivy app. Call `wallet_sdk.screen.environment.open_window` before importing this."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from kivy.clock import Clock
from kivy.core.window import Window
from kivy.utils import platform

from terminal_app.screen_model import Command, PreviewFrame, ScreenModel
from terminal_app.ui.root import TerminalRoot
from terminal_app.ui.theme import NIGHT, Theme
from terminal_app.ui.words import ENGLISH, UiWords
from wallet_sdk.screen.app import ScreenApp, WindowOptions
from wallet_sdk.screen.qr_view import Matrix

# Here a keyboard may be plugged in, and asking for its text opens no keyboard on the glass.
_PLATFORMS_WITH_KEYS: Final = ("linux", "macosx", "win")


@dataclass(frozen=True, slots=True, kw_only=True)
class UiOptions(WindowOptions):
    """How the window is run: as any of ours, and with which theme and words."""

    theme: Theme = NIGHT
    words: UiWords = ENGLISH


class TerminalApp(ScreenApp[ScreenModel, PreviewFrame]):
    """Draws `ScreenModel`s and sends `Command`s."""

    def __init__(
        self,
        *,
        initial: ScreenModel,
        send: Callable[[Command], None],
        matrix_of: Callable[[str], Matrix],
        options: UiOptions,
    ) -> None:
        super().__init__(options=options, base=options.theme.base)
        self._initial = initial
        self._send = send
        self._matrix_of = matrix_of
        self._ui_options = options

    def make_root(self) -> TerminalRoot:
        """The widget that fills the window; it is laid out anew when the window's size changes."""
        root = TerminalRoot(
            initial=self._initial,
            send=self._send,
            matrix_of=self._matrix_of,
            theme=self._ui_options.theme,
            words=self._ui_options.words,
            now_s=Clock.get_time,
        )
        Window.bind(on_resize=lambda *_args: root.rebuild())
        return root

    def on_start(self) -> None:
        """Begin to listen to the keyboard, where one may be plugged in."""
        super().on_start()
        if platform in _PLATFORMS_WITH_KEYS:
            Window.request_keyboard(lambda: None, self.root)
