"""The window and what stands behind it: the real till, or the one with play money while somebody trains."""

import logging
import signal
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from terminal_app.bootstrap import Outside, Terminal, training_of
from terminal_app.config import TerminalConfig
from terminal_app.core import CoreEvent
from terminal_app.office_commands import PracticeAnswer
from terminal_app.receipts import Training
from terminal_app.screen_model import Enrol, PreviewFrame, ScreenModel
from terminal_app.training import TRAINING_CODE
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import TillcodeError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOptions:
    """How the window is run."""

    mirror: Path | None = None
    robot_stdin: bool = False
    training: Training = Training.NO


class TerminalWindow(Protocol):
    """What the stage needs of the window; each may be called from any thread."""

    def show(self, model: ScreenModel) -> None: ...

    def show_frame(self, frame: PreviewFrame) -> None: ...

    def close(self) -> None: ...


class Stage:
    """Where the core shows its models: the window, as soon as there is one."""

    def __init__(self) -> None:
        self.app: TerminalWindow | None = None
        self.is_closing = threading.Event()
        self.core_failed = threading.Event()

    def show(self, model: ScreenModel) -> None:
        """Draw this model soon."""
        if self.app is not None:
            self.app.show(model)

    def show_frame(self, frame: PreviewFrame) -> None:
        """Draw this camera frame soon."""
        if self.app is not None:
            self.app.show_frame(frame)

    def core_has_ended(self) -> None:
        """Without its core the till must not look alive: the window closes, and whoever started us starts us again."""
        if not self.is_closing.is_set():
            self.core_failed.set()
            if self.app is not None:
                self.app.close()


class Rooms:
    """One till at a time behind the stage: the real one, or the one with play money. `send` comes from any thread.

    A till is left as at the end of the program: its threads end, its files are closed. What fails while the other one
    is opened ends the program, and the next start is a real till.
    """

    def __init__(self, config: TerminalConfig, outside: Outside, *, stage: Stage, activation_code: str | None) -> None:
        self._config = config
        self._outside = outside
        self._stage = stage
        self._activation_code = activation_code
        self._changing = threading.Lock()
        self._till: Terminal | None = None
        self._is_left = threading.Event()

    def open(self, training: Training) -> ScreenModel:
        """Open the till that is wanted; returns its first screen.

        Raises:
            MisuseError, UnavailableError: as `Terminal`.
        """
        with self._changing:
            return self._open(training)

    def start(self) -> None:
        """Let the opened till run."""
        with self._changing:
            self._start()

    def send(self, event: CoreEvent | PracticeAnswer) -> None:
        """Hand the till a command; between two tills a finger counts for nothing."""
        till = self._till
        if till is not None:
            till.send(event)

    def switch(self, training: Training) -> None:
        """Go to the other till soon. It is the core that asks, so its own thread must not wait for its end."""
        threading.Thread(target=self._change, args=(training,), name="rooms", daemon=True).start()

    def stop(self) -> None:
        """Leave the till that is open."""
        with self._changing:
            self._leave()

    def _open(self, training: Training, settings_of: Terminal | None = None) -> ScreenModel:
        config, outside, code = self._config, self._outside, self._activation_code
        if training is Training.YES:
            config, outside = training_of(config, outside)
            code = TRAINING_CODE
        is_left = self._is_left = threading.Event()

        def has_ended() -> None:
            if not is_left.is_set():
                self._stage.core_has_ended()

        till = Terminal(
            config,
            outside,
            show=self._stage.show,
            show_frame=self._stage.show_frame,
            on_end=has_ended,
            switch_training=self.switch,
            setting_texts=None if settings_of is None or training is Training.NO else settings_of.setting_texts,
        )
        self._till = till
        self._enrolment = None if code is None or till.is_enrolled else (config.server_url, code)
        return till.first_screen

    def _start(self) -> None:
        till = self._till
        assert till is not None, "a till is opened before it is started"
        till.start()
        if self._enrolment is not None:
            server_url, code = self._enrolment
            till.send(Enrol(server_url=server_url, activation_code=code))

    def _leave(self) -> Terminal | None:
        till, self._till = self._till, None
        self._is_left.set()
        if till is not None:
            till.stop()
        return till

    def _change(self, training: Training) -> None:
        with self._changing:
            if self._stage.is_closing.is_set():
                return
            try:
                self._stage.show(self._open(training, self._leave()))
                self._start()
            except TillcodeError:
                _log.exception("the other till cannot be opened")
                self._stage.core_has_ended()


def run_window(config: TerminalConfig, outside: Outside, *, activation_code: str | None, window: WindowOptions) -> int:
    """Run the terminal in its window until it is closed. Kivy must have been prepared before.

    Raises:
        MisuseError, UnavailableError: as `Terminal`.
    """
    from terminal_app.ui.app import TerminalApp
    from wallet_sdk.screen import app as screen_app

    stage = Stage()
    rooms = Rooms(config, outside, stage=stage, activation_code=activation_code)
    app = TerminalApp(
        initial=rooms.open(window.training),
        send=rooms.send,
        matrix_of=qr.matrix,
        options=screen_app.WindowOptions(mirror=window.mirror, robot_stdin=window.robot_stdin),
    )
    stage.app = app
    signal.signal(signal.SIGTERM, lambda *_args: app.close())
    rooms.start()
    try:
        app.run()
    finally:
        stage.is_closing.set()
        rooms.stop()
    return 1 if stage.core_failed.is_set() else 0
