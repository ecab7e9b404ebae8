"""Load is shed by how long work has waited, before anything of the request is looked at."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from server_stub.routes import create_app
from server_stub.routes.load import Load
from tests.unit.server_stub.harness import House
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError


def test_a_late_server_takes_no_more_until_it_has_caught_up() -> None:
    """Few may take as long as they like, many may be under way while they are fast."""
    load = Load(age_ms_max=1_000, count_min=2)
    with ExitStack() as slow:
        slow.enter_context(load.taken(now_ms=0))
        with load.taken(now_ms=9_000):
            pass
        with ExitStack() as fast:
            fast.enter_context(load.taken(now_ms=500))
            fast.enter_context(load.taken(now_ms=1_000))
            with pytest.raises(UnavailableError) as shed, load.taken(now_ms=1_001):
                pass
            assert shed.value.code is ErrorCode.SERVER_BUSY
        with load.taken(now_ms=1_001):
            pass
    with load.taken(now_ms=2_000), load.taken(now_ms=2_000), load.taken(now_ms=2_900):
        pass


def test_who_is_shed_is_told_when_to_come_back_and_nothing_happens(house: House) -> None:
    """503 with Retry-After, in the shape of every problem; reads go on."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    load = Load(age_ms_max=-1, count_min=1)
    house.app = create_app(replace(house.desk, load=load))
    intent = wallet.intent(request)
    with load.taken(now_ms=house.clock.monotonic_ms()):
        answer = house.call("POST", "/v1/captures", terminal.batch((request, intent)), "")
        assert (answer.http_status, answer.code()) == (503, ErrorCode.SERVER_BUSY)
        assert int(answer.headers["retry-after"]) >= 1
        assert wallet.balance()[0] > 0
    assert house.audit().payments == 0
    assert terminal.capture((request, intent))[0]["state"] == "CAPTURED"
