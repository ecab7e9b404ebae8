"""The wallet's small parts: rounded cards, text that fits, amounts, buttons, pills."""

from collections.abc import Callable
from typing import Any, Final

from kivy.core.text import Label as CoreLabel
from kivy.graphics import Color, Line, RoundedRectangle
from kivy.graphics.texture import Texture
from kivy.properties import ObjectProperty, StringProperty
from kivy.uix.anchorlayout import AnchorLayout
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from wallet_sdk.demo import theme
from wallet_sdk.demo.screen_model import Action, AmountText, Emphasis, NetworkState
from wallet_sdk.demo.theme import Colour
from wallet_sdk.screen.fonts import BODY_FONT, DESCENT, DISPLAY_FONT, STRONG_FONT
from wallet_sdk.screen.icons import Icon, IconView
from wallet_sdk.screen.touch import PressArea, TextLine
from wallet_sdk.screen.units import mm

# Kivy's texture can be one pixel narrower than the extents that it promised.
_SLACK_PX: Final = 3
_SMALLEST_PART: Final = 0.5
# The currency's part of the figures' height: small beside large figures, but never too small to read.
_CURRENCY_PART: Final = 0.42
_CURRENCY_PART_SMALL: Final = 0.72
_LARGE_MM: Final = 6.0
_GRADIENT_STEPS: Final = 64


def width_px_of(text: str, *, font_name: str, font_px: float) -> float:
    """How wide this text is in one line."""
    return float(CoreLabel(font_name=font_name, font_size=font_px).get_extents(text)[0])


class Surface:
    """A filled, rounded, perhaps outlined rectangle that follows its widget, drawn below the widget's content."""

    def __init__(self, widget: Widget, *, fill: Colour, outline: Colour = theme.CLEAR, corner_mm: float) -> None:
        self._widget = widget
        self._corner_px = mm(corner_mm)
        with widget.canvas.before:
            self._fill = Color(*fill)
            self._ground = RoundedRectangle(radius=[self._corner_px])
            self._stroke = Color(*outline)
            self._outline = Line(width=max(1.0, mm(0.14)))
        # A lambda, because Kivy holds bound methods weakly, and nobody else may hold this surface.
        widget.bind(pos=lambda *_args: self._place(), size=lambda *_args: self._place())

    def paint(self, *, fill: Colour, outline: Colour = theme.CLEAR) -> None:
        """Change the colours."""
        self._fill.rgba = fill
        self._stroke.rgba = outline

    def shade(self, texture: Texture) -> None:
        """Fill with this texture instead of the colour alone."""
        self._ground.texture = texture

    def _place(self) -> None:
        width, height = self._widget.size
        corner_px = min(self._corner_px, height / 2, width / 2)
        self._ground.pos = self._widget.pos
        self._ground.size = self._widget.size
        self._ground.radius = [corner_px]
        self._outline.rounded_rectangle = (*self._widget.pos, width, height, corner_px)


def middle_of(widget: Widget) -> tuple[float, float]:
    """The centre, from place and size as they are now: Kivy's cached `center_x` may lag behind while a size is set."""
    return (widget.x + widget.width / 2, widget.y + widget.height / 2)


def gradient(*, bottom: Colour, top: Colour) -> Texture:
    """A texture one pixel wide that runs from one colour to the other."""
    texture = Texture.create(size=(1, _GRADIENT_STEPS), colorfmt="rgb")
    # Kivy lays a rounded rectangle's texture upside down, so the top comes first.
    parts = [step / (_GRADIENT_STEPS - 1) for step in reversed(range(_GRADIENT_STEPS))]
    pixels = bytes(
        round(255 * (low + (high - low) * part))
        for part in parts
        for low, high in zip(bottom[:3], top[:3], strict=True)
    )
    texture.blit_buffer(pixels, colorfmt="rgb", bufferfmt="ubyte")
    return texture


class Line1(TextLine):
    """One line of text, smaller when it would not fit the width."""

    def __init__(self, *, type_mm: float, tint: Colour, font_name: str = BODY_FONT, **kwargs: object) -> None:
        super().__init__(
            font_name=font_name, font_size=mm(type_mm), color=tint, shorten=True, shorten_from="right", **kwargs
        )
        self._full_px = mm(type_mm)
        self.bind(text=self._shrink, size=self._shrink)

    def _shrink(self, *_args: object) -> None:
        smallest_px = self._full_px * _SMALLEST_PART
        font_px = self._full_px
        while self.width > 0 and font_px > smallest_px and self._wanted_px(font_px) > self.width:
            font_px = int(font_px) - 1
        self.font_size = font_px

    def _wanted_px(self, font_px: float) -> float:
        return width_px_of(self.text, font_name=self.font_name, font_px=font_px) + _SLACK_PX


