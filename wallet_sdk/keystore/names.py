"""What all key stores share: names that are free, and secrets that are uniform."""

from collections.abc import Container
from typing import Final

from wallet_sdk.ports import Random
from wallet_sdk.protocol.envelope import P256_ORDER
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.protocol.signing import SECRET_BYTES

NAME_CHARS_MAX: Final = 64
#: Chance of one rejected draw is 2**-32; so many in a row mean a broken random source.
_DRAWS_MAX: Final = 16


def draw_secret(random: Random) -> bytes:
    """A uniform scalar in 1 .. n-1, by rejection: reducing modulo n would favour small ones."""
    for _ in range(_DRAWS_MAX):
        secret = random.random_bytes(SECRET_BYTES)
        if 0 < int.from_bytes(secret, "big") < P256_ORDER:
            return secret
    raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, "the random source gives no usable key")


def check_new_name(name: str, *, taken: Container[str]) -> None:
    """A name for a new key.

    Raises:
        MisuseError: BAD_ARGUMENT for a name that is taken, empty or too long.
    """
    if not name or len(name) > NAME_CHARS_MAX:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"a name has 1 to {NAME_CHARS_MAX} characters", param="name")
    if name in taken:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "there is a key of this name", param="name")


def no_such_key() -> MisuseError:
    """What asking for a key that is not there raises."""
    return MisuseError(ErrorCode.BAD_ARGUMENT, "there is no key of this name", param="name")
