"""Bringing a SQLite file's tables and rows up to date, and whether the file is as this program makes one."""

from contextlib import closing
from functools import cache
from typing import Final

import apsw

from server_stub.faults import FaultPoint, Faults
from server_stub.store.checks import check_rows, unchecked
from server_stub.store.migrations import TABLE, known_migrations, missing_migrations
from server_stub.store.session import Row, Session
from server_stub.store.tables.every import EVERY_TABLE

#: How each table and index was made; SQLite's own indexes have no words, and Litestream brings two tables of its own.
_SCHEMA: Final = (
    "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema"
    " WHERE name NOT IN ('_litestream_seq', '_litestream_lock')"
)


def migrate(connection: apsw.Connection, faults: Faults) -> None:
    """Apply what is missing, each in its own transaction of the database."""
    connection.execute(TABLE)
    applied: dict[int, str] = dict(connection.execute("SELECT number, checksum FROM migrations"))
    for migration in missing_migrations(known_migrations("sqlite"), applied):
        connection.execute(f"BEGIN IMMEDIATE; {migration.text}")
        faults.reach(FaultPoint.MIGRATING)
        connection.execute(migration.row)
        connection.execute("COMMIT")
        faults.reach(FaultPoint.MIGRATED)


def check_every_row(connection: apsw.Connection, session: Session) -> None:
    """Give rows their checks where a table's have none yet, each table in its own transaction of the database."""
    for table in unchecked(session, EVERY_TABLE):
        connection.execute("BEGIN IMMEDIATE")
        check_rows(session, table)
        connection.execute("COMMIT")


def flaws_of(connection: apsw.Connection) -> list[str]:
    """What SQLite finds wrong with a file, and which tables and indexes are not those of the migrations."""
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    missing = connection.execute("PRAGMA foreign_key_check")
    found += [f"{row[0]} row {row[1]} refers to a missing {row[2]}" for row in missing]
    changed = set(connection.execute(_SCHEMA)) ^ _schema()
    return found + [f"{row[0]} {row[1]} is not as it was made" for row in sorted(changed, key=str)]


@cache
def _schema() -> frozenset[Row]:
    """How the migrations make every table and index."""
    with closing(apsw.Connection(":memory:")) as connection:
        migrate(connection, Faults())
        return frozenset(connection.execute(_SCHEMA))
