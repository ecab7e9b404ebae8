"""Small parts that stand on many screens: rows and columns, an icon on a disc, a clock that counts down."""

from typing import Final

from kivy.uix.anchorlayout import AnchorLayout
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from wallet_sdk.screen.colours import Colour
from wallet_sdk.screen.fonts import STRONG_FONT
from wallet_sdk.screen.icons import Icon, IconView
from wallet_sdk.screen.surface import Surface
from wallet_sdk.screen.text import FittedLine
from wallet_sdk.screen.units import mm

SPACING_MM: Final = 2.0
_CLOCK_MM: Final = 4.6
_COUNTDOWN_MM: Final = 6.0


def column(*widgets: Widget, spacing_mm: float = SPACING_MM, **kwargs: object) -> BoxLayout:
    """Widgets one below the other."""
    box = BoxLayout(orientation="vertical", spacing=mm(spacing_mm), **kwargs)
    for widget in widgets:
        box.add_widget(widget)
    return box


def row(*widgets: Widget, height_mm: float, spacing_mm: float = SPACING_MM) -> BoxLayout:
    """Widgets beside each other, of one height."""
    box = BoxLayout(spacing=mm(spacing_mm), size_hint_y=None, height=mm(height_mm))
    for widget in widgets:
        box.add_widget(widget)
    return box


class IconDisc(AnchorLayout):
    """An icon on a round ground; the icon takes `icon_part` of the diameter."""

    def __init__(
        self,
        *,
        icon: Icon,
        fill: Colour,
        tint: Colour,
        diameter_mm: float,
        stroke: float = 0.2,
        icon_part: float = 0.52,
    ) -> None:
        side_px = mm(diameter_mm)
        super().__init__(size_hint=(None, None), size=(side_px, side_px))
        Surface(self, fill=fill, corner_mm=diameter_mm / 2)
        self._icon_part = icon_part
        self._icon_view = IconView(icon=icon, tint=tint, stroke=stroke, size_hint=(None, None))
        self.add_widget(self._icon_view)
        self.resize(side_px)

    def resize(self, diameter_px: float) -> None:
        """Make it larger or smaller."""
        self.size = (diameter_px, diameter_px)
        self._icon_view.size = (diameter_px * self._icon_part, diameter_px * self._icon_part)


class Countdown(BoxLayout):
    """A clock and the time that is left, as minutes and seconds; invisible while nothing counts."""

    def __init__(self, *, type_mm: float, color: Colour, clock_color: Colour, **kwargs: object) -> None:
        super().__init__(spacing=mm(1.6), size_hint_y=None, **kwargs)
        side_px = mm(_CLOCK_MM)
        clock = AnchorLayout(size_hint_x=None, width=side_px)
        clock.add_widget(IconView(icon=Icon.CLOCK, tint=clock_color, size_hint=(None, None), size=(side_px, side_px)))
        self._left = FittedLine(type_mm=type_mm, font_name=STRONG_FONT, color=color, robot_id="remaining")
        self.add_widget(clock)
        self.add_widget(self._left)
        self.show(None)

    def show(self, remaining_s: int | None) -> None:
        """Draw these seconds, or nothing."""
        self.opacity = 0 if remaining_s is None else 1
        self.height = 0 if remaining_s is None else mm(_COUNTDOWN_MM)
        left_s = max(0, remaining_s or 0)
        self._left.text = f"{left_s // 60}:{left_s % 60:02d}"
