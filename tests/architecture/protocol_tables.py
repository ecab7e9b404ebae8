"""Tables of the protocol's pages, each drawn from the code that it describes."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from wallet_sdk.protocol import api, check_words, limits, qr
from wallet_sdk.protocol import fields as text_fields
from wallet_sdk.protocol.envelope import Sealed, seal
from wallet_sdk.protocol.errors import ErrorCode, error_class
from wallet_sdk.protocol.ids import Counter, Digest, MerchantId, RequestId, TerminalId
from wallet_sdk.protocol.messages import (
    NO_DIGEST,
    BatchReceipt,
    CaptureBatch,
    Claim,
    CloseRequest,
    HoldCapture,
    Liability,
    OperatorKey,
    ReadRequest,
    Receipt,
    Role,
    TokenRequest,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import TRANSITIONS, State
from wallet_sdk.testing import Scheme

ROOT = Path(__file__).parents[2]
RULES = ROOT / "docs" / "protocol" / "rules.md"
TABLES = RULES.with_name("tables.md")
LARGEST = 2**32 - 1
#: The version that the rules speak of (R-15).
UNICODE = "14.0.0"
_JSON_KINDS = {
    "str": "text",
    "int": "number",
    "bool": "true or false",
    "dict": "object of numbers",
}


def table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A table of Markdown."""
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def rules_text() -> dict[int, str]:
    """Every rule of the page by its number."""
    return {
        int(number): text
        for number, text in re.findall(
            r"^\*\*R-(\d+)\.\*\* (.*?)\n(?:\n|\Z)", RULES.read_text(), re.MULTILINE | re.DOTALL
        )
    }


# --- sizes ---


def sizes() -> str:
    """Messages that are shown as codes, then those that are not, with ordinary and with the largest values."""
    rows = [_measured(what, *pair) for what, pair in _shown(Scheme())]
    rows += [(*_measured(what, *pair)[:3], "not shown") for what, pair in _sent(Scheme())]
    return table(("message", "ordinary, bytes", "largest, bytes", "largest as a code"), rows)


def _measured(what: str, ordinary: Sealed[Any], largest: Sealed[Any]) -> tuple[Any, ...]:
    size, most = len(ordinary.envelope), len(largest.envelope)
    text = qr.to_text(largest.envelope)
    fits = most <= limits.LARGE_MESSAGE_BYTES_MAX
    shown = f"{len(text)} characters, version {(len(qr.matrix(text)) - 17) // 4}" if fits else ""
    return what, f"{size:,}", f"{most:,}", shown


Pair = tuple[Sealed[Any], Sealed[Any]]


def _shown(scheme: Scheme) -> Iterator[tuple[str, Pair]]:
    certificate = scheme.certificate()
    large_label = replace(
        certificate.message,
        merchant_id=MerchantId(LARGEST),
        terminal_id=TerminalId(LARGEST),
        mcc=9999,
        lifetime_h=limits.CERTIFICATE_LIFETIME_H_MAX,
        merchant_name="M" * 20,
        merchant_city="C" * 12,
    )
    large_certificate = seal(large_label, scheme.terminal_ca)
    ask = scheme.request()
    large_ask = replace(ask.message, amount_minor=LARGEST, reference="R" * limits.REFERENCE_BYTES_MAX)
    yield (
        "2 request with certificate",
        (ask, seal(large_ask, scheme.terminal, embedded=large_certificate.envelope)),
    )
    token, large_token = scheme.token(), _largest_token(scheme)
    digest = Digest(b"\xff" * 32)
    plain: dict[str, Any] = {"token": token.envelope, "request_digest": digest}
    large = dict(plain, token=large_token.envelope, amount_minor=LARGEST, cumulative_minor=LARGEST)
    yield "4 intent with token", (scheme.intent(**plain), scheme.intent(**large, counter=limits.TOKEN_COUNT_MAX))
    large_code = scheme.code(token=large_token.envelope, counter=Counter(limits.TOKEN_COUNT_MAX), ceiling_minor=LARGEST)
    yield "5 code with token", (scheme.code(token=token.envelope), large_code)
    yield from _receipts(scheme, digest)
    printed = scheme.static_code()
    large_print = replace(
        printed.message,
        merchant_id=MerchantId(LARGEST),
        merchant_name="M" * 20,
        merchant_city="C" * 12,
        mcc=9999,
        payment_max_minor=LARGEST,
        lifetime_d=limits.STATIC_CODE_LIFETIME_D_MAX,
    )
    yield "12 static code", (printed, seal(large_print, scheme.terminal_ca))


