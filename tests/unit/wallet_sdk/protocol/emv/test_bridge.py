"""Our requests as EMV codes and back: genuine ones are verified, changed ones refused, unsigned ones untrusted."""

from dataclasses import replace

import pytest

from wallet_sdk.protocol import limits, qr
from wallet_sdk.protocol.emv import (
    AdditionalFields,
    EmvObject,
    Evidence,
    Initiation,
    LanguageTemplate,
    MerchantPresentedCode,
    NetworkAccount,
    Template,
    TipIndicator,
    UntrustedRequest,
    decode_merchant_presented,
    export_merchant_presented,
    import_merchant_presented,
    read_untrusted,
)
from wallet_sdk.protocol.emv.carriage import GUID
from wallet_sdk.protocol.envelope import P256_ORDER, Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError, TillcodeError
from wallet_sdk.protocol.ids import Envelope, MerchantId, RequestId, TerminalId
from wallet_sdk.protocol.messages import AuthorizationMode, PaymentRequest, TerminalCertificate
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.trust import VerifiedRequest
from wallet_sdk.testing import Scheme

SCHEME = Scheme()
TRUST = SCHEME.trust()
PLAIN = SCHEME.request(certificate=SCHEME.certificate(name="Cafe Mole").envelope)
ACCENTED = SCHEME.request()


def certificate_of(
    *,
    merchant_name: str = "Cafe Mole",
    merchant_city: str = "Lisboa",
    serial: int = 1001,
    currencies: tuple[Currency, ...] = (Currency.EUR,),
) -> Sealed[TerminalCertificate]:
    """A certificate of the scheme with chosen names, ids and currencies."""
    plain = SCHEME.certificate().message
    return seal(
        replace(
            plain,
            merchant_name=merchant_name,
            merchant_city=merchant_city,
            merchant_id=MerchantId(serial),
            terminal_id=TerminalId(serial),
            currencies=currencies,
        ),
        SCHEME.terminal_ca,
    )


def request_of(
    certificate: Sealed[TerminalCertificate],
    *,
    amount_minor: int = 1250,
    reference: str = "R-42",
    tip_max_minor: int = 0,
    currency: Currency = Currency.EUR,
) -> Sealed[PaymentRequest]:
    """A request of the scheme's terminal under a certificate."""
    message = PaymentRequest(
        request_id=RequestId(SCHEME.new_id()),
        amount_minor=amount_minor,
        currency=currency,
        issued_at_s=SCHEME.now_s,
        lifetime_s=120,
        reference=reference,
        tip_max_minor=tip_max_minor,
    )
    return seal(message, SCHEME.terminal, embedded=certificate.envelope)


def largest(
    certificate: Sealed[TerminalCertificate], *, tip_max_minor: int = limits.AMOUNT_MINOR_MAX
) -> Sealed[PaymentRequest]:
    """A request whose every field is at its maximum; the largest tip takes six bytes of the reference."""
    reference = "R" * (4 if tip_max_minor else 10)
    return request_of(
        certificate, amount_minor=limits.AMOUNT_MINOR_MAX, reference=reference, tip_max_minor=tip_max_minor
    )


def imported(code: MerchantPresentedCode, *certificates: Envelope) -> VerifiedRequest | UntrustedRequest:
    """A code imported at the scheme's time."""
    return import_merchant_presented(code, TRUST, at_s=SCHEME.now_s, certificates=certificates)


def through_text(
    request: Sealed[PaymentRequest], evidence: Evidence = Evidence.WITH_CERTIFICATE
) -> MerchantPresentedCode:
    """A request exported, written as text and read again."""
    return decode_merchant_presented(export_merchant_presented(request, evidence=evidence).encode())


def refusal(code: MerchantPresentedCode, *certificates: Envelope) -> tuple[ErrorCode, str | None]:
    """The code and the field of the error that an import gets."""
    with pytest.raises(TillcodeError) as caught:
        imported(code, *certificates)
    return caught.value.code, caught.value.param


# --- there and back ---


@pytest.mark.parametrize("request_", [PLAIN, ACCENTED], ids=["ASCII", "accents"])
def test_a_request_comes_back_verified_and_byte_for_byte(request_: Sealed[PaymentRequest]) -> None:
    """The envelope that the payer signs for is the very one that the terminal signed."""
    verified = imported(through_text(request_))
    assert isinstance(verified, VerifiedRequest)
    assert verified.request == request_
    assert verified.certificate.envelope == request_.embedded


