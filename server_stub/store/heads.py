"""The end of what was acknowledged, noted outside the ledger: a ledger that has lost it is found out.

A database says itself what is in it, and nothing says what is not: a log that was cut behind a kill, an older file in
the ledger's place, a replica that was behind when it took over. So each process notes of each commit, before anybody
is answered, one row that it has added. What was committed before that row is there as long as the row is.

A note is one ``pwrite`` into a ring of them, not synced: it outlives every end of the process. After a loss of power
it may be behind the ledger, and is never ahead of it. It costs the database nothing.
"""

import errno
import fcntl
import hashlib
import logging
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from server_stub.store.numbers import BLOCK
from server_stub.store.reader import Reader
from server_stub.store.writer import AddedRow
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

_LOG: Final = logging.getLogger("tillcode.server")
#: Commits whose loss can be counted; of more it is said that there are more.
NOTES_KEPT: Final = 512
#: Room of one note: the longest key of ours takes a third of it.
_NOTE_BYTES: Final = 256
_HEAD: Final = struct.Struct(">IH")
#: Processes that write at once: the workers of one server, and a person's commands.
_FILES_MAX: Final = 256
#: More entries than this behind the newest note were not made by one commit that was killed.
_BEHIND_MAX: Final = 2_048
_HAS_ENTRIES: Final = "SELECT number FROM entries ORDER BY number LIMIT 1"

#: Asks the database: a query with ``?`` for each value.
Rows = Callable[[str, Sequence[object]], Sequence[Sequence[Any]]]


class Note(msgspec.Struct, frozen=True, array_like=True):
    """One commit: its number in its file, and a row that it has added. Without a table: all before is settled."""

    number: int
    payments: int = 0
    table: str = ""
    columns: tuple[str, ...] = ()
    key: tuple[Any, ...] = ()

    def is_in(self, rows: Rows) -> bool:
        """Whether the ledger has that row."""
        if not self.table:
            return True
        same = " AND ".join(f"{column} = ?" for column in self.columns)
        return bool(rows(f"SELECT 1 FROM {self.table} WHERE {same}", self.key))  # noqa: S608 - names that we have written


