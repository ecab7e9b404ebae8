"""Payment schemes by the identifiers they put into a code, and what their codes do differently.

A row stands here only when its identifier was seen in the document or in the published codes that its comment
names (read 2026-11-23). A name shown to a payer says which scheme a code *claims* to belong to; it proves nothing.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_ALL_NAMED: Final[frozenset[str]] = frozenset()
#: Category, merchant name and merchant city: mandatory for EMVCo, left out by schemes that look the payee up.
_PAYEE_LOOKED_UP: Final = frozenset({"52", "59", "60"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentScheme:
    """One scheme.

    Attributes:
        name: as shown to people.
        country: ISO 3166 alpha-2.
        guids: what sub-field 00 of its templates holds; compared without regard to case, as domain names are.
        account_ids: ids (29, 30) whose sub-field 00 holds an account "name@bank" instead; empty for all others.
        left_out: ids that EMVCo demands and this scheme's own codes leave out.
        payload_format: value of id 00.
        prefixes: how sub-field 00 begins in codes of its country, where it is a number and no name.
        guid_chars: how long such a number is; 0 for any length.
    """

    name: str
    country: str
    guids: frozenset[str] = frozenset()
    account_ids: frozenset[str] = frozenset()
    left_out: frozenset[str] = _ALL_NAMED
    payload_format: str = "01"
    prefixes: tuple[str, ...] = ()
    guid_chars: int = 0


SCHEMES: Final[tuple[PaymentScheme, ...]] = (
    # docs.rs/pix-brcode (names the BR Code manual of Banco Central do Brasil); codes in
    # gist.github.com/matheusb-comp/1efa205b3c0ffd7af1e8ce63a10e02dc
    PaymentScheme(name="Pix", country="BR", guids=frozenset({"br.gov.bcb.pix"})),
    # github.com/icez/php-libpromptpay (0111 transfer, 0112 bill payment); docs.rs/crate/eqr promptpay.md (0113);
    # github.com/ihiroshi27/promptpay-js (transfer with OTA; 0114 in published tables of identifiers). Codes without
    # 52, 59 and 60: pub.dev/documentation/thai_promptpay
    PaymentScheme(
        name="PromptPay",
        country="TH",
        guids=frozenset({"a000000677010111", "a000000677010112", "a000000677010113", "a000000677010114"}),
        left_out=_PAYEE_LOOKED_UP,
    ),
    # npmjs.com/package/bakong-khqr and packagist.org/packages/chamroeuntam/bakong-khqr-image (29: one person,
    # 30: merchant; sub-field 00 holds the Bakong account, "name@bank")
    PaymentScheme(name="KHQR", country="KH", account_ids=frozenset({"29", "30"})),
    # pub.dev/documentation/qris (id 51, central repository); identifier and codes in
    # gist.github.com/reinhart1010/33f16eb2e779042f0b06f8c2adfb055b
    PaymentScheme(name="QRIS", country="ID", guids=frozenset({"id.co.qris.www"})),
    # Published Bharat QR codes of Razorpay and HDFC Bank: 26 and 27 hold the registered provider id A000000524 (NPCI),
    # then the UPI address and the reference
    PaymentScheme(name="UPI", country="IN", guids=frozenset({"a000000524"})),
    # github.com/poonchuanan/Python-PayNow-QR-Code-Generator; npmjs.com/package/sgqr-code
    PaymentScheme(name="PayNow", country="SG", guids=frozenset({"sg.paynow"})),
    # github.com/poonchuanan/Python-PayNow-QR-Code-Generator (id 51 of the same code)
    PaymentScheme(name="SGQR", country="SG", guids=frozenset({"sg.sgqr"})),
    # libraries.io/npm/vietnam-qr-pay and github.com/duyquoc1508/napas-qr; codes without 52, 59 and 60 on both pages
    PaymentScheme(name="VietQR", country="VN", guids=frozenset({"a000000727"}), left_out=_PAYEE_LOOKED_UP),
    # docs.developer.paynet.my, DuitNow QR, "QR Data Object" v1.5 (id 00 is "02"); published codes (26.00)
    PaymentScheme(name="DuitNow", country="MY", guids=frozenset({"a0000006150001"}), payload_format="02"),
    # Published QR Ph codes: 27.00 com.p2pqrpay between persons, 28.00 ph.ppmi.p2m to a merchant
    PaymentScheme(name="QR Ph", country="PH", guids=frozenset({"com.p2pqrpay", "ph.ppmi.p2m"})),
    # "Payee-presented QR Code Specification for FPS" v1.2 (HKMA, HKICL); 26.00 in several public generators
    PaymentScheme(name="FPS", country="HK", guids=frozenset({"hk.com.hkicl"})),
    # github.com/mercari/go-emv-code, mpm/jpqr/id.go
    PaymentScheme(name="JPQR", country="JP", guids=frozenset({"jp.or.paymentsjapan"})),
    # Real codes in public repositories, read 2026-12-01, from here on. GUID of VNPAY-QR: xuannghia/vietnam-qr-pay
    # (tests), and the codes of several shops' own examples
    PaymentScheme(name="VNPAY-QR", country="VN", guids=frozenset({"a000000775"})),
    # Identifiers of Indonesian wallets beside or in place of the QRIS one (26.00)
    PaymentScheme(name="GoPay", country="ID", guids=frozenset({"id.co.gopay.www"})),
    PaymentScheme(name="LinkAja", country="ID", guids=frozenset({"id.linkaja.www"})),
    # 26.00 of codes that shops in Nepal show; NEPALPAY has its number there instead, beginning NCHL
    PaymentScheme(name="Fonepay", country="NP", guids=frozenset({"fonepay.com"})),
    PaymentScheme(name="NepalPay", country="NP", prefixes=("nchl",)),
    # 27.00 or 40.00 of some dozen invoices of qpay.mn
    PaymentScheme(name="QPay", country="MN", guids=frozenset({"a000000843000101"})),
    # 26, 49, 50, 51 and 80-99 of codes of Redeban: CO.COM.RBM.LLA, .RED, .CU, .CA
    PaymentScheme(name="Bre-B", country="CO", prefixes=("co.com.rbm.",)),
    # 38.00 of codes of BCEL and JDB (tests/vectors/emv)
    PaymentScheme(name="Lao QR", country="LA", guids=frozenset({"a005266284662577"})),
    # 26.00 is the number of bank and shop, 28 digits long (codes of Upay and of a bank's point of sale)
    PaymentScheme(name="LankaQR", country="LK", prefixes=("16",), guid_chars=28),
    # 28.00 of a code of JS Bank
    PaymentScheme(name="Raast", country="PK", guids=frozenset({"1c4d57c8c1b549af8b3137f1fd6af3b5"})),
    PaymentScheme(name="Mercado Pago", country="AR", guids=frozenset({"com.mercadolibre"})),
    PaymentScheme(name="Bangla QR", country="BD", guids=frozenset({"tallypay"})),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A scheme that has no identifier of its own, and what its codes say instead."""

    scheme: PaymentScheme
    merchant_name: str = ""
    reference_label: str = ""


