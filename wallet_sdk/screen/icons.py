"""Icons drawn with vector instructions: sharp at every size, in any colour, and no emoji font needed.

An icon is a tuple of marks in a square from -1 to 1, y upwards. `IconView` scales and strokes them.
"""

import math
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from kivy.graphics import Color, InstructionGroup, Line, Mesh, RoundedRectangle
from kivy.properties import ColorProperty, NumericProperty, ObjectProperty
from kivy.uix.widget import Widget


@unique
class Icon(Enum):
    """Every icon we draw."""

    TICK = "tick"
    CROSS = "cross"
    ARROW_INTO_TRAY = "arrow_into_tray"
    HOUR_GLASS = "hour_glass"
    QUESTION = "question"
    BAR = "bar"
    NETWORK = "network"
    NETWORK_LOST = "network_lost"
    NETWORK_OFF = "network_off"
    BACKSPACE = "backspace"
    CODE = "code"
    SCAN = "scan"
    CLOCK = "clock"
    MENU = "menu"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    SPACE = "space"
    SHIFT = "shift"
    LOCK = "lock"
    ARROW_BACK = "arrow_back"
    TAG = "tag"
    SHEET = "sheet"


Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line with round ends through these points."""

    points: Points


@dataclass(frozen=True, slots=True)
class Fill:
    """A convex filled shape."""

    points: Points


@dataclass(frozen=True, slots=True)
class Box:
    """A filled box with rounded corners: left, bottom, width, height, corner radius."""

    left: float
    bottom: float
    width: float
    height: float
    radius: float


Mark = Stroke | Fill | Box


def arc(centre: tuple[float, float], radius: float, start_degrees: float, end_degrees: float) -> Points:
    """Points along a part of a circle, counter-clockwise from the right when the angle grows."""
    steps = max(2, int(abs(end_degrees - start_degrees) / 6))
    angles = (math.radians(start_degrees + (end_degrees - start_degrees) * i / steps) for i in range(steps + 1))
    return tuple((centre[0] + radius * math.cos(a), centre[1] + radius * math.sin(a)) for a in angles)


def _finder(left: float, bottom: float) -> tuple[Mark, ...]:
    right, top = left + 0.62, bottom + 0.62
    outline = Stroke(((left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)))
    return (outline, Box(left + 0.21, bottom + 0.21, 0.2, 0.2, 0.03))


_WAVES: Final = (
    Stroke(arc((0, -0.55), 0.42, 45, 135)),
    Stroke(arc((0, -0.55), 0.84, 45, 135)),
    Stroke(arc((0, -0.55), 1.26, 45, 135)),
    Box(-0.13, -0.68, 0.26, 0.26, 0.13),
)

MARKS: Final[dict[Icon, tuple[Mark, ...]]] = {
    Icon.TICK: (Stroke(((-0.62, -0.02), (-0.18, -0.48), (0.66, 0.5))),),
    Icon.CROSS: (Stroke(((-0.52, -0.52), (0.52, 0.52))), Stroke(((-0.52, 0.52), (0.52, -0.52)))),
    Icon.ARROW_INTO_TRAY: (
        Stroke(((0, 0.78), (0, -0.12))),
        Stroke(((-0.34, 0.2), (0, -0.14), (0.34, 0.2))),
        Stroke(((-0.74, -0.12), (-0.74, -0.62), (0.74, -0.62), (0.74, -0.12))),
    ),
    Icon.HOUR_GLASS: (
        Stroke(((-0.52, 0.76), (0.52, 0.76))),
        Stroke(((-0.52, -0.76), (0.52, -0.76))),
        Stroke(((-0.4, 0.76), (-0.4, 0.46), (-0.05, 0), (-0.4, -0.46), (-0.4, -0.76))),
        Stroke(((0.4, 0.76), (0.4, 0.46), (0.05, 0), (0.4, -0.46), (0.4, -0.76))),
        Fill(((-0.36, -0.76), (-0.36, -0.6), (0, -0.28), (0.36, -0.6), (0.36, -0.76))),
        Fill(((-0.2, 0.3), (0.2, 0.3), (0, 0.08))),
    ),
    Icon.QUESTION: (
        Stroke((*arc((0, 0.3), 0.38, 170, -50), (0.02, -0.22), (0.0, -0.3))),
        Box(-0.12, -0.78, 0.24, 0.24, 0.12),
    ),
    Icon.BAR: (
        Stroke((*arc((0.68, 0), 0.26, -90, 90), *arc((-0.68, 0), 0.26, 90, 270), (0.68, -0.26))),
        Box(-0.78, -0.11, 0.94, 0.22, 0.11),
    ),
    Icon.NETWORK: _WAVES,
    Icon.NETWORK_LOST: (
        Stroke(((0, 0.76), (0.88, -0.72), (-0.88, -0.72), (0, 0.76), (0.06, 0.66))),
        Stroke(((0, 0.2), (0, -0.14))),
        Box(-0.11, -0.52, 0.22, 0.22, 0.11),
    ),
    Icon.NETWORK_OFF: (*_WAVES, Stroke(((-0.8, 0.75), (0.8, -0.75)))),
    Icon.BACKSPACE: (
        Stroke(((-0.9, 0), (-0.36, 0.56), (0.86, 0.56), (0.86, -0.56), (-0.36, -0.56), (-0.9, 0))),
        Stroke(((0.0, 0.22), (0.44, -0.22))),
        Stroke(((0.0, -0.22), (0.44, 0.22))),
    ),
    Icon.CODE: (
        *_finder(-0.78, 0.16),
        *_finder(0.16, 0.16),
        *_finder(-0.78, -0.78),
        Box(0.12, -0.16, 0.24, 0.24, 0.03),
        Box(0.56, -0.28, 0.26, 0.26, 0.03),
        Box(0.3, -0.56, 0.24, 0.24, 0.03),
        Box(0.58, -0.82, 0.26, 0.26, 0.03),
        Box(0.1, -0.82, 0.22, 0.22, 0.03),
    ),
    Icon.SCAN: (
        Stroke(((-0.78, 0.34), (-0.78, 0.78), (-0.34, 0.78))),
        Stroke(((0.78, 0.34), (0.78, 0.78), (0.34, 0.78))),
        Stroke(((-0.78, -0.34), (-0.78, -0.78), (-0.34, -0.78))),
        Stroke(((0.78, -0.34), (0.78, -0.78), (0.34, -0.78))),
        Stroke(((-0.5, 0), (0.5, 0))),
    ),
    Icon.MENU: tuple(Stroke(((-0.66, y), (0.66, y))) for y in (0.5, 0, -0.5)),
    Icon.LEFT: (Stroke(((0.3, 0.62), (-0.36, 0), (0.3, -0.62))),),
    Icon.RIGHT: (Stroke(((-0.3, 0.62), (0.36, 0), (-0.3, -0.62))),),
    Icon.UP: (Stroke(((-0.62, -0.3), (0, 0.36), (0.62, -0.3))),),
    Icon.DOWN: (Stroke(((-0.62, 0.3), (0, -0.36), (0.62, 0.3))),),
    Icon.SPACE: (Stroke(((-0.78, 0.1), (-0.78, -0.3), (0.78, -0.3), (0.78, 0.1))),),
    Icon.SHIFT: (
        Stroke(
            ((-0.7, 0), (0, 0.74), (0.7, 0), (0.32, 0), (0.32, -0.62), (-0.32, -0.62), (-0.32, 0), (-0.7, 0)),
        ),
    ),
    Icon.ARROW_BACK: (
        Stroke(((-0.66, 0.24), (0.22, 0.24), *arc((0.22, -0.18), 0.42, 90, -90), (-0.34, -0.6))),
        Stroke(((-0.3, 0.6), (-0.68, 0.24), (-0.3, -0.12))),
    ),
    Icon.TAG: (
        Stroke(((-0.74, 0.1), (-0.1, 0.74), (0.7, 0.74), (0.7, -0.06), (0.06, -0.7), (-0.74, 0.1))),
        Box(0.26, 0.26, 0.24, 0.24, 0.12),
    ),
    Icon.SHEET: (
        Stroke(
            ((-0.58, -0.8), (-0.58, 0.8), (0.18, 0.8), (0.58, 0.4), (0.58, -0.8), (-0.58, -0.8)),
        ),
        Stroke(((0.18, 0.8), (0.18, 0.4), (0.58, 0.4))),
        Stroke(((-0.24, 0), (0.24, 0))),
        Stroke(((-0.24, -0.4), (0.24, -0.4))),
    ),
    Icon.LOCK: (
        Stroke(((-0.4, 0.02), *arc((0, 0.3), 0.4, 180, 0), (0.4, 0.02))),
        Box(-0.62, -0.76, 1.24, 0.8, 0.14),
    ),
    Icon.CLOCK: (Stroke(arc((0, 0), 0.8, 0, 360)), Stroke(((0, 0.42), (0, 0), (0.3, -0.18)))),
}


class IconView(Widget):
    """Draws one icon as large as fits; `stroke` is the line's thickness as a part of half the icon's side."""

    icon = ObjectProperty(None, allownone=True)
    tint = ColorProperty((1, 1, 1, 1))
    stroke = NumericProperty(0.2)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._marks = InstructionGroup()
        self.canvas.add(self._marks)
        self.bind(pos=self._draw, size=self._draw, icon=self._draw, tint=self._draw, stroke=self._draw)
        self._draw()

    def _draw(self, *_args: object) -> None:
        self._marks.clear()
        if self.icon is None:
            return
        unit_px = min(self.width, self.height) / 2
        self._marks.add(Color(*self.tint))
        for mark in MARKS[self.icon]:
            self._marks.add(self._instruction(mark, unit_px))

    def _instruction(self, mark: Mark, unit_px: float) -> Line | Mesh | RoundedRectangle:
        match mark:
            case Stroke(points):
                flat = [value for point in points for value in self._to_px(point, unit_px)]
                return Line(points=flat, width=max(1.0, unit_px * self.stroke / 2), cap="round", joint="round")
            case Fill(points):
                placed = [self._to_px(point, unit_px) for point in points]
                vertices = [value for x, y in placed for value in (x, y, 0, 0)]
                return Mesh(vertices=vertices, indices=list(range(len(placed))), mode="triangle_fan")
            case Box(left, bottom, width, height, radius):
                return RoundedRectangle(
                    pos=self._to_px((left, bottom), unit_px),
                    size=(width * unit_px, height * unit_px),
                    radius=[radius * unit_px],
                )

    def _to_px(self, point: tuple[float, float], unit_px: float) -> tuple[float, float]:
        return ((self.x + self.width / 2) + point[0] * unit_px, (self.y + self.height / 2) + point[1] * unit_px)
