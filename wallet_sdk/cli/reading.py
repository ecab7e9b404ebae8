"""Arguments that name files: pictures, QR texts, keys."""

import sys
from pathlib import Path
from typing import Final

from wallet_sdk.protocol import limits, qr
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, UnavailableError
from wallet_sdk.protocol.ids import PublicKeyBytes

#: How a merchant-presented EMV code begins: its payload format indicator, 01.
EMV_BEGINNING: Final = "000201"
#: Largest proof, key or bundle file read at all.
FILE_BYTES_MAX: Final = 64 * 1024


def read_code(picture_or_text: str) -> str:
    """The QR text that is given, typed in, or found in a picture; one of ours before an EMV code.

    Raises:
        MisuseError: BAD_ARGUMENT when nothing is given, or there is no such picture.
        MalformedMessageError: NOT_A_TILLCODE when the picture shows none of ours; IMAGE_UNREADABLE.
        UnavailableError: DECODER_MISSING.
    """
    if picture_or_text == "-":
        return sys.stdin.readline(limits.QR_TEXT_CHARS_MAX + 2).strip()
    if not picture_or_text.strip():
        raise MisuseError(ErrorCode.BAD_ARGUMENT, 'a picture file, "TC1:..." or - is expected', param="IMAGE-OR-TEXT")
    if picture_or_text.startswith((qr.PREFIX, EMV_BEGINNING)):
        return picture_or_text.strip()
    texts = _texts_in(Path(picture_or_text))
    for beginning in (qr.PREFIX, EMV_BEGINNING):
        for text in texts:
            if text.startswith(beginning):
                return text
    found = "the picture shows codes, none of them one to pay" if texts else "there is no code in the picture"
    raise MalformedMessageError(ErrorCode.NOT_A_TILLCODE, found, param=picture_or_text)


def read_file(path: Path) -> bytes:
    """A small file.

    Raises:
        MisuseError: BAD_ARGUMENT when it is missing or too large.
        UnavailableError: STORAGE_FAILED.
    """
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "there is no such file", param=str(path)) from error
    except OSError as error:
        raise UnavailableError(ErrorCode.STORAGE_FAILED, str(error.strerror), param=str(path)) from error
    if len(content) > FILE_BYTES_MAX:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"the file is over {FILE_BYTES_MAX} bytes", param=str(path))
    return content


def read_root_key(hex_or_file: str) -> PublicKeyBytes:
    """A public key of 33 bytes: 66 hexadecimal digits, or a file with them or with the bytes.

    Raises:
        MisuseError: BAD_ARGUMENT.
    """
    key = _from_hex(hex_or_file)
    if key is None:
        if not Path(hex_or_file).is_file():
            text = "66 hexadecimal digits are expected, as the server's 'init' has printed them, or a file with them"
            raise MisuseError(ErrorCode.BAD_ARGUMENT, text, param="root_key")
        content = read_file(Path(hex_or_file))
        key = content if len(content) == limits.PUBLIC_KEY_BYTES else _from_hex(content.decode("ascii", "replace"))
    if key is None:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "not a root key of 33 bytes", param="root_key")
    return PublicKeyBytes(key)


def _from_hex(text: str) -> bytes | None:
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        return None
    return key if len(key) == limits.PUBLIC_KEY_BYTES else None


def _texts_in(path: Path) -> list[str]:
    from PIL import Image, UnidentifiedImageError

    # The decoders are an extra, and only this command needs them.
    from wallet_sdk.decoding import decode_codes

    try:
        with Image.open(path) as picture:
            return decode_codes(picture)
    except FileNotFoundError as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "there is no such picture", param=str(path)) from error
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
        raise MalformedMessageError(ErrorCode.IMAGE_UNREADABLE, "not a readable picture", param=str(path)) from error
