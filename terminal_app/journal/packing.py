"""Values as plain lists and back, by the types of their fields: what a checkpoint is made of.

Frozen dataclasses are lists of their fields, enums their names, dicts pairs in their sequence; an envelope that was
taken apart is its bytes. Nothing here can run code, whatever a file says.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from wallet_sdk.protocol.envelope import Sealed, open_unverified

Step = Callable[[Any], Any]


@cache
def packer(kind: Any) -> Step:
    """What turns a value of this type into plain lists, texts, bytes and numbers."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Sealed:
        return lambda sealed: sealed.envelope
    if origin in {Union, UnionType}:
        inner = packer(_not_none(arguments))
        return lambda value: None if value is None else inner(value)
    if origin is dict:
        key, item = map(packer, arguments)
        return lambda value: [(key(name), item(one)) for name, one in value.items()]
    if origin in {tuple, frozenset}:
        return _many(arguments, packer, list)
    plain = _plain(kind)
    if issubclass(plain, Enum):
        return lambda value: value.name
    if is_dataclass(plain):
        parts = [(name, packer(inner)) for name, inner in fields_of(plain)]
        return lambda value: [pack(getattr(value, name)) for name, pack in parts]
    return lambda value: value


@cache
def unpacker(kind: Any) -> Step:
    """The way back. It raises ValueError, TypeError, KeyError or a TillcodeError for what does not fit."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Sealed:
        return lambda envelope: open_unverified(envelope, arguments[0])
    if origin in {Union, UnionType}:
        inner = unpacker(_not_none(arguments))
        return lambda value: None if value is None else inner(value)
    if origin is dict:
        key, item = map(unpacker, arguments)
        return lambda value: {key(name): item(one) for name, one in value}
    if origin in {tuple, frozenset}:
        return _many(arguments, unpacker, origin)
    plain = _plain(kind)
    if issubclass(plain, Enum):
        return plain.__getitem__
    if is_dataclass(plain):
        parts = [(name, unpacker(inner)) for name, inner in fields_of(plain)]
        return lambda value: plain(**{name: unpack(one) for (name, unpack), one in zip(parts, value, strict=True)})
    return lambda value: _checked(value, plain)


def _many(arguments: tuple[Any, ...], step_of: Callable[[Any], Step], make: Callable[[Any], Any]) -> Step:
    """A tuple of any length, or a set: all of one type."""
    assert len(arguments) == 1 or arguments[1:] == (...,), "a tuple of a fixed length is a dataclass to be"
    step = step_of(arguments[0])
    return lambda value: make(map(step, value))


def fields_of(kind: Any) -> list[tuple[str, Any]]:
    """The fields of a dataclass, each with its type."""
    hints = get_type_hints(kind)
    return [(field.name, hints[field.name]) for field in fields(kind)]


def _plain(kind: Any) -> type[Any]:
    """The class behind a NewType."""
    if kind is None:
        return NoneType
    while not isinstance(kind, type):
        kind = kind.__supertype__
    return kind


def _not_none(arguments: tuple[Any, ...]) -> Any:
    (kind,) = (one for one in arguments if one is not NoneType)
    return kind


def _checked(value: Any, kind: type[Any]) -> Any:
    if type(value) is not kind:
        raise TypeError(f"a {kind.__name__} is expected")
    return value
