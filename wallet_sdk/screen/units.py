"""Lengths in millimetres, as pixels of the screen at hand.

On Linux Kivy believes that every screen has the same density, so sizes are never given in px or dp: a key of 15 mm is
15 mm on a 7 inch panel and on a 10 inch one.
"""

from kivy.metrics import Metrics

from wallet_sdk.screen.environment import DP_PER_MM


def mm(length_mm: float) -> float:
    """Pixels for a length in millimetres."""
    return float(length_mm * DP_PER_MM * Metrics.density)


def px_to_mm(length_px: float) -> float:
    """Millimetres for a length in pixels."""
    return float(length_px / (DP_PER_MM * Metrics.density))
