"""The command line, through main(), with a server in memory."""

import io
import shutil
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.unit.wallet_sdk.fakes import FakeServer, Fault
from wallet_sdk.cli import main
from wallet_sdk.cli.surroundings import PASSPHRASE_VARIABLE, Surroundings, tell_progress
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.evidence import make_fraud_proof
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.testing import FrozenClock, Scheme, SeededRandom
from wallet_sdk.transport import NetworkSwitch, SwitchableSender


class Desk:
    """A person at a terminal, with a wallet in a folder."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.scheme, self.clock = Scheme(), FrozenClock()
        self.server = FakeServer(scheme=self.scheme, clock=self.clock)
        self.network = SwitchableSender(self.server)
        self.random = SeededRandom(5)
        self.home, self.capsys = home, capsys
        self.reply = "y"
        self.questions: list[str] = []
        self.secrets: list[str] = []
        self.progress: list[tuple[int, int]] = []

    def run(self, *argv: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        around = Surroundings(
            clock=self.clock,
            random=self.random,
            sender=self.network,
            ask=self._answer,
            ask_secret=lambda _: self.secrets.pop(0) if self.secrets else "from the prompt",
            sleep=self.clock.advance,
            tell_progress=lambda done, total: self.progress.append((done, total)),
        )
        code = main(["--home", str(self.home), *argv], around)
        printed = self.capsys.readouterr()
        return code, printed.out, printed.err

    def request_text(self) -> str:
        """A request issued now."""
        return qr.to_text(self.scheme.request().envelope)

    def _answer(self, question: str) -> str:
        self.questions.append(question)
        return self.reply


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An enrolled wallet."""
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "correct horse")
    made = Desk(tmp_path / "home", capsys)
    code, out, _ = made.run("enrol", "--server", "https://server.test", "--code", "GOOD-CODE")
    assert (code, "Enrolled:    wallet 7\n" in out, "Offline:     200.00 EUR" in out) == (0, True, True)
    return made


def test_a_new_passphrase_is_asked_for_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mistyped once, nobody could ever open the keys: then nothing is made."""
    monkeypatch.delenv(PASSPHRASE_VARIABLE, raising=False)
    desk = Desk(tmp_path / "home", capsys)
    enrol = ("enrol", "--server", "https://server.test", "--code", "GOOD-CODE")
    desk.secrets = ["correct horse", "corect horse"]
    code, _, err = desk.run(*enrol)
    assert (code, "differ" in err, (tmp_path / "home").exists()) == (2, True, False)
    desk.secrets = ["correct horse", "correct horse"]
    assert desk.run(*enrol)[0] == 0
    desk.secrets = ["correct horse"]
    assert desk.run("balance")[0] == 0


def test_only_enrolment_makes_a_wallet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong folder is said so, and stays as empty as it was."""
    desk = Desk(tmp_path / "home", capsys)
    for command in ("balance", "sync", "history", "code"):
        code, _, err = desk.run(command)
        assert (code, "NOT_ENROLLED" in err, str(tmp_path / "home") in err) == (2, True, True)
    assert not (tmp_path / "home").exists()


def test_an_enrolment_that_failed_leaves_no_wallet_and_can_be_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys are there already; whoever asks for money is told to enrol, not shown an empty history."""
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "correct horse")
    desk = Desk(tmp_path / "home", capsys)
    enrol = ("enrol", "--server", "https://server.test", "--code", "GOOD-CODE")
    desk.network.switch(NetworkSwitch.OFF)
    assert desk.run(*enrol)[0] == 3
    code, _, err = desk.run("history")
    assert (code, "run: tillcode-wallet enrol" in err) == (2, True)
    desk.network.switch(NetworkSwitch.ON)
    assert desk.run(*enrol)[0] == 0
    assert desk.run("history") == (0, "", "No payments yet.\n")


def test_a_home_that_is_a_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And not that it exists."""
    (tmp_path / "home").touch()
    code, _, err = Desk(tmp_path / "home", capsys).run("enrol", "--server", "https://server.test", "--code", "GOOD")
    assert (code, "is a file, and a wallet is a folder" in err) == (2, True)
    code, _, err = Desk(tmp_path / ("n" * 300), capsys).run("balance")
    assert (code, "File name too long" in err) == (3, True)


def test_a_picture_without_a_code_is_told_from_one_with_anothers(desk: Desk, tmp_path: Path) -> None:
    """A screenshot that was taken too late shows none."""
    picture = tmp_path / "picture.png"
    Image.new("L", (300, 300), 255).save(picture)
    code, _, err = desk.run("pay", str(picture))
    assert (code, "there is no code in the picture" in err) == (1, True)
    qr.picture("HTTPS://EXAMPLE.ORG", module_px=6).save(picture)
    code, _, err = desk.run("pay", str(picture))
    assert (code, "none of them one to pay" in err) == (1, True)


