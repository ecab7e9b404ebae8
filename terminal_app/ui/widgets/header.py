"""The line on top of a page of the back office: the way back, and what the page is called."""

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from terminal_app.ui.theme import GAP_MM, TARGET_MM, Look
from terminal_app.ui.widgets.action_row import make_key
from wallet_sdk.screen.buttons import Key
from wallet_sdk.screen.fonts import DISPLAY_FONT
from wallet_sdk.screen.icons import Icon
from wallet_sdk.screen.text import FittedLine
from wallet_sdk.screen.units import mm

_BACK_WIDTH_MM = 13.0
_ICON_MM = 4.6


def back_key(*, look: Look, height_mm: float = TARGET_MM) -> Key:
    """The key that leads back, pointing to where a line begins."""
    pointing = Icon.RIGHT if look.start == "right" else Icon.LEFT
    key = make_key(text="back", icon=pointing, type_mm=_ICON_MM, look=look, robot_id="back")
    key.size_hint_x, key.width = None, mm(_BACK_WIDTH_MM)
    key.size_hint_y, key.height = None, mm(height_mm)
    return key


class Header(BoxLayout):
    """`back` is the key that leads back; it is not there on a page that nothing leads back from."""

    def __init__(self, *, look: Look) -> None:
        super().__init__(spacing=mm(GAP_MM), size_hint_y=None, height=mm(TARGET_MM))
        self._look = look
        self.back = back_key(look=look)
        self._headline = FittedLine(
            font_name=DISPLAY_FONT,
            type_mm=look.sizes.button_mm * 1.2,
            color=look.theme.text,
            robot_id="headline",
            halign=look.start,
        )

    def show(self, headline: str, *rest: Widget, back: object) -> None:
        """Draw these words, the way back when there is one, and what else stands in the line."""
        self._headline.text = headline
        self.clear_widgets()
        first = (self.back,) if back is not None else ()
        for widget in self._look.in_row(*first, self._headline, *rest):
            self.add_widget(widget)
