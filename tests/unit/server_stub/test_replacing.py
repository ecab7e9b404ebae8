"""A lost phone or till: the account goes on with another device, the old one is dead, and no money is lost between."""

import pytest

from tests.unit.server_stub.asking import Answer
from tests.unit.server_stub.harness import ONLINE, House, TestTerminal, TestWallet
from wallet_sdk.protocol import api
from wallet_sdk.protocol.denylist import EMPTY, DenylistState, apply
from wallet_sdk.protocol.envelope import key_id_of, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import CertificateRequest
from wallet_sdk.protocol.trust import verify_denylist

ON_EVERY_DATABASE = True

DAY_S = 24 * 3600
WALLET = "/v1/wallets/3001/activation-codes"


def new_wallet(house: House) -> TestWallet:
    """Another phone."""
    return TestWallet(call=house.call, clock=house.clock, random=house.random, signer=house.new_signer())


def new_till(house: House) -> TestTerminal:
    """Another till."""
    return TestTerminal(call=house.call, clock=house.clock, random=house.random, signer=house.new_signer())


def code_of(answer: Answer) -> str:
    """An activation code that was asked for."""
    code = answer.ok()["code"]
    assert isinstance(code, str)
    return code


def denied(house: House) -> DenylistState:
    """What a program knows as revoked."""
    listed = house.call("GET", api.PATH_DENYLIST, b"", "").ok()["denylist"]
    return apply(EMPTY, verify_denylist(api.from_base64url(listed), house.desk.operator.trust)) if listed else EMPTY


def test_a_wallet_goes_on_with_another_phone(house: House) -> None:
    """Money, number and history stay; the old phone does nothing more from the moment the code is made."""
    till, old = house.terminal(), house.wallet(10_000, total_max_minor=4_000)
    early = till.request(700)
    signed_before = old.intent(early)
    code = code_of(house.ask("POST", WALLET, house.new_key(None)))
    request = till.request(100)
    assert old.send(request.envelope, old.intent(request, ONLINE).envelope).ok()["error_code"] == ErrorCode.REVOKED
    assert old.renew().code() is ErrorCode.REVOKED
    assert old.token is not None
    assert denied(house).key_ids == {key_id_of(old.signer.public_key)}
    assert denied(house).token_ids == {old.token.message.token_id}

    house.clock.advance(60)
    new = new_wallet(house)
    enrolled = new.enrol(code).ok()
    assert enrolled == new.enrol(code).ok()
    assert enrolled["wallet_id"] == 3001
    assert new.balance() == (6_000, 4_000)
    new.renew(1_000).ok()
    assert new.pay(till.request(200))["state"] == "CAPTURED"
    assert old.read(api.PATH_BALANCE).code() is ErrorCode.UNKNOWN_SIGNER
    again = till.request(100)
    assert old.send(again.envelope, old.intent(again, ONLINE).envelope).ok()["error_code"] == ErrorCode.REVOKED
    assert new_wallet(house).enrol(code).code() is ErrorCode.UNKNOWN_ACTIVATION_CODE

    # What the old phone signed offline is paid from its escrow; the rest waits until nobody can claim it.
    assert till.capture((early, signed_before))[0]["state"] == "CAPTURED"
    assert house.call("POST", api.PATH_RETURNS, old.closing(), "").code() is ErrorCode.REVOKED
    assert new.balance() == (4_800, 3_300 + 1_000)
    house.clock.advance(33 * DAY_S)
    new.renew(0).ok()
    assert new.balance() == (5_800, 3_300), "a second short of the day on which nobody can claim any more"
    house.clock.advance(1 * DAY_S)
    new.renew(0).ok()
    assert new.balance() == (9_100, 0)
    house.assert_clean()


def test_a_key_that_was_ended_never_comes_back(house: House) -> None:
    """Not with the code for the new device, nor with any other."""
    old = house.wallet()
    code = code_of(house.ask("POST", WALLET, house.new_key(None)))
    assert old.enrol(code).code() is ErrorCode.REVOKED
    fresh = house.ask("POST", "/v1/wallets/activation-codes", house.new_key(None), {"funds_minor": 1})
    assert old.enrol(code_of(fresh)).code() is ErrorCode.REVOKED
    new_wallet(house).enrol(code).ok()
    house.assert_clean()


def test_the_newest_device_ends_the_one_before_it(house: House) -> None:
    """Two codes at once: whoever comes second ends the first, whose code is dead too."""
    house.wallet()
    first, second = (code_of(house.ask("POST", WALLET, house.new_key(None))) for _ in range(2))
    one, other = new_wallet(house), new_wallet(house)
    one.enrol(first).ok()
    one.renew(500).ok()
    till = house.terminal()
    house.clock.advance(1)
    other.enrol(second).ok()
    assert one.enrol(first).code() is ErrorCode.REVOKED
    assert one.renew(500).code() is ErrorCode.UNKNOWN_SIGNER
    request = till.request(1)
    assert one.send(request.envelope, one.intent(request, ONLINE).envelope).ok()["error_code"] == ErrorCode.REVOKED
    other.renew(500).ok()
    assert other.pay(till.request(1))["state"] == "CAPTURED"
    house.assert_clean()


