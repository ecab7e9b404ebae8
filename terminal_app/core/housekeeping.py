"""What the till does for its journal while nobody is served."""

from typing import Final

from terminal_app.journal import Journal
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

#: Events after which the next start is spared them: folding so many takes a tenth of a second.
CHECKPOINT_EVENTS: Final = 2_000
#: Events that the start took from a checkpoint are checked so many at a time: a year's in less than an hour.
CHECK_EVENTS: Final = 100
CHECK_MS: Final = 1_000


class Housekeeping:
    """Keeps the next start short, and looks at what the last one passed over."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def work(self) -> None:
        """Do a little of it.

        Raises:
            UnavailableError: STORAGE_CORRUPT: an old event is damaged. It ends the core, and with it the till, so that
                whoever started it starts it again: the next start repairs the journal, and says so.
        """
        if self._journal.unsaved_count >= CHECKPOINT_EVENTS:
            self._journal.save_checkpoint()
        try:
            self._journal.check_older(CHECK_EVENTS)
        except UnavailableError as error:
            if error.code is not ErrorCode.STORAGE_FAILED:
                raise
            # A disk that does not answer just now says nothing about its rows; a sale would say so on the screen.

    def due_in_ms(self) -> int | None:
        """Milliseconds until there is more to do, None when there is nothing."""
        return None if self._journal.is_checked else CHECK_MS
