"""Fees in the service: posted in the entry of the capture, by each merchant's own terms."""

import pytest

from server_stub.fees import FeePolicy
from server_stub.ledger import AccountKind
from server_stub.service.administration import MerchantDetails, add_merchant, set_fees
from tests.unit.server_stub.harness import OFFLINE, ONLINE, House
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.ids import MerchantId
from wallet_sdk.protocol.money import Currency

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True


def fees_minor(house: House) -> int:
    """What the operator has earned."""
    return house.balances().get((AccountKind.FEES, ""), 0)


def test_each_way_of_paying_is_charged_in_its_own_entry(house: House) -> None:
    """Online, offline and by code: the merchant has the amount less the fee, at once."""
    set_fees(house.desk.operator.store, house.merchant_id, Currency.EUR, FeePolicy(basis_points=150, fixed_minor=10))
    terminal, wallet = house.terminal(), house.wallet()
    online, offline, code = (terminal.request(1_000) for _ in range(3))
    outcomes = terminal.capture(
        (online, wallet.intent(online, ONLINE)), (offline, wallet.intent(offline, OFFLINE)), (code, wallet.code())
    )
    assert [outcome["state"] for outcome in outcomes] == ["CAPTURED"] * 3
    assert (fees_minor(house), house.payable_minor()) == (75, 2_925)
    assert house.audit().entries == 1 + 1 + 3, "funding, token, and one entry a payment"
    house.assert_clean()


def test_terms_count_from_now_on_and_for_their_merchant_and_currency(house: House) -> None:
    """What was captured before keeps its fee; another merchant has none; a refund does not give the fee back."""
    store = house.desk.operator.store
    details = MerchantDetails(name="Kiosk", city="", country="PT", mcc=5812, currencies=(Currency.EUR,))
    other = house.terminal(add_merchant(store, details).merchant_id)
    terminal, wallet = house.terminal(), house.wallet()
    requests = [terminal.request(1_000), terminal.request(1_000), other.request(1_000)]
    wallet.pay(requests[0])
    set_fees(store, house.merchant_id, Currency.EUR, FeePolicy(minimum_minor=25))
    wallet.pay(requests[1])
    wallet.pay(requests[2])
    assert fees_minor(house) == 25
    set_fees(store, house.merchant_id, Currency.EUR, FeePolicy(minimum_minor=26))
    assert terminal.send_refund(terminal.refund(requests[1], 1_000)).http_status == 200
    assert (fees_minor(house), house.payable_minor()) == (25, 1_000 - 25)
    house.assert_clean()


def test_books_of_two_currencies_are_kept_apart(house: House) -> None:
    """Each its own accounts and terms; nothing of one ever moves in the other."""
    store = house.desk.operator.store
    set_fees(store, house.merchant_id, Currency.JPY, FeePolicy(basis_points=1_000))
    terminal = house.terminal()
    euro, yen = house.wallet(), house.wallet(50_000, currency=Currency.JPY)
    wallets = ((euro, terminal.request(1_000)), (yen, terminal.request(2_000, currency=Currency.JPY)))
    for wallet, request in wallets:
        assert wallet.pay(request)["state"] == "CAPTURED"
    assert terminal.send_refund(terminal.refund(wallets[1][1], 500)).http_status == 200
    assert yen.balance()[0] == 50_000 - 5_000 - 2_000 + 500
    assert fees_minor(house) == 200
    house.assert_clean()


def test_terms_of_nobody_or_in_another_currency_are_refused(house: House) -> None:
    """A slip of the hand is told, and nothing is stored."""
    store = house.desk.operator.store
    for merchant_id, currency, param in (
        (MerchantId(9), Currency.EUR, "merchant"),
        (house.merchant_id, Currency.USD, "currency"),
    ):
        with pytest.raises(MisuseError) as caught:
            set_fees(store, merchant_id, currency, FeePolicy())
        assert (caught.value.code, caught.value.param) == (ErrorCode.BAD_ARGUMENT, param)


def test_fees_are_agreed_on_the_command_line(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """In the words of a person, while the server runs."""
    words = ["--basis-points", "150", "--fixed", "0.10", "--minimum", "0.25"]
    assert house.command("merchant", "fees", str(house.merchant_id), *words) == 0
    assert capsys.readouterr().out == f"merchant {house.merchant_id}: 150 basis points, 0.10 fixed, at least 0.25 EUR\n"
    house.wallet().pay(house.terminal().request(1_000))
    assert fees_minor(house) == 25
