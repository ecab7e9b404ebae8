"""Merchants and payers who work together against the operator, and know everything about the server.

A plan says how often they do what. Whatever they try, they go through the real service; what it refuses is no fault.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

from server_stub.config import LossLimits
from server_stub.service.administration import MerchantDetails, add_merchant, terminal_code
from server_stub.service.replacing import replacing_terminal_code, replacing_wallet_code
from tests.unit.server_stub.harness import NEVER_S, OFFLINE, ONLINE, House, TestTerminal, TestWallet
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.ids import Envelope, MerchantId, WalletId
from wallet_sdk.protocol.messages import NO_ENVELOPE, CertificateRequest, PaymentIntent, PaymentRequest
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.testing import SeededRandom

T = TypeVar("T")

DAY_S: Final = 24 * 3600
#: What one payer has to begin with, and what one claim is: as much as one offline payment may be.
FUNDS_MINOR = PAYMENT_MINOR = 5_000
PAYERS_MAX, SHOPS_MAX, TILLS_MAX = 6, 3, 12
CURRENCIES: Final = (Currency.EUR, Currency.EUR, Currency.JPY)
#: What each capture has drawn from a loss account and when, by its postings alone.
_DRAWN: Final = (
    "SELECT o.currency, -sum(o.amount_minor) FROM postings o JOIN accounts a ON a.id = o.account_id JOIN entries e"
    " ON e.number = o.entry_number WHERE a.kind = 5 AND e.kind = 4 GROUP BY o.currency"
)

Claim = tuple[Sealed[PaymentRequest], Sealed[PaymentIntent]]
#: How often each thing is done, by its name, in one part of a plan after the other.
Plan = tuple[dict[str, int], ...]


@dataclass(slots=True, kw_only=True)
class Payer:
    """One payer; ``copies`` are the phone as it was with each token that it ever had."""

    wallet_id: WalletId
    phone: TestWallet
    currency: Currency
    copies: list[TestWallet] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Till:
    """A device with a terminal's number; another may have taken it over since."""

    shop: MerchantId
    device: TestTerminal


