"""One picture in shades of grey: what cameras give and decoders read. It needs no Pillow: an idle till has none."""

from dataclasses import dataclass
from typing import Final

from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError

#: Longest side of a grey frame: above every camera of a counter; a decoder pass over it stays under a second.
FRAME_SIDE_PX_MAX: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class GreyFrame:
    """One picture in shades of grey.

    Attributes:
        width: pixels, 1 to FRAME_SIDE_PX_MAX.
        height: pixels, 1 to FRAME_SIDE_PX_MAX.
        luma: one byte a pixel, 0 black to 255 white, rows from the top, no padding.

    Raises:
        MalformedMessageError: IMAGE_TOO_LARGE, or IMAGE_UNREADABLE when size and bytes disagree.
    """

    width: int
    height: int
    luma: bytes

    def __post_init__(self) -> None:
        if max(self.width, self.height) > FRAME_SIDE_PX_MAX:
            message = f"a frame of {self.width} x {self.height} px; the longest side may have {FRAME_SIDE_PX_MAX}"
            raise MalformedMessageError(ErrorCode.IMAGE_TOO_LARGE, message)
        if min(self.width, self.height) < 1 or len(self.luma) != self.width * self.height:
            message = f"{len(self.luma)} bytes are not a grey frame of {self.width} x {self.height} px"
            raise MalformedMessageError(ErrorCode.IMAGE_UNREADABLE, message)