_DECODER: Final = msgspec.msgpack.Decoder(Note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Commits that were acknowledged and are not in the ledger. ``is_all``: not one of those that are noted is."""

    commits: int
    payments: int
    is_all: bool
    name: str

    def __str__(self) -> str:
        least = "at least " if self.is_all else ""
        return f"{least}{self.commits} acknowledged commits with {self.payments} payments are not in the ledger"


class Heads:
    """The notes of one ledger's processes: a folder with a file for each. One thread at a time may note."""

    __slots__ = ("_descriptor", "_is_failing", "_number", "folder")

    def __init__(self, folder: Path) -> None:
        """Nothing is touched yet."""
        self.folder = folder
        self._descriptor = -1
        self._number = 0
        self._is_failing = False

    def check(self, rows: Rows) -> None:
        """Before this process writes: see that nothing is missing, and take a file of its own.

        Raises:
            UnavailableError: STORAGE_CORRUPT when something is, STORAGE_FAILED when nothing can be noted.
        """
        noted = list(self.noted())
        loss = loss_of(noted, rows)
        if loss is not None:
            raise UnavailableError(
                ErrorCode.STORAGE_CORRUPT,
                f"{loss}; put back what belongs to it, or restore a backup; who must go on without them, says so by:"
                f" tillcode-server loss --acknowledge {loss.name}",
            )
        if not noted and rows(_HAS_ENTRIES, ()):
            _LOG.warning("no notes of acknowledged commits are in %s: they begin now", self.folder)
        for notes in noted:
            _tell_if_behind(notes[-1], rows)
        if self._descriptor < 0:
            self._take()

    def note(self, added: AddedRow | None) -> None:
        """Note what was just committed. A disk that does not take it costs the note, never the payment."""
        if self._descriptor < 0 or added is None:
            return
        self._number += 1
        try:
            _write(self._descriptor, Note(self._number, *added))
            self._is_failing = False
        except OSError as error:
            if not self._is_failing:
                _LOG.error("acknowledged commits cannot be noted in %s: %s", self.folder, error.strerror)
            self._is_failing = True

    def noted(self) -> Iterator[list[Note]]:
        """The notes of each process that has noted something, the newest last.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        for path in self._paths():
            try:
                notes = _read_all(path.read_bytes())
            except OSError as error:
                raise _failed(path, error) from error
            if notes:
                yield notes

    def loss(self, reading: Callable[[], AbstractContextManager[Reader]]) -> Loss | None:
        """What was noted and is not in a view that begins after the notes were read.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        noted = list(self.noted())
        with reading() as reader:
            return loss_of(noted, reader.rows)

    def settle(self) -> None:
        """From here on: what was noted so far is not missed any more, by a person's word or after a restore.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        for path in self._paths():
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
                try:
                    _write(descriptor, Note(_newest_number(_read_all(path.read_bytes())) + 1))
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            except OSError as error:
                raise _failed(path, error) from error

    def close(self) -> None:
        """Give the file back; may be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob("head-*"))

    def _take(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = self._free_file()
            self._number = _newest_number(_read_all(os.pread(self._descriptor, NOTES_KEPT * _NOTE_BYTES, 0)))
            if not self._number:
                os.posix_fallocate(self._descriptor, 0, NOTES_KEPT * _NOTE_BYTES)
                self._number = 1
                _write(self._descriptor, Note(self._number))
        except OSError as error:
            self.close()
            raise _failed(self.folder, error) from error

    def _free_file(self) -> int:
        """The first file that no other process has; the kernel frees it when its process ends."""
        for number in range(_FILES_MAX):
            descriptor = os.open(self.folder / f"head-{number:03d}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                return descriptor
        raise OSError(errno.EMFILE, "too many processes write to this ledger")


def loss_of(noted: Sequence[Sequence[Note]], rows: Rows) -> Loss | None:
    """What is noted and missing, of all processes together. The notes must be older than the view that is asked."""
    missing: list[Note] = []
    is_all = False
    for notes in noted:
        lost = []
        for note in reversed(notes):
            if note.is_in(rows):
                break
            lost.append(note)
        else:
            is_all = True
        missing += lost
    if not missing:
        return None
    digest = hashlib.sha256(b"".join(msgspec.msgpack.encode(note) for note in missing)).hexdigest()
    payments = sum(note.payments for note in missing)
    return Loss(commits=len(missing), payments=payments, is_all=is_all, name=digest[:8])


def _tell_if_behind(newest: Note, rows: Rows) -> None:
    if newest.table != "entries":
        return
    (number,) = newest.key
    assert isinstance(number, int), "an entry's key is its number"
    end = (number - 1) // BLOCK * BLOCK + BLOCK
    query = "SELECT count(*) FROM entries WHERE number > ? AND number <= ?"
    behind = rows(query, (number, end))[0][0]
    if behind > _BEHIND_MAX:
        _LOG.warning("the notes of acknowledged commits are %d entries behind: were they put back?", behind)


def _write(descriptor: int, note: Note) -> None:
    body = msgspec.msgpack.encode(note)
    if len(body) <= _NOTE_BYTES - _HEAD.size:  # no key of ours is longer; what is committed is committed
        place = note.number % NOTES_KEPT * _NOTE_BYTES
        os.pwrite(descriptor, _HEAD.pack(zlib.crc32(body), len(body)) + body, place)


def _read_all(content: bytes) -> list[Note]:
    """Every note of a file, the newest last."""
    parts = (content[start : start + _NOTE_BYTES] for start in range(0, len(content), _NOTE_BYTES))
    return sorted((note for part in parts if (note := _read(part)) is not None), key=lambda note: note.number)


def _read(part: bytes) -> Note | None:
    if len(part) < _HEAD.size:
        return None
    checksum, length = _HEAD.unpack_from(part)
    body = part[_HEAD.size : _HEAD.size + length]
    if not length or zlib.crc32(body) != checksum:
        return None  # never written, or torn
    return _DECODER.decode(body)


def _newest_number(notes: Sequence[Note]) -> int:
    return notes[-1].number if notes else 0


def _failed(path: Path, error: OSError) -> UnavailableError:
    return UnavailableError(ErrorCode.STORAGE_FAILED, f"the notes of acknowledged commits: {path}: {error.strerror}")
