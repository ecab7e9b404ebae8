"""The wallet's three cards: what is in the purse, who is paid, what was paid."""

from kivy.graphics import Color, RoundedRectangle
from kivy.properties import NumericProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from wallet_sdk.demo import theme
from wallet_sdk.demo.screen_model import HistoryRow, Payee, Purse
from wallet_sdk.demo.widgets import amount_line, gradient, line, sentences, space, title
from wallet_sdk.screen.fonts import STRONG_FONT
from wallet_sdk.screen.icons import Icon
from wallet_sdk.screen.parts import IconDisc, column, row
from wallet_sdk.screen.surface import Surface
from wallet_sdk.screen.text import FittedLine
from wallet_sdk.screen.units import mm

_PURSE_MM = 42.6
_ROW_MM = 11.4
_PAYEE_WORDS_MM = 18.0


class PartBar(Widget):
    """A thin bar, filled to a part of its width."""

    part = NumericProperty(0.0)

    def __init__(self, part: float, **kwargs: object) -> None:
        super().__init__(size_hint_y=None, height=mm(1.5), **kwargs)
        with self.canvas:
            Color(*theme.ON_CARD[:3], 0.26)
            self._whole = RoundedRectangle(radius=[mm(0.75)])
            Color(*theme.ON_CARD)
            self._filled = RoundedRectangle(radius=[mm(0.75)])
        self.bind(pos=self._place, size=self._place, part=self._place)
        self.part = min(1.0, max(0.0, part))

    def _place(self, *_args: object) -> None:
        self._whole.pos = self._filled.pos = self.pos
        self._whole.size = self.size
        self._filled.size = (self.width * self.part, self.height)


def purse_card(purse: Purse) -> BoxLayout:
    """Balance large, offline allowance below it, with how much of it is left."""
    card = column(spacing_mm=0.8, size_hint_y=None, height=mm(_PURSE_MM), padding=(mm(5), mm(4.4)))
    ground = Surface(card, fill=theme.WHITE, corner_mm=theme.CORNER_MM * 1.6)
    ground.shade(gradient(bottom=theme.CARD_BOTTOM, top=theme.CARD_TOP))
    allowance = amount_line(
        purse.allowance,
        type_mm=theme.BUTTON_TYPE_MM,
        color=theme.ON_CARD,
        currency_color=theme.ON_CARD_DIM,
        halign="right",
        robot_id="allowance",
    )
    allowance.pos_hint = {"center_y": 0.5}
    caption = FittedLine(type_mm=theme.BODY_MM, color=theme.ON_CARD_DIM, text="Ready for offline")
    for widget in (
        line("Balance", type_mm=theme.BODY_MM, color=theme.ON_CARD_DIM),
        amount_line(
            purse.balance,
            type_mm=theme.AMOUNT_MM * 1.05,
            color=theme.ON_CARD,
            currency_color=theme.ON_CARD_DIM,
            robot_id="balance",
        ),
        Widget(),
        row(caption, allowance, height_mm=6),
        PartBar(purse.allowance_part),
        line(purse.note, type_mm=theme.SMALL_MM, color=theme.ON_CARD_DIM, robot_id="purse_note"),
    ):
        card.add_widget(widget)
    return card


def warning_card(words: str) -> BoxLayout:
    """What must not be overlooked on the home screen."""
    disc = IconDisc(icon=Icon.CROSS, fill=theme.RED, tint=theme.WHITE, diameter_mm=8, stroke=0.26)
    disc.pos_hint = {"center_y": 0.5}
    text = sentences(words, color=theme.RED, type_mm=theme.SMALL_MM * 1.08, font_name=STRONG_FONT, robot_id="warning")
    text.pos_hint = {"center_y": 0.5}
    card = row(disc, text, height_mm=12, spacing_mm=3)
    card.padding = (mm(4), mm(1.5))
    Surface(card, fill=theme.NOT_PAID_SOFT, outline=theme.RED, corner_mm=theme.CORNER_MM)
    return card


def payee_card(payee: Payee, *, height_mm: float = 26) -> BoxLayout:
    """Who is paid, in the operator's words, with the tick that says so."""
    disc = IconDisc(icon=Icon.TICK, fill=theme.PAID_SOFT, tint=theme.GREEN, diameter_mm=11, stroke=0.24)
    disc.pos_hint = {"center_y": 0.5}
    words = column(
        title(payee.name, type_mm=theme.TITLE_MM, color=theme.INK, robot_id="payee"),
        line(payee.place, type_mm=theme.BODY_MM, color=theme.INK_DIM),
        line("Verified merchant", type_mm=theme.SMALL_MM, color=theme.GREEN, font_name=STRONG_FONT),
        spacing_mm=0,
    )
    card = row(disc, words, height_mm=height_mm, spacing_mm=4)
    card.padding = (mm(4.5), mm((height_mm - _PAYEE_WORDS_MM) / 2))
    Surface(card, fill=theme.SURFACE, outline=theme.LINE, corner_mm=theme.CORNER_MM * 1.3)
    return card


def history_card(rows: tuple[HistoryRow, ...]) -> BoxLayout:
    """Past payments, the newest on top."""
    card = column(spacing_mm=0, size_hint_y=None, padding=(mm(3.6), mm(1.6)))
    Surface(card, fill=theme.SURFACE, outline=theme.LINE, corner_mm=theme.CORNER_MM * 1.3)
    if not rows:
        words = sentences("No payments yet. They will stand here.", halign="center")
        card.add_widget(column(space(3), words, space(3), size_hint_y=None, height=mm(_ROW_MM * 1.4)))
    for each in rows:
        card.add_widget(_history_row(each))
    card.height = mm(3.2) + mm(_ROW_MM) * len(rows) if rows else mm(_ROW_MM * 1.4 + 3.2)
    return card


def _history_row(shown: HistoryRow) -> BoxLayout:
    icon, strong, soft = theme.ROW_LOOKS[shown.tone]
    disc = IconDisc(icon=icon, fill=soft, tint=strong, diameter_mm=7.6, stroke=0.26)
    disc.pos_hint = {"center_y": 0.5}
    words = column(
        FittedLine(type_mm=theme.BODY_MM, color=theme.INK, font_name=STRONG_FONT, text=shown.payee, valign="bottom"),
        FittedLine(
            type_mm=theme.SMALL_MM,
            color=theme.INK_DIM,
            text=f"{shown.when}  {shown.outcome}",
            valign="top",
            robot_id="row_outcome",
        ),
        spacing_mm=0.5,
    )
    amount = amount_line(
        shown.amount,
        type_mm=theme.BUTTON_TYPE_MM,
        halign="right",
        size_hint_x=None,
        robot_id="row_amount",
    )
    amount.width = amount.natural_px()
    amount.pos_hint = {"center_y": 0.5}
    return row(disc, words, amount, height_mm=_ROW_MM, spacing_mm=2.8)
