"""The one writer of the commands: whatever becomes of a stream, the outcome stays what it was."""

import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.wallet_sdk.fakes import FakeServer, Fault
from wallet_sdk import console
from wallet_sdk.cli import main
from wallet_sdk.cli.surroundings import PASSPHRASE_VARIABLE, Surroundings
from wallet_sdk.protocol import qr
from wallet_sdk.testing import FrozenClock, Scheme, SeededRandom


class _Failing(io.RawIOBase):
    """A pipe without a reader, or a file on a full disk."""

    def __init__(self, number: int) -> None:
        self._number = number

    def writable(self) -> bool:
        return True

    def write(self, _content: object, /) -> int:
        raise OSError(self._number, os.strerror(self._number))


def failing(number: int) -> io.TextIOWrapper:
    """A text stream that fails whenever something reaches its end."""
    return io.TextIOWrapper(io.BufferedWriter(_Failing(number)), encoding="utf-8")


def lettered(encoding: str) -> io.TextIOWrapper:
    """A text stream with the letters of one encoding."""
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def closed() -> io.TextIOWrapper:
    """A stream that somebody has closed."""
    stream = lettered("utf-8")
    stream.close()
    return stream


class Till:
    """A wallet on the command line, and a terminal that asks for 12.50."""

    def __init__(self, home: Path) -> None:
        self.scheme, self.clock, self.random = Scheme(), FrozenClock(), SeededRandom(5)
        self.server = FakeServer(scheme=self.scheme, clock=self.clock)
        self.home = home

    def run(self, *argv: str) -> int:
        """The exit code."""
        around = Surroundings(
            clock=self.clock,
            random=self.random,
            sender=self.server,
            ask=lambda _: "y",
            ask_secret=lambda _: "unused",
            sleep=self.clock.advance,
            tell_progress=lambda _done, _total: None,
        )
        return main(["--home", str(self.home), *argv], around)

    def pay(self) -> int:
        """Pay one request."""
        return self.run("pay", "--yes", qr.to_text(self.scheme.request().envelope))


@pytest.fixture(autouse=True)
def _streams_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command may put another stream in the place of one that failed."""
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)


@pytest.fixture
def till(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Till:
    """An enrolled wallet."""
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "correct horse")
    made = Till(tmp_path / "home")
    assert made.run("enrol", "--server", "https://server.test", "--code", "GOOD-CODE") == 0
    return made


STREAMS: list[Callable[[], io.TextIOWrapper | None]] = [
    lambda: lettered("ascii"),
    lambda: lettered("latin-1"),
    lambda: lettered("cp1252"),
    lambda: failing(errno.EPIPE),
    lambda: failing(errno.ENOSPC),
    closed,
    lambda: None,
]
NAMES = ["ascii", "latin-1", "cp1252", "broken pipe", "full disk", "closed", "none"]


@pytest.mark.parametrize(
    ("name", "make"),
    [*(("stdout", make) for make in STREAMS), ("stderr", STREAMS[3]), ("stderr", closed)],
    ids=[*NAMES, "broken error pipe", "closed errors"],
)
def test_a_payment_that_was_made_exits_zero(
    till: Till, monkeypatch: pytest.MonkeyPatch, name: str, make: Callable[[], io.TextIOWrapper | None]
) -> None:
    """The money has moved: whoever asked must not hear "refused" and pay again."""
    with monkeypatch.context() as broken:
        broken.setattr(sys, name, make())
        assert till.pay() == 0


@pytest.mark.parametrize("make", STREAMS[2:4], ids=NAMES[2:4])
def test_a_payment_without_an_answer_exits_four(
    till: Till, monkeypatch: pytest.MonkeyPatch, make: Callable[[], io.TextIOWrapper | None]
) -> None:
    """Unknown stays unknown."""
    till.server.faults = [Fault.LOST_AFTER] * 9
    with monkeypatch.context() as broken:
        broken.setattr(sys, "stdout", make())
        assert till.pay() == 4


@pytest.mark.parametrize("make", STREAMS[4:], ids=NAMES[4:])
def test_what_could_not_be_told_is_neither_success_nor_refusal(
    till: Till, monkeypatch: pytest.MonkeyPatch, make: Callable[[], io.TextIOWrapper | None]
) -> None:
    """A payment code that nobody saw was made, and is of no use: the exit code says so."""
    with monkeypatch.context() as broken:
        broken.setattr(sys, "stdout", make())
        assert till.run("code") == console.EXIT_UNTOLD


def test_a_terminal_without_blocks_gets_the_text_of_the_code(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code drawn of escapes or question marks could be scanned by nobody."""
    stream = lettered("ascii")
    with monkeypatch.context() as broken:
        broken.setattr(sys, "stdout", stream)
        assert till.pay() == 0
    stream.flush()
    printed = stream.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
    assert printed.startswith("Paid.")
    assert "TC1:" in printed
    assert "(This terminal cannot draw the code.)" in printed
    assert "\\u25" not in printed


def test_letters_that_a_terminal_lacks_are_written_as_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also into a stream that was prepared by nobody."""
    stream = lettered("ascii")
    with monkeypatch.context() as broken:
        broken.setattr(sys, "stdout", stream)
        console.say("Café")
    stream.flush()
    assert stream.buffer.getvalue() == b"Caf\\xe9\n"  # type: ignore[attr-defined]


def test_things_are_counted_as_people_do() -> None:
    """One finding, two findings."""
    told = [console.counted(number, "finding") for number in (0, 1, 2)]
    assert told == ["0 findings", "1 finding", "2 findings"]
    assert console.counted(2, "entry", "entries") == "2 entries"
