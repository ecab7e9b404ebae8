"""EMV codes: what is written comes back the same, and arbitrary input raises nothing but the errors of our tree."""

import base64
import string
from collections.abc import Callable
from random import Random  # noqa: TID251 (the type of the fixture)
from typing import TypeVar

from hypothesis import example, given, settings
from hypothesis import strategies as st

from wallet_sdk.protocol.emv import (
    AdditionalFields,
    BerObject,
    CardFields,
    ConsumerPresentedCode,
    EmvObject,
    Evidence,
    LanguageTemplate,
    MerchantPresentedCode,
    NetworkAccount,
    Template,
    UntrustedRequest,
    decode_consumer_presented,
    decode_merchant_presented,
    export_merchant_presented,
    import_merchant_presented,
)
from wallet_sdk.protocol.emv.merchant import checksum
from wallet_sdk.protocol.errors import MisuseError, TillcodeError
from wallet_sdk.testing import Scheme

PRINTABLE = string.digits + string.ascii_letters + string.punctuation + " "
MUTATIONS = 4_000
V = TypeVar("V")


def ans(low: int, high: int) -> st.SearchStrategy[str]:
    """Printable ASCII of so many characters."""
    return st.text(PRINTABLE, min_size=low, max_size=high)


def words(low: int, high: int) -> st.SearchStrategy[str]:
    """Any text that the specification allows: no control characters, no surrogates."""
    return st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=low, max_size=high)


