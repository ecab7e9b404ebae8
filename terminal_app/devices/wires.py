"""How bytes get to a printer: over a file, a serial line, the network or USB, and never without an end.

What counts is progress: as long as the other side takes bytes a long picture may take its time, and when it takes none
for STALL_S it is out of paper, switched off, or nobody is there.
"""

import os
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any, Final

#: A printer that takes nothing for so long must not hold up the next receipt for longer.
STALL_S: Final = 5.0
#: Network printers listen here when nothing else is said ("raw" or "JetDirect" printing).
RAW_PORT: Final = 9_100
BAUD: Final = 9_600
#: At 9,600 baud a piece is on the line for half a second.
PIECE_BYTES: Final = 512
#: How often a line that is still sending is looked at.
LOOK_S: Final = 0.05

Send = Callable[[bytes], None]
Importer = Callable[[str], ModuleType]


def send_to_file(path: str, content: bytes, *, stall_s: float = STALL_S) -> None:
    """Write to a device file, or anew to a plain one.

    Raises:
        OSError: TimeoutError when it takes nothing; ENOENT, ENXIO (a pipe without a reader), ENOSPC and the like.
    """
    line = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_TRUNC | os.O_CLOEXEC)
    try:
        left = memoryview(content)
        room = select.poll()
        room.register(line, select.POLLOUT)
        while left:
            if not room.poll(stall_s * 1000):
                raise _stalled()
            left = left[_written(line, left) :]
    finally:
        os.close(line)


def send_over_serial(path: str, content: bytes, *, importer: Importer, stall_s: float = STALL_S) -> None:
    """Write to a serial line whose printer says by DTR whether it takes more.

    Raises:
        OSError: TimeoutError when it takes nothing; pyserial's own are OSErrors.
        ImportError: pyserial is not installed.
    """
    serial = importer("serial")
    port = serial.Serial(path, BAUD, timeout=0, write_timeout=stall_s, dsrdtr=True)
    try:
        for start in range(0, len(content), PIECE_BYTES):
            port.write(content[start : start + PIECE_BYTES])
        _await_sent(port, stall_s)
    except OSError as error:
        # What is still on its way would hold up the closing, and come out before the next paper.
        with suppress(OSError):
            port.reset_output_buffer()
        raise (_stalled() if isinstance(error, serial.SerialTimeoutException) else error) from None
    finally:
        port.close()


def send_over_tcp(host: str, port: int, content: bytes, *, stall_s: float = STALL_S) -> None:
    """Write to a network printer.

    Raises:
        OSError: TimeoutError when it takes nothing.
    """
    with socket.create_connection((host, port), timeout=stall_s) as connection:
        left = memoryview(content)
        while left:
            left = left[connection.send(left) :]
        connection.shutdown(socket.SHUT_WR)


def send_over_usb(module: ModuleType, vendor: int, product: int, content: bytes) -> None:
    """Write to a USB printer; each piece has its own time limit.

    Raises:
        OSError: USBTimeoutError and the like are OSErrors.
        escpos.exceptions.Error: it is not there.
    """
    device = module.Usb(vendor, product, timeout=int(STALL_S * 1000))
    try:
        for start in range(0, len(content), PIECE_BYTES):
            device._raw(content[start : start + PIECE_BYTES])  # noqa: SLF001 - the only way to hand it bytes
    finally:
        device.close()


def _written(line: int, left: memoryview) -> int:
    try:
        return os.write(line, left)
    except BlockingIOError:
        return 0


def _await_sent(port: Any, stall_s: float) -> None:
    """Wait until the line has sent all, as long as it goes on sending."""
    waiting, until_s = port.out_waiting, time.monotonic() + stall_s
    while waiting:
        if time.monotonic() > until_s:
            raise _stalled()
        time.sleep(LOOK_S)
        before, waiting = waiting, port.out_waiting
        if waiting < before:
            until_s = time.monotonic() + stall_s


def _stalled() -> TimeoutError:
    return TimeoutError("it takes no more")
