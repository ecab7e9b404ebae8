"""Money from outside: nothing comes in without the operator's signature, and much of it not without a second person."""

from concurrent.futures import Future
from typing import Any

import pytest

from server_stub.activation import hash_of_code
from server_stub.audit.funding import FUNDING_LAW
from server_stub.config import FUNDINGS_MARK
from server_stub.ledger import AccountKind, EntryKind, move
from server_stub.service.earlier_fundings import check_vouched, vouch
from server_stub.service.funding import ApproveFunding
from server_stub.service.granting import ForgedLedgerError
from server_stub.store.callers import Scope
from server_stub.store.records import ActivationCode, DeviceKind
from server_stub.store.tables.funding import FUNDING_CODE, FUNDINGS
from server_stub.store.tables.parties import ACCOUNT_NAME, ACCOUNTS, ACTIVATION_CODES
from server_stub.timekeeper import Timekeeper
from tests.unit.server_stub.harness import NEVER_S, House, TestWallet
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.protocol.money import Currency, Money

ON_EVERY_DATABASE = True

CODES = "/v1/wallets/activation-codes"
#: Above what one person may let in alone.
MUCH_MINOR = 100_001


def new_wallet(house: House) -> TestWallet:
    """Another phone."""
    return TestWallet(call=house.call, clock=house.clock, random=house.random, signer=house.new_signer())


def fund_by_sql(house: House, holder: str, amount_minor: int, reference: bytes = bytes(32)) -> None:
    """What somebody writes who can write the database and does it well: entry, postings and balances agree."""
    with house.desk.operator.store.writing() as writer:
        outside = writer.open_account(kind=AccountKind.FUNDING, holder="", currency=Currency.EUR)
        name = (int(AccountKind.PAYER_AVAILABLE), holder, Currency.EUR.number)
        account = writer.find_by(ACCOUNTS, ACCOUNT_NAME, name)
        assert account is not None
        amounts = {outside: -amount_minor, account.account_id: amount_minor}
        writer.post(
            move(kind=EntryKind.FUND, reference=reference, at_s=1, currency=Currency.EUR, amounts_minor=amounts)
        )


def broken(house: House) -> set[str]:
    """The laws that the audit finds broken."""
    return {finding.law for finding in house.audit().findings}


def test_an_entry_of_funding_that_nobody_signed_for_is_found_and_not_sealed(house: House) -> None:
    """100,000.00 written past the server: every sum is right, and the audit, the sealer and the server refuse it."""
    wallet = house.wallet(1_000)
    house.look()
    house.assert_clean()
    fund_by_sql(house, "3001", 10_000_000)
    assert wallet.balance()[0] == 10_000_000
    assert broken(house) == {FUNDING_LAW}
    sealed = house.audit().sealed
    with pytest.raises(ForgedLedgerError, match="10000000 that no operator has signed for"):
        house.look()
    assert house.audit().sealed == sealed < house.audit().entries


def test_a_server_stops_when_its_ledger_was_forged(house: House) -> None:
    """The one who looks ends it, and it says why: nothing more is paid out of such a ledger."""
    house.wallet(1_000)
    fund_by_sql(house, "3001", 5)
    ended: Future[bool] = Future()
    keeper = Timekeeper(house.desk.operator, on_forged=lambda: ended.set_result(True))
    keeper.start()
    assert ended.result(30)
    keeper.close()
    with pytest.raises(ForgedLedgerError, match="tillcode-server audit"):
        keeper.check_good()


def test_a_grant_counts_once(house: House) -> None:
    """The same entry again, with its own good grant, is one too many."""
    house.wallet(700)
    house.look()
    with house.desk.operator.store.reading() as reader:
        (funding,) = reader.list_all(FUNDINGS)
    fund_by_sql(house, "3001", 700, reference=funding.code_hash)
    assert broken(house) == {FUNDING_LAW}
    with pytest.raises(ForgedLedgerError, match="used before"):
        house.look()


def test_a_grant_whose_code_nobody_has_brought_gives_nothing(house: House) -> None:
    """Who can write the database sees the hash of an unused code, and cannot show the code itself."""
    house.wallet(700)
    code = house.wallet_code(Money(minor=900, currency=Currency.EUR))
    fund_by_sql(house, "3001", 900, reference=hash_of_code(code))
    assert broken(house) == {FUNDING_LAW}
    with pytest.raises(ForgedLedgerError, match="was not used"):
        house.look()


