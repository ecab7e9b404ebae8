"""The history: a list with a line to search in, by amount, reference or letters of it."""

from dataclasses import replace
from typing import Final

from kivy.uix.widget import Widget

from terminal_app.office_commands import OfflineChoice, SearchHistory
from terminal_app.screen_model import PageButton, ScreenModel, ScreenName, TextAsk
from terminal_app.ui.screens.base import LeavePage, Surroundings
from terminal_app.ui.screens.list_page import ListPage
from terminal_app.ui.widgets.field import Field
from wallet_sdk.screen.finger import BACKSPACE_KEY

_CHARACTERS_MAX: Final = 24


class HistoryPage(ListPage):
    """Typing on a keyboard searches at once; a touch on the line opens the keys on the glass."""

    has_text_line = True

    def __init__(self, surroundings: Surroundings) -> None:
        super().__init__(surroundings)
        self._search = Field(look=self.look, name=surroundings.words.search, robot_id="search")
        self._search.active = True
        self._search.bind(on_release=lambda *_args: self._open_keys())
        self._typed = ""

    def beside(self) -> tuple[Widget, ...]:
        """The line to search in."""
        return (self._search,)

    def draw(self, model: ScreenModel) -> None:
        """Show the sales, and what was searched for."""
        assert model.search is not None
        if model.search.text != self._typed:
            self.leaf = 0  # what is found now begins at its newest
        self._typed = model.search.text
        self._search.prefill(self._typed)
        super().draw(model)

    @property
    def _offline(self) -> OfflineChoice:
        assert self._model is not None
        everything = any(action.command is PageButton.ONLY_OFFLINE for action in self._model.actions)
        return OfflineChoice.ALL if everything else OfflineChoice.ACCEPTED_OFFLINE

    def _open_keys(self) -> None:
        assert self._model is not None
        ask = TextAsk(
            name=self.around.words.search,
            fill=SearchHistory(offline=self._offline),
            place="text",
            done=self.around.words.search,
            text=self._typed,
            chars_min=0,
            chars_max=_CHARACTERS_MAX,
        )
        self.around.open_page(replace(self._model, name=ScreenName.TYPE_TEXT, ask=ask, back=LeavePage.NOW))

    def _look_for(self, text: str) -> None:
        self._typed = text[:_CHARACTERS_MAX]
        self.around.send(SearchHistory(text=self._typed, offline=self._offline))

    def type_text(self, text: str) -> None:
        """Characters of the physical keyboard."""
        if text.isprintable():
            self._look_for(self._typed + text)

    def press_key(self, key_code: int) -> None:
        """Backspace takes the last character back."""
        if key_code == BACKSPACE_KEY:
            self._look_for(self._typed[:-1])
        else:
            super().press_key(key_code)
