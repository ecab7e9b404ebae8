"""Events from the commit that moved the money to the receiver, on a test clock: nothing lost, nothing skipped.

The receiver is a function here, so that 75 hours pass in a moment; tests/unit/server_stub/webhooks has the sockets.
"""

import asyncio
import json
from collections.abc import Generator, Mapping
from contextlib import closing
from typing import Any

import pytest
from standardwebhooks import Webhook

from server_stub.service.deliveries import LEASE_S, PLACES_EACH, DeliveryWorker
from server_stub.store.outbox import EventKind
from server_stub.webhooks.schedule import PAUSES_S, TRIES_AFTER_S, Try, TryOutcome
from tests.unit.server_stub.harness import ONLINE, House
from tests.unit.server_stub.webhook_shop import ENDPOINTS, URL, Receiver, Shop
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.testing import FROZEN_NOW_S

ON_EVERY_DATABASE = True


@pytest.fixture
def shop(house: House) -> Generator[Shop]:
    """A shop whose endpoint wants everything."""
    receiver = Receiver(house=house)
    made = Shop(
        house=house,
        receiver=receiver,
        worker=DeliveryWorker(house.desk.operator, receiver, spread=lambda: 0),
        key=house.new_key(house.merchant_id),
        terminal=house.terminal(),
        wallet=house.wallet(),
    )
    made.endpoint = house.ask("POST", ENDPOINTS, made.key, {"url": URL}).ok()
    with closing(made.worker):
        yield made


def test_a_payment_is_told_once_and_signed(shop: Shop) -> None:
    """The specification's library accepts it with the secret that was shown."""
    request_id = shop.pay(1250)
    assert shop.work() == 1
    (at_s, url, headers, body) = shop.receiver.got[0]
    assert (at_s, url) == (FROZEN_NOW_S, URL)
    event = json.loads(body)
    assert (event["type"], event["number"], event["id"]) == ("payment.captured", 1, headers["webhook-id"])
    assert event["data"] == {
        "terminal_id": 2001,
        "request_id": request_id,
        "amount_minor": 1250,
        "currency": "EUR",
        "state": "CAPTURED",
    }
    judge = Webhook(shop.endpoint["secret"])
    signature = headers["webhook-signature"].split(",")[1]
    assert judge.sign(headers["webhook-id"], _utc(at_s), body.decode()) == f"v1,{signature}"
    assert shop.work() == 0


def test_a_claim_sent_again_is_no_new_event(shop: Shop) -> None:
    """One effect, one event, for ever."""
    request = shop.terminal.request()
    intent = shop.wallet.intent(request, ONLINE)
    for _ in range(3):
        shop.wallet.send(request.envelope, intent.envelope).ok()
        shop.terminal.capture((request, intent))
    shop.work()
    assert shop.receiver.numbers() == [1]


def test_every_kind_of_outcome_has_its_event(shop: Shop) -> None:
    """Paid, declined, closed, and a double spend with its case; in the sequence in which they were committed."""
    shop.pay()
    closed = shop.terminal.request()
    for _ in range(2):
        shop.terminal.close(closed)
    shop.wallet.send(closed.envelope, shop.wallet.intent(closed, ONLINE).envelope)
    first, second = shop.terminal.request(10), shop.terminal.request(20)
    shop.terminal.capture((first, shop.wallet.intent(first, counter=9, cumulative_minor=10)))
    shop.terminal.capture((second, shop.wallet.intent(second, counter=9, cumulative_minor=20)))
    shop.work()
    kinds = [json.loads(body)["type"] for _, _, _, body in shop.receiver.got]
    assert kinds == [
        *("payment.captured", "payment.closed", "payment.declined"),
        *("payment.captured", "payment.captured", "fraud_case.opened"),
    ]
    assert shop.receiver.numbers() == [1, 2, 3, 4, 5, 6]
    declined = json.loads(shop.receiver.got[2][3])["data"]
    assert (declined["error"], declined["state"]) == ("REQUEST_NOT_OPEN", "DECLINED")


def test_deliveries_that_failed_together_come_back_apart(shop: Shop) -> None:
    """Each at its own moment within a tenth of the pause, and not before the receiver wants them."""
    shop.receiver.answers = lambda at_s: Try(
        outcome=TryOutcome.ANSWERED, at_s=at_s, http_status=503, retry_after_s=10_000
    )
    with closing(DeliveryWorker(shop.house.desk.operator, shop.receiver)) as worker:
        shop.worker.close()
        shop.worker = worker
        for _ in range(4):
            shop.pay()
        assert shop.work() == 4
    moments = {one["next_try_at_s"] - FROZEN_NOW_S for one in shop.log()}
    assert len(moments) > 1
    assert all(10_000 <= one <= 11_000 for one in moments)


