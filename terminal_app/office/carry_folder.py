"""The folder that the queue is saved into and read from when it is carried by hand, such as one on a stick."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from terminal_app.devices.boundary import FILE_LIMIT_S, DriverThread
from terminal_app.office.courier import FILE_SUFFIX
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

#: Saved queues that a list shows; further ones are older.
FILES_MAX: Final = 50


class CarryFolder:
    """One folder. It need not be there: a stick comes and goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._disk = DriverThread("file", code=ErrorCode.STORAGE_FAILED)

    def new_path(self, *, till: str, at_s: int) -> Path:
        """A name that no other export of this till has. The folder itself is made, what it lies in is not.

        Raises:
            UnavailableError: STORAGE_FAILED when there is no such folder, and none can be made.
        """
        self._disk.call(self._make, limit_s=FILE_LIMIT_S)
        name = "".join(one if one.isalnum() else "-" for one in till) or "till"
        return self.path / f"{name}-{datetime.fromtimestamp(at_s, tz=UTC):%Y%m%d-%H%M%S}{FILE_SUFFIX}"

    def files(self) -> tuple[Path, ...]:
        """The saved queues in it, the newest first; none when the folder cannot be read."""
        try:
            found = self._disk.call(self._found, limit_s=FILE_LIMIT_S)
        except UnavailableError:
            return ()
        return tuple(one for _, one in sorted(found, reverse=True)[:FILES_MAX])

    def _make(self) -> None:
        try:
            self.path.mkdir(exist_ok=True)
        except OSError as error:
            raise _failed(error) from error

    def _found(self) -> list[tuple[int, Path]]:
        try:
            return [(one.stat().st_mtime_ns, one) for one in self.path.glob(f"*{FILE_SUFFIX}")]
        except OSError as error:
            raise _failed(error) from error


def _failed(error: OSError) -> UnavailableError:
    return UnavailableError(ErrorCode.STORAGE_FAILED, f"the folder: {error.strerror}", param="file")
