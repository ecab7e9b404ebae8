"""The denylist: grown by fraud and by hand, numbered without gaps, signed, and folded by the protocol's own rules."""

import pytest

from server_stub.ledger import AccountKind
from server_stub.service.denylist import list_of
from server_stub.store.records_trust import Denial, DenialKind
from tests.unit.server_stub.harness import OFFLINE, ONLINE, House, TestWallet
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.denylist import (
    EMPTY,
    DenylistState,
    apply,
    check_certificate_not_denied,
    check_token_not_denied,
)
from wallet_sdk.protocol.envelope import key_id_of, seal
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.trust import verify_denylist

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True


def asked(house: House, since: int) -> api.DenylistAnswer:
    """What anybody gets."""
    answer = house.call("GET", f"{api.PATH_DENYLIST}?since={since}", b"", "")
    assert answer.http_status == 200, answer.body
    return api.parse_json(answer.body, api.DenylistAnswer)


def seen_by_a_program(house: House, state: DenylistState = EMPTY) -> DenylistState:
    """Ask until there is no more, verify, and fold."""
    while True:
        answer = asked(house, state.number)
        if not answer.denylist:
            return state
        sealed = verify_denylist(api.from_base64url(answer.denylist), house.desk.operator.trust)
        state = apply(state, sealed)
        if state.number >= answer.newest:
            return state


def revoke(house: House, kind: str, what: object) -> int:
    """By hand, while the server runs."""
    return house.command("revoke", kind, str(what), "--reason", "lost")


def double_spend(house: House, wallet: TestWallet, *, claimed_after_s: int = 0) -> None:
    """One counter, two payments."""
    terminal = house.terminal()
    requests = [terminal.request(10), terminal.request(11)]
    claims = [(one, wallet.intent(one, counter=50, cumulative_minor=11)) for one in requests]
    house.clock.advance(claimed_after_s)
    terminal.capture(*claims)


def code_of_checking(house: House, wallet: TestWallet) -> ErrorCode | None:
    """What a terminal that has fetched the list says to a wallet's token."""
    assert wallet.token is not None
    try:
        check_token_not_denied(wallet.token.message, seen_by_a_program(house))
    except RuleViolationError as error:
        return error.code
    return None


def test_nothing_revoked_is_an_empty_answer(house: House) -> None:
    """No number 0 is ever signed."""
    assert asked(house, 0) == api.DenylistAnswer(number=0, newest=0, denylist="")


def test_a_fraud_case_puts_every_live_token_of_the_wallet_on_the_list(house: House) -> None:
    """Closed ones too: a copy of the wallet may still spend under them; the honest stay off it. (R-126)"""
    cheat, honest = house.wallet(), house.wallet()
    assert cheat.token is not None
    closed = cheat.token.message.token_id
    cheat.renew().ok()
    assert code_of_checking(house, cheat) is None
    double_spend(house, cheat)
    state = seen_by_a_program(house)
    assert state.token_ids == {closed, cheat.token.message.token_id}
    assert state.number == 2
    assert (code_of_checking(house, cheat), code_of_checking(house, honest)) == (ErrorCode.REVOKED, None)
    house.assert_clean()


def test_who_has_seen_the_newest_gets_it_again_made_just_now(house: House) -> None:
    """A fold that changes nothing, and a time by which a program knows that nothing is held back."""
    double_spend(house, house.wallet())
    state = seen_by_a_program(house)
    house.clock.advance(3_600)
    answer = asked(house, state.number)
    sealed = verify_denylist(api.from_base64url(answer.denylist), house.desk.operator.trust)
    assert apply(state, sealed) == state
    assert sealed.message.made_at_s == house.clock.now_ms() // 1000


def test_a_delta_stands_on_the_list_that_was_seen(house: House) -> None:
    """Only what is new, and a full list says the same."""
    double_spend(house, house.wallet())
    first = seen_by_a_program(house)
    second = house.wallet()
    assert second.token is not None
    assert revoke(house, "token", second.token.message.token_id.hex()) == 0
    answer = asked(house, first.number)
    delta = verify_denylist(api.from_base64url(answer.denylist), house.desk.operator.trust).message
    assert (delta.base, delta.number, delta.token_ids) == (1, 2, (second.token.message.token_id,))
    assert seen_by_a_program(house, first) == seen_by_a_program(house)


