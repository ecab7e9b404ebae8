"""Wakes long polls of this process when what they wait for was committed."""

import asyncio
from collections import defaultdict
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress


class Wakeups:
    """Events by key, on one event loop; ``wake`` may be called from any thread."""

    __slots__ = ("_closed", "_loop", "_waiting")

    def __init__(self) -> None:
        self._waiting: dict[bytes, set[asyncio.Event]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def is_closed(self) -> bool:
        return self._closed

    @property
    def waits_for_anything(self) -> bool:
        return bool(self._waiting)

    @contextmanager
    def waiting_for(self, key: bytes) -> Generator[asyncio.Event]:
        """An event that is set when the key is woken. Begin before you look, so that nothing is missed in between."""
        self._loop = asyncio.get_running_loop()
        event = asyncio.Event()
        if self._closed:
            event.set()
        self._waiting[key].add(event)
        try:
            yield event
        finally:
            self._waiting[key].discard(event)
            if not self._waiting[key]:
                del self._waiting[key]

    def wake(self, keys: Iterable[bytes]) -> None:
        """Set the events of the keys; costs nothing while nobody waits."""
        if self._waiting and self._loop is not None and not self._loop.is_closed():
            # It may close just now; then nobody waits any more, and whoever wakes must not die of it.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._set, tuple(keys))

    def close(self) -> None:
        """End every wait, now and later; on the event loop's own thread."""
        self._closed = True
        self._set(tuple(self._waiting))

    def _set(self, keys: tuple[bytes, ...]) -> None:
        for key in keys:
            for event in self._waiting.get(key, ()):
                event.set()
