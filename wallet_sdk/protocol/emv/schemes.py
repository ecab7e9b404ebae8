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
    """

    name: str
    country: str
    guids: frozenset[str] = frozenset()
    account_ids: frozenset[str] = frozenset()
    left_out: frozenset[str] = _ALL_NAMED
    payload_format: str = "01"


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
)

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
    known = _BY_GUID.get(guid.casefold())
    if known is not None:
        return known
    if "@" in guid:
        return next((one for one in SCHEMES if id in one.account_ids and one.country == country), None)
    return None
