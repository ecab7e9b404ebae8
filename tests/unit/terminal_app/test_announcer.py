"""What is heard and when: off by default, the newest sound first, a voice where one is wanted, and never an error."""

import queue
import threading
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from terminal_app.announcer import Announcer
from terminal_app.bootstrap import real_outside
from terminal_app.config import assets_folder
from terminal_app.devices.frames import FakeFrameSource
from terminal_app.devices.sound import NoSpeaker, ProgramSpeaker, Speaker
from terminal_app.screen_model import Language
from terminal_app.settings import Settings, SoundLevel
from terminal_app.sounds import RATE_HZ, NoReader, Tone, Voice, Words, tone_samples
from terminal_app.sounds.voice import voice_file
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError

PATIENCE_S = 20
SOUNDS = assets_folder() / "sounds"
TONES = Settings(sound=SoundLevel.TONES)
VOICE = Settings(sound=SoundLevel.VOICE)


class SlowSpeaker:
    """A loudspeaker that plays until it is cut short, or until the test lets it end."""

    def __init__(self) -> None:
        self.begun: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.ended: list[str] = []
        self.is_deaf = False
        self._over = threading.Event()

    def play(self, samples: bytes, *, rate_hz: int, cut: threading.Event) -> None:
        """Until somebody says so."""
        assert rate_hz == RATE_HZ
        self._over.clear()
        self.begun.put(samples)
        while not self._over.wait(0.001):
            if cut.is_set() and not self.is_deaf:
                self.ended.append("cut")
                return
        self.ended.append("over")

    def let_end(self) -> None:
        """It is over."""
        self._over.set()


@dataclass
class Room:
    """An announcer, and what is heard of it."""

    speaker: SlowSpeaker = field(default_factory=SlowSpeaker)
    reports: queue.SimpleQueue[TillcodeError | None] = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        self.announcer = self.of(self.speaker)

    def of(self, speaker: Speaker, sounds: Path = SOUNDS) -> Announcer:
        """Another announcer."""
        return Announcer(speaker, sounds, report=self.reports.put)

    def heard(self) -> bytes:
        """The next sound that begins."""
        return self.speaker.begun.get(timeout=PATIENCE_S)

    def report(self) -> TillcodeError | None:
        """What is said of the next sound that is over."""
        return self.reports.get(timeout=PATIENCE_S)


@pytest.fixture
def room() -> Iterator[Room]:
    """A quiet room."""
    made = Room()
    yield made
    made.announcer.stop()


def test_nothing_is_heard_by_default_and_nothing_but_tones_until_a_voice_is_wanted(room: Room) -> None:
    """Off, tones, voice."""
    room.announcer.say(Tone.PAID, ("paid",))
    room.announcer.configure(TONES)
    room.announcer.say(None, ("paid",))
    room.announcer.say(Tone.PAID, ("paid",))
    assert room.heard() == tone_samples(Tone.PAID, volume_percent=60)
    room.speaker.let_end()
    assert room.report() is None
    room.announcer.configure(VOICE)
    room.announcer.say(Tone.PAID, ("paid", "n12"))
    spoken = Voice(voice_file(SOUNDS, Language.ENGLISH)).samples(("paid", "n12"), volume_percent=60)
    assert room.heard() == tone_samples(Tone.PAID, volume_percent=60) + spoken
    assert room.speaker.begun.empty()


def test_the_newest_sound_cuts_off_the_one_before_and_a_quiet_moment_does_not(room: Room) -> None:
    """The customer hears the amount to its end while the next sale begins; but never an outcome that is over."""
    room.announcer.configure(TONES)
    room.announcer.say(Tone.PAID)
    room.heard()
    room.announcer.say(None)
    room.announcer.say(Tone.NOT_PAID)
    assert room.heard() == tone_samples(Tone.NOT_PAID, volume_percent=60)
    assert room.speaker.ended == ["cut"]
    room.speaker.let_end()
    assert [room.report(), room.report()] == [None, None]
    assert room.speaker.ended == ["cut", "over"]


