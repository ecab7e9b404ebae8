"""Money is an int of minor units; nothing in it rounds, and no currency is another's alias."""

from random import Random  # noqa: TID251 (the type of the rng fixture)

import pytest

from tests.unit.wallet_sdk.protocol.samples import code_raised
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.money import Currency, Money, format_money, format_number, parse_money

#: Written down a second time from ISO 4217 list one, for the ones that differ or are often confused.
NUMBERS = {"AUD": 36, "BHD": 48, "EUR": 978, "GBP": 826, "JPY": 392, "KWD": 414, "TND": 788, "USD": 840, "VND": 704}
DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "BHD": 3, "KWD": 3, "TND": 3}

all_currencies = pytest.mark.parametrize("currency", list(Currency), ids=lambda currency: currency.name)


def test_no_currency_is_an_alias() -> None:
    """With plain digits as values EUR and USD would have become one; names, numbers and members agree in count."""
    assert len(Currency) == len(Currency.__members__) == len({currency.number for currency in Currency}) == 44
    assert {Currency.from_number(currency.number) for currency in Currency} == set(Currency)


def test_numbers_and_digits_are_those_of_iso_4217() -> None:
    """Three currencies without a minor unit, three with thousandths, the others with hundredths."""
    assert {code: Currency[code].number for code in NUMBERS} == NUMBERS
    assert {currency.name: currency.fraction_digits for currency in Currency if currency.fraction_digits != 2} == DIGITS


@all_currencies
def test_currencies_are_found_both_ways(currency: Currency) -> None:
    """By number and by code comes the same member."""
    assert Currency.from_number(currency.number) is currency
    assert Currency.from_code(currency.name) is currency


@pytest.mark.parametrize("code", ["", "eur", "EURO", "EU", "XXX", "€", "number", "mro", "__class__", "from_code"])
def test_unknown_codes_are_refused(code: str) -> None:
    """Lower case, symbols and names of methods are no currencies."""
    assert code_raised(lambda: Currency.from_code(code)) is ErrorCode.UNKNOWN_CURRENCY


@pytest.mark.parametrize("number", [0, -978, 1, 977, 999, 1000, 2])
def test_unknown_numbers_are_refused(number: int) -> None:
    """2 is a count of digits, not a currency. (R-18)"""
    assert code_raised(lambda: Currency.from_number(number)) is ErrorCode.UNKNOWN_CURRENCY


@all_currencies
def test_what_is_written_is_read_back(currency: Currency, rng: Random) -> None:
    """Format and parse are each other's inverse, from nothing to the largest balance."""
    edges = (0, 1, 9, 10, 99, 100, 999, 1000, 1005, 2**32 - 1, 2**63 - 1)
    for minor in (*edges, *(rng.randrange(2**63) for _ in range(50))):
        money = Money(minor=minor, currency=currency)
        assert parse_money(format_number(minor, currency), currency) == money


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, Currency.EUR, "0.00"),
        (5, Currency.EUR, "0.05"),
        (-5, Currency.EUR, "-0.05"),
        (-100, Currency.EUR, "-1.00"),
        (1250, Currency.EUR, "12.50"),
        (1250, Currency.JPY, "1250"),
        (-1, Currency.JPY, "-1"),
        (1250, Currency.KWD, "1.250"),
        (1, Currency.BHD, "0.001"),
        (2**63 - 1, Currency.EUR, "92233720368547758.07"),
    ],
)
def test_formats(minor: int, currency: Currency, text: str) -> None:
    """A point, all decimals, a sign before the whole, no grouping."""
    assert format_number(minor, currency) == text
    assert format_money(Money(minor=minor, currency=currency)) == f"{text} {currency.name}"
    assert str(Money(minor=minor, currency=currency)) == f"{text} {currency.name}"


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12", Currency.EUR, 1200),
        ("12.5", Currency.EUR, 1250),
        ("012.50", Currency.EUR, 1250),
        ("0.1", Currency.EUR, 10),
        ("0.29", Currency.EUR, 29),  # 0.29 * 100 is 28.999999999999996 in floats
        ("1.15", Currency.EUR, 115),  # 1.15 * 100 is 114.99999999999999
        ("4.35", Currency.USD, 435),
        ("12", Currency.JPY, 12),
        ("1.005", Currency.KWD, 1005),
        ("1.5", Currency.KWD, 1500),
        ("92233720368547758.07", Currency.EUR, 2**63 - 1),
    ],
)
def test_amounts_are_read_exactly(text: str, currency: Currency, minor: int) -> None:
    """Missing decimals are zeros; no float is ever between."""
    assert parse_money(text, currency).minor == minor


@pytest.mark.parametrize(
    "text",
    ["", " ", ".", "12.", ".5", "-1", "+1", "1,50", "1 000", "1_000", "1e3", "0x10", "1.234", "1.2.3", "12.5 ",
     " 12", "12\n", "NaN", "inf", "١٢", "१२", "１２", "²", "1.²", "12.5€",
     "9" * 30, "92233720368547758.08", "0" * 21, "1\x00"],
    ids=repr,
)  # fmt: skip
def test_what_is_no_plain_amount_is_refused(text: str) -> None:
    """Signs, grouping, exponents, other digits, too many decimals and too large amounts."""
    assert code_raised(lambda: parse_money(text, Currency.EUR)) is ErrorCode.BAD_MONEY


@pytest.mark.parametrize("text", ["1.0", "1.", "0.5"])
def test_yen_have_no_decimals(text: str) -> None:
    """Also none that are zero."""
    assert code_raised(lambda: parse_money(text, Currency.JPY)) is ErrorCode.BAD_MONEY


def test_sums_keep_their_currency() -> None:
    """Nothing converts money by accident."""
    one = Money(minor=1, currency=Currency.EUR)
    assert one.plus(Money(minor=-3, currency=Currency.EUR)) == Money(minor=-2, currency=Currency.EUR)
    assert code_raised(lambda: one.plus(Money(minor=1, currency=Currency.USD))) is ErrorCode.BAD_ARGUMENT


@pytest.mark.parametrize("minor", [1.0, True, "1", 2**63])
def test_money_of_other_kinds_is_the_callers_mistake(minor: int) -> None:
    """A float, a bool, a text or more than 64 bits never become money."""
    assert code_raised(lambda: Money(minor=minor, currency=Currency.EUR)) is ErrorCode.BAD_ARGUMENT
