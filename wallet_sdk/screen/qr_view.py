"""A QR code on the screen that a camera can read from across a counter.

Rules it keeps: dark on white, a quiet zone of four modules (ISO/IEC 18004, 9.1), a whole number of pixels for each
module so that no module is wider than its neighbour, and no smoothing.
"""

from collections.abc import Sequence
from typing import Final

from kivy.graphics import Color, Rectangle, RoundedRectangle
from kivy.graphics.texture import Texture
from kivy.properties import NumericProperty, StringProperty
from kivy.uix.widget import Widget

from wallet_sdk.screen.units import mm

Matrix = Sequence[Sequence[bool]]

QUIET_ZONE_MODULES: Final = 4
_DARK: Final = 0x00
_LIGHT: Final = 0xFF
_CORNER_MM: Final = 2.5


class QrView(Widget):
    """Draws a QR matrix as large as fits: rows from the top, True for dark; None draws only the white card."""

    module_px = NumericProperty(0)
    robot_id = StringProperty("")

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._matrix: Matrix | None = None
        self._texture: Texture | None = None
        with self.canvas:
            Color(1, 1, 1, 1)
            self._card = RoundedRectangle(radius=[mm(_CORNER_MM)])
            self._picture = Rectangle(size=(0, 0))
        self.bind(pos=self._place, size=self._place)

    @property
    def matrix(self) -> Matrix | None:
        """What is drawn."""
        return self._matrix

    @matrix.setter
    def matrix(self, matrix: Matrix | None) -> None:
        if matrix == self._matrix:
            return
        self._matrix = matrix
        self._fill_texture()
        self._place()

    @property
    def module_mm(self) -> float:
        """Width of one module on the glass; below 1.0 mm cameras begin to fail."""
        return float(self.module_px) / mm(1)

    def _fill_texture(self) -> None:
        """Blit the matrix, one byte a module, into the texture; a new texture only when the code's size changed."""
        if self._matrix is None:
            return
        modules = len(self._matrix)
        if self._texture is None or self._texture.width != modules:
            self._texture = Texture.create(size=(modules, modules), colorfmt="luminance")
            self._texture.mag_filter = "nearest"
            self._texture.min_filter = "nearest"
        rows = (bytes(_DARK if dark else _LIGHT for dark in row) for row in reversed(self._matrix))
        self._texture.blit_buffer(b"".join(rows), colorfmt="luminance", bufferfmt="ubyte")
        self._picture.texture = self._texture

    def _place(self, *_args: object) -> None:
        side_px = int(min(self.width, self.height))
        card_x = round((self.x + self.width / 2) - side_px / 2)
        card_y = round((self.y + self.height / 2) - side_px / 2)
        self._card.pos = (card_x, card_y)
        self._card.size = (side_px, side_px)
        if self._matrix is None:
            self._picture.size = (0, 0)
            self.module_px = 0
            return
        modules = len(self._matrix)
        self.module_px = side_px // (modules + 2 * QUIET_ZONE_MODULES)
        code_px = self.module_px * modules
        margin_px = (side_px - code_px) // 2
        self._picture.size = (code_px, code_px)
        self._picture.pos = (card_x + margin_px, card_y + margin_px)
        self.canvas.ask_update()
