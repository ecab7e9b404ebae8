"""Money: an integer of minor units and an ISO 4217 currency. No float, no Decimal past the edge."""

from dataclasses import dataclass
from enum import Enum, unique

from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError
from wallet_sdk.protocol.limits import BALANCE_MINOR_MAX


@unique
class Currency(Enum):
    """Alphabetic code, numeric code and minor-unit digits.

    The value is a tuple and the class is @unique: with plain digits ``EUR = 2; USD = 2`` would make USD an alias.
    Source: ISO 4217:2015, list one (published by SIX, 2024-06-25).
    """

    AED = (784, 2)
    AUD = (36, 2)
    BHD = (48, 3)
    BRL = (986, 2)
    CAD = (124, 2)
    CHF = (756, 2)
    CNY = (156, 2)
    COP = (170, 2)
    CZK = (203, 2)
    DKK = (208, 2)
    EGP = (818, 2)
    EUR = (978, 2)
    GBP = (826, 2)
    HKD = (344, 2)
    HUF = (348, 2)
    IDR = (360, 2)
    ILS = (376, 2)
    INR = (356, 2)
    JPY = (392, 0)
    KES = (404, 2)
    KHR = (116, 2)
    KRW = (410, 0)
    KWD = (414, 3)
    LKR = (144, 2)
    MXN = (484, 2)
    MYR = (458, 2)
    NGN = (566, 2)
    NOK = (578, 2)
    NZD = (554, 2)
    PHP = (608, 2)
    PKR = (586, 2)
    PLN = (985, 2)
    RON = (946, 2)
    SAR = (682, 2)
    SEK = (752, 2)
    SGD = (702, 2)
    THB = (764, 2)
    TND = (788, 3)
    TRY = (949, 2)
    TWD = (901, 2)
    UAH = (980, 2)
    USD = (840, 2)
    VND = (704, 0)
    ZAR = (710, 2)

    def __init__(self, number: int, fraction_digits: int) -> None:
        #: ISO 4217 numeric code, as it goes over the wire.
        self.number = number
        #: How many decimal digits the minor unit has: 2 for cents, 0 for yen, 3 for fils.
        self.fraction_digits = fraction_digits

    @classmethod
    def from_number(cls, number: int) -> "Currency":
        """The currency of an ISO 4217 numeric code.

        Raises:
            MalformedMessageError: UNKNOWN_CURRENCY.
        """
        found = _BY_NUMBER.get(number)
        if found is None:
            raise MalformedMessageError(
                ErrorCode.UNKNOWN_CURRENCY, f"no currency has the number {number}", param="currency"
            )
        return found

    @classmethod
    def from_code(cls, code: str) -> "Currency":
        """The currency of an ISO 4217 alphabetic code, upper case.

        Raises:
            MalformedMessageError: UNKNOWN_CURRENCY.
        """
        found = cls.__members__.get(code)
        if found is None:
            raise MalformedMessageError(
                ErrorCode.UNKNOWN_CURRENCY, f"no currency has the code {code[:8]!r}", param="currency"
            )
        return found


_BY_NUMBER = {currency.number: currency for currency in Currency}
assert len(_BY_NUMBER) == len(Currency), "two currencies share a number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount: ``minor`` units (may be negative in a ledger) of one currency. Amounts of one currency can be added,
    subtracted and compared; of two, each of these is a MisuseError.
    """

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.minor) is not int or abs(self.minor) > BALANCE_MINOR_MAX:
            text = "money is an int of minor units, nothing that rounds, and has room in 64 bits"
            raise MisuseError(ErrorCode.BAD_ARGUMENT, text, param="minor")
        if not isinstance(self.currency, Currency):
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "a Currency is expected, such as Currency.EUR", param="currency")

    def __str__(self) -> str:
        return format_money(self)

    def plus(self, other: "Money") -> "Money":
        """The sum of two amounts of one currency.

        Raises:
            MisuseError: BAD_ARGUMENT when the currencies differ; nothing converts money by accident.
        """
        return Money(minor=self.minor + self._like(other), currency=self.currency)

    def __add__(self, other: "Money") -> "Money":
        return self.plus(other) if isinstance(other, Money) else NotImplemented

    def __sub__(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        return Money(minor=self.minor - self._like(other), currency=self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._like(other) if isinstance(other, Money) else NotImplemented

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._like(other) if isinstance(other, Money) else NotImplemented

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._like(other) if isinstance(other, Money) else NotImplemented

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._like(other) if isinstance(other, Money) else NotImplemented

    def _like(self, other: "Money") -> int:
        """The other's minor units, when it is of this currency: what is not comparable is not compared."""
        if other.currency is not self.currency:
            text = f"{self.currency.name} and {other.currency.name} do not go together"
            raise MisuseError(ErrorCode.BAD_ARGUMENT, text, param="currency")
        return other.minor


def format_number(minor: int, currency: Currency) -> str:
    """Digits only, with a point and no grouping: 1250 EUR -> "12.50", 1250 JPY -> "1250", -5 EUR -> "-0.05"."""
    sign = "-" if minor < 0 else ""
    digits = currency.fraction_digits
    whole, fraction = divmod(abs(minor), 10**digits)
    return f"{sign}{whole}.{fraction:0{digits}d}" if digits else f"{sign}{whole}"


def format_money(money: Money) -> str:
    """Number and ISO code, for logs and plain text: "12.50 EUR"."""
    return f"{format_number(money.minor, money.currency)} {money.currency.name}"


def parse_money(text: str, currency: Currency) -> Money:
    """Read a plain amount such as "12.50", "12.5" or "12" without ever touching a float.

    Raises:
        MalformedMessageError: BAD_MONEY for a sign, grouping, exponents, other digits than 0-9 or too many decimals.
    """
    whole, point, fraction = text.partition(".")
    plain = whole.isascii() and whole.isdigit() and (not point or (fraction.isascii() and fraction.isdigit()))
    if not plain or len(fraction) > currency.fraction_digits or len(text) > 20:
        raise MalformedMessageError(
            ErrorCode.BAD_MONEY, f"{text[:24]!r} is not an amount of {currency.name}", param="amount"
        )
    minor = int(whole + fraction.ljust(currency.fraction_digits, "0"))
    if minor > BALANCE_MINOR_MAX:
        raise MalformedMessageError(ErrorCode.BAD_MONEY, "the amount is too large", param="amount")
    return Money(minor=minor, currency=currency)