def test_fraud_with_a_lost_phone_does_not_hit_the_new_one(house: House) -> None:
    """The case is there with its proof and the token is dead; the wallet, whose owner has another phone, goes on."""
    tills, old = [house.terminal(), house.terminal()], house.wallet(total_max_minor=1_000)
    requests = [till.request(400) for till in tills]
    twins = [old.intent(request, counter=1, cumulative_minor=400) for request in requests]
    code = code_of(house.ask("POST", WALLET, house.new_key(None)))
    house.clock.advance(60)
    new = new_wallet(house)
    new.enrol(code).ok()
    new.renew(100).ok()
    for till, request, intent in zip(tills, requests, twins, strict=True):
        assert till.capture((request, intent))[0]["state"] == "CAPTURED"
    assert house.audit().fraud_cases == 1
    assert new.pay(tills[0].request(5))["state"] == "CAPTURED"
    house.assert_clean()


def test_a_wallet_that_was_blocked_for_fraud_may_be_let_in_again(house: House) -> None:
    """By a person's decision: the case stays, and its token stays dead."""
    till, old = house.terminal(), house.wallet(total_max_minor=1_000)
    requests = [till.request(10), till.request(20)]
    till.capture(*((one, old.intent(one, counter=1, cumulative_minor=20)) for one in requests))
    house.clock.advance(60)
    new = new_wallet(house)
    new.enrol(code_of(house.ask("POST", WALLET, house.new_key(None)))).ok()
    new.renew(100).ok()
    assert new.pay(till.request(5))["state"] == "CAPTURED"
    house.assert_clean()


def test_a_terminal_goes_on_with_another_till(house: House) -> None:
    """Its number and its payments stay, and can be refunded; the old till is dead, and its key on the list."""
    old, wallet = house.terminal(), house.wallet()
    number = old.message.terminal_id
    paid = old.request(500)
    wallet.pay(paid)
    path = f"/v1/merchants/{house.merchant_id}/terminals/{number}/activation-codes"
    code = code_of(house.ask("POST", path, house.new_key(None)))
    house.clock.advance(3)
    assert old.send_refund(old.refund(paid, 1)).code() is ErrorCode.REVOKED
    new = new_till(house)
    new.enrol(code).ok()
    new.enrol(code).ok()
    assert new.message.terminal_id == number
    house.clock.advance(3)
    assert denied(house).key_ids == {key_id_of(old.signer.public_key)}
    assert not denied(house).terminal_ids, "or no wallet would believe the new till"
    assert new.read(api.payment_path(paid.message.request_id)).ok()["state"] == "CAPTURED"
    assert new.send_refund(new.refund(paid, 500)).code() is ErrorCode.NOT_AUTHORIZED
    approval = f"{api.payment_path(paid.message.request_id)}/refund-approval"
    house.ask("POST", approval, house.new_key(house.merchant_id), {"amount_minor": 500}).ok()
    new.send_refund(new.refund(paid, 500)).ok()
    assert wallet.pay(new.request(100))["state"] == "CAPTURED"
    stolen = old.request(100)
    assert wallet.send(stolen.envelope, wallet.intent(stolen, ONLINE).envelope).code() is ErrorCode.UNKNOWN_SIGNER
    renewal = seal(CertificateRequest(made_at_s=old.now_s()), old.signer).envelope
    assert house.call("POST", api.PATH_CERTIFICATES, renewal, "").code() is ErrorCode.UNKNOWN_SIGNER
    house.assert_clean()


def test_a_terminal_on_the_denylist_cannot_be_taken_over(house: House) -> None:
    """Its number is denied for ever, so no wallet would believe any till of that number."""
    till = house.terminal()
    key = house.new_key(house.merchant_id)
    path = f"/v1/terminals/{till.message.terminal_id}"
    code = code_of(house.ask("POST", path + "/activation-codes", key))
    house.ask("POST", path + "/block", key).ok()
    assert house.ask("POST", path + "/activation-codes", key).code() is ErrorCode.REVOKED
    assert new_till(house).enrol(code).code() is ErrorCode.REVOKED


def test_codes_of_the_command_line(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """The same, on the server's own machine."""
    old_wallet, old_till = house.wallet(), house.terminal()
    assert house.command("activation-code", "wallet", "--replace", "3001") == 0
    wallet, told = new_wallet(house), capsys.readouterr()
    assert "activation code of another device as wallet 3001; it can be used once:" in told.err
    code = told.out.strip()
    assert wallet.enrol(code).ok()["wallet_id"] == 3001
    assert (
        house.command("activation-code", "terminal", "--replace", str(old_till.message.terminal_id), "--at-once") == 0
    )
    till = new_till(house)
    told = capsys.readouterr()
    assert f"activation code of another device as terminal {old_till.message.terminal_id};" in told.err
    till.enrol(told.out.strip()).ok()
    assert till.message.terminal_id == old_till.message.terminal_id
    assert old_wallet.renew().code() is ErrorCode.UNKNOWN_SIGNER
    for kind in ("wallet", "terminal"):
        assert house.command("activation-code", kind, "--replace", "9") == 1
        assert "there is no such" in capsys.readouterr().err
