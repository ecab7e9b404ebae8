"""Private keys by name in one encrypted file.

File: magic, one line of JSON with the scrypt parameters, salt and nonce, AES-256-GCM ciphertext of
{name: secret}, SHA-256 of all before it. The digest tells a damaged file from a wrong passphrase; the
GCM tag, which covers the header too, is what protects.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from wallet_sdk.keystore.names import check_new_name, draw_secret, no_such_key
from wallet_sdk.ports import Random
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.protocol.ids import PublicKeyBytes
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.system import SystemRandom

_MAGIC: Final = b"TCKEYS1\n"
_DIGEST_BYTES: Final = 32
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
#: A handful of keys of 100 bytes; what is larger is not ours.
FILE_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ScryptCost:
    """Cost of one guess at the passphrase: 128 * n * r bytes of memory.

    The default takes 32 MiB, about 0.1 s on a desk and 0.5 s on a Raspberry Pi 4.
    """

    n: int = 2**15
    r: int = 8
    p: int = 1

    @property
    def is_bounded(self) -> bool:
        """Whether a file may ask for it: not so cheap that it protects nothing, not so dear that it is an attack."""
        power_of_two = self.n & (self.n - 1) == 0
        return power_of_two and 2**15 <= self.n <= 2**18 and 8 <= self.r <= 16 and 1 <= self.p <= 4


class EncryptedFileKeyStore:
    """Keys in one file under a passphrase. Each change replaces the whole file, durably or not at all."""

    def __init__(
        self, path: Path | str, passphrase: str, random: Random | None = None, *, cost: ScryptCost | None = None
    ) -> None:
        """Open the file, or make it with no key in it.

        Raises:
            MisuseError: WRONG_PASSPHRASE; BAD_ARGUMENT for an empty passphrase.
            UnavailableError: STORAGE_CORRUPT, STORAGE_NEWER, STORAGE_FAILED.
        """
        if not passphrase:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the passphrase is empty", param="passphrase")
        self._path = Path(path)
        self._random = random or SystemRandom()
        with self._locked():
            sealed = _read_file(self._path)
            if sealed is None:
                salt = self._random.random_bytes(_SALT_BYTES)
                self._key = _derive(passphrase, cost or ScryptCost(), salt=salt)
                self._secrets: dict[str, bytes] = {}
                self._write()
            else:
                self._key = _derive(passphrase, sealed.cost, salt=sealed.salt)
                self._secrets = _decrypt(sealed, self._key)

    def __repr__(self) -> str:
        return f"EncryptedFileKeyStore({str(self._path)!r}, names={self.names()})"

    def create(self, name: str) -> PublicKeyBytes:
        """Make a key and store it; it is on disk when this returns.

        Raises:
            MisuseError: BAD_ARGUMENT for a name that is taken, empty or too long.
            UnavailableError: STORAGE_FAILED, STORAGE_CORRUPT.
        """
        with self._locked():
            self._read_again()
            check_new_name(name, taken=self._secrets)
            secret = draw_secret(self._random)
            self._replace({**self._secrets, name: secret})
        return SoftwareSigner(secret).public_key

    def signer(self, name: str) -> SoftwareSigner:
        """The signer of a name.

        Raises:
            MisuseError: BAD_ARGUMENT when there is no such key.
            UnavailableError: STORAGE_FAILED, STORAGE_CORRUPT when the file had to be read again for it.
        """
        if name not in self._secrets:
            with self._locked():
                self._read_again()
        secret = self._secrets.get(name)
        if secret is None:
            raise no_such_key()
        return SoftwareSigner(secret)

    def delete(self, name: str) -> None:
        """Forget a key; the file without it is on disk when this returns.

        Raises:
            UnavailableError: STORAGE_FAILED, STORAGE_CORRUPT.
        """
        with self._locked():
            self._read_again()
            if name in self._secrets:
                self._replace({kept: secret for kept, secret in self._secrets.items() if kept != name})

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._secrets))

    def _read_again(self) -> None:
        """Another process may have changed the file since."""
        sealed = _read_file(self._path)
        if sealed is None:
            raise UnavailableError(ErrorCode.STORAGE_FAILED, "the key file is gone", param=self._path.name)
        self._secrets = _decrypt(sealed, self._key)

    def _replace(self, secrets: dict[str, bytes]) -> None:
        before = self._secrets
        self._secrets = secrets
        try:
            self._write()
        except UnavailableError:
            self._secrets = before
            raise

    def _write(self) -> None:
        content = _encrypt(self._secrets, self._key, nonce=self._random.random_bytes(_NONCE_BYTES))
        _replace_file(self._path, content)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time reads, changes and replaces the file."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self._path.with_name(self._path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _storage_failed(self._path, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileKey:
    """The key of the file and how it was derived."""

    cost: ScryptCost
    salt: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SealedFile:
    """The file taken apart, nothing decrypted. ``header`` is everything before the ciphertext."""

    cost: ScryptCost
    salt: bytes
    nonce: bytes
    header: bytes
    ciphertext: bytes


def _derive(passphrase: str, cost: ScryptCost, *, salt: bytes) -> _FileKey:
    # The same passphrase typed on another keyboard may be composed differently.
    typed = unicodedata.normalize("NFC", passphrase).encode()
    key = Scrypt(salt=salt, length=32, n=cost.n, r=cost.r, p=cost.p).derive(typed)
    return _FileKey(cost=cost, salt=salt, key=key)


def _encrypt(secrets: dict[str, bytes], file_key: _FileKey, *, nonce: bytes) -> bytes:
    cost = file_key.cost
    line = {"n": cost.n, "r": cost.r, "p": cost.p, "salt": file_key.salt.hex(), "nonce": nonce.hex()}
    header = _MAGIC + json.dumps(line, separators=(",", ":")).encode() + b"\n"
    plain = json.dumps({name: secret.hex() for name, secret in sorted(secrets.items())}).encode()
    body = header + AESGCM(file_key.key).encrypt(nonce, plain, header)
    return body + hashlib.sha256(body).digest()


def _decrypt(sealed: _SealedFile, file_key: _FileKey) -> dict[str, bytes]:
    try:
        plain = AESGCM(file_key.key).decrypt(sealed.nonce, sealed.ciphertext, sealed.header)
    except InvalidTag as error:
        raise MisuseError(
            ErrorCode.WRONG_PASSPHRASE, "the passphrase does not open the key file", param="passphrase"
        ) from error
    return {name: bytes.fromhex(secret) for name, secret in json.loads(plain).items()}


def _read_file(path: Path) -> _SealedFile | None:
    """None when there is no file.

    Raises:
        UnavailableError: STORAGE_CORRUPT, STORAGE_NEWER or STORAGE_FAILED.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _storage_failed(path, error) from error
    if content[:6] == _MAGIC[:6] and content[: len(_MAGIC)] != _MAGIC and content[7:8] == b"\n":
        raise UnavailableError(ErrorCode.STORAGE_NEWER, "the key file is of a newer program", param=path.name)
    body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if len(content) > FILE_BYTES_MAX or hashlib.sha256(body).digest() != digest or not body.startswith(_MAGIC):
        raise _corrupt(path, "the key file is damaged")
    return _take_apart(path, body)