@pytest.mark.parametrize(
    "failure",
    [
        Try(outcome=TryOutcome.ANSWERED, at_s=0, http_status=500),
        Try(outcome=TryOutcome.ANSWERED, at_s=0, http_status=302),
        Try(outcome=TryOutcome.ANSWERED, at_s=0, http_status=404),
        Try(outcome=TryOutcome.TIMED_OUT, at_s=0),
        Try(outcome=TryOutcome.UNREACHABLE, at_s=0),
        Try(outcome=TryOutcome.REFUSED_ADDRESS, at_s=0),
    ],
    ids=["500", "302", "404", "slow", "down", "private"],
)
def test_ten_tries_over_75_hours_and_then_it_is_failed(shop: Shop, failure: Try) -> None:
    """At exactly the promised moments, whatever goes wrong; the log tells each of them, and more can be asked for."""
    shop.receiver.answers = lambda at_s: Try(outcome=failure.outcome, at_s=at_s, http_status=failure.http_status)
    shop.pay()
    for pause_s in PAUSES_S:
        shop.house.clock.advance(pause_s - 1 if pause_s else 0)
        assert shop.work() == (0 if pause_s else 1)
        if pause_s:
            shop.house.clock.advance(1)
            assert shop.work() == 1
    assert [at_s - FROZEN_NOW_S for at_s, *_ in shop.receiver.got] == list(TRIES_AFTER_S)
    shop.house.clock.advance(30 * 86_400)
    assert shop.work() == 0
    (delivery,) = shop.log()
    assert (delivery["state"], delivery["next_try_at_s"], len(delivery["tries"])) == ("FAILED", None, 10)
    assert {one["outcome"] for one in delivery["tries"]} == {failure.outcome.name}
    assert shop.own()["disabled_at_s"] is None
    shop.receiver.answers = None
    assert shop.again(1, 1) == 1
    assert shop.work() == 1
    (delivery,) = shop.log()
    assert (delivery["state"], len(delivery["tries"])) == ("DELIVERED", 11)


def test_a_receiver_that_is_down_for_an_hour_gets_everything(shop: Shop) -> None:
    """A payment each minute of the hour and after it: every event arrives, none is skipped, each delivered once."""
    down_until_s = FROZEN_NOW_S + 3600
    shop.receiver.answers = lambda at_s: Try(
        outcome=TryOutcome.ANSWERED, at_s=at_s, http_status=503 if at_s < down_until_s else 200
    )
    for _ in range(65):
        shop.pay(1)
        shop.pass_time(60)
    shop.pass_time(3 * 3600)
    delivered = [body for at_s, _, _, body in shop.receiver.got if at_s >= down_until_s]
    assert sorted(json.loads(body)["number"] for body in delivered) == list(range(1, 66))
    assert {one["state"] for one in shop.log()} == {"DELIVERED"}
    tries_s = [one["at_s"] - FROZEN_NOW_S for one in shop.log()[0]["tries"]]
    assert tries_s == [0, 5, 305, 2105, 9305]


def test_an_event_is_the_same_bytes_in_every_try(shop: Shop) -> None:
    """A receiver that stores what it got can compare; only the time of the try is new."""
    shop.receiver.http_status = 500
    shop.pay()
    shop.work()
    shop.house.clock.advance(5)
    shop.receiver.http_status = 200
    shop.work()
    (_, _, first, body), (_, _, second, again) = shop.receiver.got
    assert body == again
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 5


def test_410_switches_off_and_nothing_is_lost(shop: Shop) -> None:
    """No more tries until the merchant switches it on; what waited goes on, and the rest can be asked for by number."""
    shop.receiver.http_status = 410
    shop.pay()
    shop.work()
    assert shop.own()["disabled_at_s"] == FROZEN_NOW_S
    shop.pay()
    shop.pay()
    shop.house.clock.advance(86_400)
    assert shop.work() == 0
    refused = shop.house.ask(
        "POST",
        f"{ENDPOINTS}/{shop.endpoint['endpoint_id']}/redeliveries",
        shop.key,
        {"first_number": 1, "last_number": 3},
    )
    assert refused.code() is ErrorCode.BAD_ARGUMENT
    shop.receiver.http_status = 200
    shop.receiver.got.clear()
    shop.house.ask("PUT", f"{ENDPOINTS}/{shop.endpoint['endpoint_id']}", shop.key, {"url": URL}).ok()
    assert shop.work() == 1
    assert shop.again(2, 3) == 2
    shop.work()
    assert shop.receiver.numbers() == [1, 2, 3]


def test_a_filter_and_two_endpoints(shop: Shop) -> None:
    """Each gets what it asked for, signed with its own secret; the numbers still tell what is between."""
    chosen = {"url": "https://8.8.4.4/closed", "kinds": [EventKind.PAYMENT_CLOSED.value]}
    other = shop.house.ask("POST", ENDPOINTS, shop.key, chosen).ok()
    shop.pay()
    shop.terminal.close(shop.terminal.request())
    shop.work()
    by_url = {
        url: [json.loads(b)["number"] for _, u, _, b in shop.receiver.got if u == url] for url in (URL, chosen["url"])
    }
    assert by_url == {URL: [1, 2], chosen["url"]: [2]}
    assert other["secret"] != shop.endpoint["secret"]


