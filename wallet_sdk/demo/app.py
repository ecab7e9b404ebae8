"""The wallet's window as a Kivy app. Call `wallet_sdk.screen.environment.open_window` before importing this."""

from collections.abc import Callable
from dataclasses import replace

from kivy.clock import Clock
from kivy.input.motionevent import MotionEvent
from kivy.uix.boxlayout import BoxLayout

from wallet_sdk.demo import theme
from wallet_sdk.demo.screen_model import ActionName, PreviewFrame, ScreenName, WalletModel
from wallet_sdk.demo.screens import Surroundings, WalletScreen
from wallet_sdk.screen.app import ScreenApp, WindowOptions
from wallet_sdk.screen.qr_view import Matrix
from wallet_sdk.screen.touch import TouchGuard


class WalletRoot(BoxLayout):
    """The screen at hand, behind a touch guard."""

    def __init__(self, *, initial: WalletModel, around: Surroundings, now_s: Callable[[], float]) -> None:
        super().__init__()
        self._around = around
        self._guard = TouchGuard(now_s=now_s)
        self._screen: WalletScreen | None = None
        self.model = initial
        self._rebuild()

    @property
    def screen_name(self) -> str:
        """The name of the screen, for the robot finger."""
        return self.model.name.value

    def show(self, model: WalletModel) -> None:
        """Draw this model: in place when only code, seconds or typed amount changed, else as a new screen."""
        before, self.model = self.model, model
        if model == before:
            return
        amount = model.amount if model.name is ScreenName.AMOUNT else before.amount
        in_place = replace(before, code_text=model.code_text, remaining_s=model.remaining_s, amount=amount) == model
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


class WalletApp(ScreenApp[WalletModel, PreviewFrame]):
    """Draws models and passes on presses."""

    def __init__(
        self,
        *,
        initial: WalletModel,
        press: Callable[[ActionName], None],
        matrix_of: Callable[[str], Matrix],
        options: WindowOptions,
    ) -> None:
        super().__init__(options=options, base=theme.BASE)
        self._initial = initial
        self._around = Surroundings(press=press, matrix_of=matrix_of)

    def make_root(self) -> WalletRoot:
        """The widget that fills the window."""
        return WalletRoot(initial=self._initial, around=self._around, now_s=Clock.get_time)
