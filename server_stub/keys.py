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
#: As people type them.
ROLE_NAMES: Final = tuple(_FILE_OF_ROLE.values())

#: Operator keys start a day early, so that no clock of ours is before them, and are rotated within a year.
_DAY_S: Final = 24 * 3600
KEY_HEAD_START_S: Final = _DAY_S
KEY_LIFETIME_S: Final = 366 * _DAY_S
#: The soonest that a new key signs: by then every process that serves the ledger has seen the bundle that names it.
NOTICE_S: Final = 10
#: A person is told so long before a key ends.
_WARN_S: Final = 30 * _DAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveKey:
    """One of the operator's keys, and when the root lets it sign."""

    signer: Signer = field(repr=False)
    not_before_s: int
    expires_at_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """The keys of one role, the first to start first. While one takes over from the other there are two."""

    role: Role
    keys: tuple[LiveKey, ...] = ()

    def at(self, at_s: int) -> Signer:
        """Who signs what was so at a time, and signed it then: the same answer for ever, however many keys follow.

        Without one that was valid it is the last that had started: what has happened is told all the same.

        Raises:
            UnavailableError: SERVER_ERROR when the operator has no key of this role.
        """
        if not self.keys:
            raise UnavailableError(ErrorCode.SERVER_ERROR, f"the operator has no {name_of(self.role)} key: rotate it")
        started = [key for key in self.keys if key.not_before_s <= at_s] or self.keys[:1]
        return started[-1].signer

    def for_period(self, start_s: int, end_s: int) -> Signer:
        """Who signs what lives so long, and not longer than its key. R-44

        Raises:
            UnavailableError: SERVER_ERROR when no key lives so long: nobody would believe what it signs.
        """
        for key in reversed(self.keys):
            if key.not_before_s <= start_s and end_s <= key.expires_at_s:
                return key.signer
        raise UnavailableError(ErrorCode.SERVER_ERROR, f"the operator's {name_of(self.role)} key has no time left")

    def end_s(self, at_s: int) -> int:
        """Until when the last key that has started by then may sign; 0 without one."""
        return max((key.expires_at_s for key in self.keys if key.not_before_s <= at_s), default=0)

    def is_valid_at(self, at_s: int) -> bool:
        """Whether a key may sign now."""
        return any(key.not_before_s <= at_s < key.expires_at_s for key in self.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSigners:
    """The keys that a running server signs with."""

    terminal_ca: KeyRing
    token_issuer: KeyRing
    receipt: KeyRing
    denylist: KeyRing

    def warnings(self, *, now_s: int) -> tuple[str, ...]:
        """What a person should do about them, in words."""
        said = []
        for ring in (self.terminal_ca, self.token_issuer, self.receipt, self.denylist):
            name = name_of(ring.role)
            if not ring.keys:
                said.append(f"there is no {name} key; run: tillcode-server rotate {name}")
            elif ring.keys[-1].expires_at_s - now_s < _WARN_S:
                days = max(0, ring.keys[-1].expires_at_s - now_s) // _DAY_S
                said.append(f"the {name} key expires in {days} days; run: tillcode-server rotate {name}")
        return tuple(said)


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
        MisuseError, UnavailableError: as ``load_key_file``.
    """
    return load_key_file(folder / f"{name}.key")


def load_key_file(path: Path) -> SoftwareSigner:
    """One key, wherever it lies.

    Raises:
        MisuseError: NOT_INITIALISED when there is no such file.
        UnavailableError: STORAGE_CORRUPT when it is not a key, STORAGE_FAILED when it cannot be read.
    """
    try:
        return SoftwareSigner(bytes.fromhex(path.read_text().strip()))
    except FileNotFoundError as error:
        raise MisuseError(ErrorCode.NOT_INITIALISED, f"{path} is missing") from error
    except OSError as error:
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, MisuseError) as error:
        raise UnavailableError(ErrorCode.STORAGE_CORRUPT, f"{path} is not a key") from error


def load_signers(folder: Path, bundle: TrustBundle) -> OperatorSigners:
    """The keys that ``serve`` needs, as far as the bundle knows them; the root key is not among them.

    Raises:
        MisuseError: NOT_INITIALISED when a key of the bundle that may still sign has no file here.
        UnavailableError: STORAGE_CORRUPT.
    """
    rings = {role: _ring(folder, role, bundle) for role in _FILE_OF_ROLE}
    return OperatorSigners(
        terminal_ca=rings[Role.TERMINAL_CA],
        token_issuer=rings[Role.TOKEN_ISSUER],
        receipt=rings[Role.RECEIPT],
        denylist=rings[Role.DENYLIST],
    )


def load_receipt_keys(folder: Path, bundle: TrustBundle) -> KeyRing:
    """The keys that sign receipts, and for what is funded: for commands that need no other.

    Raises:
        MisuseError, UnavailableError: as ``load_signers``.
    """
    return _ring(folder, Role.RECEIPT, bundle)


def add_key(folder: Path, role: Role, random: Random) -> Signer:
    """Make one more key of a role, in a file of its own, durably.

    Raises:
        UnavailableError: STORAGE_FAILED.
    """
    name = _FILE_OF_ROLE[role]
    number = 1 + len(_files_of(folder, role))
    while (path := folder / (f"{name}-{number}.key" if number > 1 else f"{name}.key")).exists():
        number += 1
    secret = random.random_bytes(SECRET_BYTES)
    try:
        _write_secret(path, secret)
    except OSError as error:
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{path}: {error.strerror}") from error
    return SoftwareSigner(secret)


def name_of(role: Role) -> str:
    """A role as people type it, and as its files are called."""
    return _FILE_OF_ROLE[role]


def role_named(name: str) -> Role:
    """The role that a person has typed; one of ``ROLE_NAMES``."""
    return next(role for role, known in _FILE_OF_ROLE.items() if known == name)


def first_bundle(folder: Path, root: Signer, *, now_s: int) -> Sealed[TrustBundle]:
    """The root's word about the operator keys of a folder, version 1."""
    keys = tuple(
        OperatorKey(
            role=role,
            public_key=load_key(folder, name).public_key,
            not_before_s=now_s - KEY_HEAD_START_S,
            expires_at_s=now_s + KEY_LIFETIME_S,
        )
        for role, name in _FILE_OF_ROLE.items()
    )
    return seal(TrustBundle(version=1, made_at_s=now_s, keys=keys), root)


def _ring(folder: Path, role: Role, bundle: TrustBundle) -> KeyRing:
    """The keys of a role that the root has named and that have their file here. A file too many does no harm."""
    listed = sorted((key for key in bundle.keys if key.role is role), key=lambda key: key.not_before_s)
    signers = {signer.public_key: signer for signer in (load_key(folder, name) for name in _files_of(folder, role))}
    for key in listed:
        if key.public_key not in signers:
            raise MisuseError(ErrorCode.NOT_INITIALISED, f"a {name_of(role)} key of the bundle is missing in {folder}")
    return KeyRing(
        role=role,
        keys=tuple(
            LiveKey(signer=signers[key.public_key], not_before_s=key.not_before_s, expires_at_s=key.expires_at_s)
            for key in listed
        ),
    )


def _files_of(folder: Path, role: Role) -> tuple[str, ...]:
    name = _FILE_OF_ROLE[role]
    return tuple(path.stem for path in sorted(folder.glob(f"{name}*.key")))


def _write_secret(path: Path, secret: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
