"""A ``KeyStore`` over a secure element: the wallet asks it to sign digests and never holds a key.

To use a real chip, keep this class and replace ``_ask``: Android Keystore and the Secure Enclave sign a prehashed
digest with ``NONEwithECDSA`` and ``kSecKeyAlgorithmECDSASignatureDigestX962``; an ATECC608 has one command for it.
Signatures in DER are turned into r and s of 32 bytes each. High s is fine, the SDK lowers it.
"""

import subprocess
import sys
import threading
from pathlib import Path

from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.protocol.ids import Digest, PublicKeyBytes

ELEMENT = Path(__file__).with_name("element.py")
NAME_CHARS_MAX = 64


class ElementSigner:
    """Implements ``wallet_sdk.Signer``: it knows a name and a public key, nothing more."""

    def __init__(self, store: "ElementKeyStore", name: str, public_key: PublicKeyBytes) -> None:
        self._store = store
        self._name = name
        self._public_key = public_key

    @property
    def public_key(self) -> PublicKeyBytes:
        """Compressed point, 33 bytes."""
        return self._public_key

    def sign(self, digest: Digest) -> bytes:
        """64 bytes, r and s."""
        return bytes.fromhex(self._store.ask("sign", self._name, digest.hex()))


class ElementKeyStore:
    """Implements ``wallet_sdk.KeyStore``. Threads may share it: one command is under way at a time."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, str(ELEMENT), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def create(self, name: str) -> PublicKeyBytes:
        """Make a key in the element."""
        if not 1 <= len(name) <= NAME_CHARS_MAX or name in self.names():
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "the name is taken, empty or too long", param="name")
        return PublicKeyBytes(bytes.fromhex(self.ask("create", name)))

    def signer(self, name: str) -> ElementSigner:
        """The signer of a name."""
        if name not in self.names():
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "there is no key of this name", param="name")
        return ElementSigner(self, name, PublicKeyBytes(bytes.fromhex(self.ask("public", name))))

    def delete(self, name: str) -> None:
        """Destroy a key in the element."""
        if name in self.names():
            self.ask("delete", name)

    def names(self) -> tuple[str, ...]:
        """All names, sorted."""
        listed = self.ask("names")
        return tuple(listed.split(",")) if listed else ()

    def close(self) -> None:
        """End the element's process."""
        with self._lock:
            self._process.communicate()

    def ask(self, *words: str) -> str:
        """One command to the element.

        Raises:
            UnavailableError: DEVICE_UNAVAILABLE when it does not answer, or refuses.
        """
        with self._lock:
            answered = self._exchange(" ".join(words))
        verdict, _, content = answered.strip().partition(" ")
        if verdict != "ok":
            raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, f"the element refuses: {content or 'no answer'}")
        return content

    def _exchange(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            return self._process.stdout.readline()
        except (OSError, ValueError) as error:
            raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "the element is gone") from error
