"""Several processes behind one address: each has its own event loop and committer, and the database arbitrates.

The parent only watches. When one worker ends by itself the others are ended too, and so is the server: whoever
watches it (systemd, a container's runtime) starts it again, and nobody is served by half a server.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from server_stub.wakeups import Link, Links
from wallet_sdk.console import remark
from wallet_sdk.protocol.errors import TillcodeError

#: Linux: the signal a process gets when its parent dies. Source: prctl(2), PR_SET_PDEATHSIG.
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)

#: One worker's whole life: its link, and what it calls once it takes connections.
Work = Callable[[Link, Callable[[], None]], None]


def run_workers(count: int, work: Work, *, on_ready: Callable[[], None]) -> int:
    """Fork ``count`` workers and wait until all have ended; 0 when they were asked to and ended well.

    Must be called before there is any thread. ``on_ready`` is called when every worker takes connections.
    """
    links = Links(count)
    reading, writing = os.pipe()
    crew = _Crew([_fork(links.of(number), work, writing) for number in range(count)])
    os.close(writing)
    for number in _ENDING:
        signal.signal(number, lambda _number, _frame: crew.stop())
    if _all_ready(reading, count):
        on_ready()
    return crew.wait()


def die_with_parent() -> None:
    """Kill this process when its parent ends, whatever ends it. One call of the system, safe after a fork."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


class _Crew:
    """The workers that still run."""

    def __init__(self, children: list[int]) -> None:
        self._children = set(children)
        self._is_stopping = False

    def stop(self) -> None:
        """Ask every worker to end."""
        self._is_stopping = True
        for child in self._children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)

    def wait(self) -> int:
        """Wait for all; a worker that nobody asked to end takes the others with it."""
        outcome = 0
        while self._children:
            child, status = os.wait()
            self._children.discard(child)
            if not self._is_stopping:
                remark("tillcode-server: a worker has ended; the server ends with it")
                self.stop()
                outcome = 1
            elif os.waitstatus_to_exitcode(status) != 0:
                outcome = 1
        return outcome


def _fork(link: Link, work: Work, ready: int) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        die_with_parent()
        for number in _ENDING:
            signal.signal(number, signal.SIG_DFL)
        work(link, lambda: os.close(ready) if os.write(ready, b"r") else None)
        code = 0
    except TillcodeError as error:
        remark(f"tillcode-server: {error.message}")
    finally:
        os._exit(code)  # the parent's clean-up is not ours to do


def _all_ready(reading: int, count: int) -> bool:
    """Whether every worker has said so; the end of the pipe comes sooner when one has ended instead."""
    said = b""
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        while len(said) < count and (more := pipe.read(count)):
            said += more
    return len(said) == count
