"""The bridge to EMVCo QR codes (EMV QRCPS 1.1): read them, write them, carry our own requests in them.

``decode_merchant_presented`` and ``decode_consumer_presented`` give frozen values with named fields, whose
``encode()`` gives back the same text. ``export_merchant_presented`` writes a signed payment request as a
merchant-presented code, ``import_merchant_presented`` gives a verified request, or an ``UntrustedRequest`` for a code
that nobody signed: a checksum is no security.
"""

from wallet_sdk.protocol.emv.ber import BerObject
from wallet_sdk.protocol.emv.bridge import UntrustedRequest, import_merchant_presented, read_untrusted
from wallet_sdk.protocol.emv.carriage import Evidence, export_merchant_presented
from wallet_sdk.protocol.emv.consumer import CardFields, ConsumerPresentedCode, decode_consumer_presented
from wallet_sdk.protocol.emv.currencies import ISO_CURRENCIES, IsoCurrency
from wallet_sdk.protocol.emv.deviations import Deviation, DeviationKind
from wallet_sdk.protocol.emv.merchant import (
    Initiation,
    MerchantPresentedCode,
    TipIndicator,
    decode_merchant_presented,
    looks_like_one,
)
from wallet_sdk.protocol.emv.schemes import SCHEMES, PaymentScheme
from wallet_sdk.protocol.emv.templates import AdditionalFields, LanguageTemplate, NetworkAccount, Template
from wallet_sdk.protocol.emv.tlv import EmvObject

__all__ = [
    "ISO_CURRENCIES",
    "SCHEMES",
    "AdditionalFields",
    "BerObject",
    "CardFields",
    "ConsumerPresentedCode",
    "Deviation",
    "DeviationKind",
    "EmvObject",
    "Evidence",
    "Initiation",
    "IsoCurrency",
    "LanguageTemplate",
    "MerchantPresentedCode",
    "NetworkAccount",
    "PaymentScheme",
    "Template",
    "TipIndicator",
    "UntrustedRequest",
    "decode_consumer_presented",
    "decode_merchant_presented",
    "export_merchant_presented",
    "import_merchant_presented",
    "looks_like_one",
    "read_untrusted",
]
