"""One line of a list: a sign, what it is, and at its end an amount or a word. Pressed, or only read."""

from typing import Final

from kivy.uix.widget import Widget

from terminal_app.screen_model import Mark, Row
from terminal_app.ui.theme import CORNER_MM, Look
from wallet_sdk.screen.amount import AmountLabel
from wallet_sdk.screen.fonts import STRONG_FONT
from wallet_sdk.screen.icons import Icon, IconView
from wallet_sdk.screen.surface import Surface
from wallet_sdk.screen.text import FittedLine, width_px_of
from wallet_sdk.screen.touch import PressArea
from wallet_sdk.screen.units import mm

PRESSED_ROW_MM: Final = 11.0
_PADDING_MM: Final = 2.2
_MARK_MM: Final = 4.6
_END_PART: Final = 0.46
_FOOT_PART: Final = 0.05

_ICONS: Final = {
    Mark.GOOD: Icon.TICK,
    Mark.STORED: Icon.ARROW_INTO_TRAY,
    Mark.BAD: Icon.CROSS,
    Mark.OPEN: Icon.HOUR_GLASS,
    Mark.UNKNOWN: Icon.QUESTION,
}


def read_row_mm(look: Look) -> float:
    """Height of a line that is only read."""
    return look.sizes.body_mm * 1.5


class RowFace(Widget):
    """Draws a `Row`; it takes no finger."""

    def __init__(self, row: Row, *, look: Look, **kwargs: object) -> None:
        super().__init__(size_hint_y=None, height=mm(read_row_mm(look)), **kwargs)
        self._look = look
        self._row = row
        theme = look.theme
        type_mm = look.sizes.body_mm * (0.92 if row.press is not None else 1.0)
        self._type_px = mm(type_mm)
        self._title = FittedLine(type_mm=type_mm, color=theme.text, halign=look.start, text=row.title)
        self._detail = FittedLine(
            type_mm=look.sizes.bar_mm * 0.9, color=theme.text_dim, halign=look.start, text=row.detail
        )
        self._mark = IconView(icon=_ICONS[row.mark] if row.mark is not None else None, tint=theme.accent, stroke=0.22)
        self._end = self._end_widget(type_mm)
        for widget in (self._mark, self._title, self._detail, self._end):
            self.add_widget(widget)
        self.bind(pos=self._place, size=self._place)

    def _end_widget(self, type_mm: float) -> Widget:
        theme = self._look.theme
        if self._row.amount is None:
            return FittedLine(
                type_mm=type_mm,
                font_name=STRONG_FONT,
                color=theme.accent,
                halign=self._look.end,
                text=self._row.value,
            )
        amount = AmountLabel(type_mm=type_mm, color=theme.text, currency_color=theme.text_dim, halign=self._look.end)
        amount.amount = self._row.amount
        return amount

    def _place(self, *_args: object) -> None:
        padding_px = mm(_PADDING_MM) if self._row.press is not None else 0.0
        mark_px = mm(_MARK_MM) if self._row.mark is not None else 0.0
        before_px = padding_px + (mark_px + mm(_PADDING_MM) if mark_px else 0.0)
        end_px = self._end_px()
        words_px = max(1.0, self.width - before_px - padding_px - end_px - (mm(_PADDING_MM) if end_px else 0.0))
        self._mark.size = (mark_px, mark_px)
        self._mark.pos = (self._from_start(padding_px, mark_px), self.y + (self.height - mark_px) / 2)
        part = 0.56 if self._row.detail else 1.0
        words_x = self._from_start(before_px, words_px)
        self._title.size = (words_px, self.height * part)
        self._title.pos = (words_x, self.y + self.height * (1 - part))
        self._detail.size = (words_px, self.height * (1 - part - _FOOT_PART))
        self._detail.pos = (words_x, self.y + self.height * _FOOT_PART)
        self._end.size = (end_px, self.height)
        self._end.pos = (self._from_start(self.width - padding_px - end_px, end_px), self.y)

    def _end_px(self) -> float:
        most_px = self.width * _END_PART
        if isinstance(self._end, AmountLabel):
            return float(min(most_px, self._end.natural_px()))
        if not self._row.value:
            return 0.0
        wanted_px = width_px_of(self._row.value, font_name=STRONG_FONT, font_px=self._type_px) + mm(1)
        return float(min(most_px, wanted_px))

    def _from_start(self, distance_px: float, width_px: float) -> float:
        if self._look.start == "left":
            return float(self.x + distance_px)
        return float(self.x + self.width - distance_px - width_px)


class PressedRow(PressArea):
    """A line with a ground that takes a finger."""

    def __init__(self, row: Row, *, look: Look) -> None:
        super().__init__(robot_id=row.robot_id, label_text=row.title, size_hint_y=None, height=mm(PRESSED_ROW_MM))
        self.row = row
        self._theme = look.theme
        self._surface = Surface(self, fill=look.theme.surface, corner_mm=CORNER_MM)
        self._face = RowFace(row, look=look)
        self.add_widget(self._face)
        self.bind(pos=self._place, size=self._place, pressed=self._paint)
        self._paint()

    def _paint(self, *_args: object) -> None:
        theme = self._theme
        self._surface.paint(fill=theme.surface_pressed if self.pressed else theme.surface, outline=theme.outline)

    def _place(self, *_args: object) -> None:
        self._face.pos = self.pos
        self._face.size = self.size


def make_row(row: Row, *, look: Look) -> Widget:
    """A line that takes a finger, or one that is only read."""
    if row.press is not None:
        return PressedRow(row, look=look)
    return RowFace(row, look=look)
