"""SHOW_CODE and SCAN: a square to look at, and beside it what it is about."""

from kivy.graphics import Color, Line
from kivy.uix.anchorlayout import AnchorLayout
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from terminal_app.screen_model import CheckWords, PreviewFrame, ScreenModel
from terminal_app.ui.screens.base import Screen, Surroundings, column, row
from terminal_app.ui.theme import CORNER_MM, GAP_MM, MARGIN_MM, Look, mm
from terminal_app.ui.widgets.surface import Surface
from terminal_app.ui.widgets.text import AmountLabel, FittedLine, Headline, Paragraph
from terminal_app.ui.words import UiWords
from wallet_sdk.screen.fonts import STRONG_FONT
from wallet_sdk.screen.grey_view import GreyView
from wallet_sdk.screen.icons import Icon, IconView
from wallet_sdk.screen.qr_view import QrView

_WORDS_MM = 10.0
_CLOCK_MM = 6.0
_LINES_MM_MIN = 4.0
_LINES_MM_MAX = 12.0


class CheckWordsView(BoxLayout):
    """The two words that payer and cashier compare, each in a pill, with a caption above."""

    def __init__(self, *, look: Look, words: UiWords) -> None:
        super().__init__(orientation="vertical", spacing=mm(1), size_hint_y=None)
        self._caption = FittedLine(full_mm=look.sizes.bar_mm, color=look.theme.text_dim, text=words.same_words)
        self._caption.size_hint_y = None
        self._caption.height = mm(look.sizes.bar_mm * 1.5)
        self._pills = [self._pill(look, f"check_word_{place}") for place in (1, 2)]
        self._row = row(*self._pills, height_mm=_WORDS_MM)
        self.show(None)

    @staticmethod
    def _pill(look: Look, robot_id: str) -> FittedLine:
        pill = FittedLine(
            full_mm=look.sizes.button_mm,
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


class Countdown(BoxLayout):
    """A clock and the time that is left, as minutes and seconds."""

    def __init__(self, *, look: Look) -> None:
        super().__init__(spacing=mm(1.6), size_hint_y=None, height=mm(_CLOCK_MM))
        clock = AnchorLayout(size_hint_x=None, width=mm(4.6))
        clock.add_widget(
            IconView(icon=Icon.CLOCK, tint=look.theme.text_dim, size_hint=(None, None), size=(mm(4.6), mm(4.6)))
        )
        self._left = FittedLine(full_mm=look.sizes.body_mm, color=look.theme.text, robot_id="remaining")
        self.add_widget(clock)
        self.add_widget(self._left)

    def show(self, remaining_s: int | None) -> None:
        """Draw these seconds, or nothing."""
        self.opacity = 0 if remaining_s is None else 1
        seconds = max(0, remaining_s or 0)
        self._left.text = f"{seconds // 60}:{seconds % 60:02d}"


class BesideScreen(Screen):
    """A square on the left (above, when the window is high), words and buttons on the right (below)."""

    def __init__(self, surroundings: Surroundings, square: Widget) -> None:
        super().__init__(surroundings)
        look, sizes = self.look, self.look.sizes
        self.square = square
        self._headline = Headline(
            full_mm=sizes.button_mm * 1.3,
            smallest_part=0.7 if look.is_portrait else 0.45,
            robot_id="headline",
            color=look.theme.text,
        )
        self._headline.size_hint_y = None
        self._headline.height = mm(sizes.button_mm * 1.9)
        align = "right" if look.is_portrait else "left"
        self._amount = AmountLabel(look=look, full_mm=sizes.amount_mm * 0.85, halign=align)
        self._amount.tint(number=look.theme.text, currency=look.theme.accent)
        self._amount.size_hint_y = None
        self._amount.height = mm(sizes.amount_mm * 1.05)
        self._lines = Paragraph(full_mm=sizes.body_mm, color=look.theme.text_dim, robot_id="lines")
        self._words = CheckWordsView(look=look, words=surroundings.words)
        self._countdown = Countdown(look=look)
        slot = self.action_slot()
        self.bind(height=self._make_room)
        if look.is_portrait:
            self.orientation = "vertical"
            self._lay_out_portrait(slot)
        else:
            side = BoxLayout(size_hint_x=None)
            side.add_widget(square)
            self.bind(height=lambda *_a: setattr(side, "width", self.height - 2 * mm(MARGIN_MM)))
            self.add_widget(side)
            self.add_widget(
                column(self._headline, self._amount, self._words, self._lines, self._countdown, Widget(), slot)
            )

    def _lay_out_portrait(self, slot: BoxLayout) -> None:
        """High windows: what it is about in one row above, the square as large as the rest allows."""
        self.spacing = mm(GAP_MM)
        self._headline.size_hint = (0.54, 1)
        self._amount.size_hint = (0.46, 1)
        self.add_widget(row(self._headline, self._amount, height_mm=self.look.sizes.amount_mm))
        self.add_widget(self.square)
        self._countdown.size_hint_x = 0.3
        foot = BoxLayout(spacing=mm(GAP_MM), size_hint_y=None)
        foot.add_widget(self._words)
        foot.add_widget(self._countdown)
        foot.bind(minimum_height=foot.setter("height"))
        for widget in (self._lines, foot, slot):
            self.add_widget(widget)

    def draw(self, model: ScreenModel) -> None:
        """Show the words beside the square."""
        self._headline.text = model.headline
        self._amount.amount = model.amount
        self._lines.text = "\n".join(model.lines)
        self._words.show(model.check_words)
        self._countdown.show(model.remaining_s)
        self.draw_actions(model.actions, self.look.theme.base, narrow=True)
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
    """Our code, as large as it goes, for the customer's phone."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._code = QrView(robot_id="code")
        self._code_text: str | None = None
        super().__init__(surroundings, self._code)

    def draw(self, model: ScreenModel) -> None:
        """Show the code; its matrix is made only when its text changed."""
        super().draw(model)
        if model.code_text != self._code_text:
            self._code_text = model.code_text
            self._code.matrix = None if model.code_text is None else self.around.matrix_of(model.code_text)


class Viewfinder(GreyView):
    """The camera's picture with four corners that say where to hold the phone."""

    def __init__(self, *, look: Look) -> None:
        super().__init__(corner_mm=CORNER_MM, robot_id="viewfinder")
        with self.canvas.after:
            Color(*look.theme.accent)
            self._corners = [Line(width=mm(0.55), cap="round", joint="round") for _ in range(4)]
        self.bind(pos=self._place_corners, size=self._place_corners)

    def _place_corners(self, *_args: object) -> None:
        half_px = min(self.width, self.height) * 0.36
        arm_px = half_px * 0.42
        for line, (dx, dy) in zip(self._corners, ((-1, -1), (-1, 1), (1, -1), (1, 1)), strict=True):
            x, y = (self.x + self.width / 2) + dx * half_px, (self.y + self.height / 2) + dy * half_px
            line.points = (x - dx * arm_px, y, x, y, x, y - dy * arm_px)


class ScanScreen(BesideScreen):
    """The camera's picture, to hold the customer's code into."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._viewfinder = Viewfinder(look=surroundings.look)
        super().__init__(surroundings, self._viewfinder)

    def show_frame(self, frame: PreviewFrame) -> None:
        """Show the camera's newest frame."""
        self._viewfinder.show(width_px=frame.width_px, height_px=frame.height_px, luminance=frame.luminance)
