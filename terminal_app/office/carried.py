"""The queue as bytes that a person carries: a file, or a sequence of codes. Pure: bytes in, bytes out.

What is carried are capture batches as this till would have sent them, signed by it, and answers of the server to
batches that were carried here. Whoever finds the file can read amounts and references, and can do nothing with it
but hand it to the server.

    TQ1:<number>:<count>:<digest>:<base45>      one code of a sequence; 300 bytes each
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import cbor2

from wallet_sdk.protocol import base45, limits
from wallet_sdk.protocol.cbor import load_map
from wallet_sdk.protocol.envelope import open_unverified
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError
from wallet_sdk.protocol.messages import CaptureBatch

#: A till's whole queue: 10,000 captures are some 6 MiB.
CARRIED_BYTES_MAX: Final = 16 * 1024 * 1024
#: Batches and answers in one file.
CARRIED_PARTS_MAX: Final = 64
CODE_PREFIX: Final = "TQ1:"
#: Bytes a code: with its head 476 of the 483 characters of version 13.
CODE_BYTES: Final = 300
#: More codes than anybody holds before a camera in turn; some forty payments. Beyond that, a file.
CODES_MAX: Final = 99
_DIGEST_CHARS: Final = 8
_MAGIC: Final = "tillcode queue 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a file holds: signed capture batches, and bodies of the server's answers to some."""

    batches: tuple[bytes, ...] = ()
    answers: tuple[bytes, ...] = ()

    @property
    def count(self) -> int:
        """How many payments are claimed in it."""
        return sum(len(open_unverified(one, CaptureBatch).message.claims) for one in self.batches)


def encode_carried(carried: Carried) -> bytes:
    """The file of it: the same content is the same bytes."""
    return cbor2.dumps({0: _MAGIC, 1: [*carried.batches], 2: [*carried.answers]}, canonical=True)


def decode_carried(content: bytes) -> Carried:
    """Read a file that somebody brings. Each batch is one, as far as it can be seen; who signed it the server checks.

    Raises:
        MalformedMessageError: MESSAGE_TOO_LARGE, BAD_CBOR, NOT_CANONICAL, or what is wrong with a batch in it.
    """
    body = load_map(content, bytes_max=CARRIED_BYTES_MAX)
    if set(body) != {0, 1, 2} or body[0] != _MAGIC:
        raise _no_queue()
    carried = Carried(batches=_byte_strings(body[1]), answers=_byte_strings(body[2]))
    for batch in carried.batches:
        open_unverified(batch, CaptureBatch)
    return carried


def codes_of(content: bytes) -> tuple[str, ...]:
    """The texts of the codes that carry these bytes, to be shown in turn.

    Raises:
        MisuseError: BAD_ARGUMENT when it would be more than CODES_MAX.
    """
    pieces = [content[start : start + CODE_BYTES] for start in range(0, len(content), CODE_BYTES)]
    if not 1 <= len(pieces) <= CODES_MAX:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{len(pieces)} codes are too many: take a file", param="queue")
    digest = _digest_of(content)
    return tuple(
        f"{CODE_PREFIX}{number}:{len(pieces)}:{digest}:{base45.encode(piece)}"
        for number, piece in enumerate(pieces, start=1)
    )


class CodeCollector:
    """Puts a sequence of codes together again, in whatever order and however often each is read."""

    def __init__(self) -> None:
        self._pieces: dict[int, bytes] = {}
        self._count = 0
        self._digest = ""

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of the codes that were not read yet; empty before the first."""
        return tuple(number for number in range(1, self._count + 1) if number not in self._pieces)

    def add(self, text: str) -> bytes | None:
        """Take one code. Returns the whole content with the last one that was missing.

        Raises:
            MalformedMessageError: NOT_A_TILLCODE for any other code; BAD_CHECKSUM when the whole does not fit together.
                What was collected is then forgotten.
        """
        number, count, digest, piece = _parse_code(text)
        if (count, digest) != (self._count, self._digest):
            # Another queue: begin anew, so that two can never be mixed.
            self._pieces, self._count, self._digest = {}, count, digest
        self._pieces[number] = piece
        if self.missing:
            return None
        content = b"".join(self._pieces[one] for one in range(1, count + 1))
        self._pieces, self._count, self._digest = {}, 0, ""
        if _digest_of(content) != digest:
            raise MalformedMessageError(ErrorCode.BAD_CHECKSUM, "the codes do not fit together", param="queue")
        return content


def _parse_code(text: str) -> tuple[int, int, str, bytes]:
    parts = text.removeprefix(CODE_PREFIX).split(":", 3)
    heads = parts[:2] if text.startswith(CODE_PREFIX) and len(text) <= limits.QR_TEXT_CHARS_MAX else []
    if len(parts) != 4 or not heads or not all(one.isascii() and one.isdigit() and len(one) <= 2 for one in heads):
        raise MalformedMessageError(ErrorCode.NOT_A_TILLCODE, "no code of a carried queue", param="queue")
    number, count = int(parts[0]), int(parts[1])
    if not 1 <= number <= count or len(parts[2]) != _DIGEST_CHARS:
        raise MalformedMessageError(ErrorCode.NOT_A_TILLCODE, "no code of a carried queue", param="queue")
    return number, count, parts[2], base45.decode(parts[3])


def _digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGEST_CHARS].upper()


def _byte_strings(value: Any) -> tuple[bytes, ...]:
    whole = isinstance(value, Sequence) and len(value) <= CARRIED_PARTS_MAX
    if not whole or not all(type(one) is bytes and one for one in value):
        raise _no_queue()
    return tuple(value)


def _no_queue() -> MalformedMessageError:
    return MalformedMessageError(ErrorCode.BAD_CBOR, "this is no carried queue", param="file")
