"""A printed code from both ends: the server issues it, the SDK's wallet scans it, says how much, and pays."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.server_stub.harness import House, opened_house
from wallet_sdk import Money, Outcome, PrintedQuote, Wallet
from wallet_sdk.cli import main
from wallet_sdk.cli.surroundings import Surroundings
from wallet_sdk.keystore import MemoryKeyStore
from wallet_sdk.ports import HttpAnswer, HttpRequest
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, MoneyOutcome, RuleViolationError, UnavailableError
from wallet_sdk.protocol.money import Currency
from wallet_sdk.store import MemoryWalletStore
from wallet_sdk.testing import SeededRandom

PATH = "/v1/static-codes"
PIX = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000"
    "5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D"
)


@dataclass(slots=True)
class Line:
    """Carries a wallet's requests into the server; ``cut`` loses the answer of the next payment."""

    house: House
    cut: bool = False

    def send(self, request: HttpRequest) -> HttpAnswer:
        """One request."""
        answer = self.house.call(request.method, request.path, request.body, request.authorization)
        if self.cut and request.path == api.PATH_INTENTS:
            self.cut = False
            raise UnavailableError(ErrorCode.NETWORK_TIMEOUT, "the line was cut", outcome=MoneyOutcome.UNKNOWN)
        return HttpAnswer(
            http_status=answer.http_status, body=answer.body, content_type=answer.headers.get("content-type", "")
        )

    def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class Shop:
    """A server with a print on its wall, and a wallet in front of it."""

    house: House
    line: Line
    wallet: Wallet
    told: dict[str, Any]

    def scanned(self) -> PrintedQuote:
        """What the wallet sees."""
        found = self.wallet.scan_any(self.told["text"])
        assert isinstance(found, PrintedQuote)
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Generator[Shop]:
    """With 100.00 in the wallet."""
    with opened_house(tmp_path / "server") as house:
        line = Line(house)
        wallet = Wallet.open(
            store=MemoryWalletStore(),
            keys=MemoryKeyStore(SeededRandom(3)),
            sender=line,
            clock=house.clock,
            random=SeededRandom(2),
            sleep=lambda _seconds: None,
        )
        funds = Money(minor=10_000, currency=Currency.EUR)
        code = house.wallet_code(funds)
        wallet.enrol(server="http://server", activation_code=code)
        wallet.sync()
        told = house.ask("POST", PATH, house.new_key(house.merchant_id), {"payment_max_minor": 3_000}).ok()
        yield Shop(house=house, line=line, wallet=wallet, told=told)
        house.assert_clean()
        wallet.close()


def test_a_print_is_scanned_and_paid_as_often_as_wanted(shop: Shop) -> None:
    """The payee is in the operator's words, the amount the payer's; each payment has its receipt and its place."""
    quote = shop.scanned()
    assert (quote.merchant_name, str(quote.payment_max)) == ("Café Mole", "30.00 EUR")
    payments = [quote.pay(amount) for amount in (1_250, 1_250, 2_000)]
    assert [payment.outcome for payment in payments] == [Outcome.SETTLED] * 3
    assert len({payment.digest for payment in payments}) == 3
    assert [(one.merchant_name, one.amount.minor) for one in shop.wallet.history()] == [
        ("Café Mole", amount) for amount in (2_000, 1_250, 1_250)
    ]
    proven = shop.wallet.receipt(payments[0]).verify(root_key=shop.house.desk.operator.trust.root_key)
    assert (proven.amount.minor, proven.consent_digest) == (1_250, payments[0].digest)
    assert proven.merchant_name == "", "a receipt does not say which print it is of"
    assert shop.house.payable_minor() == 4_500


def test_an_answer_that_was_lost_is_found_again(shop: Shop) -> None:
    """The same intent is the same payment: asked for, or sent again."""
    shop.line.cut = True
    payment = shop.scanned().pay(700)
    assert payment.outcome is Outcome.SETTLED, "it was asked for at once"
    assert shop.house.audit().payments == 1
    assert shop.house.payable_minor() == 700


