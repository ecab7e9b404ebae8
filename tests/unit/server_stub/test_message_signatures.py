"""RFC 9421 reads: signed by the library with our device keys, refused as soon as anything is not as signed."""

import datetime as dt
import re
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random  # noqa: TID251 - only its name, for the type of `rng`
from typing import Any

import httpx
import pytest
from http_message_signatures import HTTPMessageSigner
from http_message_signatures.algorithms import ECDSA_P256_SHA256

from server_stub.service.message_signatures import COVERED, TAG
from tests.unit.server_stub.asking import Answer, answer_of
from tests.unit.server_stub.harness import ONLINE, House, TestTerminal, TestWallet
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Digest


@dataclass(slots=True)
class Message:
    """The smallest thing that the library signs."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


def signed(
    device: TestTerminal | TestWallet,
    path: str,
    *,
    method: str = "GET",
    tag: str = TAG,
    covered: tuple[str, ...] = COVERED,
    age_s: int = 0,
    key_id: str = "",
    **more: Any,
) -> dict[str, str]:
    """The fields that a device adds; its key never leaves its signer, which gets a digest."""
    message = Message(method=method, url=f"http://server{path}")
    signer = HTTPMessageSigner(signature_algorithm=ECDSA_P256_SHA256)
    prepared = signer.prepare(
        message,
        key_id=key_id or key_id_of(device.signer.public_key).hex(),
        created=dt.datetime.fromtimestamp(device.now_s() - age_s, tz=dt.UTC),
        tag=tag,
        covered_component_ids=covered,
        **more,
    )
    digest = Digest(sha256(prepared.signature_base).digest())
    signer.apply(message, prepared, device.signer.sign(digest))
    return message.headers


def ask(house: House, path: str, headers: dict[str, str], *, method: str = "GET") -> Answer:
    """One request with these fields."""
    import asyncio

    async def send() -> Answer:
        transport = httpx.ASGITransport(house.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
            return answer_of(await client.request(method, path, headers=headers))

    return asyncio.run(send())


def test_a_device_reads_its_own_with_its_key(house: House) -> None:
    """Balance, consent and payment: the same answers as to the protocol's own signed read."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    intent = wallet.intent(request, ONLINE)
    wallet.send(request.envelope, intent.envelope).ok()
    for device, path in (
        (wallet, api.PATH_BALANCE),
        (wallet, api.consent_path(intent.digest)),
        (terminal, api.payment_path(request.message.request_id) + "?wait=1"),
    ):
        plain = path.partition("?")[0]
        assert ask(house, path, signed(device, path)).ok() == device.read(plain).ok()


def test_anothers_is_unknown_and_a_terminal_has_no_balance(house: House) -> None:
    """A good signature opens what is the signer's and nothing else."""
    wallet, other, terminal = house.wallet(), house.wallet(), house.terminal()
    request = terminal.request()
    intent = wallet.intent(request, ONLINE)
    wallet.send(request.envelope, intent.envelope).ok()
    path = api.consent_path(intent.digest)
    assert ask(house, path, signed(other, path)).code() is ErrorCode.UNKNOWN_PAYMENT
    assert ask(house, api.PATH_BALANCE, signed(terminal, api.PATH_BALANCE)).code() is ErrorCode.NOT_AUTHORIZED


def test_what_is_covered_cannot_be_changed(house: House) -> None:
    """Another path, another query, another method than was signed."""
    wallet = house.wallet()
    path = api.PATH_BALANCE
    assert ask(house, path + "?wait=30", signed(wallet, path)).code() is ErrorCode.BAD_SIGNATURE
    assert ask(house, path, signed(wallet, path + "?wait=30")).code() is ErrorCode.BAD_SIGNATURE
    assert ask(house, path, signed(wallet, "/v1/other")).code() is ErrorCode.BAD_SIGNATURE
    assert ask(house, path, signed(wallet, path, method="POST")).code() is ErrorCode.BAD_SIGNATURE


@pytest.mark.parametrize(
    "change",
    [
        {"tag": "something-else"},
        {"tag": None},
        {"covered": ("@method", "@path")},
        {"covered": ("@path", "@query")},
        {"covered": ()},
        {"expires": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)},
        {"key_id": "zz"},
        {"key_id": "00"},
    ],
    ids=str,
)
def test_a_signature_that_is_not_for_this_is_refused(house: House, change: dict[str, Any]) -> None:
    """For another purpose, covering less than it must, with an end of its own, or by no key."""
    wallet = house.wallet()
    assert ask(house, api.PATH_BALANCE, signed(wallet, api.PATH_BALANCE, **change)).code() is ErrorCode.BAD_SIGNATURE


def test_time_and_signer_are_judged_by_us(house: House) -> None:
    """Five minutes by the server's own clock; a key that nobody has enrolled; another's key under my name."""
    wallet, other = house.wallet(), house.wallet()
    path = api.PATH_BALANCE
    assert ask(house, path, signed(wallet, path, age_s=299)).http_status == 200
    assert ask(house, path, signed(wallet, path, age_s=301)).code() is ErrorCode.EXPIRED
    assert ask(house, path, signed(wallet, path, age_s=-301)).code() is ErrorCode.NOT_YET_VALID
    assert ask(house, path, signed(wallet, path, key_id="00" * 8)).code() is ErrorCode.UNKNOWN_SIGNER
    mine = key_id_of(wallet.signer.public_key).hex()
    assert ask(house, path, signed(other, path, key_id=mine)).code() is ErrorCode.BAD_SIGNATURE


def test_the_protocols_own_read_goes_first(house: House) -> None:
    """Who sends both is judged by the Authorization field, so a broken one is not saved by the other."""
    wallet = house.wallet()
    both = {**signed(wallet, api.PATH_BALANCE), "authorization": "TC1 AAAA"}
    assert ask(house, api.PATH_BALANCE, both).http_status >= 400


def said_by(field: str) -> str:
    """A field in one spelling: without spaces, and without the padding of bytes, which may be left out.

    Source: RFC 9651 section 4.2.7 (a parser does not fail when the padding is missing).
    """
    return re.sub("=+:", ":", field.replace(" ", ""))


def test_no_field_whatever_it_holds_breaks_the_server(house: House, rng: Random) -> None:
    """Altered, cut, doubled and invented fields: refused, never a 5xx, never an answer."""
    wallet = house.wallet()
    good = signed(wallet, api.PATH_BALANCE)
    letters = 'abz019;=,":()*@-_.%{}[]\\ '
    for _ in range(400):
        name = rng.choice(("Signature", "Signature-Input"))
        text = good[name]
        start, end = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        put = "".join(rng.choices(letters, k=rng.randrange(8)))
        changed = text[:start] + put + text[end:]
        answer = ask(house, api.PATH_BALANCE, {**good, name: changed})
        if changed != text and answer.http_status == 200:
            # Structured fields have more than one spelling of the same; what it says must be the same.
            assert said_by(changed) == said_by(text), changed
        assert answer.http_status < 500, changed
    for hostile in ("(" * 2000, "sig=(" + '"a" ' * 900 + ")", "sig=:" + "A" * 3000 + ":", "a" * 5000):
        assert ask(house, api.PATH_BALANCE, {"signature-input": hostile, "signature": hostile}).http_status == 401
