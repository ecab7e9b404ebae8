"""Tones differ, amounts are spoken as people say them, the shipped clips are complete, and silence is no error."""

import sys
from array import array
from pathlib import Path
from threading import Event

import pytest

from terminal_app.config import assets_folder
from terminal_app.core.guidance import SPOKEN_LABELS, clip_of, guidance, label_texts
from terminal_app.devices.sound import FakeSpeaker, NoSpeaker, ProgramSpeaker, find_speaker
from terminal_app.i18n import MessageId, catalogue_of
from terminal_app.screen_model import AmountText, AmountTyped, FocusMoved, Language
from terminal_app.sounds import (
    RATE_HZ,
    NoReader,
    Phrase,
    Speech,
    Tone,
    Voice,
    Words,
    amount_clips,
    clip_texts,
    find_reader,
    tone_samples,
)
from terminal_app.sounds.tones import NOTES
from terminal_app.sounds.voice import encode_mu_law, voice_file
from wallet_sdk.protocol.errors import UnavailableError
from wallet_sdk.protocol.money import Currency

SOUNDS = assets_folder() / "sounds"

#: Amount in whole units -> what is said, clip by clip, as a speaker of the language would write it down.
SPOKEN = {
    Language.ENGLISH: {
        7: "n7",
        110: "h1 n10",
        999: "h9 n99",
        1_000: "n1 thousand",
        21_305: "n21 thousand h3 n5",
        2_000_015: "n2 million n15",
    },
    Language.GERMAN: {
        100: "h1",
        1_000: "one_thousand",
        21_000: "n21 thousand",
        101_000: "h1 one_thousand",
        1_000_001: "one_million n1",
        3_400_000: "n3 millions h4 thousand",
    },
    Language.FRENCH: {80: "n80", 1_200: "thousand h2", 2_071: "n2 thousand n71", 1_000_000: "one_million"},
    Language.SPANISH: {
        100: "h1",
        101: "hundred_and n1",
        1_000: "thousand",
        21_000: "m21",
        121_500: "hundred_and m21 h5",
        31_000_000: "n31 millions",
    },
    Language.PORTUGUESE: {
        100: "h1",
        125: "hundred_and and n25",
        1_100: "thousand and h1",
        1_250: "thousand h2 and n50",
        2_005: "n2 thousand and n5",
    },
    Language.HINDI: {
        999: "h9 n99",
        100_000: "n1 lakh",
        12_34_567: "n12 lakh n34 thousand h5 n67",
        10_000_000: "n1 crore",
    },
    Language.CHINESE: {
        10: "ten",
        12: "ten n2",
        20: "n2 ten",
        105: "n1 hundred n0 n5",
        110: "n1 hundred n1 ten",
        1_005: "n1 thousand n0 n5",
        2_000: "two thousand",
        20_000: "two myriad",
        10_005: "n1 myriad n0 n5",
        120_000: "ten n2 myriad",
    },
    Language.ARABIC: {
        25: "n25",
        125: "h1 and n25",
        1_000: "thousand",
        2_000: "two_thousand",
        5_300: "n5 thousands and h3",
        11_000: "n11 thousand",
        2_000_001: "two_million and n1",
    },
}
CASES = [(language, whole, said) for language, cases in SPOKEN.items() for whole, said in cases.items()]


@pytest.mark.parametrize(("language", "whole", "said"), CASES, ids=lambda value: str(getattr(value, "value", value)))
def test_a_number_is_said_as_people_say_it(language: Language, whole: int, said: str) -> None:
    """Irregular hundreds, thousands without a one, lakh and crore, the zero in a gap."""
    assert " ".join(amount_clips(whole * 100, Currency.EUR, language)) == said


@pytest.mark.parametrize(
    ("minor", "currency", "said"),
    [
        (1_250, Currency.EUR, "n12 point n50"),
        (1_205, Currency.EUR, "n12 point n0 n5"),
        (5, Currency.EUR, "n0 point n0 n5"),
        (0, Currency.EUR, "n0"),
        (1_250, Currency.JPY, "n1 thousand h2 n50"),
        (1_250, Currency.KWD, "n1 point n2 n5 n0"),
        (100_000_000_000, Currency.EUR, "n1 n0 n0 n0 n0 n0 n0 n0 n0 n0"),
    ],
)
def test_the_point_and_what_is_behind_it(minor: int, currency: Currency, said: str) -> None:
    """Two digits as a number, a leading zero as a zero, three digits one by one; nothing endless."""
    assert " ".join(amount_clips(minor, currency, Language.ENGLISH)) == said


