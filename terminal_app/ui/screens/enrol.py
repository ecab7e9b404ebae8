"""First run: join a shop with an activation code, by fingers or by a keyboard."""

from typing import Final

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from terminal_app.screen_model import Action, CommandName, Enrol, ScreenModel
from terminal_app.ui.screens.base import Screen, Surroundings
from terminal_app.ui.theme import GAP_MM
from terminal_app.ui.widgets.action_row import make_button, make_key
from terminal_app.ui.widgets.field import Field
from wallet_sdk.screen.buttons import WordButton
from wallet_sdk.screen.finger import BACKSPACE_KEY, TAB_KEY
from wallet_sdk.screen.fonts import DISPLAY_FONT
from wallet_sdk.screen.icons import Icon
from wallet_sdk.screen.text import FittedLine, Paragraph
from wallet_sdk.screen.units import mm

_BACKSPACE: Final = "backspace"
_HEADLINE_MM_MAX: Final = 8.8
_LINES_MM_MAX: Final = 6.0
_NARROW_COLUMNS: Final = 7

# Keys as they lie on a keyboard where ten fit side by side, in the alphabet's order where only seven do.
_WIDE_CODE: Final = ("1234567890", "QWERTYUIOP", "ASDFGHJKL<", "ZXCVBNM-")
_WIDE_SERVER: Final = ("1234567890", "qwertyuiop", "asdfghjkl<", "zxcvbnm-./:")
_NARROW_CODE: Final = ("1234567", "890ABCD", "EFGHIJK", "LMNOPQR", "STUVWXY", "Z-<")
_NARROW_SERVER: Final = ("1234567", "890abcd", "efghijk", "lmnopqr", "stuvwxy", "z-./:<")


class EnrolScreen(Screen):
    """Server and activation code, a grid of keys, and "Join"."""

    has_text_line = True
    has_fields = True

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings, orientation="vertical")
        look, words = self.look, surroundings.words
        self.spacing = mm(GAP_MM)
        self._headline = FittedLine(
            font_name=DISPLAY_FONT,
            type_mm=look.sizes.button_mm * 1.3,
            color=look.theme.text,
            robot_id="headline",
            halign=look.start,
        )
        self._headline.size_hint_y = None
        self._headline.height = mm(min(look.sizes.button_mm * 1.7, _HEADLINE_MM_MAX))
        self._lines = Paragraph(
            type_mm=look.sizes.body_mm, color=look.theme.text_dim, robot_id="lines", halign=look.start
        )
        if not look.is_portrait:
            self._lines.most_px = mm(_LINES_MM_MAX)
        self._server = Field(look=look, name=words.server, robot_id="server_url")
        self._code = Field(look=look, name=words.activation_code, robot_id="activation_code")
        for field in (self._server, self._code):
            field.bind(on_release=self._activate)
        self._keys = BoxLayout(orientation="vertical", spacing=mm(GAP_MM))
        self._join: WordButton | None = None
        self._server_drawn = self._code_drawn = ""
        fields = BoxLayout(
            orientation="vertical" if look.is_portrait else "horizontal", spacing=mm(GAP_MM), size_hint_y=None
        )
        for field in (self._server, self._code) if look.is_portrait else look.in_row(self._server, self._code):
            fields.add_widget(field)
        fields.bind(minimum_height=fields.setter("height"))
        for widget in (self._headline, self._lines, fields, self._keys):
            self.add_widget(widget)

    def draw(self, model: ScreenModel) -> None:
        """Show the headline, a hint or an error, and the button; what was typed stays, also what was refused."""
        self._headline.text = model.headline
        self._lines.text = "\n".join(model.lines)
        if model.server_url != self._server_drawn:
            self._server_drawn = model.server_url
            self._server.prefill(model.server_url)
        if model.activation_code and model.activation_code != self._code_drawn:
            self._code_drawn = model.activation_code
            self._code.fill(model.activation_code)
        if model.actions != self._actions or self._join is None:
            self._actions = model.actions
            self._activate(self._code)

    @property
    def typed(self) -> tuple[str, str]:
        """Server and activation code."""
        return self._server.text, self._code.text

    def type_again(self, typed: tuple[str, str]) -> None:
        """Both as they were; typing goes on behind them."""
        for field, text in zip((self._server, self._code), typed, strict=True):
            if text != field.text:
                field.fill(text)
        self._show_join()

    def _activate(self, field: Field) -> None:
        for each in (self._server, self._code):
            each.active = each is field
        self._rebuild_keys()

    @property
    def _active(self) -> Field:
        return self._server if self._server.active else self._code

    def _rebuild_keys(self) -> None:
        self._keys.clear_widgets()
        narrow, server = self.look.is_portrait, self._server.active
        wide_rows = _WIDE_SERVER if server else _WIDE_CODE
        narrow_rows = _NARROW_SERVER if server else _NARROW_CODE
        for line in narrow_rows if narrow else wide_rows:
            self._keys.add_widget(self._key_row(line))
        enrol = next((each for each in self._actions if each.command is CommandName.ENROL), None)
        if enrol is None:
            return
        self._join = make_button(enrol, look=self.look, ground=self.look.theme.base)
        self._join.bind(on_release=lambda *_args: self.press(enrol))
        if not server:
            self._join.size_hint = (_NARROW_COLUMNS - len(narrow_rows[-1]) if narrow else 2.2, 1)
            self._keys.children[0].add_widget(self._join)
        self._show_join()

    def _key_row(self, characters: str) -> BoxLayout:
        line = BoxLayout(spacing=mm(GAP_MM))
        for character in characters:
            back = character == "<"
            name = _BACKSPACE if back else character
            key = make_key(
                look=self.look,
                text=name,
                icon=Icon.BACKSPACE if back else None,
                type_mm=self.look.sizes.button_mm,
                robot_id=f"key_{name}",
            )
            key.bind(on_release=lambda pressed: self._press_character(pressed.label_text))
            line.add_widget(key)
        if self.look.is_portrait and self._server.active:
            for _ in range(_NARROW_COLUMNS - len(characters)):
                line.add_widget(Widget())
        return line

    def _press_character(self, name: str) -> None:
        if name == _BACKSPACE:
            self._active.drop()
        else:
            self._active.add(name)
        self._show_join()

    def _show_join(self) -> None:
        if self._join is not None:
            self._join.disabled = not (self._server.text and self._code.text)

    def type_text(self, text: str) -> None:
        """Characters of the physical keyboard; an activation code is in capitals."""
        kept = text.strip()
        self._active.add(kept.upper() if self._code.active else kept)
        self._show_join()

    def press_key(self, key_code: int) -> None:
        """Tab goes to the other field, Backspace deletes, Enter joins."""
        if key_code == BACKSPACE_KEY:
            self._press_character(_BACKSPACE)
        elif key_code == TAB_KEY:
            self._activate(self._code if self._server.active else self._server)
        elif self._join is not None and not self._join.disabled:
            super().press_key(key_code)

    def press(self, action: Action) -> None:
        """Send what was filled in."""
        if action.command is CommandName.ENROL:
            self.around.send(Enrol(server_url=self._server.text, activation_code=self._code.text))
        else:
            super().press(action)
