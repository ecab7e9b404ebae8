"""What a server does by itself while it serves: time passes, webhooks are sent."""

import os
import signal
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from server_stub.faults import Faults
from server_stub.service.credentials import CredentialsWatch
from server_stub.service.deliveries import DeliveryWorker, WorkerThread
from server_stub.service.ledger_time import ClockWatch
from server_stub.service.operator import Operator
from server_stub.timekeeper import Timekeeper
from server_stub.webhooks.guard import Reach
from server_stub.webhooks.schedule import Poster, Try
from wallet_sdk.ports import Clock


@contextmanager
def keeping_up(operator: Operator, faults: Faults) -> Generator[None]:
    """What every process does: it takes up what was published in the ledger since its start, and watches the clock."""
    if faults.is_armed:
        yield
        return
    clock = operator.ledger_clock
    beside = ClockWatch(clock, operator.store).look if clock is not None else lambda: None
    watch = CredentialsWatch(operator.credentials, now_s=operator.now_s, beside=beside)
    watch.start()
    try:
        yield
    finally:
        watch.close()


@contextmanager
def at_work(operator: Operator, faults: Faults) -> Generator[None]:
    """What one process does for all: work until this is left; what is under way then is finished.

    A process that is to kill itself does nothing by itself: its fault point is for a request to reach.

    Raises:
        ForgedLedgerError: on leaving, when that is why it was ended.
    """
    if faults.is_armed:
        yield
        return
    # Nothing more is paid out of a ledger that somebody else has written to.
    timekeeper = Timekeeper(operator, on_forged=lambda: os.kill(os.getpid(), signal.SIGTERM))
    poster = _LatePoster(clock=operator.clock, reach=operator.config.webhooks.reach)
    webhooks = WorkerThread(DeliveryWorker(operator, poster))
    timekeeper.start()
    webhooks.start()
    try:
        yield
    finally:
        webhooks.close()
        timekeeper.close()
    timekeeper.check_good()


class _LatePoster:
    """Loads what it sends with when there is something to send: a server without webhooks starts without it."""

    def __init__(self, *, clock: Clock, reach: Reach) -> None:
        self._clock = clock
        self._reach = reach
        self._poster: Poster | None = None

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Try:
        if self._poster is None:
            from server_stub.webhooks.sending import HttpPoster

            self._poster = HttpPoster(clock=self._clock, reach=self._reach)
        return await self._poster.post(url, headers=headers, body=body)