def test_a_code_that_was_written_past_the_server_lets_nobody_in(house: House) -> None:
    """Nor does one whose funds were raised afterwards, nor one whose grant was written to agree."""
    forged = "AAAA-BBBB-CCCC-DDDD"
    raised = house.wallet_code(Money(minor=10, currency=Currency.EUR))
    agreed = house.wallet_code(Money(minor=10, currency=Currency.EUR))
    with house.desk.operator.store.writing() as writer:
        code = ActivationCode(
            code_hash=hash_of_code(forged),
            kind=DeviceKind.WALLET,
            expires_at_s=NEVER_S,
            currency=Currency.EUR,
            funds_minor=10_000_000,
        )
        writer.add(ACTIVATION_CODES, code)
        for text in (raised, agreed):
            known = writer.find(ACTIVATION_CODES, hash_of_code(text))
            assert known is not None
            writer.change(ACTIVATION_CODES, _with(known, funds_minor=10_000_000))
        funding = writer.find_by(FUNDINGS, FUNDING_CODE, hash_of_code(agreed))
        assert funding is not None
        writer.change(FUNDINGS, _with(funding, amount_minor=10_000_000))
    for text in (forged, raised, agreed):
        assert new_wallet(house).enrol(text).code() is ErrorCode.UNKNOWN_ACTIVATION_CODE
    assert broken(house) == {FUNDING_LAW}, "the grant that was changed is not the operator's"


def _with(record: Any, **changes: Any) -> Any:
    from msgspec.structs import replace

    return replace(record, **changes)


