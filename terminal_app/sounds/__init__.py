"""What is heard: a tone for each outcome, amounts and outcomes spoken from clips. Names and samples, no device."""

from terminal_app.sounds.phrases import Phrase, amount_clips, clip_texts
from terminal_app.sounds.reader import NoReader, Speech, TextReader, Words, find_reader
from terminal_app.sounds.tones import RATE_HZ, Tone, tone_samples
from terminal_app.sounds.voice import Voice

__all__ = [
    "RATE_HZ",
    "NoReader",
    "Phrase",
    "Speech",
    "TextReader",
    "Tone",
    "Voice",
    "Words",
    "amount_clips",
    "clip_texts",
    "find_reader",
    "tone_samples",
]
