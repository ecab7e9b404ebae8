"""The terminal's window as a Kivy app. Call `wallet_sdk.screen.environment.open_window` before importing this."""

from collections.abc import Callable
from typing import Any, Final

from kivy.clock import Clock
from kivy.core.window import Window
from kivy.utils import platform

from terminal_app.screen_model import PreviewFrame, ScreenModel
from terminal_app.ui.root import TerminalRoot
from terminal_app.ui.theme import THEMES
from wallet_sdk.screen.app import ScreenApp, WindowOptions
from wallet_sdk.screen.qr_view import Matrix

# Here a keyboard may be plugged in, and asking for its text opens no keyboard on the glass.
_PLATFORMS_WITH_KEYS: Final = ("linux", "macosx", "win")


class TerminalApp(ScreenApp[ScreenModel, PreviewFrame]):
    """Draws `ScreenModel`s and sends `Command`s."""

    def __init__(
        self,
        *,
        initial: ScreenModel,
        send: Callable[[Any], None],
        matrix_of: Callable[[str], Matrix],
        options: WindowOptions,
    ) -> None:
        super().__init__(options=options, base=THEMES[initial.appearance.theme].base)
        self._initial = initial
        self._send = send
        self._matrix_of = matrix_of

    def make_root(self) -> TerminalRoot:
        """The widget that fills the window; it is laid out anew when the window's size changes."""
        root = TerminalRoot(
            initial=self._initial,
            send=self._send,
            matrix_of=self._matrix_of,
            now_s=Clock.get_time,
            leave=self.close,
        )
        Window.bind(
            on_resize=lambda *_args: root.rebuild(),
            on_request_close=lambda *_args, **_more: root.ask_before_leaving(),
        )
        return root

    def on_start(self) -> None:
        """Begin to listen to the keyboard, where one may be plugged in."""
        super().on_start()
        if platform in _PLATFORMS_WITH_KEYS:
            Window.request_keyboard(lambda: None, self.root)
