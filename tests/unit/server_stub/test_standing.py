"""A merchant who is blocked: nobody pays him, nothing of his is certified, his keys only read; and it can be undone."""

import pytest

from server_stub.service.standing import changes_of_standing
from server_stub.store.records_standing import Standing
from tests.unit.server_stub.asking import Answer
from tests.unit.server_stub.harness import ONLINE, House, TestTerminal, TestWallet, opened_house
from tests.unit.server_stub.test_printed_codes import pay, printed
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import MerchantId
from wallet_sdk.protocol.messages import CertificateRequest

ON_EVERY_DATABASE = True

#: What a server remembers of a terminal and its merchant is this old at most.
NOTICED_S = 2


def another_merchant(house: House) -> MerchantId:
    """Who has nothing to do with it."""
    made = house.ask("POST", "/v1/merchants", house.new_key(None), {"name": "Another", "country": "PT"}).ok()
    return MerchantId(made["merchant_id"])


def change(house: House, what: str, reason: str = "test") -> Answer:
    """Block or unblock the first merchant, and wait until a server that has just looked looks again."""
    path = f"/v1/merchants/{house.merchant_id}/{what}"
    answer = house.ask("POST", path, house.new_key(None), {"reason": reason})
    house.clock.advance(NOTICED_S)
    return answer


def certificate_of(house: House, till: TestTerminal) -> Answer:
    """A terminal asks for a fresh certificate."""
    asked = seal(CertificateRequest(made_at_s=till.now_s()), till.signer).envelope
    return house.call("POST", api.PATH_CERTIFICATES, asked, "")


def online(wallet: TestWallet, till: TestTerminal) -> Answer:
    """Pay what a terminal shows."""
    request = till.request(100)
    return wallet.send(request.envelope, wallet.intent(request, ONLINE).envelope)


def test_nothing_of_a_blocked_merchant_is_taken(house: House) -> None:
    """Whichever way a payment comes, and everything that a terminal signs; another merchant goes on. (R-130)"""
    till, wallet, other = house.terminal(), house.wallet(), house.terminal(another_merchant(house))
    code, key = printed(house), house.new_key(house.merchant_id)
    paid, held, offline, coded = (till.request(500), till.request(300, hold_h=1), till.request(200), till.request(50))
    wallet.pay(paid)
    wallet.pay(held)
    batch = till.batch((offline, wallet.intent(offline)), (coded, wallet.code()))
    letting_in = house.ask("POST", "/v1/activation-codes", key).ok()["code"]
    before = house.balances()
    assert change(house, "block").ok()["blocked_at_s"] == house.clock.now_ms() // 1000 - NOTICED_S
    new = TestTerminal(call=house.call, clock=house.clock, random=house.random, signer=house.new_signer())
    answers = {
        "online": online(wallet, till),
        "print": pay(wallet, code, 5),
        "claims": house.call("POST", api.PATH_CAPTURES, batch, ""),
        "refund": till.send_refund(till.refund(paid, 1)),
        "hold": till.end_hold(held, 1),
        "closing": house.call("POST", api.PATH_CLOSURES, till.closing(offline), ""),
        "certificate": certificate_of(house, till),
        "enrolment": new.enrol(letting_in),
        "key": house.ask("POST", "/v1/activation-codes", key),
    }
    assert {what: answer.code() for what, answer in answers.items()} == dict.fromkeys(
        answers, ErrorCode.MERCHANT_BLOCKED
    )
    assert {answer.http_status for answer in answers.values()} == {403}
    assert {answer.content["outcome"] for answer in answers.values()} == {"not_charged"}
    assert house.balances() == before
    assert till.read(api.payment_path(paid.message.request_id)).ok()["state"] == "CAPTURED", "he may read what he has"
    assert online(wallet, other).ok()["state"] == "CAPTURED"
    assert certificate_of(house, other).http_status == 200
    house.assert_clean()


def test_what_was_refused_meanwhile_is_settled_after_it(house: House) -> None:
    """Nothing was remembered: accepted offline before the block or in it, refused once, and paid when it is over."""
    till, wallet = house.terminal(), house.wallet()
    first, second = till.request(200), till.request(300)
    batch = till.batch((first, wallet.intent(first)), (second, wallet.intent(second)))
    change(house, "block")
    assert house.call("POST", api.PATH_CAPTURES, batch, "").code() is ErrorCode.MERCHANT_BLOCKED
    meanwhile = till.request(400)
    late = till.batch((meanwhile, wallet.intent(meanwhile)))
    house.clock.advance(6 * 24 * 3600)
    assert house.call("POST", api.PATH_CAPTURES, late, "").code() is ErrorCode.MERCHANT_BLOCKED
    assert change(house, "unblock").ok()["blocked_at_s"] is None
    for body in (batch, late):
        outcomes = house.call("POST", api.PATH_CAPTURES, body, "").ok()["outcomes"]
        assert {one["state"] for one in outcomes} == {"CAPTURED"}
    assert house.payable_minor() == 900
    assert certificate_of(house, till).http_status == 200
    assert house.call("GET", api.PATH_DENYLIST, b"", "").ok()["newest"] == 0, "a list only grows, so nothing is on it"
    house.assert_clean()


