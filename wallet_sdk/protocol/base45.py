"""Base45: bytes in the 45 characters of a QR code's alphanumeric mode, two bytes in three characters.

Source: RFC 9285 sections 3 and 4. Strict: every text has one decoding and every bytes one text.
"""

from typing import Final

from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE: Final = {character: value for value, character in enumerate(ALPHABET)}


def encode(content: bytes) -> str:
    """Base45 text of ``content``: 3 characters for two bytes, 2 for an odd last one."""
    text = []
    for i in range(0, len(content) - 1, 2):
        high, rest = divmod(content[i] * 256 + content[i + 1], 45 * 45)
        middle, low = divmod(rest, 45)
        text.append(ALPHABET[low] + ALPHABET[middle] + ALPHABET[high])
    if len(content) % 2:
        middle, low = divmod(content[-1], 45)
        text.append(ALPHABET[low] + ALPHABET[middle])
    return "".join(text)


def decode(text: str) -> bytes:
    """The bytes of a base45 text.

    Raises:
        MalformedMessageError: BAD_BASE45 for other characters, a dangling character, or a group above its range.
    """
    try:
        values = [_VALUE[character] for character in text]
    except KeyError as error:
        raise MalformedMessageError(ErrorCode.BAD_BASE45, "a character is outside the alphabet") from error
    if len(values) % 3 == 1:
        raise MalformedMessageError(ErrorCode.BAD_BASE45, "one character is left over")
    content = bytearray()
    for i in range(0, len(values) - 2, 3):
        number = values[i] + 45 * values[i + 1] + 45 * 45 * values[i + 2]
        if number > 0xFFFF:
            raise MalformedMessageError(ErrorCode.BAD_BASE45, "a group is above 65535")
        content += number.to_bytes(2, "big")
    if len(values) % 3 == 2:
        number = values[-2] + 45 * values[-1]
        if number > 0xFF:
            raise MalformedMessageError(ErrorCode.BAD_BASE45, "the last group is above 255")
        content.append(number)
    return bytes(content)
