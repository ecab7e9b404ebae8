"""The bar on top of every screen: shop and till, last result, what waits to be sent, and the network's switch."""

from enum import Enum, unique

from kivy.graphics import Color, RoundedRectangle
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from terminal_app.screen_model import NetworkState, TopBar, UiWords
from terminal_app.ui.theme import CORNER_MM, GAP_MM, MARGIN_MM, TARGET_MM, Look
from terminal_app.ui.widgets.pill import ICON_MM, PADDING_MM, Pill
from wallet_sdk.screen.fonts import BODY_FONT, STRONG_FONT
from wallet_sdk.screen.icons import Icon, IconView
from wallet_sdk.screen.parts import row
from wallet_sdk.screen.surface import Ground, Surface
from wallet_sdk.screen.text import FittedLine, width_px_of
from wallet_sdk.screen.touch import PressArea
from wallet_sdk.screen.units import mm

_MENU_MM = 11.0
_SWITCH_WIDTH_MM = 7.6
_SWITCH_HEIGHT_MM = 4.4
_ROW_MARGIN_MM = 1.0
_PLACE_WIDTH_MM_MAX = 44.0
_LAST_WIDTH_MM_MIN = 22.0
_SMALLEST_PART = 0.82

_NETWORK_ICONS = {
    NetworkState.UNTRIED: Icon.NETWORK,
    NetworkState.ONLINE: Icon.NETWORK,
    NetworkState.OFFLINE: Icon.NETWORK_LOST,
    NetworkState.SWITCHED_OFF: Icon.NETWORK_OFF,
}


@unique
class BarForm(Enum):
    """How the bar is laid out."""

    ONE_ROW = "one row"
    TWO_ROWS = "two rows"
    SHORT_ROW = "short row"


def shorter_result(last_result: str) -> str:
    """The last result without its time of day: "PAID 8.40 14:02" as "PAID 8.40". Its word and amount always stay."""
    before, _, last = last_result.rpartition(" ")
    return before if ":" in last else last_result


def place_of(bar: TopBar) -> str:
    """Shop and till; a till that has joined no shop yet has neither, and no point between them."""
    return " · ".join(each for each in (bar.shop, bar.till) if each)


class MenuKey(PressArea):
    """Three lines: the way to everything that is not a sale."""

    def __init__(self, *, look: Look) -> None:
        super().__init__(robot_id="menu", label_text="menu", size_hint=(None, None))
        self.size = (mm(_MENU_MM), mm(TARGET_MM))
        self._theme = look.theme
        self._surface = Surface(self, fill=(*look.theme.disc[:3], 0.1), corner_mm=CORNER_MM)
        self._icon = IconView(icon=Icon.MENU, tint=look.theme.text, stroke=0.2)
        self.add_widget(self._icon)
        self.bind(pos=self._place, size=self._place)

    def _place(self, *_args: object) -> None:
        side_px = mm(ICON_MM)
        self._icon.size = (side_px, side_px)
        self._icon.pos = (self.x + (self.width - side_px) / 2, self.y + (self.height - side_px) / 2)


class NetworkPill(Pill):
    """The network's word and icon, and a switch that shows what a press would change."""

    def __init__(self, *, look: Look, **kwargs: object) -> None:
        super().__init__(look=look, robot_id="switch_network", **kwargs)
        self.tail_px = mm(_SWITCH_WIDTH_MM + 1.8)
        self._wanted_on = True
        with self.canvas:
            self._track_colour = Color()
            self._track = RoundedRectangle()
            self._knob_colour = Color()
            self._knob = RoundedRectangle()
        self.bind(pos=self._place_switch, size=self._place_switch)

    def show_network(self, network: NetworkState, word: str) -> None:
        """Draw this state of the network."""
        theme = self._look.theme
        tints = {NetworkState.ONLINE: theme.accent, NetworkState.OFFLINE: theme.caution}
        self._wanted_on = network is not NetworkState.SWITCHED_OFF
        tint = tints.get(network, theme.text)
        self._track_colour.rgba = theme.accent if self._wanted_on else (*theme.text[:3], 0.28)
        self._knob_colour.rgba = theme.on_accent if self._wanted_on else theme.text
        self.show(icon=_NETWORK_ICONS[network], word=word, tint=tint)
        self._place_switch()

    def _place_switch(self, *_args: object) -> None:
        width_px, height_px = mm(_SWITCH_WIDTH_MM), mm(_SWITCH_HEIGHT_MM)
        x = self._from_start(self.width - mm(PADDING_MM) - width_px, width_px=width_px)
        y = (self.y + self.height / 2) - height_px / 2
        self._track.pos, self._track.size, self._track.radius = (x, y), (width_px, height_px), [height_px / 2]
        inset_px = mm(0.55)
        knob_px = height_px - 2 * inset_px
        knob_x = x + width_px - knob_px - inset_px if self._wanted_on else x + inset_px
        self._knob.pos, self._knob.size, self._knob.radius = (knob_x, y + inset_px), (knob_px, knob_px), [knob_px / 2]


