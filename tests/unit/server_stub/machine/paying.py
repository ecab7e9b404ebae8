"""Rules of paying: online, by code, offline and late, in batches, twice, twice elsewhere, and in each other's way."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.unit.server_stub.harness import OFFLINE, ONLINE
from tests.unit.server_stub.machine.model import PAYMENT_MAX
from tests.unit.server_stub.machine.things import Mode
from tests.unit.server_stub.machine.world import World, amounts, picks
from wallet_sdk.protocol.errors import ErrorCode

BATCH_MAX = 6


class Paying(World):
    """What payers and tills do with each other."""

    @rule(payer=picks, till=picks, amount=amounts, hold_h=st.sampled_from([0, 0, 1, 5, 48]))
    def pay_online(self, payer: int, till: int, amount: int, hold_h: int) -> None:
        payer %= len(self.wallets)
        shown = self.show(till % len(self.tills), amount, self.model.purses[payer].currency, hold_h=hold_h)
        intent = self.wallets[payer].intent(shown.sealed, ONLINE)
        self.send_online(self.sign(payer, shown, Mode.ONLINE, intent))

    @rule(payer=picks, till=picks, amount=amounts, ceiling=st.sampled_from([2_000, 5_000]), hold_h=st.integers(0, 9))
    def pay_by_code(self, payer: int, till: int, amount: int, ceiling: int, hold_h: int) -> None:
        payer, till = payer % len(self.wallets), till % len(self.tills)
        shown = self.show(till, amount, self.model.purses[payer].currency, hold_h=1 if hold_h == 9 else 0)
        code = self.wallets[payer].code(ceiling_minor=ceiling)
        self.hand_in(till, [self.sign(payer, shown, Mode.CODE, code, ceiling=ceiling)])

    @rule(payer=picks, till=picks, amount_of=st.lists(amounts, min_size=1, max_size=4))
    def sell_offline(self, payer: int, till: int, amount_of: list[int]) -> None:
        """At one till, which claims it some time, or never."""
        for amount in amount_of:
            self._sign_offline(payer % len(self.wallets), till % len(self.tills), amount)

    @rule(payer=picks, till=picks, amount_of=st.lists(amounts, min_size=1, max_size=4))
    def sell_offline_and_claim(self, payer: int, till: int, amount_of: list[int]) -> None:
        """Everything that the till has of this payer and has not claimed, the newest first."""
        self.sell_offline(payer, till, amount_of)
        self.hand_in_all(till % len(self.tills))

    def hand_in_all(self, till: int) -> None:
        """What a till has accepted offline and was not answered yet."""
        known = self.model.verdicts
        own = [one for one in self.signed if one.shown.ask.till == till and one.consent.mode is Mode.OFFLINE]
        waiting = [one for one in own if one.consent.digest not in known]
        if waiting:
            self.hand_in(till, waiting[::-1])

    def _sign_offline(self, payer: int, till: int, amount: int) -> None:
        newest = self.model.purses[payer].newest
        room = min(PAYMENT_MAX, newest.total - newest.signed)
        if newest.is_returned or self.now_s() >= newest.ends_at_s or not room:
            return
        shown = self.show(till, min(amount, room), self.model.purses[payer].currency)
        intent = self.wallets[payer].intent(shown.sealed, OFFLINE)
        newest.signed += shown.ask.amount
        self.sign(payer, shown, Mode.OFFLINE, intent)

    @precondition(lambda self: any(one.consent.mode is Mode.OFFLINE for one in self.signed))
    @rule(pick=picks, copies=st.integers(1, 5))
    def pay_twice(self, pick: int, copies: int) -> None:
        """A clone signs with a counter and a sum that were used before, and goes from till to till."""
        offline = [one for one in self.signed if one.consent.mode is Mode.OFFLINE]
        first = offline[-1 - pick % min(10, len(offline))]
        payer, phone = first.consent.payer, first.phone
        if first.consent.allowance != self.newest_of[id(phone)]:
            return
        for copy in range(1, copies + 1):
            till = (first.shown.ask.till + copy) % len(self.tills)
            shown = self.show(till, first.shown.ask.amount, first.shown.ask.currency)
            twin = phone.intent(shown.sealed, OFFLINE, counter=first.consent.counter, cumulative_minor=first.cumulative)
            signed = self.sign(payer, shown, Mode.OFFLINE, twin)
            signed.phone, signed.cumulative = phone, first.cumulative
            signed.consent = replace(signed.consent, allowance=first.consent.allowance)

    @rule()
    def everybody_claims(self) -> None:
        for till in range(len(self.tills)):
            self.hand_in_all(till)

    @precondition(lambda self: self.signed)
    @rule(data=st.data(), till=picks, count=st.integers(1, BATCH_MAX))
    def claim(self, data: st.DataObject, till: int, count: int) -> None:
        """Whatever a till has, new and old, in any sequence, some of it twice."""
        till %= len(self.tills)
        own = [one for one in self.signed if one.shown.ask.till == till and one.consent.mode is not Mode.ONLINE]
        if own:
            places = data.draw(st.lists(st.integers(0, min(len(own), 20) - 1), min_size=1, max_size=count))
            self.hand_in(till, [own[-1 - place] for place in places])

    @precondition(lambda self: self.signed)
    @rule(pick=picks)
    def send_again(self, pick: int) -> None:
        signed = self.signed[pick % len(self.signed)]
        if signed.consent.mode is Mode.ONLINE:
            self.send_online(signed)
        else:
            self.hand_in(signed.shown.ask.till, [signed])

    @precondition(lambda self: self.shown)
    @rule(pick=picks, payer=picks)
    def pay_what_was_shown(self, pick: int, payer: int) -> None:
        """Paid already, closed, too old, in another currency, or still to be had."""
        shown, payer = self.shown[-1 - pick % min(8, len(self.shown))], payer % len(self.wallets)
        intent = self.wallets[payer].intent(shown.sealed, ONLINE)
        self.send_online(self.sign(payer, shown, Mode.ONLINE, intent))

    @precondition(lambda self: self.shown)
    @rule(pick=picks, payer=picks, amount=amounts)
    def ask_anew_with_an_old_id(self, pick: int, payer: int, amount: int) -> None:
        """A till that uses an id twice: the second content conflicts, or takes the place of one that nobody paid."""
        first, payer = self.shown[-1 - pick % min(8, len(self.shown))], payer % len(self.wallets)
        shown = self.show(first.ask.till, amount, self.model.purses[payer].currency, name=first.ask.name)
        if shown.ask.content == first.ask.content:
            return
        intent = self.wallets[payer].intent(shown.sealed, ONLINE)
        self.send_online(self.sign(payer, shown, Mode.ONLINE, intent))

    @precondition(lambda self: self.shown)
    @rule(pick=picks, is_signed=st.booleans())
    def close(self, pick: int, *, is_signed: bool) -> None:
        """A till ends a request, and so takes back what nobody has paid."""
        if pick % 2:
            return
        shown = self.shown[-1 - pick % min(8, len(self.shown))]
        till = self.tills[shown.ask.till]
        body = till.closing(shown.sealed)
        answer = till.close_signed(shown.sealed) if is_signed else self.house.call("POST", "/v1/closures", body, "")
        if shown.ask.till in self.model.blocked_tills:
            assert answer.code() is ErrorCode.REVOKED
            return
        if is_signed and self.is_replaced(shown):
            assert answer.code() is ErrorCode.BAD_SIGNATURE
            return
        was_open = (shown.ask.till, shown.ask.name) not in self.model.answered
        state = self.model.close(shown.ask)
        assert answer.ok()["state"] == state.name
        if was_open:
            assert bool(answer.content["receipt"]) is is_signed
