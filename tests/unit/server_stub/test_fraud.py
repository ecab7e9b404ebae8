"""Double spends: found, proved, paid or rejected by policy, and the end of the wallet."""

from pathlib import Path

import pytest

from server_stub.config import PaymentPolicy, ServerConfig, TerminalLimits
from server_stub.ledger import AccountKind
from server_stub.store.tables.payments import FRAUD_CASES
from tests.unit.server_stub.harness import ONLINE, House, opened_house
from wallet_sdk.protocol.api import from_base64url
from wallet_sdk.protocol.envelope import open_unverified
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.evidence import Contradiction, FraudFinding, verify_fraud_proof
from wallet_sdk.protocol.messages import Liability, Receipt

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True


def only_finding(house: House) -> FraudFinding:
    """What the one fraud case's proof says, checked with nothing but the root key."""
    with house.desk.operator.store.reading() as reader:
        (case,) = reader.list_all(FRAUD_CASES)
    return verify_fraud_proof(case.proof, root_key=house.desk.operator.trust.root_key)


def test_a_cloned_wallet_at_two_terminals_is_proved(house: House) -> None:
    """The same counter at two terminals: both merchants are paid, the proof verifies, the wallet is blocked."""
    one, two, wallet = house.terminal(), house.terminal(), house.wallet(total_max_minor=2_000)
    first, second = one.request(1_500), two.request(1_400)
    intents = [
        wallet.intent(first, counter=1, cumulative_minor=1_500),
        wallet.intent(second, counter=1, cumulative_minor=1_400),
    ]
    assert one.capture((first, intents[0]))[0]["error_code"] == 0
    assert two.capture((second, intents[1]))[0]["error_code"] == 0
    finding = only_finding(house)
    assert finding.contradiction is Contradiction.SAME_COUNTER
    assert wallet.token_signer is not None
    assert finding.device_key == wallet.token_signer.public_key
    assert sorted(finding.amounts_minor) == [1_400, 1_500]
    assert house.payable_minor() == 2_900
    assert house.balances()[(AccountKind.FRAUD_LOSS, "")] == -900
    house.assert_clean()


def test_the_same_double_spend_again_makes_no_second_case(house: House) -> None:
    """A repeated claim gets its answer and proves nothing new."""
    terminal, wallet = house.terminal(), house.wallet()
    first, second = terminal.request(10), terminal.request(20)
    claims = [(request, wallet.intent(request, counter=1, cumulative_minor=20)) for request in (first, second)]
    assert terminal.capture(*claims) == terminal.capture(*claims)
    assert house.audit().fraud_cases == 1


@pytest.mark.parametrize("late", [0, 1])
def test_a_sum_that_falls_is_proved_whichever_comes_first(house: House, late: int) -> None:
    """A restored backup counts on from an old sum: the neighbour before or after gives it away."""
    terminal, wallet = house.terminal(), house.wallet()
    requests = [terminal.request(1_000), terminal.request(400)]
    claims = [
        (requests[0], wallet.intent(requests[0], counter=1, cumulative_minor=1_000)),
        (requests[1], wallet.intent(requests[1], counter=2, cumulative_minor=400)),
    ]
    terminal.capture(claims[late])
    terminal.capture(claims[1 - late])
    assert only_finding(house).contradiction is Contradiction.SUM_FELL
    assert house.payable_minor() == 1_400
    house.assert_clean()


def test_a_blocked_wallet_gets_no_token_no_intent_and_no_code(house: House) -> None:
    """After a proof only what terminals took in good faith is still paid. (R-89)"""
    terminal, wallet = house.terminal(), house.wallet(total_max_minor=1_000)
    requests = [terminal.request(10) for _ in range(6)]
    late = wallet.intent(requests[5], counter=9, cumulative_minor=30)
    terminal.capture(*((one, wallet.intent(one, counter=5, cumulative_minor=20)) for one in requests[:2]))
    wallet.counter = 5
    assert wallet.pay(requests[2])["error_code"] == ErrorCode.REVOKED
    assert terminal.capture((requests[3], wallet.code()))[0]["error_code"] == ErrorCode.REVOKED
    assert wallet.renew(1_000).code() is ErrorCode.REVOKED
    assert terminal.capture((requests[5], late))[0]["error_code"] == 0
    house.assert_clean()