DAMAGE: dict[str, str] = {
    "a grant left out": "DELETE FROM fundings",
    "an amount": "UPDATE fundings SET amount_minor = amount_minor + 1",
    "who asked": "UPDATE fundings SET asked_by = 'somebody'",
    "a second person put in": "UPDATE fundings SET decided_by = 'somebody'",
    "a time": "UPDATE fundings SET decided_at_s = decided_at_s + 1",
    "the word for the earlier ones": "DELETE FROM earlier_fundings",
    "its count": "UPDATE earlier_fundings SET entries = 1",
    "an entry left out": "UPDATE entries SET kind = 2 WHERE kind = 1",
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_touch_of_what_was_signed_for_is_found(house: House, what: str) -> None:
    """Whatever of a grant or of the statement is changed, the operator has not signed for that."""
    house.wallet(700)
    house.assert_clean()
    _run(house, DAMAGE[what])
    assert FUNDING_LAW in broken(house)


def _run(house: House, statement: str) -> None:
    """A statement of SQL, as somebody types it who has the database."""
    address = house.desk.operator.config.database
    if address:
        import psycopg

        with psycopg.connect(address) as connection:
            connection.execute(statement.encode(), prepare=False)
        return
    import apsw

    database = apsw.Connection(str(house.ledger))
    database.execute(statement)
    database.close()


def test_the_word_for_earlier_fundings_is_given_once(house: House) -> None:
    """Whoever takes it away, with all grants, does not get another over his own entries: the folder remembers."""
    house.wallet(700)
    fund_by_sql(house, "3001", 10_000_000)
    _run(house, "DELETE FROM fundings")
    _run(house, "DELETE FROM earlier_fundings")
    assert (house.folder / FUNDINGS_MARK).exists()
    assert house.command("ledger") == 0
    assert FUNDING_LAW in broken(house)
    with pytest.raises(UnavailableError, match="lost the operator's word"):
        check_vouched(house.desk.operator.store)


def test_a_ledger_of_an_older_program_is_signed_for_once(house: House) -> None:
    """Its entries and its codes count on; what is written behind it afterwards, under any number, does not."""
    wallet, code = house.wallet(700), house.wallet_code(Money(minor=30, currency=Currency.EUR))
    _run(house, "DELETE FROM fundings")
    _run(house, "DELETE FROM earlier_fundings")
    (house.folder / FUNDINGS_MARK).unlink()
    vouch(house.desk.operator.store, house.folder, lambda: house.desk.operator.signers.receipt)
    house.assert_clean()
    house.look()
    house.assert_clean()
    assert house.audit().sealed == house.audit().entries
    other = new_wallet(house)
    other.enrol(code).ok()
    assert other.balance() == (30, 0)
    assert wallet.balance()[0] + wallet.balance()[1] == 700
    house.look()
    house.assert_clean()
    fund_by_sql(house, "3001", 1)
    assert broken(house) == {FUNDING_LAW}
    with pytest.raises(ForgedLedgerError):
        house.look()


def test_much_money_takes_two_persons(house: House) -> None:
    """Asked for by one key, approved by another: until then its code lets nobody in, and after that once."""
    asking, approving = house.new_key(None, Scope.FUNDS_WRITE), house.new_key(None, Scope.FUNDS_APPROVE)
    made = house.ask("POST", CODES, asking, {"funds_minor": MUCH_MINOR, "reason": "a large wallet"}).ok()
    funding = made["funding"]
    assert (funding["state"], funding["asked_by"], funding["reason"]) == ("OPEN", _id(asking), "a large wallet")
    wallet = new_wallet(house)
    assert wallet.enrol(made["code"]).code() is ErrorCode.UNKNOWN_ACTIVATION_CODE
    path = f"/v1/fundings/{funding['funding_id']}/approve"
    assert house.ask("POST", path, asking).code() is ErrorCode.NOT_AUTHORIZED
    for _ in range(2):
        approved = house.ask("POST", path, approving).ok()
        assert (approved["state"], approved["decided_by"]) == ("GRANTED", _id(approving))
    wallet.enrol(made["code"]).ok()
    assert wallet.balance() == (MUCH_MINOR, 0)
    (told,) = house.ask("GET", "/v1/fundings", house.new_key(None, Scope.OPERATOR_READ)).ok()["fundings"]
    assert (told["state"], told["asked_by"], told["decided_by"]) == ("USED", _id(asking), _id(approving))
    assert house.ask("POST", path.replace("approve", "refuse"), approving).code() is ErrorCode.BAD_TRANSITION
    house.assert_clean()


def test_nobody_approves_what_he_has_asked_for(house: House) -> None:
    """A key with every scope is still one person; so is the command line."""
    key = house.new_key(None)
    made = house.ask("POST", CODES, key, {"funds_minor": MUCH_MINOR}).ok()["funding"]
    for _ in range(2):
        assert house.ask("POST", f"/v1/fundings/{made['funding_id']}/approve", key).code() is ErrorCode.NOT_AUTHORIZED
    house.ask("POST", f"/v1/fundings/{made['funding_id']}/approve", house.new_key(None)).ok()


def test_an_approval_has_its_time(house: House) -> None:
    """Three days by default; after that it is asked for anew."""
    made = house.ask("POST", CODES, house.new_key(None), {"funds_minor": MUCH_MINOR}).ok()["funding"]
    path = f"/v1/fundings/{made['funding_id']}/approve"
    house.clock.advance(made["expires_at_s"] - house.clock.now_ms() // 1000)
    assert house.ask("POST", path, house.new_key(None)).code() is ErrorCode.BAD_TRANSITION
    (told,) = house.ask("GET", "/v1/fundings", house.new_key(None)).ok()["fundings"]
    assert told["state"] == "EXPIRED"


def test_what_was_refused_stays_refused(house: House) -> None:
    """Its code never works; refusing twice is refusing once."""
    made = house.ask("POST", CODES, house.new_key(None), {"funds_minor": MUCH_MINOR}).ok()
    path, other = f"/v1/fundings/{made['funding']['funding_id']}", house.new_key(None)
    for _ in range(2):
        assert house.ask("POST", path + "/refuse", other).ok()["state"] == "REFUSED"
    assert house.ask("POST", path + "/approve", other).code() is ErrorCode.BAD_TRANSITION
    assert new_wallet(house).enrol(made["code"]).code() is ErrorCode.UNKNOWN_ACTIVATION_CODE
    assert house.ask("POST", "/v1/fundings/99/approve", other).code() is ErrorCode.UNKNOWN_RESOURCE
    house.assert_clean()


def test_a_key_that_was_revoked_meanwhile_neither_approves_nor_is_approved(house: House) -> None:
    """Looked at inside the commit: between its authentication and that it may have been revoked."""
    asking, approving = house.new_key(None, Scope.FUNDS_WRITE), house.new_key(None, Scope.FUNDS_APPROVE)
    made = [house.ask("POST", CODES, asking, {"funds_minor": MUCH_MINOR}).ok()["funding"] for _ in range(2)]
    command = approval(house, made[0]["funding_id"], _id(approving))
    assert house.command("api-key", "revoke", _id(approving)) == 0
    assert refused(house, command) is ErrorCode.NOT_AUTHORIZED
    assert house.ask("POST", f"/v1/fundings/{made[0]['funding_id']}/approve", approving).http_status == 401
    assert house.command("api-key", "revoke", _id(asking)) == 0
    other = house.new_key(None)
    assert house.ask("POST", f"/v1/fundings/{made[1]['funding_id']}/approve", other).code() is ErrorCode.NOT_AUTHORIZED


def test_two_approve_at_once_and_one_has_approved(house: House) -> None:
    """Both commands stand in one group: one grant, in one name."""
    made = house.ask("POST", CODES, house.new_key(None), {"funds_minor": MUCH_MINOR}).ok()
    keys = [house.new_key(None) for _ in range(2)]
    commands = [approval(house, made["funding"]["funding_id"], _id(key)) for key in keys]
    futures = [house.desk.operator.committer.submit(command) for command in commands * 2]
    done = [future.exception() for future in futures]
    assert [error is None for error in done] == [True, False, True, False]
    new_wallet(house).enrol(made["code"]).ok()
    house.assert_clean()


def test_many_small_ones_are_a_large_one(house: House) -> None:
    """What one key lets in alone in 24 hours is limited, also when it asks for all of it at once; others go on."""
    key = house.new_key(None, Scope.FUNDS_WRITE)
    limits = house.desk.operator.config.funding
    count = limits.day_max_minor // limits.single_max_minor

    def ask(with_key: str) -> str:
        answer = house.ask("POST", CODES, with_key, {"funds_minor": limits.single_max_minor}).ok()
        state = answer["funding"]["state"]
        assert isinstance(state, str)
        return state

    assert [ask(key) for _ in range(count + 1)] == ["GRANTED"] * count + ["OPEN"]
    assert house.ask("POST", CODES, key, {"funds_minor": 5, "currency": "JPY"}).ok()["funding"]["state"] == "GRANTED"
    assert ask(house.new_key(None, Scope.FUNDS_WRITE)) == "GRANTED"
    house.clock.advance(86_400)
    assert ask(key) == "GRANTED"


def test_the_command_line_is_one_person(
    house: House, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it asks for a key approves, over the interface or named in the environment."""
    assert house.command("activation-code", "wallet", "--funds", "1000.01", "--reason", "opening") == 0
    said = capsys.readouterr()
    code = said.out.strip()
    assert "above the limit" in said.err
    assert house.command("funding", "approve", "1") == 1
    assert "another person's key" in capsys.readouterr().err
    monkeypatch.setenv("TILLCODE_OPERATOR_KEY", house.new_key(None, Scope.FUNDS_APPROVE))
    assert house.command("funding", "approve", "1") == 0
    monkeypatch.delenv("TILLCODE_OPERATOR_KEY")
    new_wallet(house).enrol(code).ok()
    assert house.command("funding", "list") == 0
    assert "USED" in capsys.readouterr().out
    assert house.command("activation-code", "wallet", "--funds", "1000.01") == 0
    monkeypatch.setenv("TILLCODE_OPERATOR_KEY", "tck_a_b")
    assert house.command("funding", "refuse", "2") == 1
    monkeypatch.delenv("TILLCODE_OPERATOR_KEY")
    assert house.command("funding", "refuse", "2") == 0


def approval(house: House, funding_id: int, key_id: str) -> ApproveFunding:
    """A second person's word, as the route makes it once his key was read."""
    operator = house.desk.operator
    return ApproveFunding(
        funding_id=funding_id, approved_by=key_id, ring=operator.signers.receipt, at_s=operator.now_s()
    )


def refused(house: House, command: ApproveFunding) -> ErrorCode | None:
    """What a command is refused with."""
    error = house.desk.operator.committer.submit(command).exception()
    code = getattr(error, "code", None)
    assert code is None or isinstance(code, ErrorCode)
    return code


def _id(key: str) -> str:
    return key.split("_")[1]
