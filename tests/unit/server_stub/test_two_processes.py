"""Two servers on one ledger, as two processes would be: what must happen once happens once, whoever is faster."""

import asyncio
from collections import Counter
from collections.abc import Generator, Iterable
from typing import Any

import pytest

from server_stub.ledger import AccountKind
from tests.unit.server_stub.harness import House, opened_house
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import HoldCapture
from wallet_sdk.protocol.money import Currency

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True


@pytest.fixture
def second(house: House) -> Generator[House]:
    """Another server on the same ledger, with a clock that is as late as the first one's."""
    with opened_house(house.folder, seed=2) as other:
        yield other


async def sent(bodies: Iterable[tuple[House, str, bytes]]) -> list[Any]:
    """All of them at once, each to its server; one that was busy is asked again, as a client does."""

    async def ask(house: House, path: str, body: bytes) -> Any:
        while True:
            answer = await house.acall("POST", path, body)
            if answer.http_status != 503:
                return answer

    return await asyncio.gather(*(ask(*one) for one in bodies))


def test_a_hundred_refunds_at_two_servers_give_back_no_more_than_was_captured(house: House, second: House) -> None:
    """Each refund is sent to both: it has one effect, and together they come to the amount at most."""
    terminal, wallet = house.terminal(), house.wallet(total_max_minor=0)
    request = terminal.request(1_000)
    wallet.pay(request)
    refunds = [terminal.refund(request, 30).envelope for _ in range(50)]
    bodies = [(server, api.PATH_REFUNDS, refund) for refund in refunds for server in (house, second)]
    answers = asyncio.run(sent(bodies))
    taken = Counter(answer.content["refund_id"] for answer in answers if answer.http_status == 200)
    assert len(taken) == 33
    assert {answer.code() for answer in answers if answer.http_status != 200} == {ErrorCode.AMOUNT_MISMATCH}
    assert (house.payable_minor(), wallet.balance()) == (10, (9_990, 0))
    house.assert_clean()


def test_holds_end_once_at_two_servers(house: House, second: House) -> None:
    """A terminal captures at one while the timers of both look: captured or expired, never both."""
    terminal, wallet = house.terminal(), house.wallet(50_000, total_max_minor=0)
    requests = [terminal.request(100 + number, hold_h=1) for number in range(50)]
    for request in requests:
        assert wallet.pay(request)["state"] == "AUTHORIZED"
    endings = [
        HoldCapture(
            request_id=request.message.request_id, amount_minor=50, currency=Currency.EUR, made_at_s=terminal.now_s()
        )
        for request in requests
    ]
    house.clock.advance(3_599)  # at the first server there is a second left, at the other one it is over
    second.clock.advance(3_600)

    async def race() -> list[Any]:
        bodies = [(house, api.PATH_HOLD_CAPTURES, seal(one, terminal.signer).envelope) for one in endings]
        looks = [asyncio.to_thread(second.look) for _ in range(3)]
        answered = asyncio.create_task(sent(bodies))
        await asyncio.gather(*looks)
        return await answered

    answers = asyncio.run(race())
    second.look()
    captured = sum(answer.http_status == 200 for answer in answers)
    assert {answer.code() for answer in answers if answer.http_status != 200} <= {ErrorCode.EXPIRED}
    states = [terminal.read(api.payment_path(one.message.request_id)).ok()["state"] for one in requests]
    assert Counter(states) == Counter({"CAPTURED": captured, "EXPIRED": 50 - captured}) - Counter()
    balances = house.balances()
    assert sum(minor for (kind, _), minor in balances.items() if kind is AccountKind.PAYER_HELD) == 0
    assert (house.payable_minor(), wallet.balance()[0]) == (50 * captured, 50_000 - 50 * captured)
    house.assert_clean()


def test_two_sealers_make_one_chain(house: House, second: House) -> None:
    """Both look while both pay: every entry is sealed once, each in its block's sequence."""
    shops = [(server, server.terminal(), server.wallet(total_max_minor=0)) for server in (house, second)]
    for _ in range(5):
        for server, terminal, wallet in shops:
            wallet.pay(terminal.request(10))
            server.look()

    async def look() -> None:
        await asyncio.gather(*(asyncio.to_thread(server.look) for server in (house, second)))

    asyncio.run(look())
    house.look()
    report = house.audit()
    assert report.sealed == report.entries == 12
    house.assert_clean()
