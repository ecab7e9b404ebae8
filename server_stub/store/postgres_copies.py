"""A whole PostgreSQL ledger out into files and in again, one for each table, in PostgreSQL's own binary form."""

import os
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Final

import psycopg

from server_stub.store.migrations import TABLE, known_migrations, missing_migrations
from server_stub.store.postgres_errors import storage_error
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
#: Each reference: the table that makes it, the table that it names.
_REFERENCES: Final = (
    "SELECT f.relname, t.relname FROM pg_constraint c JOIN pg_class f ON f.oid = c.conrelid JOIN pg_class t"
    " ON t.oid = c.confrelid WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace"
)
MIGRATIONS: Final = "migrations"
_CHUNK_BYTES: Final = 1 << 20
_CONNECT_S: Final = 5


def copy_out(connection: psycopg.Connection[Any], folder: Path) -> None:
    """Every table of the database, whichever there are, as of one moment; each file is on disk before the next."""
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    for (table,) in connection.execute(_TABLES).fetchall():
        with (folder / f"{table}.copy").open("xb") as file:
            with connection.cursor().copy(f"COPY {table} TO STDOUT (FORMAT BINARY)") as copy:
                for chunk in copy:
                    file.write(chunk)
            file.flush()
            os.fsync(file.fileno())


def copy_in(connection: psycopg.Connection[Any], folder: Path) -> None:
    """The same back, in one transaction of an empty database; its tables are made by the migrations of their own time.

    So a backup from before an upgrade comes back as it was, and is brought up to date as any old ledger is.

    Raises:
        UnavailableError: STORAGE_NEWER when a newer program wrote the files; STORAGE_CORRUPT when the migrations have
            another text, or make other tables.
    """
    connection.execute(TABLE)
    _load(connection, folder, MIGRATIONS)
    applied: dict[int, str] = dict(connection.execute("SELECT number, checksum FROM migrations").fetchall())
    known = known_migrations("postgres")
    missing_migrations(known, applied)
    for migration in known:
        if migration.number in applied:
            connection.execute(migration.text.encode(), prepare=False)
    tables = {table for (table,) in connection.execute(_TABLES).fetchall()}
    if {path.stem for path in folder.glob("*.copy")} != tables:
        raise UnavailableError(ErrorCode.STORAGE_CORRUPT, "the backup has other tables than its migrations have made")
    for table in _referred_first(connection, tables - {MIGRATIONS}):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of the database's own
        _load(connection, folder, table)


def drop_all(address: str) -> None:
    """Take away every table of a database in which ``copy_in`` has found no others than ours.

    Raises:
        UnavailableError: STORAGE_FAILED.
    """
    try:
        with psycopg.connect(address, connect_timeout=_CONNECT_S) as connection:
            names = [table for (table,) in connection.execute(_TABLES).fetchall()]
            connection.execute(f"DROP TABLE {', '.join(names)} CASCADE".encode())
    except psycopg.Error as error:
        raise storage_error(error) from error


def _referred_first(connection: psycopg.Connection[Any], tables: set[str]) -> list[str]:
    """Tables in such a sequence that a row is there before another refers to it."""
    graph: dict[str, set[str]] = {table: set() for table in sorted(tables)}
    for table, referred in connection.execute(_REFERENCES).fetchall():
        graph[table] |= {referred} - {table}
    return list(TopologicalSorter(graph).static_order())


def _load(connection: psycopg.Connection[Any], folder: Path, table: str) -> None:
    with (
        (folder / f"{table}.copy").open("rb") as file,
        connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy,
    ):
        while chunk := file.read(_CHUNK_BYTES):
            copy.write(chunk)
