"""The wallet's small parts: lines of its type, its buttons, pills and the gradient of its card."""

from collections.abc import Callable
from typing import Any, Final

from kivy.graphics.texture import Texture
from kivy.uix.anchorlayout import AnchorLayout
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from wallet_sdk.demo import theme
from wallet_sdk.demo.screen_model import DIGITS, Action, ActionName, AmountText, Emphasis, NetworkState
from wallet_sdk.screen.amount import AmountLabel
from wallet_sdk.screen.buttons import ButtonColours, GroundButton, Key, WordButton
from wallet_sdk.screen.colours import Colour
from wallet_sdk.screen.fonts import DISPLAY_FONT, STRONG_FONT
from wallet_sdk.screen.icons import Icon, IconView
from wallet_sdk.screen.parts import column, row
from wallet_sdk.screen.surface import Surface, middle_of
from wallet_sdk.screen.text import FittedLine, Paragraph, width_px_of
from wallet_sdk.screen.touch import PressArea
from wallet_sdk.screen.units import mm

_GRADIENT_STEPS: Final = 64
_BUTTON_SPACING_MM: Final = 2.2

PRIMARY: Final = ButtonColours(fill=theme.ACCENT, fill_pressed=theme.ACCENT_PRESSED, text=theme.WHITE)
SECONDARY: Final = ButtonColours(fill=theme.SURFACE, fill_pressed=theme.ACCENT_SOFT, text=theme.INK, outline=theme.LINE)


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


def line(text: str, *, type_mm: float, color: Colour, **kwargs: Any) -> FittedLine:
    """A line as high as its type needs."""
    return FittedLine(type_mm=type_mm, color=color, text=text, size_hint_y=None, height=mm(type_mm * 1.5), **kwargs)


def title(text: str, *, type_mm: float, color: Colour, **kwargs: object) -> FittedLine:
    """A line in the display face."""
    return line(text, type_mm=type_mm, color=color, font_name=DISPLAY_FONT, **kwargs)


def sentences(
    text: str, *, color: Colour = theme.INK_DIM, type_mm: float = theme.BODY_MM, **kwargs: object
) -> Paragraph:
    """Words below a headline."""
    return Paragraph(type_mm=type_mm, color=color, text=text, line_height=1.2, **kwargs)


def amount_line(
    amount: AmountText,
    *,
    type_mm: float,
    color: Colour = theme.INK,
    currency_color: Colour = theme.INK_DIM,
    **kwargs: Any,
) -> AmountLabel:
    """An amount as high as its type needs."""
    return AmountLabel(
        amount=amount,
        type_mm=type_mm,
        color=color,
        currency_color=currency_color,
        size_hint_y=None,
        height=mm(type_mm * 1.24),
        **kwargs,
    )


def wide_button(*, text: str, emphasis: Emphasis, robot_id: str) -> WordButton:
    """A button from edge to edge."""
    return WordButton(
        text=text,
        type_mm=theme.BUTTON_TYPE_MM,
        colours=PRIMARY if emphasis is Emphasis.PRIMARY else SECONDARY,
        corner_mm=theme.BUTTON_MM / 2,
        size_hint_y=None,
        height=mm(theme.BUTTON_MM),
        robot_id=robot_id,
    )


def icon_button(icon: Icon, *, says: str) -> Key:
    """A round button with an icon only; what it says is for whoever cannot see it."""
    side_px = mm(theme.TARGET_MM)
    return Key(
        text=says,
        icon=icon,
        type_mm=theme.TARGET_MM * 0.42,
        stroke=0.19,
        colours=SECONDARY,
        corner_mm=theme.TARGET_MM / 2,
        size_hint=(None, None),
        size=(side_px, side_px),
    )


