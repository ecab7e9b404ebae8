"""Why a device does not do what it is asked, in the few words that a cashier can act upon."""

import errno
from enum import Enum, unique
from typing import Final

from wallet_sdk.protocol.errors import ErrorCode, TillcodeError


@unique
class Trouble(Enum):
    """What is to be looked at."""

    ABSENT = "absent"
    SILENT = "silent"
    FORBIDDEN = "forbidden"
    BUSY = "busy"
    NOT_INSTALLED = "not_installed"
    WRONG_ADDRESS = "wrong_address"
    OTHER = "other"


_OF_ERRNO: Final = {
    errno.ENOENT: Trouble.ABSENT,
    errno.ENODEV: Trouble.ABSENT,
    errno.ENXIO: Trouble.ABSENT,
    errno.EIO: Trouble.ABSENT,
    errno.EPIPE: Trouble.ABSENT,
    errno.ECONNRESET: Trouble.ABSENT,
    errno.EHOSTUNREACH: Trouble.ABSENT,
    errno.ENETUNREACH: Trouble.ABSENT,
    errno.ECONNREFUSED: Trouble.ABSENT,
    errno.ETIMEDOUT: Trouble.SILENT,
    errno.EAGAIN: Trouble.BUSY,
    errno.EBUSY: Trouble.BUSY,
    errno.EACCES: Trouble.FORBIDDEN,
    errno.EPERM: Trouble.FORBIDDEN,
}


def trouble_of(error: TillcodeError) -> Trouble:
    """What stands behind an error of a device: its cause says it."""
    if error.code is ErrorCode.BAD_ARGUMENT:
        return Trouble.WRONG_ADDRESS
    cause = error.__cause__
    if isinstance(cause, ImportError):
        return Trouble.NOT_INSTALLED
    if isinstance(cause, TimeoutError):
        return Trouble.SILENT
    if isinstance(cause, OSError) and cause.errno is not None:
        return _OF_ERRNO.get(cause.errno, Trouble.OTHER)
    return Trouble.OTHER
