"""What a screen sends on its way to the core: some of it only opens the next page over the same screen."""

from dataclasses import replace
from typing import Any

from terminal_app.screen_model import (
    AmountAsk,
    AskFor,
    Choose,
    Confirm,
    NewPinAsk,
    PersonDraft,
    RefundDraft,
    ScreenModel,
    ScreenName,
)
from terminal_app.ui.screens.base import LeavePage
from terminal_app.ui.screens.list_page import refund_page
from terminal_app.ui.screens.people import person_step


def next_step(sent: Any, below: ScreenModel) -> ScreenModel | Any:
    """The page that comes next over `below`, or the command that goes to the core."""
    match sent:
        case PersonDraft():
            return person_step(sent, below)
        case RefundDraft():
            return refund_page(below, sent)
        case Confirm():
            hint, choice = (sent.hint,), sent.choice
            return _page(below, ScreenName.CONFIRM, choice.label, lines=hint, choices=(choice,))
        case Choose():
            return _page(below, ScreenName.CHOOSE, sent.headline, choices=sent.choices)
        case AskFor():
            return _page(below, _page_of(sent), sent.headline, ask=sent.ask)
        case _:
            return sent


def _page_of(sent: AskFor) -> ScreenName:
    match sent.ask:
        case AmountAsk():
            return ScreenName.TYPE_AMOUNT
        case NewPinAsk():
            return ScreenName.NEW_PIN
        case _:
            return ScreenName.TYPE_TEXT


def _page(below: ScreenModel, name: ScreenName, headline: str, **parts: Any) -> ScreenModel:
    bare = replace(below, lines=(), warning="", rows=(), actions=(), choices=())
    return replace(bare, name=name, headline=headline, back=LeavePage.NOW, **parts)
