"""Everything on the stage: the server, two tills, the wallet and later its clone, each a process of its own."""

import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from server_stub.demo.amounts import Expected
from server_stub.demo.office import Office
from server_stub.demo.processes import DemoFailedError, Program, tail_of
from server_stub.demo.robots import RobotProgram
from server_stub.demo.telling import Telling

START_TIMEOUT_S: Final = 30.0
SHOPS: Final = (("Café Mole", "Lisboa"), ("Livraria Sol", "Porto"))
TILL_SIZE: Final = "800x480"
PHONE_SIZE: Final = "400x800"
_LISTENING: Final = re.compile(rb"^listening on (http://\S+)$", re.MULTILINE)
_POLL_S: Final = 0.05


class Stage:
    """Starts programs and ends every one of them, whatever happens."""

    def __init__(self, out: Path, telling: Telling) -> None:
        self.out = out
        self.telling = telling
        self.expected = Expected()
        self.logs = out / "logs"
        self.receipts = out / "receipts"
        self._homes = out / "homes"
        self._mirrors = out / "screens"
        for folder in (self.logs, self.receipts, self._homes, self._mirrors):
            folder.mkdir(parents=True, exist_ok=True)
        self.office = Office(self._homes / "server", log=self.logs / "commands.log")
        self._programs: dict[str, Program] = {}
        self._robots: dict[str, RobotProgram] = {}
        self._shops: dict[str, str] = {}
        self._server_url = ""
        self._pause = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def till(self) -> RobotProgram:
        """The till of the first shop."""
        return self._robots["till"]

    @property
    def second_till(self) -> RobotProgram:
        """The till of the second shop."""
        return self._robots["till-2"]

    @property
    def wallet(self) -> RobotProgram:
        """The payer's wallet."""
        return self._robots["wallet"]

    @property
    def clone(self) -> RobotProgram:
        """The copy of the payer's wallet."""
        return self._robots["clone"]

    def home_of(self, name: str) -> Path:
        """The folder of one program."""
        return self._homes / name

    def mirror_of(self, name: str) -> Path:
        """The picture of one program's screen."""
        return self._mirrors / f"{name}.png"

    def shop_of(self, till: RobotProgram) -> str:
        """The shop that a till belongs to."""
        return self._shops[till.name]

    def shot(self, program: RobotProgram, name: str) -> None:
        """Keep a picture of a step."""
        program.shot(self.out / f"{name}.png")

    def keep_receipt(self, name: str) -> None:
        """Keep the picture of this step among the receipts: whoever scans it holds the signed receipt."""
        shutil.copy(self.out / f"{name}.png", self.receipts / f"{name}.png")

    def start_server(self) -> None:
        """Start the server on a free port and wait until it listens."""
        output = self.logs / "server.log"
        arguments = ["server_stub", "--data", str(self.office.folder), "serve", "--port", "0"]
        program = Program("server", arguments, log=output, stdin=subprocess.DEVNULL, stdout=subprocess.STDOUT)
        self._programs["server"] = program
        for _ in range(int(START_TIMEOUT_S / _POLL_S)):
            found = _LISTENING.search(output.read_bytes())
            if found is not None:
                self._server_url = found[1].decode()
                return
            self.check()
            self._pause.wait(_POLL_S)
        raise DemoFailedError("the server does not listen")

    def start_till(self, name: str, *, shop: str, activation_code: str, looks_at: str) -> None:
        """Start a till that is driven by a robot finger and looks at another program's screen."""
        self._shops[name] = shop
        self._start(name, self.till_arguments(name, activation_code=activation_code, looks_at=looks_at))

    def start_wallet(self, name: str, *, looks_at: str, activation_code: str | None = None) -> None:
        """Start a wallet that is driven by a robot finger and looks at another program's screen."""
        self._start(name, self.wallet_arguments(name, looks_at=looks_at, activation_code=activation_code))

    def till_arguments(self, name: str, *, activation_code: str, looks_at: str) -> list[str]:
        """The command line of a till."""
        return [
            *("terminal_app", "--home", str(self.home_of(name)), "--server", self._server_url),
            *("--activation-code", activation_code, "--size", TILL_SIZE),
            *("--look-at", str(self.mirror_of(looks_at)), "--mirror", str(self.mirror_of(name))),
        ]

    def wallet_arguments(self, name: str, *, looks_at: str, activation_code: str | None) -> list[str]:
        """The command line of a wallet."""
        code = ["--activation-code", activation_code] if activation_code else []
        return [
            *("wallet_sdk.demo", "--home", str(self.home_of(name)), "--server", self._server_url),
            *(*code, "--size", PHONE_SIZE, "--title", f"Tillcode {name}"),
            *("--look-at", str(self.mirror_of(looks_at)), "--mirror", str(self.mirror_of(name))),
        ]

    def start_window(self, name: str, arguments: list[str]) -> None:
        """Start a program in a window of its own, for a person."""
        self._programs[name] = Program(
            name,
            arguments,
            log=self.logs / f"{name}.log",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.STDOUT,
            # Else SDL draws into memory when the display cannot be opened, and nobody sees anything.
            extra={"SDL_VIDEODRIVER": os.environ.get("SDL_VIDEODRIVER", "wayland,x11")},
        )

    def _start(self, name: str, arguments: list[str]) -> None:
        robot = RobotProgram(
            name, [*arguments, "--robot", "--offscreen"], log=self.logs / f"{name}.log", check_others=self.check
        )
        self._programs[name] = robot.program
        self._robots[name] = robot

    def quit(self, robot: RobotProgram) -> None:
        """Close a program as a person would."""
        self._programs.pop(robot.name)
        robot.quit()

    def first_ended(self) -> Program | None:
        """A program that does not run any more, if there is one."""
        return next((program for program in self._programs.values() if not program.is_running), None)

    def check(self) -> None:
        """Every program still runs.

        Raises:
            DemoFailedError: one has died.
        """
        ended = self.first_ended()
        if ended is not None:
            raise DemoFailedError(f"{ended.name} has died (exit code {ended.exit_code})")

    def tails(self) -> str:
        """The last lines of every log that holds any."""
        logs = [log for log in sorted(self.logs.glob("*.log")) if log.stat().st_size]
        return "\n".join(f"--- {log.name}\n{tail_of(log)}" for log in logs)

    def close(self) -> None:
        """End every program and its whole process group, newest first."""
        for program in reversed(self._programs.values()):
            program.stop()
        self._programs.clear()
