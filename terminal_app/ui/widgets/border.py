"""The borders of state panels."""

from kivy.graphics import Color, Line
from kivy.uix.widget import Widget

from terminal_app.ui.theme import BORDER_MM, CORNER_MM, GAP_MM, Border, Look
from wallet_sdk.screen.surface import follow
from wallet_sdk.screen.units import mm


class PanelBorder:
    """The border of a state panel, drawn in the text colour inside its widget."""

    def __init__(self, widget: Widget, *, border: Border, look: Look) -> None:
        self._widget = widget
        self._border = border
        with widget.canvas.before:
            Color(*look.theme.text)
            self._lines = [Line(cap="round", joint="round") for _ in range(4)]
        follow(widget, self._place)

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
