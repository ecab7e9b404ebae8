"""Real wallets over a ledger that was put back: of before, of between and of after; each heals with the home it has."""

from collections.abc import Callable
from pathlib import Path

import pytest

from server_stub.__main__ import run
from tests.unit.server_stub.harness import House
from tests.unit.server_stub.test_epochs import put_back, rotated, save
from wallet_sdk import MemoryKeyStore, MemoryWalletStore, Outcome, PayMode, Renewal, RuleViolationError, Wallet
from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.envelope import Sealed, open_unverified
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import PaymentIntent, PaymentRequest
from wallet_sdk.protocol.money import Currency, Money

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True
SERVER = "https://server.test"


class Line:
    """The way to whichever house serves now."""

    def __init__(self, house: House) -> None:
        self.house = house

    def send(self, request: HttpRequest) -> HttpAnswer:
        answer = self.house.call(request.method, request.path, request.body, request.authorization)
        return HttpAnswer(
            http_status=answer.http_status, body=answer.body, content_type=answer.headers.get("content-type", api.JSON)
        )

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def empty(request: pytest.FixtureRequest, house: House) -> Callable[[], str]:
    """Makes an empty database of the same kind, "" for a file."""
    if not house.desk.operator.config.database:
        return lambda: ""
    new: Callable[[], str] = request.getfixturevalue("postgres").new_database
    return new


def code_of(house: House, funds_minor: int = 10_000) -> str:
    """An activation code with money."""
    funds = Money(minor=funds_minor, currency=Currency.EUR)
    return house.wallet_code(funds)


def new_wallet(house: House, line: Line, *, code: str = "") -> Wallet:
    """Enrolled, with half of its 100.00 set aside."""
    wallet = Wallet.open(
        store=MemoryWalletStore(), keys=MemoryKeyStore(), sender=line, clock=house.clock, sleep=lambda _seconds: None
    )
    wallet.enrol(server=SERVER, activation_code=code or code_of(house))
    return wallet


def paid_offline(wallet: Wallet, request: Sealed[PaymentRequest]) -> Sealed[PaymentIntent]:
    """The intent that the wallet shows."""
    payment = wallet.scan(qr.to_text(request.envelope)).pay(PayMode.OFFLINE)
    assert payment.qr is not None
    return open_unverified(qr.from_text(payment.qr.text), PaymentIntent)


def test_a_wallet_that_renewed_since_goes_on_with_its_home(
    house: House, tmp_path: Path, empty: Callable[[], str]
) -> None:
    """The token that was forgotten is shown, its money set aside again, and what was spent under it is paid. (R-133)"""
    line, till = Line(house), house.terminal()
    wallet = new_wallet(house, line)
    backup = save(house, tmp_path / "backup")
    wallet.change_allowance(allowance_minor=8_000)
    request = till.request(3_000)
    intent = paid_offline(wallet, request)
    with put_back(house, backup, tmp_path / "restored", empty()) as again:
        line.house, till.call = again, again.call
        refused = till.capture((request, intent))[0]
        assert refused["error_code"] == ErrorCode.REVOKED
        assert not refused["receipt"], "an answer that a later try may change is never signed"
        report = wallet.sync()
        assert report.renewal is Renewal.RENEWED
        assert till.capture((request, intent))[0]["state"] == "CAPTURED"
        assert again.payable_minor() == 3_000
        report = wallet.sync()
        assert report.renewal is Renewal.NOT_NEEDED
        assert [one.outcome for one in report.resolved] == [Outcome.SETTLED]
        assert report.balance.available is not None
        left_minor = report.balance.available.minor + report.balance.offline_left.minor
        assert left_minor == 5_000, "2,000 stay set aside in the token before, whose closing is forgotten (R-117)"
        wallet.change_allowance(allowance_minor=1_000)
        online = wallet.scan(qr.to_text(till.request(500).envelope)).pay(PayMode.ONLINE)
        assert online.outcome is Outcome.SETTLED
        again.assert_clean()


def test_wallets_of_before_and_of_after_notice_nothing(house: House, tmp_path: Path, empty: Callable[[], str]) -> None:
    """The one renews its token once, the other has nothing to renew; the money of both is whole."""
    line, till = Line(house), house.terminal()
    before = new_wallet(house, line)
    request = till.request(1_000)
    intent = paid_offline(before, request)
    backup = save(house, tmp_path / "backup")
    with put_back(house, backup, tmp_path / "restored", empty()) as again:
        line.house, till.call = again, again.call
        after = new_wallet(again, line)
        assert after.sync().renewal is Renewal.NOT_NEEDED
        assert before.sync().renewal is Renewal.RENEWED
        assert before.sync().renewal is Renewal.NOT_NEEDED
        assert till.capture((request, intent))[0]["state"] == "CAPTURED"
        again.assert_clean()


