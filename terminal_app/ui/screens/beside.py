"""SHOW_CODE and SCAN: a square to look at, and beside it what it is about."""

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kivy.clock import Clock
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from terminal_app.screen_model import CheckWords, PreviewFrame, ScreenModel, UiWords
from terminal_app.ui.screens.base import Screen, Surroundings
from terminal_app.ui.self_check import CodeFault, find_fault
from terminal_app.ui.theme import CORNER_MM, GAP_MM, MARGIN_MM, Look
from terminal_app.ui.widgets.top_bar import BarForm
from wallet_sdk.screen.amount import AmountLabel
from wallet_sdk.screen.fonts import DISPLAY_FONT, STRONG_FONT
from wallet_sdk.screen.frame_buffer import after_next_frame
from wallet_sdk.screen.grey_view import Viewfinder
from wallet_sdk.screen.parts import Countdown, column, row
from wallet_sdk.screen.qr_view import QUIET_ZONE_MODULES, QrView
from wallet_sdk.screen.surface import Surface
from wallet_sdk.screen.text import FittedLine, Paragraph
from wallet_sdk.screen.units import mm

if TYPE_CHECKING:
    from PIL import Image

_WORDS_MM = 9.0
_ACTIONS_BESIDE: Final = 2
# Between the square and the edge of the window.
_EDGE_MM = 1.0
_SETTLING_S: Final = 0.1
_LINES_MM_MIN = 4.0
_LINES_MM_MAX = 10.0


class CheckWordsView(BoxLayout):
    """The two words that payer and cashier compare, each in a pill, with a caption above."""

    def __init__(self, *, look: Look, words: UiWords) -> None:
        super().__init__(orientation="vertical", spacing=mm(1), size_hint_y=None)
        self._caption = FittedLine(
            type_mm=look.sizes.bar_mm, color=look.theme.text_dim, text=words.same_words, halign=look.start
        )
        self._caption.size_hint_y = None
        self._caption.height = mm(look.sizes.bar_mm * 1.5)
        self._pills = [self._pill(look, f"check_word_{place}") for place in (1, 2)]
        self._row = row(*look.in_row(*self._pills), height_mm=_WORDS_MM)
        self.show(None)

    @staticmethod
    def _pill(look: Look, robot_id: str) -> FittedLine:
        pill = FittedLine(
            type_mm=look.sizes.button_mm,
            font_name=STRONG_FONT,
            halign="center",
            color=look.theme.accent,
            robot_id=robot_id,
        )
        pill.padding = (mm(2), 0)
        Surface(pill, fill=look.theme.surface, outline=look.theme.outline, corner_mm=_WORDS_MM / 2)
        return pill

    def show(self, check_words: CheckWords | None) -> None:
        """Draw these words, or nothing."""
        self.clear_widgets()
        self.height = 0
        self.size_hint_x = None if check_words is None else 1
        self.width = 0
        if check_words is None:
            return
        for pill, word in zip(self._pills, (check_words.first, check_words.second), strict=True):
            pill.text = word
        self.add_widget(self._caption)
        self.add_widget(self._row)
        self.height = self._caption.height + self._row.height + mm(1)


