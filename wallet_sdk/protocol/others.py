"""Texts that people scan and that are no payment requests of ours: which scheme wrote one, by how it begins.

The name is for people, so that they know what they are looking at; it proves nothing and opens nothing. What scanners
put before a text, and what a keyboard does to it, is told here too.
"""

import re
from typing import Final

#: AIM identifier, when a scanner is set to send it: "]", a letter for the symbology, a modifier (ISO/IEC 15424).
_AIM: Final = re.compile(r"\](?P<kind>[A-Za-z][0-9A-Za-z])", re.ASCII)
#: Symbologies that carry GS1 element strings: QR with FNC1, Data Matrix, DataBar, Code 128.
_GS1_KINDS: Final = frozenset({"Q3", "d2", "e0", "C1"})

#: Name, how its texts begin (compared without regard to case), and where that is written.
_BEGINNINGS: Final = (
    ("Bitcoin", ("bitcoin:",)),  # BIP 21
    ("Lightning", ("lightning:", "lnbc", "lntb")),  # BOLT 11
    ("LNURL", ("lnurl",)),  # LUD-01
    ("Ethereum", ("ethereum:",)),  # ERC-681
    ("UPI", ("upi://", "paytmmp://", "phonepe://", "tez://")),  # NPCI, UPI linking specification 1.6
    ("SPAYD", ("spd*",)),  # qr-platba.cz, Short Payment Descriptor 1.0
    ("EPC069-12", ("bcd\n",)),  # European Payments Council, EPC069-12 v2.1: "GiroCode"
    ("Swiss QR-bill", ("spc\n",)),  # SIX, Swiss Implementation Guidelines QR-bill v2.3
    ("Alipay", ("https://qr.alipay.com/", "alipays://", "alipayqr://")),  # opendocs.alipay.com
    ("WeChat Pay", ("wxp://", "weixin://wxpay/")),  # pay.weixin.qq.com
    ("SBP", ("https://qr.nspk.ru/", "https://sub.nspk.ru/")),  # NSPK, payment links
    ("Wi-Fi", ("wifi:",)),  # Wi-Fi Alliance, WPA3 specification 7
    ("vCard", ("begin:vcard",)),  # RFC 6350
    ("MECARD", ("mecard:",)),  # NTT Docomo
    ("iCalendar", ("begin:vevent", "begin:vcalendar")),  # RFC 5545
    ("tel:", ("tel:", "sms:", "smsto:")),  # RFC 3966, RFC 5724
    ("mailto:", ("mailto:",)),  # RFC 6068
    ("geo:", ("geo:",)),  # RFC 5870
    ("https:", ("https://", "http://")),  # RFC 9110
)
#: A link to goods, on any host: /01/ and fourteen digits (GS1 Digital Link standard 1.4, 4.3).
_GS1_LINK: Final = re.compile(r"https?://[^/]+/(?:[^?]*/)?01/[0-9]{14}(?:[/?]|$)", re.ASCII | re.IGNORECASE)
#: So much of a text says whose it is.
_LOOKED_AT_CHARS: Final = 200


def plain_text_of(scanned: str) -> str:
    """What a scanner read, without what it put around it: an AIM identifier, a suffix, spaces."""
    text = scanned.strip("\x00\x02\x03\x04 \t\r\n")
    found = _AIM.match(text)
    return text[found.end() :] if found else text


def other_scheme(text: str) -> str:
    """The name of the scheme that wrote a text which is none of ours and no EMV code; "" when none is known."""
    aim = _AIM.match(text)
    if aim and aim["kind"] in _GS1_KINDS:
        return "GS1"
    start = plain_text_of(text)[:_LOOKED_AT_CHARS].replace("\r", "").casefold() + "\n"
    if _GS1_LINK.match(start):
        return "GS1 Digital Link"
    return next((name for name, begins in _BEGINNINGS if start.startswith(begins)), "")
