"""The bar on top of every screen: shop and till, last result, what waits to be sent, and the network's switch."""

from kivy.graphics import Color, RoundedRectangle
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from terminal_app.screen_model import NetworkState, TopBar
from terminal_app.ui.theme import GAP_MM, MARGIN_MM, TARGET_MM, Colour, Look, mm
from terminal_app.ui.widgets.surface import Ground, Surface
from terminal_app.ui.widgets.text import FittedLine, width_px_of
from terminal_app.ui.words import UiWords
from wallet_sdk.screen.fonts import BODY_FONT, STRONG_FONT
from wallet_sdk.screen.icons import Icon, IconView
from wallet_sdk.screen.touch import PressArea

_PADDING_MM = 2.4
_ICON_MM = 4.4
_SWITCH_WIDTH_MM = 7.6
_SWITCH_HEIGHT_MM = 4.4
_ROW_MARGIN_MM = 1.0
_PLACE_WIDTH_MM_MAX = 38.0
_LAST_WIDTH_MM_MIN = 22.0
_SMALLEST_PART = 0.82

_NETWORK_ICONS = {
    NetworkState.ONLINE: Icon.NETWORK,
    NetworkState.OFFLINE: Icon.NETWORK_LOST,
    NetworkState.SWITCHED_OFF: Icon.NETWORK_OFF,
}


def bar_height_mm(look: Look) -> float:
    """Height of the bar: one row of finger-high targets, two where the window is narrow."""
    rows = 2 if look.is_portrait else 1
    return rows * TARGET_MM + (rows - 1) * GAP_MM + 2 * _ROW_MARGIN_MM


class Pill(PressArea):
    """An icon and a word in the bar, to be pressed; takes the width that it needs."""

    def __init__(self, *, look: Look, **kwargs: object) -> None:
        super().__init__(size_hint=(None, None), height=mm(TARGET_MM), **kwargs)
        self._look = look
        theme = look.theme
        self._fill = (*theme.disc[:3], 0.1)
        self._surface = Surface(self, fill=self._fill, corner_mm=TARGET_MM / 2)
        self._icon_view = IconView(stroke=0.2)
        self._word = FittedLine(full_mm=look.sizes.bar_mm, color=theme.text)
        self.add_widget(self._icon_view)
        self.add_widget(self._word)
        self.tail_px = 0.0
        self.bind(pos=self._place, size=self._place, pressed=self._paint)

    def show(self, *, icon: Icon, word: str, tint: Colour) -> None:
        """Change what it says."""
        self._icon_view.icon = icon
        self._icon_view.tint = tint
        self._word.text = word
        self.label_text = word
        word_px = width_px_of(word, font_name=BODY_FONT, font_px=mm(self._look.sizes.bar_mm)) + mm(1)
        self.width = mm(2 * _PADDING_MM + _ICON_MM + 1.6) + word_px + self.tail_px
        self._place()

    def _paint(self, *_args: object) -> None:
        self._surface.paint(fill=(*self._look.theme.disc[:3], 0.28) if self.pressed else self._fill)

    def _place(self, *_args: object) -> None:
        side_px = mm(_ICON_MM)
        self._icon_view.size = (side_px, side_px)
        self._icon_view.pos = (self.x + mm(_PADDING_MM), (self.y + self.height / 2) - side_px / 2)
        left_px = self.x + mm(_PADDING_MM + 1.6) + side_px
        self._word.pos = (left_px, self.y)
        self._word.size = (max(0.0, (self.x + self.width) - mm(_PADDING_MM) - self.tail_px - left_px), self.height)


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
        x = (self.x + self.width) - mm(_PADDING_MM) - width_px
        y = (self.y + self.height / 2) - height_px / 2
        self._track.pos, self._track.size, self._track.radius = (x, y), (width_px, height_px), [height_px / 2]
        inset_px = mm(0.55)
        knob_px = height_px - 2 * inset_px
        knob_x = x + width_px - knob_px - inset_px if self._wanted_on else x + inset_px
        self._knob.pos, self._knob.size, self._knob.radius = (knob_x, y + inset_px), (knob_px, knob_px), [knob_px / 2]


class TopBarView(BoxLayout):
    """Draws a `TopBar`; the network pill and the queue pill can be pressed."""

    def __init__(self, *, look: Look, words: UiWords, **kwargs: object) -> None:
        super().__init__(
            orientation="vertical",
            size_hint_y=None,
            height=mm(bar_height_mm(look)),
            padding=(mm(MARGIN_MM), mm(_ROW_MARGIN_MM)),
            spacing=mm(GAP_MM),
            **kwargs,
        )
        self._words = words
        self._queue_tint = look.theme.caution
        self._bar_px = mm(look.sizes.bar_mm)
        Ground(self, look.theme.bar_shade)
        self.network = NetworkPill(look=look)
        self.queue = Pill(look=look, robot_id="send_now")
        self._place_name = FittedLine(
            full_mm=look.sizes.bar_mm, font_name=STRONG_FONT, smallest_part=_SMALLEST_PART, robot_id="place"
        )
        self._last = FittedLine(full_mm=look.sizes.bar_mm, smallest_part=_SMALLEST_PART, robot_id="last_result")
        rows: list[list[Widget]]
        if look.is_portrait:
            rows = [[self._place_name, self.network], [self._last, self.queue]]
        else:
            self._last.halign = "right"
            self._place_name.size_hint_x = None
            rows = [[self._place_name, self._last, self.queue, self.network]]
            self._last.bind(width=self._hide_last_in_no_room)
        for row in rows:
            self.add_widget(_row(row))

    def _hide_last_in_no_room(self, *_args: object) -> None:
        self._last.opacity = 0 if self._last.width < mm(_LAST_WIDTH_MM_MIN) else 1

    def show(self, bar: TopBar) -> None:
        """Draw this bar."""
        self._place_name.text = f"{bar.shop} · {bar.till}"
        if self._place_name.size_hint_x is None:
            wanted_px = width_px_of(self._place_name.text, font_name=STRONG_FONT, font_px=self._bar_px) + mm(1)
            self._place_name.width = min(wanted_px, mm(_PLACE_WIDTH_MM_MAX))
        self._last.text = bar.last_result
        self.network.show_network(bar.network, self._words.of_network(bar.network))
        waits = bar.queue_count > 0
        self.queue.opacity = 1 if waits else 0
        self.queue.disabled = not waits
        if waits:
            word = f"{bar.queue_count} · {bar.queue_total}"
            self.queue.show(icon=Icon.ARROW_INTO_TRAY, word=word, tint=self._queue_tint)
        else:
            self.queue.width = 0


def _row(widgets: list[Widget]) -> BoxLayout:
    row = BoxLayout(spacing=mm(GAP_MM), size_hint_y=None, height=mm(TARGET_MM))
    for widget in widgets:
        row.add_widget(widget)
    return row