def keypad(bind: Callable[[Widget, ActionName], Widget], *, key_mm: float) -> BoxLayout:
    """Ten figures, and a key that takes the last one back."""
    faces = [*DIGITS[1:], None, DIGITS[0], ActionName.ERASE]
    rows = [
        row(*(_key(face, bind) for face in faces[at : at + 3]), height_mm=key_mm, spacing_mm=2) for at in (0, 3, 6, 9)
    ]
    return column(*rows, spacing_mm=1.6, size_hint_y=None, height=mm(4 * key_mm + 3 * 1.6))


def _key(face: ActionName | None, bind: Callable[[Widget, ActionName], Widget]) -> Widget:
    if face is None:
        return Widget()
    is_figure = face in DIGITS
    key = Key(
        text=str(DIGITS.index(face)) if is_figure else "Erase",
        icon=None if is_figure else Icon.BACKSPACE,
        type_mm=theme.TITLE_MM,
        colours=SECONDARY,
        corner_mm=theme.CORNER_MM,
    )
    return bind(key, face)


class Tile(GroundButton):
    """A large square button: icon above, words below."""

    def __init__(self, *, text: str, icon: Icon, colours: ButtonColours, **kwargs: object) -> None:
        super().__init__(
            label_text=text, colours=colours, disabled_colours=None, corner_mm=theme.CORNER_MM * 1.3, **kwargs
        )
        self._icon_view = IconView(icon=icon, stroke=0.15)
        self._words = FittedLine(type_mm=theme.BUTTON_TYPE_MM, font_name=STRONG_FONT, text=text, halign="center")
        self.add_widget(self._icon_view)
        self.add_widget(self._words)
        self._paint()

    def _tint(self, text: Colour) -> None:
        self._icon_view.tint = text
        self._words.color = text

    def _place(self, *_args: object) -> None:
        middle_x, middle_y = middle_of(self)
        side_px = mm(9.5)
        self._icon_view.size = (side_px, side_px)
        self._icon_view.pos = (middle_x - side_px / 2, middle_y - side_px / 2 + mm(3.2))
        self._words.size = (self.width - mm(3), mm(7))
        self._words.pos = (self.x + mm(1.5), middle_y - mm(9.2))


class LinkButton(PressArea):
    """Words that can be pressed, without a frame."""

    def __init__(self, *, text: str, width_mm: float, **kwargs: object) -> None:
        super().__init__(label_text=text, size_hint=(None, None), size=(mm(width_mm), mm(theme.TARGET_MM)), **kwargs)
        self._words = FittedLine(
            type_mm=theme.BODY_MM, color=theme.ACCENT, font_name=STRONG_FONT, text=text, halign="right"
        )
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
        self._words = FittedLine(type_mm=theme.SMALL_MM, color=tint, font_name=STRONG_FONT, text=words)
        self.add_widget(self._icon_view)
        self.add_widget(self._words)
        self.bind(pos=self._place, size=self._place)

    def _place(self, *_args: object) -> None:
        side_px = mm(4.2)
        self._icon_view.size = (side_px, side_px)
        self._icon_view.pos = (self.x + mm(3), (self.y + self.height / 2) - side_px / 2)
        self._words.pos = (self.x + mm(8.4), self.y)
        self._words.size = (self.width - mm(10), self.height)


class WordPill(FittedLine):
    """One of the two words that payer and cashier compare."""

    def __init__(self, word: str, *, robot_id: str) -> None:
        super().__init__(
            type_mm=theme.BUTTON_TYPE_MM,
            color=theme.ACCENT,
            font_name=STRONG_FONT,
            text=word,
            halign="center",
            robot_id=robot_id,
        )
        Surface(self, fill=theme.ACCENT_SOFT, corner_mm=theme.TARGET_MM / 2)


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
    box = column(spacing_mm=_BUTTON_SPACING_MM, size_hint_y=None)
    for action in actions:
        button = wide_button(text=action.label, emphasis=action.emphasis, robot_id=action.name.value)
        button.bind(on_release=lambda *_args, chosen=action: press(chosen))
        box.add_widget(button)
    box.height = len(actions) * mm(theme.BUTTON_MM) + max(0, len(actions) - 1) * mm(_BUTTON_SPACING_MM)
    return box
