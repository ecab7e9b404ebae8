"""Bodies on their way: nobody without a known key fills the memory or takes the places of others."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace

import httpx
import pytest

from server_stub.config import RequestLimits
from server_stub.routes import create_app
from server_stub.routes.arriving import Arrivals
from server_stub.routes.edge import Passage
from tests.unit.server_stub.asking import Answer, answer_of
from tests.unit.server_stub.harness import ONLINE, House
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.envelope import HEAD_BYTES
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError


class Sender:
    """Callers of one application, each from an address of its own."""

    def __init__(self, house: House) -> None:
        self._app = create_app(house.desk)
        #: Bytes that were asked for.
        self.taken = 0

    async def post(
        self, *pieces: bytes, address: str = "192.0.2.7", then_waits_for: Awaitable[object] | None = None
    ) -> Answer:
        """A body in pieces, which waits before its last one if it is told to."""

        async def body() -> AsyncIterator[bytes]:
            for number, piece in enumerate(pieces, start=1):
                if number == len(pieces) and then_waits_for is not None:
                    await then_waits_for
                self.taken += len(piece)
                yield piece

        transport = httpx.ASGITransport(self._app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return answer_of(await client.post(api.PATH_CAPTURES, content=body()))


def in_pieces(body: bytes, size: int = 10) -> list[bytes]:
    """As a slow line cuts it."""
    return [body[start : start + size] for start in range(0, len(body), size)]


def test_a_long_body_of_an_unknown_key_is_not_kept(house: House) -> None:
    """Its head tells who signs, and nothing after it is asked for."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    stranger = replace(terminal, signer=house.new_signer())
    batch = stranger.batch((request, wallet.intent(request, ONLINE)))
    sender = Sender(house)
    answer = asyncio.run(sender.post(*in_pieces(batch + bytes(limits.BATCH_BYTES_MAX // 2), 50)))
    assert answer.code() is ErrorCode.UNKNOWN_SIGNER
    assert answer.headers["connection"] == "close"
    assert sender.taken <= 50 + 50
    assert HEAD_BYTES <= 50


@pytest.mark.parametrize("begun", [bytes(100), b"{" * 100, b"\x84\x43\xa1\x01\x28" + bytes(95)])
def test_a_long_body_that_cannot_be_a_batch_is_not_kept(house: House, begun: bytes) -> None:
    """Zeros, JSON, an envelope whose signer is inside: refused by its first bytes."""
    sender = Sender(house)
    assert asyncio.run(sender.post(begun, bytes(1000), b"end")).code() is ErrorCode.BAD_ENVELOPE
    assert sender.taken == len(begun)


def test_a_till_s_batch_may_come_byte_by_byte(house: House) -> None:
    """Whoever is known is heard to the end."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    batch = terminal.batch((request, wallet.intent(request, ONLINE)))
    assert asyncio.run(Sender(house).post(*in_pieces(batch, 1))).http_status == 200
    assert house.audit().payments == 1


def test_slow_bodies_of_one_address_leave_room_for_others(house: House) -> None:
    """The address is told that too much of its own is under way; everybody else is served, and so is it afterwards."""
    few = replace(house.desk.operator.config, limits=RequestLimits(address_in_flight_max=3, in_flight_max=8))
    desk = replace(house.desk, operator=replace(house.desk.operator, config=few))
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    batch = terminal.batch((request, wallet.intent(request, ONLINE)))

    async def ask() -> tuple[Answer, Answer, list[Answer]]:
        sender, end = Sender(replace(house, desk=desk)), asyncio.Event()
        slow = [
            asyncio.create_task(sender.post(batch[:50], batch[50:], then_waits_for=end.wait()), name="slow")
            for _ in range(3)
        ]
        while sender.taken < 150:
            await asyncio.to_thread(lambda: None)
        fourth, other = await sender.post(batch), await sender.post(batch, address="192.0.2.8")
        end.set()
        return fourth, other, await asyncio.gather(*slow)

    fourth, other, slow = asyncio.run(ask())
    assert (fourth.code(), other.http_status) == (ErrorCode.SERVER_BUSY, 200)
    assert {one.http_status for one in slow} == {200}


def test_bytes_on_their_way_are_counted_for_each_address() -> None:
    """What has arrived, or was given up, is nobody's any more."""
    arrivals = Arrivals(address_bytes_max=10)
    with arrivals.of("a") as first, arrivals.of("a") as second, arrivals.of("b") as third:
        first(6)
        second(4)
        with pytest.raises(UnavailableError) as refused:
            second(1)
        assert refused.value.code is ErrorCode.SERVER_BUSY
        third(5)
    with arrivals.of("a") as again:
        again(10)


def passages() -> list[Passage]:
    """Requests that something still holds."""
    return [one for one in gc.get_objects() if type(one) is Passage]


def test_a_refused_body_is_let_go_at_once(house: House) -> None:
    """An error's frames hold what was read; with them in a circle it stayed until the collector came by: 400 MB did."""
    sender = Sender(house)
    gc.collect()
    gc.disable()
    others = {id(one) for one in passages()}  # of other tests of this process, whoever holds them
    try:
        assert asyncio.run(sender.post(bytes(100), b"end")).code() is ErrorCode.BAD_ENVELOPE
        assert [one for one in passages() if id(one) not in others] == []
    finally:
        gc.enable()