def line(text: str, *, type_mm: float, tint: Colour, **kwargs: Any) -> Line1:
    """A line as high as its type needs."""
    made = Line1(type_mm=type_mm, tint=tint, text=text, size_hint_y=None, **kwargs)
    made.height = mm(type_mm * 1.5)
    return made


def title(text: str, *, type_mm: float, tint: Colour, **kwargs: object) -> Line1:
    """A line in the display face."""
    return line(text, type_mm=type_mm, tint=tint, font_name=DISPLAY_FONT, **kwargs)


class Paragraph(TextLine):
    """Sentences that wrap and take the height they need."""

    def __init__(self, *, tint: Colour, type_mm: float = theme.BODY_MM, **kwargs: object) -> None:
        super().__init__(
            size_hint_y=None, font_name=BODY_FONT, font_size=mm(type_mm), color=tint, line_height=1.2, **kwargs
        )
        self.bind(texture_size=self._grow)

    def _fit(self, *_args: object) -> None:
        self.text_size = (self.width, None)

    def _grow(self, *_args: object) -> None:
        self.height = self.texture_size[1] if self.text else 0


class AmountLabel(Widget):
    """Figures and, smaller on the same baseline, the currency's code."""

    robot_id = StringProperty("amount")

    def __init__(
        self,
        amount: AmountText,
        *,
        type_mm: float,
        tint: Colour,
        dim: Colour,
        halign: str = "left",
        **kwargs: object,
    ) -> None:
        super().__init__(size_hint_y=None, height=mm(type_mm * 1.2), **kwargs)
        self._full_px = mm(type_mm)
        self._part = _CURRENCY_PART if type_mm >= _LARGE_MM else _CURRENCY_PART_SMALL
        self._centred = halign == "center"
        self._right = halign == "right"
        self._number = TextLine(font_name=STRONG_FONT, color=tint, text=amount.number)
        self._currency = TextLine(font_name=STRONG_FONT, color=dim, text=amount.currency)
        self.add_widget(self._number)
        self.add_widget(self._currency)
        self.bind(pos=self._place, size=self._place)

    def natural_px(self) -> float:
        """Its width at full size."""
        return sum(self._widths_px(self._full_px)) + _SLACK_PX

    def _widths_px(self, font_px: float) -> tuple[float, float, float]:
        small_px = int(font_px * self._part)
        number_px = width_px_of(self._number.text, font_name=STRONG_FONT, font_px=int(font_px)) + _SLACK_PX
        currency_px = width_px_of(self._currency.text, font_name=STRONG_FONT, font_px=small_px) + _SLACK_PX
        return number_px, font_px * 0.14, currency_px

    def _place(self, *_args: object) -> None:
        if self.width <= 0:
            return
        font_px = int(self._full_px * min(1.0, self.width / sum(self._widths_px(self._full_px))))
        number_px, space_px, currency_px = self._widths_px(font_px)
        free_px = max(0.0, self.width - number_px - space_px - currency_px)
        left_px = self.x + free_px * (0.5 if self._centred else 1.0 if self._right else 0.0)
        bottom_px = (self.y + self.height / 2) - font_px * 0.61
        small_px = int(font_px * self._part)
        raised_px = (font_px - small_px) * DESCENT
        self._set(self._number, font_px, (left_px, bottom_px), number_px)
        self._set(self._currency, small_px, (left_px + number_px + space_px, bottom_px + raised_px), currency_px)

    @staticmethod
    def _set(label: TextLine, font_px: int, place: tuple[float, float], width_px: float) -> None:
        label.font_size = font_px
        label.size = (width_px, font_px * 1.22)
        label.pos = place


