"""Texts that a database cannot store are refused before it is asked, by whichever operation they come."""

import pytest

from server_stub.routes.app import operations
from tests.unit.server_stub.harness import House
from wallet_sdk.protocol.errors import ErrorCode

ON_EVERY_DATABASE = True

BLOCK = "/v1/merchants/1001/block"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/v1/static-codes", {"payment_max_minor": 100, "label": "table\0 4"}),
        ("/v1/api-keys", {"label": "till\0", "scopes": ["payments:read"]}),
    ],
)
def test_a_merchant_s_text_with_a_nul_is_refused(house: House, path: str, content: dict[str, object]) -> None:
    """Legal JSON, which PostgreSQL stores nowhere: the caller's mistake, and never to be tried again."""
    answer = house.ask("POST", path, house.new_key(house.merchant_id), content)
    assert (answer.http_status, answer.code()) == (400, ErrorCode.BAD_REQUEST_BODY)
    assert answer.content["retryable"] is False


def test_an_operator_s_reason_with_a_nul_is_refused(house: House) -> None:
    """However it is written; a backslash that stands for itself is none."""
    key = house.new_key(None)
    assert house.ask("POST", BLOCK, key, {"reason": "late\0"}).code() is ErrorCode.BAD_REQUEST_BODY
    assert house.ask("POST", BLOCK, key, {"reason": "see \\u0000"}).http_status == 200


def test_an_address_with_a_nul_is_refused_by_every_operation(house: House) -> None:
    """In a name of the path, and in the query."""
    merchants, operators = house.new_key(house.merchant_id), house.new_key(None)
    with_names = [one for one in operations() if "{" in one.path]
    assert len(with_names) > 10
    for one in operations():
        path = "/".join("a%00b" if part.startswith("{") else part for part in one.path.split("/"))
        for key in (merchants, operators):
            answer = house.ask(one.method, f"{path}?limit=%00", key, {} if one.body else None)
            assert answer.http_status in {400, 401, 404}, (one.name, answer.http_status)
