"""Wakes long polls when what they wait for was committed, by this process or by another worker of the same server."""

import asyncio
import mmap
import socket
from collections import defaultdict
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from struct import Struct
from typing import Final

import msgspec

_COUNT: Final = Struct("=q")
#: Keys of one datagram: about 32 KB, well under what a socket of the system holds.
_KEYS_IN_ONE: Final = 1_000
_DATAGRAM_BYTES_MAX: Final = 256 * 1024


class Links:
    """Between the workers of one server, made before they are: a mailbox each, and how many of each one's polls wait.

    A worker writes to another only while something waits there, so that a commit usually costs nothing more.
    """

    __slots__ = ("_mailboxes", "_waiting", "count")

    def __init__(self, count: int) -> None:
        self.count = count
        self._mailboxes = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(count)]
        self._waiting = mmap.mmap(-1, count * _COUNT.size)
        for mailbox in self._mailboxes:
            for end in mailbox:
                end.setblocking(False)

    def close(self) -> None:
        """Give every mailbox back."""
        for mailbox in self._mailboxes:
            for end in mailbox:
                end.close()
        self._waiting.close()

    def of(self, number: int) -> "Link":
        """What worker ``number`` uses."""
        others = [(other, self._mailboxes[other][1]) for other in range(self.count) if other != number]
        return Link(number, mailbox=self._mailboxes[number][0], others=others, waiting=self._waiting)


class Link:
    """One worker's end of the links."""

    __slots__ = ("_others", "_waiting", "mailbox", "number")

    def __init__(
        self, number: int, *, mailbox: socket.socket, others: Sequence[tuple[int, socket.socket]], waiting: mmap.mmap
    ) -> None:
        self.mailbox = mailbox
        self.number = number
        self._others = others
        self._waiting = waiting

    def note_waiting(self, count: int) -> None:
        """Tell the others how many keys are waited for here."""
        _COUNT.pack_into(self._waiting, self.number * _COUNT.size, count)

    @property
    def is_waited_for(self) -> bool:
        """Whether anything is waited for in another worker."""
        return any(_COUNT.unpack_from(self._waiting, number * _COUNT.size)[0] for number, _ in self._others)

    def send(self, keys: Sequence[bytes]) -> None:
        """Tell every worker in which something waits. A full mailbox is let be: its polls look again by themselves."""
        for number, socket_ in self._others:
            if _COUNT.unpack_from(self._waiting, number * _COUNT.size)[0]:
                for start in range(0, len(keys), _KEYS_IN_ONE):
                    with suppress(OSError):
                        socket_.send(msgspec.msgpack.encode(keys[start : start + _KEYS_IN_ONE]))

    def received(self) -> Iterable[bytes]:
        """The keys of every datagram that has come."""
        with suppress(BlockingIOError):
            while True:
                yield from msgspec.msgpack.decode(self.mailbox.recv(_DATAGRAM_BYTES_MAX), type=list[bytes])


class Wakeups:
    """Events by key, on one event loop; ``wake`` may be called from any thread."""

    __slots__ = ("_closed", "_link", "_loop", "_waiting")

    def __init__(self, link: Link | None = None) -> None:
        self._waiting: dict[bytes, set[asyncio.Event]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._link = link
        self._closed = False

    @property
    def is_closed(self) -> bool:
        return self._closed

    @property
    def waits_for_anything(self) -> bool:
        return bool(self._waiting)

    @property
    def is_waited_for(self) -> bool:
        """Whether anything is waited for, here or in another worker: if not, nobody has to name what was changed."""
        return bool(self._waiting) or (self._link is not None and self._link.is_waited_for)

    @contextmanager
    def waiting_for(self, key: bytes) -> Generator[asyncio.Event]:
        """An event that is set when the key is woken. Begin before you look, so that nothing is missed in between."""
        self._listen()
        event = asyncio.Event()
        if self._closed:
            event.set()
        self._waiting[key].add(event)
        self._note()
        try:
            yield event
        finally:
            self._waiting[key].discard(event)
            if not self._waiting[key]:
                del self._waiting[key]
            self._note()

    def wake(self, keys: Iterable[bytes]) -> None:
        """Set the events of the keys, here and in other workers; costs nothing while nobody waits."""
        keys = tuple(keys)
        if self._link is not None and keys:
            self._link.send(keys)
        if self._waiting and self._loop is not None and not self._loop.is_closed():
            # It may close just now; then nobody waits any more, and whoever wakes must not die of it.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._set, keys)

    def close(self) -> None:
        """End every wait, now and later; on the event loop's own thread."""
        self._closed = True
        self._set(tuple(self._waiting))

    def _listen(self) -> None:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            if self._link is not None:
                self._loop.add_reader(self._link.mailbox, self._read)

    def _note(self) -> None:
        if self._link is not None:
            self._link.note_waiting(len(self._waiting))

    def _read(self) -> None:
        if self._link is not None:
            self._set(tuple(self._link.received()))

    def _set(self, keys: tuple[bytes, ...]) -> None:
        for key in keys:
            for event in self._waiting.get(key, ()):
                event.set()
