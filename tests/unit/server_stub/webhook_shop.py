"""A shop whose endpoint is a function, so that 75 hours of deliveries pass in a moment."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from server_stub.service.deliveries import DeliveryWorker
from server_stub.webhooks.schedule import Try, TryOutcome
from tests.unit.server_stub.harness import ONLINE, House, TestTerminal, TestWallet
from wallet_sdk.protocol import api

URL = "https://8.8.8.8/hook"
ENDPOINTS = "/v1/webhooks/endpoints"


@dataclass(slots=True, kw_only=True)
class Receiver:
    """Where webhooks arrive; answers as it is told, and remembers what it got and when."""

    house: House
    answers: Callable[[int], Try] | None = None
    http_status: int = 200
    got: list[tuple[int, str, Mapping[str, str], bytes]] = field(default_factory=list)

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Try:
        at_s = self.house.clock.now_ms() // 1000
        self.got.append((at_s, url, headers, body))
        if self.answers is not None:
            return self.answers(at_s)
        return Try(outcome=TryOutcome.ANSWERED, at_s=at_s, http_status=self.http_status)

    def numbers(self) -> list[int]:
        """Numbers of the events that arrived, in sequence of arrival."""
        return [json.loads(body)["number"] for _, _, _, body in self.got]


@dataclass(slots=True, kw_only=True)
class Shop:
    """One merchant with a till, a customer, an endpoint and a worker."""

    house: House
    receiver: Receiver
    worker: DeliveryWorker
    key: str
    terminal: TestTerminal
    wallet: TestWallet
    endpoint: dict[str, Any] = field(default_factory=dict)

    def pay(self, amount_minor: int = 100) -> str:
        """One payment online; its request id."""
        request = self.terminal.request(amount_minor)
        self.wallet.send(request.envelope, self.wallet.intent(request, ONLINE).envelope)
        return api.to_base64url(request.message.request_id)

    def work(self) -> int:
        """All rounds that there is something to do in; how many tries were made."""

        async def rounds() -> int:
            made = 0
            while begun := await self.worker.round():
                await self.worker.finish()
                made += begun
            return made

        return asyncio.run(rounds())

    def pass_time(self, seconds: int) -> None:
        """Let time pass, and let the worker work at each moment at which something is due, as it would."""
        end_s = self.house.clock.now_ms() // 1000 + seconds
        while True:
            self.work()
            now_s = self.house.clock.now_ms() // 1000
            waiting = [one["next_try_at_s"] for one in self.log() if one["next_try_at_s"]]
            next_s = min([*waiting, end_s])
            if next_s >= end_s:
                break
            self.house.clock.advance(next_s - now_s)
        self.house.clock.advance(end_s - now_s)

    def log(self) -> list[dict[str, Any]]:
        """The delivery log, as the merchant sees it."""
        path = f"{ENDPOINTS}/{self.endpoint['endpoint_id']}/deliveries?limit=200"
        log = self.house.ask("GET", path, self.key).ok()["deliveries"]
        assert isinstance(log, list)
        return log

    def own(self) -> dict[str, Any]:
        """The endpoint as it stands."""
        return self.house.ask("GET", f"{ENDPOINTS}/{self.endpoint['endpoint_id']}", self.key).ok()

    def again(self, first: int, last: int) -> int:
        """Ask for a range once more."""
        path = f"{ENDPOINTS}/{self.endpoint['endpoint_id']}/redeliveries"
        answer = self.house.ask("POST", path, self.key, {"first_number": first, "last_number": last})
        sent = answer.ok()["events"]
        assert isinstance(sent, int)
        return sent
