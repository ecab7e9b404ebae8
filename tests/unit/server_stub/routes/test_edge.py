"""What every answer has, whatever was asked: a number, limits that are told, measures, a line in the log."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from server_stub.config import RequestLimits, ServerConfig
from tests.unit.server_stub.harness import House, opened_house
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode


def test_every_answer_has_a_number_of_its_own(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """Good or bad; in the header, in the problem and in the log, so that a complaint can be found."""
    with caplog.at_level(logging.INFO, "tillcode.server.requests"):
        good = house.call("GET", api.PATH_TRUST, b"", "")
        bad = house.call("GET", "/v1/no%0D%0Athing", b"", "")
    numbers = [good.headers["request-id"], bad.headers["request-id"]]
    assert len(set(numbers)) == 2
    assert bad.content["request_id"] == numbers[1]
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0].startswith(f"{numbers[0]} GET '/v1/trust' getTrust 200 ")
    assert "none 404 ROUTE_NOT_FOUND" in lines[1]
    assert "\n" not in lines[1]


def test_nothing_is_kept_by_caches_or_guessed_by_browsers(house: House) -> None:
    """Answers about money are nobody else's."""
    for path in (api.PATH_TRUST, "/nowhere", api.PATH_BALANCE):
        headers = house.call("GET", path, b"", "").headers
        assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


def test_a_problem_tells_what_to_do(house: House) -> None:
    """Code, member at fault, what became of the money, whether to ask again."""
    problem = house.call("GET", api.PATH_BALANCE, b"", "")
    assert problem.http_status == 401
    assert problem.headers["www-authenticate"].startswith("TC1")
    assert {**problem.content, "request_id": "", "detail": ""} == {
        "title": "NOT_AUTHENTICATED",
        "status": 401,
        "detail": "",
        "code": ErrorCode.NOT_AUTHENTICATED,
        "param": "authorization",
        "outcome": "not_charged",
        "retryable": False,
        "request_id": "",
        "type": "about:blank",
    }


def test_one_address_is_held_to_its_rate(tmp_path: Path) -> None:
    """Told before it is reached; then 429 with Retry-After, nothing read and nothing done; then free again."""
    config = ServerConfig(limits=RequestLimits(address_per_s=1, address_burst=2))
    with opened_house(tmp_path / "server", config=config) as house:

        async def asked() -> tuple[list[int], dict[str, str], ErrorCode]:
            answers = [await house.acall("GET", api.PATH_TRUST) for _ in range(3)]
            return [one.http_status for one in answers], answers[2].headers, answers[2].code()

        # One application for all: each has buckets of its own.
        statuses, headers, code = asyncio.run(asked())
        assert statuses == [200, 200, 429]
        assert code is ErrorCode.RATE_LIMITED
        assert headers["retry-after"] == "1"
        assert headers["ratelimit"] == '"address";r=0;t=2'
        assert headers["ratelimit-policy"] == '"address";q=2;w=2'
        house.clock.advance(1)
        assert house.call("GET", api.PATH_TRUST, b"", "").http_status == 200


def test_one_key_is_held_to_its_rate_and_no_other(tmp_path: Path) -> None:
    """Whatever address it comes from; another key of the same merchant is not touched, nor is a key that is none."""
    config = ServerConfig(limits=RequestLimits(key_per_s=1, key_burst=2))
    with opened_house(tmp_path / "server", config=config) as house:
        keys = [house.new_key(house.merchant_id) for _ in range(2)]
        answers = [house.ask("GET", "/v1/merchant", keys[0]) for _ in range(3)]
        assert [one.http_status for one in answers] == [200, 200, 429]
        assert answers[2].headers["retry-after"] == "1"
        assert answers[2].headers["ratelimit"].startswith('"key";r=0')
        assert house.ask("GET", "/v1/merchant", keys[1]).http_status == 200
        assert {house.ask("GET", "/v1/merchant", "tck_a_b").http_status for _ in range(9)} == {401}
        house.clock.advance(1)
        assert house.ask("GET", "/v1/merchant", keys[0]).http_status == 200
        assert 'tillcode_http_limited_total{limit="key"} 1.0' in house.desk.measures.text().decode()


def test_a_full_server_says_so_at_once(house: House) -> None:
    """503 with Retry-After for what comes above the limit; those under way go on."""
    terminal = house.terminal()
    path = api.payment_path(terminal.request().message.request_id)
    limits = RequestLimits(in_flight_max=1)
    config = replace(house.desk.operator.config, limits=limits)
    full = replace(house, desk=replace(house.desk, operator=replace(house.desk.operator, config=config)))

    async def one_waits_and_one_comes() -> tuple[int, int, str]:
        waiting = asyncio.create_task(
            full.acall("GET", path + "?wait=30", authorization=terminal.authorization(path)), name="waiting"
        )
        while not house.desk.wakeups.waits_for_anything:
            await asyncio.to_thread(lambda: None)
        second = await full.acall("GET", api.PATH_TRUST)
        house.desk.wakeups.close()
        return (await waiting).http_status, second.http_status, second.headers["retry-after"]

    assert asyncio.run(one_waits_and_one_comes()) == (200, 503, "1")


def test_measures_know_operations_and_never_paths(house: House) -> None:
    """What callers invent does not become a name: memory is bounded."""
    house.call("GET", api.PATH_TRUST, b"", "")
    house.call("GET", "/invented", b"", "")
    text = house.desk.measures.text().decode()
    assert 'tillcode_http_answers_total{operation="getTrust",status="200"} 1.0' in text
    assert 'tillcode_http_answers_total{operation="none",status="404"} 1.0' in text
    assert "tillcode_http_in_flight 0.0" in text
    assert "invented" not in text


def test_readiness_looks_into_the_ledger(house: House) -> None:
    """Ready while commands are taken; not when the server is going down, though it still lives."""
    assert house.call("GET", "/readyz", b"", "").ok() == {"state": "ready"}
    house.desk.wakeups.close()
    assert house.call("GET", "/readyz", b"", "").code() is ErrorCode.SERVER_BUSY
    assert house.call("GET", api.PATH_HEALTH, b"", "").http_status == 200
