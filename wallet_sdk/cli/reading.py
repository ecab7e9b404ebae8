"""Arguments that name files: pictures, QR texts, keys."""

import sys
from pathlib import Path
from typing import Final

from wallet_sdk.protocol import limits, others, qr
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, UnavailableError
from wallet_sdk.protocol.ids import PublicKeyBytes

#: How the pictures of telephones that Pillow does not read begin, after four bytes of length (ISO/IEC 23008-12).
_HEIC_KINDS: Final = (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftyphevc")
#: Largest proof, key or bundle file read at all.
FILE_BYTES_MAX: Final = 64 * 1024


def read_code(picture_or_text: str) -> str:
    """The QR text that is given, typed in, or found in a picture; one of ours before an EMV code.

    Raises:
        MisuseError: BAD_ARGUMENT when nothing is given, or there is no such picture.
        MalformedMessageError: NOT_A_TILLCODE when the text or the picture is none to pay, with the scheme's name, or
            the picture shows several; IMAGE_UNREADABLE.
        UnavailableError: DECODER_MISSING.
    """
    if picture_or_text == "-":
        return sys.stdin.readline(limits.QR_TEXT_CHARS_MAX + 2).strip()
    if not picture_or_text.strip():
        raise MisuseError(ErrorCode.BAD_ARGUMENT, 'a picture file, "TC1:..." or - is expected', param="IMAGE-OR-TEXT")
    text = others.plain_text_of(picture_or_text)
    if _is_to_pay(text):
        return text
    if others.other_scheme(picture_or_text) or _is_to_pay(text.swapcase()):
        raise qr.no_code_of_ours(picture_or_text)
    return _the_one_to_pay([others.plain_text_of(one) for one in _texts_in(Path(picture_or_text))], picture_or_text)


def _is_to_pay(text: str) -> bool:
    from wallet_sdk.protocol.emv import looks_like_one  # late: half of what a wallet loads

    return text.startswith(qr.PREFIX) or looks_like_one(text)


def _the_one_to_pay(texts: list[str], picture: str) -> str:
    ours = [text for text in texts if text.startswith(qr.PREFIX)]
    wanted = ours or [text for text in texts if _is_to_pay(text)]
    if len(wanted) == 1:
        return wanted[0]
    if wanted:
        found = f"the picture shows {len(wanted)} codes to pay: cut out the one that is meant"
    elif texts:
        named = [others.other_scheme(text) for text in texts]
        names = ", ".join(dict.fromkeys(name for name in named if name))
        found = "the picture shows codes, none of them one to pay" + (f": {names}" if names else "")
    else:
        found = "there is no code in the picture"
    raise MalformedMessageError(ErrorCode.NOT_A_TILLCODE, found, param=picture)


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
        heic = "a HEIC picture, which is not read here: save it as PNG or JPEG"
        what = heic if _is_heic(path) else "not a readable picture"
        raise MalformedMessageError(ErrorCode.IMAGE_UNREADABLE, what, param=str(path)) from error


def _is_heic(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(12)[4:] in _HEIC_KINDS
    except OSError:
        return False
