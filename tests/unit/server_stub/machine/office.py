"""Rules of what comes after and around paying: deposits, refunds, allowances, fees, keys, blocks, webhooks, time."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from server_stub.fees import FeePolicy
from server_stub.service.administration import set_fees
from server_stub.service.revoking import revoke_by_hand
from tests.unit.server_stub.harness import ONLINE
from tests.unit.server_stub.machine.paying import Paying
from tests.unit.server_stub.machine.things import AUTHORIZED, DAY_S, Bought, Mode, Shop
from tests.unit.server_stub.machine.world import Office, amounts, picks
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.money import Currency

TERMINAL_IS_ASKED_ANEW_S = 3
KINDS = ["payment.captured", "payment.declined", "payment.expired", "refund.settled", "fraud_case.opened"]


class Running(Paying):
    """What a merchant, his tills and the operator do beside."""

    # --- letting in, and out ---

    @precondition(lambda self: len(self.offices) < 3)
    @rule()
    def let_a_merchant_in(self) -> None:
        self.open_office("EUR", "JPY")

    @precondition(lambda self: len(self.tills) < 5)
    @rule(shop=picks)
    def let_a_till_in(self, shop: int) -> None:
        self.open_till(shop % len(self.offices))

    @precondition(lambda self: len(self.wallets) < 5)
    @rule(currency=st.sampled_from(["EUR", "EUR", "JPY"]), funds=st.sampled_from([0, 300, 20_000]), asked=amounts)
    def let_a_payer_in(self, currency: str, funds: int, asked: int) -> None:
        self.open_purse(currency, funds, asked)

    @precondition(lambda self: len(self.tills) > len(self.model.blocked_tills) + 1)
    @rule(pick=picks, till=picks)
    def block_a_till(self, pick: int, till: int) -> None:
        """Its own merchant's key ends it, another's does not find it; noticed within two seconds."""
        till %= len(self.tills)
        if pick % 3:
            return  # rare, or there would soon be none
        own = self.model.tills[till].shop
        path = f"/v1/terminals/{self.tills[till].message.terminal_id}/block"
        for shop, office in enumerate(self.offices):
            answer = self.house.ask("POST", path, office.key)
            if shop == own:
                assert answer.ok()["blocked_at_s"] is not None
            else:
                assert answer.code() is ErrorCode.UNKNOWN_RESOURCE
        self.model.block_till(till)
        self.pass_time(TERMINAL_IS_ASKED_ANEW_S)

    @precondition(lambda self: sum(not one.blocked for one in self.model.purses) > 1)
    @rule(pick=picks, payer=picks)
    def block_a_payer(self, pick: int, payer: int) -> None:
        payer %= len(self.wallets)
        if pick % 3:
            return
        path = f"/v1/wallets/{self.wallet_ids[payer]}/block"
        assert self.house.ask("POST", path, self.operator_key).ok()["blocked_at_s"] is not None
        self.model.block_payer(payer, self.now_s())

    @rule(pick=picks, shop=picks, payer=picks, amount=amounts)
    def block_a_shop_for_a_while(self, pick: int, shop: int, payer: int, amount: int) -> None:
        """Nothing that comes meanwhile is taken or remembered: after it all is as if it had come for the first time."""
        shop, payer = shop % len(self.offices), payer % len(self.wallets)
        own = [till for till in range(len(self.tills)) if self.model.tills[till].shop == shop]
        till = next((one for one in own if one not in self.model.blocked_tills), None)
        if pick % 3 or till is None:
            return
        shown = self.show(till, amount, self.model.purses[payer].currency)
        paying = self.sign(payer, shown, Mode.ONLINE, self.wallets[payer].intent(shown.sealed, ONLINE))
        self.change_standing(shop, "block")
        answers = [
            self.wallets[payer].send(shown.sealed.envelope, paying.sealed.envelope),
            self.house.call("POST", api.PATH_CAPTURES, self.tills[till].batch((shown.sealed, paying.sealed)), ""),
            self.house.call("POST", api.PATH_CLOSURES, self.tills[till].closing(shown.sealed), ""),
            self.house.ask("POST", "/v1/activation-codes", self.offices[shop].key),
        ]
        assert [answer.code() for answer in answers] == [ErrorCode.MERCHANT_BLOCKED] * len(answers)
        self.house.ask("GET", "/v1/merchant/balances", self.offices[shop].key).ok()
        self.change_standing(shop, "unblock")
        self.send_online(paying)

    def change_standing(self, shop: int, what: str) -> None:
        """By the operator; noticed within two seconds."""
        path = f"/v1/merchants/{self.offices[shop].merchant_id}/{what}"
        self.house.ask("POST", path, self.operator_key, {"reason": "machine"}).ok()
        self.model.shops[shop].events.append(f"merchant.{what}ed")
        self.pass_time(TERMINAL_IS_ASKED_ANEW_S)

    @rule(pick=picks, payer=picks)
    def revoke_an_allowance(self, pick: int, payer: int) -> None:
        payer %= len(self.wallets)
        token = self.wallets[payer].token
        if pick % 3 or token is None:
            return
        store = self.house.desk.operator.store
        number = revoke_by_hand(store, "token", token.message.token_id, reason="machine", at_s=self.now_s())
        self.model.revoke(payer, self.now_s())
        assert number == self.model.denials

    # --- allowances ---

    @rule(payer=picks, asked=st.one_of(st.integers(2_000, 6_000), st.integers(0, 25_000)))
    def renew(self, payer: int, asked: int) -> None:
        self.issue(payer % len(self.wallets), asked)

    @rule(pick=picks, payer=picks)
    def give_back(self, pick: int, payer: int) -> None:
        payer %= len(self.wallets)
        if pick % 4:
            return
        answer = self.house.call("POST", api.PATH_RETURNS, self.wallets[payer].closing(), "")
        if self.expect_as_model(answer, lambda: self.model.give_back(payer)):
            assert answer.content["spent_minor"] == self.model.purses[payer].newest.signed

    # --- deposits and refunds ---

    @precondition(lambda self: any(self.held()))
    @rule(pick=picks, part=st.integers(0, 110))
    def end_a_deposit(self, pick: int, part: int) -> None:
        held = self.held()
        bought = held[pick % len(held)]
        taken = bought.amount * part // 100
        shown = next(one for one in self.shown if one.ask is bought.ask)
        answer = self.tills[bought.ask.till].end_hold(shown.sealed, taken)
        if bought.ask.till in self.model.blocked_tills:
            assert answer.code() is ErrorCode.REVOKED
        elif self.expect_as_model(answer, lambda: self.model.end_hold(bought, taken, self.now_s())):
            assert answer.content["state"] == bought.state.name

    @precondition(lambda self: any(self.model.answered.values()))
    @rule(pick=picks, part=st.integers(1, 120))
    def refund(self, pick: int, part: int) -> None:
        paid = [one for one in self.model.answered.values() if one is not None and not one.ask.cap]
        if not paid:
            return
        paid = [one for one in paid if one.borne] or paid if pick % 2 else paid
        bought = paid[pick % len(paid)]
        amount = max(1, bought.amount * part // 100)
        shown = next(one for one in self.shown if one.ask is bought.ask)
        till = self.tills[bought.ask.till]
        refund = till.refund(shown.sealed, amount)
        answer = till.send_refund(refund)
        if bought.ask.till in self.model.blocked_tills:
            assert answer.code() is ErrorCode.REVOKED
        elif answer.http_status == 403:
            assert not self.expect_as_model(answer, lambda: self.model.refund(bought, amount))
            approval = f"{api.payment_path(shown.sealed.message.request_id)}/refund-approval"
            key = self.offices[self.model.tills[bought.ask.till].shop].key
            approved = self.house.ask("POST", approval, key, {"amount_minor": bought.amount})
            assert approved.ok()["amount_minor"] == bought.amount
            self.model.approved[bought.ask.content] = bought.amount
        elif self.expect_as_model(answer, lambda: self.model.refund(bought, amount)):
            self.refunds.append((till, refund, answer.body))

    @precondition(lambda self: self.refunds)
    @rule(pick=picks)
    def refund_again(self, pick: int) -> None:
        device, refund, first = self.refunds[pick % len(self.refunds)]
        answer = device.send_refund(refund)
        if device not in self.tills:
            assert answer.code() is ErrorCode.UNKNOWN_SIGNER, "another has taken its place"
        elif self.tills.index(device) in self.model.blocked_tills:
            assert answer.code() is ErrorCode.REVOKED
        else:
            assert answer.body == first

    def held(self) -> list[Bought]:
        """Deposits that nobody has ended, their time over or not."""
        return [one for one in self.model.answered.values() if one is not None and one.state is AUTHORIZED]

    # --- terms, keys and webhooks ---

    @rule(
        shop=picks,
        currency=st.sampled_from(["EUR", "JPY"]),
        terms=st.tuples(st.integers(0, 500), st.integers(0, 20), st.integers(0, 40)),
    )
    def agree_fees(self, shop: int, currency: str, terms: tuple[int, int, int]) -> None:
        shop %= len(self.offices)
        policy = FeePolicy(basis_points=terms[0], fixed_minor=terms[1], minimum_minor=terms[2])
        set_fees(self.house.desk.operator.store, self.offices[shop].merchant_id, Currency[currency], policy)
        self.model.shops[shop].terms[currency] = terms

    @precondition(lambda self: len(self.spare_keys) < 12)  # a merchant may have 64
    @rule(shop=picks)
    def make_a_key(self, shop: int) -> None:
        """A key for reading: it reads its merchant's payments, and may do nothing else."""
        shop %= len(self.offices)
        made = self.house.ask("POST", "/v1/api-keys", self.offices[shop].key, {"scopes": ["payments:read"]}).ok()
        self.spare_keys.append((shop, made["api_key"], True))
        refused = self.house.ask("GET", "/v1/events", made["api_key"])
        assert refused.code() is ErrorCode.NOT_AUTHORIZED

    @precondition(lambda self: self.spare_keys)
    @rule(pick=picks)
    def revoke_a_key(self, pick: int) -> None:
        pick %= len(self.spare_keys)
        shop, key, _ = self.spare_keys[pick]
        for number, office in enumerate(self.offices):
            answer = self.house.ask("DELETE", f"/v1/api-keys/{key.split('_')[1]}", office.key)
            assert answer.http_status == (200 if number == shop else 404)
        self.spare_keys[pick] = (shop, key, False)

    @precondition(lambda self: self.spare_keys)
    @rule(pick=picks)
    def use_a_key(self, pick: int) -> None:
        shop, key, is_good = self.spare_keys[pick % len(self.spare_keys)]
        answer = self.house.ask("GET", "/v1/merchant", key)
        if is_good:
            assert answer.ok()["merchant_id"] == self.offices[shop].merchant_id
        else:
            assert answer.code() is ErrorCode.NOT_AUTHENTICATED

    @precondition(lambda self: sum(len(office.endpoints) for office in self.offices) < 4)
    @rule(shop=picks, kinds=st.sets(st.sampled_from(KINDS)))
    def want_webhooks(self, shop: int, kinds: set[str]) -> None:
        """From now on; what was before has its number already, so it does not go there."""
        office = self.offices[shop % len(self.offices)]
        seen = len(self.events_of(office))
        content = {"url": "https://8.8.8.8/hook", "kinds": sorted(kinds)}
        made = self.house.ask("POST", "/v1/webhooks/endpoints", office.key, content).ok()
        office.endpoints[made["endpoint_id"]] = (seen, kinds)

    # --- time ---

    @rule(seconds=st.one_of(st.integers(1, 400), st.sampled_from([179, 180, 181, 420]), st.integers(600, 20_000)))
    def wait(self, seconds: int) -> None:
        self.pass_time(seconds)

    @rule(days=st.integers(1, 40), pick=picks)
    def wait_long(self, days: int, pick: int) -> None:
        if not pick % 4:
            self.pass_time(days * DAY_S)

    @rule()
    def look_at_the_clock(self) -> None:
        """The timekeeper ends each deposit whose time is over, and nothing else."""
        self.house.look()
        for bought in self.model.expire(self.now_s()):
            path = api.payment_path(bought.ask.name)
            assert self.tills[bought.ask.till].read(path).ok()["state"] == "EXPIRED"

    # --- parts ---

    def pending_of(self, shop: Shop, currency: str) -> int:
        """What payers have set aside for a merchant."""
        own = [one for one in self.held() if self.model.shops[self.model.tills[one.ask.till].shop] is shop]
        return sum(one.amount for one in own if one.ask.currency == currency)

    def events_of(self, office: Office) -> list[str]:
        """The kinds of a merchant's events in their sequence; numbers have no gap."""
        told: list[str] = []
        while True:
            page = self.house.ask("GET", f"/v1/events?after={len(told)}&limit=200", office.key).ok()["events"]
            assert [one["number"] for one in page] == list(range(len(told) + 1, len(told) + len(page) + 1))
            if not page:
                return told
            told += [one["type"] for one in page]