def test_pay_shows_asks_and_pays(desk: Desk) -> None:
    """Payee and amount before the question, the receipt as a code after it."""
    code, out, err = desk.run("pay", desk.request_text())
    assert code == 0
    assert "Café Mole (Lisboa, PT), verified" in err
    assert "12.50 EUR" in err
    assert desk.questions == ["Pay this? [y/N] "]
    assert out.startswith("Paid.")
    assert "TC1:" in out
    assert "▀" in out


@pytest.mark.parametrize("reply", ["", "n", "pay"])
def test_anything_but_yes_pays_nothing(desk: Desk, reply: str) -> None:
    """No is what silence means."""
    desk.reply = reply
    code, out, _ = desk.run("pay", desk.request_text())
    assert (code, out) == (1, "Not paid.\n")
    assert desk.server.settled == {}


def test_pay_reads_a_picture(desk: Desk, tmp_path: Path) -> None:
    """The same code, photographed well."""
    picture = tmp_path / "request.png"
    qr.picture(desk.request_text(), module_px=6).save(picture)
    code, out, _ = desk.run("pay", "--yes", str(picture))
    assert (code, out.startswith("Paid.")) == (0, True)
    assert desk.questions == []


def test_without_network_the_intent_is_drawn(desk: Desk) -> None:
    """And history knows it as offline."""
    desk.network.switch(NetworkSwitch.OFF)
    code, out, _ = desk.run("pay", "--yes", desk.request_text())
    assert (code, out.startswith("Offline.")) == (0, True)
    code, out, _ = desk.run("history")
    assert code == 0
    assert "offline" in out
    assert "Café Mole" in out


def test_an_unknown_outcome_has_its_own_exit_code(desk: Desk) -> None:
    """A script must not take it for failure and pay again."""
    desk.server.faults = [Fault.NOT_OURS] * 6
    desk.server.retry_after_s = 0
    code, out, _ = desk.run("pay", "--yes", desk.request_text())
    assert (code, out.startswith("UNKNOWN.")) == (4, True)
    code, out, _ = desk.run("sync")
    assert code == 0
    assert "settled" in out
    assert "Open:        0" in out
    assert desk.progress == [(0, 1), (1, 1)]


PROGRESS = {True: "\r\x1b[KAsking about payment 2 of 3 ...\r\x1b[K", False: ""}


@pytest.mark.parametrize("is_a_person", PROGRESS)
def test_progress_is_one_line_for_a_person_and_nothing_for_a_script(
    monkeypatch: pytest.MonkeyPatch, *, is_a_person: bool
) -> None:
    """Wiped at the end; nothing to do is nothing to tell."""
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: is_a_person)
    monkeypatch.setattr(sys, "stderr", screen)
    for done, total in ((0, 0), (1, 3), (3, 3)):
        tell_progress(done, total)
    assert screen.getvalue() == PROGRESS[is_a_person]


def test_balance_and_code(desk: Desk) -> None:
    """What is known without asking, and a code with a ceiling."""
    code, out, _ = desk.run("balance")
    assert (code, "Available:   1000.00 EUR (as of 2026-11-23 12:00:00 UTC)" in out) == (0, True)
    code, out, _ = desk.run("code", "--ceiling", "7.5")
    assert code == 0
    assert "At most:     7.50 EUR" in out
    assert "TC1:" in out


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (("pay", "TC1:NOT BASE45!"), 1, "BAD_BASE45"),
        (("pay", "/no/such/picture.png"), 2, "BAD_ARGUMENT"),
        (("enrol", "--server", "https://server.test", "--code", "GOOD-CODE"), 2, "ALREADY_ENROLLED"),
        (("code", "--ceiling", "1.234"), 1, "BAD_MONEY"),
        (("pay", ""), 2, '"TC1:..." or - is expected'),
        (("verify-proof", "case.proof", "--root-key", "03"), 2, "66 hexadecimal digits are expected"),
    ],
)
def test_errors_name_their_code(desk: Desk, argv: tuple[str, ...], code: int, said: str) -> None:
    """On standard error, with the exit code of who is at fault."""
    exit_code, out, err = desk.run(*argv)
    assert (exit_code, out) == (code, "")
    assert said in err


