"""What a database must offer to hold a ledger. Every Store passes tests/contract/store."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol

from server_stub.store.heads import Loss
from server_stub.store.reader import Reader
from server_stub.store.writer import Writer

#: Some seconds of full batches and a checkpoint: whoever balances the load sends them elsewhere before they fail.
ROOM_BYTES_MIN: Final = 64 * 1024 * 1024


class Store(Protocol):
    """One database. ``dialect`` names its kind, as the folders of migrations do."""

    @property
    def dialect(self) -> str: ...

    def reading(self) -> AbstractContextManager[Reader]:
        """A consistent view; any number at once, from any thread, and never waiting for the writer."""
        ...

    def writing(self) -> AbstractContextManager[Writer]:
        """One durable transaction of the database: flushed and committed on leaving, undone when something is raised.

        Raises:
            ConflictError: another process was faster; nothing happened, and the same may be tried again.
            UnavailableError: STORAGE_FAILED; with outcome *unknown* when it may have taken effect all the same.
        """
        ...

    def check_whole(self) -> None:
        """See that every commit that was acknowledged is there; the first that writes asks it, too.

        Raises:
            UnavailableError: STORAGE_CORRUPT naming what is missing, STORAGE_FAILED when nothing could be noted.
        """
        ...

    def loss(self) -> Loss | None:
        """What was acknowledged and is not there."""
        ...

    def losses(self) -> Sequence[str]:
        """What was acknowledged and is not there any more, as far as that is known outside the database."""
        ...

    def flaws(self) -> Sequence[str]:
        """What the database itself finds wrong with its files."""
        ...

    def check_room(self, *, bytes_min: int = ROOM_BYTES_MIN) -> None:
        """Whether the disk has room for what comes, where the store can see its disk.

        Raises:
            UnavailableError: STORAGE_FAILED; what was taken is finished all the same while it fits.
        """
        ...

    def back_up(self, folder: Path) -> None:
        """Write a copy of one moment into an empty folder, durably, while others read and write."""
        ...

    def close(self) -> None:
        """Give back every connection; nobody may be reading or writing."""
        ...
