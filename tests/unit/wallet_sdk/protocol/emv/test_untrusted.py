"""Codes that nobody signed: what they ask for, in a type that cannot pass for a verified request."""

from dataclasses import replace
from typing import assert_type

import pytest

from wallet_sdk.protocol.emv import (
    AdditionalFields,
    EmvObject,
    LanguageTemplate,
    MerchantPresentedCode,
    Template,
    TipIndicator,
    UntrustedRequest,
    export_merchant_presented,
    import_merchant_presented,
    read_untrusted,
)
from wallet_sdk.protocol.errors import MisuseError
from wallet_sdk.protocol.messages import AuthorizationMode
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.protocol.trust import VerifiedRequest
from wallet_sdk.testing import Scheme

SCHEME = Scheme()
TRUST = SCHEME.trust()
OTHERS = Template(
    id="27", objects=(EmvObject(id="00", value="br.gov.bcb.pix"), EmvObject(id="01", value="thief@example"))
)
UNSIGNED = MerchantPresentedCode(
    accounts=(OTHERS,),
    category_code="0000",
    currency_number="986",
    amount="10.5",
    tip_indicator=TipIndicator.FEE_PERCENT,
    fee_percent="2.5",
    country="BR",
    merchant_name="LOJA ",
    merchant_city="RIO",
    additional=AdditionalFields(bill_number="B-7"),
    language=LanguageTemplate(language="PT", merchant_name="Lojão"),
)


def imported(code: MerchantPresentedCode) -> VerifiedRequest | UntrustedRequest:
    """A code imported at the scheme's time."""
    return import_merchant_presented(code, TRUST, at_s=SCHEME.now_s)


def test_an_unsigned_code_is_untrusted_and_online_only() -> None:
    """It says what it asks for, and its type is another one than that of a verified request."""
    untrusted = imported(UNSIGNED)
    assert isinstance(untrusted, UntrustedRequest)
    assert not isinstance(untrusted, VerifiedRequest)
    assert (untrusted.payee_name, untrusted.payee_local_name, untrusted.payee_city) == ("LOJA", "Lojão", "RIO")
    assert untrusted.amount == Money(minor=1050, currency=Currency.BRL)
    assert (untrusted.fee, untrusted.fee_percent_hundredths) == (None, 250)
    assert (untrusted.reference, untrusted.mode) == ("B-7", AuthorizationMode.ONLINE)
    assert [one.name for one in untrusted.schemes] == ["Pix"]
    assert untrusted.code == UNSIGNED


def test_a_code_stripped_of_its_evidence_is_untrusted() -> None:
    """A thief who cuts our evidence off gets what everybody can print anyway."""
    stripped = replace(export_merchant_presented(SCHEME.request()), accounts=(OTHERS,), unreserved=(), amount="999.00")
    assert isinstance(imported(stripped), UntrustedRequest)


def test_the_two_outcomes_do_not_mix() -> None:
    """A type checker refuses an untrusted request where a verified one is wanted; so does the shape of the value."""
    outcome = imported(UNSIGNED)
    assert_type(outcome, VerifiedRequest | UntrustedRequest)
    assert not hasattr(outcome, "request")
    assert not hasattr(outcome, "certificate")


def test_zeros_behind_the_last_decimal_change_nothing() -> None:
    """Dong have no decimals, and codes write them all the same."""
    dong = replace(UNSIGNED, currency_number="704", amount="10000.00", tip_indicator=None, fee_percent=None)
    assert read_untrusted(dong).amount == Money(minor=10_000, currency=Currency.VND)
    fixed = replace(UNSIGNED, tip_indicator=TipIndicator.FEE_FIXED, fee_percent=None, fee_fixed="1.")
    assert read_untrusted(fixed).fee == Money(minor=100, currency=Currency.BRL)
    assert read_untrusted(replace(dong, amount=None)).amount is None


def test_what_cannot_be_paid_is_shown_all_the_same() -> None:
    """Too many decimals, a currency of elsewhere or of nowhere; a letter that could deceive is marked."""
    odd = read_untrusted(replace(UNSIGNED, amount="10.505"))
    assert (odd.amount, odd.amount_text) == (None, "10.505 BRL")
    pesos = read_untrusted(replace(UNSIGNED, currency_number="032"))
    assert (pesos.currency, pesos.amount, pesos.amount_text) == (None, None, "10.5 ARS")
    assert read_untrusted(replace(UNSIGNED, currency_number="000")).currency_code == "000"
    turned = replace(UNSIGNED, language=LanguageTemplate(language="PT", merchant_name="a\u202eb"))
    assert read_untrusted(turned).payee_local_name == "a\ufffdb"


def test_a_code_made_by_hand_keeps_the_rules_too() -> None:
    """Nothing comes in that could not have come as a text."""
    with pytest.raises(MisuseError):
        imported(replace(UNSIGNED, currency_number="EUR"))
