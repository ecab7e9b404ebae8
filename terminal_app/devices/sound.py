"""Loudspeakers: samples out through whatever this machine plays with. Without one: silence, never an exception."""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

#: Programs that play raw samples from their standard input, the first one that is there; the rate is filled in.
PLAYERS: Final = (
    ("pw-play", "--rate={rate}", "--channels=1", "--format=s16", "-"),
    ("paplay", "--raw", "--rate={rate}", "--channels=1", "--format=s16le"),
    ("aplay", "-q", "-t", "raw", "-f", "S16_LE", "-r", "{rate}", "-c", "1"),
)
#: Longest thing that is ever said, and then some: a player that hangs is ended.
PLAY_TIMEOUT_S: Final = 15.0
#: How soon a player hears that it is cut short.
LOOK_S: Final = 0.05


class Speaker(Protocol):
    """Plays 16-bit little-endian mono samples."""

    def play(self, samples: bytes, *, rate_hz: int, cut: threading.Event) -> None:
        """Play, and return when it is over or `cut` is set. Nothing is raised: a till without sound is a till."""


class ProgramSpeaker:
    """Plays through one of the system's own programs."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    def play(self, samples: bytes, *, rate_hz: int, cut: threading.Event) -> None:
        """Hand the samples to the program; whatever it says is its own business."""
        command = [part.format(rate=rate_hz) for part in self._command]
        quiet = subprocess.DEVNULL
        end_s = time.monotonic() + PLAY_TIMEOUT_S
        try:
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet) as playing:
                is_over = _is_over(playing, samples)
                while not is_over:
                    is_over = _is_over(playing, None)
                    if cut.is_set() or time.monotonic() > end_s:
                        playing.kill()
        except OSError:
            return


class NoSpeaker:
    """Silence."""

    def play(self, samples: bytes, *, rate_hz: int, cut: threading.Event) -> None:
        """Nothing is heard."""


class FakeSpeaker:
    """A loudspeaker for tests: it keeps what it would have played."""

    def __init__(self) -> None:
        self.played: list[tuple[bytes, int]] = []

    def play(self, samples: bytes, *, rate_hz: int, cut: threading.Event) -> None:
        """Keep it."""
        self.played.append((samples, rate_hz))


def find_speaker(which: Callable[[str], str | None] = shutil.which) -> Speaker:
    """The first player that this machine has."""
    for name, *options in PLAYERS:
        found = which(name)
        if found is not None:
            return ProgramSpeaker((found, *options))
    return NoSpeaker()


def _is_over(playing: "subprocess.Popen[bytes]", samples: bytes | None) -> bool:
    """Hand over samples, once, and look whether the program has ended."""
    try:
        playing.communicate(samples, timeout=LOOK_S)
    except subprocess.TimeoutExpired:
        return False
    return True
