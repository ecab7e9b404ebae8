"""Colours as Kivy takes them, and how well one can be read on another. Which ones to use is each program's theme."""

from typing import Final

Colour = tuple[float, float, float, float]


def colour(hex_rgb: str, alpha: float = 1.0) -> Colour:
    """A colour from "#RRGGBB"."""
    red, green, blue = (int(hex_rgb[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return (red, green, blue, alpha)


CLEAR: Final = colour("#FFFFFF", 0.0)


def contrast(first: Colour, second: Colour) -> float:
    """Contrast of two opaque colours, 1 to 21. Source: WCAG 2.2, "contrast ratio" and "relative luminance"."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(of: Colour) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in of[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
