"""The one boundary between the till and its devices: whatever a driver raises, and however long it takes, we go on.

    caller --call(work, limit_s)--> [thread of its own] --> driver
      <── what it gave, or one typed error ────┘

A thread that hangs inside a driver cannot be ended. It is left there: until it comes back every further call is
refused at once, and once it is back the device is simply used again.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from wallet_sdk.protocol.errors import ErrorCode, TillcodeError, UnavailableError

Given = TypeVar("Given")

#: A stick that spins up takes two seconds; a folder that has not answered by then is no folder to wait for.
FILE_LIMIT_S: Final = 5.0
#: What fails says so each time; how it failed is logged once for so many characters of its own words.
_WORDS_MAX: Final = 200

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Call:
    """One piece of work on its way through the driver."""

    work: Callable[[], Any]
    over: threading.Event = field(default_factory=threading.Event)
    given: Any = None
    error: BaseException | None = None
    is_back: bool = False


class DriverThread:
    """Calls into one driver, one after the other, in a thread that is started with the first of them.

    Args:
        name: what the errors call the device, and their `param`.
        code: of the errors: DEVICE_UNAVAILABLE, or STORAGE_FAILED for a folder.
    """

    def __init__(self, name: str, *, code: ErrorCode = ErrorCode.DEVICE_UNAVAILABLE) -> None:
        self._name = name
        self._code = code
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[_Call | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._under_way: _Call | None = None
        self._is_left = False
        self._logged = ""

    @property
    def is_hanging(self) -> bool:
        """Whether the last call has not come back yet."""
        with self._lock:
            return self._under_way is not None and not self._under_way.is_back

    def call(self, work: Callable[[], Given], *, limit_s: float) -> Given:
        """Do it, and give what it gives.

        Raises:
            TillcodeError: the driver's own.
            UnavailableError: for anything else that it raises (its `__cause__`), when it is not back within `limit_s`
                (TimeoutError), or when it was left.
        """
        call = self._begin(work)
        if not call.over.wait(limit_s):
            raise self._unavailable("it does not answer") from TimeoutError()
        if call.error is None and call.is_back:
            return call.given  # type: ignore[no-any-return]  # what `work` gave
        if isinstance(call.error, TillcodeError):
            raise call.error
        if call.error is None:
            raise self._unavailable("it is used no more")
        self._log_once(call.error)
        raise self._unavailable(f"{type(call.error).__name__}: {call.error}"[:_WORDS_MAX]) from call.error

    def leave(self, last: Callable[[], object] = lambda: None) -> None:
        """Use it no more: a call under way is given up at once. `last` is done when it has come back."""
        with self._lock:
            self._is_left = True
            if self._under_way is not None:
                self._under_way.over.set()
            if self._thread is not None:
                self._waiting.put(_Call(last))
                self._waiting.put(None)

    def join(self, timeout_s: float) -> None:
        """Wait a little for a thread that was left."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _begin(self, work: Callable[[], object]) -> _Call:
        with self._lock:
            if self._is_left:
                raise self._unavailable("it is used no more")
            if self._under_way is not None and not self._under_way.is_back:
                raise self._unavailable("it does not answer") from TimeoutError()
            if self._thread is None:
                thread = threading.Thread(target=self._run, name=f"driver-{self._name}", daemon=True)
                try:
                    thread.start()
                except RuntimeError as error:  # the machine has no thread to give
                    raise self._unavailable(str(error)) from error
                self._thread = thread
            self._under_way = _Call(work)
            self._waiting.put(self._under_way)
            return self._under_way

    def _run(self) -> None:
        while (call := self._waiting.get()) is not None:
            try:
                call.given = call.work()
            except BaseException as error:
                call.error = error
            call.is_back = True
            call.over.set()

    def _unavailable(self, why: str) -> UnavailableError:
        return UnavailableError(self._code, f"{self._name}: {why}", param=self._name)

    def _log_once(self, error: BaseException) -> None:
        """A device that is tried again every two seconds fills no log."""
        words = f"{type(error).__name__}: {error}"
        if words != self._logged:
            self._logged = words
            _log.error("the driver of the %s has a fault", self._name, exc_info=error)
