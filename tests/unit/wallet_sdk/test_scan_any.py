"""EMV codes at the wallet: ours are verified and paid, others are shown as what they are."""

import pytest

from tests.unit.wallet_sdk.world import World
from wallet_sdk.protocol.emv import UntrustedRequest, export_merchant_presented
from wallet_sdk.protocol.emv.merchant import checksum
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError
from wallet_sdk.store import Outcome
from wallet_sdk.wallet import PayMode, Quote

PIX = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000"
    "5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D"
)


@pytest.mark.parametrize("mode", [PayMode.ONLINE, PayMode.OFFLINE])
def test_a_signed_request_in_an_emv_code_is_paid_like_any_other(world: World, mode: PayMode) -> None:
    """Payee and amount come from what was signed; the same request as our own code is then paid already."""
    request = world.request()
    quote = world.wallet.scan_any(export_merchant_presented(request).encode())
    assert isinstance(quote, Quote)
    assert (quote.merchant_name, str(quote.amount)) == ("Café Mole", "12.50 EUR")
    assert quote.pay(mode).outcome is (Outcome.SETTLED if mode is PayMode.ONLINE else Outcome.OFFLINE)
    with pytest.raises(RuleViolationError, match="ALREADY_PAID"):
        world.wallet.scan_any(export_merchant_presented(request).encode())


def test_our_own_codes_are_read_too(world: World) -> None:
    """So that an integrator has one call for whatever the camera saw."""
    assert isinstance(world.wallet.scan_any(world.request_text()), Quote)


def test_a_changed_amount_is_found_however_right_the_checksum_is(world: World) -> None:
    """A CRC is no security."""
    text = export_merchant_presented(world.request()).encode()
    assert "540512.50" in text
    body = text[:-4].replace("540512.50", "540592.50")
    with pytest.raises(RuleViolationError):
        world.wallet.scan_any(body + checksum(body))


def test_a_code_that_nobody_signed_is_untrusted_and_cannot_be_paid(world: World) -> None:
    """It says so by its type: there is no ``pay``."""
    found = world.wallet.scan_any(PIX)
    assert isinstance(found, UntrustedRequest)
    assert not hasattr(found, "pay")
    assert (found.payee_name, [scheme.name for scheme in found.schemes]) == ("Fulano de Tal", ["Pix"])
    assert world.server.received == []


@pytest.mark.parametrize("text", ["", "HTTPS://EXAMPLE.ORG", "TC2:ABC", PIX[:-1] + "0"])
def test_what_is_neither_is_malformed(world: World, text: str) -> None:
    """Whatever the camera saw."""
    with pytest.raises(MalformedMessageError):
        world.wallet.scan_any(text)


def told(world: World, text: str) -> str:
    """What is said of a text that is none to pay."""
    with pytest.raises(MalformedMessageError) as caught:
        world.wallet.scan_any(text)
    assert caught.value.code is ErrorCode.NOT_A_TILLCODE
    return caught.value.message


def test_other_schemes_are_named_and_a_wrong_case_too(world: World) -> None:
    """Nobody is told "malformed" of a code that is good elsewhere."""
    assert told(world, "upi://pay?pa=shop@bank&am=99.00") == "this is UPI, and not one that is paid here"
    assert "Bitcoin" in told(world, "bitcoin:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")
    assert "Caps Lock" in told(world, world.request_text().swapcase())


def test_what_a_scanner_puts_around_a_code_does_not_matter(world: World) -> None:
    """An AIM identifier and a line end."""
    assert isinstance(world.wallet.scan_any(f"]Q1{world.request_text()}\r\n"), Quote)
    assert isinstance(world.wallet.scan(f"]Q1{world.request_text()}\r\n"), Quote)
    assert isinstance(world.wallet.scan_any(f"]Q1{PIX}"), UntrustedRequest)