def _take_apart(path: Path, body: bytes) -> _SealedFile:
    line, _, _ = body[len(_MAGIC) :].partition(b"\n")
    header_length = len(_MAGIC) + len(line) + 1
    try:
        values = json.loads(line)
        cost = ScryptCost(n=int(values["n"]), r=int(values["r"]), p=int(values["p"]))
        salt, nonce = bytes.fromhex(values["salt"]), bytes.fromhex(values["nonce"])
    except (ValueError, KeyError, TypeError) as error:
        raise _corrupt(path, "the header of the key file is not readable") from error
    if not cost.is_bounded or len(salt) != _SALT_BYTES or len(nonce) != _NONCE_BYTES:
        raise _corrupt(path, "the parameters of the key file are out of bounds")
    return _SealedFile(cost=cost, salt=salt, nonce=nonce, header=body[:header_length], ciphertext=body[header_length:])


def _replace_file(path: Path, content: bytes) -> None:
    """Write beside, make it durable, then put it in place: a crash leaves the old file or the new one."""
    beside = path.with_name(path.name + ".new")
    try:
        beside.unlink(missing_ok=True)
        file = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise _storage_failed(path, error) from error


def _storage_failed(path: Path, error: OSError) -> UnavailableError:
    return UnavailableError(
        ErrorCode.STORAGE_FAILED, f"the key file: {error.strerror or type(error).__name__}", param=path.name
    )


def _corrupt(path: Path, message: str) -> UnavailableError:
    return UnavailableError(ErrorCode.STORAGE_CORRUPT, message, param=path.name)
