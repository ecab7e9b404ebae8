"""The folder that the queue is saved into and read from when it is carried by hand, such as one on a stick."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from terminal_app.office.courier import FILE_SUFFIX
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

#: Saved queues that a list shows; further ones are older.
FILES_MAX: Final = 50


class CarryFolder:
    """One folder. It need not be there: a stick comes and goes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def new_path(self, *, till: str, at_s: int) -> Path:
        """A name that no other export of this till has. The folder itself is made, what it lies in is not.

        Raises:
            UnavailableError: STORAGE_FAILED when there is no such folder, and none can be made.
        """
        try:
            self.path.mkdir(exist_ok=True)
        except OSError as error:
            raise UnavailableError(ErrorCode.STORAGE_FAILED, f"the folder: {error.strerror}", param="file") from error
        name = "".join(one if one.isalnum() else "-" for one in till) or "till"
        return self.path / f"{name}-{datetime.fromtimestamp(at_s, tz=UTC):%Y%m%d-%H%M%S}{FILE_SUFFIX}"

    def files(self) -> tuple[Path, ...]:
        """The saved queues in it, the newest first; none when the folder cannot be read."""
        try:
            found = [(one.stat().st_mtime_ns, one) for one in self.path.glob(f"*{FILE_SUFFIX}")]
        except OSError:
            return ()
        return tuple(one for _, one in sorted(found, reverse=True)[:FILES_MAX])
