"""Colours, sizes and type: what makes the terminal look the way it does.

A `Theme` holds colours only, so a daylight or high-contrast one is one more value of the same class. Sizes are in
millimetres and do not change with the theme. `Look` is what a widget gets: the theme, the window's shape, the type.
"""

from dataclasses import dataclass, replace
from enum import Enum, unique
from typing import Final, TypeVar

from terminal_app.screen_model import Appearance, Direction, Emphasis, ScreenName, TextSize, ThemeName
from wallet_sdk.screen.buttons import ButtonColours
from wallet_sdk.screen.colours import CLEAR, Colour, colour
from wallet_sdk.screen.units import mm

_AnyWidget = TypeVar("_AnyWidget")

TARGET_MM: Final = 9.0
KEY_MM: Final = 15.0
GAP_MM: Final = 2.0
MARGIN_MM: Final = 3.0
CORNER_MM: Final = 2.6
BORDER_MM: Final = 2.0


@unique
class Shape(Enum):
    """Which way the window is longer."""

    LANDSCAPE = "landscape"
    PORTRAIT = "portrait"


@unique
class Border(Enum):
    """The frame of a state panel: a third sign beside word and icon for those who do not see colours."""

    NONE = "none"
    THICK_INSET = "thick inset"
    SIDE_BARS = "side bars"
    CORNERS = "corners"
    THIN_INSET = "thin inset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """All colours. `panels` holds the ground of each state; screens that are not there stand on `base`."""

    base: Colour
    surface: Colour
    surface_pressed: Colour
    outline: Colour
    text: Colour
    text_dim: Colour
    text_disabled: Colour
    accent: Colour
    accent_pressed: Colour
    on_accent: Colour
    caution: Colour
    danger: Colour
    bar_shade: Colour
    disc: Colour
    panels: dict[ScreenName, Colour]


NIGHT: Final = Theme(
    base=colour("#0F172A"),
    surface=colour("#1E293B"),
    surface_pressed=colour("#3B4A63"),
    outline=colour("#33425A"),
    text=colour("#FFFFFF"),
    text_dim=colour("#A9B7CC"),
    text_disabled=colour("#76859C"),
    accent=colour("#4FE3B4"),
    accent_pressed=colour("#2FBF93"),
    on_accent=colour("#04251B"),
    caution=colour("#FFC85C"),
    danger=colour("#FF9C9C"),
    bar_shade=colour("#000000", 0.26),
    disc=colour("#FFFFFF", 0.13),
    panels={
        ScreenName.PAID: colour("#095C32"),
        ScreenName.REFUNDED: colour("#095C32"),
        ScreenName.ACCEPTED_OFFLINE: colour("#0B4F9E"),
        ScreenName.NOT_PAID: colour("#A3161D"),
        ScreenName.REFUND_REFUSED: colour("#A3161D"),
        ScreenName.EXPIRED: colour("#4A5568"),
        ScreenName.CANCELLED: colour("#4A5568"),
        ScreenName.UNKNOWN: colour("#7A4100"),
        ScreenName.REFUND_OPEN: colour("#7A4100"),
        ScreenName.VERIFYING: colour("#3B2A7A"),
    },
)

# For a counter in the sun: dark on light. A state still fills the screen with its own colour, as at night.
DAYLIGHT: Final = Theme(
    base=colour("#F3F5F9"),
    surface=colour("#FFFFFF"),
    surface_pressed=colour("#D5DDE8"),
    outline=colour("#8593A6"),
    text=colour("#0B1220"),
    text_dim=colour("#374357"),
    text_disabled=colour("#7A8699"),
    accent=colour("#075538"),
    accent_pressed=colour("#0B6E4A"),
    on_accent=colour("#FFFFFF"),
    caution=colour("#653600"),
    danger=colour("#8C1016"),
    bar_shade=colour("#0B1220", 0.05),
    disc=colour("#0B1220", 0.10),
    panels=NIGHT.panels,
)

# For eyes that see little: black and white, one yellow, outlines round everything, deeper colours of state.
HIGH_CONTRAST: Final = Theme(
    base=colour("#000000"),
    surface=colour("#000000"),
    surface_pressed=colour("#3A3A3A"),
    outline=colour("#FFFFFF"),
    text=colour("#FFFFFF"),
    text_dim=colour("#EDEDED"),
    text_disabled=colour("#9A9A9A"),
    accent=colour("#FFE600"),
    accent_pressed=colour("#D6C100"),
    on_accent=colour("#000000"),
    caution=colour("#FFE600"),
    danger=colour("#FFC2C2"),
    bar_shade=colour("#000000", 0.45),
    disc=colour("#FFFFFF", 0.16),
    panels={
        ScreenName.PAID: colour("#00401F"),
        ScreenName.REFUNDED: colour("#00401F"),
        ScreenName.ACCEPTED_OFFLINE: colour("#002E66"),
        ScreenName.NOT_PAID: colour("#6B0006"),
        ScreenName.REFUND_REFUSED: colour("#6B0006"),
        ScreenName.EXPIRED: colour("#2B2F36"),
        ScreenName.CANCELLED: colour("#2B2F36"),
        ScreenName.UNKNOWN: colour("#4A2800"),
        ScreenName.REFUND_OPEN: colour("#4A2800"),
        ScreenName.VERIFYING: colour("#22124F"),
    },
)

THEMES: Final = {ThemeName.NIGHT: NIGHT, ThemeName.DAYLIGHT: DAYLIGHT, ThemeName.HIGH_CONTRAST: HIGH_CONTRAST}

BORDERS: Final[dict[ScreenName, Border]] = {
    ScreenName.ACCEPTED_OFFLINE: Border.THICK_INSET,
    ScreenName.NOT_PAID: Border.SIDE_BARS,
    ScreenName.REFUND_REFUSED: Border.SIDE_BARS,
    ScreenName.REFUNDED: Border.THIN_INSET,
    ScreenName.UNKNOWN: Border.CORNERS,
    ScreenName.REFUND_OPEN: Border.CORNERS,
    ScreenName.EXPIRED: Border.THIN_INSET,
    ScreenName.CANCELLED: Border.THIN_INSET,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Heights of type, of the big buttons, and the diameter of a state's icon, in millimetres."""

    bar_mm: float
    body_mm: float
    button_mm: float
    key_mm: float
    title_mm: float
    amount_mm: float
    action_mm: float
    disc_mm: float

    @property
    def words_are_large(self) -> bool:
        """True in the mode for eyes that see little."""
        return self.body_mm > _WORDS_MM_MAX

    def with_large_words(self) -> "Sizes":
        """The same with larger words. Titles, amounts and keys are as large as their places allow already."""
        return replace(
            self,
            bar_mm=self.bar_mm * _LARGE_WORDS,
            body_mm=self.body_mm * _LARGE_WORDS,
            button_mm=self.button_mm * _LARGE_WORDS,
        )


