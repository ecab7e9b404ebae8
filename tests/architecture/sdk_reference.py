"""The SDK's reference and error tables, drawn from its docstrings and its code."""

import dataclasses
import enum
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, NewType

import wallet_sdk
from tests.architecture.protocol_tables import table
from tests.unit.wallet_sdk.test_faults import NO_NETWORK, NOTHING_LEFT, OF_A_CALL
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, error_class

#: What a public name of a plain type is.
NAMED = {
    "Digest": "Names one consent: 32 bytes, the SHA-256 that its signature signs.",
    "PublicKeyBytes": "A P-256 point, compressed: 33 bytes.",
    "RequestId": "Names one sale of a terminal, or one refund: 12 bytes; in JSON base64url text of 16 characters.",
}
#: Modules whose names are public beside those of the package itself.
MODULES = ("wallet_sdk.webhooks", "wallet_sdk.kit", "wallet_sdk.kit.sandbox", "wallet_sdk.testing")
OWN_NAMES: dict[str, tuple[str, ...]] = {
    "wallet_sdk.testing": ("FrozenClock", "SeededRandom"),
    "wallet_sdk.kit.sandbox": ("Bench", "opened_bench"),
}
_SECTION = re.compile(r"^(Raises|Returns|Attributes|Args|Source):(.*)$")
#: The module before a name, of ours or of the standard library; names of classes stay before their members.
_MODULE = re.compile(r"\b(?:[a-z_]\w*\.)+(?=[A-Za-z_])")
_ENTRY = re.compile(r"^    ([\w, ]+): (.*)$")


def errors() -> str:
    """Every code: its number, its class, its HTTP status, and whether the same call may be made again."""
    rows = [
        (
            int(code),
            f"`{code.name}`",
            f"`{error_class(code).__name__}`",
            int(api.http_status_of(code)),
            "yes" if error_class(code)(code, "").safe_to_retry else "no",
        )
        for code in ErrorCode
    ]
    return table(("number", "code", "class", "HTTP", "safe to retry"), rows)


def faults() -> str:
    """What becomes of each fault on the way, as the test of it says."""
    rows = []
    for fault, (code, outcome) in OF_A_CALL.items():
        after = "this error" if fault in NOTHING_LEFT else "`UNKNOWN`; `sync` asks, and sends again"
        if fault in NO_NETWORK:
            after = "offline, or this error"
        rows.append((fault.name.lower().replace("_", " "), f"`{code.name}`", f"`{outcome.value}`", after))
    return table(("at every try", "code", "outcome", "`pay` ends with"), rows)


def reference() -> str:
    """The whole reference page."""
    lines = [
        "# API reference",
        "",
        "Generated from the docstrings by `make docs`. Names of `wallet_sdk` first, then the modules beside it.",
    ]
    for name in wallet_sdk.__all__:
        lines += _described(name, getattr(wallet_sdk, name))
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        lines += ["", f"# {module_name}", "", _text_of(inspect.getdoc(module) or "")]
        names: tuple[str, ...] = OWN_NAMES.get(module_name, ()) or tuple(module.__all__)
        for name in names:
            lines += _described(name, getattr(module, name))
    return "\n".join(lines).rstrip() + "\n"


def _described(name: str, what: Any) -> Iterator[str]:
    yield from ("", f"## {name}", "")
    if inspect.isclass(what):
        yield from _class(name, what)
    elif isinstance(what, NewType):
        yield f"`{what.__supertype__.__name__}` under a name of its own, for type checkers. {NAMED[name]}"
    elif callable(what):
        yield f"`{name}{_signature(what)}`"
        yield from ("", _text_of(inspect.getdoc(what) or ""))
    else:
        yield f"`{what}`".replace("wallet_sdk.webhooks.", "")


def _class(name: str, what: type) -> Iterator[str]:
    yield _text_of(inspect.getdoc(what) or "")
    if issubclass(what, enum.Enum):
        yield from ("", ", ".join(f"`{member.name}`" for member in what))
        return
    if dataclasses.is_dataclass(what):
        shown = [f"`{one.name}: {_annotation(one.type)}`" for one in dataclasses.fields(what) if one.name[0] != "_"]
        yield from ("", "Members: " + ", ".join(shown))
    elif "__init__" in vars(what) and not getattr(what, "_is_protocol", False):
        yield from ("", f"`{name}{_signature(what)}`")
        if made := inspect.cleandoc(vars(what)["__init__"].__doc__ or ""):
            yield from ("", _text_of(made))
    for member_name, member in vars(what).items():
        if not member_name.startswith("_"):
            yield from _member(member_name, member)


def _member(name: str, member: Any) -> Iterator[str]:
    plain: Callable[..., Any] | None = getattr(member, "__func__", member)
    if isinstance(member, property):
        yield from ("", f"### {name}", "", _text_of(inspect.getdoc(member) or "Read only."))
    elif inspect.isfunction(plain):
        awaited = "await " if inspect.iscoroutinefunction(plain) else ""
        yield from ("", f"### {name}", "", f"`{awaited}{name}{_signature(plain)}`")
        if told := inspect.getdoc(plain):
            yield from ("", _text_of(told))


def _signature(what: Callable[..., Any]) -> str:
    found = inspect.signature(what)
    kept = [
        one for one in found.parameters.values() if one.name not in {"self", "cls"} and not one.name.startswith("_")
    ]
    text = str(found.replace(parameters=kept)).replace("~", "")
    text = re.sub(r"<(\w+)\.(\w+): [^>]*>", r"\1.\2", text)
    text = re.sub(r"<(?:built-in )?function (\w+)[^>]*>", r"\1", text)
    return _MODULE.sub("", text).replace("'", "")


def _annotation(kind: Any) -> str:
    text = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
    return _MODULE.sub("", text)


def _text_of(docstring: str) -> str:
    """A docstring as Markdown: its sections as lists."""
    lines: list[str] = []
    in_section = False
    for line in docstring.replace("``", "`").splitlines():
        section, entry = _SECTION.match(line), _ENTRY.match(line)
        if section:
            in_section = True
            lines += [f"**{section[1]}:**{section[2]}", ""]
        elif in_section and entry:
            lines.append(f"- `{entry[1]}`: {entry[2]}")
        elif in_section and line.startswith("    "):
            lines.append(f"  {line.strip()}" if lines[-1].startswith(("-", "  ")) else f"- {line.strip()}")
        else:
            in_section = in_section and bool(line)
            lines.append(line)
    return "\n".join(line.rstrip() for line in lines)
