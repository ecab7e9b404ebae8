"""What a screen sends on its way to the core: some of it only opens the next page over the same screen."""

from dataclasses import replace
from typing import Any

from terminal_app.screen_model import Confirm, PersonDraft, RefundDraft, ScreenModel, ScreenName
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
            return confirm_step(sent, below)
        case _:
            return sent


def confirm_step(asked: Confirm, below: ScreenModel) -> ScreenModel:
    """The page that asks once more."""
    return replace(
        below,
        name=ScreenName.CONFIRM,
        headline=asked.choice.label,
        lines=(asked.hint,),
        warning="",
        rows=(),
        actions=(),
        choices=(asked.choice,),
        back=LeavePage.NOW,
    )
