"""One-time activation codes: made of chance, kept as a hash.

A code is typed by hand, so its letters are Crockford's (no I, L, O, U) and forgiving to read; it has 80 random
bits, so a plain hash at rest is enough.
"""

from hashlib import sha256
from typing import Final

_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LETTERS_IN_CODE: Final = 16
_READ_ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})


def new_activation_code(random_bytes: bytes) -> str:
    """16 letters in groups of four, from as many random bytes."""
    assert len(random_bytes) == _LETTERS_IN_CODE, "a byte for each letter"
    letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in random_bytes)  # 256 is a multiple of 32: no bias
    return "-".join(letters[start : start + 4] for start in range(0, _LETTERS_IN_CODE, 4))


def hash_of_code(code: str) -> bytes:
    """What is stored of a code, whichever way it was typed."""
    return sha256(code.upper().translate(_READ_ALIKE).encode()).digest()
