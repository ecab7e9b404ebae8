"""The keys of tokens: one each, unlinkable, and forgotten when nothing needs them any more."""

from tests.unit.wallet_sdk.world import World
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.messages import PaymentToken
from wallet_sdk.protocol.trust import verify_code, verify_token
from wallet_sdk.wallet import Renewal

DAY_S = 24 * 3600


def token_of(world: World) -> PaymentToken:
    """The current token."""
    record = world.store.token()
    assert record is not None
    return verify_token(record.envelope, world.scheme.trust(), at_s=world.clock.now_ms() // 1000).message


def test_privacy_two_tokens_of_a_wallet_cannot_be_linked(world: World) -> None:
    """What a till sees of a token appears in no other one, and the key of the enrolment in none. (R-120)"""
    enrolled = bytes(world.keys.signer("device").public_key)
    seen: list[bytes] = []
    for _ in range(3):
        code = world.wallet.present_code()
        envelope = qr.from_text(code.qr.text)
        token = verify_code(envelope, world.scheme.trust(), at_s=world.clock.now_ms() // 1000).token.message
        assert not any(stable in bytes(envelope) for stable in (enrolled, *seen))
        seen += [bytes(token.token_id), bytes(token.device_key)]
        world.clock.advance(60 * 3600)
        assert world.wallet.sync().renewal is Renewal.RENEWED


def test_keys_of_old_tokens_are_forgotten(world: World) -> None:
    """The current one and the one before it stay: a thread may still be signing with that."""
    for _ in range(5):
        world.clock.advance(2 * DAY_S)
        assert world.wallet.sync().renewal is Renewal.RENEWED
        record = world.store.token()
        assert record is not None
        assert world.keys.signer(record.key_name).public_key == token_of(world).device_key
        assert len(world.keys.names()) <= 3
    assert world.keys.names()[0] == "device"


def test_another_process_finds_the_key_of_a_renewed_token(world: World) -> None:
    """The name of the key stands beside the token."""
    world.clock.advance(2 * DAY_S)
    assert world.wallet.sync().renewal is Renewal.RENEWED
    assert world.reopened().present_code().qr.text.startswith("TC1:")
