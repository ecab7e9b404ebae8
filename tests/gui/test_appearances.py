"""Every screen in every language, set of colours and size of words, on every panel, judged in the live widget tree."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest

from terminal_app.i18n import MessageId, catalogue_of
from terminal_app.screen_model import Appearance, Language, ScreenModel, ScreenName, TextSize, ThemeName
from terminal_app.ui.samples import SAMPLES, samples, turned
from tests.gui.layout import everything_wrong, pale_texts
from tests.gui.stage import Till, picture
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT, PANEL_10_LANDSCAPE, Panel

TillOf = Callable[[ScreenModel, Panel], Till]

PANELS = (PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT, PANEL_10_LANDSCAPE)
# Latin, Han, and read from the right: these are drawn in every set of colours.
IN_ALL_COLOURS = (Language.ENGLISH, Language.CHINESE, Language.ARABIC)
# Long words, and marks above and below the letters.
WIDEST = (Language.GERMAN, Language.HINDI)
LEAVES_MAX = 8


def on_panels(languages: Iterable[Language], panels: tuple[Panel, ...]) -> pytest.MarkDecorator:
    """Each language on one panel in every run, by turns; on the others in ``make soak``, for it takes minutes."""
    chosen = []
    for place, language in enumerate(languages):
        for panel in panels:
            marks = () if panel is panels[place % len(panels)] else (pytest.mark.soak,)
            name = f"{language.value}-{panel.width_px}x{panel.height_px}"
            chosen.append(pytest.param(language, panel, marks=marks, id=name))
    return pytest.mark.parametrize(("language", "panel"), chosen)


@on_panels(Language, PANELS)
def test_every_screen_in_every_language(till_of: TillOf, panel: Panel, language: Language) -> None:
    """Nothing is cut or lies over another, no glyph is missing, amounts stand left to right, targets are large.

    And all text has 7:1 against the very pixels that it stands on.
    """
    till = till_of(SAMPLES[ScreenName.KEYPAD], panel)
    wrong = list(all_wrong(till, panel, Appearance(language=language)))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "theme", [each for each in ThemeName if each is not ThemeName.NIGHT], ids=lambda each: each.value
)
@pytest.mark.parametrize(
    "language",
    [pytest.param(each, marks=() if each is Language.ENGLISH else (pytest.mark.soak,)) for each in IN_ALL_COLOURS],
    ids=lambda each: each.value,
)
def test_text_stands_out_in_the_other_colours_too(till_of: TillOf, theme: ThemeName, language: Language) -> None:
    """7:1 by day and in high contrast. How long words are changes no colour: one language in every run."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], PANEL_7_LANDSCAPE)
    wrong = list(all_wrong(till, PANEL_7_LANDSCAPE, Appearance(language=language, theme=theme)))
    assert not wrong, "\n".join(wrong)


@on_panels(WIDEST, PANELS[:2])
def test_large_words_fit_their_places(till_of: TillOf, panel: Panel, language: Language) -> None:
    """The same with large words, on the small panels and in the languages that need most room."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], panel)
    wrong = list(all_wrong(till, panel, Appearance(language=language, text_size=TextSize.LARGE)))
    assert not wrong, "\n".join(wrong)


@on_panels((*WIDEST, Language.PORTUGUESE), PANELS[:2])
def test_every_leaf_of_the_settings_fits(till_of: TillOf, panel: Panel, language: Language) -> None:
    """They are turned, and what stands on the last leaf is read as well as what stands on the first."""
    till = till_of(samples(Appearance(language=language, text_size=TextSize.LARGE))[ScreenName.SETTINGS], panel)
    wrong, leaves = list(everything_wrong(panel)), 1
    while (before := till.texts()) and leaves < LEAVES_MAX:
        till.tap("page_on")
        if till.texts() == before:
            break
        wrong, leaves = [*wrong, *everything_wrong(panel)], leaves + 1
    assert leaves > 1
    assert not wrong, "\n".join(wrong)


def all_wrong(till: Till, panel: Panel, appearance: Appearance) -> Iterator[str]:
    """Show every screen in this appearance, and tell all that is wrong on any of them."""
    as_customers = turned(appearance) if appearance.language in (*IN_ALL_COLOURS, *WIDEST) else {}
    turned_too = [(f"{name.value} turned", model) for name, model in as_customers.items()]
    for name, model in [(name.value, model) for name, model in samples(appearance).items()] + turned_too:
        till.show(model)
        # where things stand does not depend on their colours
        if appearance.theme is ThemeName.NIGHT:
            yield from (f"{name}: {found}" for found in everything_wrong(panel))
        yield from (f"{name} {appearance.theme.value}: {found}" for found in pale_texts(picture()))


@on_panels(IN_ALL_COLOURS, PANELS)
def test_training_is_marked_on_every_screen(till_of: TillOf, panel: Panel, language: Language) -> None:
    """Play money is never taken for real: the mark stands in the bar of every screen, whole."""
    till = till_of(SAMPLES[ScreenName.KEYPAD], panel)
    mark = catalogue_of(language).text(MessageId.TRAINING)
    wrong = []
    for name, model in samples(Appearance(language=language)).items():
        till.show(replace(model, bar=replace(model.bar, training=mark)))
        if till.texts().get("place", [""])[0] not in {mark, mark.partition(" · ")[0]}:
            wrong.append(f"{name.value}: no mark")
        wrong += [f"{name.value}: {found}" for found in everything_wrong(panel)]
    assert not wrong, "\n".join(wrong)