class WideButton(PressArea):
    """A wide button with words and perhaps an icon."""

    icon = ObjectProperty(None, allownone=True)

    def __init__(self, *, text: str, emphasis: Emphasis, icon: Icon | None = None, **kwargs: object) -> None:
        super().__init__(label_text=text, icon=icon, size_hint_y=None, height=mm(theme.BUTTON_MM), **kwargs)
        primary = emphasis is Emphasis.PRIMARY
        self._fill = theme.ACCENT if primary else theme.SURFACE
        self._fill_pressed = theme.ACCENT_PRESSED if primary else theme.ACCENT_SOFT
        self._edge = theme.CLEAR if primary else theme.LINE
        tint = theme.WHITE if primary else theme.INK
        self._surface = Surface(self, fill=self._fill, outline=self._edge, corner_mm=theme.BUTTON_MM / 2)
        self._words = TextLine(
            text=text, font_name=STRONG_FONT, font_size=mm(theme.BUTTON_TYPE_MM), halign="center", color=tint
        )
        self._icon_view = IconView(icon=icon, tint=tint, stroke=0.19)
        self.add_widget(self._icon_view)
        self.add_widget(self._words)
        self.bind(pos=self._place, size=self._place, pressed=self._paint)

    def _paint(self, *_args: object) -> None:
        self._surface.paint(fill=self._fill_pressed if self.pressed else self._fill, outline=self._edge)

    def _place(self, *_args: object) -> None:
        middle_x, middle_y = middle_of(self)
        icon_px, space_px = (mm(5), mm(2)) if self.icon is not None else (0, 0)
        words_px = width_px_of(self._words.text, font_name=STRONG_FONT, font_px=self._words.font_size) + mm(1)
        left_px = middle_x - (words_px + icon_px + space_px) / 2
        self._icon_view.size = (icon_px, icon_px)
        self._icon_view.pos = (left_px, middle_y - icon_px / 2)
        self._words.size = (words_px, self.height)
        self._words.pos = (left_px + icon_px + space_px, self.y)


class Tile(PressArea):
    """A large square button: icon above, words below."""

    def __init__(self, *, text: str, icon: Icon, fill: Colour, tint: Colour, edge: Colour, **kwargs: object) -> None:
        super().__init__(label_text=text, **kwargs)
        self._fill = fill
        self._edge = edge
        self._surface = Surface(self, fill=fill, outline=edge, corner_mm=theme.CORNER_MM * 1.3)
        self._icon_view = IconView(icon=icon, tint=tint, stroke=0.15)
        self._words = Line1(type_mm=theme.BUTTON_TYPE_MM, tint=tint, font_name=STRONG_FONT, text=text, halign="center")
        self.add_widget(self._icon_view)
        self.add_widget(self._words)
        self.bind(pos=self._place, size=self._place, pressed=self._paint)

    def _paint(self, *_args: object) -> None:
        red, green, blue, _ = self._fill
        dark = (red * 0.88, green * 0.88, blue * 0.88, 1.0)
        self._surface.paint(fill=dark if self.pressed else self._fill, outline=self._edge)

    def _place(self, *_args: object) -> None:
        middle_x, middle_y = middle_of(self)
        side_px = mm(9.5)
        self._icon_view.size = (side_px, side_px)
        self._icon_view.pos = (middle_x - side_px / 2, middle_y - side_px / 2 + mm(3.2))
        self._words.size = (self.width - mm(3), mm(7))
        self._words.pos = (self.x + mm(1.5), middle_y - mm(9.2))


class IconButton(PressArea):
    """A round button with an icon only."""

    def __init__(self, *, icon: Icon, tint: Colour = theme.INK, **kwargs: object) -> None:
        side_px = mm(theme.TARGET_MM)
        super().__init__(size_hint=(None, None), size=(side_px, side_px), **kwargs)
        self._surface = Surface(self, fill=theme.SURFACE, outline=theme.LINE, corner_mm=theme.TARGET_MM / 2)
        self._icon_view = IconView(icon=icon, tint=tint, stroke=0.19)
        self.add_widget(self._icon_view)
        self.bind(pos=self._place, size=self._place, pressed=self._paint)

    def _paint(self, *_args: object) -> None:
        self._surface.paint(fill=theme.ACCENT_SOFT if self.pressed else theme.SURFACE, outline=theme.LINE)

    def _place(self, *_args: object) -> None:
        middle_x, middle_y = middle_of(self)
        side_px = self.height * 0.42
        self._icon_view.size = (side_px, side_px)
        self._icon_view.pos = (middle_x - side_px / 2, middle_y - side_px / 2)


