"""Grounds with rounded corners and outlines, and the borders of state panels."""

from collections.abc import Callable

from kivy.graphics import Color, Line, Rectangle, RoundedRectangle
from kivy.uix.widget import Widget

from terminal_app.ui.theme import BORDER_MM, CORNER_MM, GAP_MM, Border, Colour, Look, mm

_NOTHING: Colour = (0.0, 0.0, 0.0, 0.0)


def _follow(widget: Widget, place: Callable[[], None]) -> None:
    """Call `place` when the widget moves or grows. Kivy holds bound methods weakly; a lambda keeps it alive."""
    widget.bind(pos=lambda *_args: place(), size=lambda *_args: place())


class Surface:
    """A filled, outlined, rounded rectangle that follows its widget, drawn below the widget's own content."""

    def __init__(
        self, widget: Widget, *, fill: Colour, outline: Colour = _NOTHING, corner_mm: float = CORNER_MM
    ) -> None:
        self._widget = widget
        self._corner_px = mm(corner_mm)
        with widget.canvas.before:
            self._fill = Color(*fill)
            self._ground = RoundedRectangle(radius=[self._corner_px])
            self._stroke = Color(*outline)
            self._outline = Line(width=max(1.0, mm(0.16)))
        _follow(widget, self._place)

    def paint(self, *, fill: Colour, outline: Colour = _NOTHING) -> None:
        """Change the colours."""
        self._fill.rgba = fill
        self._stroke.rgba = outline

    def _place(self) -> None:
        x, y = self._widget.pos
        width, height = self._widget.size
        corner_px = min(self._corner_px, height / 2, width / 2)
        self._ground.pos = (x, y)
        self._ground.size = (width, height)
        self._ground.radius = [corner_px]
        inset_px = max(1.0, mm(0.16))
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
        _follow(widget, self._place)

    def paint(self, fill: Colour) -> None:
        """Change the colour."""
        self._fill.rgba = fill

    def _place(self) -> None:
        self._rectangle.pos = self._widget.pos
        self._rectangle.size = self._widget.size


class PanelBorder:
    """The border of a state panel, drawn in the text colour inside its widget."""

    def __init__(self, widget: Widget, *, border: Border, look: Look) -> None:
        self._widget = widget
        self._border = border
        with widget.canvas.before:
            Color(*look.theme.text)
            self._lines = [Line(cap="round", joint="round") for _ in range(4)]
        _follow(widget, self._place)

    def _place(self) -> None:
        thin = self._border is Border.THIN_INSET
        half_px = mm(0.35 if thin else BORDER_MM) / 2
        inset_px = mm(GAP_MM / 2) + half_px
        left, bottom = self._widget.x + inset_px, self._widget.y + inset_px
        right, top = self._widget.x + self._widget.width - inset_px, self._widget.y + self._widget.height - inset_px
        for line in self._lines:
            line.width = half_px
        match self._border:
            case Border.NONE:
                return
            case Border.THICK_INSET | Border.THIN_INSET:
                corner_px = mm(CORNER_MM)
                self._lines[0].rounded_rectangle = (left, bottom, right - left, top - bottom, corner_px)
            case Border.SIDE_BARS:
                self._lines[0].points = (left, bottom, left, top)
                self._lines[1].points = (right, bottom, right, top)
            case Border.CORNERS:
                arm_px = mm(12)
                for line, (x, y), (dx, dy) in zip(
                    self._lines,
                    ((left, bottom), (left, top), (right, bottom), (right, top)),
                    ((1, 1), (1, -1), (-1, 1), (-1, -1)),
                    strict=True,
                ):
                    line.points = (x + dx * arm_px, y, x, y, x, y + dy * arm_px)
