"""Rules of the other ways to ask: HTTP messages signed by RFC 9421, and a stream that is listened to meanwhile."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.unit.server_stub.asking import Answer, asked_of
from tests.unit.server_stub.harness import ONLINE
from tests.unit.server_stub.machine.replacing import Replacing
from tests.unit.server_stub.machine.things import Mode
from tests.unit.server_stub.machine.world import amounts, picks
from tests.unit.server_stub.routes.test_streams import events_of, streamed
from tests.unit.server_stub.test_message_signatures import signed
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.states import State

T = TypeVar("T")


class Listening(Replacing):
    """What tills and payers hear, whichever way they ask."""

    @precondition(lambda self: self.shown)
    @rule(pick=picks, payer=picks)
    def ask_by_a_signed_message(self, pick: int, payer: int) -> None:
        """The same answers as to the protocol's own signed read; what was signed for another path is refused."""
        shown = self.shown[-1 - pick % min(20, len(self.shown))]
        till, wallet = self.tills[shown.ask.till], self.wallets[payer % len(self.wallets)]
        payment = api.payment_path(shown.ask.name)
        for device, path in ((till, payment), (wallet, api.PATH_BALANCE)):
            assert self.get(path, signed(device, path)).ok() == device.read(path).ok()
        assert self.get(api.PATH_BALANCE, signed(wallet, payment)).code() is ErrorCode.BAD_SIGNATURE
        assert self.get(payment, signed(wallet, payment)).code() is ErrorCode.UNKNOWN_PAYMENT

    @rule(payer=picks, till=picks, amount=amounts, hold_h=st.sampled_from([0, 0, 5]))
    def listen_while_it_is_paid(self, payer: int, till: int, amount: int, hold_h: int) -> None:
        """A till hears REQUESTED, then what became of it, then the end; what nobody paid it closes."""
        payer, till = payer % len(self.wallets), till % len(self.tills)
        if till in self.model.blocked_tills:
            return
        device, wallet = self.tills[till], self.wallets[payer]
        shown = self.show(till, amount, self.model.purses[payer].currency, hold_h=hold_h)
        intent = wallet.intent(shown.sealed, ONLINE)
        consented = self.sign(payer, shown, Mode.ONLINE, intent)
        body = api.IntentBody(intent=api.to_base64url(intent.envelope), request=api.to_base64url(shown.sealed.envelope))
        answers: list[Answer] = []

        async def pay_or_close() -> None:
            answers.append(await self.house.acall("POST", api.PATH_INTENTS, api.to_json(body)))
            is_answered = answers[0].http_status == 200
            if not is_answered or not State[answers[0].content["state"]].is_paid:
                await self.house.acall("POST", api.PATH_CLOSURES, device.closing(shown.sealed))

        path = api.payment_path(shown.ask.name)
        heard = events_of(self.run(streamed(self.house, path, device.authorization(path), pay_or_close)))
        verdict = self.model.settle(shown.ask, consented.consent, self.now_s())
        if verdict.forgotten:
            assert answers[0].code() is verdict.code
        else:
            self.expect(answers[0].ok(), consented, verdict, by_till=False)
        bought = self.bought_of(shown)
        became = self.model.close(shown.ask) if bought is None else bought.state
        assert [event["state"] for event in heard] == ["REQUESTED", became.name]
        assert heard[-1] == device.read(path).ok()

    def get(self, path: str, headers: dict[str, str]) -> Answer:
        """One request with these fields; in an application their names are in small letters."""
        small = {name.lower(): value for name, value in headers.items()}
        return self.run(asked_of(self.house.app, "GET", path, b"", small))

    def run(self, asking: Coroutine[Any, Any, T]) -> T:
        """On the house's own event loop."""
        assert self.house.runner is not None
        return self.house.runner.run(asking)
