"""Pages that are lists: history, one sale, reports, queue, people, devices, settings. Turned, never scrolled."""

from dataclasses import replace
from typing import Final

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from terminal_app.screen_model import Action, PageButton, RefundDraft, Row, ScreenModel, ScreenName
from terminal_app.ui.screens.base import LeavePage, Screen, Surroundings
from terminal_app.ui.screens.state_panel import WarningBand
from terminal_app.ui.theme import GAP_MM
from terminal_app.ui.widgets.action_row import ACTION_ICONS, make_button, make_key
from terminal_app.ui.widgets.header import Header
from terminal_app.ui.widgets.list_row import PRESSED_ROW_MM, make_row, read_row_mm
from wallet_sdk.screen.finger import ESCAPE_KEY, PAGE_DOWN_KEY, PAGE_UP_KEY
from wallet_sdk.screen.icons import Icon
from wallet_sdk.screen.text import FittedLine, Paragraph
from wallet_sdk.screen.units import mm

_SIDE_PART: Final = 0.34
_ACTION_MM: Final = 12.0
_TURNS_MM: Final = 38.0
_READ_GAP_MM: Final = 0.6
_LINES_MM_MAX: Final = 11.0
_LINES_MM_MAX_HIGH: Final = 18.0
_WARNING_MM: Final = 10.0
_COLUMNS_MM: Final = 3.0


class ListPage(Screen):
    """A header, perhaps sentences and a warning, rows as many as fit, and buttons beside or below them."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings, orientation="vertical")
        look = self.look
        self.spacing = mm(GAP_MM)
        self._model: ScreenModel | None = None
        self._rows: tuple[Row, ...] = ()
        self._shown_leaf = 0
        self._header = Header(look=look)
        self._header.back.bind(on_release=lambda *_args: self._go_back())
        self._back: object = None
        self._lines = Paragraph(type_mm=look.sizes.body_mm * 0.92, color=look.theme.text_dim, robot_id="lines")
        self._lines.halign = look.start
        self._lines.most_px = mm(_LINES_MM_MAX_HIGH if look.is_portrait else _LINES_MM_MAX)
        self._warning = WarningBand(look=look, ground=look.theme.base)
        self._list = BoxLayout(orientation="vertical", spacing=mm(GAP_MM))
        self._list.bind(height=self._fill)
        self._side = BoxLayout(orientation="vertical", spacing=mm(GAP_MM))
        self._count = FittedLine(type_mm=look.sizes.bar_mm, color=look.theme.text_dim, halign="center")
        self._turns = self._turning_keys()
        self._body = BoxLayout(
            orientation="vertical" if look.is_portrait else "horizontal", spacing=mm(GAP_MM if look.is_portrait else 3)
        )
        for widget in (self._header, self._lines, self._warning, self._body):
            self.add_widget(widget)

    def _turning_keys(self) -> BoxLayout:
        keys = BoxLayout(spacing=mm(GAP_MM), size_hint_x=None, width=mm(_TURNS_MM))
        words = self.around.words
        for name, icon, step in (("page_back", Icon.UP, -1), ("page_on", Icon.DOWN, 1)):
            key = make_key(text=name, icon=icon, type_mm=4.4, look=self.look, robot_id=name)
            key.label_text = words.page_on if step > 0 else words.page_back
            key.bind(on_release=lambda _key, by=step: self._turn(by))
            keys.add_widget(key)
        keys.add_widget(self._count, index=1)
        return keys

    def draw(self, model: ScreenModel) -> None:
        """Show the rows; the leaf that is open stays open."""
        self._model = model
        self._back = model.back
        self._lines.text = "\n".join(model.lines)
        self._warning.show(model.warning)
        self._warning.height = mm(_WARNING_MM) if model.warning else 0
        self._actions = model.actions
        if model.rows != self._rows:
            self._rows = model.rows
            self._list.spacing = mm(self._gap_mm)
        self._fill_side()
        self._fill()

    @property
    def _is_pressed(self) -> bool:
        return all(row.press is not None for row in self._rows)

    @property
    def _gap_mm(self) -> float:
        return GAP_MM if self._is_pressed else _READ_GAP_MM

    def _line_mm(self, line: tuple[Row, ...]) -> float:
        """Among lines that are only read, one that is pressed brings its distance to the next target with it."""
        return read_row_mm(self.look) if line[0].press is None else PRESSED_ROW_MM + GAP_MM - self._gap_mm

    def _leaves(self) -> list[list[tuple[Row, ...]]]:
        """The lines of each leaf: as many as fit, and one at least."""
        columns, gap_px = self._columns, self._list.spacing
        lines = [self._rows[start : start + columns] for start in range(0, len(self._rows), columns)]
        leaves: list[list[tuple[Row, ...]]] = [[]]
        left_px = room_px = self._list.height + gap_px + 1
        for line in lines:
            line_px = mm(self._line_mm(line)) + gap_px
            if line_px > left_px and leaves[-1]:
                leaves.append([])
                left_px = room_px
            leaves[-1].append(line)
            left_px -= line_px
        return leaves

    def _fill(self, *_args: object) -> None:
        """The rows of the open leaf, and keys that turn when there is more than one."""
        if self._model is None:
            return
        leaves = self._leaves()
        self._shown_leaf = min(self.leaf, len(leaves) - 1)
        self._count.text = f"{self._shown_leaf + 1} / {len(leaves)}"
        turns = (self._turns,) if len(leaves) > 1 else ()
        self._header.show(self._model.headline, *turns, back=self._back)
        self._list.clear_widgets()
        for line in leaves[self._shown_leaf]:
            self._list.add_widget(self._line(line))
        self._list.add_widget(Widget())

    @property
    def _columns(self) -> int:
        """Short lines stand beside each other where the list has the whole width of a wide window."""
        has_side = bool(self.beside() or self._actions)
        return 2 if self._is_pressed and not has_side and not self.look.is_portrait else 1

    def _line(self, rows: tuple[Row, ...]) -> Widget:
        drawn = [self._row(row) for row in rows]
        height_px = mm(self._line_mm(rows))
        line = BoxLayout(spacing=mm(_COLUMNS_MM), size_hint_y=None, height=height_px)
        line.padding = (0, 0, 0, height_px - drawn[0].height)
        for widget in self.look.in_row(*drawn, *(Widget() for _ in range(self._columns - len(rows)))):
            line.add_widget(widget)
        return line

    def _row(self, row: Row) -> Widget:
        drawn = make_row(row, look=self.look)
        if row.press is not None:
            drawn.bind(on_release=lambda *_args: self.around.send(row.press))
        return drawn

    def _fill_side(self) -> None:
        """The buttons stand beside the list, or below it; where there are none the list has the whole room."""
        self._side.clear_widgets()
        self._body.clear_widgets()
        buttons = [*self.beside(), *(self._button(action) for action in self._actions)]
        if not self.look.is_portrait:
            self._side.size_hint_x = _SIDE_PART
            buttons.insert(len(self.beside()), Widget())
        else:
            self._side.size_hint_y = None
            self._side.height = sum(each.height for each in buttons) + max(0, len(buttons) - 1) * mm(GAP_MM)
        for widget in buttons:
            self._side.add_widget(widget)
        has_side = bool(self.beside() or self._actions)
        parts: tuple[Widget, ...] = (self._list, self._side) if has_side else (self._list,)
        for part in parts if self.look.is_portrait else self.look.in_row(*parts):
            self._body.add_widget(part)

    def beside(self) -> tuple[Widget, ...]:
        """What a page has above its buttons."""
        return ()

    def _button(self, action: Action) -> Widget:
        icon = ACTION_ICONS.get(action.command)
        button = make_button(action, look=self.look, ground=self.look.theme.base, icon=icon)
        button.height = mm(_ACTION_MM)
        button.bind(on_release=lambda *_args: self.press(action))
        return button

    def press(self, action: Action) -> None:
        """Money back and the end of the day are asked about on a page of their own."""
        model = self._model
        assert model is not None
        if action.command is PageButton.REFUND and model.refund is not None:
            page = refund_page(model)
        elif action.command is PageButton.CLOSE_DAY and model.confirm is not None:
            page = confirm_page(model)
        else:
            super().press(action)
            return
        self.around.open_page(page)

    def _turn(self, by: int) -> None:
        self.leaf = max(0, self._shown_leaf + by)
        self._fill()

    def _go_back(self) -> None:
        if self._back is not None:
            self.around.send(self._back)

    def press_key(self, key_code: int) -> None:
        """Page keys turn, Escape leads back, Enter goes forward."""
        if key_code == ESCAPE_KEY:
            self._go_back()
        elif key_code in {PAGE_DOWN_KEY, PAGE_UP_KEY}:
            self._turn(1 if key_code == PAGE_DOWN_KEY else -1)
        else:
            super().press_key(key_code)


def refund_page(sale: ScreenModel, draft: RefundDraft | None = None) -> ScreenModel:
    """The page over a sale that asks how much goes back, and why; `draft` is what was filled in before."""
    assert sale.refund is not None
    offer = sale.refund
    if draft is not None:
        offer = replace(offer, typed_minor=draft.amount_minor, typed_reason=draft.reason)
    return replace(sale, name=ScreenName.REFUND, headline=offer.headline, refund=offer, back=LeavePage.NOW)


def confirm_page(report: ScreenModel) -> ScreenModel:
    """The page over a report that asks whether the day is to be closed."""
    assert report.confirm is not None
    return replace(
        report,
        name=ScreenName.CLOSE_DAY,
        headline=report.confirm.label,
        lines=(report.confirm.detail,),
        choices=(replace(report.confirm, detail=""),),
        actions=(),
        back=LeavePage.NOW,
    )
