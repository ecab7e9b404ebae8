"""Live grey picture of a camera: one luminance texture, blitted for each frame."""

from kivy.graphics import Color, Line, Rectangle, StencilPop, StencilPush, StencilUnUse, StencilUse
from kivy.graphics.texture import Texture
from kivy.graphics.vertex_instructions import RoundedRectangle
from kivy.properties import StringProperty
from kivy.uix.widget import Widget

from wallet_sdk.screen.colours import Colour
from wallet_sdk.screen.surface import middle_of
from wallet_sdk.screen.units import mm


class GreyView(Widget):
    """Shows the newest frame, cropped to fill the widget; dark until the first one comes."""

    robot_id = StringProperty("")

    def __init__(self, *, corner_mm: float, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._texture: Texture | None = None
        self._corner_mm = corner_mm
        with self.canvas:
            StencilPush()
            self._mask = RoundedRectangle(radius=[mm(corner_mm)])
            StencilUse()
            self._tint = Color(0.02, 0.03, 0.06, 1)
            self._picture = Rectangle()
            StencilUnUse()
            self._unmask = RoundedRectangle(radius=[mm(corner_mm)])
            StencilPop()
        self.bind(pos=self._place, size=self._place)

    def show(self, *, width_px: int, height_px: int, luminance: bytes) -> None:
        """Draw this frame: `luminance` has one byte a pixel, rows from the top."""
        assert len(luminance) == width_px * height_px
        if self._texture is None or self._texture.size != (width_px, height_px):
            self._texture = Texture.create(size=(width_px, height_px), colorfmt="luminance")
            self._texture.flip_vertical()
            self._picture.texture = self._texture
            self._tint.rgba = (1, 1, 1, 1)
            self._place()
        self._texture.blit_buffer(luminance, colorfmt="luminance", bufferfmt="ubyte")
        self.canvas.ask_update()

    def _place(self, *_args: object) -> None:
        for mask in (self._mask, self._unmask):
            mask.pos = self.pos
            mask.size = self.size
        if self._texture is None or not self.width or not self.height:
            self._picture.pos = self.pos
            self._picture.size = self.size
            return
        scale = max(self.width / self._texture.width, self.height / self._texture.height)
        size = (self._texture.width * scale, self._texture.height * scale)
        self._picture.size = size
        middle_x, middle_y = middle_of(self)
        self._picture.pos = (middle_x - size[0] / 2, middle_y - size[1] / 2)


class Viewfinder(GreyView):
    """The camera's picture with four corners that say where to hold the code."""

    def __init__(self, *, tint: Colour, corner_mm: float) -> None:
        super().__init__(corner_mm=corner_mm, robot_id="viewfinder")
        with self.canvas.after:
            Color(*tint)
            self._corners = [Line(width=mm(0.55), cap="round", joint="round") for _ in range(4)]
        self.bind(pos=self._place_corners, size=self._place_corners)

    def _place_corners(self, *_args: object) -> None:
        middle_x, middle_y = middle_of(self)
        half_px = min(self.width, self.height) * 0.38
        arm_px = half_px * 0.4
        for corner, (dx, dy) in zip(self._corners, ((-1, -1), (-1, 1), (1, -1), (1, 1)), strict=True):
            x, y = middle_x + dx * half_px, middle_y + dy * half_px
            corner.points = (x - dx * arm_px, y, x, y, x, y - dy * arm_px)
