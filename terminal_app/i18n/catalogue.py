"""Look a text up by its id, and fail loudly when it is missing: a blank line on a till is worse than a failed test."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from terminal_app.i18n.ar import ARABIC
from terminal_app.i18n.de import GERMAN
from terminal_app.i18n.en import ENGLISH
from terminal_app.i18n.es import SPANISH
from terminal_app.i18n.fr import FRENCH
from terminal_app.i18n.hi import HINDI
from terminal_app.i18n.message_ids import MessageId
from terminal_app.i18n.pt import PORTUGUESE
from terminal_app.i18n.zh import CHINESE
from terminal_app.screen_model import Appearance, Direction, Language
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.screen.reading import isolated

_LANGUAGES: Final[Mapping[Language, Mapping[MessageId, str]]] = MappingProxyType(
    {
        Language.ENGLISH: ENGLISH,
        Language.CHINESE: CHINESE,
        Language.SPANISH: SPANISH,
        Language.FRENCH: FRENCH,
        Language.GERMAN: GERMAN,
        Language.PORTUGUESE: PORTUGUESE,
        Language.HINDI: HINDI,
        Language.ARABIC: ARABIC,
    }
)
assert set(_LANGUAGES) == set(Language), "every language has its catalogue"


class Catalogue:
    """The texts of one language, complete."""

    def __init__(self, texts: Mapping[MessageId, str], language: Language = Language.ENGLISH) -> None:
        """Take the texts.

        Raises:
            MisuseError: BAD_ARGUMENT when one is missing or empty.
        """
        missing = sorted(message_id.value for message_id in MessageId if not texts.get(message_id))
        if missing:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"no text for {', '.join(missing)}", param="texts")
        self._texts = dict(texts)
        self._isolates = Appearance(language=language).direction is Direction.RIGHT_TO_LEFT
        self.language = language

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text, with its places not filled in."""
        return tuple(self._texts.values())

    def value(self, text: str) -> str:
        """An amount, a time or a name as it stands in a text of this language."""
        return isolated(text) if self._isolates and text else text

    def text(self, message_id: MessageId, **values: str) -> str:
        """The text of an id with its named places filled in.

        Where one reads from the right, each value keeps its own direction.

        Raises:
            MisuseError: BAD_ARGUMENT when a place has no value.
        """
        try:
            return self._texts[message_id].format(**{name: self.value(text) for name, text in values.items()})
        except (KeyError, IndexError) as error:
            raise MisuseError(
                ErrorCode.BAD_ARGUMENT, f"the text {message_id.value} has a place that nobody fills", param="values"
            ) from error


def catalogue_of(language: Language) -> Catalogue:
    """The catalogue of a language."""
    return Catalogue(_LANGUAGES[language], language)