def test_a_revoked_token_pays_nothing_online_and_its_escrow_is_kept(house: House) -> None:
    """What was signed before is settled; the wallet may close it and go on with another."""
    terminal, wallet = house.terminal(), house.wallet(10_000, total_max_minor=5_000)
    assert wallet.token is not None
    before, after = terminal.request(1_000), terminal.request(100)
    signed = wallet.intent(before, OFFLINE)
    revoke(house, "token", wallet.token.message.token_id.hex())
    assert wallet.pay(after)["error_code"] == ErrorCode.REVOKED
    assert terminal.capture((before, signed))[0]["state"] == "CAPTURED"
    wallet.renew(0).ok()
    assert wallet.balance() == (9_000, 0)
    assert wallet.pay(terminal.request(100))["error_code"] == 0
    house.assert_clean()


def test_a_revoked_terminal_is_shut_out_and_believed_by_nobody(house: House) -> None:
    """At the server at once, at every wallet with its next list."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    assert revoke(house, "terminal", terminal.message.terminal_id) == 0
    with pytest.raises(RuleViolationError) as caught:
        check_certificate_not_denied(terminal.message, seen_by_a_program(house))
    assert caught.value.code is ErrorCode.REVOKED
    assert wallet.send(request.envelope, wallet.intent(request, ONLINE).envelope).code() is ErrorCode.REVOKED
    house.assert_clean()


def test_a_revoked_key_takes_its_device_with_it(house: House) -> None:
    """A wallet's enrolment key blocks the wallet and lists its token; the operator's own key stands on the list too."""
    wallet = house.wallet()
    assert wallet.token is not None
    assert revoke(house, "key", key_id_of(wallet.signer.public_key).hex()) == 0
    operators = key_id_of(house.desk.operator.signers.token_issuer.at(house.clock.now_ms() // 1000).public_key)
    assert revoke(house, "key", operators.hex()) == 0
    state = seen_by_a_program(house)
    assert state.key_ids == {key_id_of(wallet.signer.public_key), operators}
    assert state.token_ids == {wallet.token.message.token_id}
    assert wallet.renew().code() is ErrorCode.REVOKED
    house.assert_clean()


def test_revoking_twice_adds_nothing(house: House) -> None:
    """Numbers are not wasted, so lists stay small."""
    terminal = house.terminal()
    for _ in range(2):
        assert revoke(house, "terminal", terminal.message.terminal_id) == 0
    assert seen_by_a_program(house).number == 1


@pytest.mark.parametrize(
    ("kind", "what", "said"),
    [
        ("token", "00" * 12, "this ledger has not issued such a token"),
        ("token", "zz", "hexadecimal digits expected"),
        ("terminal", "9", "there is no terminal 9"),
        ("terminal", "nine", "a number expected"),
        ("key", "00", "a key id is 8 bytes"),
    ],
)
def test_a_slip_of_the_hand_revokes_nothing(
    house: House, capsys: pytest.CaptureFixture[str], kind: str, what: str, said: str
) -> None:
    """Said on one line."""
    assert revoke(house, kind, what) == 1
    assert said in capsys.readouterr().err
    assert seen_by_a_program(house) == EMPTY


def test_an_expired_token_needs_no_denial(house: House) -> None:
    """Nobody takes it any more anyway, and a full list leaves out what has died on it."""
    old, fresh = house.wallet(), house.wallet()
    assert fresh.token is not None
    revoke(house, "token", fresh.token.message.token_id.hex())
    double_spend(house, old, claimed_after_s=73 * 3_600)
    answer = asked(house, 0)
    full = verify_denylist(api.from_base64url(answer.denylist), house.desk.operator.trust).message
    assert (full.number, full.token_ids) == (1, ())
    assert house.audit().fraud_cases == 1


def test_more_than_one_list_takes_comes_in_several(house: House) -> None:
    """A list is cut where one of its parts is full, and the next one goes on from there."""
    keys = [
        Denial(id=number, kind=DenialKind.KEY, subject=number.to_bytes(8, "big"), reason="", at_s=0)
        for number in range(1, 2 * limits.DENYLIST_KEYS_MAX + 2)
    ]
    state, base = EMPTY, 0
    while base < len(keys):
        listed = list_of(keys[base:], base=base, at_s=house.clock.now_ms() // 1000)
        state = apply(state, seal(listed, house.desk.operator.signers.denylist.at(house.clock.now_ms() // 1000)))
        assert len(listed.key_ids) <= limits.DENYLIST_KEYS_MAX
        base = listed.number
    assert len(state.key_ids) == len(keys)
    assert house.balances().get((AccountKind.FRAUD_LOSS, ""), 0) == 0
