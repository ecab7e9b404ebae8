"""The delivery worker: numbers events, takes what is due, posts it, and notes what came of it.

What is taken is due again when its lease is over, so a worker that dies loses nothing; a receiver may then hear an
event twice, and knows it by its id. A slow receiver holds a few places of its own and never those of others.
"""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Final

from server_stub.committer import BUGS, Command
from server_stub.service import events
from server_stub.service.operator import Operator
from server_stub.store.outbox import Delivery, DeliveryTry, Endpoint, EndpointId, Event
from server_stub.store.selecting import select
from server_stub.store.tables.outbox import DELIVERIES, DELIVERY_TRIES, ENDPOINTS, EVENTS
from server_stub.store.writer import Writer
from server_stub.webhooks.schedule import SPREAD_PERMILLE_MAX, TRY_S_MAX, DeliveryState, Poster, Try, after
from server_stub.webhooks.signing import headers_of
from wallet_sdk.protocol.errors import TillcodeError

#: Tries under way at once, and how many of them at one endpoint.
PLACES: Final = 64
PLACES_EACH: Final = 4
#: A try is over long before: then what was taken is due again.
LEASE_S: Final = 60
#: How often an idle worker looks.
POLL_S: Final = 0.5
assert LEASE_S > 2 * TRY_S_MAX

_LOG: Final = logging.getLogger("tillcode.server")
_DUE: Final = "state = 1 AND next_try_at_s <= ?"
_LIVE: Final = "SELECT id FROM endpoints WHERE disabled_at_s IS NULL AND removed_at_s IS NULL"
_ENDPOINTS_DUE: Final = (
    f"WHERE id IN (SELECT endpoint_id FROM deliveries WHERE {_DUE} AND endpoint_id IN ({_LIVE}))"  # noqa: S608 - ours
    " ORDER BY id LIMIT ?"
)
_DUE_AT: Final = f"WHERE {_DUE} AND endpoint_id = ? ORDER BY next_try_at_s, event_row LIMIT ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A delivery that is being tried, as it stood before."""

    delivery: Delivery
    endpoint: Endpoint
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDue(Command[tuple[Taken, ...]]):
    """Take what is due, a few for each endpoint; ``busy`` are the places that an endpoint holds already."""

    at_s: int
    places: int
    busy: dict[EndpointId, int]

    def apply(self, writer: Writer) -> tuple[Taken, ...]:
        taken: list[Taken] = []
        for endpoint in select(writer, ENDPOINTS, _ENDPOINTS_DUE, (self.at_s, PLACES)):
            free = min(PLACES_EACH - self.busy.get(endpoint.endpoint_id, 0), self.places - len(taken))
            if free <= 0:
                continue
            for due in select(writer, DELIVERIES, _DUE_AT, (self.at_s, endpoint.endpoint_id, free)):
                delivery = writer.find(DELIVERIES, (due.endpoint_id, due.event_row))
                event = writer.find(EVENTS, due.event_row)
                assert event is not None, "events are never deleted"
                if delivery is None or delivery.next_try_at_s > self.at_s:
                    continue  # another process was here first
                writer.change(DELIVERIES, replace(delivery, next_try_at_s=self.at_s + LEASE_S))
                taken.append(Taken(delivery=delivery, endpoint=endpoint, event=event))
        return tuple(taken)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteTry(Command[None]):
    """Write a try into the log and move the delivery along its schedule; 410 switches the endpoint off."""

    taken: Taken
    tried: Try
    spread_permille: int = 0

    def apply(self, writer: Writer) -> None:
        before = self.taken.delivery
        writer.add(
            DELIVERY_TRIES,
            DeliveryTry(
                row_number=writer.next_number(),
                endpoint_id=before.endpoint_id,
                event_row=before.event_row,
                at_s=self.tried.at_s,
                outcome=self.tried.outcome,
                http_status=self.tried.http_status,
            ),
        )
        now = writer.find(DELIVERIES, (before.endpoint_id, before.event_row))
        assert now is not None, "deliveries are never deleted"
        if now.tries == before.tries and now.state is DeliveryState.WAITING:  # else it was asked for again meanwhile
            standing = after(before.standing, self.tried, spread_permille=self.spread_permille)
            moved = replace(now, state=standing.state, tries=standing.tries, next_try_at_s=standing.next_try_at_s)
            writer.change(DELIVERIES, moved)
        endpoint = writer.find(ENDPOINTS, before.endpoint_id)
        assert endpoint is not None, "endpoints are never deleted"
        if self.tried.says_gone and endpoint.disabled_at_s is None and endpoint.url == self.taken.endpoint.url:
            writer.change(ENDPOINTS, replace(endpoint, disabled_at_s=self.tried.at_s))


