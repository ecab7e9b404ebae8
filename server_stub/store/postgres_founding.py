"""Whether a PostgreSQL database holds a ledger, and bringing its tables and rows up to date."""

from typing import Any

import psycopg

from server_stub.faults import FaultPoint, Faults
from server_stub.store.checks import check_rows, unchecked
from server_stub.store.migrations import known_migrations, missing_migrations
from server_stub.store.session import Session
from server_stub.store.tables.every import EVERY_TABLE
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError

Connection = psycopg.Connection[Any]


def has_ledger(connection: Connection) -> bool:
    """Whether somebody has founded a ledger here."""
    return connection.execute("SELECT to_regclass('migrations') IS NOT NULL").fetchone() == (True,)


def check_encoding(connection: Connection) -> None:
    """Refuse a database whose texts are bytes of no encoding (SQL_ASCII), or of one that lacks most letters.

    Raises:
        UnavailableError: STORAGE_FAILED, before a table is made or read.
    """
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        text = (
            f"the database's encoding is {encoding}, a ledger's must be UTF8; make it anew:"
            " createdb --encoding UTF8 --template template0 NAME"
        )
        raise UnavailableError(ErrorCode.STORAGE_FAILED, text)


def check_empty(connection: Connection) -> None:
    """Refuse to make a second ledger where there is one.

    Raises:
        MisuseError: ALREADY_ENROLLED.
    """
    if has_ledger(connection):
        raise MisuseError(ErrorCode.ALREADY_ENROLLED, "the database holds a ledger already; none is overwritten")


def migrate(connection: Connection, faults: Faults) -> None:
    """Apply what is missing, each in its own transaction of the database; who comes second finds it done."""
    known = known_migrations("postgres")
    for _ in known:
        with connection.transaction():
            connection.execute("LOCK TABLE migrations IN EXCLUSIVE MODE")
            applied: dict[int, str] = dict(connection.execute("SELECT number, checksum FROM migrations").fetchall())
            missing = missing_migrations(known, applied)
            if missing:
                connection.execute(missing[0].text.encode(), prepare=False)
                faults.reach(FaultPoint.MIGRATING)
                connection.execute(missing[0].row.encode(), prepare=False)
        faults.reach(FaultPoint.MIGRATED)


def check_every_row(connection: Connection, session: Session) -> None:
    """Give rows their checks where a table's have none yet, each table in its own transaction of the database."""
    for table in unchecked(session, EVERY_TABLE):
        with connection.transaction():
            connection.execute("LOCK TABLE checked_tables IN EXCLUSIVE MODE")
            if table in unchecked(session, (table,)):  # another process may have done it meanwhile
                connection.execute(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE")
                check_rows(session, table)
