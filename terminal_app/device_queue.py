"""One device of the counter: a thread of its own, what waits for it, and the driver behind its boundary.

    show(newest) ─┐
    put(paper) ───┴─> [what waits] ──thread──> DriverThread ──> device
       <── DeskReport: it works, or it does not ──┘

No device waits for another. What is shown is shown again until the device has taken it, so that none goes on saying
what is no longer so; papers are tried once, because nobody knows how much of one came out.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from terminal_app.devices.boundary import DriverThread
from terminal_app.office_commands import DeviceKind
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError, UnavailableError

Device = TypeVar("Device")

#: Papers that may wait for a printer that is out of paper; further ones are refused, and the cashier is told.
PAPERS_MAX: Final = 16
#: How long the end of the program waits for a device that is under way.
STOP_TIMEOUT_S: Final = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long devices are waited for, in seconds.

    Attributes:
        print_s: for a paper: two metres of picture on the slowest line (9,600 baud) take two minutes.
        show_s: for lights, lines and a drawer: what has not taken them by then is not there.
        again_s: how often what could not be shown is shown again, and a lost scanner is looked for.
        sound_s: for a sentence to be put together: a few names read aloud, and clips.
        play_s: for it to be heard: a player ends by itself after 15.
        camera_s: for a frame: OpenCV gives a V4L2 camera ten.
    """

    print_s: float = 150.0
    show_s: float = 5.0
    again_s: float = 2.0
    sound_s: float = 12.0
    play_s: float = 17.0
    camera_s: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskReport:
    """What has become of a device: `error` is None when it has done what was asked."""

    kind: DeviceKind
    error: TillcodeError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Generic[Device]):
    """Something for the device to do: for whom it is reported, what, and by when it is given up (None: as `show_s`).

    Of one that `is_quiet` only a fault is reported, and that it is over: it proves nothing to whoever tests the device.
    """

    kind: DeviceKind
    work: Callable[[Device], None]
    limit_s: float | None = None
    is_quiet: bool = False


class DeviceQueue(Generic[Device]):
    """A device and its thread, which is started with the first task. No method waits or raises.

    Args:
        name: what errors call it.
        report: called in the queue's thread with what became of each task.
        close: lets go of the device.
        patience: how long it is waited for.
    """

    def __init__(
        self,
        name: str,
        *,
        report: Callable[[DeskReport], None],
        close: Callable[[Device], None] = lambda _device: None,
        patience: Patience,
    ) -> None:
        self._name = name
        self._report = report
        self._close = close
        self._patience = patience
        self._changed = threading.Condition()
        self._make: Callable[[], Device] | None = None
        self._newest: Task[Device] | None = None
        self._tasks: deque[Task[Device]] = deque()
        self._is_stopped = False
        self._is_failing = False
        self._told: TillcodeError | None = None
        self._thread: threading.Thread | None = None
        self._driver = DriverThread(name)
        self._device: Device | None = None

    def use(self, make: Callable[[], Device]) -> None:
        """Use this device from now on: what waits goes to it, a call to the one before is given up."""
        with self._changed:
            before, held, self._device = self._driver, self._device, None
            self._driver, self._make, self._is_failing = DriverThread(self._name), make, False
            self._changed.notify()
        before.leave(lambda: None if held is None else self._close(held))

    def show(self, task: Task[Device]) -> None:
        """Do this next, and again until it is done; what was to be shown before is forgotten."""
        with self._changed:
            self._newest, self._is_failing = task, False
            self._wake()

    def forget(self) -> None:
        """Show nothing any more: the device has been taken off the counter."""
        with self._changed:
            self._newest = None

    def put(self, task: Task[Device]) -> None:
        """Do this after what waits."""
        with self._changed:
            if len(self._tasks) < PAPERS_MAX:
                self._tasks.append(task)
                self._wake()
                return
        full = UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, f"too much waits for the {self._name}", param=self._name)
        self._report(DeskReport(kind=task.kind, error=full))

    def leave(self) -> None:
        """Begin to end: what waits is dropped."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()

    def join(self, *, until_s: float) -> None:
        """Wait for the end of what is under way, to this monotonic second; a device that hangs is left behind."""
        if self._thread is not None:
            self._thread.join(max(0.0, until_s - time.monotonic()))
        held = self._device
        self._driver.leave(lambda: None if held is None else self._close(held))
        self._driver.join(max(0.0, until_s - time.monotonic()))

    def _wake(self) -> None:
        if self._thread is None and not self._is_stopped:
            thread = threading.Thread(target=self._run, name=f"desk-{self._name}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the machine has no thread to give now: the next task asks again
                _log.exception("no thread for the %s", self._name)
                return
            self._thread = thread
        self._changed.notify()

    def _run(self) -> None:
        while (task := self._next()) is not None:
            self._do(task)

    def _next(self) -> Task[Device] | None:
        """What is to be done next: what is shown before what is put, unless it has just failed."""
        with self._changed:
            while not self._is_stopped:
                if self._newest is not None and not self._is_failing:
                    return self._newest
                if self._tasks:
                    return self._tasks.popleft()
                woken = self._changed.wait(self._patience.again_s if self._newest is not None else None)
                self._is_failing = self._is_failing and woken
            return None

    def _do(self, task: Task[Device]) -> None:
        driver = self._driver
        error: TillcodeError | None = None
        try:
            driver.call(lambda: task.work(self._opened(driver)), limit_s=task.limit_s or self._patience.show_s)
        except TillcodeError as problem:
            error = problem
            self._forget_device(driver)
        with self._changed:
            if self._newest is task:
                self._newest = task if error is not None else None
                self._is_failing = error is not None and driver is self._driver
        before, self._told = self._told, error
        if error is not None or before is not None or not task.is_quiet:
            self._report(DeskReport(kind=task.kind, error=error))

    def _opened(self, driver: DriverThread) -> Device:
        """The device, opened when it is needed first; in the driver's thread."""
        if self._device is not None and driver is self._driver:
            return self._device
        assert self._make is not None, "used before it was named"
        made = self._make()
        if driver is not self._driver:  # left while it was opened
            self._close(made)
            raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, f"{self._name}: it is used no more", param=self._name)
        self._device = made
        return made

    def _forget_device(self, driver: DriverThread) -> None:
        """After a fault it is opened anew; one that hangs is used again when it is back."""
        held = self._device
        if held is None or driver is not self._driver or driver.is_hanging:
            return
        self._device = None
        try:
            driver.call(lambda: self._close(held), limit_s=self._patience.show_s)
        except TillcodeError:
            return  # what fails while we let go of a device changes nothing any more
