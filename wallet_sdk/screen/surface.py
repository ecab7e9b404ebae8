"""Grounds below widgets, plain or with rounded corners and an outline, and the two rules for following a widget."""

from collections.abc import Callable

from kivy.graphics import Color, Line, Rectangle, RoundedRectangle
from kivy.graphics.texture import Texture
from kivy.uix.widget import Widget

from wallet_sdk.screen.colours import CLEAR, Colour
from wallet_sdk.screen.units import mm

_OUTLINE_MM = 0.16


def follow(widget: Widget, place: Callable[[], None]) -> None:
    """Call `place` when the widget moves or grows, for as long as the widget lives.

    Kivy holds bound methods only weakly: one of an object that nobody else holds would never be called. The lambdas
    hold it.
    """
    widget.bind(pos=lambda *_args: place(), size=lambda *_args: place())


def middle_of(widget: Widget) -> tuple[float, float]:
    """The centre, from place and size as they are now: Kivy's cached `center_x` may lag behind while a size is set."""
    return (widget.x + widget.width / 2, widget.y + widget.height / 2)


class Surface:
    """A filled, rounded, perhaps outlined rectangle that follows its widget, drawn below the widget's own content."""

    def __init__(self, widget: Widget, *, fill: Colour, outline: Colour = CLEAR, corner_mm: float) -> None:
        self._widget = widget
        self._corner_px = mm(corner_mm)
        self._outline_px = max(1.0, mm(_OUTLINE_MM))
        with widget.canvas.before:
            self._fill = Color(*fill)
            self._ground = RoundedRectangle(radius=[self._corner_px])
            self._stroke = Color(*outline)
            self._outline = Line(width=self._outline_px)
        follow(widget, self._place)

    def paint(self, *, fill: Colour, outline: Colour = CLEAR) -> None:
        """Change the colours."""
        self._fill.rgba = fill
        self._stroke.rgba = outline

    def shade(self, texture: Texture) -> None:
        """Fill with this texture instead of the colour alone."""
        self._ground.texture = texture

    def _place(self) -> None:
        x, y = self._widget.pos
        width, height = self._widget.size
        corner_px = min(self._corner_px, height / 2, width / 2)
        self._ground.pos = (x, y)
        self._ground.size = (width, height)
        self._ground.radius = [corner_px]
        inset_px = self._outline_px
        self._outline.rounded_rectangle = (
            x + inset_px,
            y + inset_px,
            max(0.0, width - 2 * inset_px),
            max(0.0, height - 2 * inset_px),
            max(0.0, corner_px - inset_px),
        )


class Ground:
    """A plain rectangle of one colour below a widget."""

    def __init__(self, widget: Widget, fill: Colour) -> None:
        self._widget = widget
        with widget.canvas.before:
            self._fill = Color(*fill)
            self._rectangle = Rectangle()
        follow(widget, self._place)

    def paint(self, fill: Colour) -> None:
        """Change the colour."""
        self._fill.rgba = fill

    def _place(self) -> None:
        self._rectangle.pos = self._widget.pos
        self._rectangle.size = self._widget.size
