"""Look a text up by its id, and fail loudly when it is missing: a blank line on a till is worse than a failed test."""

from collections.abc import Mapping

from terminal_app.i18n.en import ENGLISH
from terminal_app.i18n.message_ids import MessageId
from wallet_sdk.protocol.errors import ErrorCode, MisuseError

_LANGUAGES: Mapping[str, Mapping[MessageId, str]] = {"en": ENGLISH}


class Catalogue:
    """The texts of one language, complete."""

    def __init__(self, texts: Mapping[MessageId, str]) -> None:
        """Take the texts.

        Raises:
            MisuseError: BAD_ARGUMENT when one is missing or empty.
        """
        missing = sorted(message_id.value for message_id in MessageId if not texts.get(message_id))
        if missing:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"no text for {', '.join(missing)}", param="texts")
        self._texts = dict(texts)

    def text(self, message_id: MessageId, **values: str) -> str:
        """The text of an id with its named places filled in.

        Raises:
            MisuseError: BAD_ARGUMENT when a place has no value.
        """
        try:
            return self._texts[message_id].format(**values)
        except (KeyError, IndexError) as error:
            raise MisuseError(
                ErrorCode.BAD_ARGUMENT, f"the text {message_id.value} has a place that nobody fills", param="values"
            ) from error


def catalogue_of(language: str) -> Catalogue:
    """The catalogue of a language, by its code: "en".

    Raises:
        MisuseError: BAD_ARGUMENT when there is none.
    """
    texts = _LANGUAGES.get(language)
    if texts is None:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"no catalogue for {language[:12]!r}", param="language")
    return Catalogue(texts)
