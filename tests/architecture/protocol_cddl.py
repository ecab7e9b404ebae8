"""The messages as CDDL, drawn from the codec's own field tables: keys, names, types, bounds and what may be absent."""

import inspect
import re
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from wallet_sdk.protocol import codec, limits, messages
from wallet_sdk.protocol.fields import Field
from wallet_sdk.protocol.messages import TYPE_OF_MESSAGE, MessageType
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

ENUMS: tuple[type[IntEnum], ...] = (
    messages.Role,
    messages.Grade,
    messages.AuthorizationMode,
    messages.Liability,
    messages.Receipts,
    State,
)
#: Messages that embed the envelope of their signer's key, and which.
EMBEDDED = {
    MessageType.PAYMENT_REQUEST: MessageType.TERMINAL_CERTIFICATE,
    MessageType.PAYMENT_INTENT: MessageType.PAYMENT_TOKEN,
    MessageType.PAYMENT_CODE: MessageType.PAYMENT_TOKEN,
}

SECONDS = f"0..{limits.TIME_S_MAX}"

HEAD = """\
; TC1: every message in CDDL (RFC 8610).
; Generated from the code by `python -m tests.architecture.generate_docs`; a test fails when it is not current.
;
; CDDL says what a payload holds. What it cannot say stands in protocol/rules.md and binds as well: one encoding
; (R-5 to R-9), texts and names (R-15, R-16), sorted sets (R-14). "* uint => plain" stands for odd keys that a reader
; does not know; an unknown even key refuses the message (R-11). A field with "absent" is left out at that value (R-13).

tc1 = envelope / FraudProof

; --- the envelope: COSE_Sign1 with ESP256 (R-19 to R-28) ---

; signed by a key that the reader already has
named<M> = [bstr .cbor { 1: -9, 4: key-id }, {}, bstr .cbor M, signature]
; signed by the key inside the embedded envelope
embedding<M, E> = [bstr .cbor { 1: -9 }, { 33: bstr .cbor E }, bstr .cbor M, signature]
"""


def kebab(name: str) -> str:
    """CamelCase as words with hyphens."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def cddl() -> str:
    """The whole file."""
    names = {kind: message.__name__ for message, kind in TYPE_OF_MESSAGE.items()}
    parts = [HEAD, _envelopes(names), _plain_parts()]
    parts += [_message(names[kind], kind, fields) for kind, fields in sorted(codec._FIELDS.items())]
    return "\n".join(parts)


def _envelopes(names: dict[MessageType, str]) -> str:
    """One rule for each message that travels signed."""
    lines = []
    for kind, name in sorted(names.items()):
        if kind is MessageType.FRAUD_PROOF:
            continue
        inner = EMBEDDED.get(kind)
        sealed = f"named<{name}>" if inner is None else f"embedding<{name}, sealed-{kebab(names[inner])}>"
        lines.append(f"sealed-{kebab(name)} = {sealed}")
    choices = " /\n           ".join(line.partition(" ")[0] for line in lines)
    return "\n".join([f"envelope = {choices}", "", *lines, ""])


def _plain_parts() -> str:
    """What the messages have in common."""
    lines = [
        "; --- parts ---",
        "",
        "plain = uint / bstr / tstr / [* plain] / { * uint => plain }",
        f"key-id = bstr .size {limits.KEY_ID_BYTES}",
        f"signature = bstr .size {limits.SIGNATURE_BYTES}",
        f"public-key = bstr .size {limits.PUBLIC_KEY_BYTES}",
        f"seconds = {SECONDS}",
        f"claim = [request: {_bytes(1, limits.MESSAGE_BYTES_MAX)}, consent: {_bytes(1, limits.MESSAGE_BYTES_MAX)}]",
        "operator-key = [role: role, public_key: public-key, not_before_s: seconds, expires_at_s: seconds]",
        'country = tstr .regexp "[A-Z][A-Z]"',
        "path = tstr .size (1..256)",
        "",
    ]
    lines += [_enum(choices) for choices in ENUMS]
    numbers = sorted(currency.number for currency in Currency)
    lines.append("; ISO 4217 numeric codes")
    rows = [" / ".join(map(str, numbers[start : start + 15])) for start in range(0, len(numbers), 15)]
    lines.append("currency = " + " /\n           ".join(rows))
    return "\n".join([*lines, ""])


def _enum(choices: type[IntEnum]) -> str:
    members = ", ".join(f"{one.name.lower().replace('_', '-')}: {one.value}" for one in choices)
    line = f"{kebab(choices.__name__)} = &({members})"
    return line if len(line) <= 118 else line.replace(", declined", ",\n          declined")


def _message(name: str, kind: MessageType, fields: tuple[Field, ...]) -> str:
    rows = [("", 0, str(int(kind)), "type")]
    for field in fields:
        absent = "" if field.absent is ... else f", absent = {_shown(field.absent)}"
        rows.append(("" if field.absent is ... else "? ", field.key, type_of(field), field.name + absent))
    lines = [f"  {mark}{key}: {what}," for mark, key, what, _ in rows]
    width = max(map(len, lines)) + 2
    drawn = [f"{line:<{width}}; {row[3]}" for line, row in zip(lines, rows, strict=True)]
    # Nobody signs a proof, so nothing that a later version might add is passed over in it (R-98).
    more = [] if kind is MessageType.FRAUD_PROOF else ["  * uint => plain"]
    return "\n".join([f"{name} = {{", *drawn, *more, "}", ""])


def type_of(field: Field) -> str:
    """The CDDL type of a field's value on the wire, its default left out."""
    choices = _closure(field.read).get("members")
    if choices is not None and field.absent is not ...:
        return " / ".join(str(int(one)) for one in choices.values() if one is not field.absent)
    found = _type(field.read, absent=field.absent)
    return "seconds" if found == SECONDS and field.name.endswith("_s") else found


def _type(read: Callable[..., Any], *, absent: Any = ...) -> str:
    """Read a reader: its name says which kind it is, its closure holds the bounds."""
    kind, inside = read.__qualname__.partition(".")[0], _closure(read)
    low, high = inside.get("low"), inside.get("high")
    match kind:
        case "read_uint":
            # A default that is the lowest value is not written, so the next one is the lowest on the wire.
            low = low + 1 if absent == low else low
            return f"{low}..{high}"
        case "read_bytes":
            return "public-key" if (low, high) == (limits.PUBLIC_KEY_BYTES,) * 2 else _bytes(low, high)
        case "read_text":
            return f"tstr .size ({1 if absent == '' else low}..{high})"
        case "read_name":
            return _type(inside["read_any"], absent=absent)
        case "read_enum":
            return kebab(type(next(iter(inside["members"].values()))).__name__)
        case "read_list":
            return f"[{low}*{high} {_type(inside['read_one'])}]"
        case "read_sorted":
            return _type(inside["read_any"])
        case _:
            return kind.removeprefix("_").removeprefix("read_").replace("_", "-")


def _bytes(low: Any, high: Any) -> str:
    return f"bstr .size {low}" if low == high else f"bstr .size ({low}..{high})"


def _closure(read: Callable[..., Any]) -> dict[str, Any]:
    return dict(inspect.getclosurevars(read).nonlocals)


def _shown(absent: Any) -> str:
    if isinstance(absent, IntEnum):
        return absent.name
    return {"": '""', b"": "h''", (): "[]"}.get(absent, str(absent))