def _largest_token(scheme: Scheme) -> Sealed[Any]:
    token = scheme.token(payment_max_minor=LARGEST, total_max_minor=LARGEST, count_max=limits.TOKEN_COUNT_MAX)
    return seal(replace(token.message, lifetime_h=limits.TOKEN_LIFETIME_H_MAX), scheme.token_issuer)


def _receipts(scheme: Scheme, digest: Digest) -> Iterator[tuple[str, Pair]]:
    ordinary = Receipt(
        terminal_id=TerminalId(2001),
        request_id=RequestId(scheme.new_id()),
        consent_digest=digest,
        amount_minor=1250,
        currency=Currency.EUR,
        state=State.CAPTURED,
        at_s=scheme.now_s,
    )
    largest = replace(
        ordinary,
        terminal_id=TerminalId(LARGEST),
        amount_minor=LARGEST,
        state=State.UNKNOWN,
        liability=Liability.MERCHANT,
    )
    closed = {"consent_digest": NO_DIGEST, "state": State.CANCELED}
    back = {"consent_digest": NO_DIGEST, "refund_id": RequestId(scheme.new_id())}
    for what, changes in (("7 receipt", {}), ("7 closing receipt", closed), ("7 refund receipt", back)):
        pair = (replace(one, **changes) for one in (ordinary, largest))
        first, second = (seal(one, scheme.receipt_signer) for one in pair)
        yield what, (first, second)


def _sent(scheme: Scheme) -> Iterator[tuple[str, Pair]]:
    bundle = scheme.bundle()
    full = tuple(
        OperatorKey(
            role=list(Role)[number % len(Role)],
            public_key=scheme.new_signer().public_key,
            not_before_s=LARGEST - 1,
            expires_at_s=LARGEST,
        )
        for number in range(limits.BUNDLE_KEYS_MAX)
    )
    largest_bundle = replace(bundle.message, version=LARGEST, keys=full)
    yield "9 trust bundle, 4 and 16 keys", (bundle, seal(largest_bundle, scheme.root))
    ask = scheme.request()
    intent = scheme.intent(token=scheme.token().envelope, request_digest=ask.digest)
    claim = Claim(request=ask.envelope, consent=intent.envelope)
    shown = dict(_shown(scheme))
    largest = (shown[what][1].envelope for what in ("2 request with certificate", "4 intent with token"))
    batches = ((claim,), (Claim(request=next(largest), consent=next(largest)),) * limits.BATCH_CLAIMS_MAX)
    one, many = (seal(CaptureBatch(made_at_s=scheme.now_s, claims=claims), scheme.terminal) for claims in batches)
    yield "6 capture batch, 1 and 1,024 claims", (one, many)
    asks = TokenRequest(
        issue_id=RequestId(scheme.new_id()),
        made_at_s=scheme.now_s,
        total_max_minor=20_000,
        token_key=scheme.device.public_key,
        closing=scheme.closing(scheme.token(), spent_minor=1250).envelope,
    )
    closing = scheme.closing(scheme.token(), spent_minor=LARGEST)
    large_asks = replace(asks, total_max_minor=LARGEST, closing=closing.envelope)
    yield "14 token request", (seal(asks, scheme.wallet), seal(large_asks, scheme.wallet))
    yield "18 token closing", (scheme.closing(scheme.token(), spent_minor=1250), closing)
    reads = ReadRequest(path=api.payment_path(scheme.new_id()), made_at_s=scheme.now_s)
    longest = replace(reads, path="/" + "p" * 255)
    yield "16 read request", (seal(reads, scheme.device), seal(longest, scheme.device))
    close = seal(CloseRequest(request_id=RequestId(scheme.new_id()), made_at_s=scheme.now_s), scheme.terminal)
    yield "17 close request", (close, close)
    part = HoldCapture(
        request_id=RequestId(scheme.new_id()), amount_minor=800, currency=Currency.EUR, made_at_s=scheme.now_s
    )
    large_part = replace(part, amount_minor=LARGEST)
    yield "19 hold capture", (seal(part, scheme.terminal), seal(large_part, scheme.terminal))
    receipts = (
        BatchReceipt(terminal_id=TerminalId(terminal_id), at_s=scheme.now_s, paid=(Digest(bytes(32)),) * count)
        for terminal_id, count in ((2001, 1), (LARGEST, limits.BATCH_CLAIMS_MAX))
    )
    one_paid, many_paid = (seal(receipt, scheme.receipt_signer) for receipt in receipts)
    yield "20 batch receipt, 1 and 1,024 claims", (one_paid, many_paid)


# --- everything else ---


