"""Whether a PostgreSQL database holds a ledger, and bringing its tables up to date."""

from typing import Any

import psycopg

from server_stub.faults import FaultPoint, Faults
from server_stub.store.migrations import known_migrations, missing_migrations
from wallet_sdk.protocol.errors import ErrorCode, MisuseError

Connection = psycopg.Connection[Any]


def has_ledger(connection: Connection) -> bool:
    """Whether somebody has founded a ledger here."""
    return connection.execute("SELECT to_regclass('migrations') IS NOT NULL").fetchone() == (True,)


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