class LinkButton(PressArea):
    """Words that can be pressed, without a frame."""

    def __init__(self, *, text: str, width_mm: float, **kwargs: object) -> None:
        super().__init__(label_text=text, size_hint=(None, None), size=(mm(width_mm), mm(theme.TARGET_MM)), **kwargs)
        self._words = Line1(type_mm=theme.BODY_MM, tint=theme.ACCENT, font_name=STRONG_FONT, text=text, halign="right")
        self.add_widget(self._words)
        self.bind(pos=self._place, size=self._place)

    def _place(self, *_args: object) -> None:
        self._words.pos = self.pos
        self._words.size = self.size


class NetworkSwitch(PressArea):
    """A pill that says how the network is, and switches it."""

    def __init__(self, state: NetworkState, **kwargs: object) -> None:
        icon, words, tint = theme.NETWORK_LOOKS[state]
        words_px = width_px_of(words, font_name=STRONG_FONT, font_px=mm(theme.SMALL_MM)) + mm(1)
        super().__init__(
            label_text=words,
            size_hint=(None, None),
            size=(words_px + mm(11), mm(theme.TARGET_MM)),
            **kwargs,
        )
        Surface(self, fill=theme.SURFACE, outline=theme.LINE, corner_mm=theme.TARGET_MM / 2)
        self._icon_view = IconView(icon=icon, tint=tint, stroke=0.22)
        self._words = Line1(type_mm=theme.SMALL_MM, tint=tint, font_name=STRONG_FONT, text=words)
        self.add_widget(self._icon_view)
        self.add_widget(self._words)
        self.bind(pos=self._place, size=self._place)

    def _place(self, *_args: object) -> None:
        side_px = mm(4.2)
        self._icon_view.size = (side_px, side_px)
        self._icon_view.pos = (self.x + mm(3), (self.y + self.height / 2) - side_px / 2)
        self._words.pos = (self.x + mm(8.4), self.y)
        self._words.size = (self.width - mm(10), self.height)


class IconDisc(AnchorLayout):
    """An icon on a round ground."""

    def __init__(self, *, icon: Icon, fill: Colour, tint: Colour, diameter_mm: float, stroke: float = 0.2) -> None:
        side_px = mm(diameter_mm)
        super().__init__(size_hint=(None, None), size=(side_px, side_px))
        Surface(self, fill=fill, corner_mm=diameter_mm / 2)
        self.add_widget(
            IconView(icon=icon, tint=tint, stroke=stroke, size_hint=(None, None), size=(side_px * 0.52,) * 2)
        )


class WordPill(Line1):
    """One of the two words that payer and cashier compare."""

    def __init__(self, word: str, *, robot_id: str) -> None:
        super().__init__(
            type_mm=theme.BUTTON_TYPE_MM,
            tint=theme.ACCENT,
            font_name=STRONG_FONT,
            text=word,
            halign="center",
            robot_id=robot_id,
        )
        Surface(self, fill=theme.ACCENT_SOFT, corner_mm=theme.TARGET_MM / 2)


def column(*widgets: Widget, spacing_mm: float = theme.GAP_MM, **kwargs: object) -> BoxLayout:
    """Widgets one below the other."""
    box = BoxLayout(orientation="vertical", spacing=mm(spacing_mm), **kwargs)
    for widget in widgets:
        box.add_widget(widget)
    return box


def row(*widgets: Widget, height_mm: float, spacing_mm: float = theme.GAP_MM) -> BoxLayout:
    """Widgets beside each other, of one height."""
    box = BoxLayout(spacing=mm(spacing_mm), size_hint_y=None, height=mm(height_mm))
    for widget in widgets:
        box.add_widget(widget)
    return box


def space(height_mm: float) -> Widget:
    """Empty room."""
    return Widget(size_hint_y=None, height=mm(height_mm))


def centred(widget: Widget) -> AnchorLayout:
    """A widget of fixed size in the middle of a row."""
    holder = AnchorLayout(size_hint_y=None, height=widget.height)
    holder.add_widget(widget)
    return holder


def action_buttons(actions: tuple[Action, ...], press: Callable[[Action], None]) -> BoxLayout:
    """The screen's buttons, one below the other."""
    box = column(spacing_mm=2.2, size_hint_y=None)
    for action in actions:
        button = WideButton(text=action.label, emphasis=action.emphasis, robot_id=action.name.value)
        button.bind(on_release=lambda *_args, chosen=action: press(chosen))
        box.add_widget(button)
    box.height = len(actions) * mm(theme.BUTTON_MM) + max(0, len(actions) - 1) * mm(2.2)
    return box
