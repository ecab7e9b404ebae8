"""The state panels: what became of a sale, filling the screen, told by word, icon, border and colour at once."""

from typing import Final

from kivy.uix.anchorlayout import AnchorLayout
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from terminal_app.screen_model import ScreenModel, ScreenName
from terminal_app.ui.screens.base import Screen, Surroundings
from terminal_app.ui.theme import BORDER_MM, BORDERS, GAP_MM, MARGIN_MM, Border, Look
from terminal_app.ui.widgets.border import PanelBorder
from wallet_sdk.screen.amount import AmountLabel
from wallet_sdk.screen.colours import Colour
from wallet_sdk.screen.fonts import DISPLAY_FONT, STRONG_FONT
from wallet_sdk.screen.icons import Icon
from wallet_sdk.screen.parts import IconDisc, column
from wallet_sdk.screen.surface import Surface
from wallet_sdk.screen.text import FittedLine, Paragraph
from wallet_sdk.screen.units import mm

PANEL_ICONS: Final = {
    ScreenName.PAID: Icon.TICK,
    ScreenName.ACCEPTED_OFFLINE: Icon.ARROW_INTO_TRAY,
    ScreenName.NOT_PAID: Icon.CROSS,
    ScreenName.EXPIRED: Icon.HOUR_GLASS,
    ScreenName.CANCELLED: Icon.HOUR_GLASS,
    ScreenName.UNKNOWN: Icon.QUESTION,
    ScreenName.VERIFYING: Icon.BAR,
    ScreenName.DONE: Icon.SHEET,
    ScreenName.REFUNDED: Icon.ARROW_BACK,
    ScreenName.REFUND_OPEN: Icon.QUESTION,
    ScreenName.REFUND_REFUSED: Icon.CROSS,
}


_HEIGHT_MM_MIN: Final = 40.0
_LINES_MM_MIN: Final = 4.0
_SPACES_MM: Final = 5 * 1.6
_BAND_MM_MAX: Final = 9.8
_ICON_MM_MIN: Final = 14.0
# Room for three lines of words, in heights of their type.
_LINES_BESIDE_ICON: Final = 4.5

# Icons of many lines are drawn finer.
BIG_ICON_STROKES: Final = {
    Icon.SHEET: 0.14,
    Icon.HOUR_GLASS: 0.13,
    Icon.BAR: 0.12,
    Icon.ARROW_INTO_TRAY: 0.2,
    Icon.QUESTION: 0.22,
}


class WarningBand(FittedLine):
    """Words that must not be overlooked, dark on white."""

    def __init__(self, *, look: Look, ground: Colour) -> None:
        super().__init__(
            type_mm=look.sizes.button_mm * 1.1, font_name=STRONG_FONT, halign="center", color=ground, robot_id="warning"
        )
        self.size_hint_y = None
        self.padding = (mm(2), 0)
        self._band_px = mm(min(look.sizes.button_mm * 2.2, _BAND_MM_MAX))
        Surface(self, fill=look.theme.text, corner_mm=1.6)

    def show(self, words: str) -> None:
        """Draw these words, or nothing."""
        self.text = words
        self.height = self._band_px if words else 0
        self.opacity = 1 if words else 0


class StatePanel(Screen):
    """One state of a sale. Stays until it is touched."""

    def __init__(self, surroundings: Surroundings, name: ScreenName) -> None:
        super().__init__(surroundings, orientation="vertical")
        look = self.look
        self._ground_colour = look.ground(name)
        border = BORDERS.get(name, Border.NONE)
        PanelBorder(self, border=border, look=look)
        tight = not look.is_portrait and look.sizes.words_are_large
        self._inset_px = mm(BORDER_MM + MARGIN_MM + (0 if tight else GAP_MM))
        self.padding = self._inset_px
        align = "center" if look.is_portrait else look.start
        self._headline = FittedLine(
            font_name=DISPLAY_FONT,
            type_mm=look.sizes.title_mm,
            halign=align,
            robot_id="headline",
            color=look.theme.text,
        )
        self._headline.size_hint_y = None
        self._headline.height = mm(look.sizes.title_mm * (1.15 if tight else 1.3))
        self._amount = AmountLabel(
            type_mm=look.sizes.amount_mm, color=look.theme.text, currency_color=look.theme.text, halign=align
        )
        self._amount.size_hint_y = None
        self._warning = WarningBand(look=look, ground=self._ground_colour)
        self._lines = Paragraph(type_mm=look.sizes.body_mm, halign=align, robot_id="lines", color=look.theme.text)
        icon = IconDisc(
            icon=PANEL_ICONS[name],
            fill=look.theme.disc,
            tint=look.theme.text,
            diameter_mm=look.sizes.disc_mm,
            stroke=BIG_ICON_STROKES.get(PANEL_ICONS[name], 0.24),
            icon_part=0.56,
        )
        self._icon = icon
        slot = self.action_slot()
        self.add_widget(self._portrait(icon) if look.is_portrait else self._landscape(icon))
        self.add_widget(slot)
        self.bind(height=self._make_room)

    def _words(self) -> tuple[Widget, ...]:
        return (self._headline, self._amount, self._warning, self._lines)

    def _portrait(self, icon: IconDisc) -> BoxLayout:
        self._holder = AnchorLayout(size_hint_y=None)
        self._holder.add_widget(icon)
        return column(Widget(), self._holder, *self._words(), Widget(), spacing_mm=1.3)

    def _landscape(self, icon: IconDisc) -> BoxLayout:
        holder = AnchorLayout(size_hint_x=0.38)
        holder.add_widget(icon)
        words = column(Widget(), *self._words(), Widget(), spacing_mm=1.6)
        words.size_hint_x = 0.62
        body = BoxLayout(spacing=mm(GAP_MM))
        for widget in self.look.in_row(holder, words):
            body.add_widget(widget)
        return body

    def draw(self, model: ScreenModel) -> None:
        """Show the state."""
        self._headline.text = model.headline
        self._amount.amount = model.amount
        self._amount.height = mm(self.look.sizes.amount_mm * self._amount_part(model)) if model.amount else 0
        self._warning.show(model.warning)
        self._lines.text = "\n".join(model.lines)
        self.draw_actions(model.actions, self._ground_colour, narrow=self.look.is_portrait)
        self._make_room()

    def _amount_part(self, model: ScreenModel) -> float:
        """The amount's room as a part of its type: where words take more, it takes less."""
        tight = not self.look.is_portrait and self.look.sizes.words_are_large
        if model.warning:
            return 0.65 if tight else 0.9
        return 0.9 if tight else 1.2

    def _make_room(self, *_args: object) -> None:
        """Give the lines what the parts above leave; in a high window the icon gives way to them."""
        if self.height <= mm(_HEIGHT_MM_MIN):
            return  # not laid out yet
        used_px = self._headline.height + self._amount.height + self._warning.height + self._actions_px
        free_px = self.height - used_px - 2 * self._inset_px - self.spacing - mm(_SPACES_MM)
        if self.look.is_portrait:
            lines_px = mm(self.look.sizes.body_mm * _LINES_BESIDE_ICON) if self._lines.text else 0
            icon_px = min(mm(self.look.sizes.disc_mm), max(mm(_ICON_MM_MIN), free_px - lines_px))
            self._icon.resize(icon_px)
            self._holder.height = icon_px
            free_px -= icon_px
        self._lines.most_px = max(mm(_LINES_MM_MIN), free_px)
