"""What must fit into which QR code, over names in six scripts and the largest values of every field."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cbor2
import pytest

from wallet_sdk.protocol import codec, limits, qr
from wallet_sdk.protocol.envelope import Sealed, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.ids import Counter, Digest, MerchantId, RequestId, TerminalId
from wallet_sdk.protocol.messages import (
    NO_DIGEST,
    AuthorizationMode,
    Liability,
    OperatorKey,
    Receipt,
    Role,
    TerminalCertificate,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State
from wallet_sdk.testing import Scheme

#: Trade name and city, 32 bytes of UTF-8 together at most; the last of each script is as long as can be.
MERCHANTS = {
    "Latin": [("Café Mole", "Lisboa"), ("Bäckerei Großmann Söhne", "Köln"), ("M" * 20, "C" * 12)],
    "Cyrillic": [("Пекарня", "Київ"), ("Хлеб и соль", "Пермь")],
    "Greek": [("Καφενείο", "Αθήνα"), ("Ουζερί Άρης", "Ύδρα")],
    "Arabic": [("مقهى النيل", "الجيزة"), ("مخبز الشام", "دمشق")],
    "Devanagari": [("चाय घर", "पुणे"), ("मिठाई", "पुणे")],
    "Han and Kana": [("喫茶さくら", "東京"), ("八百屋", "京都市上京区")],
}
MERCHANT_ROWS = [(script, name, city) for script, rows in MERCHANTS.items() for name, city in rows]
LARGEST_MINOR = 2**32 - 1
SMALL = (limits.SMALL_MESSAGE_BYTES_MAX, 9)
LARGE = (limits.LARGE_MESSAGE_BYTES_MAX, 13)


def request(scheme: Scheme, *, name: str, city: str, extreme: str) -> Sealed[Any]:
    """A request with its certificate; extreme ones have the largest value in every field."""
    certificate = scheme.certificate(name=name, city=city).message
    ask = scheme.request().message
    if extreme == "largest":
        certificate = replace(
            certificate,
            merchant_id=MerchantId(limits.SERIAL_MAX),
            terminal_id=TerminalId(limits.SERIAL_MAX),
            mcc=9999,
            lifetime_h=limits.CERTIFICATE_LIFETIME_H_MAX,
        )
        ask = replace(ask, amount_minor=LARGEST_MINOR, reference="R" * 10)
    sealed = seal(certificate, scheme.terminal_ca)
    return seal(ask, scheme.terminal, embedded=sealed.envelope)


def others(scheme: Scheme, *, extreme: str) -> Iterator[tuple[str, Sealed[Any], tuple[int, int]]]:
    """Intent, code and receipt with ordinary or largest values, and what each must fit into."""
    token = scheme.token().message
    amount, counter = 1250, 42
    if extreme == "largest":
        amount, counter = LARGEST_MINOR, limits.TOKEN_COUNT_MAX
        token = replace(
            token,
            payment_max_minor=amount,
            total_max_minor=amount,
            count_max=counter,
            lifetime_h=72,
            not_before_s=amount,
        )
    embedded = seal(token, scheme.token_issuer).envelope
    digest = Digest(b"\xff" * 32)
    for mode in AuthorizationMode:
        sealed = scheme.intent(
            token=embedded,
            request_digest=digest,
            amount_minor=amount,
            cumulative_minor=amount,
            counter=counter,
            mode=mode,
        )
        yield f"intent {mode.name.lower()} with token", sealed, LARGE
    yield "code with token", scheme.code(token=embedded, counter=Counter(counter), ceiling_minor=amount), LARGE
    receipt = Receipt(
        terminal_id=TerminalId(limits.SERIAL_MAX if extreme == "largest" else 2001),
        request_id=RequestId(scheme.new_id()),
        consent_digest=digest,
        amount_minor=amount,
        currency=Currency.EUR,
        state=State.CHARGED_BACK,
        at_s=scheme.now_s,
        liability=Liability.MERCHANT,
    )
    yield "receipt", seal(receipt, scheme.receipt_signer), SMALL
    closing = replace(receipt, consent_digest=NO_DIGEST, state=State.CANCELED)
    yield "closing receipt", seal(closing, scheme.receipt_signer), SMALL
    refunded = replace(closing, refund_id=RequestId(scheme.new_id()), state=State.SETTLED)
    yield "refund receipt", seal(refunded, scheme.receipt_signer), SMALL


def measured(what: str, sealed: Sealed[Any], bounds: tuple[int, int]) -> tuple[int, int]:
    """Print one row of the table and hold its bounds: bytes, and the version of the code."""
    size = len(sealed.envelope)
    version = (len(qr.matrix(qr.to_text(sealed.envelope))) - 17) // 4
    print(f"{what:48} {size:4} of {bounds[0]} bytes, version {version:2} of {bounds[1]}")
    assert size <= bounds[0]
    assert version <= bounds[1]
    return size, version


@pytest.mark.parametrize("extreme", ["ordinary", "largest"])
@pytest.mark.parametrize(("script", "name", "city"), MERCHANT_ROWS)
def test_requests_fit_in_every_script(script: str, name: str, city: str, extreme: str) -> None:
    """A request with its certificate is shown in version 13 or less, whoever the merchant is."""
    sealed = request(Scheme(), name=name, city=city, extreme=extreme)
    measured(f"request, {script}, {extreme}", sealed, LARGE)


@pytest.mark.parametrize("extreme", ["ordinary", "largest"])
def test_consents_and_receipts_fit(extreme: str) -> None:
    """Intents and codes with their tokens in version 13, receipts in version 9."""
    for what, sealed, bounds in others(Scheme(), extreme=extreme):
        measured(f"{what}, {extreme}", sealed, bounds)


@pytest.mark.parametrize(("script", "name", "city"), MERCHANT_ROWS)
def test_printed_codes_fit_in_every_script(script: str, name: str, city: str) -> None:
    """With the largest values too a printed code is far below version 13."""
    code = Scheme().static_code(name=name, city=city).message
    large = replace(
        code,
        merchant_id=MerchantId(limits.SERIAL_MAX),
        mcc=9999,
        payment_max_minor=LARGEST_MINOR,
        lifetime_d=limits.STATIC_CODE_LIFETIME_D_MAX,
    )
    for extreme, message in (("ordinary", code), ("largest", large)):
        measured(f"static code, {script}, {extreme}", seal(message, Scheme().terminal_ca), (200, 10))


def test_a_full_bundle_fits() -> None:
    """Sixteen keys with the largest times. (R-41)"""
    scheme = Scheme()
    keys = tuple(
        OperatorKey(
            role=list(Role)[number % 4],
            public_key=scheme.new_signer().public_key,
            not_before_s=2**32 - 2,
            expires_at_s=2**32 - 1,
        )
        for number in range(limits.BUNDLE_KEYS_MAX)
    )
    full = replace(scheme.bundle().message, version=limits.SERIAL_MAX, keys=keys)
    assert 800 < len(seal(full, scheme.root).envelope) <= limits.BUNDLE_BYTES_MAX


def test_the_byte_bounds_are_what_the_versions_hold() -> None:
    """172 bytes still are version 9 and 319 version 13; one byte more is one version more."""
    for size, version in (SMALL, LARGE):
        text = "TC1:" + "A" * ((size * 3 + 1) // 2)
        assert len(qr.matrix(text)) == 17 + 4 * version
    assert len(qr.matrix("TC1:" + "A" * (173 * 3 // 2 + 1))) == 17 + 4 * 10


def test_names_of_32_bytes_are_among_those_measured() -> None:
    """Else the table would only show what is easy."""
    lengths = {script: max(len((name + city).encode()) for name, city in rows) for script, rows in MERCHANTS.items()}
    assert max(lengths.values()) == limits.LABEL_BYTES_MAX
    assert min(lengths.values()) >= 24, lengths


#: What else than a name and a reference may take their room: further currencies, largest tip, longest hold.
EXTRAS = {
    "a second currency": ((Currency.EUR, Currency.USD), 0, 0),
    "eight currencies": (tuple(Currency)[-8:], 0, 0),
    "a tip": ((Currency.EUR,), LARGEST_MINOR, 0),
    "a hold": ((Currency.EUR,), 0, limits.HOLD_H_MAX),
    "everything": (tuple(Currency)[-8:], LARGEST_MINOR, limits.HOLD_H_MAX),
}


@pytest.mark.parametrize("what", EXTRAS)
def test_whatever_can_be_written_can_be_shown(what: str) -> None:
    """Names and references as long as they are taken, beside everything else that takes their room. (R-31, R-118)"""
    scheme = Scheme()
    currencies, tip_max_minor, hold_h = EXTRAS[what]
    largest = request(scheme, name="n", city="", extreme="largest")
    assert largest.embedded is not None
    certificate = replace(open_unverified(largest.embedded, TerminalCertificate).message, currencies=currencies)
    ask = replace(largest.message, tip_max_minor=tip_max_minor, hold_h=hold_h)
    name_bytes = limits.LABEL_BYTES_MAX - sum(len(cbor2.dumps(currency.number)) for currency in currencies[1:])
    reference_bytes = limits.REFERENCE_BYTES_MAX - (6 if tip_max_minor else 0) - (4 if hold_h else 0)
    certificate = replace(certificate, merchant_name="n" * name_bytes)
    ask = replace(ask, reference="R" * reference_bytes)
    embedded = seal(certificate, scheme.terminal_ca).envelope
    measured(f"request with {what}", seal(ask, scheme.terminal, embedded=embedded), LARGE)
    for longer, param in (
        (replace(certificate, merchant_name="n" * (name_bytes + 1)), "merchant_name"),
        (replace(ask, reference="R" * (reference_bytes + 1)), "reference"),
    ):
        with pytest.raises(MisuseError) as refused:
            codec.encode(longer)
        assert (refused.value.code, refused.value.param) == (ErrorCode.BAD_ARGUMENT, param)


@pytest.mark.parametrize("name_bytes", range(1, limits.LABEL_BYTES_MAX + 1))
def test_however_name_and_city_share_their_room_a_code_can_be_shown(name_bytes: int) -> None:
    """A text of 24 bytes has a longer head in CBOR, so beside a city it may have one byte less. (R-31)"""
    scheme = Scheme()
    city_bytes = limits.LABEL_BYTES_MAX - name_bytes
    if city_bytes and max(name_bytes, city_bytes) >= 24:
        with pytest.raises(MisuseError) as refused:
            request(scheme, name="n" * name_bytes, city="c" * city_bytes, extreme="largest")
        wrong = "merchant_city" if city_bytes > limits.CITY_BYTES_MAX else "merchant_name"
        assert (refused.value.code, refused.value.param) == (ErrorCode.BAD_ARGUMENT, wrong)
        city_bytes -= 1
    fullest = request(scheme, name="n" * name_bytes, city="c" * city_bytes, extreme="largest")
    measured(f"request with a name of {name_bytes} bytes", fullest, LARGE)


@pytest.mark.parametrize("extreme", ["ordinary", "largest"])
@pytest.mark.parametrize(("script", "name", "city"), MERCHANT_ROWS)
def test_a_request_without_its_certificate_is_small(script: str, name: str, city: str, extreme: str) -> None:
    """What a till itself signs would fit version 9; the rest of a code is the operator's word on whose till it is."""
    sealed = request(Scheme(), name=name, city=city, extreme=extreme)
    assert sealed.embedded is not None
    own = len(sealed.envelope) - len(sealed.embedded)
    print(f"request alone, {script}, {extreme}: {own} bytes")
    assert own <= limits.SMALL_MESSAGE_BYTES_MAX