class TopBarView(BoxLayout):
    """Draws a `TopBar`; the network pill and the queue pill can be pressed.

    Where room is short, first the result's time of day goes, then the queue's sum, then the shop's name. Nothing
    goes on to a second line: type of half the size would be read by nobody.
    """

    def __init__(self, *, look: Look, words: UiWords, form: BarForm, **kwargs: object) -> None:
        rows = 2 if form is BarForm.TWO_ROWS else 1
        super().__init__(
            orientation="vertical",
            size_hint_y=None,
            height=mm(rows * TARGET_MM + (rows - 1) * GAP_MM + 2 * _ROW_MARGIN_MM),
            padding=(mm(MARGIN_MM), mm(_ROW_MARGIN_MM)),
            spacing=mm(GAP_MM),
            **kwargs,
        )
        self._look = look
        self._words = words
        self._form = form
        self._bar: TopBar | None = None
        self._queue_tint = look.theme.caution
        self._bar_px = mm(look.sizes.bar_mm)
        Ground(self, look.theme.bar_shade)
        self.network = NetworkPill(look=look)
        self.queue = Pill(look=look, robot_id="send_now")
        self.menu = MenuKey(look=look)
        self._place_name = FittedLine(
            type_mm=look.sizes.bar_mm,
            font_name=STRONG_FONT,
            smallest_part=_SMALLEST_PART,
            robot_id="place",
            color=look.theme.text,
            halign=look.start,
        )
        self._last = FittedLine(
            type_mm=look.sizes.bar_mm,
            smallest_part=_SMALLEST_PART,
            robot_id="last_result",
            color=look.theme.text,
            halign=look.start,
        )
        self._lay_out()
        self.bind(width=self._fit_words)

    def _lay_out(self) -> None:
        if self._form is BarForm.ONE_ROW:
            self._last.halign = self._look.end
            self._place_name.size_hint_x = None
        pills = (self.queue, self.network)
        rows: dict[BarForm, tuple[tuple[Widget, ...], ...]] = {
            BarForm.TWO_ROWS: ((self.menu, self._place_name, self.network), (self._last, self.queue)),
            BarForm.ONE_ROW: ((self.menu, self._place_name, self._last, *pills),),
            BarForm.SHORT_ROW: ((self._place_name, *pills),),
        }
        for widgets in rows[self._form]:
            self.add_widget(row(*self._look.in_row(*widgets), height_mm=TARGET_MM, spacing_mm=GAP_MM))
        self._menu_row = self.menu.parent

    @property
    def _has_menu(self) -> bool:
        return self.menu.parent is not None

    def _show_menu(self, *, shown: bool) -> None:
        """Put the menu's key before the rest of its row, or take it out: what takes no room has no distance either."""
        if self._menu_row is None or shown == self._has_menu:
            return
        if shown:
            first = len(self._menu_row.children) if self._look.start == "left" else 0  # Kivy counts from the right
            self._menu_row.add_widget(self.menu, index=first)
        else:
            self._menu_row.remove_widget(self.menu)

    def show(self, bar: TopBar) -> None:
        """Draw this bar."""
        self._bar = bar
        self._show_menu(shown=bar.menu is not None)
        waits = bar.queue_count > 0
        self.queue.opacity = 1 if waits else 0
        self.queue.disabled = not waits
        self.network.opacity = 0 if bar.is_turned else 1
        self.network.disabled = bar.is_turned
        self._fit_words()

    def _fit_words(self, *_args: object) -> None:
        """Choose the longest words that have room, and hide what has none."""
        bar = self._bar
        if bar is None:
            return
        full, shorter = bar.last_result, shorter_result(bar.last_result)
        count, sum_too = str(bar.queue_count), f"{bar.queue_count} · {bar.queue_total}"
        self._place_name.color = self._look.theme.caution if bar.training else self._look.theme.text
        place, till = bar.training or place_of(bar), bar.training or bar.till
        choices: tuple[tuple[str, str, str], ...] = (
            (sum_too, full, place),
            (sum_too, shorter, place),
            (count, full, place),
            (count, shorter, place),
            (count, shorter, till),
        )
        if self._form is BarForm.SHORT_ROW:
            choices = ((count, "", place.partition(" · ")[0] if bar.training else place),)
        self._draw_network(bar)
        for queue_words, result, place_words in choices:
            self._draw_queue(queue_words)
            self._draw_place(place_words)
            self._last.text = result
            if self._width_px(result, BODY_FONT) <= self._room_px():
                break
        if self._form is BarForm.SHORT_ROW:
            self.network.width += min(0.0, self._room_px())
        if self._form is BarForm.TWO_ROWS:
            self._place_name.text = self._longest_place(bar)
        room_px = self._room_px()
        self._last.opacity = 1 if room_px >= mm(_LAST_WIDTH_MM_MIN) else 0
        if self._form is BarForm.SHORT_ROW:
            wanted_px = self._width_px(self._place_name.text, STRONG_FONT) * _SMALLEST_PART
            self._place_name.opacity = 1 if bar.training or room_px >= wanted_px else 0

    def _draw_network(self, bar: TopBar) -> None:
        # that nothing is real must be read before what the network is called
        word = "" if bar.training and self._form is BarForm.SHORT_ROW else self._network_word(bar.network)
        self.network.show_network(bar.network, word)
        if bar.is_turned:
            self.network.width = 0

    def _network_word(self, network: NetworkState) -> str:
        match network:
            case NetworkState.UNTRIED:
                return self._words.untried
            case NetworkState.ONLINE:
                return self._words.online
            case NetworkState.OFFLINE:
                return self._words.offline
            case NetworkState.SWITCHED_OFF:
                return self._words.switched_off

    def _longest_place(self, bar: TopBar) -> str:
        """Shop and till beside the network, or the shop alone where that is too long."""
        if bar.training:
            return bar.training
        place = place_of(bar)
        menu_px = self.menu.width + mm(GAP_MM) if self._has_menu else 0.0
        room_px = self.width - 2 * mm(MARGIN_MM) - self.network.width - mm(GAP_MM) - menu_px
        return place if self._width_px(place, STRONG_FONT) <= room_px else bar.shop

    def _draw_place(self, words: str) -> None:
        self._place_name.text = words
        if self._form is BarForm.ONE_ROW:
            self._place_name.width = min(self._width_px(words, STRONG_FONT), mm(_PLACE_WIDTH_MM_MAX))

    def _draw_queue(self, word: str) -> None:
        if self.queue.disabled:
            self.queue.width = 0
        else:
            self.queue.show(icon=Icon.ARROW_INTO_TRAY, word=word, tint=self._queue_tint)

    def _room_px(self) -> float:
        """What the widgets of fixed width leave in the row of the last result (in a short row: of the place)."""
        beside = {
            BarForm.ONE_ROW: (*((self.menu,) if self._has_menu else ()), self._place_name, self.queue, self.network),
            BarForm.TWO_ROWS: (self.queue,),
            BarForm.SHORT_ROW: (self.queue, self.network),
        }[self._form]
        taken_px = sum(each.width + mm(GAP_MM) for each in beside)
        return float(self.width - 2 * mm(MARGIN_MM) - taken_px)

    def _width_px(self, text: str, font_name: str) -> float:
        return width_px_of(text, font_name=font_name, font_px=self._bar_px) + mm(1)
