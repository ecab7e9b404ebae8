"""What the server sends is what the SDK reads: every kind of event there is, signed by one and typed by the other."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import get_args

from server_stub.service.deliveries import DeliveryWorker
from server_stub.service.holding import ExpireHoldCommand, due_holds
from server_stub.store.outbox import EventKind
from server_stub.webhooks.schedule import Try, TryOutcome
from tests.unit.server_stub.harness import ONLINE, House, opened_house
from wallet_sdk import webhooks
from wallet_sdk.protocol.errors import ErrorCode

#: Every kind that the server can send has a type of its own in the SDK.
TYPES = {
    EventKind.PAYMENT_CAPTURED: webhooks.PaymentCaptured,
    EventKind.PAYMENT_AUTHORIZED: webhooks.PaymentAuthorized,
    EventKind.PAYMENT_VOIDED: webhooks.PaymentVoided,
    EventKind.PAYMENT_DECLINED: webhooks.PaymentDeclined,
    EventKind.PAYMENT_REJECTED: webhooks.PaymentRejected,
    EventKind.PAYMENT_CLOSED: webhooks.PaymentClosed,
    EventKind.PAYMENT_EXPIRED: webhooks.PaymentExpired,
    EventKind.REFUND_SETTLED: webhooks.RefundSettled,
    EventKind.FRAUD_CASE_OPENED: webhooks.FraudCaseOpened,
    EventKind.MERCHANT_BLOCKED: webhooks.MerchantBlocked,
    EventKind.MERCHANT_UNBLOCKED: webhooks.MerchantUnblocked,
    EventKind.TERMINAL_REPLACING: webhooks.TerminalReplacing,
    EventKind.TERMINAL_REPLACED: webhooks.TerminalReplaced,
}


class Receiver:
    """Keeps what was posted."""

    def __init__(self) -> None:
        self.got: list[tuple[Mapping[str, str], bytes]] = []

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Try:
        """Take it."""
        assert url
        self.got.append((headers, body))
        return Try(outcome=TryOutcome.ANSWERED, at_s=1, http_status=204)


def live_through_everything(house: House) -> None:
    """One of every event that a merchant can hear of."""
    terminal, wallet = house.terminal(), house.wallet()
    paid = terminal.request(1_000)
    wallet.pay(paid)
    terminal.send_refund(terminal.refund(paid, 300)).ok()
    voided, expired = (terminal.request(amount, hold_h=1) for amount in (200, 100))
    for request in (voided, expired):
        wallet.pay(request)
    terminal.end_hold(voided, 0).ok()
    closed = terminal.request()
    terminal.close(closed)
    wallet.send(closed.envelope, wallet.intent(closed, ONLINE).envelope)
    # The escrow is emptied by the first two; the third is over the terminal's share, and is rejected.
    claims = [terminal.request(amount) for amount in (5_000, 5_000, 5_000, 5_000)]
    for request in claims:
        terminal.capture((request, wallet.intent(request, counter=50, cumulative_minor=5_000)))
    house.clock.advance(3_600)
    with house.desk.operator.store.reading() as reader:
        (due,) = due_holds(reader, at_s=terminal.now_s(), count_max=9)
    house.desk.operator.committer.submit(ExpireHoldCommand(payment_number=due, at_s=terminal.now_s())).result()
    for what in ("block", "unblock"):
        house.ask("POST", f"/v1/merchants/{house.merchant_id}/{what}", house.new_key(None), {"reason": "test"}).ok()
    till = f"/v1/merchants/{house.merchant_id}/terminals/{terminal.message.terminal_id}"
    code = house.ask("POST", f"{till}/activation-codes", house.new_key(None)).ok()["code"]
    replace(terminal, signer=house.new_signer()).enrol(code).ok()


def test_every_kind_of_event_is_verified_and_typed(tmp_path: Path) -> None:
    """None is refused, none is forgotten here, and reasons arrive as they were."""
    receiver = Receiver()
    with opened_house(tmp_path / "server") as house:
        key = house.new_key(house.merchant_id)
        endpoint = house.ask("POST", "/v1/webhooks/endpoints", key, {"url": "https://8.8.8.8/"}).ok()
        live_through_everything(house)

        async def deliver() -> None:
            with closing(DeliveryWorker(house.desk.operator, receiver)) as worker:
                while await worker.round():
                    await worker.finish()

        asyncio.run(deliver())
        events = [
            webhooks.verify_webhook(headers, body, secrets=[endpoint["secret"]], clock=house.clock)
            for headers, body in receiver.got
        ]
        house.assert_clean()
    events.sort(key=lambda event: event.number or 0)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    kinds = sorted((json.loads(body) for _, body in receiver.got), key=lambda content: content["number"])
    assert {content["type"] for content in kinds} == {kind.value for kind in EventKind}, "one of each was sent"
    for content, event in zip(kinds, events, strict=True):
        assert type(event) is TYPES[EventKind(content["type"])]
    assert set(TYPES) == set(EventKind)
    assert set(TYPES.values()) == set(get_args(webhooks.Event)) - {webhooks.OtherEvent}, (
        "and the SDK waits for no other"
    )
    declined = [event.error_code for event in events if isinstance(event, webhooks.PaymentDeclined)]
    assert ErrorCode.REQUEST_NOT_OPEN in declined
