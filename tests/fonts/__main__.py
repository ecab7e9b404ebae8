"""`make fonts`: cut the fonts of every script down to what a till can say and a shop may be called, into assets/fonts.

The full fonts come as pinned packages into .cache/fonts (constraints.txt beside this file). Each subset holds the
letters of its script (wallet_sdk.protocol.letters) and Latin beside them, because a sentence in any language may name a
shop, a server or a currency:

    European     Greek, Cyrillic, and the Latin of Vietnam and Africa
    Han          the commonest characters of China, Taiwan and Japan, kana, and the commonest syllables of Korea
    Arabic       letters and their presentation forms: the joining is done before drawing (wallet_sdk.screen.reading);
                 and Hebrew
    Devanagari   with all its rules for conjuncts: Kivy's SDL2_ttf shapes it with HarfBuzz; Thai likewise

Every text of the catalogues is added on top, so that no glyph can be missing.
"""

import importlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fontTools import merge, subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from terminal_app.i18n import Language, catalogue_of
from wallet_sdk.protocol.letters import Script, letters_of
from wallet_sdk.screen.reading import FONT_FILES

FOLDER: Final = Path(__file__).parents[2] / "assets" / "fonts"
# Of Inter, as parts of the type's size.
ABOVE_BASELINE: Final = 2728 / 2816
BELOW_BASELINE: Final = 680 / 2816
WEIGHTS: Final = {"Medium": 500, "Bold": 700}

Characters = frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One subset: its name, the fonts it is cut from (package and file), its characters, which shaping rules stay."""

    name: str
    sources: tuple[tuple[str, str], ...]
    characters: Characters
    features: tuple[str, ...]


_NOTO_LATIN: Final = ("fontpkg_noto_sans", "files/NotoSans[wdth,wght].ttf")
_CJK: Final = "justmytype_intl_cjk"
SOURCES: Final = {
    Script.EUROPEAN: (_NOTO_LATIN,),
    Script.HAN: (
        (_CJK, "fonts/ofl/notosanssc/NotoSansSC[wght].ttf"),
        (_CJK, "fonts/ofl/notosanskr/NotoSansKR[wght].ttf"),
    ),
    Script.ARABIC: (
        ("fontpkg_noto_sans_arabic", "files/NotoSansArabic[wdth,wght].ttf"),
        ("justmytype_intl_rtl", "fonts/ofl/notosanshebrew/NotoSansHebrew[wdth,wght].ttf"),
        _NOTO_LATIN,
    ),
    Script.DEVANAGARI: (("fontpkg_noto_sans_devanagari", "files/NotoSansDevanagari[wdth,wght].ttf"), _NOTO_LATIN),
    Script.THAI: (("fontpkg_noto_sans_thai", "files/NotoSansThai[wdth,wght].ttf"), _NOTO_LATIN),
}
CUTS: Final = tuple(
    Cut(
        name=FONT_FILES[script],
        sources=sources,
        characters=letters_of(script),
        features=("*",) if script.is_shaped else (),
    )
    for script, sources in SOURCES.items()
)


def catalogue_characters() -> Characters:
    """Every character that a catalogue has."""
    return frozenset("".join(text for language in Language for text in catalogue_of(language).texts))


def cut(what: Cut, weight: str) -> TTFont:
    """The subset at this weight."""
    wanted = what.characters | catalogue_characters()
    parts = []
    taken: set[str] = set()
    for package, file_name in what.sources:
        font = TTFont(Path(str(importlib.import_module(package).__file__)).parent / file_name)
        axes = {axis.axisTag: WEIGHTS[weight] if axis.axisTag == "wght" else 100 for axis in font["fvar"].axes}
        instance = instancer.instantiateVariableFont(font, axes)
        mine = {each for each in wanted if ord(each) in instance.getBestCmap()} - taken
        taken |= mine
        parts.append(_subset(instance, mine, what.features))
    return _as_high_as_inter(parts[0] if len(parts) == 1 else _merged(parts))


def _subset(font: TTFont, characters: set[str], features: tuple[str, ...]) -> TTFont:
    options = subset.Options(layout_features=list(features), hinting=False, name_IDs=[0, 1, 2, 4, 6, 13, 14])
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "STAT", "DSIG", "MATH"]
    if not features:
        options.drop_tables += ["GSUB", "GPOS", "GDEF"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(each) for each in characters])
    cutter.subset(font)
    return font


def _as_high_as_inter(font: TTFont) -> TTFont:
    """Lines of every script are as high as Inter's, so that no layout depends on the language."""
    unit = font["head"].unitsPerEm
    above, below = round(unit * ABOVE_BASELINE), round(unit * BELOW_BASELINE)
    font["hhea"].ascent, font["hhea"].descent, font["hhea"].lineGap = above, -below, 0
    windows = font["OS/2"]
    windows.sTypoAscender, windows.sTypoDescender, windows.sTypoLineGap = above, -below, 0
    windows.usWinAscent, windows.usWinDescent = above, below
    return font


def _merged(parts: list[TTFont]) -> TTFont:
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, part in enumerate(parts):
            paths.append(str(Path(folder) / f"{number}.ttf"))
            part.save(paths[-1])
        return merge.Merger(merge.Options(drop_tables=["meta"])).merge(paths)


def main() -> int:
    """Write every subset at every weight; returns the exit code."""
    for what in CUTS:
        for weight in WEIGHTS:
            path = FOLDER / what.name.format(weight=weight)
            cut(what, weight).save(path)
            print(f"{path.name}: {path.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
