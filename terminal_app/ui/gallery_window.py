"""The gallery's window: puts up each sample model, draws it, keeps the frame buffer."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from kivy.base import runTouchApp, stopTouchApp
from kivy.clock import Clock

from terminal_app.screen_model import Appearance, Command, PreviewFrame, SaleDraft, ScreenModel, ScreenName
from terminal_app.ui.root import TerminalRoot
from terminal_app.ui.samples import SAMPLES, samples, turned
from terminal_app.ui.screens.keypad import KeypadScreen
from wallet_sdk.protocol import qr
from wallet_sdk.screen.fonts import assets_folder, register_fonts
from wallet_sdk.screen.frame_buffer import draw_into


def draw_all(folder: Path, appearances: Sequence[Appearance]) -> Iterator[Path]:
    """Draw every sample in every appearance; gives the paths as they are written, named by screen.

    One appearance goes into the folder itself, several into one below it each, such as `ar-night-normal`.
    """
    register_fonts(assets_folder())
    root = TerminalRoot(
        initial=SAMPLES[ScreenName.KEYPAD],
        send=_ignore,
        matrix_of=qr.matrix,
        now_s=Clock.get_time,
    )
    runTouchApp(root, embedded=True)
    for each in appearances:
        own = folder / f"{each.language.value}-{each.theme.value}-{each.text_size.value}"
        place = own if len(appearances) > 1 else folder
        place.mkdir(exist_ok=True)
        for name, model in samples(each).items():
            path = place / f"{name.value}.png"
            _draw(root, model, path)
            yield path
        for name, model in turned(each).items():
            path = place / f"{name.value}_turned.png"
            _draw(root, model, path)
            yield path
    stopTouchApp()


def _draw(root: TerminalRoot, model: ScreenModel, path: Path) -> None:
    root.show(model)
    if isinstance(root.screen, KeypadScreen):
        root.screen.resume(SaleDraft(amount_minor=1250, reference="T-17"))
    root.show_frame(counter_scene(width_px=320, height_px=240))
    draw_into(path)


def counter_scene(*, width_px: int, height_px: int) -> PreviewFrame:
    """A soft grey picture that stands for what a camera sees."""
    rows = []
    for y in range(height_px):
        near_bottom = y / height_px
        rows.append(
            bytes(int(40 + 60 * near_bottom + 50 * (1 - abs(2 * x / width_px - 1)) ** 2) for x in range(width_px))
        )
    return PreviewFrame(width_px=width_px, height_px=height_px, luminance=b"".join(rows))


def _ignore(_command: Command) -> None:
    """The gallery has no core."""
