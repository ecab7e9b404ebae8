"""Whatever devices do, honest or not, money is neither made nor lost, and the ledger stays clean after every step."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from server_stub.ledger import AccountKind
from tests.unit.server_stub.harness import (
    OFFLINE,
    ONLINE,
    House,
    SealedConsent,
    TestTerminal,
    TestWallet,
    opened_house,
)
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import PaymentRequest

FUNDS_MINOR = 3_000

steps = st.lists(
    st.tuples(
        st.sampled_from(["online", "offline", "code", "capture", "again", "clone", "renew", "close", "wait"]),
        st.integers(0, 1),
        st.integers(1, 2_000),
    ),
    min_size=1,
    max_size=14,
)


@dataclass(slots=True)
class Shop:
    """Two terminals and two wallets, the claims that wait, and those that were made."""

    house: House
    terminals: list[TestTerminal]
    wallets: list[TestWallet]
    waiting: list[tuple[int, Sealed[PaymentRequest], SealedConsent]] = field(default_factory=list)
    captured: list[tuple[int, Sealed[PaymentRequest], SealedConsent, dict[str, Any]]] = field(default_factory=list)

    def do(self, step: str, who: int, amount_minor: int) -> None:
        """One step of one wallet, at the terminal of the same number or, for a clone, the other."""
        terminal, wallet = self.terminals[who], self.wallets[who]
        request = terminal.request(amount_minor)
        if step == "online":
            wallet.pay(request)
        elif step == "offline":
            self.waiting.append((who, request, wallet.intent(request, OFFLINE)))
        elif step == "code":
            terminal.capture((request, wallet.code(ceiling_minor=1_000)))
        elif step == "clone":
            other = self.terminals[1 - who].request(amount_minor)
            twin = wallet.intent(
                other, counter=max(wallet.counter, 1), cumulative_minor=max(wallet.spent_minor, amount_minor)
            )
            self.waiting.append((1 - who, other, twin))
        else:
            self._do_again(step, who, request)

    def _do_again(self, step: str, who: int, request: Sealed[PaymentRequest]) -> None:
        if step == "capture":
            for number, asked, consent in self.waiting:
                outcome = self.terminals[number].capture((asked, consent))[0]
                self.captured.append((number, asked, consent, outcome))
            self.waiting.clear()
        elif step == "again":
            for number, asked, consent, outcome in self.captured:
                assert self.terminals[number].capture((asked, consent))[0] == outcome
        elif step == "renew":
            self.wallets[who].renew(request.message.amount_minor)
        elif step == "close":
            self.terminals[who].close(self.waiting[0][1] if self.waiting and self.waiting[0][0] == who else request)
        else:
            self.house.clock.advance(3600)

    def check(self) -> None:
        """Conservation, from outside and by the audit."""
        self.house.assert_clean()
        balances = self.house.balances()
        assert sum(balances.values()) == 0
        assert balances[(AccountKind.FUNDING, "")] == -2 * FUNDS_MINOR
        below = {kind for (kind, _), minor in balances.items() if minor < 0}
        assert below <= {AccountKind.FUNDING, AccountKind.FRAUD_LOSS}
        if not self.house.audit().fraud_cases:
            assert balances.get((AccountKind.FRAUD_LOSS, ""), 0) == 0, "honest payers cost the operator nothing"


@settings(max_examples=40)
@given(steps)
def test_random_sequences_conserve_money(sequence: list[tuple[str, int, int]]) -> None:
    """Payments of all three kinds, repeats, clones, renewals and closures in any sequence."""
    with tempfile.TemporaryDirectory() as folder, opened_house(Path(folder) / "server") as house:
        shop = Shop(
            house,
            [house.terminal(), house.terminal()],
            [house.wallet(FUNDS_MINOR, total_max_minor=1_500) for _ in range(2)],
        )
        for step, who, amount_minor in sequence:
            shop.do(step, who, amount_minor)
            shop.check()


def test_a_wallet_that_never_lies_is_never_blocked(house: House) -> None:
    """Every honest mixture of modes, with claims that come late and out of sequence, makes no fraud case. (R-97)"""
    terminal, wallet = house.terminal(), house.wallet(FUNDS_MINOR, total_max_minor=1_500)
    late = []
    for amount_minor in (10, 20, 30, 40):
        asked = [terminal.request(amount_minor) for _ in range(3)]
        late.append((asked[0], wallet.intent(asked[0], OFFLINE)))
        assert wallet.send(asked[1].envelope, wallet.intent(asked[1], ONLINE).envelope).ok()["error_code"] == 0
        assert terminal.capture((asked[2], wallet.code()))[0]["error_code"] == 0
    first, *rest = late
    assert [outcome["error_code"] for outcome in terminal.capture(*reversed(rest))] == [0, 0, 0]
    wallet.renew(1_000).ok()
    assert terminal.capture(first)[0]["error_code"] == 0
    assert house.audit().fraud_cases == 0
    assert wallet.pay(terminal.request(1_000))["error_code"] in {0, ErrorCode.INSUFFICIENT_FUNDS}
    house.assert_clean()