def test_a_terminal_that_takes_over_waits_for_the_end_of_the_block(house: House) -> None:
    """Its code is good again afterwards, and the old device stays dead."""
    till = house.terminal()
    path = f"/v1/merchants/{house.merchant_id}/terminals/{till.message.terminal_id}/activation-codes"
    code = house.ask("POST", path, house.new_key(None)).ok()["code"]
    change(house, "block")
    new = TestTerminal(call=house.call, clock=house.clock, random=house.random, signer=house.new_signer())
    assert new.enrol(code).code() is ErrorCode.MERCHANT_BLOCKED
    change(house, "unblock")
    new.enrol(code).ok()
    assert new.message.terminal_id == till.message.terminal_id
    assert certificate_of(house, till).code() is ErrorCode.UNKNOWN_SIGNER


def test_another_server_of_the_ledger_notices_in_two_seconds(house: House) -> None:
    """It has just looked, and so takes payments for that long; not a second longer, and as soon again after the end."""
    with opened_house(house.folder, seed=2) as second:
        till, wallet = house.terminal(), house.wallet()
        wallet.call = second.call
        for what, expected in (("block", 403), ("unblock", 200)):
            before = online(wallet, till).http_status
            change(house, what)
            assert online(wallet, till).http_status == before
            second.clock.advance(NOTICED_S)
            assert online(wallet, till).http_status == expected
        second.assert_clean()


def test_each_change_is_logged_once_and_told_once(house: House) -> None:
    """Who, when and why for the operator; that it happened for the merchant; twice is once."""
    for what in ("block", "block", "unblock", "unblock", "block"):
        change(house, what, reason=f"{what} it").ok()
    log = changes_of_standing(house.desk.operator.store)
    assert [(one.standing, one.reason) for one in log] == [
        (Standing.BLOCKED, "block it"),
        (Standing.OPEN, "unblock it"),
        (Standing.BLOCKED, "block it"),
    ]
    assert all(one.made_by and one.made_by != "command line" for one in log), "the operator's key"
    told = house.ask("GET", "/v1/events", house.new_key(house.merchant_id)).ok()["events"]
    assert [one["type"] for one in told] == ["merchant.blocked", "merchant.unblocked", "merchant.blocked"]
    assert [one["data"] for one in told] == [{"merchant_id": house.merchant_id}] * 3
    (listed,) = house.ask("GET", "/v1/merchants", house.new_key(None)).ok()["merchants"]
    assert listed["blocked_at_s"] == log[-1].at_s
    house.assert_clean()


def test_there_is_nobody_of_that_number(house: House) -> None:
    """Nothing is logged, and a reason is asked for."""
    key = house.new_key(None)
    assert house.ask("POST", "/v1/merchants/77/block", key, {"reason": "x"}).code() is ErrorCode.UNKNOWN_RESOURCE
    path = f"/v1/merchants/{house.merchant_id}/block"
    for wrong in ({}, {"reason": ""}, {"reason": "x" * 257}, {"reason": "x", "more": 1}):
        assert house.ask("POST", path, key, wrong).code() is ErrorCode.BAD_REQUEST_BODY
    assert changes_of_standing(house.desk.operator.store) == ()


def test_the_command_line_blocks_and_unblocks(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    """While a server runs, which notices it; who types a wrong number is told so in a line."""
    till, wallet = house.terminal(), house.wallet()
    assert online(wallet, till).http_status == 200
    assert house.command("merchant", "block", str(house.merchant_id), "--reason", "court order") == 0
    assert f"merchant {house.merchant_id} (Café Mole) is blocked since " in capsys.readouterr().out
    house.clock.advance(NOTICED_S)
    assert online(wallet, till).code() is ErrorCode.MERCHANT_BLOCKED
    assert house.command("merchant", "list") == 0
    assert "Café Mole, Lisboa, PT  EUR JPY  BLOCKED since " in capsys.readouterr().out
    assert house.command("merchant", "unblock", str(house.merchant_id)) == 0
    house.clock.advance(NOTICED_S)
    assert online(wallet, till).http_status == 200
    capsys.readouterr()
    assert house.command("merchant", "log") == 0
    first, second, count = capsys.readouterr().out.splitlines()
    assert first.endswith(f"merchant {house.merchant_id} blocked   by command line: court order")
    assert second.endswith(f"merchant {house.merchant_id} unblocked by command line: by the operator")
    assert count == "2 changes"
    assert house.command("merchant", "block", "77") == 1
    assert capsys.readouterr().err == "tillcode-server: merchant_id: there is no merchant 77\n"
    house.assert_clean()
