"""What the programs say on a terminal: one writer that can neither undo nor hide what a command did.

A pipe that nobody reads, a full disk behind ``>``, a terminal without the letters of a name: none of these ends a
command half-way, and none becomes its outcome. Money may have moved before the line about it was written.
"""

import io
import os
import sys
from typing import Final, TextIO

#: Exit code of a command that did its work and could not say what came of it.
EXIT_UNTOLD: Final = 5


class _Lost(io.TextIOBase):
    """Stands where a stream was that failed; takes everything and keeps the reason."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def write(self, text: str, /) -> int:
        return len(text)


def prepare() -> None:
    """At the start of a program: letters that its terminal lacks are written as escapes, and are no error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not stream.closed:
            stream.reconfigure(errors="backslashreplace")


def say(text: str = "") -> None:
    """Lines on standard output, where results go. Never raises for the stream's sake."""
    _write("stdout", text + "\n")


def remark(text: str, *, end: str = "\n") -> None:
    """Lines on standard error, where errors and what stands before a question go. Never raises, as ``say``."""
    _write("stderr", text + end)


def counted(count: int, one: str, many: str = "") -> str:
    """ "1 finding", "2 findings", "0 entries"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def can_show(text: str) -> bool:
    """Whether standard output has every letter of a text: a code drawn of escapes is none."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def untold() -> str:
    """Why standard output took nothing more; "" when it took everything."""
    if isinstance(sys.stdout, _Lost):
        return sys.stdout.reason
    return "" if sys.stdout else "standard output is closed"


def _write(name: str, text: str) -> None:
    stream: TextIO | None = getattr(sys, name)
    if stream is None:  # closed before we started
        return
    try:
        stream.write(text)
        stream.flush()
    except UnicodeEncodeError:  # a stream of somebody else's making
        _write(name, text.encode("ascii", "backslashreplace").decode("ascii"))
    except (OSError, ValueError) as error:
        _give_up(name, stream, getattr(error, "strerror", None) or str(error))


def _give_up(name: str, stream: TextIO, reason: str) -> None:
    """What is left in the stream's buffer must go somewhere when Python ends, or that becomes the exit code."""
    setattr(sys, name, _Lost(reason))
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return
