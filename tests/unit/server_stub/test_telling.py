"""Holds and refunds are told too: each step once, in the commit that made it, with the number of what made it."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from server_stub.fees import FeePolicy
from server_stub.service.administration import set_fees
from server_stub.service.deliveries import LEASE_S, DeliveryWorker
from server_stub.service.events import number_all
from server_stub.service.holding import ExpireHoldCommand, due_holds
from server_stub.webhooks.schedule import Try, TryOutcome
from tests.unit.server_stub.harness import House
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.trust import verify_receipt

ON_EVERY_DATABASE = True


def told(house: House, key: str) -> list[tuple[str, int | None]]:
    """Kind and amount of every event of the merchant, in sequence."""
    events = house.ask("GET", "/v1/events", key).ok()["events"]
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))
    return [(event["type"], event["data"].get("amount_minor")) for event in events]


def test_a_hold_is_told_from_its_beginning_to_its_end(house: House) -> None:
    """Authorized, then captured in part, voided, or expired by the timer."""
    terminal, wallet = house.terminal(), house.wallet()
    key = house.new_key(house.merchant_id)
    taken, voided, forgotten = (terminal.request(amount, hold_h=1) for amount in (1_000, 900, 800))
    for request in (taken, voided, forgotten):
        assert wallet.pay(request)["state"] == "AUTHORIZED"
    for _ in range(2):  # the same again is no new event
        terminal.end_hold(taken, 600).ok()
    terminal.end_hold(voided, 0).ok()
    house.clock.advance(3_600)
    with house.desk.operator.store.reading() as reader:
        (due,) = due_holds(reader, at_s=terminal.now_s(), count_max=9)
    for _ in range(2):
        command = ExpireHoldCommand(payment_number=due, at_s=terminal.now_s())
        house.desk.operator.committer.submit(command).result()
    assert told(house, key) == [
        *(("payment.authorized", amount) for amount in (1_000, 900, 800)),
        ("payment.captured", 600),
        ("payment.voided", 900),
        ("payment.expired", 800),
    ]
    (listed,) = house.ask("GET", "/v1/payments", key).ok()["payments"]
    assert (listed["state"], listed["amount_minor"]) == ("CAPTURED", 600)
    house.assert_clean()


def test_a_refund_is_told_once(house: House) -> None:
    """With its own id; the payment in the list says what was given back and what it cost."""
    set_fees(house.desk.operator.store, house.merchant_id, Currency.EUR, FeePolicy(basis_points=100))
    terminal, wallet = house.terminal(), house.wallet()
    key = house.new_key(house.merchant_id)
    request = terminal.request(1_000)
    wallet.pay(request)
    refund = terminal.refund(request, 300)
    for _ in range(3):
        terminal.send_refund(refund).ok()
    assert told(house, key) == [("payment.captured", 1_000), ("refund.settled", 300)]
    event: dict[str, Any] = house.ask("GET", "/v1/events?after=1", key).ok()["events"][0]
    assert event["data"]["refund_id"] == api.to_base64url(refund.message.refund_id)
    (listed,) = house.ask("GET", "/v1/payments", key).ok()["payments"]
    assert (listed["fee_minor"], listed["refunded_minor"]) == (10, 300)
    house.assert_clean()


def test_an_endpoint_hears_nothing_of_what_was_before_it(house: House) -> None:
    """By itself; but the numbers say that there is more, and it can be asked for."""
    terminal, wallet = house.terminal(), house.wallet()
    key = house.new_key(house.merchant_id)
    for _ in range(3):
        wallet.pay(terminal.request(1))
    house.clock.advance(1)
    made = house.ask("POST", "/v1/webhooks/endpoints", key, {"url": "https://8.8.8.8/"}).ok()
    path = f"/v1/webhooks/endpoints/{made['endpoint_id']}"
    wallet.pay(terminal.request(1))
    number_all(house.desk.operator, None)
    assert [one["number"] for one in house.ask("GET", path + "/deliveries", key).ok()["deliveries"]] == [4]
    again = house.ask("POST", path + "/redeliveries", key, {"first_number": 2, "last_number": 4}).ok()
    assert again == {"events": 3}
    assert [one["number"] for one in house.ask("GET", path + "/deliveries", key).ok()["deliveries"]] == [2, 3, 4]


def test_long_lists_of_the_operator_come_in_pages(house: House) -> None:
    """By numbers, after the last one that was seen."""
    key = house.new_key(None)
    for _ in range(4):
        house.wallet(1, total_max_minor=0)
    seen: list[int] = []
    while page := house.ask("GET", f"/v1/wallets?limit=3&after={seen[-1] if seen else 0}", key).ok()["wallets"]:
        seen += [wallet["wallet_id"] for wallet in page]
    assert seen == [3001, 3002, 3003, 3004]
    merchants = house.ask("GET", "/v1/merchants?after=1001", key).ok()["merchants"]
    assert merchants == []


def test_a_worker_survives_what_goes_wrong(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """A bug in one round or one try costs that one, is logged, and the next round goes on."""
    terminal, wallet = house.terminal(), house.wallet()
    key = house.new_key(house.merchant_id)
    house.ask("POST", "/v1/webhooks/endpoints", key, {"url": "https://8.8.8.8/"}).ok()
    wallet.pay(terminal.request(1))
    tried: list[int] = []

    class Stumbling:
        async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Try:
            tried.append(len(body))
            if len(tried) == 1:
                raise ValueError(url, headers)
            stop.set()
            return Try(outcome=TryOutcome.ANSWERED, at_s=terminal.now_s(), http_status=204)

    class Worker(DeliveryWorker):
        async def round(self) -> int:
            rounds.append(len(tried))
            if len(rounds) == 1:
                raise LookupError("a bug of ours")
            if rounds[-2:] == [0, 1]:  # once, or a try that is under way would be taken for lost as well
                house.clock.advance(LEASE_S)
            return await super().round()

    rounds: list[int] = []

    async def run() -> None:
        await asyncio.wait_for(Worker(house.desk.operator, Stumbling()).run(stop), timeout=20)

    stop = asyncio.Event()
    with caplog.at_level(logging.CRITICAL):
        asyncio.run(run())
    assert len(tried) == 2
    (delivery,) = house.ask("GET", _log_path(house, key), key).ok()["deliveries"]
    assert (delivery["state"], len(delivery["tries"])) == ("DELIVERED", 1)


def _log_path(house: House, key: str) -> str:
    (endpoint,) = house.ask("GET", "/v1/webhooks/endpoints", key).ok()["endpoints"]
    return f"/v1/webhooks/endpoints/{endpoint['endpoint_id']}/deliveries"


def test_a_receipt_can_be_fetched_as_it_is(house: House) -> None:
    """By the terminal and by its merchant, the same bytes, verified with the receipt key; none before it is paid."""
    terminal, wallet = house.terminal(), house.wallet()
    key = house.new_key(house.merchant_id)
    request, other = terminal.request(), terminal.request()
    receipt = wallet.pay(request)["receipt"]
    path = api.payment_path(request.message.request_id) + "/receipt"
    by_terminal, by_merchant = terminal.read(path), house.ask("GET", path, key)
    assert by_terminal.body == by_merchant.body == api.from_base64url(receipt)
    assert by_merchant.headers["content-type"] == api.COSE
    trust = house.desk.operator.trust
    assert verify_receipt(by_merchant.body, trust).message.amount_minor == 1250
    unpaid = api.payment_path(other.message.request_id) + "/receipt"
    for answer in (terminal.read(unpaid), house.ask("GET", unpaid, key)):
        assert answer.code() is ErrorCode.UNKNOWN_PAYMENT
