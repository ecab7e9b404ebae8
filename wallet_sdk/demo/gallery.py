"""Draw every screen of the wallet into PNG files: `python -m wallet_sdk.demo.gallery FOLDER`. Needs no display."""

import sys
from collections.abc import Iterator
from pathlib import Path

from wallet_sdk.demo.samples import BLOCKED, SAMPLES
from wallet_sdk.screen.environment import PANEL_PHONE
from wallet_sdk.screen.gallery import gallery_parser, run_gallery


def main(arguments: list[str]) -> int:
    """Write one picture for each screen; the exit code."""
    return run_gallery(
        gallery_parser(PANEL_PHONE).parse_args(arguments), title="Tillcode wallet gallery", draw=_draw_all
    )


def _draw_all(folder: Path) -> Iterator[Path]:
    from kivy.base import runTouchApp, stopTouchApp
    from kivy.clock import Clock
    from kivy.core.window import Window

    from wallet_sdk.demo import theme
    from wallet_sdk.demo.app import WalletRoot
    from wallet_sdk.demo.screen_model import ScreenName
    from wallet_sdk.demo.screens import Surroundings
    from wallet_sdk.protocol import qr
    from wallet_sdk.screen.fonts import assets_folder, register_fonts
    from wallet_sdk.screen.frame_buffer import draw_into

    register_fonts(assets_folder())
    Window.clearcolor = theme.BASE
    around = Surroundings(press=lambda _name: None, matrix_of=qr.matrix)
    root = WalletRoot(initial=SAMPLES[ScreenName.HOME], around=around, now_s=Clock.get_time)
    runTouchApp(root, embedded=True)
    models = {name.value: model for name, model in SAMPLES.items()}
    for name, model in {**models, "blocked": BLOCKED}.items():
        root.show(model)
        path = folder / f"{name}.png"
        draw_into(path)
        yield path
    stopTouchApp()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
