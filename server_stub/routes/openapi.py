"""The table of operations as an OpenAPI 3.1 document; the bodies come from the very types that are sent.

docs/openapi.json is this document, frozen: a test tells when they differ, and another one which differences would
break a caller. Source: OpenAPI Specification 3.1.1; JSON Schema 2020-12.
"""

import json
import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

import msgspec

from server_stub.routes.operations import Access, Operation
from wallet_sdk.protocol import api

Schema = dict[str, Any]

_ABOUT: Final = """\
Bodies that move money are signed messages of the protocol TC1 (application/cose); answers are JSON. Bytes in JSON are
base64url without padding, money is a whole number of minor units, times are whole seconds since the epoch.
Every error is an RFC 9457 problem: `code` is a number of the protocol's one table, `outcome` says what became of the
money, `retryable` whether the same request may be sent again. The same claim again gets the same answer, for ever."""
_ANOTHER_ACT: Final = "The same request again makes a second one: whoever is left in doubt looks before he asks again."
_TEMPLATE: Final = "#/components/schemas/{name}"
_SECURITY: Final[dict[Access, list[dict[str, list[str]]]]] = {
    Access.ANYONE: [],
    Access.SIGNED_BODY: [],
    Access.SIGNED_READ: [{"signedRead": []}],
    Access.API_KEY: [{"apiKey": []}],
    Access.SIGNED_READ_OR_API_KEY: [{"signedRead": []}, {"apiKey": []}],
}
_SCHEMES: Final = {
    "signedRead": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": (
            "`TC1 <base64url>` of a ReadRequest for exactly this path, signed by an enrolled device. Or instead"
            " RFC 9421 fields Signature-Input and Signature: ecdsa-p256-sha256, keyid the hex of the key id,"
            ' tag="tillcode-read", created, covering @method, @path and @query.'
        ),
    },
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key of a merchant or of the operator; each operation names the scope it needs.",
    },
}
_HEADERS: Final[dict[str, Schema]] = {
    "Request-Id": {"description": "Names this request in the server's log.", "schema": {"type": "string"}},
    "RateLimit": {"description": "What the caller has left.", "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": "The limit that applies.", "schema": {"type": "string"}},
}


def document(operations: Iterable[Operation]) -> bytes:
    """The whole document as JSON, the same bytes every time."""
    rows = tuple(operations)
    types = {kind for row in rows for kind in (*_answers(row), row.body.json if row.body else None) if kind is not None}
    _, components = msgspec.json.schema_components([*sorted(types, key=repr), api.Problem], ref_template=_TEMPLATE)
    made = {
        "openapi": "3.1.1",
        "info": {
            "title": "Tillcode settlement server",
            "version": version("tillcode"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _paths(rows),
        "components": {
            "schemas": {name: _schema(components[name]) for name in sorted(components)},
            "securitySchemes": _SCHEMES,
            "headers": _HEADERS,
            "responses": {
                "Problem": {
                    "description": "What was refused, and what became of the money.",
                    "headers": _headers(),
                    "content": {api.PROBLEM: {"schema": _reference(api.Problem)}},
                }
            },
        },
    }
    return (json.dumps(made, indent=1, ensure_ascii=False) + "\n").encode()


def _paths(rows: tuple[Operation, ...]) -> Schema:
    paths: dict[str, Schema] = {}
    for row in rows:
        paths.setdefault(row.path, {})[row.method.lower()] = _operation(row)
    return paths


def _operation(row: Operation) -> Schema:
    made: Schema = {
        "operationId": row.name,
        "tags": [row.tag],
        "summary": row.about,
        **({} if row.scope is None else {"description": _description(row)}),
        "security": _SECURITY[row.access],
        "parameters": [*_in_path(row.path), *_in_query(row)],
        "responses": {
            str(row.answer_http_status): _answer(row),
            "4XX": {"$ref": "#/components/responses/Problem"},
            "5XX": {"$ref": "#/components/responses/Problem"},
        },
    }
    if row.body is not None:
        content = {api.COSE: {"schema": {"type": "string", "format": "binary"}}}
        if row.body.json is not None:
            content = {api.JSON: {"schema": _reference(row.body.json)}}
        made["requestBody"] = {"required": True, "description": row.body.about, "content": content}
    return made


def _description(row: Operation) -> str:
    assert row.scope is not None, "who calls has looked"
    again = f" {_ANOTHER_ACT}" if row.is_another_act else ""
    return f"An API key needs the scope `{row.scope.value}`.{again}"


def _answer(row: Operation) -> Schema:
    made: Schema = {"description": "Done.", "headers": _headers()}
    references = [_reference(kind) for kind in _answers(row)]
    if references:
        schema = references[0] if len(references) == 1 else {"anyOf": references}
        made["content"] = {media: {"schema": schema if media == api.JSON else {}} for media in row.media_types}
    elif row.answer_http_status != 204:
        made["content"] = {media: {"schema": {}} for media in row.media_types}
    return made


def _answers(row: Operation) -> tuple[type[Any], ...]:
    if row.answer is None:
        return ()
    return row.answer if isinstance(row.answer, tuple) else (row.answer,)


def _in_path(path: str) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _in_query(row: Operation) -> list[Schema]:
    return [
        {"name": one.name, "in": "query", "required": False, "description": one.about, "schema": dict(one.schema)}
        for one in row.parameters
    ]


def _reference(kind: type[Any]) -> Schema:
    return {"$ref": _TEMPLATE.format(name=kind.__name__)}


def _headers() -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}


def _schema(schema: Schema) -> Schema:
    """As it is on the wire: Problem's ``http_status`` is called "status" there, by RFC 9457 section 3.1.2."""
    made = {name: content for name, content in schema.items() if name != "description"}
    if "description" in schema:
        made["description"] = " ".join(schema["description"].split())
    if schema.get("title") == api.Problem.__name__:
        wire = {api.wire_name(name): content for name, content in schema["properties"].items()}
        made |= {"properties": wire, "required": [api.wire_name(name) for name in schema["required"]]}
    return made
