"""A payee's name is taken when every till and wallet can draw it, and refused with its letters when they cannot."""

import pytest

from server_stub.service.administration import MerchantDetails, add_merchant
from tests.unit.server_stub.harness import House
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.money import Currency

ON_EVERY_DATABASE = True
NAMES = ["ร้านน้ำ", "서울 커피", "さくらカフェ", "Кофейня", "Καφενείο", "קפה שלום", "Phở Bà", "臺灣茶館", "مقهى"]


def details(name: str, city: str = "") -> MerchantDetails:
    """A payee of this name."""
    return MerchantDetails(name=name, city=city, country="PT", mcc=5813, currencies=(Currency.EUR,))


@pytest.mark.parametrize("name", NAMES)
def test_names_of_many_scripts_are_taken(house: House, name: str) -> None:
    """They are missing on no screen and no paper."""
    assert add_merchant(house.desk.operator.store, details(name)).name == name


@pytest.mark.parametrize(("name", "letters"), [("ቡና", "ቡና"), ("Café ☕", "☕"), ("Кофе 커피", "커피")])
def test_a_name_that_no_font_of_ours_has_is_refused(house: House, name: str, letters: str) -> None:
    """By the command line and over HTTP, as name and as city, with the letters that are missing; nothing is written."""
    for field in ("name", "city"):
        with pytest.raises(MisuseError) as caught:
            add_merchant(house.desk.operator.store, details(**{"name": "Bar", field: name}))
        assert (caught.value.code, caught.value.param) == (ErrorCode.BAD_ARGUMENT, field)
        assert letters in caught.value.message
    told = house.ask("POST", "/v1/merchants", house.new_key(None), {"name": name, "country": "PT"})
    assert told.http_status == 400


def test_letters_with_their_marks_beside_them_are_told_how_to_be_written(house: House) -> None:
    """Some keyboards send accents as characters of their own."""
    with pytest.raises(MisuseError, match="NFC"):
        add_merchant(house.desk.operator.store, details("Cafe\u0301"))
