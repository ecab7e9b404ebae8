"""A whole PostgreSQL ledger out into files and in again, one for each table, in PostgreSQL's own binary form."""

import os
from pathlib import Path
from typing import Any, Final

import psycopg

from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
_APPLIED: Final = "SELECT number, checksum FROM migrations ORDER BY number"
_CHUNK_BYTES: Final = 1 << 20


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
    """The same back, in one transaction, into tables that the same migrations have made.

    Raises:
        UnavailableError: STORAGE_NEWER when the files are of other tables or other migrations.
    """
    applied = connection.execute(_APPLIED).fetchall()
    tables = {table for (table,) in connection.execute(_TABLES).fetchall()}
    if {path.stem for path in folder.glob("*.copy")} != tables:
        raise UnavailableError(ErrorCode.STORAGE_NEWER, "the backup has other tables than this program")
    for table in sorted(tables):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - names of the database's own
        with (
            (folder / f"{table}.copy").open("rb") as file,
            connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy,
        ):
            while chunk := file.read(_CHUNK_BYTES):
                copy.write(chunk)
    if connection.execute(_APPLIED).fetchall() != applied:
        raise UnavailableError(ErrorCode.STORAGE_NEWER, "the backup is of another version of this program")