def states() -> str:
    """The table of steps as a diagram and as rows."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> REQUESTED"]
    lines += [f"    {state.name} --> {after.name}: {event.name}" for (state, event), after in TRANSITIONS.items()]
    lines += [f"    {state.name} --> [*]" for state in State if state.is_final]
    rows = [
        (
            state.value,
            state.name,
            "yes" if state.is_paid else "no",
            ", ".join(f"{event.name} -> {after.name}" for (of, event), after in TRANSITIONS.items() if of is state)
            or "final",
        )
        for state in State
    ]
    return "\n".join([*lines, "```", "", table(("number", "state", "paid", "steps"), rows)])


def errors() -> str:
    """Every code with its class, its answer over HTTP and the rules that name it."""
    named = rules_text()
    rows = [
        (
            code.value,
            code.name,
            error_class(code).__name__.removesuffix("Error"),
            int(api.http_status_of(code)),
            ", ".join(
                f"R-{number}"
                for number, text in named.items()
                if re.search(rf"\b{code.name}\b", text) and (code, number) not in _STATES_MEANT
            ),
        )
        for code in ErrorCode
    ]
    return table(("number", "name", "class", "HTTP", "rules"), rows)


#: Rules in which the name is that of the state.
_STATES_MEANT = {(ErrorCode.EXPIRED, number) for number in (102, 104, 105, 121)}


def bounds() -> str:
    """Every limit with its value and its reason, as limits.py gives them."""
    source = (ROOT / "wallet_sdk" / "protocol" / "limits.py").read_text()
    found = re.findall(r"((?:^#: .*\n)*)^([A-Z_0-9]+): Final = ", source, re.MULTILINE)
    rows = [
        (f"{name}", f"{getattr(limits, name):,}", " ".join(line.removeprefix("#: ") for line in why.splitlines()))
        for why, name in found
    ]
    return table(("limit", "value", "reason"), rows)


def currencies() -> str:
    """Alphabetic code, number on the wire and digits of the minor unit."""
    return "\n".join(
        f"* {digits} digits: "
        + ", ".join(f"{one.name} {one.number}" for one in Currency if one.fraction_digits == digits)
        for digits in sorted({one.fraction_digits for one in Currency})
    )


def words() -> str:
    """The check words, sixteen in a row: the row is the high half of the byte."""
    listed = check_words._WORDS
    rows = [(f"`{start:02x}`", " ".join(listed[start : start + 16])) for start in range(0, len(listed), 16)]
    return table(("from", "words"), rows)


def bodies() -> str:
    """The JSON bodies of the HTTP contract, member by member."""
    rows = []
    classes: list[type[Any]] = [one for one in vars(api).values() if isinstance(one, type)]
    for body in (one for one in classes if is_dataclass(one) and one.__module__ == api.__name__):
        members = ", ".join(map(_member, fields(body)))
        rows.append((body.__name__, (body.__doc__ or "").partition("\n")[0], members))
    return table(("body", "what it is", "members"), rows)


def _member(field: Any) -> str:
    name = api._WIRE_NAMES.get(field.name, field.name)
    listed = api._LISTS.get(field.type)
    kind = f"list of {listed.__name__}" if listed else _JSON_KINDS[field.type.__name__]
    absent = "" if field.default is MISSING else f", absent = {json.dumps(field.default)}"
    return f"`{name}` {kind}{absent}"


def letters() -> str:
    """The characters of words whose Unicode name has one of the three scripts in it, as ranges of code points."""
    if unicodedata.unidata_version != UNICODE:  # what is written stands: a younger Python knows younger letters
        written: list[str] = re.findall(
            r"<!-- generated: letters -->\n(.*?)\n<!-- end -->", TABLES.read_text(), re.DOTALL
        )
        return written[0]
    rows = []
    for script in sorted(text_fields._ALIKE_SCRIPTS):
        found = [
            code
            for code in range(0x110000)
            if unicodedata.category(chr(code))[0] in text_fields._OF_WORDS
            and unicodedata.is_normalized("NFC", chr(code))
            and script in unicodedata.name(chr(code), "").split()
        ]
        starts = [code for code in found if code - 1 not in found]
        ends = [code for code in found if code + 1 not in found]
        spans = [f"{low:X}" if low == high else f"{low:X}-{high:X}" for low, high in zip(starts, ends, strict=True)]
        rows.append((script, " ".join(spans)))
    return table(("script", "code points, hexadecimal"), rows)


REGIONS: dict[str, Callable[[], str]] = {
    "bodies": bodies,
    "currencies": currencies,
    "errors": errors,
    "letters": letters,
    "limits": bounds,
    "sizes": sizes,
    "states": states,
    "words": words,
}
