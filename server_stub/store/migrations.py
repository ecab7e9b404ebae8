"""Numbered plain-SQL migrations, forward only: what is missing is applied at start, what we cannot know is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

FOLDER: Final = Path(__file__).parent / "migrations"
TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema."""

    number: int
    name: str
    checksum: str
    text: str

    @property
    def row(self) -> str:
        """The statement that notes it as applied."""
        return f"INSERT INTO migrations VALUES ({self.number}, '{self.name}', '{self.checksum}')"  # noqa: S608 - our files


def known_migrations(dialect: str) -> tuple[Migration, ...]:
    """Every migration of a dialect, in sequence."""
    paths = sorted((FOLDER / dialect).glob("[0-9]*.sql"))
    texts = ((path.name, path.read_text()) for path in paths)
    return tuple(
        Migration(number=int(name[:4]), name=name, checksum=sha256(text.encode()).hexdigest(), text=text)
        for name, text in texts
    )


def missing_migrations(known: Sequence[Migration], applied: Mapping[int, str]) -> tuple[Migration, ...]:
    """What is still to be applied, given the numbers and checksums of what was.

    Raises:
        UnavailableError: STORAGE_NEWER when a newer program wrote the ledger; STORAGE_CORRUPT when it was made by
            another text of a migration.
    """
    if max(applied, default=0) > max(one.number for one in known):
        raise UnavailableError(ErrorCode.STORAGE_NEWER, "the ledger was written by a newer version of this program")
    for one in known:
        if applied.get(one.number, one.checksum) != one.checksum:
            raise UnavailableError(
                ErrorCode.STORAGE_CORRUPT, f"migration {one.name} is not the one this ledger was made with"
            )
    return tuple(one for one in known if one.number not in applied)