@dataclass(slots=True, kw_only=True)
class Ring:
    """Everybody who takes part, and all they keep for later."""

    house: House
    random: SeededRandom
    payers: list[Payer] = field(default_factory=list)
    shops: list[MerchantId] = field(default_factory=list)
    tills: list[Till] = field(default_factory=list)
    hoard: list[tuple[Till, Claim]] = field(default_factory=list)
    days: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        for enter in (self.open_shop, self.open_shop, *[self.open_till] * 4, self.open_payer, self.open_payer):
            enter()

    def run(self, plan: Plan, steps: int) -> None:
        """So many steps, as many in each part and drawn by its weights; then all that was kept is handed in."""
        for part in plan:
            moves = [name for name, weight in sorted(part.items()) for _ in range(weight)]
            for _ in range(steps // len(plan)):
                MOVES[self.pick(moves)](self)
                self.house.clock.advance(60)
        while self.hoard:
            self.cash()

    def pick(self, several: Sequence[T]) -> T:
        return several[int.from_bytes(self.random.random_bytes(4), "big") % len(several)]

    def do_the_worst(self) -> None:
        """What draws most: old tills, everything signed before anybody is known, and each payer at each till."""
        self.grow_old()
        kept = [(till, self._signed(till, payer.phone)) for payer in self.payers for till in self.tills * 2]
        self.house.clock.advance(60)
        for till, claim in kept:
            self._capture(till, [claim])

    # --- who takes part ---

    def open_shop(self) -> None:
        if len(self.shops) < SHOPS_MAX:
            details = MerchantDetails(name="Shop", city="Lisboa", country="PT", mcc=5812, currencies=CURRENCIES[1:])
            self.shops.append(add_merchant(self.house.desk.operator.store, details).merchant_id)

    def open_till(self) -> None:
        if len(self.tills) < TILLS_MAX:
            self._enrol(lambda store, shop: terminal_code(store, shop, random=self.random, expires_at_s=NEVER_S))

    def replace_till(self) -> None:
        old, now_s = self.pick(self.tills), self.house.desk.operator.now_s()
        number = old.device.message.terminal_id
        code = replacing_terminal_code(
            self.house.desk.operator.store, number, random=self.random, not_before_s=0, expires_at_s=NEVER_S, at_s=now_s
        )
        old.device = self._device()
        old.device.enrol(code)

    def certify(self) -> None:
        """A fresh certificate for every till; the old one may still date a request back."""
        for till in self.tills:
            asked = seal(CertificateRequest(made_at_s=till.device.now_s()), till.device.signer).envelope
            answer = self.ask(api.PATH_CERTIFICATES, asked)
            if answer is not None:
                till.device.certificate = Envelope(api.from_base64url(answer["certificate"]))

    def open_payer(self) -> None:
        if len(self.payers) >= PAYERS_MAX:
            return
        currency = self.pick(CURRENCIES)
        funds = Money(minor=FUNDS_MINOR, currency=currency)
        code = self.house.wallet_code(funds)
        phone = self._phone()
        payer = Payer(wallet_id=phone.enrol(code).ok()["wallet_id"], phone=phone, currency=currency)
        self.payers.append(payer)
        for _ in range(3):  # each closed as if nothing had been spent
            self._renew(payer)

    def replace_phone(self) -> None:
        self.house.clock.advance(1)  # a person does it, who is never as fast as the clock's second
        payer, now_s = self.pick(self.payers), self.house.desk.operator.now_s()
        code = replacing_wallet_code(
            self.house.desk.operator.store, payer.wallet_id, random=self.random, expires_at_s=NEVER_S, at_s=now_s
        )
        payer.phone = self._phone()
        payer.phone.enrol(code)
        self._renew(payer)

    # --- tokens ---

    def renew_low(self) -> None:
        """Close a token as if nothing had been spent, and get the money back in the next."""
        payer = self.pick(self.payers)
        payer.phone.spent_minor = 0
        self._renew(payer)

    def one_more_token(self) -> None:
        """As a phone that has forgotten the one it has."""
        payer = self.pick(self.payers)
        self._renew(payer, closing=NO_ENVELOPE)

    def give_back(self) -> None:
        """Close a token and take no other."""
        payer = self.pick(self.payers)
        self.ask(api.PATH_RETURNS, payer.phone.closing(spent_minor=0))

    # --- claims ---

    def claim(self) -> None:
        """One or two contradicting payments, as of now."""
        till, claims = self._claims(count=self.pick((1, 2)), is_dated_back=False)
        self._capture(till, claims)

    def claim_back(self) -> None:
        """The same, as of when token and certificate were both young."""
        till, claims = self._claims(count=self.pick((1, 2, 4)), is_dated_back=True)
        self._capture(till, claims)

    def keep(self) -> None:
        """Sign now, claim later, when the till is older and nobody is known."""
        till, claims = self._claims(count=self.pick((1, 2, 4)), is_dated_back=False)
        self.hoard += [(till, claim) for claim in claims]

    def cash(self) -> None:
        """Hand in some of what was kept."""
        some, self.hoard = self.hoard[:8], self.hoard[8:]
        for till, claim in some:
            self._capture(till, [claim])

    def pay_as_wallet(self) -> None:
        """An offline intent that the wallet itself brings, and an online one."""
        till, claims = self._claims(count=1, is_dated_back=False)
        (request, intent) = claims[0]
        self._send(request, intent)
        payer = self.pick(self.payers)
        if payer.phone.token is not None:
            online = till.device.request(100, currency=payer.currency)
            self._send(online, payer.phone.intent(online, ONLINE))

    def refund(self) -> None:
        """Give back what was captured, borne or not."""
        till = self.pick(self.tills)
        for payment in self._payments_of(till)[-4:]:
            amount_minor = self.pick((1, PAYMENT_MINOR // 2, PAYMENT_MINOR))
            refund = till.device.refund(payment, amount_minor)
            self.ask(api.PATH_REFUNDS, refund.envelope)

    # --- time ---

    def pass_hour(self) -> None:
        self.house.clock.advance(3_600)

    def pass_day(self) -> None:
        self.house.clock.advance(DAY_S)
        self.certify()

    def grow_old(self) -> None:
        """Until nobody is young."""
        self.house.clock.advance(8 * DAY_S)
        self.certify()
        for payer in self.payers:
            self._renew(payer)

    # --- what came of it ---

    def drawn_minor(self) -> dict[Currency, int]:
        """What was drawn from each loss account, by its postings; what refunds gave back is not taken off."""
        with self.house.desk.operator.store.reading() as reader:
            return {Currency.from_number(number): int(minor) for number, minor in reader.rows(_DRAWN)}

    def bound_minor(self, limits: LossLimits, currency: Currency) -> int:
        """The formula of docs/protocol/threats.md."""
        wallets = sum(payer.currency is currency for payer in self.payers)
        of_merchants = len(self.shops) * limits.merchant_day_max_minor
        return min(
            wallets * limits.wallet_max_minor,
            len(self.days) * min(of_merchants, limits.day_max_minor),
        )

    # --- parts ---

    def ask(self, path: str, body: bytes) -> dict[str, str] | None:
        """An answer, None when it was refused; nothing that they do may make the server fail."""
        self.days.add(self.house.desk.operator.now_s() // DAY_S)
        answer = self.house.call("POST", path, body, "")
        assert answer.http_status < 500, (path, answer.body)
        return answer.ok() if answer.http_status == 200 else None

    def _send(self, request: Sealed[PaymentRequest], intent: Sealed[PaymentIntent]) -> None:
        body = api.IntentBody(intent=api.to_base64url(intent.envelope), request=api.to_base64url(request.envelope))
        self.ask(api.PATH_INTENTS, api.to_json(body))

    def _capture(self, till: Till, claims: Sequence[Claim]) -> None:
        if claims:
            self.ask(api.PATH_CAPTURES, till.device.batch(*claims))

    def _claims(self, *, count: int, is_dated_back: bool) -> tuple[Till, list[Claim]]:
        """Payments with one token at one till, of which no two can be honest."""
        till, phone = self.pick(self.tills), self.pick(self.pick(self.payers).copies)
        assert phone.token is not None
        start_s = max(till.device.message.not_before_s, phone.token.message.not_before_s)
        made_s = start_s if is_dated_back and start_s <= till.device.now_s() else None
        return till, [
            self._signed(till, phone, counter=self.pick((1, 1, 2, 3)), issued_at_s=made_s) for _ in range(count)
        ]

    def _signed(self, till: Till, phone: TestWallet, *, counter: int = 1, issued_at_s: int | None = None) -> Claim:
        """One payment of all that a token allows, dated back if a time is given."""
        assert phone.token is not None
        token = phone.token.message
        amount_minor = max(1, min(PAYMENT_MINOR, token.total_max_minor))
        request = till.device.request(amount_minor, currency=token.currency)
        if issued_at_s is not None:
            early = replace(request.message, issued_at_s=issued_at_s)
            request = seal(early, till.device.signer, embedded=till.device.certificate)
        return request, phone.intent(request, OFFLINE, counter=counter, cumulative_minor=token.total_max_minor)

    def _payments_of(self, till: Till) -> list[Sealed[PaymentRequest]]:
        """Its requests that were paid, as far as its device's key can give anything back."""
        number = till.device.message.terminal_id
        query = (
            "SELECT c.request FROM payments p JOIN consents c ON c.number = p.number WHERE p.terminal_id = ?"
            " ORDER BY p.number"
        )
        with self.house.desk.operator.store.reading() as reader:
            rows = reader.rows(query, (number,))
        opened = self.house.desk.operator.verifier.open_request
        return [opened(Envelope(bytes(row[0])))[0] for row in rows]

    def _renew(self, payer: Payer, **changes: Envelope) -> None:
        if payer.phone.renew(PAYMENT_MINOR, **changes).http_status == 200:
            payer.copies.append(replace(payer.phone))

    def _enrol(self, code_of: Callable[..., str]) -> None:
        shop = self.pick(self.shops)
        device = self._device()
        device.enrol(code_of(self.house.desk.operator.store, shop)).ok()
        self.tills.append(Till(shop=shop, device=device))

    def _device(self) -> TestTerminal:
        return TestTerminal(
            call=self.house.call, clock=self.house.clock, random=self.random, signer=self.house.new_signer()
        )

    def _phone(self) -> TestWallet:
        return TestWallet(
            call=self.house.call, clock=self.house.clock, random=self.random, signer=self.house.new_signer()
        )


MOVES: Final[dict[str, Callable[[Ring], None]]] = {
    "cash": Ring.cash,
    "claim": Ring.claim,
    "claim_back": Ring.claim_back,
    "certify": Ring.certify,
    "give_back": Ring.give_back,
    "grow_old": Ring.grow_old,
    "keep": Ring.keep,
    "one_more_token": Ring.one_more_token,
    "open_payer": Ring.open_payer,
    "open_shop": Ring.open_shop,
    "open_till": Ring.open_till,
    "pass_day": Ring.pass_day,
    "pass_hour": Ring.pass_hour,
    "pay_as_wallet": Ring.pay_as_wallet,
    "refund": Ring.refund,
    "renew_low": Ring.renew_low,
    "replace_phone": Ring.replace_phone,
    "replace_till": Ring.replace_till,
}
