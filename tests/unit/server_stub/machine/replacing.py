"""Rules of devices that take over from others, and of printed codes, which have no device at all."""

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.unit.server_stub.harness import ONLINE, TestTerminal, TestWallet
from tests.unit.server_stub.machine.office import Running
from tests.unit.server_stub.machine.things import Ask, Consent, Mode, Till
from tests.unit.server_stub.machine.world import amounts, picks
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.envelope import Sealed, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Counter
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentIntent, StaticCode

TERMINAL_IS_ASKED_ANEW_S = 3
#: Numbers of printed codes in the model; tills have smaller ones.
FIRST_PRINT = 1_000


@dataclass(slots=True)
class Print:
    """A printed code, as whoever stands before it sees it."""

    number: int
    shop: int
    code_id: str
    sealed: Sealed[StaticCode]
    is_ended: bool = False


class Replacing(Running):
    """Lost phones, broken tills, prints on a wall."""

    def __init__(self) -> None:
        super().__init__()
        self.prints: list[Print] = []
        #: Kept, so that no other has their place in memory.
        self.lost: list[TestWallet] = []

    @rule(pick=picks, payer=picks, asked=amounts)
    def replace_a_phone(self, pick: int, payer: int, asked: int) -> None:
        """Blocked for whatever reason or not: the account goes on, the old phone does not."""
        if pick % 2:
            return
        payer %= len(self.wallets)
        path = f"/v1/wallets/{self.wallet_ids[payer]}/activation-codes"
        code = self.house.ask("POST", path, self.operator_key).ok()["code"]
        self.model.replace_phone(payer, self.now_s())
        old = self.wallets[payer]
        assert old.renew(asked).code() is ErrorCode.REVOKED
        self.pass_time(1)
        phone = TestWallet(
            call=self.house.call, clock=self.house.clock, random=self.house.random, signer=self.house.new_signer()
        )
        assert phone.enrol(code).ok()["wallet_id"] == self.wallet_ids[payer]
        self.model.bind_phone(payer, self.now_s())
        assert old.renew(asked).code() is ErrorCode.UNKNOWN_SIGNER
        shown = self.show(0, asked, self.model.purses[payer].currency)
        self.send_online(self.sign(payer, shown, Mode.ONLINE, old.intent(shown.sealed, ONLINE)))
        self.lost.append(old)
        self.wallets[payer] = phone
        self.issue(payer, asked)

    @rule(pick=picks, till=picks)
    def replace_a_till(self, pick: int, till: int) -> None:
        """Its number and its payments go on; a number that was blocked is gone for ever."""
        if pick % 2:
            return
        till %= len(self.tills)
        office = self.offices[self.model.tills[till].shop]
        path = f"/v1/merchants/{office.merchant_id}/terminals/{self.tills[till].message.terminal_id}/activation-codes"
        answer = self.house.ask("POST", path, self.operator_key)
        if till in self.model.blocked_tills:
            assert answer.code() is ErrorCode.REVOKED
            return
        self.model.take_over(till, self.now_s())
        device = TestTerminal(
            call=self.house.call, clock=self.house.clock, random=self.house.random, signer=self.house.new_signer()
        )
        device.enrol(answer.ok()["code"]).ok()
        assert device.message.terminal_id == self.tills[till].message.terminal_id
        self.tills[till], self.certified_s[till] = device, self.now_s()
        self.model.tills[till] = Till(self.model.tills[till].shop, self.now_s())
        self.pass_time(TERMINAL_IS_ASKED_ANEW_S)

    @precondition(lambda self: len(self.prints) < 4)
    @rule(shop=picks, currency=st.sampled_from(["EUR", "EUR", "JPY"]), cap=st.integers(1, 4_000))
    def print_a_code(self, shop: int, currency: str, cap: int) -> None:
        shop %= len(self.offices)
        asked = {"payment_max_minor": cap, "currency": currency}
        told = self.house.ask("POST", "/v1/static-codes", self.offices[shop].key, asked).ok()
        number = FIRST_PRINT + len(self.prints)
        self.model.tills[number] = Till(shop)
        sealed = open_unverified(qr.from_text(told["text"]), StaticCode)
        self.prints.append(Print(number, shop, told["code_id"], sealed))

    @precondition(lambda self: self.prints)
    @rule(pick=picks)
    def end_a_print(self, pick: int) -> None:
        if pick % 3:
            return
        printed = self.prints[pick % len(self.prints)]
        for shop, office in enumerate(self.offices):
            answer = self.house.ask("DELETE", f"/v1/static-codes/{printed.code_id}", office.key)
            assert answer.http_status == (200 if shop == printed.shop else 404)
        printed.is_ended = True

    @precondition(lambda self: self.prints)
    @rule(pick=picks, payer=picks, amount=amounts)
    def pay_a_print(self, pick: int, payer: int, amount: int) -> None:
        """And hand the same intent in twice: it is one payment."""
        printed, payer = self.prints[pick % len(self.prints)], payer % len(self.wallets)
        sealed = self._intent_for(printed, payer, amount)
        code = printed.sealed.message
        ask = Ask(
            till=printed.number,
            name=sealed.digest[:12],
            content=printed.sealed.digest,
            amount=amount,
            currency=code.currency.name,
            made_at_s=self.now_s(),
            cap=code.payment_max_minor,
            is_ended=printed.is_ended,
        )
        consent = Consent(
            payer=payer,
            allowance=len(self.model.purses[payer].allowances) - 1,
            mode=Mode.ONLINE,
            counter=sealed.message.counter,
            digest=sealed.digest,
        )
        first, again = (self.wallets[payer].send(printed.sealed.envelope, sealed.envelope) for _ in range(2))
        verdict = self.model.settle(ask, consent, self.now_s())
        if verdict.forgotten:
            assert first.code() is again.code() is verdict.code
            return
        assert first.body == again.body
        assert (first.ok()["state"], first.content["error_code"]) == (verdict.state.name, int(verdict.code or 0))
        assert api.from_base64url(first.content["receipt"])

    def _intent_for(self, printed: Print, payer: int, amount: int) -> Sealed[PaymentIntent]:
        wallet = self.wallets[payer]
        assert wallet.token is not None
        assert wallet.token_signer is not None
        wallet.counter += 1
        intent = PaymentIntent(
            counter=Counter(wallet.counter),
            amount_minor=amount,
            cumulative_minor=wallet.spent_minor,
            request_digest=printed.sealed.digest,
            mode=AuthorizationMode.ONLINE,
        )
        return seal(intent, wallet.token_signer, embedded=wallet.token.envelope)
