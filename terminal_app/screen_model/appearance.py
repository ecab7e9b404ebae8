"""How the screens look and read: language, colours, size of type. Chosen in the settings, switched live."""

from dataclasses import dataclass
from enum import Enum, unique


@unique
class Language(Enum):
    """The languages of the screens, by ISO 639-1 code."""

    ENGLISH = "en"
    CHINESE = "zh"
    SPANISH = "es"
    FRENCH = "fr"
    GERMAN = "de"
    PORTUGUESE = "pt"
    HINDI = "hi"
    ARABIC = "ar"

    @property
    def own_name(self) -> str:
        """What the language calls itself: how somebody finds it who reads no other."""
        return _OWN_NAMES[self]


_OWN_NAMES = {
    Language.ENGLISH: "English",
    Language.CHINESE: "中文",
    Language.SPANISH: "Español",
    Language.FRENCH: "Français",
    Language.GERMAN: "Deutsch",
    Language.PORTUGUESE: "Português",
    Language.HINDI: "हिन्दी",
    Language.ARABIC: "العربية",
}


@unique
class ThemeName(Enum):
    """The sets of colours."""

    NIGHT = "night"
    DAYLIGHT = "daylight"
    HIGH_CONTRAST = "high_contrast"


@unique
class TextSize(Enum):
    """How large words are. Amounts and keys are large in both."""

    NORMAL = "normal"
    LARGE = "large"


@unique
class Direction(Enum):
    """Which way a line is read. Amounts and codes are read from the left in both."""

    LEFT_TO_RIGHT = "left_to_right"
    RIGHT_TO_LEFT = "right_to_left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """One choice of each."""

    language: Language = Language.ENGLISH
    theme: ThemeName = ThemeName.NIGHT
    text_size: TextSize = TextSize.NORMAL

    @property
    def direction(self) -> Direction:
        """Which way this language is read."""
        arabic = self.language is Language.ARABIC
        return Direction.RIGHT_TO_LEFT if arabic else Direction.LEFT_TO_RIGHT
