"""Which differences between two OpenAPI documents would break somebody who calls what the first one says.

A request may be asked for less and an answer may tell more; never the other way round.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
_ANSWER, _REQUEST = "answer", "request"


def breaking_changes(before: Schema, after: Schema) -> list[str]:
    """One line for each difference that breaks a caller; empty when there is none."""
    return list(_paths(before, after))


def _paths(before: Schema, after: Schema) -> Iterator[str]:
    for path, methods in before["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            now = after["paths"].get(path, {}).get(method)
            if now is None:
                yield f"{name}: is gone"
                continue
            yield from (f"{name}: {change}" for change in _operation(operation, now, before, after))


def _operation(was: Schema, now: Schema, before: Schema, after: Schema) -> Iterator[str]:
    if was["operationId"] != now["operationId"]:
        yield f"operationId was {was['operationId']}"
    if now["security"] and any(way not in now["security"] for way in was["security"] or [None]):
        yield "asks for other credentials"
    yield from _parameters(was.get("parameters", []), now.get("parameters", []))
    yield from _bodies(was, now, before, after)
    for http_status, answer in was["responses"].items():
        if http_status not in now["responses"]:
            yield f"no longer answers {http_status}"
            continue
        told, told_now = _resolved(answer, before), _resolved(now["responses"][http_status], after)
        yield from _contents(told, told_now, before, after, direction=_ANSWER)


def _parameters(was: list[Schema], now: list[Schema]) -> Iterator[str]:
    old = {(one["in"], one["name"]): one for one in was}
    new = {(one["in"], one["name"]): one for one in now}
    for key in old.keys() - new.keys():
        yield f"the parameter {key[1]} is gone"
    for key, one in new.items():
        if one["required"] and not old.get(key, {"required": False})["required"]:
            yield f"the parameter {key[1]} is required now"
        if key in old and old[key]["schema"].get("type") != one["schema"].get("type"):
            yield f"the parameter {key[1]} has another type"


def _bodies(was: Schema, now: Schema, before: Schema, after: Schema) -> Iterator[str]:
    if "requestBody" not in was:
        if now.get("requestBody", {}).get("required"):
            yield "a body is required now"
        return
    if "requestBody" in now:
        yield from _contents(was["requestBody"], now["requestBody"], before, after, direction=_REQUEST)


def _contents(was: Schema, now: Schema, before: Schema, after: Schema, *, direction: str) -> Iterator[str]:
    for media, content in was.get("content", {}).items():
        if media not in now.get("content", {}):
            yield f"the {direction} is no longer {media}"
            continue
        yield from _schemas(
            content["schema"], now["content"][media]["schema"], before, after, direction=direction, place=direction
        )


def _schemas(was: Schema, now: Schema, before: Schema, after: Schema, *, direction: str, place: str) -> Iterator[str]:
    was, now = _resolved(was, before), _resolved(now, after)
    if _types(was) != _types(now):
        yield f"{place}: was {_types(was)}, is {_types(now)}"
        return
    choices: list[Any] = was.get("enum", [])
    lost = [choice for choice in choices if choice not in now.get("enum", choices)]
    if lost and direction == _REQUEST:
        yield f"{place}: no longer takes {lost}"
    yield from _members(was, now, direction=direction, place=place)
    for name in was.get("properties", {}).keys() & now.get("properties", {}).keys():
        yield from _schemas(
            was["properties"][name],
            now["properties"][name],
            before,
            after,
            direction=direction,
            place=f"{place}.{name}",
        )
    if isinstance(was.get("items"), dict) and isinstance(now.get("items"), dict):
        yield from _schemas(was["items"], now["items"], before, after, direction=direction, place=f"{place}[]")


def _members(was: Schema, now: Schema, *, direction: str, place: str) -> Iterator[str]:
    old, new = was.get("properties", {}), now.get("properties", {})
    needed, needed_now = set(was.get("required", ())), set(now.get("required", ()))
    for name in sorted(old.keys() - new.keys()):
        yield f"{place}.{name}: is gone"
    if direction == _REQUEST:
        yield from (f"{place}.{name}: is required now" for name in sorted(needed_now - needed))
    else:
        yield from (f"{place}.{name}: may be missing now" for name in sorted(needed & new.keys() - needed_now))


def _types(schema: Schema) -> str:
    """What kind of thing it is, choices among several included."""
    if "anyOf" in schema:
        return " | ".join(sorted(str(one.get("type") or one.get("$ref")) for one in schema["anyOf"]))
    return str(schema.get("type", "anything"))


def _resolved(schema: Schema, document: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema
