"""The operator's own keys as files: 32-byte secrets in hex, readable by their owner only.

The root key is needed by ``init`` and by key rotation, never by ``serve``: keep it off the server.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from wallet_sdk.ports import Random
from wallet_sdk.protocol.envelope import Sealed, Signer, seal
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.protocol.messages import OperatorKey, Role, TrustBundle
from wallet_sdk.protocol.signing import SECRET_BYTES, SoftwareSigner

ROOT: Final = "root"
_FILE_OF_ROLE: Final = {
    Role.TERMINAL_CA: "terminal-ca",
    Role.TOKEN_ISSUER: "token-issuer",
    Role.RECEIPT: "receipt",
    Role.DENYLIST: "denylist",
}

#: Operator keys start a day early, so that no clock of ours is before them, and are rotated within a year.
_KEY_HEAD_START_S: Final = 24 * 3600
_KEY_LIFETIME_S: Final = 366 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSigners:
    """The keys that a running server signs with."""

    terminal_ca: Signer = field(repr=False)
    token_issuer: Signer = field(repr=False)
    receipt: Signer = field(repr=False)
    denylist: Signer = field(repr=False)


def create_keys(folder: Path, random: Random) -> SoftwareSigner:
    """Make the root and all operator keys in a new folder; the root signer is returned for the first bundle.

    Raises:
        MisuseError: ALREADY_ENROLLED when the folder exists; nothing is ever overwritten.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        raise MisuseError(ErrorCode.ALREADY_ENROLLED, f"{folder} exists; keys are never overwritten") from error
    for name in (ROOT, *_FILE_OF_ROLE.values()):
        _write_secret(folder / f"{name}.key", random.random_bytes(SECRET_BYTES))
    return load_key(folder, ROOT)


def load_key(folder: Path, name: str) -> SoftwareSigner:
    """One key by its name.

    Raises:
        MisuseError: NOT_INITIALISED when there is no such file.
        UnavailableError: STORAGE_CORRUPT when it is not a key.
    """
    path = folder / f"{name}.key"
    try:
        return SoftwareSigner(bytes.fromhex(path.read_text().strip()))
    except FileNotFoundError as error:
        raise MisuseError(ErrorCode.NOT_INITIALISED, f"{path} is missing") from error
    except (ValueError, MisuseError) as error:
        raise UnavailableError(ErrorCode.STORAGE_CORRUPT, f"{path} is not a key") from error


def load_signers(folder: Path) -> OperatorSigners:
    """The keys that ``serve`` needs; the root key is not among them.

    Raises:
        MisuseError: NOT_INITIALISED.
        UnavailableError: STORAGE_CORRUPT.
    """
    return OperatorSigners(
        terminal_ca=load_key(folder, _FILE_OF_ROLE[Role.TERMINAL_CA]),
        token_issuer=load_key(folder, _FILE_OF_ROLE[Role.TOKEN_ISSUER]),
        receipt=load_key(folder, _FILE_OF_ROLE[Role.RECEIPT]),
        denylist=load_key(folder, _FILE_OF_ROLE[Role.DENYLIST]),
    )


def first_bundle(folder: Path, root: Signer, *, now_s: int) -> Sealed[TrustBundle]:
    """The root's word about the operator keys of a folder, version 1."""
    keys = tuple(
        OperatorKey(
            role=role,
            public_key=load_key(folder, name).public_key,
            not_before_s=now_s - _KEY_HEAD_START_S,
            expires_at_s=now_s + _KEY_LIFETIME_S,
        )
        for role, name in _FILE_OF_ROLE.items()
    )
    return seal(TrustBundle(version=1, made_at_s=now_s, keys=keys), root)


def _write_secret(path: Path, secret: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
