"""A PIN: who, then the digits. They are never drawn, only counted."""

from typing import Any, Final

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from terminal_app.office_commands import Approve, SignIn
from terminal_app.screen_model import PersonChoice, PinAsk, PinPurpose, Row, ScreenModel, TurnBack
from terminal_app.ui.screens.base import Surroundings
from terminal_app.ui.screens.pin_digits import DOT, PinDigits
from terminal_app.ui.theme import GAP_MM, MARGIN_MM, Look
from terminal_app.ui.widgets.header import Header
from terminal_app.ui.widgets.list_row import PRESSED_ROW_MM, PressedRow
from terminal_app.ui.widgets.pad import ENTER, digit_pad
from wallet_sdk.screen.parts import column
from wallet_sdk.screen.text import Paragraph
from wallet_sdk.screen.units import mm

_DOTS_MM: Final = 7.0
_LINES_MM_MAX: Final = 14.0


_SENT: Final[dict[PinPurpose, Any]] = {
    PinPurpose.SIGN_IN: SignIn,
    PinPurpose.APPROVE: Approve,
    PinPurpose.TURN_BACK: TurnBack,
}
assert set(_SENT) == set(PinPurpose), "a PIN is never typed for nothing"


class PinPage(PinDigits):
    """People on one side, the pad on the other. Whoever is alone here need not be chosen."""

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings, dots_mm=_DOTS_MM)
        look = self.look
        self.spacing = mm(MARGIN_MM)
        self._ask: PinAsk | None = None
        self._chosen = 0
        self._back: object = None
        self._header = Header(look=look)
        self._header.back.bind(on_release=lambda *_args: self.go_back())
        self._lines = Paragraph(type_mm=look.sizes.body_mm, color=look.theme.caution, robot_id="lines")
        self._lines.halign = look.start
        self._lines.most_px = mm(_LINES_MM_MAX)
        self._people = BoxLayout(orientation="vertical", spacing=mm(GAP_MM))
        self._people.bind(height=lambda *_args: self._fill())
        words = column(self._header, self._lines, self._people, spacing_mm=GAP_MM)
        pad = column(self.dots, digit_pad(look=look, press=self.take_key, corner=ENTER), spacing_mm=GAP_MM)
        self._lay_out(look, words, pad)

    def _lay_out(self, look: Look, words: Widget, pad: Widget) -> None:
        if look.is_portrait:
            self.orientation = "vertical"
            words.size_hint_y, pad.size_hint_y = 0.38, 0.62
            parts: tuple[Widget, ...] = (words, pad)
        else:
            words.size_hint_x, pad.size_hint_x = 0.5, 0.5
            parts = look.in_row(words, pad)
        for part in parts:
            self.add_widget(part)

    def draw(self, model: ScreenModel) -> None:
        """Show who may type a PIN; what was typed so far is kept, and gone once it was sent."""
        assert model.pin is not None
        self._ask = model.pin
        self.digits_max = model.pin.digits_max
        self._back = model.back
        self._header.show(model.headline, back=model.back)
        self._lines.text = "\n".join(model.lines)
        self._fill()

    def _fill(self) -> None:
        if self._ask is None:
            return
        self.show_dots()
        self._people.clear_widgets()
        people = self._ask.people
        fit = max(1, int((self._people.height + mm(GAP_MM) + 1) / mm(PRESSED_ROW_MM + GAP_MM)))
        # whoever is chosen stands before the last one, so that a touch on the last one brings the next ones up
        first = max(0, min(self._chosen - fit + 2, len(people) - fit))
        for place, person in enumerate(people[first : first + fit], start=first):
            self._people.add_widget(self._row(place, person))
        self._people.add_widget(Widget())

    def _row(self, place: int, person: PersonChoice) -> PressedRow:
        chosen = DOT if place == self._chosen else ""
        row = Row(
            robot_id=f"person_{person.staff_id}", title=person.name, detail=person.role, value=chosen, press=person
        )
        drawn = PressedRow(row, look=self.look)
        drawn.bind(on_release=lambda *_args: self._choose(place))
        return drawn

    def _choose(self, place: int) -> None:
        self._chosen, self.pin = place, ""
        self._fill()

    @property
    def typed(self) -> tuple[str, ...]:
        """The digits, and whose they are to be."""
        return self.pin, str(self._chosen)

    def type_again(self, typed: tuple[str, ...]) -> None:
        """Nobody's PIN is typed for somebody else."""
        self.pin, self._chosen = typed[0], int(typed[1])
        self._fill()

    def enter(self) -> None:
        assert self._ask is not None
        if not self.pin or not self._ask.people:
            return
        staff_id = self._ask.people[min(self._chosen, len(self._ask.people) - 1)].staff_id
        pin, self.pin = self.pin, ""
        self.around.send(_SENT[self._ask.purpose](staff_id=staff_id, pin=pin))

    def go_back(self) -> None:
        if self._back is not None:
            self.around.send(self._back)
