"""Amounts: large figures and, smaller on the same baseline, the currency's code."""

from typing import Final, Protocol

from kivy.properties import ObjectProperty, StringProperty
from kivy.uix.widget import Widget

from wallet_sdk.screen.colours import Colour
from wallet_sdk.screen.fonts import DESCENT, STRONG_FONT
from wallet_sdk.screen.surface import middle_of
from wallet_sdk.screen.text import FREE_BEFORE, LEADING, SLACK_PX, TextLine, width_px_of
from wallet_sdk.screen.units import mm

# The currency's part of the figures' height: small beside large figures, but never too small to read.
_CURRENCY_PART: Final = 0.42
_CURRENCY_PART_SMALL: Final = 0.72
_LARGE_MM: Final = 6.0
_CURRENCY_SPACE: Final = 0.16
_FIGURE_BEARING: Final = 0.05


class ShownAmount(Protocol):
    """What is drawn: the figures, "12.50", and the ISO 4217 code."""

    @property
    def number(self) -> str: ...

    @property
    def currency(self) -> str: ...


class AmountLabel(Widget):
    """Draws an amount as large as `type_mm` and its box allow. Left to right in every language."""

    amount = ObjectProperty(None, allownone=True)
    robot_id = StringProperty("amount")

    def __init__(
        self, *, type_mm: float, color: Colour, currency_color: Colour, halign: str = "left", **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self._full_px = mm(type_mm)
        self._part = _CURRENCY_PART if type_mm >= _LARGE_MM else _CURRENCY_PART_SMALL
        self._halign = halign
        self._number = TextLine(font_name=STRONG_FONT, color=color)
        self._currency = TextLine(font_name=STRONG_FONT, color=currency_color)
        self.add_widget(self._number)
        self.add_widget(self._currency)
        self.bind(pos=self._place, size=self._place, amount=self._place)
        self._place()

    def tint(self, *, number: Colour, currency: Colour) -> None:
        """Change the colours."""
        self._number.color = number
        self._currency.color = currency

    def natural_px(self) -> float:
        """Its width at full size."""
        return sum(self._widths_px(self._full_px)) + SLACK_PX

    def _place(self, *_args: object) -> None:
        shown: ShownAmount | None = self.amount
        self._number.text = shown.number if shown else ""
        self._currency.text = shown.currency if shown else ""
        if shown is None or self.width <= 0:
            return
        full_px = min(self._full_px, self.height / LEADING)
        font_px = int(full_px * min(1.0, self.width / sum(self._widths_px(full_px))))
        number_px, space_px, currency_px = self._widths_px(font_px)
        free_px = max(0.0, self.width - number_px - space_px - currency_px)
        left_px = self.x + free_px * FREE_BEFORE[self._halign]
        if self._halign == "left":
            # tabular figures stand in the middle of their width: move them to the edge that the lines above share
            left_px -= font_px * _FIGURE_BEARING
        bottom_px = middle_of(self)[1] - font_px * LEADING / 2
        small_px = int(font_px * self._part)
        raised_px = (font_px - small_px) * DESCENT
        _put(self._number, font_px=font_px, left_px=left_px, bottom_px=bottom_px, width_px=number_px)
        left_px += number_px + space_px
        _put(self._currency, font_px=small_px, left_px=left_px, bottom_px=bottom_px + raised_px, width_px=currency_px)

    def _widths_px(self, font_px: float) -> tuple[float, float, float]:
        """Figures, space, currency."""
        small_px = int(font_px * self._part)
        number_px = width_px_of(self._number.text, font_name=STRONG_FONT, font_px=int(font_px)) + SLACK_PX
        currency_px = width_px_of(self._currency.text, font_name=STRONG_FONT, font_px=small_px) + SLACK_PX
        return number_px, font_px * _CURRENCY_SPACE, currency_px


def _put(label: TextLine, *, font_px: int, left_px: float, bottom_px: float, width_px: float) -> None:
    label.font_size = font_px
    label.size = (width_px, font_px * LEADING)
    label.pos = (left_px, bottom_px)