def test_rotating_a_secret_keeps_both_until_the_old_one_is_dropped(shop: Shop) -> None:
    """A receiver changes over whenever it likes."""
    path = f"{ENDPOINTS}/{shop.endpoint['endpoint_id']}/secrets"
    newer = shop.house.ask("POST", path, shop.key).ok()["secret"]
    shop.pay()
    shop.work()
    assert len(shop.receiver.got[0][2]["webhook-signature"].split()) == 2
    shop.house.ask("DELETE", path, shop.key).ok()
    shop.pay()
    shop.work()
    at_s, _, headers, body = shop.receiver.got[1]
    assert headers["webhook-signature"] == Webhook(newer).sign(headers["webhook-id"], _utc(at_s), body.decode())


def test_a_worker_that_dies_loses_nothing(shop: Shop) -> None:
    """What it had taken is due again after the lease; the receiver knows a second one by its id."""

    class Dying(Receiver):
        async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Try:
            raise asyncio.CancelledError

    shop.pay()
    with closing(DeliveryWorker(shop.house.desk.operator, Dying(house=shop.house))) as dying:
        asyncio.run(dying.round())
    assert shop.work() == 0
    shop.house.clock.advance(LEASE_S)
    assert shop.work() == 1
    (delivery,) = shop.log()
    assert (delivery["state"], len(delivery["tries"])) == ("DELIVERED", 1)


def test_a_slow_receiver_holds_a_few_places_and_never_anothers(shop: Shop) -> None:
    """While its tries hang, the other endpoint gets all of its events."""
    slow_url = "https://8.8.4.4/slow"
    shop.house.ask("POST", ENDPOINTS, shop.key, {"url": slow_url}).ok()
    for _ in range(3 * PLACES_EACH):
        shop.pay(1)
    released, post = asyncio.Event(), shop.receiver.post

    class Hanging(Receiver):
        async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Try:
            if url == slow_url:
                await released.wait()
            return await post(url, headers=headers, body=body)

    async def run() -> tuple[int, int]:
        worker = DeliveryWorker(shop.house.desk.operator, Hanging(house=shop.house))
        for _ in range(12):
            await worker.round()
            done = [task for task in worker._tries if worker._tries[task] == shop.endpoint["endpoint_id"]]
            if done:
                await asyncio.wait(done)
            worker._forget_finished()
        hanging = len(worker._tries)
        fast = len(shop.receiver.got)
        released.set()
        await worker.finish()
        return hanging, fast

    assert asyncio.run(run()) == (PLACES_EACH, 3 * PLACES_EACH)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/x", "https://169.254.169.254/latest", "http://8.8.8.8/", "https://[::1]/", "x"]
)
def test_an_address_inside_is_refused_when_it_is_typed(shop: Shop, url: str) -> None:
    """And nothing is stored; the check at each try is another one (see webhooks/test_guard.py)."""
    answer = shop.house.ask("POST", ENDPOINTS, shop.key, {"url": url})
    assert (answer.code(), answer.content["param"]) == (ErrorCode.BAD_ARGUMENT, "url")
    assert len(shop.house.ask("GET", ENDPOINTS, shop.key).ok()["endpoints"]) == 1


def test_events_can_be_read_instead(house: House) -> None:
    """Without an endpoint too: numbered when they are read, page by page, without a gap."""
    terminal, wallet = house.terminal(), house.wallet()
    key = house.new_key(house.merchant_id)
    for _ in range(7):
        wallet.pay(terminal.request(1))
    seen: list[int] = []
    while page := house.ask("GET", f"/v1/events?after={seen[-1] if seen else 0}&limit=3", key).ok()["events"]:
        seen += [event["number"] for event in page]
    assert seen == [1, 2, 3, 4, 5, 6, 7]
    assert house.ask("GET", "/v1/events?after=x", key).code() is ErrorCode.BAD_REQUEST_BODY


def test_payments_are_listed_page_by_page(house: House) -> None:
    """Newest first, each once, with receipts that are those the terminal got."""
    terminal, wallet = house.terminal(), house.wallet()
    key = house.new_key(house.merchant_id)
    receipts = [wallet.pay(terminal.request(amount))["receipt"] for amount in range(1, 8)]
    listed: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = house.ask("GET", f"/v1/payments?limit=3{cursor}", key).ok()
        listed += page["payments"]
        if not page["next_cursor"]:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [payment["amount_minor"] for payment in listed] == [7, 6, 5, 4, 3, 2, 1]
    assert [payment["receipt"] for payment in reversed(listed)] == receipts
    assert house.ask("GET", "/v1/payments?cursor=1", key).code() is ErrorCode.BAD_REQUEST_BODY
    one = house.ask("GET", f"/v1/payments/{listed[0]['request_id']}", key).ok()
    assert one == listed[0]


def _utc(at_s: int) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at_s, tz=UTC)
