"""A journal that is broken is not thrown away: the whole part is kept, the mirror fills in, the rest is looked through.

    1  the broken file is copied aside, as it is, and never touched again
    2  its rows up to the damage are taken as they are
    3  rows behind that come from the mirror, as far as it has them
    4  whatever can still be read behind the damage, and fits, is appended as a fact of its own
    5  `JournalRepaired` says what was found and what was not, and the screen says it too

Accepted payments are signed by their payers and complete in themselves: one read from behind the damage is as good
as any. The new file takes the place of the broken one in one step; a power cut before it leaves all as it was.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from terminal_app.journal.database import FIRST_LINK, SELECT, Row, connect, honest_errors, insert, link_of, linked_rows
from terminal_app.journal.events import decode_event
from terminal_app.journal.file import Journal
from terminal_app.journal.office_events import JournalRepaired
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError, UnavailableError

#: Rows in a row that cannot be read before the end of the file is believed to be reached: one page holds at most a few.
UNREADABLE_MAX: Final = 2_000
#: Beside the journal while a finished repair takes its place: a start that finds it goes on from there.
READY_SUFFIX: Final = ".repaired"
_LOG_SUFFIX: Final = "-wal"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    good: tuple[Row, ...]
    mirrored: tuple[Row, ...]
    loose: tuple[Row, ...]
    last_number: int


def open_journal(path: Path, *, mirror: Path | None, at_s: int) -> Journal:
    """Open a journal, repaired if it must be, with its mirror.

    Args:
        path: the journal.
        mirror: the second journal, None when there is none.
        at_s: now, for the facts that say what was repaired.

    Raises:
        UnavailableError: STORAGE_NEWER, STORAGE_FAILED; STORAGE_CORRUPT when neither file has one whole row.
    """
    with honest_errors():
        _finish(path)
    try:
        journal = Journal(path)
    except UnavailableError as error:
        if error.code is not ErrorCode.STORAGE_CORRUPT:
            raise
        _repair(path, mirror=mirror, at_s=at_s, cause=error)
        journal = Journal(path)
    if mirror is not None:
        journal.attach_mirror(mirror, at_s=at_s)
    return journal


def _repair(path: Path, *, mirror: Path | None, at_s: int, cause: UnavailableError) -> None:
    with honest_errors():
        kept_as = _copy_aside(path)
        found = _look(kept_as, mirror)
        if not found.good and not found.mirrored:
            raise cause
        draft = path.with_name(path.name + ".draft")
        for leftover in (draft, draft.with_name(draft.name + _LOG_SUFFIX)):
            leftover.unlink(missing_ok=True)
        _write(draft, found, kept_as=kept_as.name, at_s=at_s)
        _sync(draft)
        draft.replace(path.with_name(path.name + READY_SUFFIX))
        _sync(path.parent)
        _finish(path)


def _finish(path: Path) -> None:
    """Put a finished repair in its place. The log of the broken file goes first: it must not be applied to the new."""
    ready = path.with_name(path.name + READY_SUFFIX)
    if ready.exists():
        path.with_name(path.name + _LOG_SUFFIX).unlink(missing_ok=True)
        _sync(path.parent)
        ready.replace(path)
        _sync(path.parent)


def _copy_aside(path: Path) -> Path:
    number = 1
    while (kept_as := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    log = path.with_name(path.name + _LOG_SUFFIX)
    if log.exists():
        shutil.copy2(log, kept_as.with_name(kept_as.name + _LOG_SUFFIX))
    shutil.copy2(path, kept_as)
    _sync(kept_as)
    return kept_as


def _look(kept_as: Path, mirror: Path | None) -> _Found:
    # A look at a copy of the copy: SQLite writes into what it opens, and the evidence stays as it was.
    glass = kept_as.with_name(kept_as.name + ".look")
    log = kept_as.with_name(kept_as.name + _LOG_SUFFIX)
    shutil.copyfile(kept_as, glass)
    if log.exists():
        shutil.copyfile(log, glass.with_name(glass.name + _LOG_SUFFIX))
    try:
        with closing(sqlite3.connect(glass, isolation_level=None)) as database:
            rows = {row.number: row for row in _readable(database)}
    finally:
        for leftover in glass.parent.glob(glass.name + "*"):
            leftover.unlink()
    good = tuple(_linked(rows))
    mirrored = _mirrored(good, mirror) if mirror is not None and mirror.exists() else ()
    whole = len(good) + len(mirrored)
    loose = tuple(row for number, row in sorted(rows.items()) if number > whole)
    return _Found(good=good, mirrored=mirrored, loose=loose, last_number=max([*rows, whole]))


def _readable(database: sqlite3.Connection) -> Iterator[Row]:
    """Every row that can be read, one by one: a bad page stops a scan, not a look by number."""
    number, unreadable = 0, 0
    while unreadable < UNREADABLE_MAX:
        number += 1
        try:
            found = database.execute(f"{SELECT} WHERE number = ?", (number,)).fetchone()
        except sqlite3.DatabaseError:
            found = None
        if found is None or [type(one) for one in found] != [int, int, int, bytes, bytes]:
            unreadable += 1
            continue
        unreadable = 0
        yield Row(number=found[0], kind=found[1], at_s=found[2], body=found[3], link=found[4])


def _linked(rows: dict[int, Row]) -> Iterator[Row]:
    link, number = FIRST_LINK, 1
    while (row := rows.get(number)) is not None:
        link = link_of(link, number=number, kind=row.kind, at_s=row.at_s, body=row.body)
        if link != row.link:
            return
        yield row
        number += 1


def _mirrored(good: tuple[Row, ...], mirror: Path) -> tuple[Row, ...]:
    """What the mirror has behind the good rows, if it is a mirror of this very journal."""
    last = good[-1].number if good else 0
    mirrored: list[Row] = []
    with suppress(UnavailableError), closing(connect(mirror)) as database:
        for row in linked_rows(database):
            if row.number == last and row.link != good[-1].link:
                return ()
            if row.number > last:
                mirrored.append(row)
    return tuple(mirrored)


def _write(draft: Path, found: _Found, *, kept_as: str, at_s: int) -> None:
    with closing(connect(draft)) as database:
        database.execute("BEGIN IMMEDIATE")
        for row in (*found.good, *found.mirrored):
            insert(database, row)
        database.execute("COMMIT")
    with Journal(draft) as journal:
        saved_count = _append_loose(journal, found.loose)
        whole = len(found.good) + len(found.mirrored)
        repaired = JournalRepaired(
            kept_as=kept_as,
            good_count=len(found.good),
            mirror_count=len(found.mirrored),
            saved_count=saved_count,
            lost_count=found.last_number - whole - saved_count,
        )
        journal.append(repaired, at_s=max(at_s, journal.views.last_event_at_s))


def _append_loose(journal: Journal, loose: Iterable[Row]) -> int:
    """Append what can be understood and follows on what is there; what does not is in the copy, for people."""
    count = 0
    for row in loose:
        try:
            journal.append(decode_event(row.kind, row.body), at_s=row.at_s)
        except (TillcodeError, AssertionError) as error:
            if isinstance(error, UnavailableError) and error.code is ErrorCode.STORAGE_FAILED:
                raise
        else:
            count += 1
    return count


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
