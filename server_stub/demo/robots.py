"""A program with a screen, driven by its robot finger: it can be tapped, looked at and waited for, nothing else."""

import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Final

from server_stub.demo.processes import DemoFailedError, Program

#: A tap or a look is answered within a few frames; a busy machine gets this much.
ANSWER_TIMEOUT_S: Final = 20.0
_POLL_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was on the screen: its name, every text with the id it belongs to, what a finger could press."""

    screen: str
    texts: tuple[tuple[str, str], ...]
    targets: tuple[str, ...]

    def text_of(self, robot_id: str) -> str:
        """The texts of one widget, joined; empty when it is not there."""
        return " ".join(text for owner, text in self.texts if owner == robot_id)

    def all_text(self) -> str:
        """Everything readable."""
        return " ".join(text for _, text in self.texts)


class RobotProgram:
    """One program with a screen. Every word is one line to its stdin, answered by one JSON line on its stdout."""

    def __init__(self, name: str, arguments: Sequence[str], *, log: Path, check_others: Callable[[], None]) -> None:
        self.name = name
        self.program = Program(name, arguments, log=log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._check_others = check_others
        self._pause = threading.Event()
        self._answers: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=self._read, name=f"answers of {name}", daemon=True).start()

    def tap(self, robot_id: str) -> None:
        """Put a finger on a widget."""
        self._ask(f"tap {robot_id}")

    def type_text(self, robot_id: str, text: str) -> None:
        """Tap a field and type."""
        self._ask(f"type {robot_id} {text}")

    def erase(self, robot_id: str) -> None:
        """Tap a field and empty it."""
        self._ask(f"erase {robot_id}")

    def wait(self, screen: str, *, timeout_s: float = ANSWER_TIMEOUT_S) -> None:
        """Wait until this screen is shown."""
        self._ask(f"wait {screen} {timeout_s:.0f}", timeout_s=timeout_s + ANSWER_TIMEOUT_S)

    def look(self) -> Seen:
        """Look at the screen."""
        answer = self._ask("look")
        texts = answer.get("texts")
        targets = answer.get("targets")
        assert isinstance(texts, list)
        assert isinstance(targets, list)
        return Seen(
            screen=str(answer["screen"]),
            texts=tuple((str(each["id"]), str(each["text"])) for each in texts),
            targets=tuple(str(each) for each in targets),
        )

    def wait_until(self, what: str, is_so: Callable[[Seen], bool], *, timeout_s: float) -> Seen:
        """Look again and again until what is seen is so.

        Raises:
            DemoFailedError: it never was.
        """
        seen = self.look()
        for _ in range(int(timeout_s / _POLL_S)):
            if is_so(seen):
                return seen
            self._pause.wait(_POLL_S)
            seen = self.look()
        raise DemoFailedError(
            f"{self.name}: waited {timeout_s:.0f} s for {what}; it shows {seen.screen}: {seen.all_text()}"
        )

    def shot(self, path: Path) -> None:
        """Keep a picture of the screen."""
        self._ask(f"shot {path}")

    def quit(self) -> None:
        """Close the program as a person would, and wait until it is gone."""
        self._ask("quit")
        try:
            self.program.process.wait(ANSWER_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise DemoFailedError(f"{self.name} does not close") from error
        self.program.stop()

    def _ask(self, line: str, *, timeout_s: float = ANSWER_TIMEOUT_S) -> dict[str, object]:
        pipe = self.program.process.stdin
        assert pipe is not None
        try:
            pipe.write(f"{line}\n".encode())
            pipe.flush()
        except OSError as error:
            raise DemoFailedError(f"{self.name} has died (exit code {self.program.exit_code})") from error
        answer = self._answer(line, timeout_s)
        if answer.get("ok") is not True:
            raise DemoFailedError(f"{self.name}, {line.partition(' ')[0]}: {answer.get('error')}")
        return answer

    def _answer(self, line: str, timeout_s: float) -> dict[str, object]:
        for _ in range(int(timeout_s / _POLL_S)):
            try:
                answer = json.loads(self._answers.get(timeout=_POLL_S))
            except Empty:
                self._check_others()
                continue
            except ValueError as error:
                raise DemoFailedError(f"{self.name} answered no JSON") from error
            assert isinstance(answer, dict)
            return answer
        raise DemoFailedError(f"{self.name} gave no answer to `{line}` in {timeout_s:.0f} s")

    def _read(self) -> None:
        pipe = self.program.process.stdout
        assert pipe is not None
        try:
            for line in pipe:
                if line.startswith(b"{"):
                    self._answers.put(line)
        except ValueError:
            return  # the pipe was closed under the reader: the program is being stopped
