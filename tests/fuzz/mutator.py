"""Bytes near to good ones: what a fuzzer without eyes can do, the same again from the same seed."""

from random import Random  # noqa: TID251 (the type of the rng fixture)
from typing import Any, Final

import cbor2

INPUT_BYTES_MAX: Final = 4096
#: Heads of CBOR, TLV and JSON that mean something, and numbers at the edges of their width.
TOKENS: Final = (
    b"\x00", b"\x17", b"\x18", b"\x19", b"\x1a", b"\x1b", b"\x20", b"\x40", b"\x58", b"\x5f", b"\x60", b"\x7f", b"\x80",
    b"\x98", b"\x9f", b"\xa0", b"\xbf", b"\xc0", b"\xc2", b"\xd2", b"\xd8\x1c", b"\xd8\x1d", b"\xf5", b"\xf6", b"\xf7",
    b"\xf9\x7e\x00", b"\xfb", b"\xff", b"\xff\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"0", b"9", b"00", b"99", b"6304", b"[", b"]", b"{", b"}", b'"', b"\\u0000", b"\\ud800", b"null", b"1e9", b"-1",
    b"TC1:", b"TC2:", b":::", b"=", b"-", b"_", b" ", b"\xc2\xa0", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80",
)  # fmt: skip


def mutated(rng: Random, corpus: list[bytes]) -> bytes:
    """One of the corpus, changed one to eight times."""
    content = rng.choice(corpus)
    for _ in range(rng.randint(1, 8)):
        content = _changed_once(rng, content, corpus)
    return content[:INPUT_BYTES_MAX]


def _changed_once(rng: Random, content: bytes, corpus: list[bytes]) -> bytes:
    place = rng.randint(0, len(content))
    end = min(len(content), place + rng.choice((1, 1, 2, 4, 16)))
    match rng.randrange(6):
        case 0:
            return content[:place] + rng.randbytes(end - place) + content[end:]
        case 1:
            return content[:place] + content[end:]
        case 2:
            return content[:place] + rng.choice(TOKENS) + content[place:]
        case 3:
            return content[:place] + rng.choice(TOKENS) + content[end:]
        case 4:
            return content[:end] + content[place:end] * rng.randint(1, 20) + content[end:]
        case _:
            other = rng.choice(corpus)
            return content[:place] + other[rng.randint(0, len(other)) :]


def reshaped(rng: Random, corpus: list[bytes]) -> bytes:
    """One of the corpus with a value changed and everything written again: what random bytes seldom get to.

    Of an envelope the payload is changed; what is not CBOR is changed as bytes.
    """
    try:
        item = cbor2.loads(rng.choice(corpus))
        if type(item) is list and len(item) == 4 and type(item[2]) is bytes:
            item[2] = cbor2.dumps(_with_other_value(rng, cbor2.loads(item[2])), canonical=True)
        else:
            item = _with_other_value(rng, item)
        return cbor2.dumps(item, canonical=True)[:INPUT_BYTES_MAX]
    except (cbor2.CBORDecodeError, cbor2.CBOREncodeError, ValueError, TypeError):
        return mutated(rng, corpus)


def _with_other_value(rng: Random, item: Any) -> Any:
    if type(item) is dict:
        key = rng.choice([*item, rng.randrange(40)])
        if rng.random() < 0.1:
            return {other: value for other, value in item.items() if other != key}
        return item | {key: _with_other_value(rng, item.get(key, rng.choice((0, b"", "", [], {}))))}
    if type(item) is list and item and rng.random() < 0.8:
        place = rng.randrange(len(item))
        return [*item[:place], _with_other_value(rng, item[place]), *item[place + 1 :]]
    return rng.choice(_values_near(rng, item))


def _values_near(rng: Random, item: Any) -> list[Any]:
    near: list[Any] = [0, 1, 2**32 - 1, 2**32, -1, b"", "", "x\u202e", "x\u0301", None, 1.5, [], {}, [item], {1: item}]
    if type(item) is int:
        near += [item + 1, item - 1, item * 2, rng.randrange(2**33), rng.randrange(24)] * 3
    if type(item) is bytes:
        near += [item[:-1], item + b"\0", rng.randbytes(len(item)), item[::-1]] * 3
    if type(item) is str:
        near += [
            item + "a",
            item[:-1],
            item.swapcase(),
            chr(rng.randrange(0x20, 0xD800)),
            item + chr(rng.randrange(768)),
        ] * 3
    if type(item) is list:
        near += [item * 2, item[1:], item[::-1], item * 300] * 3
    return near
