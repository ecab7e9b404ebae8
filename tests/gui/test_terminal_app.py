"""The terminal's window as a process: models in from another thread, commands out, mirrored and driven by the robot."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from PIL import Image

from terminal_app.screen_model import ScreenName
from terminal_app.ui.samples import SAMPLE_CODE_TEXT, TURNED
from wallet_sdk.decoding import decode_codes

PROJECT = Path(__file__).resolve().parents[2]
ANSWER_S_MAX = 60

# A till whose core knows two things: an amount becomes a code, and an answer becomes PAID.
PROGRAM = """
import sys, threading
from pathlib import Path
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, Drawing, prepare
home, mirror = (Path(each) for each in sys.argv[1:])
prepare(panel=PANEL_7_LANDSCAPE, kivy_home=home, drawing=Drawing.OFFSCREEN, title="till")
from terminal_app.screen_model import ScanAnswer, ScreenName, ShowCode
from terminal_app.ui.app import TerminalApp
from wallet_sdk.screen.app import WindowOptions
from terminal_app.ui.samples import SAMPLES
from wallet_sdk.protocol import qr

def core(command):
    print(f"sent {command}", file=sys.stderr, flush=True)
    match command:
        case ShowCode():
            answer = SAMPLES[ScreenName.SHOW_CODE]
        case ScanAnswer():
            answer = SAMPLES[ScreenName.PAID]
    threading.Thread(target=app.show, args=(answer,)).start()

options = WindowOptions(mirror=mirror, robot_stdin=True)
app = TerminalApp(initial=SAMPLES[ScreenName.KEYPAD], send=core, matrix_of=qr.matrix, options=options)
app.run()
"""


# Everything that a till has imported when its keypad is drawn, and of it what only pictures, paper and scans need.
HEAVY = """
import sys
from pathlib import Path
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, Drawing, open_window
open_window(panel=PANEL_7_LANDSCAPE, kivy_home=Path(sys.argv[1]), drawing=Drawing.OFFSCREEN, title="till")
import terminal_app.bootstrap, terminal_app.ui.app, terminal_app.window
assert "kivy.uix.label" in sys.modules
heavy = {"PIL", "fpdf", "escpos", "zxingcpp", "pyzbar", "qrcode", "numpy", "cv2", "kivy.uix.textinput"}
print(sorted(heavy & sys.modules.keys()))
"""


class Robot:
    """Asks a till's robot finger over its pipes."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._commands: IO[str] = process.stdin
        self._answers: IO[str] = process.stdout

    def ask(self, line: str) -> dict[str, object]:
        """Send a line, give back its answer."""
        self._commands.write(line + "\n")
        self._commands.flush()
        answer: dict[str, object] = json.loads(self._answers.readline())
        return answer


@contextmanager
def running_till(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", Robot]]:
    """A till as a process of its own; it is ended whatever happens."""
    arguments = [sys.executable, "-c", PROGRAM, str(folder / "kivy"), str(folder / "till.png")]
    process = subprocess.Popen(
        arguments,
        cwd=PROJECT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process, Robot(process)
    finally:
        process.kill()
        process.communicate()


def test_a_sale_is_driven_through_the_glass_and_seen_in_the_mirror(tmp_path: Path) -> None:
    """Models from a thread, touches from the robot, pixels in the mirror: the app's seams hold in a real process."""
    with running_till(tmp_path) as (process, robot):
        for key in ("key_1", "key_2", "key_5", "key_0", "show_code"):
            assert robot.ask(f"tap {key}")["ok"] is True
        assert robot.ask("wait show_code 10")["ok"] is True
        shot = tmp_path / "shot.png"
        assert robot.ask(f"shot {shot}")["ok"] is True
        with Image.open(shot) as seen, Image.open(tmp_path / "till.png") as mirrored:
            assert decode_codes(seen) == [SAMPLE_CODE_TEXT]
            assert decode_codes(mirrored) == [SAMPLE_CODE_TEXT]
        assert robot.ask("tap scan_answer")["ok"] is True
        assert robot.ask("wait paid 10")["ok"] is True
        assert {"id": "headline", "text": "PAID"} in robot.ask("look")["texts"]  # type: ignore[operator]
        assert robot.ask("quit")["ok"] is True
        _, complaints = process.communicate(timeout=ANSWER_S_MAX)
        assert process.returncode == 0
    assert "sent ShowCode(amount_minor=1250, reference='', tip_minor=0)" in complaints
    assert "sent ScanAnswer()" in complaints
    assert "Traceback" not in complaints


@pytest.mark.parametrize("size", ["800x480", "720x1280", "1280x800"])
def test_the_gallery_draws_every_screen(tmp_path: Path, size: str) -> None:
    """The gallery writes one picture of the right size for each screen, each in its state's colour."""
    arguments = [sys.executable, "-m", "terminal_app.ui.gallery", str(tmp_path / "pictures"), "--size", size]
    done = subprocess.run(arguments, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=ANSWER_S_MAX)
    pictures = sorted(path.stem for path in (tmp_path / "pictures").iterdir())
    assert pictures == sorted([*(name.value for name in ScreenName), *(f"{name.value}_turned" for name in TURNED)])
    assert len(done.stdout.splitlines()) == len(pictures)
    with Image.open(tmp_path / "pictures" / "paid.png") as paid:
        assert "x".join(str(side) for side in paid.size) == size
        assert paid.convert("RGB").getpixel((paid.width // 2, paid.height - 4)) == (0x09, 0x5C, 0x32)


def test_a_sale_is_typed_on_a_real_keyboard(tmp_path: Path) -> None:
    """Digits and Enter reach the app's window as they do from a keyboard, and Enter walks on to the result."""
    with running_till(tmp_path) as (_, robot):
        assert robot.ask("type key_1 25")["ok"] is True
        assert robot.ask("key backspace")["ok"] is True
        assert robot.ask("key enter")["ok"] is True
        assert robot.ask("wait show_code 10")["ok"] is True
        assert robot.ask("tap scan_answer")["ok"] is True
        assert robot.ask("wait paid 10")["ok"] is True


def test_an_idle_till_has_loaded_nothing_for_pictures_and_paper(tmp_path: Path) -> None:
    """They are a few megabytes of the memory that a till has; each is loaded when it is first wanted."""
    arguments = [sys.executable, "-c", HEAVY, str(tmp_path)]
    done = subprocess.run(arguments, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=ANSWER_S_MAX)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("program", ["terminal_app", "wallet_sdk.demo"])
def test_without_a_display_a_program_says_so(tmp_path: Path, program: str) -> None:
    """No traceback and no till that runs unseen: one sentence, and an exit code that is not 0."""
    arguments = [sys.executable, "-m", program, "--home", str(tmp_path), "--server", "http://127.0.0.1:9"]
    environment = {**os.environ, "SDL_VIDEODRIVER": "x11", "DISPLAY": ":987"}
    done = subprocess.run(
        arguments, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, timeout=ANSWER_S_MAX
    )
    assert done.returncode == {"terminal_app": 2, "wallet_sdk.demo": 1}[program]
    assert "no display can be opened" in done.stderr.splitlines()[-1]