@pytest.mark.parametrize("language", Language, ids=lambda language: language.value)
def test_every_amount_is_said_in_clips_that_exist(language: Language) -> None:
    """Every number up to ten thousand, and every size above it, from the clips that are shipped."""
    texts = Voice(voice_file(SOUNDS, language)).texts
    assert texts == {**clip_texts(language), **label_texts(language)}, "a text was changed: run make sounds"
    names = set(texts)
    wholes = [*range(10_000), *(10**power + 10**lower for power in range(4, 9) for lower in range(power))]
    used = {clip for whole in wholes for clip in amount_clips(whole * 100 + 7, Currency.EUR, language)}
    assert used <= names
    assert {phrase.value for phrase in Phrase} <= names


@pytest.mark.parametrize("language", Language, ids=lambda language: language.value)
def test_different_amounts_are_said_differently(language: Language) -> None:
    """Nobody hears the same for two amounts."""
    said = [amount_clips(minor, Currency.JPY, language) for minor in [*range(3_000), *range(90_000, 130_000, 7)]]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("language", Language, ids=lambda language: language.value)
def test_the_shipped_voice_speaks(language: Language) -> None:
    """Each clip is loud, and no longer than a sentence; a few hundred kilobytes a language."""
    path = voice_file(SOUNDS, language)
    assert path.stat().st_size < 750_000
    voice = Voice(path)
    for name in voice.texts:
        samples = array("h", voice.samples([name], volume_percent=100))
        assert 0.1 < len(samples) / RATE_HZ < 6.0, name
        assert max(map(abs, samples)) > 10_000, name


@pytest.mark.parametrize("language", Language, ids=lambda language: language.value)
def test_a_button_in_the_ring_says_what_stands_on_it(language: Language) -> None:
    """Every label that has a clip, told apart from the others by its text alone."""
    catalogue = catalogue_of(language)
    for label in SPOKEN_LABELS:
        focus = FocusMoved(robot_id="anything", label=catalogue.text(label))
        (clip,) = guidance(focus, language, Currency.EUR)
        assert isinstance(clip, str)
        assert label_texts(language)[clip] == catalogue.text(label)


@pytest.mark.parametrize(
    ("robot_id", "label", "said"),
    [
        ("key_7", "7", ("n7",)),
        ("key_00", "00", ("n0", "n0")),
        ("key_a", "a", ()),
        ("tip_15", "15 %", ("n15",)),
        ("page_on", "", (clip_of(MessageId.DO_PAGE_ON),)),
        ("menu", "menu", (clip_of(MessageId.DO_MENU),)),
        ("person_2", "Ben", (Words("Ben"),)),
    ],
)
def test_what_the_ring_says_of_other_things(robot_id: str, label: str, said: Speech) -> None:
    """Digits are numbers, pictures go by their name, names are read aloud; a letter stands in the field."""
    assert guidance(FocusMoved(robot_id=robot_id, label=label), Language.ENGLISH, Currency.EUR) == said


def test_a_line_of_a_list_says_all_that_stands_on_it() -> None:
    """What became of the sale, its amount, when it was and what it was for; and who is an owner."""
    twelve = AmountText(number="12.50", currency="EUR")
    sale = FocusMoved(robot_id="sale_1", label="NOT PAID", amount=twelve, details=("14:02", "table 7"))
    said = ("not_paid", "n12", "point", "n50", "n14", "n0", "n2", Words("table 7"))
    assert guidance(sale, Language.ENGLISH, Currency.JPY) == said
    person = FocusMoved(robot_id="person_1", label="Ada", details=("Owner",))
    assert guidance(person, Language.ENGLISH, Currency.EUR) == (Words("Ada"), clip_of(MessageId.ROLE_OWNER))


def test_an_amount_that_was_typed_is_said_whole() -> None:
    """In the till's currency."""
    assert guidance(AmountTyped(amount_minor=1_205), Language.ENGLISH, Currency.EUR) == ("n12", "point", "n0", "n5")
    assert guidance(AmountTyped(amount_minor=0), Language.ENGLISH, Currency.EUR) == ("n0",)