def test_a_wallet_that_was_forgotten_is_enrolled_again_as_it_is(
    house: House, tmp_path: Path, empty: Callable[[], str]
) -> None:
    """It says so, takes another code with the same home, and pays from it what it had spent."""
    line, till = Line(house), house.terminal()
    backup = save(house, tmp_path / "backup")
    wallet = new_wallet(house, line)
    request = till.request(2_000)
    intent = paid_offline(wallet, request)
    with put_back(house, backup, tmp_path / "restored", empty()) as again:
        line.house, till.call = again, again.call
        with pytest.raises(RuleViolationError, match="enrol it again") as told:
            wallet.sync()
        assert told.value.code is ErrorCode.UNKNOWN_SIGNER
        wallet.enrol(server=SERVER, activation_code=code_of(again))
        wallet.sync()
        assert till.capture((request, intent))[0]["state"] == "CAPTURED"
        assert [one.outcome for one in wallet.sync().resolved] == [Outcome.SETTLED]
        again.assert_clean()


def test_what_a_wallet_has_not_is_not_made(house: House, tmp_path: Path, empty: Callable[[], str]) -> None:
    """Its token was over money that the ledger has forgotten: it is closed, and what is missing is noted."""
    line, till = Line(house), house.terminal()
    backup = save(house, tmp_path / "backup")
    wallet = new_wallet(house, line)
    request = till.request(4_000)
    intent = paid_offline(wallet, request)
    with put_back(house, backup, tmp_path / "restored", empty()) as again:
        line.house, till.call = again, again.call
        wallet.enrol(server=SERVER, activation_code=code_of(again, 1_500))
        assert again.audit().findings == ()
        with again.desk.operator.store.reading() as reader:
            assert reader.rows("SELECT amount_minor, missing_minor FROM relearned") == [(5_000, 3_500)]
        assert sum(wallet_money(wallet)) == 0, "all it has stands for what it has spent"
        till.capture((request, intent))
        again.assert_clean()


def test_the_report_names_what_waits_and_what_was_learned_again(
    house: House, tmp_path: Path, empty: Callable[[], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A claim under a forgotten token waits, said once; when its wallet has synced it is paid, and nothing waits."""
    line, till = Line(house), house.terminal()
    wallet = new_wallet(house, line)
    backup = save(house, tmp_path / "backup")
    wallet.change_allowance(allowance_minor=8_000)
    request = till.request(3_000)
    intent = paid_offline(wallet, request)
    with put_back(house, backup, tmp_path / "restored", empty()) as again:
        line.house, till.call = again, again.call
        command = ["--data", str(again.folder), "restored"]
        till.capture((request, intent))
        till.capture((request, intent))
        assert run(command, clock=again.clock, random=again.random) == 1
        said = capsys.readouterr().out
        assert said.count("over 3000 minor units waits for its wallet") == 1
        assert "1 restores, 1 claims wait" in said
        wallet.sync()
        till.capture((request, intent))
        assert run(command, clock=again.clock, random=again.random) == 0
        assert "token of wallet 3001 known again" in capsys.readouterr().out
        again.assert_clean()


def test_a_token_that_was_never_forgotten_is_not_taken(house: House) -> None:
    """In a ledger that was never restored nobody's token is adopted, and nobody closes another's."""
    payer, thief = house.wallet(), house.wallet()
    assert payer.token is not None
    body = api.TokenBody(
        request=api.to_base64url(thief.token_request(closing=payer.closing())),
        token=api.to_base64url(payer.token.envelope),
    )
    assert house.call("POST", api.PATH_TOKENS, api.to_json(body), "").code() is ErrorCode.NOT_AUTHORIZED


def test_a_bundle_that_was_forgotten_is_shown_by_whoever_has_it(
    house: House, tmp_path: Path, empty: Callable[[], str]
) -> None:
    """A wallet of between syncs, and then everybody gets the newer bundle; a ledger never restored takes none."""
    line = Line(house)
    wallet = new_wallet(house, line)
    backup = save(house, tmp_path / "backup")
    newer = rotated(house)
    house.desk.operator.credentials.look()
    assert wallet.sync().trust_version == 2
    with put_back(house, backup, tmp_path / "restored", empty()) as again:
        line.house = again
        assert wallet.sync().trust_version == 2
        again.desk.operator.credentials.look()
        assert again.desk.operator.trust.bundle.envelope == newer
        again.assert_clean()
    answer = house.call("POST", api.PATH_TRUST, newer, "")
    assert answer.code() is ErrorCode.NOT_AUTHORIZED


def wallet_money(wallet: Wallet) -> tuple[int, int]:
    """Available, and left to spend offline."""
    balance = wallet.balance()
    assert balance.available is not None
    return balance.available.minor, balance.offline_left.minor
