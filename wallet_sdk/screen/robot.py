"""The robot finger: an app's screen driven by lines on stdin, one JSON answer a line on stdout.

    tap ID              put a finger on the middle of a widget and lift it
    type ID TEXT        tap it, then type on the physical keyboard
    erase ID            tap it, then press Backspace until its text is gone
    key NAME            press enter, escape, tab or backspace
    look                screen name, all visible texts with ids, ids that can be pressed
    wait SCREEN SECONDS answer once this screen is shown
    shot FILE           write the next drawn frame as PNG
    quit                stop the app

It can touch and look and nothing else: no widget, model or command can be reached past the glass.
"""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from kivy.clock import Clock

from wallet_sdk.screen import finger
from wallet_sdk.screen.frame_buffer import after_next_frame, write_png

if TYPE_CHECKING:
    from PIL import Image

Answer = dict[str, object]
Reply = Callable[[Answer], None]

# A tap as long as a quick human one.
_TAP_S: Final = 0.05
# A finger that the touch guard refused tries again; the guard lasts 400 ms, so ten tries outlast it.
_RETRY_S: Final = 0.1
_TRIES_MAX: Final = 10
_POLL_S: Final = 0.05
_WAIT_S: Final = 5.0
_WAIT_S_MAX: Final = 600.0
_ERASE_CHARACTERS_MAX: Final = 256

_KEYS: Final = {
    "enter": finger.ENTER_KEY,
    "escape": finger.ESCAPE_KEY,
    "tab": finger.TAB_KEY,
    "backspace": finger.BACKSPACE_KEY,
}


class RobotFinger:
    """Reads commands in a thread of its own; everything that touches the screen runs in the UI thread."""

    def __init__(self, *, screen_name: Callable[[], str], stop: Callable[[], None]) -> None:
        self._screen_name = screen_name
        self._stop = stop

    def start(self, *, commands: TextIO, answers: TextIO) -> None:
        """Begin to read. Ends with the input, or with `quit`."""
        threading.Thread(target=self._read, args=(commands, answers), name="robot-finger", daemon=True).start()

    def _read(self, commands: TextIO, answers: TextIO) -> None:
        for line in commands:
            if not line.strip():
                continue
            answers.write(json.dumps(self._ask_screen(line.strip()), ensure_ascii=False) + "\n")
            answers.flush()
            if line.strip() == "quit":
                # only now: a stopped app takes this thread with it, and the answer would be lost
                Clock.schedule_once(lambda _dt: self._stop())

    def _ask_screen(self, line: str) -> Answer:
        """Run one line in the UI thread and wait for its answer."""
        answered = threading.Event()
        kept: list[Answer] = []

        def reply(answer: Answer) -> None:
            kept.append(answer)
            answered.set()

        Clock.schedule_once(lambda _dt: self.run(line, reply))
        answered.wait()
        return kept[0]

    def run(self, line: str, reply: Reply) -> None:
        """Carry out one command line and give its answer to `reply`, perhaps some frames later. UI thread only."""
        word, _, rest = line.partition(" ")
        try:
            self._run_word(word, rest.strip(), reply)
        except ValueError as error:
            reply(_refusal(str(error)))

    def _run_word(self, word: str, rest: str, reply: Reply) -> None:
        first, _, tail = rest.partition(" ")
        match word:
            case "tap":
                self._tap(rest, lambda: reply(self._done()), reply)
            case "type":
                self._tap(first, lambda: self._type(tail, reply), reply)
            case "erase":
                self._tap(rest, lambda: self._erase(rest, reply), reply)
            case "wait":
                self._wait(first, min(float(tail or _WAIT_S), _WAIT_S_MAX), reply)
            case "shot":
                self._shoot(Path(rest), reply)
            case _:
                self._run_short_word(word, rest, reply)

    def _run_short_word(self, word: str, rest: str, reply: Reply) -> None:
        """The words that are answered at once."""
        match word:
            case "key" if rest in _KEYS:
                finger.press_key(_KEYS[rest])
                reply(self._done())
            case "look":
                reply(self._look())
            case "quit":
                reply(self._done())
            case _:
                raise ValueError(f"no such command: {word!r} {rest!r}")

    def _tap(self, robot_id: str, then: Callable[[], None], reply: Reply) -> None:
        """Touch the widget; while the touch guard refuses, try again like a patient person."""

        def attempt(tries: int) -> None:
            try:
                touch = finger.reach(robot_id)
            except finger.UnreachableError as error:
                if tries > 1:
                    reply(_refusal(str(error)))
                else:
                    # a screen that has just come is laid out within a few frames: look a second time
                    Clock.schedule_once(lambda _dt: attempt(tries + 1), _RETRY_S)
                return
            touch.down()
            Clock.schedule_once(lambda _dt: lift(touch, tries), _TAP_S)

        def lift(touch: finger.FingerTouch, tries: int) -> None:
            touch.up()
            if not touch.was_guarded:
                # one frame later, so that the answer comes after what the press set off in the UI
                Clock.schedule_once(lambda _dt: then(), 0)
            elif tries < _TRIES_MAX:
                Clock.schedule_once(lambda _dt: attempt(tries + 1), _RETRY_S)
            else:
                reply(_refusal(f"the touch guard kept refusing {robot_id!r}"))

        attempt(1)

    def _type(self, text: str, reply: Reply) -> None:
        for character in text:
            finger.type_character(character)
        reply(self._done())

    def _erase(self, robot_id: str, reply: Reply) -> None:
        for _ in range(_ERASE_CHARACTERS_MAX):
            if not any(each["id"] == robot_id and each["text"] for each in finger.visible_texts()):
                break
            finger.press_key(finger.BACKSPACE_KEY)
        reply(self._done())

    def _wait(self, screen: str, left_s: float, reply: Reply) -> None:
        if self._screen_name() == screen:
            reply(self._done())
        elif left_s <= 0:
            reply(_refusal(f"waited for {screen!r}, the screen is {self._screen_name()!r}"))
        else:
            Clock.schedule_once(lambda dt: self._wait(screen, left_s - max(dt, _POLL_S), reply), _POLL_S)

    def _shoot(self, path: Path, reply: Reply) -> None:
        def keep(picture: "Image.Image") -> None:
            try:
                write_png(picture, path)
            except (OSError, ValueError) as error:
                reply(_refusal(f"no picture: {error}"))
                return
            reply(self._done())

        after_next_frame(keep)

    def _look(self) -> Answer:
        return {**self._done(), "texts": finger.visible_texts(), "targets": finger.reachable_ids()}

    def _done(self) -> Answer:
        return {"ok": True, "screen": self._screen_name()}


def _refusal(reason: str) -> Answer:
    return {"ok": False, "error": reason}