class DeliveryWorker:
    """Drive it with ``round`` and ``finish`` in a test; ``run`` is both for ever."""

    def __init__(self, operator: Operator, poster: Poster, *, spread: Callable[[], int] | None = None) -> None:
        self._operator = operator
        self._spread = spread or self._drawn_spread
        self._poster = poster
        self._tries: dict[asyncio.Task[None], EndpointId] = {}
        # One thread, because each that reads keeps a connection to the database.
        self._reading = ThreadPoolExecutor(1, "webhooks-reading")

    def close(self) -> None:
        """Give back what it reads with; may be called twice."""
        self._reading.shutdown()

    async def round(self) -> int:
        """Number what is new, and begin to try what is due; how many tries were begun."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._reading, events.number_all, self._operator, None)
        places = PLACES - len(self._tries)
        if places <= 0 or not await loop.run_in_executor(self._reading, self._is_anything_due):
            return 0
        command = TakeDue(at_s=self._operator.now_s(), places=places, busy=dict(Counter(self._tries.values())))
        taken = await asyncio.wrap_future(self._operator.committer.submit(command))
        for one in taken:
            self._tries[asyncio.create_task(self._try(one))] = one.endpoint.endpoint_id
        return len(taken)

    async def finish(self) -> None:
        """Wait for the tries that are under way."""
        if self._tries:
            await asyncio.wait(self._tries)
            self._forget_finished()

    async def run(self, stop: asyncio.Event) -> None:
        """Until it is told to stop; tries under way are finished then."""
        while not stop.is_set():
            begun = await self._round_or_nothing()
            if not begun:
                waiting = asyncio.ensure_future(stop.wait())
                await asyncio.wait({waiting, *self._tries}, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
            self._forget_finished()
        await self.finish()

    async def _round_or_nothing(self) -> int:
        """A round whose failure costs that round: what was taken is due again after its lease."""
        try:
            return await self.round()
        except TillcodeError as error:
            _LOG.warning("webhooks wait: %s", error)  # the committer is busy or going down
        except BUGS:
            _LOG.exception("webhooks stumbled")
        return 0

    def _forget_finished(self) -> None:
        for task in [one for one in self._tries if one.done()]:
            del self._tries[task]
            if not task.cancelled() and (error := task.exception()) is not None:
                _LOG.error("a webhook stumbled", exc_info=error)

    def _is_anything_due(self) -> bool:
        with self._operator.store.reading() as reader:
            return bool(select(reader, ENDPOINTS, _ENDPOINTS_DUE, (self._operator.now_s(), 1)))

    async def _try(self, taken: Taken) -> None:
        body = events.body_of(taken.event)
        headers = headers_of(
            taken.endpoint.secrets, message_id=events.name_of(taken.event), at_s=self._operator.now_s(), body=body
        )
        tried = await self._poster.post(taken.endpoint.url, headers=headers, body=body)
        try:
            note = NoteTry(taken=taken, tried=tried, spread_permille=self._spread())
            await asyncio.wrap_future(self._operator.committer.submit(note))
        except TillcodeError:
            return  # not noted, so it is tried again when the lease is over

    def _drawn_spread(self) -> int:
        return int.from_bytes(self._operator.random.random_bytes(2)) % (SPREAD_PERMILLE_MAX + 1)


class WorkerThread:
    """A delivery worker on a thread and an event loop of its own: receivers never slow payments down."""

    def __init__(self, worker: DeliveryWorker) -> None:
        self._worker = worker
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()
        self._ready.wait()

    def close(self) -> None:
        """Finish the tries under way, then end."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._worker.close()

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._ready.set()
        await self._worker.run(self._stop)
