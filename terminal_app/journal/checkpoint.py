"""A short cut for the start: the views as they were after one event, so that no year is folded each morning.

It is derived, and may be deleted at any time. Only the journal is believed: a checkpoint counts when it is whole, was
written by this very program, and the journal has the event it was made after, link and all. Otherwise it is passed
over, and every event is folded as if it had never been.

    32 bytes   SHA-256 of everything behind
    32 bytes   fingerprint of the program that folds
    32 bytes   link of the event it was made after
     8 bytes   number of that event, big endian
    CBOR       the views
"""

import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, get_args

import cbor2

import wallet_sdk.protocol
from terminal_app.journal.packing import fields_of, packer, unpacker
from terminal_app.journal.views import Views
from wallet_sdk.protocol.errors import TillcodeError

#: Beside the journal, under its name with this behind it.
SUFFIX: Final = ".checkpoint"
#: Ten times what a busy year leaves behind: a larger file is none of ours.
CHECKPOINT_BYTES_MAX: Final = 128 * 1024 * 1024
_HASH_BYTES: Final = 32
_NUMBER_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The views after the event `number`, whose link is given."""

    number: int
    link: bytes
    views: Views


def path_beside(journal: Path) -> Path:
    """Where the checkpoint of a journal lies."""
    return journal.with_name(journal.name + SUFFIX)


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Put it in the place of the one before, in one step.

    Raises:
        OSError: the old one is still there.
    """
    body = bytearray().join((_program(), checkpoint.link, checkpoint.number.to_bytes(_NUMBER_BYTES, "big")))
    _encode_into(body, checkpoint.views)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(hashlib.sha256(body).digest())
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_checkpoint(path: Path) -> Checkpoint | None:
    """The checkpoint, or None when there is none that this program can use."""
    try:
        if path.stat().st_size > CHECKPOINT_BYTES_MAX:
            return None
        content, program = path.read_bytes(), _program()
    except OSError:
        return None
    digest, body = content[:_HASH_BYTES], content[_HASH_BYTES:]
    if digest != hashlib.sha256(body).digest() or not body.startswith(program):
        return None
    link, rest = body[_HASH_BYTES : 2 * _HASH_BYTES], body[2 * _HASH_BYTES :]
    try:
        views = unpacker(Views)(cbor2.loads(rest[_NUMBER_BYTES:]))
    except (cbor2.CBORDecodeError, ValueError, TypeError, KeyError, TillcodeError):
        return None
    return Checkpoint(number=int.from_bytes(rest[:_NUMBER_BYTES], "big"), link=link, views=views)


def _encode_into(body: bytearray, views: Views) -> None:
    """What `packer(Views)` makes, encoded line by line: all lines at once would be megabytes of small objects."""
    fields = fields_of(Views)
    body += _array_head(len(fields))
    for name, kind in fields:
        value = getattr(views, name)
        if isinstance(value, dict):
            pack_key, pack_item = map(packer, get_args(kind))
            body += _array_head(len(value))
            for key, item in value.items():
                body += cbor2.dumps((pack_key(key), pack_item(item)))
        else:
            body += cbor2.dumps(packer(kind)(value))


def _array_head(count: int) -> bytes:
    """Source: RFC 8949, section 3.1: major type 4, its count in the four bytes behind."""
    return b"\x9a" + count.to_bytes(4, "big")


@cache
def _program() -> bytes:
    """Which program folds: another one may fold the same events into something else.

    Raises:
        OSError: its source is not there.
    """
    folders = (Path(__file__).parent, Path(wallet_sdk.protocol.__file__).parent)
    digest = hashlib.sha256()
    for folder in folders:
        for source in sorted(folder.rglob("*.py")):
            digest.update(source.read_bytes())
    return digest.digest()
