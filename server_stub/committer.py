"""The group committer: one thread makes every change; whatever waits goes into one durable commit.

Commands are taken without lingering: while one commit runs the next group collects. One command that is
refused is undone alone, the rest of its group commit. No future is answered before the commit has returned.
When the commit itself fails, whether its commands took effect is unknown, and each of them is told so.
"""

import asyncio
import queue
import threading
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from server_stub.faults import FaultPoint, Faults
from server_stub.store.base import Store
from server_stub.store.session import ConflictError
from server_stub.store.table import Keys
from server_stub.store.writer import Writer
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, TillcodeError, UnavailableError

T = TypeVar("T")

#: Commands that may wait; more are refused at once instead of waiting past their callers' patience.
WAITING_MAX: Final = 4096
#: Weight (claims) that one commit takes at most: bounds its time, and so everybody's latency.
GROUP_WEIGHT_MAX: Final = 1024
#: How often a group decides anew because another process was faster.
_TRIES: Final = 5

#: What a bug of ours in a command can raise; it costs that command, never the thread.
BUGS: Final = (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


class Command(ABC, Generic[T]):
    """One change, decided and made inside the commit. It reads no clock and no chance, so it may be applied again."""

    __slots__ = ()

    @property
    def weight(self) -> int:
        """How many claims it holds, 1 for anything else."""
        return 1

    def name_keys(self, keys: Keys) -> None:
        """Name what it usually reads, so that the whole group's is loaded with one query a table."""

    @abstractmethod
    def apply(self, writer: Writer) -> T:
        """Decide and write.

        Raises:
            TillcodeError: refused; whatever it wrote is undone.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[T]):
    """A command and who waits for it: a thread, or a coroutine of an event loop."""

    command: Command[T]
    future: "Future[T] | asyncio.Future[T]"


_Settled = tuple[_Waiting[Any], Any, BaseException | None]


class Committer:
    """Start with ``start``; give it commands with ``submit``; ``close`` finishes what was taken."""

    def __init__(
        self,
        store: Store,
        *,
        faults: Faults | None = None,
        on_committed: Callable[[list[Any]], None] = lambda _answers: None,
        on_died: Callable[[], None] = lambda: None,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._store = store
        self._faults = faults or Faults()
        self._on_committed = on_committed
        self._on_died = on_died
        self._waiting: queue.SimpleQueue[_Waiting[Any] | None] = queue.SimpleQueue()
        self._waiting_max = waiting_max
        self._gate = threading.Lock()
        self._closed = False
        self._failure: UnavailableError | None = None
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)

    def start(self) -> None:
        """Begin to take commands; those given before have waited."""
        self._thread.start()

    def submit(self, command: Command[T]) -> Future[T]:
        """A future with the command's answer, or its refusal, once that is durable.

        Raises:
            UnavailableError: SERVER_BUSY when too many wait or the committer is closed; nothing will happen.
        """
        future: Future[T] = Future()
        self._put(_Waiting(command, future))
        return future

    def submit_here(self, command: Command[T]) -> "asyncio.Future[T]":
        """The same for a coroutine: all that wait on one event loop are woken at once when their group is durable.

        Raises:
            UnavailableError: as ``submit``.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(_Waiting(command, future))
        return future

    def _put(self, waiting: _Waiting[Any]) -> None:
        with self._gate:
            if self._closed:
                raise UnavailableError(ErrorCode.SERVER_BUSY, "the server is going down")
            if self._waiting.qsize() >= self._waiting_max:
                raise UnavailableError(ErrorCode.SERVER_BUSY, "too many commands wait")
            self._waiting.put(waiting)

    def check_running(self) -> None:
        """Whether commands are still taken.

        Raises:
            UnavailableError: SERVER_BUSY when the thread has ended.
        """
        if self._closed or not self._thread.is_alive():
            raise UnavailableError(ErrorCode.SERVER_BUSY, "the server is going down")

    def note_failure(self, failure: UnavailableError) -> None:
        """A commit has failed; known until one succeeds, or somebody has asked."""
        self._failure = failure

    def check_storing(self) -> None:
        """Whether the last group became durable. Who asks after a failure lets the next one be tried.

        Raises:
            UnavailableError: SERVER_BUSY as ``check_running``; STORAGE_FAILED, once, after a commit that failed.
        """
        self.check_running()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Finish every command taken so far, then end; may be called twice, and after the thread died by itself."""
        with self._gate:
            was_open, self._closed = not self._closed, True
        if self._thread.is_alive():
            if was_open:
                self._waiting.put(None)
            self._thread.join()

    def _run(self) -> None:
        group: list[_Waiting[Any]] | None = []
        try:
            while (first := self._waiting.get()) is not None:
                group = self._group_of(first)
                self._commit(group)
            group = None
        finally:
            if group is not None:
                self._on_died()
            with self._gate:  # what is submitted after this is refused at once, what came before is answered below
                self._closed = True
            self._leave_in_doubt(group or [])
            self._refuse_the_rest()

    def _group_of(self, first: _Waiting[Any]) -> list[_Waiting[Any]]:
        """One that waited, and all that wait behind it, up to the weight of a commit."""
        group, weight = [first], first.command.weight
        while weight < GROUP_WEIGHT_MAX:
            try:
                after = self._waiting.get_nowait()
            except queue.Empty:
                break
            if after is None:
                self._waiting.put(None)  # the end is next
                break
            group.append(after)
            weight += after.command.weight
        return group

    def _commit(self, group: list[_Waiting[Any]]) -> None:
        try:
            settled = self._settle(group)
        except ConflictError as error:
            self._answer([(waiting, None, error) for waiting in group])
            return
        except TillcodeError as error:
            unknown = UnavailableError(ErrorCode.STORAGE_FAILED, error.message, outcome=MoneyOutcome.UNKNOWN)
            self.note_failure(unknown)
            self._answer([(waiting, None, unknown) for waiting in group])
            return
        self._failure = None
        self._faults.reach(FaultPoint.AFTER_COMMIT)
        self._answer(settled)
        self._faults.reach(FaultPoint.BEFORE_WAKING)
        self._on_committed([answer for _, answer, refusal in settled if refusal is None])

    def _settle(self, group: list[_Waiting[Any]]) -> list[_Settled]:
        """Decide and commit. What another process has decided meanwhile is read, and everything decided anew.

        Raises:
            TillcodeError: the commit failed.
        """
        for _ in range(_TRIES):
            try:
                return self._try_to_settle(group)
            except ConflictError:
                continue
            except BUGS as bug:  # what one of them wrote cannot be stored: nothing of the group was
                if len(group) == 1:
                    return [(group[0], None, _bug_of_ours(bug))]
                middle = len(group) // 2  # by halves: the others stay together, and pay for a few commits more
                return self._settle(group[:middle]) + self._settle(group[middle:])
        return self._try_to_settle(group)

    def _try_to_settle(self, group: list[_Waiting[Any]]) -> list[_Settled]:
        with self._store.writing() as writer:
            self._faults.reach(FaultPoint.BEFORE_APPLY)
            self._faults.reach(FaultPoint.COMMITTER_DIES)
            keys = Keys()
            for waiting in group:
                waiting.command.name_keys(keys)
            writer.load(keys)
            self._faults.reach(FaultPoint.LOADED)
            settled = [_apply(waiting, writer) for waiting in group]
            self._faults.reach(FaultPoint.BEFORE_COMMIT)
        return settled

    def _leave_in_doubt(self, group: list[_Waiting[Any]]) -> None:
        """When this thread dies in the middle of a group: what became of it is unknown, and nobody waits for ever."""
        text = "an error of the server itself"
        unknown = UnavailableError(ErrorCode.SERVER_ERROR, text, outcome=MoneyOutcome.UNKNOWN)
        self._answer([(waiting, None, unknown) for waiting in group if not waiting.future.done()])

    def _refuse_the_rest(self) -> None:
        while True:
            try:
                waiting = self._waiting.get_nowait()
            except queue.Empty:
                return
            if waiting is not None:
                self._answer([(waiting, None, UnavailableError(ErrorCode.SERVER_BUSY, "the server is going down"))])

    def _answer(self, settled: list[_Settled]) -> None:
        """Tell everybody; those who wait on one event loop by one wake-up."""
        here: dict[asyncio.AbstractEventLoop, list[_Settled]] = defaultdict(list)
        for one in settled:
            future = one[0].future
            if isinstance(future, asyncio.Future):
                here[future.get_loop()].append(one)
            else:
                _set(future, one)
                self._faults.reach(FaultPoint.HALF_ANSWERED)
        for loop, ones in here.items():
            with suppress(RuntimeError):  # it has closed meanwhile: nobody waits there any more
                loop.call_soon_threadsafe(self._answer_here, ones)

    def _answer_here(self, settled: list[_Settled]) -> None:
        """On the event loop's own thread."""
        for one in settled:
            future = one[0].future
            if not future.done():
                _set(future, one)
                self._faults.reach(FaultPoint.HALF_ANSWERED)


def _apply(waiting: _Waiting[Any], writer: Writer) -> _Settled:
    try:
        answer = waiting.command.apply(writer)
    except ConflictError:
        raise
    except TillcodeError as refusal:
        writer.undo()
        return waiting, None, refusal
    except BUGS as bug:
        writer.undo()
        return waiting, None, _bug_of_ours(bug)
    writer.keep()
    return waiting, answer, None


def _bug_of_ours(bug: BaseException) -> UnavailableError:
    ours = UnavailableError(ErrorCode.SERVER_ERROR, "an error of the server itself; nothing was changed")
    ours.__cause__ = bug
    return ours


def _set(future: "Future[Any] | asyncio.Future[Any]", settled: _Settled) -> None:
    _, answer, refusal = settled
    if isinstance(future, Future) and not future.set_running_or_notify_cancel():
        return  # the caller went away; what was committed stays, and is there when he asks again
    if refusal is None:
        future.set_result(answer)
    else:
        future.set_exception(refusal)
