"""The on-screen keyboard: letters of the till's language, Latin ones, marks, figures; each key a finger wide."""

from collections.abc import Callable
from functools import partial
from typing import Final

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from terminal_app.screen_model import Action, Emphasis, Language, Letters, PageButton, layers_of
from terminal_app.ui.theme import GAP_MM, Look
from terminal_app.ui.widgets.action_row import make_button, make_key
from wallet_sdk.screen.buttons import Key, WordButton
from wallet_sdk.screen.icons import Icon
from wallet_sdk.screen.units import mm

SPACE: Final = " "
_LAYER_PART: Final = 1.6
_SHIFT_PART: Final = 1.2
_SPACE_PART: Final = 2.8
_DONE_PART: Final = 2.4


class Keyboard(BoxLayout):
    """`press` gets each character, `drop` is called for backspace, `done` when the word at the end is pressed.

    A capital comes next while `shift` is on; it goes off with the letter.
    """

    def __init__(
        self,
        *,
        look: Look,
        language: Language,
        done_word: str,
        press: Callable[[str], None],
        drop: Callable[[], None],
        done: Callable[[], None],
    ) -> None:
        super().__init__(orientation="vertical", spacing=mm(GAP_MM))
        self._look = look
        self._layers = layers_of(language)
        self._at = 0
        self._upper = False
        self._press = press
        self._drop = drop
        action = Action(command=PageButton.DONE, label=done_word, emphasis=Emphasis.PRIMARY)
        self.done: WordButton = make_button(action, look=look, ground=look.theme.base)
        self.done.size_hint = (_DONE_PART, 1)
        self.done.bind(on_release=lambda *_args: done())
        self._build()

    @property
    def upper(self) -> bool:
        """Whether a capital comes next."""
        return self._upper

    @upper.setter
    def upper(self, upper: bool) -> None:
        if upper != self._upper:
            self._upper = upper
            self._build()

    def _build(self) -> None:
        layer = self._layers[self._at]
        rows = layer.narrow if self._look.is_portrait else layer.wide
        columns = max(map(len, rows))
        if self.done.parent is not None:
            self.done.parent.remove_widget(self.done)
        self.clear_widgets()
        for row in rows:
            self.add_widget(self._row(row, columns))
        self.add_widget(self._foot())

    def _row(self, characters: str, columns: int) -> BoxLayout:
        """A shorter row stands in the middle, its keys as wide as those of the longest."""
        line = BoxLayout(spacing=mm(GAP_MM))
        margin = (columns - len(characters)) / 2
        if margin:
            line.add_widget(Widget(size_hint_x=margin))
        for character in characters:
            shown = character.upper() if self._is_upper and len(character.upper()) == 1 else character
            line.add_widget(self._key(shown, press=partial(self._press, shown)))
        if margin:
            line.add_widget(Widget(size_hint_x=margin))
        return line

    def _foot(self) -> BoxLayout:
        following = self._layers[(self._at + 1) % len(self._layers)]
        foot = BoxLayout(spacing=mm(GAP_MM))
        parts: list[tuple[Widget, float]] = [
            (self._key(following.face, press=self._turn_layer, robot_id="key_layer", small=True), _LAYER_PART)
        ]
        if self._layers[self._at].letters is Letters.SMALL_AND_CAPITAL:
            shift = self._key("shift", press=self._turn_case, icon=Icon.SHIFT)
            parts.append((shift, _SHIFT_PART))
        parts += [
            (self._key("space", press=partial(self._press, SPACE), icon=Icon.SPACE), _SPACE_PART),
            (self._key("backspace", press=self._drop, icon=Icon.BACKSPACE), _LAYER_PART),
            (self.done, _DONE_PART),
        ]
        for widget, part in parts:
            widget.size_hint_x = part
            foot.add_widget(widget)
        return foot

    def _key(
        self,
        text: str,
        *,
        press: Callable[[], None],
        icon: Icon | None = None,
        robot_id: str | None = None,
        small: bool = False,
    ) -> Key:
        sizes = self._look.sizes
        held = icon is Icon.SHIFT and self._upper
        key = make_key(
            emphasis=Emphasis.PRIMARY if held else Emphasis.SECONDARY,
            text=text,
            icon=icon,
            type_mm=sizes.bar_mm if small else sizes.button_mm,
            look=self._look,
            robot_id=robot_id or f"key_{text}",
        )
        key.bind(on_release=lambda *_args: press())
        return key

    @property
    def _is_upper(self) -> bool:
        return self._upper and self._layers[self._at].letters is Letters.SMALL_AND_CAPITAL

    def _turn_layer(self) -> None:
        self._at = (self._at + 1) % len(self._layers)
        self._build()

    def _turn_case(self) -> None:
        self.upper = not self._upper