def test_the_wrong_passphrase_opens_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the variable the passphrase is asked for."""
    monkeypatch.delenv(PASSPHRASE_VARIABLE)
    code, _, err = desk.run("balance")
    assert (code, "WRONG_PASSPHRASE" in err) == (2, True)


def test_an_unreachable_server_is_the_worlds_fault(desk: Desk) -> None:
    """Exit code 3."""
    desk.network.switch(NetworkSwitch.OFF)
    code, _, err = desk.run("sync")
    assert (code, "SWITCHED_OFF" in err) == (3, True)


def test_verify_proof_says_what_is_proven(desk: Desk, tmp_path: Path) -> None:
    """Two intents with one counter prove a double spend; one intent twice proves nothing."""
    scheme = desk.scheme
    token = scheme.token().envelope
    first, second = (
        scheme.intent(token=token, request_digest=scheme.request(amount_minor=amount).digest, amount_minor=amount)
        for amount in (1250, 1200)
    )
    proof = tmp_path / "case.proof"
    proof.write_bytes(make_fraud_proof(first.envelope, second.envelope, bundle=scheme.bundle().envelope))
    root = scheme.root.public_key.hex()
    code, out, _ = desk.run("verify-proof", str(proof), "--root-key", root)
    assert code == 0
    assert out.startswith("PROVEN: one device spent twice.")
    assert "one and the same counter" in out
    code, out, err = desk.run("verify-proof", str(proof), "--root-key", scheme.terminal.public_key.hex())
    assert (code, out, "UNKNOWN_SIGNER" in err) == (1, "", True)
    proof.write_bytes(make_fraud_proof(first.envelope, first.envelope, bundle=scheme.bundle().envelope))
    code, out, err = desk.run("verify-proof", str(proof), "--root-key", root)
    assert (code, out, "NOT_A_DOUBLE_SPEND" in err) == (1, "", True)


def test_verify_proof_reads_a_receipt_with_its_bundle(desk: Desk, tmp_path: Path) -> None:
    """Root key and bundle are enough, from files too."""
    scheme = desk.scheme
    receipt = desk.server.receipt(RequestId(b"r" * 12), scheme.request().digest, amount_minor=1250)
    names = ("receipt", "bundle", "root.hex")
    texts = (receipt.envelope, scheme.bundle().envelope, scheme.root.public_key.hex().encode() + b"\n")
    paths = [tmp_path / name for name in names]
    for path, content in zip(paths, texts, strict=True):
        path.write_bytes(content)
    argv = ("verify-proof", str(paths[0]), "--root-key", str(paths[2]), "--bundle", str(paths[1]))
    code, out, _ = desk.run(*argv)
    assert (code, "12.50 EUR" in out, "CAPTURED" in out) == (0, True, True)
    paths[0].write_text(qr.to_text(receipt.envelope) + "\n")
    assert desk.run(*argv)[0] == 0
    paths[0].write_bytes(seal(receipt.message, scheme.token_issuer).envelope)
    code, out, err = desk.run(*argv)
    assert (code, out, "WRONG_ROLE" in err) == (1, "", True)


def test_the_allowance_is_changed_and_left_to_the_wallet_again(desk: Desk) -> None:
    """In the words of the balance that follows from it."""
    code, out, _ = desk.run("allowance", "45.50")
    assert (code, "Offline:     45.50 EUR" in out) == (0, True)
    code, out, _ = desk.run("allowance", "0")
    assert (code, "Offline:     0.00 EUR" in out) == (0, True)
    code, out, _ = desk.run("allowance", "auto")
    assert (code, "Offline:     200.00 EUR" in out) == (0, True)
    assert desk.run("allowance", "much")[0] == 1


def test_a_copied_wallet_says_what_it_needs_and_what_became_of_it(desk: Desk) -> None:
    """No code before it has synced; the sync says what it gave up."""
    copy = desk.home.with_name("copy")
    shutil.copytree(desk.home, copy)
    desk.home = copy
    code, _, err = desk.run("code")
    assert (code, "STORAGE_ROLLED_BACK" in err, "sync" in err) == (3, True, True)
    code, out, _ = desk.run("sync")
    assert (code, "copied, or put back from a backup" in out) == (0, True)
    assert desk.run("code")[0] == 0


DUITNOW = (
    "00020201021126410014A000000615000101065887340209123456789520460105303458540115802MY5909QRCSDNBHD6005BANGI6304DAF5"
)


def test_texts_are_told_from_files(desk: Desk) -> None:
    """An EMV code of any format, a link, a code typed in the wrong case: none of them is "no such picture"."""
    code, out, err = desk.run("pay", DUITNOW)
    assert (code, "Not paid: nobody vouches" in out, "Scheme:      DuitNow, as the code says" in err) == (1, True, True)
    assert "Amount:      1 MYR" in err
    code, _, err = desk.run("pay", "lightning:lnbc2500u1pvjluezpp5")
    assert (code, "this is Lightning, and not one that is paid here" in err) == (1, True)
    code, _, err = desk.run("pay", desk.request_text().swapcase())
    assert (code, "Caps Lock" in err) == (1, True)
    code, _, err = desk.run("pay", "photo.png")
    assert (code, "there is no such picture" in err) == (2, True)


def test_a_picture_of_two_codes_or_of_a_telephone_is_said(desk: Desk, tmp_path: Path) -> None:
    """The first of two is not taken in silence; HEIC is named."""
    both = Image.new("L", (1700, 900), 255)
    for at, text in ((20, desk.request_text()), (860, desk.request_text())):
        both.paste(qr.picture(text, module_px=10).convert("L"), (at, 20))
    picture = tmp_path / "both.png"
    both.save(picture)
    code, _, err = desk.run("pay", str(picture))
    assert (code, "shows 2 codes to pay" in err) == (1, True)
    heic = tmp_path / "photo.heic"
    heic.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    code, _, err = desk.run("pay", str(heic))
    assert (code, "a HEIC picture" in err) == (1, True)