def maybe(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    """Sometimes absent."""
    return st.none() | strategy


def numbered(low: int, high: int) -> st.SearchStrategy[str]:
    """An id."""
    return st.integers(low, high).map(lambda number: f"{number:02d}")


@st.composite
def templates(draw: st.DrawFn, low: int, high: int, content: st.SearchStrategy[str]) -> Template:
    """A template with an identifier and up to two more objects, in any sequence."""
    ids = draw(st.lists(numbered(1, 99), max_size=2, unique=True))
    objects = [EmvObject(id="00", value=draw(ans(1, 12))), *(EmvObject(id=one, value=draw(content)) for one in ids)]
    return Template(id=draw(numbered(low, high)), objects=tuple(draw(st.permutations(objects))))


def unique(parts: st.SearchStrategy[Template]) -> st.SearchStrategy[tuple[Template, ...]]:
    """A few templates, no id twice, ids ascending."""
    some = st.lists(parts, max_size=2, unique_by=lambda one: one.id)
    return some.map(lambda found: tuple(sorted(found, key=lambda one: one.id)))


ADDITIONAL = st.builds(
    AdditionalFields,
    bill_number=ans(1, 6),
    reference_label=maybe(ans(1, 25)),
    asked_of_consumer=maybe(st.sampled_from(["A", "ME", "EMA"])),
    merchant_tax_id=maybe(ans(1, 4)),
    merchant_channel=maybe(ans(3, 3)),
    systems=unique(templates(50, 99, words(1, 4))),
)
LANGUAGE = st.builds(
    LanguageTemplate,
    language=st.sampled_from(["EN", "ZH", "pt"]),
    merchant_name=words(1, 25),
    merchant_city=maybe(words(1, 15)),
)
MERCHANT_CODES = st.builds(
    MerchantPresentedCode,
    accounts=st.builds(
        lambda networks, owned: (*networks, *owned),
        st.just((NetworkAccount(id="02", value="4000"),)),
        unique(templates(26, 51, ans(1, 8))),
    ),
    category_code=st.integers(0, 9999).map(lambda number: f"{number:04d}"),
    currency_number=st.integers(0, 999).map(lambda number: f"{number:03d}"),
    amount=maybe(st.integers(1, 10**9).map(lambda minor: f"{minor // 100}.{minor % 100:02d}")),
    country=st.sampled_from(["PT", "KH", "TH"]),
    merchant_name=ans(1, 25),
    merchant_city=ans(1, 15),
    postal_code=maybe(ans(1, 10)),
    additional=st.none() | ADDITIONAL,
    language=st.none() | LANGUAGE,
    unreserved=unique(templates(80, 99, words(1, 8))),
)
CARD_FIELDS = st.builds(
    CardFields,
    application_id=st.binary(min_size=5, max_size=16),
    label=maybe(ans(1, 16)),
    account_number=maybe(st.text(string.digits, min_size=1, max_size=19)),
    last_digits=maybe(st.text(string.digits, min_size=4, max_size=4)),
    token_requestor_id=maybe(st.text(string.digits, min_size=11, max_size=11)),
    transparent=st.none()
    | st.builds(
        CardFields,
        cryptogram=st.none() | st.binary(min_size=8, max_size=8),
        counter=st.none() | st.integers(0, 65_535),
        others=st.binary(max_size=140).map(lambda value: (BerObject(tag="9F74", value=value),)),
    ),
)
CONSUMER_CODES = st.builds(
    ConsumerPresentedCode,
    applications=st.lists(CARD_FIELDS, min_size=1, max_size=2).map(tuple),
    common=st.none() | CARD_FIELDS,
)


def attempt(read: Callable[[str], V], text: str) -> V | TillcodeError:
    """What a reader makes of a text; any error outside our tree goes through and fails the test."""
    try:
        return read(text)
    except TillcodeError as error:
        return error


def written(code: MerchantPresentedCode | ConsumerPresentedCode) -> str | MisuseError:
    """The text of a code, or why there is none."""
    try:
        return code.encode()
    except MisuseError as error:
        return error


@given(MERCHANT_CODES)
def test_merchant_codes_come_back(code: MerchantPresentedCode) -> None:
    """Value to text to value, and the text again; what is too long is refused when it is written."""
    text = written(code)
    if isinstance(text, MisuseError):
        assert text.param is not None
        return
    assert len(text) <= 512
    assert decode_merchant_presented(text) == code
    assert decode_merchant_presented(text).encode() == text


@given(MERCHANT_CODES, st.randoms(use_true_random=False))
def test_any_sequence_of_fields_comes_back(code: MerchantPresentedCode, rng: Random) -> None:
    """Objects between the first and the last may stand in any sequence."""
    text = written(code)
    if isinstance(text, MisuseError):
        return
    ids, bodies, position = [], {}, 0
    while position < len(text) - 8:
        length = 4 + int(text[position + 2 : position + 4])
        ids.append(text[position : position + 2])
        bodies[ids[-1]] = text[position : position + length]
        position += length
    middle = ids[1:]
    rng.shuffle(middle)
    body = "".join(bodies[one] for one in [ids[0], *middle]) + "6304"
    shuffled = body + checksum(body)
    assert decode_merchant_presented(shuffled).encode() == shuffled


@given(CONSUMER_CODES)
def test_consumer_codes_come_back(code: ConsumerPresentedCode) -> None:
    """Value to text to value, and the text again; what is too long is refused when it is written."""
    text = written(code)
    if isinstance(text, MisuseError):
        assert text.param == "85@0", "nothing is wrong with it but its length"
        return
    assert decode_consumer_presented(text) == code


@given(st.text(max_size=600))
@example("")
@example("000201")
@example("0" * 513)
@example("6304FFFF")
@example("\ud800")
def test_arbitrary_text_raises_nothing_else(text: str) -> None:
    """A scanned text is a code or an error of our tree, with the place of the fault."""
    readers: tuple[Callable[[str], MerchantPresentedCode | ConsumerPresentedCode], ...] = (
        decode_merchant_presented,
        decode_consumer_presented,
    )
    for read in readers:
        outcome = attempt(read, text)
        if isinstance(outcome, TillcodeError):
            assert outcome.param is not None
            assert len(str(outcome)) < 400
        else:
            assert outcome.encode() == text


@given(st.text(max_size=400))
def test_arbitrary_bodies_with_a_right_checksum_raise_nothing_else(body: str) -> None:
    """The checksum is no wall: what is behind it is read as carefully."""
    framed = f"000201{body}6304"
    outcome = attempt(decode_merchant_presented, framed + checksum(framed))
    if isinstance(outcome, TillcodeError):
        assert outcome.param is not None
    else:
        assert outcome.encode() == framed + checksum(framed)


@given(st.binary(max_size=384))
def test_arbitrary_bytes_raise_nothing_else(content: bytes) -> None:
    """Behind a right head, any bytes are a code or an error of our tree."""
    text = base64.b64encode(b"\x85\x05CPV01" + content[:377]).decode()
    outcome = attempt(decode_consumer_presented, text)
    if isinstance(outcome, TillcodeError):
        assert outcome.param is not None
    else:
        assert outcome.encode() == text


@settings(max_examples=30)
@given(st.integers(1, 2**32 - 1), ans(0, 10), st.sampled_from(list(Evidence)))
def test_exported_requests_come_back(amount_minor: int, reference: str, evidence: Evidence) -> None:
    """Whatever a terminal asks for is verified after its way through an EMV code."""
    scheme = Scheme()
    if reference != reference.strip() or reference == "***":
        reference = ""
    request = scheme.request(amount_minor=amount_minor, reference=reference)
    assert request.embedded is not None
    text = export_merchant_presented(request, evidence=evidence).encode()
    verified = import_merchant_presented(
        decode_merchant_presented(text), scheme.trust(), at_s=scheme.now_s, certificates=[request.embedded]
    )
    assert not isinstance(verified, UntrustedRequest)
    assert verified.request == request


def test_no_changed_character_passes(rng: Random) -> None:
    """Thousands of changed codes, each with its checksum put right again: not one is verified."""
    scheme = Scheme()
    request, trust = scheme.request(), scheme.trust()
    text = export_merchant_presented(request).encode()
    verified = 0
    for _ in range(MUTATIONS):
        position = rng.randrange(len(text) - 8)
        body = text[:position] + rng.choice(PRINTABLE) + text[position + 1 : -4]
        if body == text[:-4]:
            continue
        try:
            outcome = import_merchant_presented(
                decode_merchant_presented(body + checksum(body)), trust, at_s=scheme.now_s
            )
        except TillcodeError:
            continue
        # The language of the local name is a hint, not content: it alone may change.
        language = decode_merchant_presented(body + checksum(body)).language
        verified += not isinstance(outcome, UntrustedRequest) and (language is None or language.language == "EN")
    assert verified == 0
