"""What a typing scanner sends reaches the sale, through whatever keyboard layout the machine has."""

from terminal_app.core import Place, Scanned
from terminal_app.devices.trouble import Trouble
from terminal_app.devices.wedge import CALIBRATION_TEXT
from terminal_app.office_commands import DeviceKind
from terminal_app.presenter import Presenter
from terminal_app.screen_model import ScanCustomer, ScanTyped
from tests.unit.terminal_app.devices.test_text_scanners import GERMAN
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode


def code_text(shop: Shop) -> str:
    """A customer's code as its scanner reads it."""
    return qr.to_text(shop.scheme.code(token=shop.token().envelope).envelope)


def test_a_typed_code_is_taken_like_any_other(shop: Shop) -> None:
    """On the keypad it is nothing, while the customer is awaited it pays."""
    shop.core.step(ScanTyped(text=code_text(shop)))
    assert (shop.place, shop.refusal) == (Place.KEYPAD, None)
    shop.do(ScanCustomer(amount_minor=1_250))
    shop.core.step(ScanTyped(text=code_text(shop)))
    shop.run()
    assert shop.sale.state.is_paid


def test_a_wrong_layout_is_undone_after_its_calibration_and_after_a_restart(shop: Shop) -> None:
    """Before it the code is refused; the layout is a fact of the journal."""
    shop.do(ScanCustomer(amount_minor=1_250))
    wrong = code_text(shop).translate(GERMAN)
    assert wrong != code_text(shop)
    shop.core.step(ScanTyped(text=wrong))
    assert shop.refusal is not None
    shop.core.step(ScanTyped(text=CALIBRATION_TEXT.translate(GERMAN)))
    shop.restart()
    shop.run()
    shop.do(ScanCustomer(amount_minor=1_250))
    shop.core.step(ScanTyped(text=code_text(shop).translate(GERMAN)))
    shop.run()
    assert shop.sale.state.is_paid


def test_a_layout_that_nobody_can_undo_is_a_word_on_the_devices_page(shop: Shop) -> None:
    """Until a good calibration."""
    shop.core.step(ScanTyped(text=CALIBRATION_TEXT.replace("+", "*")))
    assert shop.snapshot.device_faults == ((DeviceKind.SCANNER, Trouble.OTHER),)
    shop.core.step(ScanTyped(text=CALIBRATION_TEXT))
    assert not shop.snapshot.device_faults


def test_of_two_codes_in_one_picture_neither_is_taken(shop: Shop) -> None:
    """The first one was, in silence: the wrong customer may have paid. One alone is taken then."""
    shop.do(ScanCustomer(amount_minor=700))
    token = shop.scheme.token().envelope
    codes = [qr.to_text(shop.scheme.code(token=token, counter=number).envelope) for number in (1, 2)]
    assert codes[0] != codes[1]
    shop.core.step(Scanned(texts=tuple(codes)))
    assert shop.refusal is ErrorCode.BAD_ARGUMENT
    assert Presenter(zone=None).present(shop.snapshot).lines == ("More than one code in view. Show one only.",)
    shop.core.step(Scanned(texts=(codes[1],)))
    shop.run()
    result = shop.snapshot.place
    assert result is Place.RESULT
