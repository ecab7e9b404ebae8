"""Stands for a secure element: a process that makes keys, signs digests, and has no command that gives a key out.

It speaks lines on standard input and output, as a driver of a chip speaks frames on a bus:

    create NAME          ->  ok PUBLIC-KEY
    sign NAME DIGEST     ->  ok SIGNATURE          (64 bytes, r and s)
    public NAME          ->  ok PUBLIC-KEY
    delete NAME          ->  ok
    names                ->  ok NAME,NAME
    anything else        ->  no REASON
"""

import sys
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

DIGEST_BYTES = 32


class Element:
    """The chip: its folder is what the silicon would hold."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(self, name: str) -> str:
        """Make a key that never leaves."""
        if self._file(name).exists():
            raise ValueError("taken")
        key = ec.generate_private_key(ec.SECP256R1())
        self._file(name).touch(mode=0o600)
        self._file(name).write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        return self.public(name)

    def sign(self, name: str, digest: str) -> str:
        """Sign a digest: the element never sees what is behind it."""
        content = bytes.fromhex(digest)
        if len(content) != DIGEST_BYTES:
            raise ValueError("not a digest")
        r, s = decode_dss_signature(self._key(name).sign(content, ec.ECDSA(Prehashed(SHA256()))))
        return (r.to_bytes(32, "big") + s.to_bytes(32, "big")).hex()

    def public(self, name: str) -> str:
        """The public key, compressed."""
        return self._key(name).public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint).hex()

    def delete(self, name: str) -> str:
        """Destroy a key."""
        self._file(name).unlink(missing_ok=True)
        return ""

    def names(self) -> str:
        """All names, sorted."""
        return ",".join(sorted(bytes.fromhex(path.name).decode() for path in self._folder.iterdir()))

    def _key(self, name: str) -> ec.EllipticCurvePrivateKey:
        key = load_der_private_key(self._file(name).read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("not a key of this element")
        return key

    def _file(self, name: str) -> Path:
        if not name:
            raise ValueError("no name")
        return self._folder / name.encode().hex()


def answer(element: Element, line: str) -> str:
    """One command, one answer."""
    word, *arguments = line.split()
    commands: dict[str, Callable[..., str]] = {
        "create": element.create,
        "sign": element.sign,
        "public": element.public,
        "delete": element.delete,
        "names": element.names,
    }
    try:
        return f"ok {commands[word](*arguments)}".rstrip()
    except (KeyError, TypeError, ValueError, OSError) as error:
        return f"no {type(error).__name__}"


def main() -> None:
    """Answer until nobody asks any more."""
    element = Element(Path(sys.argv[1]))
    for line in sys.stdin:
        print(answer(element, line), flush=True)


if __name__ == "__main__":
    main()
