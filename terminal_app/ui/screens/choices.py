"""Pages of a few large choices: the menu, a tip, whether to close the day."""

from typing import Final

from kivy.uix.gridlayout import GridLayout
from kivy.uix.widget import Widget

from terminal_app.screen_model import Choice, ScreenModel, ScreenName
from terminal_app.ui.screens.base import Screen, Surroundings
from terminal_app.ui.screens.state_panel import WarningBand
from terminal_app.ui.theme import CORNER_MM, GAP_MM, Look, key_colours
from terminal_app.ui.widgets.header import Header
from wallet_sdk.screen.amount import AmountLabel
from wallet_sdk.screen.buttons import GroundButton
from wallet_sdk.screen.colours import Colour
from wallet_sdk.screen.finger import ESCAPE_KEY
from wallet_sdk.screen.fonts import STRONG_FONT
from wallet_sdk.screen.text import FittedLine, Paragraph
from wallet_sdk.screen.units import mm

CHOICES: Final = frozenset(
    {
        ScreenName.MENU,
        ScreenName.TIP,
        ScreenName.CLOSE_DAY,
        ScreenName.CONFIRM,
        ScreenName.PERSON,
        ScreenName.CARRY,
        ScreenName.CHOOSE,
    }
)
_COLUMNS: Final = 3
_COLUMNS_NARROW: Final = 2
_TILE_MM: Final = 17.0
_TILE_MM_LARGE: Final = 22.0
_PADDING_MM: Final = 2.0
_FOOT_PART: Final = 0.07


class Tile(GroundButton):
    """A large button with a word, and a smaller one below it."""

    def __init__(self, choice: Choice, *, look: Look) -> None:
        super().__init__(
            label_text=choice.label,
            robot_id=choice.robot_id,
            colours=key_colours(look.theme),
            disabled_colours=None,
            corner_mm=CORNER_MM,
            size_hint_y=None,
            height=mm(_TILE_MM_LARGE if look.is_portrait else _TILE_MM),
        )
        self._dim = look.theme.text_dim
        self._words = FittedLine(
            type_mm=look.sizes.button_mm, lines_max=2, font_name=STRONG_FONT, halign="center", text=choice.label
        )
        self._detail = FittedLine(type_mm=look.sizes.bar_mm, halign="center", text=choice.detail)
        self.add_widget(self._words)
        self.add_widget(self._detail)
        self._paint()

    def _tint(self, text: Colour) -> None:
        self._words.color = text
        self._detail.color = self._dim

    def _place(self, *_args: object) -> None:
        padding_px = mm(_PADDING_MM)
        part = 0.6 if self._detail.text else 1.0
        width_px = max(1.0, self.width - 2 * padding_px)
        self._words.size = (width_px, self.height * part)
        self._words.pos = (self.x + padding_px, self.y + self.height * (1 - part))
        self._detail.size = (width_px, self.height * (1 - part - _FOOT_PART))
        self._detail.pos = (self.x + padding_px, self.y + self.height * _FOOT_PART)


class ChoicesPage(Screen):
    """A header, perhaps an amount and sentences, and a grid of tiles."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings, orientation="vertical")
        look = self.look
        self.spacing = mm(GAP_MM)
        self._back: object = None
        self._choices: tuple[Choice, ...] = ()
        self._header = Header(look=look)
        self._header.back.bind(on_release=lambda *_args: self._go_back())
        self._amount = AmountLabel(
            type_mm=look.sizes.amount_mm * 0.8,
            color=look.theme.text,
            currency_color=look.theme.accent,
            halign=look.start,
        )
        self._amount.size_hint_y = None
        self._warning = WarningBand(look=look, ground=look.theme.base)
        self._lines = Paragraph(type_mm=look.sizes.body_mm, color=look.theme.text_dim, robot_id="lines")
        self._lines.halign = look.start
        self._lines.most_px = mm(12)
        self._grid = GridLayout(
            cols=_COLUMNS_NARROW if look.is_portrait else _COLUMNS, spacing=mm(GAP_MM), size_hint_y=None
        )
        self._grid.bind(minimum_height=self._grid.setter("height"))
        slot = self.action_slot()
        for widget in (self._header, self._amount, self._warning, self._lines, self._grid, Widget(), slot):
            self.add_widget(widget)

    def draw(self, model: ScreenModel) -> None:
        """Show the choices."""
        self._back = model.back
        self._header.show(model.headline, back=model.back)
        self._amount.amount = model.amount
        self._amount.height = mm(self.look.sizes.amount_mm * 0.9) if model.amount else 0
        self._warning.show(model.warning)
        self._lines.text = "\n".join(model.lines)
        self.draw_actions(model.actions, self.look.theme.base, narrow=self.look.is_portrait)
        if model.choices == self._choices:
            return
        self._choices = model.choices
        self._grid.clear_widgets()
        columns = self._grid.cols
        for start in range(0, len(model.choices), columns):
            line: list[Widget] = [self._tile(choice) for choice in model.choices[start : start + columns]]
            line += [Widget() for _ in range(columns - len(line))]
            for widget in self.look.in_row(*line):
                self._grid.add_widget(widget)

    def _tile(self, choice: Choice) -> Tile:
        tile = Tile(choice, look=self.look)
        tile.bind(on_release=lambda *_args: self.around.send(choice.press))
        return tile

    def _go_back(self) -> None:
        if self._back is not None:
            self.around.send(self._back)

    def press_key(self, key_code: int) -> None:
        """Escape leads back, Enter goes forward."""
        if key_code == ESCAPE_KEY:
            self._go_back()
        else:
            super().press_key(key_code)