def test_of_many_sounds_only_the_newest_is_made_up_for(room: Room) -> None:
    """An arrow key that is held down makes no queue of words."""
    room.announcer.configure(VOICE)
    room.announcer.say(Tone.PAID)
    room.heard()
    room.speaker.is_deaf = True
    for number in range(20):
        room.announcer.say(None, (f"n{number}",))
    room.speaker.let_end()
    voice = Voice(voice_file(SOUNDS, Language.ENGLISH))
    assert room.heard() == voice.samples(("n19",), volume_percent=60)
    room.speaker.let_end()
    assert [room.report(), room.report()] == [None, None]
    assert room.speaker.begun.empty()


def test_without_a_voice_file_the_tone_is_still_heard(room: Room, tmp_path: Path) -> None:
    """And the devices page says what is missing."""
    announcer = room.of(room.speaker, tmp_path)
    announcer.configure(VOICE)
    announcer.say(Tone.UNKNOWN, ("unknown",))
    assert room.heard() == tone_samples(Tone.UNKNOWN, volume_percent=60)
    room.speaker.let_end()
    told = room.report()
    assert told is not None
    assert told.code is ErrorCode.DEVICE_UNAVAILABLE
    announcer.stop()


class FakeReader:
    """Reads every text as one loud sample for each letter."""

    def read(self, text: str, language: Language) -> list[int]:
        """In any language."""
        return [10_000] * len(text)


def test_a_name_is_read_aloud_among_the_clips(room: Room) -> None:
    """In its place, and as loud as they are; a machine that cannot read it says the rest."""
    voice, said = Voice(voice_file(SOUNDS, Language.ENGLISH)), (Words("Ada"), "n5")
    clip = voice.samples(("n5",), volume_percent=60)
    for reader, name in ((FakeReader(), [6_000] * 3), (NoReader(), [])):
        announcer = Announcer(room.speaker, SOUNDS, report=room.reports.put, reader=reader)
        announcer.configure(VOICE)
        announcer.say(None, said)
        assert room.heard() == array("h", name).tobytes() + clip
        room.speaker.let_end()
        assert room.report() is None
        announcer.stop()


class BrokenSpeaker:
    """Its driver has a fault."""

    def play(self, samples: bytes, *, rate_hz: int, cut: threading.Event) -> None:
        """It fails."""
        raise ZeroDivisionError


def test_a_fault_in_the_driver_is_told_and_ends_nothing(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    """Each time."""
    announcer = room.of(BrokenSpeaker())
    announcer.configure(TONES)
    for _ in range(2):
        announcer.say(Tone.PAID)
        told = room.report()
        assert told is not None
        assert told.code is ErrorCode.DEVICE_UNAVAILABLE
    assert "ZeroDivisionError" in caplog.text
    announcer.stop()


def test_a_machine_without_a_loudspeaker_and_a_volume_of_nothing_are_silence(room: Room) -> None:
    """No error, no sound, no waiting."""
    silent = room.of(NoSpeaker())
    silent.configure(VOICE)
    silent.say(Tone.PAID, ("paid",))
    assert room.report() is None
    silent.stop()
    room.announcer.configure(Settings(sound=SoundLevel.VOICE, volume_percent=0))
    room.announcer.say(Tone.PAID, ("paid",))
    assert room.report() is None
    assert room.speaker.begun.empty()


def test_the_program_plays_through_what_the_machine_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the settings to the bytes that a player is given; one that plays for ever is ended by the next sound."""
    heard = tmp_path / "heard"
    player = tmp_path / "aplay"
    player.write_text(f"#!/bin/sh\n/bin/cat >> {heard}\necho >> {tmp_path}/done\nexec /bin/sleep 60\n")
    player.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    makers = real_outside(FakeFrameSource).makers
    assert makers is not None
    assert isinstance(makers.speaker, ProgramSpeaker)
    reports: queue.SimpleQueue[TillcodeError | None] = queue.SimpleQueue()
    announcer = Announcer(makers.speaker, makers.sounds, report=reports.put)
    announcer.configure(TONES)
    announcer.say(Tone.PAID)
    while not (tmp_path / "done").exists():
        assert reports.empty()
    announcer.say(Tone.NOT_PAID)
    assert reports.get(timeout=PATIENCE_S) is None
    announcer.stop()
    assert heard.read_bytes().startswith(tone_samples(Tone.PAID, volume_percent=60))
