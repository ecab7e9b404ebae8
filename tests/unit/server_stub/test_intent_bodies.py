"""The JSON of POST /v1/intents is read quickly, and strictly where the quick reader takes offence."""

import pytest

from tests.unit.server_stub.harness import ONLINE, House
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import MalformedMessageError


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b'{"intent":1,"request":""}',
        b'{"intent":"","request":"\\ud800"}',
        b'{"intent":"AA","request":"' + bytes([0xFF]) + b'"}',
        b'{"intent":"AA","request":"AA"} x',
    ],
)
def test_a_body_that_is_not_the_usual_is_refused_in_the_same_words(house: House, body: bytes) -> None:
    """The quick reader of JSON takes nothing that the strict one refuses, and leaves the words to it. (R-111)"""
    answer = house.call("POST", api.PATH_INTENTS, body, "")
    with pytest.raises(MalformedMessageError) as raised:
        api.parse_json(body, api.IntentBody)
    assert (answer.http_status, answer.code()) == (400, raised.value.code)
    assert answer.content["detail"] == raised.value.message


def test_members_that_nobody_knows_are_let_be(house: House) -> None:
    """A later wallet may send more, by either reader."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request(1250)
    intent = wallet.intent(request, ONLINE)
    body = api.to_json(
        api.IntentBody(intent=api.to_base64url(intent.envelope), request=api.to_base64url(request.envelope))
    )
    told = house.call("POST", api.PATH_INTENTS, b'{"later":[1],' + body[1:], "").ok()
    assert told["state"] == "CAPTURED"