def test_an_online_double_spend_is_declined(house: House) -> None:
    """Online nothing is given before the issuer is asked, so nobody loses. (R-97)"""
    terminal, wallet = house.terminal(), house.wallet()
    first, second = terminal.request(10), terminal.request(20)
    wallet.pay(first)
    again = wallet.intent(second, ONLINE, counter=1)
    assert wallet.send(second.envelope, again.envelope).ok()["error_code"] == ErrorCode.DOUBLE_SPEND
    assert only_finding(house).contradiction is Contradiction.SAME_COUNTER
    assert house.payable_minor() == 10
    house.assert_clean()


def test_a_token_closed_at_too_small_a_sum_gives_the_wallet_away(house: House) -> None:
    """The wallet signed its closing sum; an intent over it contradicts that, and is paid all the same."""
    terminal, wallet = house.terminal(), house.wallet(total_max_minor=2_000)
    request = terminal.request(1_500)
    hidden = wallet.intent(request)
    wallet.renew(0, closing=wallet.closing(spent_minor=0)).ok()
    assert wallet.balance() == (10_000, 0)
    assert terminal.capture((request, hidden))[0]["error_code"] == 0
    finding = only_finding(house)
    assert finding.contradiction is Contradiction.UNDERSTATED_CLOSING
    assert sorted(finding.amounts_minor) == [0, 1_500]
    assert wallet.pay(terminal.request())["error_code"] == ErrorCode.REVOKED
    assert house.balances()[(AccountKind.FRAUD_LOSS, "")] == -1_500
    house.assert_clean()


def test_uncovered_claims_are_rejected_when_the_merchant_bears_them(tmp_path: Path) -> None:
    """The operator's other policy: what escrow does not cover is not paid, and every offline receipt says so. (R-93)"""
    config = ServerConfig(payments=PaymentPolicy(uncovered=Liability.MERCHANT))
    with opened_house(tmp_path / "server", config=config) as house:
        terminal, wallet = house.terminal(), house.wallet(total_max_minor=2_000)
        first, second = terminal.request(1_500), terminal.request(1_500)
        claims = [(one, wallet.intent(one, counter=1, cumulative_minor=1_500)) for one in (first, second)]
        outcomes = terminal.capture(*claims)
        assert [outcome["state"] for outcome in outcomes] == ["CAPTURED", "REJECTED"]
        assert outcomes[1]["error_code"] == ErrorCode.INSUFFICIENT_FUNDS
        receipt = open_unverified(from_base64url(outcomes[0]["receipt"]), Receipt).message
        assert receipt.liability is Liability.MERCHANT
        assert house.payable_minor() == 1_500
        assert only_finding(house).contradiction is Contradiction.SAME_COUNTER
        house.assert_clean()


def test_a_merchant_and_a_wallet_together_cannot_mint_from_the_operators_loss(tmp_path: Path) -> None:
    """Contradicting intents without end at one till: the operator bears the till's share of the token, and no more."""
    #
    config = ServerConfig(terminals=TerminalLimits(token_stored_max_minor=3_000))
    with opened_house(tmp_path / "server", config=config) as house:
        terminal, wallet = house.terminal(), house.wallet(total_max_minor=2_000)
        requests = [terminal.request(1_000) for _ in range(12)]
        claims = [(one, wallet.intent(one, counter=1, cumulative_minor=1_000)) for one in requests]
        house.clock.advance(60)
        outcomes = [terminal.capture(claim)[0] for claim in claims]
        assert [outcome["state"] for outcome in outcomes] == ["CAPTURED"] * 5 + ["REJECTED"] * 7
        assert house.balances()[(AccountKind.FRAUD_LOSS, "")] == -3_000
        assert house.payable_minor() == 2_000 + 3_000
        house.assert_clean()