def test_the_visible_fields_say_what_was_signed() -> None:
    """Another wallet that reads the code shows payee, amount and reference."""
    code = through_text(ACCENTED)
    assert (code.merchant_name, code.merchant_city, code.country, code.category_code) == (
        "Cafe Mole",
        "Lisboa",
        "PT",
        "5812",
    )
    assert (code.amount, code.currency_number, code.initiation) == ("12.50", "978", Initiation.DYNAMIC)
    assert code.language is not None
    assert (code.language.merchant_name, code.language.merchant_city) == ("Café Mole", None)
    assert code.additional == AdditionalFields(reference_label="R-0042", terminal_label="2001")


def test_a_key_id_is_enough_for_who_has_the_certificate() -> None:
    """The short form is verified with one of the certificates that the reader knows over this terminal's key."""
    assert PLAIN.embedded is not None
    other = certificate_of(merchant_name="Yesterday")
    verified = imported(through_text(PLAIN, Evidence.KEY_ID_ONLY), other.envelope, PLAIN.embedded)
    assert isinstance(verified, VerifiedRequest)
    assert verified.request == PLAIN


def test_a_key_id_nobody_knows_is_refused_and_can_be_read_as_untrusted() -> None:
    """Without the certificate the short form proves nothing; the caller may still ask the server."""
    code = through_text(PLAIN, Evidence.KEY_ID_ONLY)
    assert refusal(code) == (ErrorCode.UNKNOWN_SIGNER, "80.01")
    assert read_untrusted(code).mode is AuthorizationMode.ONLINE


def test_a_key_id_with_another_certificate_is_refused() -> None:
    """The digest covers the certificate, so one over the same key with another name does not verify."""
    code = through_text(PLAIN, Evidence.KEY_ID_ONLY)
    assert refusal(code, certificate_of(merchant_name="Thief").envelope) == (ErrorCode.BAD_SIGNATURE, "signature")


@pytest.mark.parametrize("currencies", [(Currency.EUR,), (Currency.USD, Currency.EUR, Currency.JPY)])
@pytest.mark.parametrize("tip_max_minor", [0, 500])
def test_tips_and_several_currencies_come_back(currencies: tuple[Currency, ...], tip_max_minor: int) -> None:
    """What is rare has a template of its own, which is there only then."""
    request = request_of(certificate_of(currencies=currencies), tip_max_minor=tip_max_minor)
    code = through_text(request)
    assert imported(code) == VerifiedRequest(request=request, certificate=certificate_of(currencies=currencies))
    assert (code.tip_indicator is TipIndicator.ASK_TIP) is bool(tip_max_minor)
    assert any(one.id == "83" for one in code.unreserved) is bool(tip_max_minor or len(currencies) > 1)


@pytest.mark.parametrize(
    ("name", "city"), [("Café Mole", "Évora"), ("最佳运输", "北京"), ("Cafe", ""), ("Ünï", ""), ("Mercado", "São João")]
)
def test_names_of_every_script_come_back(name: str, city: str) -> None:
    """Accents are folded for the ASCII fields, other scripts replaced; the originals travel in id 64."""
    request = request_of(certificate_of(merchant_name=name, merchant_city=city))
    verified = imported(through_text(request))
    assert isinstance(verified, VerifiedRequest)
    assert (verified.certificate.message.merchant_name, verified.certificate.message.merchant_city) == (name, city)


# --- sizes ---


def test_one_signature_fills_one_template_exactly() -> None:
    """Four characters of head, five of identifier, four of head, eighty-six of base64url."""
    by_id = {one.id: one for one in through_text(PLAIN).unreserved}
    assert [len(by_id[id_].value) for id_ in ("81", "82")] == [99, 99]
    assert all(isinstance(one, Template) and one.guid == GUID for one in by_id.values())