def test_what_a_print_does_not_take(shop: Shop) -> None:
    """Too much, nothing, after its end, and what the payer does not have: no money moves."""
    quote = shop.scanned()
    for amount in (0, 3_001):
        with pytest.raises(MisuseError):
            quote.pay(amount)
    assert [quote.pay(3_000).outcome for _ in range(2)] == [Outcome.SETTLED, Outcome.DECLINED]
    shop.house.ask("DELETE", f"{PATH}/{shop.told['code_id']}", shop.house.new_key(shop.house.merchant_id)).ok()
    ended = quote.pay(5)
    assert (ended.outcome, ended.error_code) == (Outcome.DECLINED, ErrorCode.REVOKED)
    shop.house.clock.advance(367 * 86_400)
    with pytest.raises(RuleViolationError) as old:
        quote.pay(5)
    assert old.value.code is ErrorCode.EXPIRED
    assert shop.house.payable_minor() == 3_000


@dataclass(slots=True)
class Person:
    """Somebody at a command line with a wallet in a folder."""

    shop: Shop
    home: Path
    capsys: pytest.CaptureFixture[str]
    replies: list[str]

    def run(self, *argv: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        around = Surroundings(
            clock=self.shop.house.clock,
            random=SeededRandom(4),
            sender=self.shop.line,
            ask=lambda _question: self.replies.pop(0),
            ask_secret=lambda _question: "correct horse",
            sleep=lambda _seconds: None,
            tell_progress=lambda _done, _total: None,
        )
        code = main(["--home", str(self.home), *argv], around)
        printed = self.capsys.readouterr()
        return code, printed.out, printed.err


@pytest.fixture
def person(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Person:
    """With 50.00."""
    made = Person(shop=shop, home=tmp_path / "home", capsys=capsys, replies=[])
    funds = Money(minor=5_000, currency=Currency.EUR)
    code = shop.house.wallet_code(funds)
    assert made.run("enrol", "--server", "http://server", "--code", code)[0] == 0
    return made


def test_the_command_line_pays_a_picture_of_a_print(person: Person, tmp_path: Path) -> None:
    """The name first, then so much as was said; each time it is run is a payment of its own."""
    picture = tmp_path / "table 4.png"
    qr.picture(person.shop.told["text"], module_px=6).save(picture)
    for _ in range(2):
        code, out, err = person.run("pay", str(picture), "--amount", "2.50", "--yes")
        assert (code, out.startswith("Paid.")) == (0, True), err
        assert "Café Mole (Lisboa, PT), verified" in err
        assert "it names no amount; at most 30.00 EUR" in err
        assert "2.50 EUR" in err
    assert person.shop.house.payable_minor() == 500
    assert person.run("history")[1].count("settled") == 2


def test_the_command_line_asks_how_much(person: Person) -> None:
    """Then whether; anything but yes pays nothing."""
    person.replies = ["3.75", "y", "1", "no"]
    assert person.run("pay", person.shop.told["text"])[0] == 0
    code, out, _ = person.run("pay", person.shop.told["text"])
    assert (code, out) == (1, "Not paid.\n")
    assert person.shop.house.payable_minor() == 375


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--yes",), "say --amount"),
        (("--yes", "--amount", "30.01"), "at most 30.00 EUR"),
        (("--yes", "--amount", "0"), "positive"),
        (("--yes", "--amount", "a lot"), "not an amount"),
        (("--yes", "--amount", "2.50", "--mode", "offline"), "online alone"),
    ],
)
def test_what_the_command_line_does_not_pay(person: Person, arguments: tuple[str, ...], said: str) -> None:
    """One line that says why, and no money moves."""
    code, _, err = person.run("pay", person.shop.told["text"], *arguments)
    assert code in {1, 2}
    assert said in err.splitlines()[-1]
    assert person.shop.house.payable_minor() == 0


def test_the_amount_of_a_request_is_the_terminal_s(person: Person) -> None:
    """``--amount`` beside a request is what it must ask for: another one is refused before anything is signed."""
    till = person.shop.house.terminal()
    shown = [qr.to_text(till.request(amount).envelope) for amount in (250, 9_900)]
    assert person.run("pay", shown[0], "--amount", "2.50", "--yes")[0] == 0
    code, _, err = person.run("pay", shown[1], "--amount", "9.90", "--yes")
    assert (code, "the terminal asks for 99.00 EUR" in err) == (2, True)


def test_a_code_of_others_is_shown_and_not_paid(person: Person) -> None:
    """An EMV code of another scheme: its payee in quotation marks, and that nobody vouches for it."""
    code, out, err = person.run("pay", PIX, "--yes", "--amount", "1")
    assert (code, "'Fulano de Tal', NOT VERIFIED" in err, out.startswith("Not paid: nobody vouches")) == (
        1,
        True,
        True,
    ), err