class BesideScreen(Screen):
    """A square over the whole height of the window, words and buttons on its right; above each other in a high one.

    Every pixel goes to the square that can: a code is read from across the counter, and its modules are whole pixels.
    """

    def __init__(self, surroundings: Surroundings, square: Widget) -> None:
        super().__init__(surroundings)
        look, sizes = self.look, self.look.sizes
        self.square = square
        self._headline = FittedLine(
            font_name=DISPLAY_FONT,
            type_mm=sizes.button_mm * 1.3,
            lines_max=2,
            robot_id="headline",
            halign=look.start,
            color=look.theme.text,
        )
        self._headline.size_hint_y = None
        self._headline.height = mm(sizes.button_mm * 1.9)
        self._amount = AmountLabel(
            type_mm=sizes.amount_mm * 0.85,
            color=look.theme.text,
            currency_color=look.theme.accent,
            halign=look.end if look.is_portrait else look.start,
        )
        self._amount.size_hint_y = None
        self._lines = Paragraph(type_mm=sizes.body_mm, color=look.theme.text_dim, halign=look.start, robot_id="lines")
        self._words = CheckWordsView(look=look, words=surroundings.words)
        self._countdown = Countdown(type_mm=sizes.body_mm, color=look.theme.text, clock_color=look.theme.text_dim)
        self.orientation = "vertical"
        self.spacing = mm(GAP_MM)
        slot = self.action_slot()
        if look.is_portrait:
            self._lay_out_portrait(slot)
        else:
            self._lay_out_landscape(slot)
        self.bind(height=self._make_room)

    @property
    def bar_form(self) -> BarForm:
        """The square's room comes before the shop's name and the last result."""
        return BarForm.SHORT_ROW

    def _lay_out_landscape(self, slot: BoxLayout) -> None:
        self.tall = BoxLayout(size_hint_x=None, padding=mm(_EDGE_MM))
        self.tall.add_widget(self.square)
        self.tall.bind(height=lambda tall, height_px: setattr(tall, "width", height_px))
        for widget in (self._headline, self._amount, self._words, self._lines, self._countdown, Widget(), slot):
            self.add_widget(widget)

    def _lay_out_portrait(self, slot: BoxLayout) -> None:
        """High windows: what it is about in one row above, the square almost from edge to edge, the rest below."""
        self.padding = (0, mm(_EDGE_MM))
        self.spacing = mm(_EDGE_MM)
        self._headline.size_hint = (0.54, 1)
        self._amount.size_hint = (0.46, 1)
        above = row(*self.look.in_row(self._headline, self._amount), height_mm=self.look.sizes.amount_mm * 0.8)
        above.padding = (mm(MARGIN_MM), 0)
        edge = BoxLayout(padding=(mm(_EDGE_MM), 0))
        edge.add_widget(self.square)
        self._countdown.size_hint_x = 0.3
        foot = BoxLayout(spacing=mm(GAP_MM), size_hint_y=None)
        for widget in self.look.in_row(self._words, self._countdown):
            foot.add_widget(widget)
        foot.bind(minimum_height=foot.setter("height"))
        below = column(self._lines, foot, slot, size_hint_y=None, padding=(mm(MARGIN_MM), 0))
        below.bind(minimum_height=below.setter("height"))
        for widget in (above, edge, below):
            self.add_widget(widget)

    def draw(self, model: ScreenModel) -> None:
        """Show the words beside the square."""
        self._headline.text = model.headline
        self._amount.amount = model.amount
        # What is about no sum leaves its room to the lines.
        self._amount.height = 0 if model.amount is None else mm(self.look.sizes.amount_mm * 0.95)
        self._lines.text = "\n".join(model.lines)
        self._words.show(model.check_words)
        self._countdown.show(model.remaining_s)
        # Above each other three buttons would take a high window's room from the code.
        in_one_row = self.look.is_portrait and len(model.actions) > _ACTIONS_BESIDE
        self.draw_actions(model.actions, self.look.theme.base, narrow=not in_one_row)
        self._make_room()

    def _make_room(self, *_args: object) -> None:
        """Give the lines what the other parts leave; on high windows they take from the square, but not much."""
        if self.look.is_portrait:
            self._lines.most_px = mm(_LINES_MM_MAX)
            return
        used_px = self._headline.height + self._amount.height + self._words.height + self._countdown.height
        spaces_px = 2 * mm(MARGIN_MM) + 6 * mm(GAP_MM)
        self._lines.most_px = max(mm(_LINES_MM_MIN), self.height - self._actions_px - used_px - spaces_px)


