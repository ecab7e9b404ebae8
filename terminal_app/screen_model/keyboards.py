"""The keys of the on-screen keyboard, by language: values only.

A keyboard has layers that one key leads through: the language's own script, Latin letters, Latin letters with marks,
figures with signs. Where ten or more keys fit side by side the letters lie as on that country's keyboard; where only
seven do, they lie in the sequence of the alphabet. Chinese is typed in Latin letters, or on a keyboard that brings its
own way of writing.
"""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from terminal_app.screen_model.appearance import Language

#: Keys side by side where a hand has little room (a 7 inch panel upright), each 9 mm wide.
NARROW_COLUMNS: Final = 7


@unique
class Letters(Enum):
    """Whether a layer knows capitals."""

    SMALL_AND_CAPITAL = "small and capital"
    ONE_FORM = "one form"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer: `face` is what the key that leads to it says. `wide` and `narrow` are its rows of keys."""

    face: str
    wide: tuple[str, ...]
    narrow: tuple[str, ...]
    letters: Letters = Letters.ONE_FORM


_FIGURES: Final = "1234567890"
_QWERTY: Final = ("qwertyuiop", "asdfghjkl", "zxcvbnm-.")
_AZERTY: Final = ("azertyuiop", "qsdfghjklm", "wxcvbn-.")
_QWERTZ: Final = ("qwertzuiop", "asdfghjkl", "yxcvbnm-.")
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz-."
_MARKED: Final = ("áàâäãåæçñß", "éèêëíìîïÿœ", "óòôöõøúùûü")
_SIGNS: Final = ("-./:@_&+#=", ",;!?'()*%\"")
_ARABIC: Final = ("ضصثقفغعهخحجد", "شسيبلاتنمكطذ", "ئءؤرىةوزظأإآ")
_HINDI: Final = ("कखगघङचछजझञटठ", "डढणतथदधनपफबभ", "मयरलवशषसहािी", "ुूृेैोौ्ंःँ़")
_HINDI_MORE: Final = ("अआइईउऊऋएऐओऔ।",)


def layers_of(language: Language) -> tuple[Layer, ...]:
    """The layers of a language's keyboard; the first one is up first."""
    match language:
        case Language.FRENCH:
            return (_latin(_AZERTY), *_BESIDE)
        case Language.GERMAN:
            return (_latin(_QWERTZ), *_BESIDE)
        case Language.ARABIC:
            return (_own("أب", _ARABIC, with_figures=True), _latin(_QWERTY), *_BESIDE)
        case Language.HINDI:
            return (_own("कख", _HINDI), _own("अआ", _HINDI_MORE, with_figures=True), _latin(_QWERTY), *_BESIDE)
        case _:
            return (_latin(_QWERTY), *_BESIDE)


def _latin(wide: tuple[str, ...]) -> Layer:
    return Layer(
        face="ABC",
        wide=(_FIGURES, *wide),
        narrow=_narrow(_FIGURES + _ALPHABET),
        letters=Letters.SMALL_AND_CAPITAL,
    )


def _own(face: str, rows: tuple[str, ...], *, with_figures: bool = False) -> Layer:
    figures = (_FIGURES,) if with_figures else ()
    return Layer(face=face, wide=(*figures, *rows), narrow=_narrow("".join((*figures, *rows))))


def _narrow(keys: str) -> tuple[str, ...]:
    return tuple(keys[start : start + NARROW_COLUMNS] for start in range(0, len(keys), NARROW_COLUMNS))


_BESIDE: Final = (
    Layer(face="ÄÉÑ", wide=_MARKED, narrow=_narrow("".join(_MARKED)), letters=Letters.SMALL_AND_CAPITAL),
    Layer(face="1 2 #", wide=(_FIGURES, *_SIGNS), narrow=_narrow("".join((_FIGURES, *_SIGNS)))),
)
