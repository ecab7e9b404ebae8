"""Text that fits: lines that shrink instead of being cut, and amounts that always read left to right."""

from typing import Final

from kivy.core.text import Label as CoreLabel
from kivy.properties import NumericProperty, ObjectProperty, StringProperty
from kivy.uix.widget import Widget

from terminal_app.screen_model import AmountText
from terminal_app.ui.theme import Colour, Look, mm
from wallet_sdk.screen.fonts import BODY_FONT, DESCENT, DISPLAY_FONT, STRONG_FONT
from wallet_sdk.screen.touch import TextLine

# Kivy's texture can be one pixel narrower than the extents that it promised.
_SLACK_PX: Final = 3
_SMALLEST_PART: Final = 0.45
_SMALLEST_BODY_PART: Final = 0.6
_SHRINK_STEP: Final = 0.92
_CURRENCY_PART: Final = 0.42
_CURRENCY_SPACE: Final = 0.16
_FIGURE_BEARING: Final = 0.05


def width_px_of(text: str, *, font_name: str, font_px: float) -> float:
    """How wide this text is in one line."""
    return float(CoreLabel(font_name=font_name, font_size=font_px).get_extents(text)[0])


class FittedLine(TextLine):
    """One line of text at `full_mm` height of type, smaller when it would not fit the width.

    What does not fit at `smallest_part` of the full size goes on to a second line.
    """

    def __init__(self, *, full_mm: float, smallest_part: float = _SMALLEST_PART, **kwargs: object) -> None:
        kwargs.setdefault("font_name", BODY_FONT)
        super().__init__(**kwargs)
        self._full_mm = full_mm
        self._smallest_part = smallest_part
        self.font_size = mm(full_mm)
        self.bind(text=self._shrink, size=self._shrink)

    def _shrink(self, *_args: object) -> None:
        full_px = mm(self._full_mm)
        wanted_px = width_px_of(self.text, font_name=self.font_name, font_px=full_px) + _SLACK_PX
        if self.width <= 0 or wanted_px <= self.width:
            self.font_size = full_px
        else:
            self.font_size = int(full_px * max(self._smallest_part, self.width / wanted_px))


class Paragraph(TextLine):
    """Body text that wraps and takes the height it needs, with smaller type when that is more than `most_px`."""

    most_px = NumericProperty(float("inf"))

    def __init__(self, *, full_mm: float, **kwargs: object) -> None:
        kwargs.setdefault("font_name", BODY_FONT)
        kwargs.setdefault("line_height", 1.12)
        super().__init__(size_hint_y=None, height=0, **kwargs)
        self._full_mm = full_mm
        self.font_size = mm(full_mm)
        self.bind(texture_size=self._grow, text=self._restart, most_px=self._restart, width=self._restart)

    def _fit(self, *_args: object) -> None:
        self.text_size = (self.width, None)

    def _restart(self, *_args: object) -> None:
        self.font_size = mm(self._full_mm)
        self._grow()

    def _grow(self, *_args: object) -> None:
        smaller_px = int(self.font_size * _SHRINK_STEP)
        if self.text and self.texture_size[1] > self.most_px and smaller_px > mm(self._full_mm) * _SMALLEST_BODY_PART:
            self.font_size = smaller_px
            return
        self.height = self.texture_size[1] if self.text else 0


class Headline(FittedLine):
    """The word of a state, or the title of a screen."""

    def __init__(self, *, full_mm: float, smallest_part: float = _SMALLEST_PART, **kwargs: object) -> None:
        super().__init__(full_mm=full_mm, smallest_part=smallest_part, font_name=DISPLAY_FONT, **kwargs)


class AmountLabel(Widget):
    """Figures and, smaller on the same baseline, the currency's code. Left to right in every language."""

    amount = ObjectProperty(None, allownone=True)
    robot_id = StringProperty("amount")

    def __init__(self, *, look: Look, full_mm: float, halign: str = "left", **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._full_mm = full_mm
        self._halign = halign
        self._number = TextLine(font_name=STRONG_FONT, color=look.theme.text)
        self._currency = TextLine(font_name=STRONG_FONT, color=look.theme.text)
        self.add_widget(self._number)
        self.add_widget(self._currency)
        self.bind(pos=self._place, size=self._place, amount=self._place)

    def tint(self, *, number: Colour, currency: Colour) -> None:
        """Change the colours."""
        self._number.color = number
        self._currency.color = currency

    def _place(self, *_args: object) -> None:
        shown: AmountText | None = self.amount
        self._number.text = shown.number if shown else ""
        self._currency.text = shown.currency if shown else ""
        if shown is None or self.width <= 0:
            return
        full_px = min(mm(self._full_mm), self.height / 1.25)
        number_px, currency_px, space_px = self._widths_px(shown, full_px)
        shrink = min(1.0, self.width / (number_px + space_px + currency_px))
        font_px = int(full_px * shrink)
        number_px, currency_px, space_px = self._widths_px(shown, font_px)
        free_px = max(0.0, self.width - number_px - space_px - currency_px)
        x = self.x + free_px * {"left": 0.0, "center": 0.5, "right": 1.0}[self._halign]
        line_px = font_px * 1.22
        y = (self.y + self.height / 2) - line_px / 2
        if self._halign == "left":
            # tabular figures stand in the middle of their width: move them to the edge that the lines above share
            x -= font_px * _FIGURE_BEARING
        currency_font_px = int(font_px * _CURRENCY_PART)
        self._set(self._number, font_px=font_px, x=x, y=y, width_px=number_px)
        raised_px = (font_px - currency_font_px) * DESCENT
        self._set(
            self._currency, font_px=currency_font_px, x=x + number_px + space_px, y=y + raised_px, width_px=currency_px
        )

    @staticmethod
    def _widths_px(shown: AmountText, font_px: float) -> tuple[float, float, float]:
        number_px = width_px_of(shown.number, font_name=STRONG_FONT, font_px=int(font_px)) + _SLACK_PX
        currency_px = (
            width_px_of(shown.currency, font_name=STRONG_FONT, font_px=int(font_px * _CURRENCY_PART)) + _SLACK_PX
        )
        return number_px, currency_px, font_px * _CURRENCY_SPACE

    @staticmethod
    def _set(label: TextLine, *, font_px: int, x: float, y: float, width_px: float) -> None:
        label.font_size = font_px
        label.size = (width_px, font_px * 1.22)
        label.pos = (x, y)