def test_names_are_read_aloud_where_a_program_can(tmp_path: Path) -> None:
    """It gets the text on its standard input, whatever the text begins with; one that fails is silence."""
    asked = tmp_path / "asked"
    program = tmp_path / "espeak-ng"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys, wave\n"
        f"open({str(asked)!r}, 'w').write(' '.join(sys.argv[1:3]) + ' ' + sys.stdin.read())\n"
        "out = wave.open(sys.stdout.buffer, 'wb')\n"
        "out.setparams((1, 2, 16000, 0, 'NONE', ''))\n"
        "out.writeframesraw(b'\\x00\\x10' * 1600)\n"
    )
    program.chmod(0o755)
    reader = find_reader(lambda name: str(program) if name == "espeak-ng" else None)
    read = reader.read("--help Zoë", Language.FRENCH)
    assert asked.read_text() == "-v fr-fr --help Zoë"
    assert (len(read), set(read)) == (800, {0x1000})
    program.write_text(f"#!{sys.executable}\nraise SystemExit(1)\n")
    assert list(reader.read("Ada", Language.ENGLISH)) == []
    program.unlink()
    assert list(reader.read("Ada", Language.ENGLISH)) == []
    assert isinstance(find_reader(lambda _: None), NoReader)


def test_volume_scales_and_nothing_is_silence() -> None:
    """From 100 % to 0."""
    voice = Voice(voice_file(SOUNDS, Language.ENGLISH))
    loud, quiet, off = (array("h", voice.samples(["n5"], volume_percent=one)) for one in (100, 50, 0))
    assert max(quiet) == pytest.approx(max(loud) / 2, abs=2)
    assert not any(off)
    assert voice.samples([], volume_percent=100) == b""
    assert len(voice.samples(["no such clip"], volume_percent=100)) < RATE_HZ


def test_tones_are_told_apart() -> None:
    """By their notes, and each is short; muted they are silent."""
    assert len(set(NOTES.values())) == len(Tone)
    for tone in Tone:
        samples = array("h", tone_samples(tone, volume_percent=60))
        assert 0 < len(samples) / RATE_HZ < 1.0
        assert 5_000 < max(samples) < 20_000
        assert abs(samples[0]) < 100
        assert not any(tone_samples(tone, volume_percent=0))


def test_mu_law_keeps_a_sample_within_its_step() -> None:
    """Every value, both signs. Source: ITU-T G.711: the largest step is 1,024 of 32,635."""
    from terminal_app.sounds.voice import _DECODED

    for sample in range(-32_768, 32_768, 37):
        heard = _DECODED[encode_mu_law(sample)]
        assert abs(heard - sample) <= max(8, abs(sample) // 16) or abs(sample) > 32_635


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x00\x00\x00\x05[1,2]"])
def test_a_file_that_is_no_voice_is_told(tmp_path: Path, content: bytes) -> None:
    """Missing, or none of ours."""
    path = tmp_path / "voice-en.bin"
    if content:
        path.write_bytes(content)
    with pytest.raises(UnavailableError, match="make sounds"):
        Voice(path)


def test_a_machine_without_a_player_is_silent() -> None:
    """And one with a player plays through it; a player that fails or is gone is no error."""
    assert isinstance(find_speaker(lambda _: None), NoSpeaker)
    find_speaker(lambda _: None).play(b"\x00\x00", rate_hz=RATE_HZ, cut=Event())
    found = find_speaker(lambda name: f"/usr/bin/{name}" if name == "aplay" else None)
    assert isinstance(found, ProgramSpeaker)
    assert found._command[0] == "/usr/bin/aplay"
    ProgramSpeaker(("/no/such/program",)).play(b"", rate_hz=RATE_HZ, cut=Event())
    ProgramSpeaker((sys.executable, "-c", "raise SystemExit(1)")).play(b"ab", rate_hz=RATE_HZ, cut=Event())


def test_a_program_gets_samples_and_rate(tmp_path: Path) -> None:
    """On its standard input."""
    target = tmp_path / "heard"
    script = "import sys; open(sys.argv[1], 'wb').write(sys.argv[2].encode() + sys.stdin.buffer.read())"
    ProgramSpeaker((sys.executable, "-c", script, str(target), "{rate}")).play(b"\x01\x02", rate_hz=8_000, cut=Event())
    assert target.read_bytes() == b"8000\x01\x02"
    fake = FakeSpeaker()
    fake.play(b"\x01\x02", rate_hz=8_000, cut=Event())
    assert fake.played == [(b"\x01\x02", 8_000)]
