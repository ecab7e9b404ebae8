"""Messages as JSON and back: bytes are hex, enums and currencies their names, everything else is itself."""

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, get_args, get_origin, get_type_hints

from wallet_sdk.protocol import messages
from wallet_sdk.protocol.messages import TYPE_OF_MESSAGE, Message, MessageType

CLASS_OF_TYPE: dict[str, type[Message]] = {kind.name: cls for cls, kind in TYPE_OF_MESSAGE.items()}


def to_json(value: Any) -> Any:
    """What JSON can hold, of a message or of one of its values."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [to_json(element) for element in value]
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    return value


def from_json(plain: Any, kind: Any) -> Any:
    """The value of the type ``kind`` that ``to_json`` wrote."""
    kind = getattr(kind, "__supertype__", kind)
    if get_origin(kind) is tuple:
        return tuple(from_json(element, get_args(kind)[0]) for element in plain)
    if kind is bytes:
        return bytes.fromhex(plain)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind[plain]
    if is_dataclass(kind):
        hints = get_type_hints(kind, vars(messages))
        make: Any = kind
        return make(**{name: from_json(value, hints[name]) for name, value in plain.items()})
    return plain


def message_of(type_name: str, plain: dict[str, Any]) -> Message:
    """The message of the type named ``type_name`` whose fields are given."""
    message: Message = from_json(plain, CLASS_OF_TYPE[type_name])
    return message


def type_name_of(message: Message) -> str:
    """What key 0 of the message is called."""
    kind: MessageType = TYPE_OF_MESSAGE[type(message)]
    return kind.name
