"""What a caller gives, looked at before anything is done with it: a wrong type is his mistake, and says which argument.

Python checks no types by itself, and what would come out of the depths is an error of ours that names nothing.
"""

from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.ids import PublicKeyBytes


def check_kind(value: object, *kinds: type, param: str) -> None:
    """The value is of one of these classes; True and False are no numbers.

    Raises:
        MisuseError: BAD_ARGUMENT.
    """
    if not isinstance(value, kinds) or isinstance(value, bool):
        names = " or ".join("nothing" if kind is type(None) else kind.__name__ for kind in kinds)
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{names} is expected, not {type(value).__name__}", param=param)


def check_whole(value: object, *, lowest: int, highest: int, param: str) -> None:
    """The value is a whole number of that range.

    Raises:
        MisuseError: BAD_ARGUMENT.
    """
    check_kind(value, int, param=param)
    assert isinstance(value, int), "looked at in the line before"
    if not lowest <= value <= highest:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"{lowest} to {highest}, not {value}", param=param)


def root_key_of(value: PublicKeyBytes | str) -> PublicKeyBytes:
    """A root key: its 33 bytes, or the 66 hexadecimal digits that the server's ``init`` prints.

    Raises:
        MisuseError: BAD_ARGUMENT.
    """
    check_kind(value, bytes, str, param="root_key")
    try:
        key = bytes.fromhex(value) if isinstance(value, str) else bytes(value)
    except ValueError:
        key = b""
    if len(key) != limits.PUBLIC_KEY_BYTES:
        text = f"{limits.PUBLIC_KEY_BYTES} bytes are expected, or {2 * limits.PUBLIC_KEY_BYTES} hexadecimal digits"
        raise MisuseError(ErrorCode.BAD_ARGUMENT, text, param="root_key")
    return PublicKeyBytes(key)
