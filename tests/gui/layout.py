"""What can be wrong with a drawn screen, found in the live widget tree. Each check gives what it found, in words."""

from collections.abc import Iterator
from functools import cache
from itertools import combinations

from fontTools.ttLib import TTFont
from kivy.uix.label import Label
from PIL import Image

from terminal_app.ui.theme import GAP_MM, KEY_MM, TARGET_MM
from tests.gui.stage import distance_px, is_inside, rectangle
from wallet_sdk.screen import finger
from wallet_sdk.screen.amount import AmountLabel
from wallet_sdk.screen.buttons import Key
from wallet_sdk.screen.colours import contrast
from wallet_sdk.screen.environment import Panel
from wallet_sdk.screen.fonts import assets_folder, face, font_files
from wallet_sdk.screen.reading import script_of
from wallet_sdk.screen.text import TextLine
from wallet_sdk.screen.touch import PressArea
from wallet_sdk.screen.units import px_to_mm

# Layouts round to whole pixels.
ROUNDING_MM = 0.2
CONTRAST_MIN = 7.0
# A box may be a little lower than a line with its leading: what is drawn of the letters is lower still.
LEADING_PART = 1.25


def press_areas() -> list[PressArea]:
    """Everything on the screen that takes a finger."""
    return [each for each in finger.shown_widgets() if isinstance(each, PressArea) and each.width >= 1]


def labels() -> list[Label]:
    """Every text on the screen."""
    return [each for each in finger.shown_widgets() if isinstance(each, Label) and each.text]


def everything_wrong(panel: Panel) -> list[str]:
    """All that the widget tree alone tells; nothing on a good screen."""
    return [*cut_texts(panel), *overlaps(), *missing_glyphs(), *turned_amounts(), *bad_targets(panel)]


def cut_texts(panel: Panel) -> Iterator[str]:
    """Texts that do not fit the place that they are drawn in."""
    for label in labels():
        wide_px, high_px = label.texture_size
        if getattr(label, "is_cut", False):
            yield f"{label.text!r} is cut"
        if wide_px > label.width + 1:
            yield f"{label.text!r} is {wide_px} px wide in {label.width}"
        if high_px > label.height * LEADING_PART + 1:
            yield f"{label.text!r} is {high_px} px high in {label.height}"
        if not is_inside(label, panel):
            yield f"{label.text!r} leaves the window"


def overlaps() -> Iterator[str]:
    """Texts that lie over another."""
    for first, second in combinations(labels(), 2):
        if distance_px(first, second) < -2:
            yield f"{first.text!r} lies over {second.text!r}"


def missing_glyphs() -> Iterator[str]:
    """Characters that the font they are drawn in does not have."""
    for label in labels():
        assert isinstance(label, TextLine), f"{label.text!r} is drawn past the kit's own labels"
        lacking = set(label.drawn_text) - {"\n"} - glyphs(face(label.font_name, script_of(label.text)))
        if lacking:
            yield f"{label.text!r} has no glyph for {sorted(lacking)}"


@cache
def glyphs(face_name: str) -> frozenset[str]:
    """The characters that a shipped font can draw."""
    path = assets_folder() / "fonts" / font_files()[face_name]
    with TTFont(path) as font:
        return frozenset(map(chr, font.getBestCmap()))


def turned_amounts() -> Iterator[str]:
    """Amounts whose figures do not stand before their currency, from left to right, in Latin type."""
    for amount in finger.shown_widgets():
        if not isinstance(amount, AmountLabel) or amount.amount is None:
            continue
        number, currency = (each for each in reversed(amount.children) if isinstance(each, TextLine))
        written = amount.amount.number.replace("\xa0", " ")  # the kit draws a French thousand's space as any other
        if (number.drawn_text, currency.drawn_text) != (written, amount.amount.currency):
            yield f"{amount.amount} is drawn as {number.drawn_text!r} {currency.drawn_text!r}"
        if number.x + number.width > currency.x + 1:
            yield f"{amount.amount}: the currency stands before the figures"


def bad_targets(panel: Panel) -> Iterator[str]:
    """Targets that a finger may miss: too small, too near to another, or off the window."""
    areas = press_areas()
    for area in areas:
        shorter_mm = px_to_mm(min(area.width, area.height))
        wanted_mm = KEY_MM if isinstance(area, Key) and area.is_keypad_key else TARGET_MM
        if shorter_mm < wanted_mm - ROUNDING_MM:
            yield f"{area.robot_id} is {shorter_mm:.1f} mm"
        if not is_inside(area, panel):
            yield f"{area.robot_id} leaves the window"
    for first, second in combinations(areas, 2):
        gap_mm = px_to_mm(distance_px(first, second))
        if gap_mm < GAP_MM - ROUNDING_MM:
            yield f"{gap_mm:.1f} mm between {first.robot_id} and {second.robot_id}"


def pale_texts(shot: Image.Image) -> Iterator[str]:
    """Texts with less than 7:1 against the pixels that they stand on. What cannot be pressed now may be paler."""
    for label in labels():
        if label.disabled:
            continue
        ratio = contrast(tuple(label.color), ground_behind(shot, label))
        if ratio < CONTRAST_MIN:
            yield f"{label.text!r} has {ratio:.1f}:1"


def ground_behind(shot: Image.Image, label: Label) -> tuple[float, float, float, float]:
    """The colour that most pixels of the label's rectangle have: what its text stands on."""
    left, bottom, right, top = (round(edge) for edge in rectangle(label))
    part = shot.crop((left, shot.height - top, right, shot.height - bottom))
    counted = part.convert("RGB").getcolors(part.width * part.height)
    assert counted, "no more colours than pixels"
    _, colour = max(counted, key=lambda one: one[0])
    assert isinstance(colour, tuple)
    red, green, blue = colour[:3]
    return red / 255, green / 255, blue / 255, 1.0
