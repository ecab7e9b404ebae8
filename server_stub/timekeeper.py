"""What happens because time passes: the ledger's own time is noted, holds expire, and what was committed is sealed.

One thread, beside the committer. By a clock that has jumped nothing happens (ledger_clock.py).

What is due stands in the database, so a restart forgets nothing; and every step is a command that looks again inside
its commit, so that two processes, or a terminal that is faster, make no difference: each happens once.
"""

import logging
import threading
from collections.abc import Callable
from typing import Final

from server_stub.ledger_clock import ClockDoubtError
from server_stub.service.granting import ForgedLedgerError
from server_stub.service.holding import ExpireHoldCommand, due_holds
from server_stub.service.ledger_time import MARK_EVERY_S, MarkTimeCommand
from server_stub.service.operator import Operator
from server_stub.service.sealing import prepare_seal
from server_stub.store.tables.clock import marked_s
from wallet_sdk.protocol.errors import TillcodeError

_LOG: Final = logging.getLogger("tillcode.server")
#: How often it looks.
_EVERY_S: Final = 1.0
#: What one look takes on at most; the next one goes on.
_HOLDS_MAX: Final = 256
_SEALS_MAX: Final = 8
#: An answer takes a commit; longer than this means that something is broken, which the next look will meet again.
_ANSWER_S_MAX: Final = 30.0


class Timekeeper:
    """Start with ``start``; ``close`` ends after the look under way."""

    def __init__(
        self, operator: Operator, *, every_s: float = _EVERY_S, on_forged: Callable[[], object] = lambda: None
    ) -> None:
        """``on_forged`` is called once, from the thread, when the ledger holds what nobody has signed for."""
        self._operator = operator
        self._on_forged = on_forged
        self._forged: ForgedLedgerError | None = None
        self._every_s = every_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="timekeeper", daemon=True)

    def start(self) -> None:
        """Look now, and then again and again."""
        self._thread.start()

    def close(self) -> None:
        """End, and wait for the end."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def check_good(self) -> None:
        """Say why it has ended by itself.

        Raises:
            ForgedLedgerError: it has.
        """
        if self._forged is not None:
            raise self._forged

    def look(self) -> None:
        """Do what is due by the operator's clock.

        Raises:
            TillcodeError: the database or the committer did not answer; what is due stays due.
        """
        self._mark_time()
        self._expire_holds()
        self._seal()

    def _mark_time(self) -> None:
        now_s = self._operator.now_s()
        with self._operator.store.reading() as reader:
            if now_s < marked_s(reader) + MARK_EVERY_S:
                return
        self._operator.committer.submit(MarkTimeCommand(at_s=now_s)).result(_ANSWER_S_MAX)

    def _expire_holds(self) -> None:
        now_s = self._operator.now_s()
        with self._operator.store.reading() as reader:
            due = due_holds(reader, at_s=now_s, count_max=_HOLDS_MAX)
        futures = [
            self._operator.committer.submit(ExpireHoldCommand(payment_number=number, at_s=now_s)) for number in due
        ]
        for future in futures:
            future.result(_ANSWER_S_MAX)

    def _seal(self) -> None:
        for _ in range(_SEALS_MAX):
            command = prepare_seal(self._operator)
            if command is None or self._operator.committer.submit(command).result(_ANSWER_S_MAX) is None:
                return

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.look()
            except ClockDoubtError:
                pass  # whoever watches the clock says so, once
            except ForgedLedgerError as error:
                self._forged = error
                self._on_forged()
                return
            except (TillcodeError, TimeoutError) as error:
                _LOG.warning("what is due could not be done now: %s", error)
            self._ended.wait(self._every_s)