_LARGE_WORDS: Final = 1.25
_WORDS_MM_MAX: Final = 4.5

# The design's px at 5.17 px/mm (7 inch, 800x480) and at 5.92 px/mm (10 inch).
SIZES_7_INCH: Final = Sizes(
    bar_mm=3.48,
    body_mm=4.25,
    button_mm=5.03,
    key_mm=7.0,
    title_mm=8.5,
    amount_mm=13.9,
    action_mm=15.0,
    disc_mm=38.0,
)
SIZES_10_INCH: Final = Sizes(
    bar_mm=3.72,
    body_mm=4.39,
    button_mm=5.07,
    key_mm=8.6,
    title_mm=9.46,
    amount_mm=18.9,
    action_mm=19.0,
    disc_mm=56.0,
)

# A panel at least this high and wide is looked at from farther away and has the room.
LARGE_SIDE_MM: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What every widget is given: theme, shape of the window, type, which way a line is read."""

    theme: Theme
    shape: Shape
    sizes: Sizes
    direction: Direction = Direction.LEFT_TO_RIGHT

    @property
    def is_portrait(self) -> bool:
        """True when the window is higher than wide."""
        return self.shape is Shape.PORTRAIT

    @property
    def start(self) -> str:
        """The side that a line begins on, as `halign`."""
        return "right" if self.direction is Direction.RIGHT_TO_LEFT else "left"

    @property
    def end(self) -> str:
        """The side that a line ends on, as `halign`."""
        return "left" if self.direction is Direction.RIGHT_TO_LEFT else "right"

    def in_row(self, *widgets: _AnyWidget) -> tuple[_AnyWidget, ...]:
        """Widgets that stand beside each other, named in reading direction, from left to right."""
        return widgets[::-1] if self.direction is Direction.RIGHT_TO_LEFT else widgets

    def ground(self, name: ScreenName) -> Colour:
        """The colour that a screen stands on."""
        return self.theme.panels.get(name, self.theme.base)


def look_for(*, appearance: Appearance, name: ScreenName, width_px: float, height_px: float) -> Look:
    """The look of this screen in a window of this size at the density now set."""
    shorter_mm = min(width_px, height_px) / mm(1)
    sizes = SIZES_10_INCH if shorter_mm >= LARGE_SIDE_MM else SIZES_7_INCH
    theme = THEMES[appearance.theme]
    if theme is DAYLIGHT and name in theme.panels:
        theme = NIGHT  # white on the colour of the state, by day too
    return Look(
        theme=theme,
        shape=Shape.PORTRAIT if height_px > width_px else Shape.LANDSCAPE,
        sizes=sizes.with_large_words() if appearance.text_size is TextSize.LARGE else sizes,
        direction=appearance.direction,
    )


def button_colours(theme: Theme, emphasis: Emphasis, ground: Colour) -> ButtonColours:
    """Colours of a button on this ground: the accent on the night ground, white on a state's colour."""
    on_state = ground != theme.base
    if emphasis is Emphasis.PRIMARY and on_state:
        return ButtonColours(fill=theme.text, fill_pressed=colour("#D5DCE6"), text=ground, outline=CLEAR)
    if emphasis is Emphasis.PRIMARY:
        return ButtonColours(fill=theme.accent, fill_pressed=theme.accent_pressed, text=theme.on_accent, outline=CLEAR)
    if on_state:
        return ButtonColours(fill=CLEAR, fill_pressed=theme.disc, text=theme.text, outline=theme.text)
    text = theme.danger if emphasis is Emphasis.DANGER else theme.text
    outline = (*theme.danger[:3], 0.7) if emphasis is Emphasis.DANGER else theme.outline
    return ButtonColours(fill=theme.surface, fill_pressed=theme.surface_pressed, text=text, outline=outline)


def disabled_button_colours(theme: Theme) -> ButtonColours:
    """Colours of any button that cannot be pressed."""
    fill = (*theme.surface[:3], 0.55)
    return ButtonColours(fill=fill, fill_pressed=fill, text=theme.text_disabled, outline=(*theme.outline[:3], 0.5))


def key_colours(theme: Theme) -> ButtonColours:
    """Colours of a key of the keypad or the key grid."""
    return ButtonColours(fill=theme.surface, fill_pressed=theme.surface_pressed, text=theme.text, outline=theme.outline)
