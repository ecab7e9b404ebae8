"""The threads: one for the core, one for each lane of calls. Everything crosses in one bounded queue."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Final

from terminal_app.core.core import TerminalCore
from terminal_app.core.events import CoreEvent, Returned
from terminal_app.core.link import ServerLink
from terminal_app.core.ports import Lane
from terminal_app.errands import Errand
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, TillcodeError, UnavailableError

#: Events that may wait: far more than a hand can make, few enough that a stuck core is noticed.
EVENTS_MAX: Final = 256
#: How long `stop` waits for the core to finish its step.
STOP_TIMEOUT_S: Final = 5.0

_log = logging.getLogger(__name__)


class CoreRunner:
    """Runs the core in a thread of its own. `send` may be called from any thread.

    Args:
        on_end: called in that thread when it ends, for whatever reason: a till without its core must not look alive.
    """

    def __init__(self, *, on_end: Callable[[], None]) -> None:
        self._events: queue.Queue[CoreEvent | None] = queue.Queue(maxsize=EVENTS_MAX)
        self._on_end = on_end
        self._thread: threading.Thread | None = None

    def start(self, core: TerminalCore) -> None:
        """Begin; returns at once."""
        self._thread = threading.Thread(target=self._run, args=(core,), name="core", daemon=True)
        self._thread.start()

    def send(self, event: CoreEvent) -> None:
        """Hand the core an event. When the queue is full a finger's or the scanner's is dropped: it comes again."""
        if isinstance(event, Returned):
            self._events.put(event)
            return
        try:
            self._events.put_nowait(event)
        except queue.Full:
            _log.warning("the core is behind: an event was dropped")

    def stop(self) -> None:
        """End after the step under way, and wait for it. Nothing is lost: all that counts is in the journal."""
        self._events.put(None)
        if self._thread is not None:
            self._thread.join(STOP_TIMEOUT_S)

    def _run(self, core: TerminalCore) -> None:
        try:
            core.start()
            while True:
                due_in_ms = core.due_in_ms()
                try:
                    event = self._events.get(timeout=None if due_in_ms is None else due_in_ms / 1000)
                except queue.Empty:
                    core.tick()
                    continue
                if event is None:
                    return
                core.step(event)
        finally:
            self._on_end()


class NetworkLanes:
    """Makes the core's calls, one thread a lane, and brings each back."""

    def __init__(self, link: ServerLink, *, bring_back: Callable[[CoreEvent], None]) -> None:
        self._link = link
        self._bring_back = bring_back
        self._waiting: dict[Lane, queue.SimpleQueue[Errand | None]] = {lane: queue.SimpleQueue() for lane in Lane}
        self._threads: dict[Lane, threading.Thread] = {}

    def stop(self) -> None:
        """Let each lane end after the call it is making; does not wait for it."""
        for waiting in self._waiting.values():
            waiting.put(None)

    def submit(self, lane: Lane, errand: Errand) -> None:
        """Make this call soon."""
        self._waiting[lane].put(errand)
        running = self._threads.get(lane)
        if running is None or not running.is_alive():
            thread = threading.Thread(target=self._work, args=(lane,), name=f"network-{lane.value}", daemon=True)
            self._threads[lane] = thread
            thread.start()

    def _work(self, lane: Lane) -> None:
        while (errand := self._waiting[lane].get()) is not None:
            self._run(lane, errand)

    def _run(self, lane: Lane, errand: Errand) -> None:
        # What is still this outcome at the end was a bug of ours. It goes on to threading.excepthook, where it is
        # logged; but no sale is left waiting for a call that will never come back.
        outcome: object = UnavailableError(
            ErrorCode.BAD_ANSWER, "a fault of our own in a call", outcome=MoneyOutcome.UNKNOWN
        )
        try:
            outcome = errand.send(self._link.client)
        except TillcodeError as error:
            outcome = error
        finally:
            self._bring_back(Returned(lane=lane, errand=errand, outcome=outcome))