class ShowCodeScreen(BesideScreen):
    """Our code, as large as it goes, for the customer's phone; looked at once with our own eyes.

    `has_checked` says that this code was looked at, `fault` what was wrong with it.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._code = QrView(robot_id="code")
        self._code_text: str | None = None
        self._model: ScreenModel | None = None
        self.has_checked = False
        self.fault: CodeFault | None = None
        super().__init__(surroundings, self._code)

    def draw(self, model: ScreenModel) -> None:
        """Show the code; its matrix is made only when its text changed."""
        self._model = model
        warned = self._warning()
        super().draw(replace(model, lines=(warned,)) if warned else model)
        if model.code_text == self._code_text:
            return
        self._code_text = model.code_text
        self._code.matrix = None if model.code_text is None else self.around.matrix_of(model.code_text)
        self.has_checked, self.fault = False, None
        if model.code_text is not None and model.self_check:
            # One round later the layout has come to rest; what is drawn then is what a phone sees.
            Clock.schedule_once(self._ask_for_look, _SETTLING_S)

    def card_in(self, picture: "Image.Image") -> "Image.Image":
        """The part of a picture of the window with the code and its quiet zone."""
        modules = len(self._code.matrix or ()) + 2 * QUIET_ZONE_MODULES
        half_px = modules * self._code.module_px / 2
        x_px, y_px = self._code.to_window(*self._code.center)
        middle_px = picture.height - y_px
        return picture.crop(
            (round(x_px - half_px), round(middle_px - half_px), round(x_px + half_px), round(middle_px + half_px))
        )

    def _ask_for_look(self, _dt: float) -> None:
        """One frame for our own eyes; none when the code has left the window meanwhile."""
        if self._code.get_root_window() is not None:
            after_next_frame(self._look)

    def _look(self, picture: "Image.Image") -> None:
        """Judge the drawn code in a thread of its own: decoding takes longer than a frame."""
        text = self._code_text
        if text is None or self._code.get_root_window() is None:
            return
        card, module_px, module_mm = self.card_in(picture), self._code.module_px, self._code.module_mm

        def judge() -> None:
            fault = find_fault(card, text=text, module_px=module_px, module_mm=module_mm)
            Clock.schedule_once(lambda _dt: self._found(text, fault))

        threading.Thread(target=judge, name="self-check", daemon=True).start()

    def _found(self, text: str, fault: CodeFault | None) -> None:
        if text != self._code_text:
            return
        self.has_checked, self.fault = True, fault
        if fault is not None and self._model is not None:
            self.draw(self._model)

    def _warning(self) -> str:
        words = self.around.words
        match self.fault:
            case None:
                return ""
            case CodeFault.TOO_SMALL:
                return words.code_too_small
            case CodeFault.TOO_PALE:
                return words.code_too_pale
            case CodeFault.UNREADABLE:
                return words.code_unreadable


class ScanScreen(BesideScreen):
    """The camera's picture, to hold the customer's code into."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._viewfinder = Viewfinder(tint=surroundings.look.theme.accent, corner_mm=CORNER_MM)
        super().__init__(surroundings, self._viewfinder)

    def show_frame(self, frame: PreviewFrame) -> None:
        """Show the camera's newest frame."""
        self._viewfinder.show(width_px=frame.width_px, height_px=frame.height_px, luminance=frame.luminance)


class CameraScreen(ScanScreen):
    """The camera's picture while it is tested, and how many pictures have come."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self._model: ScreenModel | None = None
        self._frame_count = 0

    def draw(self, model: ScreenModel) -> None:
        """Show what was read, and the count."""
        self._model = model
        counted = self.around.words.frames_seen.format(count=self._frame_count)
        super().draw(replace(model, lines=(*model.lines, counted)))

    def show_frame(self, frame: PreviewFrame) -> None:
        """Show the newest frame and count it."""
        super().show_frame(frame)
        self._frame_count += 1
        if self._model is not None:
            self.draw(self._model)
