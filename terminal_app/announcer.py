"""What is heard, in a thread of its own: neither a slow printer nor a sentence keeps the next tone waiting.

The newest sound cuts off the one before, so that what is heard is what is so; a moment without a sound cuts off
nothing. Off by default; without a loudspeaker there is silence, and never an exception.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from terminal_app.device_queue import Patience
from terminal_app.devices.boundary import DriverThread
from terminal_app.devices.sound import Speaker
from terminal_app.screen_model import Language
from terminal_app.settings import Settings, SoundLevel
from terminal_app.sounds import RATE_HZ, NoReader, Speech, TextReader, Tone, Voice, Words, tone_samples
from terminal_app.sounds.tones import scaled
from terminal_app.sounds.voice import voice_file
from wallet_sdk.protocol.errors import TillcodeError

STOP_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A tone, then what is said in a language; `volume_percent` from 0 to 100."""

    tone: Tone | None
    clips: Speech
    language: Language
    volume_percent: int


class Announcer:
    """Plays sounds as the settings want them. `configure`, `say` and `stop` return at once, from any thread.

    Args:
        speaker: plays samples.
        sounds: folder of the voice files.
        report: called in the announcer's thread after each sound: None, or why a part of it was not heard.
        reader: reads texts aloud that have no clip.
        patience: how long it and the loudspeaker are waited for.
    """

    def __init__(
        self,
        speaker: Speaker,
        sounds: Path,
        *,
        report: Callable[[TillcodeError | None], None],
        reader: TextReader = NoReader(),  # noqa: B008 - it holds nothing
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        self._speaker = speaker
        self._reader = reader
        self._sounds = sounds
        self._patience = patience
        self._report = report
        self._settings = Settings()
        self._voice: tuple[Language, Voice] | None = None
        self._changed = threading.Condition()
        self._next: Sound | None = None
        self._cut = threading.Event()
        self._is_stopped = False
        self._driver = DriverThread("sound")
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
        self._thread.start()

    def configure(self, settings: Settings) -> None:
        """Language, volume, and whether anything is heard at all."""
        self._settings = settings

    def say(self, tone: Tone | None, clips: Speech = ()) -> None:
        """The tone, then the clips where the shop wants a voice."""
        if self._settings.sound is not SoundLevel.OFF:
            self._play(tone, clips if self._settings.sound is SoundLevel.VOICE else ())

    def test(self) -> None:
        """A tone, whatever the settings say."""
        self._play(Tone.PAID, ())

    def stop(self) -> None:
        """Be silent and end; a loudspeaker that hangs in its driver is left behind."""
        with self._changed:
            self._is_stopped = True
            self._cut_short()
        self._driver.leave()
        self._thread.join(STOP_TIMEOUT_S)

    def _play(self, tone: Tone | None, clips: Speech) -> None:
        if tone is None and not clips:
            return
        settings = self._settings
        with self._changed:
            self._next = Sound(
                tone=tone, clips=clips, language=settings.language, volume_percent=settings.volume_percent
            )
            self._cut_short()

    def _cut_short(self) -> None:
        self._cut.set()
        self._changed.notify()

    def _run(self) -> None:
        while (sound := self._take()) is not None:
            self._report(self._heard(sound))

    def _take(self) -> Sound | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopped or self._next is not None)
            sound, self._next = self._next, None
            self._cut = threading.Event()
            return None if self._is_stopped else sound

    def _heard(self, sound: Sound) -> TillcodeError | None:
        """Play it; without a voice file the tone alone."""
        problem: TillcodeError | None = None
        cut = self._cut
        samples = tone_samples(sound.tone, volume_percent=sound.volume_percent) if sound.tone else b""
        try:
            if sound.clips:
                samples += self._driver.call(lambda: self._spoken(sound), limit_s=self._patience.sound_s)
        except TillcodeError as error:
            problem = error
        try:
            if samples and sound.volume_percent:
                self._driver.call(
                    lambda: self._speaker.play(samples, rate_hz=RATE_HZ, cut=cut), limit_s=self._patience.play_s
                )
        except TillcodeError as error:
            problem = error
        return problem

    def _spoken(self, sound: Sound) -> bytes:
        voice, spoken = self._voice_of(sound.language), bytearray()
        for one in sound.clips:
            if isinstance(one, Words):
                spoken += scaled(self._reader.read(one.text, sound.language), volume_percent=sound.volume_percent)
            else:
                spoken += voice.samples((one,), volume_percent=sound.volume_percent)
        return bytes(spoken)

    def _voice_of(self, language: Language) -> Voice:
        if self._voice is None or self._voice[0] is not language:
            self._voice = language, Voice(voice_file(self._sounds, language))
        return self._voice[1]
