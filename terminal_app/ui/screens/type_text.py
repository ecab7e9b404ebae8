"""A page with one line to type, by fingers on the glass or on a keyboard that is plugged in."""

from kivy.uix.boxlayout import BoxLayout

from terminal_app.screen_model import Capitals, ScreenModel, TextAsk, filled
from terminal_app.ui.screens.base import Screen, Surroundings
from terminal_app.ui.theme import GAP_MM
from terminal_app.ui.widgets.field import FIELD_MM, Field
from terminal_app.ui.widgets.header import back_key
from terminal_app.ui.widgets.keyboard import SPACE, Keyboard
from wallet_sdk.screen.finger import BACKSPACE_KEY, ENTER_KEY, ESCAPE_KEY
from wallet_sdk.screen.units import mm


class TypeTextPage(Screen):
    """The way back, the line, and keys. What was typed is sent as the ask says; Back sends nothing."""

    has_text_line = True

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings, orientation="vertical")
        self.spacing = mm(GAP_MM)
        self._ask: TextAsk | None = None
        self._back: object = None
        self._text = ""

    def draw(self, model: ScreenModel) -> None:
        """Build the page around its line; later models change nothing of what is being typed."""
        assert isinstance(model.ask, TextAsk)
        if self._ask is not None:
            return
        self._ask, self._back, self._text = model.ask, model.back, model.ask.text
        self._field = Field(look=self.look, name=model.ask.name, robot_id="text")
        self._field.active = True
        back = back_key(look=self.look, height_mm=FIELD_MM)
        back.bind(on_release=lambda *_args: self._go_back())
        line = BoxLayout(spacing=mm(GAP_MM), size_hint_y=None, height=mm(FIELD_MM))
        for widget in self.look.in_row(back, self._field):
            line.add_widget(widget)
        self._keys = Keyboard(
            look=self.look,
            language=model.appearance.language,
            done_word=model.ask.done,
            press=self._add,
            drop=self._drop,
            done=self._send,
        )
        self.add_widget(line)
        self.add_widget(self._keys)
        self._show()

    @property
    def typed(self) -> str:
        """The line."""
        return self._text

    def type_again(self, typed: str) -> None:
        """The line as it was."""
        self._text = typed
        self._show()

    def _show(self) -> None:
        assert self._ask is not None
        self._field.prefill(self._text)
        self._keys.done.disabled = len(self._text.strip()) < self._ask.chars_min
        begins_word = not self._text or self._text.endswith(SPACE)
        self._keys.upper = begins_word and self._ask.capitals is Capitals.IN_NAMES

    def _add(self, characters: str) -> None:
        assert self._ask is not None
        for character in characters:
            if character.isprintable() and self._ask.takes(self._text + character):
                self._text += character
        self._show()

    def _drop(self) -> None:
        self._text = self._text[:-1]
        self._show()

    def _send(self) -> None:
        assert self._ask is not None
        if len(self._text.strip()) >= self._ask.chars_min:
            self.around.send(filled(self._ask, self._text.strip()))

    def _go_back(self) -> None:
        self.around.send(self._back)

    def type_text(self, text: str) -> None:
        """Characters of the physical keyboard."""
        self._add(text)

    def press_key(self, key_code: int) -> None:
        """Backspace, Enter and Escape as on the glass."""
        if key_code == BACKSPACE_KEY:
            self._drop()
        elif key_code == ENTER_KEY:
            self._send()
        elif key_code == ESCAPE_KEY:
            self._go_back()
