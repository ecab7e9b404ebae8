"""The books of somebody who can only add and subtract: what the server must answer, and what each account must hold.

Pure: it knows nothing of messages, HTTP or databases, and shares no code with the server but the names of states and
errors. Times are seconds, amounts minor units of the payer's currency.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from tests.unit.server_stub.machine.things import (
    AUTHORIZED,
    CAPTURED,
    DAY_S,
    DECLINED,
    HOUR_S,
    REJECTED,
    TOKEN_LIFE_S,
    UNCLOSED,
    Allowance,
    Ask,
    Bought,
    Consent,
    Mode,
    Purse,
    RefusedError,
    Shop,
    Standing,
    Till,
    Verdict,
)
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.states import State

#: The server's settings, written a second time.
TOKEN_TOTAL_MAX = 20_000
PAYMENT_MAX = 5_000
REQUEST_LIFE_S, LATE_S = 120, 60
CLAIM_AGE_S = 30 * DAY_S
RELEASE_AFTER_S = TOKEN_LIFE_S + CLAIM_AGE_S + DAY_S
SKEW_S = 300
SHORTFALL_MAX = 10_000
WALLET_MAX, SHOP_MAX, YOUNG_MAX, ALL_MAX, YOUNG_S = 20_000, 40_000, 10_000, 200_000, 7 * DAY_S
#: The machine's risk.toml: what a presented code in euro may cost.
CODE_CAP = 3_000


@dataclass(slots=True)
class Model:
    """Everything that is known of one operator."""

    purses: list[Purse] = field(default_factory=list)
    shops: list[Shop] = field(default_factory=list)
    #: By their numbers; printed codes have numbers of their own.
    tills: dict[int, Till] = field(default_factory=dict)
    blocked_tills: set[int] = field(default_factory=set)
    #: When another device took a till over, and what may be given back of which payment of before.
    devices_since_s: dict[int, int] = field(default_factory=dict)
    approved: dict[bytes, int] = field(default_factory=dict)
    answered: dict[tuple[int, bytes], Bought | None] = field(default_factory=dict)
    verdicts: dict[bytes, Verdict] = field(default_factory=dict)
    fees: Counter[str] = field(default_factory=Counter)
    loss: Counter[str] = field(default_factory=Counter)
    #: What the operator has borne, by whose budget, number, day and currency.
    drawn: Counter[tuple[str, int, int, str]] = field(default_factory=Counter)
    funded: Counter[str] = field(default_factory=Counter)
    denials: int = 0
    frauds: int = 0

    # --- payers ---

    def let_in(self, currency: str, funds: int) -> int:
        """A new payer with his money."""
        self.purses.append(Purse(currency, funds))
        self.funded[currency] += funds
        return len(self.purses) - 1

    def issue(self, payer: int, asked: int, now_s: int, *, closes: bool = True) -> int:
        """Close the newest allowance, release what nobody can claim any more, and put aside the next; its total.

        A phone that has taken over from another cannot close what that one had.
        """
        purse = self.purses[payer]
        if purse.blocked:
            raise RefusedError(ErrorCode.REVOKED)
        if closes and purse.allowances and purse.newest.standing in UNCLOSED:
            self.give_back(payer)
        for old in purse.allowances:
            if now_s >= old.made_at_s + RELEASE_AFTER_S and old.standing is not Standing.FRAUD:
                purse.available += old.escrow
                old.escrow = 0
        total = min(asked, TOKEN_TOTAL_MAX, purse.available)
        purse.available -= total
        purse.allowances.append(Allowance(total, now_s, total))
        return total

    def give_back(self, payer: int) -> None:
        """Close the newest allowance at what was signed."""
        purse, newest = self.purses[payer], self.purses[payer].newest
        if newest.is_returned:
            return
        if newest.standing not in UNCLOSED:
            raise RefusedError(ErrorCode.TOKEN_CLOSED)
        unused = min(newest.total - newest.signed + newest.dead, newest.escrow)
        newest.escrow -= unused
        purse.available += unused
        newest.standing, newest.is_returned = Standing.CLOSED, True

    def revoke(self, payer: int, now_s: int) -> None:
        """End the newest allowance by hand."""
        self._deny(self.purses[payer].newest, now_s)
        if self.purses[payer].newest.standing is Standing.OPEN:
            self.purses[payer].newest.standing = Standing.REVOKED

    def block_payer(self, payer: int, now_s: int) -> None:
        """End a payer, and all he may still hold."""
        if not self.purses[payer].blocked:
            self._end_payer(payer, now_s)

    def replace_phone(self, payer: int, now_s: int) -> None:
        """The old one ends, with all it has; its key is denied."""
        self._end_payer(payer, now_s)
        self.denials += 1
        for allowance in self.purses[payer].allowances:
            if allowance.standing is Standing.OPEN:
                allowance.standing = Standing.REVOKED

    def bind_phone(self, payer: int, now_s: int) -> None:
        """Another phone takes the account over."""
        self.purses[payer].blocked_at_s = None
        self.purses[payer].bound_at_s = now_s

    def block_till(self, till: int) -> None:
        """End a till."""
        self.denials += till not in self.blocked_tills
        self.blocked_tills.add(till)

    # --- paying ---

    def settle(self, ask: Ask, consent: Consent, now_s: int) -> Verdict:
        """One consent to one request, at a till that may still claim."""
        known = self.verdicts.get(consent.digest)
        if known is not None:
            return known
        late = self._too_late(ask, consent, now_s)
        if late is not None:
            return Verdict(state=DECLINED, code=late, forgotten=True)
        allowance = self.purses[consent.payer].allowances[consent.allowance]
        is_twin = consent.counter in allowance.seen
        try:
            self._check(ask, consent)
            if is_twin and consent.mode is not Mode.OFFLINE:
                raise RefusedError(ErrorCode.DOUBLE_SPEND)
            verdict = self._pay(ask, consent, now_s)
        except RefusedError as refused:
            if not is_twin:
                self._bury(ask, consent)
            rejected = consent.mode is Mode.OFFLINE and refused.code is ErrorCode.INSUFFICIENT_FUNDS
            verdict = Verdict(state=REJECTED if rejected else DECLINED, code=refused.code)
        allowance.seen.add(consent.counter)
        self.verdicts[consent.digest] = verdict
        self._tell(ask.till, f"payment.{verdict.state.name.lower()}")
        if is_twin:
            self.frauds += 1
            allowance.standing = Standing.FRAUD
            if allowance.made_at_s < self.purses[consent.payer].bound_at_s:
                self._deny(allowance, now_s)  # the phone was lost before: its owner is not to blame
            else:
                self._end_payer(consent.payer, now_s)
            self._tell(ask.till, "fraud_case.opened")
        return verdict

    def close(self, ask: Ask) -> State:
        """A till ends its request; what became of it."""
        key = (ask.till, ask.name)
        if key not in self.answered:
            self.answered[key] = None
            self._tell(ask.till, "payment.closed")
        bought = self.answered[key]
        return State.CANCELED if bought is None else bought.state

    # --- after paying ---

    def end_hold(self, bought: Bought, taken: int, now_s: int) -> State:
        """A till takes a part of a deposit that is still held, or nothing of it."""
        if bought.state is State.EXPIRED or now_s >= bought.ends_at_s:
            raise RefusedError(ErrorCode.EXPIRED)
        if taken > bought.amount:
            raise RefusedError(ErrorCode.AMOUNT_MISMATCH)
        self._release(bought)
        bought.state = CAPTURED if taken else State.VOIDED
        if taken:
            self.purses[bought.payer].available -= taken
            bought.amount = taken
            self._earn(bought.ask, taken)
        self._tell(bought.ask.till, f"payment.{bought.state.name.lower()}")
        return bought.state

    def expire(self, now_s: int) -> list[Bought]:
        """Let deposits go whose time is over, the oldest first."""
        held = [one for one in self.answered.values() if one is not None and one.state is AUTHORIZED]
        due = sorted((one for one in held if one.ends_at_s <= now_s), key=lambda one: one.ends_at_s)
        for bought in due:
            self._release(bought)
            bought.state = State.EXPIRED
            self._tell(bought.ask.till, "payment.expired")
        return due

    def refund(self, bought: Bought, amount: int) -> None:
        """Give back a part of a payment: first what the operator bore of it, then the payer's."""
        is_of_before = bought.paid_at_s < self.devices_since_s.get(bought.ask.till, 0)
        if is_of_before and bought.refunded + amount > self.approved.get(bought.ask.content, 0):
            raise RefusedError(ErrorCode.NOT_AUTHORIZED)
        if bought.state is not CAPTURED:
            raise RefusedError(ErrorCode.BAD_TRANSITION)
        if amount > bought.amount - bought.refunded:
            raise RefusedError(ErrorCode.AMOUNT_MISMATCH)
        shop, currency = self.shops[self.tills[bought.ask.till].shop], bought.ask.currency
        if amount > shop.payable[currency]:
            raise RefusedError(ErrorCode.INSUFFICIENT_FUNDS)
        to_loss = min(amount, max(0, bought.borne - bought.refunded))
        shop.payable[currency] -= amount
        self.loss[currency] += to_loss
        self.purses[bought.payer].available += amount - to_loss
        bought.refunded += amount
        self._tell(bought.ask.till, "refund.settled")

    # --- what every account must hold ---

    def balances(self) -> dict[tuple[str, str, str], int]:
        """By kind, holder (payer, or payer and allowance, or shop, by number) and currency; nothing is left out."""
        found: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        for payer, purse in enumerate(self.purses):
            found["PAYER_AVAILABLE", str(payer), purse.currency] += purse.available
            found["PAYER_HELD", str(payer), purse.currency] += purse.held
            for number, allowance in enumerate(purse.allowances):
                found["PAYER_ESCROW", f"{payer}.{number}", purse.currency] += allowance.escrow
        for number, shop in enumerate(self.shops):
            for currency, payable in shop.payable.items():
                found["MERCHANT_PAYABLE", str(number), currency] += payable
        for kind, sums in (("FEES", self.fees), ("FRAUD_LOSS", self.loss)):
            for currency, minor in sums.items():
                found[kind, "", currency] += minor
        for currency, minor in self.funded.items():
            found["FUNDING", "", currency] -= minor
        return {name: minor for name, minor in found.items() if minor}

    # --- parts ---

    def _too_late(self, ask: Ask, consent: Consent, now_s: int) -> ErrorCode | None:
        ends_at_s = self.purses[consent.payer].allowances[consent.allowance].ends_at_s
        if consent.mode is Mode.OFFLINE:
            if now_s - ask.made_at_s > CLAIM_AGE_S:
                return ErrorCode.LATE_CAPTURE
            return ErrorCode.EXPIRED if ask.made_at_s >= ends_at_s else None
        late = now_s >= ask.made_at_s + REQUEST_LIFE_S + LATE_S or now_s >= ends_at_s
        return ErrorCode.EXPIRED if late else None

    def _check(self, ask: Ask, consent: Consent) -> None:
        """Everything but the money."""
        if ask.is_ended:
            raise RefusedError(ErrorCode.REVOKED)
        key, purse = (ask.till, ask.name), self.purses[consent.payer]
        if key in self.answered:
            bought = self.answered[key]
            if bought is None:
                raise RefusedError(ErrorCode.REQUEST_NOT_OPEN)
            same = bought.ask.content == ask.content
            raise RefusedError(ErrorCode.ALREADY_PAID if same else ErrorCode.CONTENT_CONFLICT)
        is_code = consent.mode is Mode.CODE
        if is_code and ask.hold_h:
            raise RefusedError(ErrorCode.ONLINE_ONLY)
        if purse.currency != ask.currency:
            raise RefusedError(ErrorCode.CURRENCY_MISMATCH)
        if (is_code and ask.amount > consent.ceiling) or (ask.cap and ask.amount > ask.cap):
            raise RefusedError(ErrorCode.OVER_CEILING)
        if consent.mode is not Mode.OFFLINE:
            self._check_may_spend(purse, consent)

    def _check_may_spend(self, purse: Purse, consent: Consent) -> None:
        """Payer and allowance, for what is decided now."""
        standing = purse.allowances[consent.allowance].standing
        if purse.blocked or standing is Standing.REVOKED:
            raise RefusedError(ErrorCode.REVOKED)
        if standing is not Standing.OPEN:
            raise RefusedError(ErrorCode.TOKEN_CLOSED)

    def _pay(self, ask: Ask, consent: Consent, now_s: int) -> Verdict:
        purse, amount = self.purses[consent.payer], ask.amount
        if consent.mode is Mode.CODE and ask.currency == "EUR" and amount > CODE_CAP:
            raise RefusedError(ErrorCode.RISK_REFUSED)
        bought = Bought(ask, consent.payer, AUTHORIZED if ask.hold_h else CAPTURED, amount, paid_at_s=now_s)
        if consent.mode is Mode.OFFLINE:
            allowance = purse.allowances[consent.allowance]
            bought.borne = max(0, amount - allowance.escrow)
            if bought.borne:
                self._bear(ask, consent, bought.borne, now_s)
            allowance.escrow -= amount - bought.borne
        elif amount > purse.available:
            raise RefusedError(ErrorCode.INSUFFICIENT_FUNDS)
        else:
            purse.available -= amount
        if ask.hold_h:
            purse.held += amount
            bought.ends_at_s = now_s + ask.hold_h * HOUR_S
        else:
            self._earn(ask, amount)
        self.answered[ask.till, ask.name] = bought
        return Verdict(state=bought.state)

    def _bear(self, ask: Ask, consent: Consent, borne: int, now_s: int) -> None:
        """What the operator bears: nothing of whom he knows, and no more than each budget."""
        purse, till = self.purses[consent.payer], self.tills[ask.till]
        allowance = purse.allowances[consent.allowance]
        if allowance.borne[ask.till] + borne > SHORTFALL_MAX:
            raise RefusedError(ErrorCode.INSUFFICIENT_FUNDS)
        known = [at_s for at_s in (purse.blocked_at_s, allowance.denied_at_s) if at_s is not None]
        if known and max(ask.made_at_s, till.enrolled_at_s) >= min(known):
            raise RefusedError(ErrorCode.INSUFFICIENT_FUNDS)
        day = now_s // DAY_S
        drawn = {("wallet", consent.payer, 0): WALLET_MAX, ("shop", till.shop, day): SHOP_MAX, ("all", 0, day): ALL_MAX}
        if ask.made_at_s - till.enrolled_at_s < YOUNG_S:
            drawn["young", till.shop, day] = YOUNG_MAX
        names = {(*name, ask.currency): most for name, most in drawn.items()}
        if any(self.drawn[name] + borne > most for name, most in names.items()):
            raise RefusedError(ErrorCode.INSUFFICIENT_FUNDS)
        self.drawn.update(dict.fromkeys(names, borne))
        allowance.borne[ask.till] += borne
        self.loss[ask.currency] -= borne

    def _bury(self, ask: Ask, consent: Consent) -> None:
        """What was signed offline and is refused for ever costs nothing: it need not be kept aside any more."""
        purse = self.purses[consent.payer]
        if consent.mode is not Mode.OFFLINE or purse.blocked:
            return
        allowance = purse.allowances[consent.allowance]
        if allowance.standing in UNCLOSED:
            allowance.dead += ask.amount
            return
        freed = min(ask.amount, allowance.escrow)
        allowance.escrow -= freed
        purse.available += freed

    def _earn(self, ask: Ask, amount: int) -> None:
        """The merchant's part and the operator's, worked out a second time, in fractions."""
        shop = self.shops[self.tills[ask.till].shop]
        basis_points, fixed, minimum = shop.terms.get(ask.currency, (0, 0, 0))
        part = int(Fraction(amount * basis_points, 10_000) + Fraction(1, 2))
        fee = min(amount, max(part + fixed, minimum))
        shop.payable[ask.currency] += amount - fee
        self.fees[ask.currency] += fee

    def _release(self, bought: Bought) -> None:
        self.purses[bought.payer].held -= bought.amount
        self.purses[bought.payer].available += bought.amount

    def _end_payer(self, payer: int, now_s: int) -> None:
        for allowance in self.purses[payer].allowances:
            self._deny(allowance, now_s)
        if not self.purses[payer].blocked:
            self.purses[payer].blocked_at_s = now_s

    def _deny(self, allowance: Allowance, now_s: int) -> None:
        if allowance.denied_at_s is None and now_s < allowance.ends_at_s + SKEW_S:
            allowance.denied_at_s = now_s
            self.denials += 1

    def take_over(self, till: int, now_s: int) -> None:
        """Another device has a till's number; what was paid before is not its own to give back."""
        self.denials += 1
        self._tell(till, "terminal.replacing")
        self._tell(till, "terminal.replaced")
        self.devices_since_s[till] = now_s

    def _tell(self, till: int, kind: str) -> None:
        self.shops[self.tills[till].shop].events.append(kind)