#: Sources: xuannghia/vietnam-qr-pay (MoMo: a code of VietQR whose 62.05 begins so); ten codes of Yape in public
#: repositories, all under one name; codes of shops in Ghana, where every code is the national one (GhIPSS); Bharat QR
#: has the number of bank and account in 08 and those of the card networks in 02-15.
_MARKS: Final = (
    Mark(scheme=PaymentScheme(name="MoMo", country="VN"), reference_label="MOMO"),
    Mark(scheme=PaymentScheme(name="Yape", country="PE"), merchant_name="YAPE"),
)
_NATIONAL: Final = (PaymentScheme(name="GhQR", country="GH"), PaymentScheme(name="Bharat QR", country="IN"))

_BY_GUID: Final = MappingProxyType({guid: scheme for scheme in SCHEMES for guid in scheme.guids})

#: Ids 02-25 belong to card networks; their values are primitive. Source: docs.rs/crate/eqr promptpay.md.
_NETWORKS: Final = (
    (2, 3, "Visa"),
    (4, 5, "Mastercard"),
    (6, 8, "EMVCo"),
    (9, 10, "Discover"),
    (11, 12, "American Express"),
    (13, 14, "JCB"),
    (15, 16, "UnionPay"),
    (17, 25, "EMVCo"),
)
NETWORK_OF_ID: Final = MappingProxyType(
    {f"{number:02d}": name for low, high, name in _NETWORKS for number in range(low, high + 1)}
)


def scheme_of(*, id: str, guid: str, country: str) -> PaymentScheme | None:  # noqa: A002 (the specification's word)
    """The scheme of one account template, or None when the table does not know it."""
    folded = guid.casefold()
    known = _BY_GUID.get(folded)
    if known is not None:
        return known
    if "@" in guid:
        return next((one for one in SCHEMES if id in one.account_ids and one.country == country), None)
    numbered = (one for one in SCHEMES if one.country == country and one.guid_chars in {0, len(guid)})
    return next((one for one in numbered if folded.startswith(one.prefixes or ("\0",))), None)


def mark_of(*, country: str, merchant_name: str, reference_label: str) -> PaymentScheme | None:
    """The scheme that a code claims by other fields than its accounts, or None."""
    for mark in _MARKS:
        named = merchant_name.startswith(mark.merchant_name) and reference_label.startswith(mark.reference_label)
        if named and mark.scheme.country == country:
            return mark.scheme
    return None


def national_scheme(country: str) -> PaymentScheme | None:
    """The scheme of every code of a country, for codes whose accounts are card networks' alone; or None."""
    return next((one for one in _NATIONAL if one.country == country), None)
