"""Checkpoints of SQLite's log, made beside the commits: folding the log into the file takes as long as many commits.

SQLite itself does it inside the commit that made the log long, and everybody behind that commit waits for some ten
thousand pages and two syncs. Here a thread with a connection of its own folds in what there is while others go on
writing; then, in its turn among the writers, what they have added meanwhile, which is little. After that the next
commit begins the log anew. While a long reading holds an old view the log grows, and the next checkpoint goes on.

Source: sqlite.org/wal.html section 2.1 (checkpointing); sqlite.org/c3ref/wal_checkpoint_v2.html (PASSIVE).
"""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from typing import Final

import apsw

_LOG: Final = logging.getLogger("tillcode.server")
#: Pages that the log grows by before it is folded into the file.
CHECKPOINT_PAGES: Final = 4_000


class Checkpointer:
    """Folds one file's log, in a thread that begins when there is something to do for it."""

    __slots__ = ("_connect", "_due_at", "_is_closed", "_pages", "_step", "_thread", "_turn", "_wanted")

    def __init__(
        self,
        *,
        connect: Callable[[], apsw.Connection],
        turn: Callable[[], AbstractContextManager[None]],
        step: int = CHECKPOINT_PAGES,
    ) -> None:
        """``connect`` opens the file once more; within ``turn`` nobody writes to it."""
        self._connect = connect
        self._turn = turn
        self._step = step
        self._pages, self._due_at = 0, step
        self._wanted = threading.Event()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def committed(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        """SQLite's call after each commit of the connection that writes: so many pages are in the log now."""
        if pages < self._pages:
            self._due_at = self._step  # it was begun anew
        self._pages = pages
        if pages >= self._due_at:
            self._due_at = pages + self._step
            self._wanted.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
                self._thread.start()
        return apsw.SQLITE_OK

    def close(self) -> None:
        """End, after the checkpoint under way."""
        self._is_closed = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._wanted.wait() and not self._is_closed:
            self._wanted.clear()
            try:
                self._fold()
            except apsw.BusyError:
                pass  # another process is at it
            except apsw.Error as error:
                _LOG.warning("the ledger's log could not be folded into its file: %s", error)

    def _fold(self) -> None:
        with closing(self._connect()) as connection:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            with self._turn():
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
