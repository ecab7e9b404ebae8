"""docs/openapi.json is what the server says, and what it said before still holds."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from server_stub.routes.app import operations
from tests.architecture.generate_docs import OPENAPI, openapi
from tests.architecture.openapi_changes import breaking_changes

Document = dict[str, Any]


def frozen() -> Document:
    """The document in the tree."""
    made = json.loads(OPENAPI.read_text())
    assert isinstance(made, dict)
    return made


def test_the_frozen_document_is_current() -> None:
    """What the tree says is what the server serves; after a change that is meant: make docs."""
    changes = breaking_changes(frozen(), json.loads(openapi()))
    assert changes == [], "these would break callers"
    assert OPENAPI.read_text() == openapi(), "run: make docs"


def test_every_operation_stands_in_the_document_once() -> None:
    """Names are unique, and nothing is served that the document does not tell."""
    told = {
        (method.upper(), path, operation["operationId"])
        for path, methods in frozen()["paths"].items()
        for method, operation in methods.items()
    }
    assert told == {(row.method, row.path, row.name) for row in operations()}
    assert len({row.name for row in operations()}) == len(operations())


def test_every_reference_lands() -> None:
    """No schema, header or answer is named that is not there."""
    text = OPENAPI.read_text()
    document = frozen()
    for part in text.split('"$ref": "#/')[1:]:
        found: Any = document
        for name in part.partition('"')[0].split("/"):
            found = found[name]
        assert found


def _of(document: Document, path: str, method: str) -> Document:
    found = document["paths"][path][method]
    assert isinstance(found, dict)
    return found


PLANTED: dict[str, tuple[Callable[[Document], object], str]] = {
    "a path is gone": (lambda made: made["paths"].pop("/v1/trust"), "GET /v1/trust: is gone"),
    "a method is gone": (lambda made: made["paths"]["/v1/tokens"].pop("post"), "POST /v1/tokens: is gone"),
    "an answer's member is gone": (
        lambda made: made["components"]["schemas"]["BalanceAnswer"]["properties"].pop("escrow_minor"),
        "GET /v1/balance: answer.escrow_minor: is gone",
    ),
    "an answer's member has another type": (
        lambda made: made["components"]["schemas"]["Problem"]["properties"]["code"].update(type="string"),
        "GET /v1/balance: answer.code: was integer, is string",
    ),
    "an answer's member may be missing": (
        lambda made: made["components"]["schemas"]["BalanceAnswer"]["required"].remove("currency"),
        "GET /v1/balance: answer.currency: may be missing now",
    ),
    "a request needs more": (
        lambda made: made["components"]["schemas"]["IntentBody"]["required"].append("mood"),
        "POST /v1/intents: request.mood: is required now",
    ),
    "a parameter is gone": (
        lambda made: _of(made, "/v1/payments/{name}", "get")["parameters"].pop(),
        "GET /v1/payments/{name}: the parameter wait is gone",
    ),
    "a parameter is required": (
        lambda made: _of(made, "/v1/payments/{name}", "get")["parameters"][-1].update(required=True),
        "GET /v1/payments/{name}: the parameter wait is required now",
    ),
    "a key is asked for": (
        lambda made: _of(made, "/v1/trust", "get").update(security=[{"signedRead": []}]),
        "GET /v1/trust: asks for other credentials",
    ),
    "an answer is no longer JSON": (
        lambda made: _of(made, "/v1/trust", "get")["responses"]["200"].update(content={"text/plain": {}}),
        "GET /v1/trust: the answer is no longer application/json",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_breaking_change_is_found(name: str) -> None:
    """The check itself is checked: each kind of break, planted in the true document, is told by name."""
    plant, told = PLANTED[name]
    after = copy.deepcopy(frozen())
    plant(after)
    assert told in breaking_changes(frozen(), after)


def test_more_is_no_break() -> None:
    """A new path, a new member of an answer, a member that may be sent: nobody's program stops."""
    after = copy.deepcopy(frozen())
    after["paths"]["/v1/new"] = after["paths"]["/v1/trust"]
    after["components"]["schemas"]["BalanceAnswer"]["properties"]["more"] = {"type": "string"}
    after["components"]["schemas"]["IntentBody"]["properties"]["more"] = {"type": "string"}
    assert breaking_changes(frozen(), after) == []
