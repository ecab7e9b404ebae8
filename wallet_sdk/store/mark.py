"""The mark beside a wallet's file: what tells a store that was copied back from a backup from the one that was in use.

The store counts its changes, and the mark holds the count too. A file that is older than its mark was put back. A mark
that was put back along with it betrays itself by its inode and change time, which no copy can set: the store has
written down those of its own mark.

What this cannot see is a whole disk set back underneath (a snapshot of a virtual machine). The issuer sees that: it
refuses a closing below what it knows, and the wallet then gives the token up as well.
Source: POSIX.1-2017, <sys/stat.h>: st_ctime is the file's last change, kept by the system alone.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DIGITS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Which file it is, and when it was last changed, as the file system says."""

    inode: int
    changed_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What the store has written down about its mark. While ``is_pending``, a change of the mark may be under way."""

    count: int
    is_pending: bool
    stamp: Stamp


class Mark:
    """One small file; written only by who holds the store's write lock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, count: int) -> Stamp:
        """Write a count durably: after a power cut the mark must be the one that the store remembers."""
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.pwrite(file, f"{count:0{_DIGITS}}\n".encode(), 0)
            os.fsync(file)
            return _stamp_of(os.fstat(file))
        finally:
            os.close(file)

    def count(self) -> int:
        """What it holds; -1 when there is none, or it is unreadable."""
        with contextlib.suppress(FileNotFoundError, ValueError), self._path.open("rb") as file:
            return int(file.read(_DIGITS))
        return -1

    def contradicts(self, written: Written) -> bool:
        """Whether the store cannot be the one that was used last."""
        try:
            with self._path.open("rb") as file:
                stamp = _stamp_of(os.fstat(file.fileno()))
                text = file.read(_DIGITS)
        except FileNotFoundError:
            # It is there from the first mark on.
            return written.stamp.inode != 0
        count = -1
        with contextlib.suppress(ValueError):
            count = int(text)
        if count > written.count:
            return True
        if written.is_pending:
            return written.stamp.inode not in {0, stamp.inode}
        return count != written.count or stamp != written.stamp


def _stamp_of(found: os.stat_result) -> Stamp:
    return Stamp(inode=found.st_ino, changed_ns=found.st_ctime_ns)
