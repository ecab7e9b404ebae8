"""Private keys by name in the operating system's keyring: the login keychain, Secret Service, Credential Locker.

Needs the extra: ``pip install "tillcode[keyring]"``. The keyring unlocks with the session of whoever is logged in; what
runs as the same person can read it. It is a place without a passphrase to ask for, not a secure element.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from wallet_sdk.keystore.names import NAME_CHARS_MAX, check_new_name, draw_secret, no_such_key
from wallet_sdk.ports import Random
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.protocol.ids import PublicKeyBytes
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.system import SystemRandom

#: Entry with the list of names. Longer than any key's name may be.
_INDEX: Final = "(the names of the keys of this wallet, which is not itself one of them)"
assert len(_INDEX) > NAME_CHARS_MAX


class Backend(Protocol):
    """What this takes of a ``keyring`` backend."""

    def get_password(self, service: str, username: str) -> str | None:
        """The entry, or None."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Make or replace the entry."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Remove the entry."""
        ...


class KeyringKeyStore:
    """Keys as entries of the operating system's keyring, under one service name for each wallet."""

    def __init__(self, service: str, random: Random | None = None, *, backend: Backend | None = None) -> None:
        """Take the name under which the keyring shows the keys, such as "kiosk 7".

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE when the extra is not installed.
        """
        self._service = f"tillcode: {service}"
        self._random = random or SystemRandom()
        self._backend = backend or _default_backend()

    def __repr__(self) -> str:
        return f"KeyringKeyStore({self._service!r})"

    def create(self, name: str) -> PublicKeyBytes:
        """Make a key and store it.

        Raises:
            MisuseError: BAD_ARGUMENT for a name that is taken, empty or too long.
            UnavailableError: DEVICE_UNAVAILABLE when the keyring is locked, not there, or keeps nothing.
        """
        with _keyring_errors():
            names = self._names()
            check_new_name(name, taken=names)
            secret = draw_secret(self._random)
            # First in the list: a key that is not there is noticed, one that is not listed would be left behind.
            self._set(_INDEX, json.dumps(sorted({*names, name})))
            self._set(name, secret.hex())
        return SoftwareSigner(secret).public_key

    def signer(self, name: str) -> SoftwareSigner:
        """The signer of a name.

        Raises:
            MisuseError: BAD_ARGUMENT when there is no such key.
            UnavailableError: DEVICE_UNAVAILABLE.
        """
        with _keyring_errors():
            entry = self._backend.get_password(self._service, name) if name else None
        if entry is None:
            raise no_such_key()
        try:
            return SoftwareSigner(bytes.fromhex(entry))
        except ValueError as error:
            raise UnavailableError(ErrorCode.STORAGE_CORRUPT, "the keyring's entry is no key", param=name) from error

    def delete(self, name: str) -> None:
        """Forget a key.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE.
        """
        with _keyring_errors():
            if name and self._backend.get_password(self._service, name) is not None:
                self._backend.delete_password(self._service, name)
            self._set(_INDEX, json.dumps(sorted(self._names() - {name})))

    def names(self) -> tuple[str, ...]:
        """All names, sorted.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE, STORAGE_CORRUPT.
        """
        with _keyring_errors():
            return tuple(sorted(self._names()))

    def _names(self) -> set[str]:
        entry = self._backend.get_password(self._service, _INDEX)
        try:
            listed = {str(name) for name in json.loads(entry or "[]")}
        except (ValueError, TypeError) as error:
            raise UnavailableError(ErrorCode.STORAGE_CORRUPT, "the keyring's list of keys is unreadable") from error
        return {name for name in listed if self._backend.get_password(self._service, name) is not None}

    def _set(self, name: str, entry: str) -> None:
        self._backend.set_password(self._service, name, entry)
        # A machine without a keyring may have one that forgets everything; the money would be behind a lost key.
        if self._backend.get_password(self._service, name) != entry:
            raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "the keyring keeps nothing")


def _default_backend() -> Backend:
    try:
        import keyring
    except ImportError as error:
        raise UnavailableError(
            ErrorCode.DEVICE_UNAVAILABLE, 'no keyring: pip install "tillcode[keyring]"', param="keyring"
        ) from error
    return keyring.get_keyring()


@contextmanager
def _keyring_errors() -> Iterator[None]:
    import keyring.errors

    try:
        yield
    except keyring.errors.KeyringError as error:
        what = str(error) or type(error).__name__
        raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, f"the keyring: {what}", param="keyring") from error
