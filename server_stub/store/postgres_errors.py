"""What PostgreSQL's errors mean for the money."""

from typing import Final

import psycopg
from psycopg import errors

from server_stub.store.session import ConflictError
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, UnavailableError

#: Another process was faster: 40001, 40P01, 55P03, and 23505 for a key that both have added.
CONFLICTS: Final = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.UniqueViolation,
)


#: A pooler in transaction mode hands each of our statements to another session, which lacks what the last one made.
_POOLED: Final = (errors.DuplicatePreparedStatement, errors.InvalidSqlStatementName)


def before_commit(error: psycopg.Error) -> Exception:
    """What went wrong while nothing had been committed yet."""
    if isinstance(error, CONFLICTS):
        return ConflictError(f"another process was faster: {_first_line(error)}")
    if isinstance(error, _POOLED):
        return storage_error(error)
    if isinstance(error, (errors.IntegrityError, errors.DataError, errors.ProgrammingError)):
        return AssertionError(f"a command of ours broke a constraint: {_first_line(error)}")
    return storage_error(error)


def storage_error(error: psycopg.Error, *, outcome: MoneyOutcome = MoneyOutcome.NOT_CHARGED) -> UnavailableError:
    """The database is not there, or not whole."""
    if isinstance(error, _POOLED):
        text = "a pooler in transaction mode is before the database (PgBouncer's pool_mode): a ledger wants sessions"
        return UnavailableError(ErrorCode.STORAGE_FAILED, text, outcome=outcome)
    is_corrupt = isinstance(error, (errors.DataCorrupted, errors.IndexCorrupted))
    code = ErrorCode.STORAGE_CORRUPT if is_corrupt else ErrorCode.STORAGE_FAILED
    return UnavailableError(code, f"the ledger's database: {_first_line(error)}", outcome=outcome)


def _first_line(error: psycopg.Error) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