def test_the_envelope_itself_would_not_fit() -> None:
    """The reason for all this: as base64 in templates, a full-size envelope leaves one character for all fields."""
    characters = -(-limits.LARGE_MESSAGE_BYTES_MAX * 4 // 3)
    templates = -(-characters // 86)
    evidence = characters + templates * (4 + 4 + len(GUID) + 4)
    fields = len(export_merchant_presented(PLAIN).encode()) - sum(
        len(one.value) + 4 for one in through_text(PLAIN).unreserved
    )
    assert (evidence, evidence + fields > 512) == (511, True)


@pytest.mark.parametrize("count", range(1, 8))
def test_every_ascii_request_fits(count: int) -> None:
    """The largest ids, amount, tip, reference and names, and up to seven currencies."""
    currencies = (Currency.EUR, Currency.USD, Currency.JPY, Currency.GBP, Currency.CHF, Currency.SEK, Currency.PLN)
    further = sum(3 if currency.number > 255 else 2 for currency in currencies[1:count])
    certificate = certificate_of(
        merchant_name="N" * (25 - further),
        merchant_city="C" * 6,
        serial=limits.SERIAL_MAX,
        currencies=currencies[:count],
    )
    request = largest(certificate)
    text = export_merchant_presented(request).encode()
    assert len(text) <= 512
    assert imported(decode_merchant_presented(text)) == VerifiedRequest(request=request, certificate=certificate)


def test_the_key_id_alone_fits_the_codes_that_screens_show() -> None:
    """Version 13 at ECC M, as the sizes budget demands, for every request that asks for no tip."""
    certificate = certificate_of(merchant_name="N" * 25, merchant_city="C" * 6, serial=limits.SERIAL_MAX)
    text = export_merchant_presented(largest(certificate, tip_max_minor=0), evidence=Evidence.KEY_ID_ONLY).encode()
    assert len(qr.matrix(text)) <= 17 + 4 * limits.QR_VERSION_MAX
    usual = export_merchant_presented(ACCENTED, evidence=Evidence.KEY_ID_ONLY).encode()
    assert len(qr.matrix(usual)) <= 17 + 4 * limits.QR_VERSION_MAX


@pytest.mark.parametrize(
    "request_",
    [
        request_of(certificate_of(merchant_name="N" * 26, merchant_city="Lisbo")),
        request_of(certificate_of(merchant_name="N", merchant_city="C" * 16)),
        request_of(certificate_of(merchant_city="-")),
        request_of(certificate_of(), reference="***"),
        request_of(certificate_of(), reference="Réf"),
        largest(certificate_of(merchant_name="Ñ" + "N" * 23, merchant_city="C" * 6, serial=limits.SERIAL_MAX)),
    ],
    ids=["name", "city", "no city", "prompt", "reference", "too much"],
)
def test_what_does_not_fit_is_our_callers_mistake(request_: Sealed[PaymentRequest]) -> None:
    """Nothing is cut short in silence."""
    with pytest.raises(MisuseError):
        export_merchant_presented(request_)


# --- changed codes ---

OTHERS = Template(
    id="27", objects=(EmvObject(id="00", value="br.gov.bcb.pix"), EmvObject(id="01", value="thief@example"))
)


@pytest.mark.parametrize("evidence", list(Evidence))
@pytest.mark.parametrize(
    "change",
    [
        {"amount": "99.99"},
        {"currency_number": "840"},
        {"merchant_name": "Thief"},
        {"merchant_city": "Porto"},
        {"country": "ES"},
        {"category_code": "7995"},
        {"additional": AdditionalFields(reference_label="R-9999", terminal_label="2001")},
        {"additional": AdditionalFields(reference_label="R-0042", terminal_label="2002")},
        {"additional": None},
        {"accounts": (Template(id="26", objects=(EmvObject(id="00", value=GUID), EmvObject(id="01", value="1002"))),)},
        {"language": LanguageTemplate(language="EN", merchant_name="Thief")},
        {"tip_indicator": TipIndicator.ASK_TIP},
        {"tip_indicator": TipIndicator.FEE_FIXED, "fee_fixed": "5.00"},
        {"postal_code": "1000"},
        {"initiation": Initiation.STATIC},
        {"initiation": None},
        {"amount": "12.5"},
        {"amount": None},
        {"reserved": (EmvObject(id="65", value="x"),)},
    ],
    ids=lambda change: ",".join(f"{name}={value!s:.12}" for name, value in change.items()),
)
def test_no_visible_field_can_be_changed(change: dict[str, object], evidence: Evidence) -> None:
    """Signed or not, every field of the code is what the terminal wrote, or the code is refused."""
    assert PLAIN.embedded is not None
    changed = replace(through_text(PLAIN, evidence), **change)  # type: ignore[arg-type]  # each change fits its field
    code, _ = refusal(decode_merchant_presented(changed.encode()), PLAIN.embedded)
    assert code in {
        ErrorCode.BAD_SIGNATURE,
        ErrorCode.EMV_FIELD_MISMATCH,
        ErrorCode.FIELD_OUT_OF_RANGE,
        ErrorCode.BAD_MONEY,
    }


def test_a_changed_amount_breaks_the_signature() -> None:
    """The amount is part of what the terminal signed."""
    assert refusal(replace(through_text(PLAIN), amount="1.00")) == (ErrorCode.BAD_SIGNATURE, "signature")


def test_another_account_beside_ours_is_refused() -> None:
    """Nobody can add an account that another wallet would pay to."""
    code = through_text(PLAIN)
    assert refusal(replace(code, accounts=(*code.accounts, OTHERS))) == (ErrorCode.EMV_FIELD_MISMATCH, "accounts")
    card = NetworkAccount(id="02", value="4000123456789012")
    assert refusal(replace(code, accounts=(card, *code.accounts))) == (ErrorCode.EMV_FIELD_MISMATCH, "accounts")


def test_fields_in_another_sequence_are_refused() -> None:
    """One request has one code."""
    code = through_text(PLAIN)
    ids = ("00", "26", "01", "52", "53", "54", "58", "59", "60", "62", "80", "81", "82")
    shuffled = decode_merchant_presented(replace(code, sequence=ids).encode())
    assert refusal(shuffled) == (ErrorCode.EMV_FIELD_MISMATCH, "sequence")


@pytest.mark.parametrize("id_", ["80", "81", "82"])
def test_evidence_with_a_part_missing_is_no_unsigned_code(id_: str) -> None:
    """What claims to be ours is all there or refused; it never passes as a foreign code."""
    code = through_text(PLAIN)
    stripped = replace(code, unreserved=tuple(one for one in code.unreserved if one.id != id_))
    assert refusal(stripped) == (ErrorCode.MISSING_FIELD, f"{id_}.01")


@pytest.mark.parametrize("id_", ["80", "81", "82"])
@pytest.mark.parametrize(
    "content", ["A", "AAAA", "****", "é", 84 * "A" + "é", 85 * "A", 85 * "A" + "B", 86 * "A", 84 * "A"]
)
def test_broken_evidence_is_refused(id_: str, content: str) -> None:
    """Wrong length, wrong alphabet, spare bits, zeros."""
    code = through_text(PLAIN)
    broken = Template(id=id_, objects=(EmvObject(id="00", value=GUID), EmvObject(id="01", value=content)))
    templates = tuple(broken if one.id == id_ else one for one in code.unreserved)
    assert refusal(replace(code, unreserved=templates))[0] is not ErrorCode.BAD_ARGUMENT


def test_the_high_s_twin_is_refused() -> None:
    """The second signature that verifies over the same content is none of ours."""
    code = export_merchant_presented(PLAIN)
    high = P256_ORDER - int.from_bytes(PLAIN.signature[32:], "big")
    twin = replace(PLAIN, signature=PLAIN.signature[:32] + high.to_bytes(32, "big"))
    assert twin.signature != PLAIN.signature
    forged = export_merchant_presented(twin)
    assert forged != code
    assert refusal(forged) == (ErrorCode.BAD_SIGNATURE, "signature")


def test_the_language_of_a_name_is_a_hint() -> None:
    """The one field that may change: it says how to read a name, and the name itself is signed."""
    code = through_text(ACCENTED)
    assert code.language is not None
    assert isinstance(imported(replace(code, language=replace(code.language, language="PT"))), VerifiedRequest)


def test_a_stranger_may_not_sign() -> None:
    """A certificate of somebody else's operator is refused, whatever the code looks like."""
    stranger = Scheme(seed=2)
    assert refusal(through_text(stranger.request()))[0] is ErrorCode.UNKNOWN_SIGNER


def test_an_expired_certificate_is_refused() -> None:
    """Validity is checked at the time that the caller names."""
    with pytest.raises(RuleViolationError) as caught:
        import_merchant_presented(through_text(PLAIN), TRUST, at_s=SCHEME.now_s + 30 * 86_400)
    assert caught.value.code is ErrorCode.EXPIRED
