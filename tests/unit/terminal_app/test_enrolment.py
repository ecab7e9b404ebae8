"""Joining a shop: what is checked before it is believed, and what is pinned for ever."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from terminal_app.core import Place
from terminal_app.screen_model import Enrol
from tests.unit.terminal_app.fake_server import SERVER_URL, Road
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode, TillcodeError
from wallet_sdk.protocol.ids import TerminalId
from wallet_sdk.protocol.money import Currency
from wallet_sdk.testing import Scheme

ENROL = Enrol(server_url=SERVER_URL, activation_code="CODE-1")


def other_key(shop: Shop) -> api.TerminalEnrolled:
    """A certificate over a key that is not ours."""
    certificate = replace(shop.server.certificate().message, terminal_key=shop.scheme.device.public_key)
    return with_certificate(shop, certificate)


def other_currency(shop: Shop) -> api.TerminalEnrolled:
    """A shop that takes yen."""
    return with_certificate(shop, replace(shop.server.certificate().message, currencies=(Currency.JPY,)))


def other_signer(shop: Shop) -> api.TerminalEnrolled:
    """A certificate by a key that the root does not know."""
    certificate = seal(shop.server.certificate().message, shop.scheme.device)
    return replace(shop.server.enrolled(), certificate=api.to_base64url(certificate.envelope))


def other_root(shop: Shop) -> api.TerminalEnrolled:
    """A bundle by another root than the one named."""
    root = Scheme(seed=77).root.public_key
    return replace(shop.server.enrolled(), root_key=api.to_base64url(root))


def no_limits(shop: Shop) -> api.TerminalEnrolled:
    """A limit is missing."""
    return replace(shop.server.enrolled(), offline_limits={"payment_max_minor": 1})


def with_certificate(shop: Shop, certificate: object) -> api.TerminalEnrolled:
    """The server's answer with this certificate."""
    sealed = seal(certificate, shop.scheme.terminal_ca)  # type: ignore[type-var]
    return replace(shop.server.enrolled(), certificate=api.to_base64url(sealed.envelope))


BAD_ANSWERS: list[tuple[Callable[[Shop], api.TerminalEnrolled], ErrorCode]] = [
    (other_key, ErrorCode.WRONG_TERMINAL),
    (other_currency, ErrorCode.CURRENCY_MISMATCH),
    (other_signer, ErrorCode.UNKNOWN_SIGNER),
    (other_root, ErrorCode.UNKNOWN_SIGNER),
    (no_limits, ErrorCode.BAD_REQUEST_BODY),
]


@pytest.mark.parametrize(("make", "code"), BAD_ANSWERS)
def test_a_bad_answer_joins_nothing(
    tmp_path: Path, make: Callable[[Shop], api.TerminalEnrolled], code: ErrorCode
) -> None:
    """Every part of the answer is checked, and a refusal leaves no trace."""
    shop = Shop(tmp_path)
    message = shop.credentials.begin_enrolment("CODE-1").message
    shop.server.terminal_key = message.public_key
    with pytest.raises(TillcodeError) as caught:
        shop.credentials.join(make(shop), server_url=SERVER_URL)
    assert caught.value.code is code
    assert shop.journal.length == 0


def test_an_unknown_activation_code_is_told_and_can_be_tried_again(tmp_path: Path) -> None:
    """The form comes back with the reason; the key that was made is used again."""
    shop = Shop(tmp_path)
    shop.core.start()
    shop.server.refuse = ErrorCode.UNKNOWN_ACTIVATION_CODE
    shop.do(ENROL)
    assert shop.place is Place.JOINING
    shop.run()
    assert (shop.place, shop.refusal) == (Place.ENROL, ErrorCode.UNKNOWN_ACTIVATION_CODE)
    key = shop.credentials.signer.public_key
    shop.server.refuse = None
    shop.do(ENROL)
    shop.run()
    assert (shop.place, shop.refusal) == (Place.KEYPAD, None)
    assert shop.credentials.membership.certificate.message.terminal_key == key


def test_no_network_and_a_bad_address_are_told(tmp_path: Path) -> None:
    """Both leave the form open."""
    shop = Shop(tmp_path)
    shop.core.start()
    shop.server.road = Road.DOWN
    shop.do(ENROL)
    shop.run()
    assert (shop.place, shop.refusal) == (Place.ENROL, ErrorCode.NETWORK_UNREACHABLE)
    shop.do(Enrol(server_url=SERVER_URL, activation_code=""))
    assert (shop.place, shop.refusal) == (Place.ENROL, ErrorCode.BAD_ARGUMENT)


def test_a_till_joins_once(shop: Shop) -> None:
    """A second activation code changes nothing."""
    with pytest.raises(TillcodeError) as caught:
        shop.credentials.begin_enrolment("CODE-2")
    assert caught.value.code is ErrorCode.ALREADY_ENROLLED


def test_a_till_without_a_clock_can_join_and_sell(tmp_path: Path) -> None:
    """It wakes in 1970; the operator's signed times say what time it is at least."""
    shop = Shop(tmp_path)
    shop.clock.wall_ms = 0
    shop.enrol()
    request = shop.show_code().message
    assert request.issued_at_s >= shop.scheme.now_s
    shop.clock.advance(30)
    assert shop.time.now_s() >= shop.scheme.now_s + 30


def test_a_renewal_keeps_the_root_and_the_till(shop: Shop) -> None:
    """Another root, another till, or an older bundle in a renewal is refused, and nothing changes."""
    held, length = shop.credentials.membership, shop.journal.length
    other_till = with_certificate(shop, replace(shop.server.certificate().message, terminal_id=TerminalId(9)))
    scheme = Scheme(seed=77, now_s=shop.scheme.now_s)
    foreign = replace(shop.server.enrolled(), bundle=api.to_base64url(scheme.bundle(version=9).envelope))
    for answer, code in ((other_till, ErrorCode.WRONG_TERMINAL), (foreign, ErrorCode.UNKNOWN_SIGNER)):
        with pytest.raises(TillcodeError) as caught:
            shop.credentials.renew(answer)
        assert caught.value.code is code
    assert (shop.credentials.membership, shop.journal.length) == (held, length)
