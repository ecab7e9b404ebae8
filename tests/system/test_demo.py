"""The demo as a person starts it: the whole story through robot fingers and pixels, and what happens when it breaks."""

import os
import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from wallet_sdk.decoding import decode_codes
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.envelope import open_unverified, peek_type
from wallet_sdk.protocol.errors import TillcodeError
from wallet_sdk.protocol.evidence import Contradiction, contradiction_of, verify_fraud_proof
from wallet_sdk.protocol.ids import Envelope, PublicKeyBytes
from wallet_sdk.protocol.messages import MessageType, PaymentIntent, PaymentRequest, Receipt
from wallet_sdk.protocol.states import State

pytestmark = pytest.mark.long

STORY_TIMEOUT_S: Final = 240
END_TIMEOUT_S: Final = 20
TICK: Final = "✓"

#: Each picture of a step, and what a camera reads in it.
CODES: Final = {
    "1-till-request": MessageType.PAYMENT_REQUEST,
    "1-wallet-paid": MessageType.RECEIPT,
    "2-wallet-code": MessageType.PAYMENT_CODE,
    "2-wallet-paid": MessageType.RECEIPT,
    "3-till-request": MessageType.PAYMENT_REQUEST,
    "3-wallet-intent": MessageType.PAYMENT_INTENT,
    "3-till-receipt": MessageType.RECEIPT,
    "3-wallet-receipt": MessageType.RECEIPT,
    "5-first-wallet-intent": MessageType.PAYMENT_INTENT,
    "5-first-till-receipt": MessageType.RECEIPT,
    "5-clone-wallet-intent": MessageType.PAYMENT_INTENT,
    "5-clone-till-receipt": MessageType.RECEIPT,
}
STEPS: Final = (
    "1  Online, by the code on the till's screen",
    "PAID 12.50 EUR",
    "2  Online, by the code on the payer's phone",
    "PAID 8.40 EUR",
    "3  No network on either side",
    "ACCEPTED OFFLINE 21.00 EUR",
    "4  The network is back",
    "21.00 EUR settled",
    "5  A cloned wallet spends twice",
    "ACCEPTED OFFLINE 18.00 EUR",
    "ACCEPTED OFFLINE 17.00 EUR",
    "the server caught it",
    "PROVEN: one device spent twice",
    "gets no new allowance",
    "to the cent",
    "the ledger is clean",
)
#: 200.00 less 12.50, 8.40 and 21.00, and less the 29.00 of escrow that were left for 18.00 and 17.00.
BOOKS: Final = {
    "payer available": "129.10",
    "payer escrow": "0.00",
    "fraud loss": "-6.00",
    "funding": "-200.00",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A demo that has ended: its exit code, what it printed, what it left behind."""

    exit_code: int
    text: str
    out: Path

    def code(self, picture: str) -> Envelope:
        """The one code in a picture, read from its pixels."""
        with Image.open(self.out / f"{picture}.png") as image:
            (text,) = decode_codes(image)
        return qr.from_text(text)


def start_demo(out: Path) -> "subprocess.Popen[str]":
    """Start the demo without a display."""
    return subprocess.Popen(
        [sys.executable, "-m", "server_stub.demo", "--headless", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def demo_at(out: Path, step: str) -> "Iterator[subprocess.Popen[str]]":
    """A demo that has just told this step; ended in the end, whatever the test does."""
    demo = start_demo(out)
    try:
        assert demo.stdout is not None
        for line in demo.stdout:
            if step in line:
                break
        yield demo
    finally:
        if demo.poll() is None:
            demo.terminate()
        demo.communicate(timeout=END_TIMEOUT_S)


def programs_of(out: Path) -> dict[int, str]:
    """Process ids and command lines of everything that was started for this folder, the demo itself apart."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        line = " ".join(words)
        if str(out) in line and "server_stub.demo" not in words:
            found[int(folder.name)] = line
    return found


def wait_until_gone(process_id: int) -> None:
    """Wait until a process, which need not be our child, has ended."""
    try:
        watched = os.pidfd_open(process_id)
    except ProcessLookupError:
        return
    try:
        ended, _, _ = select.select([watched], [], [], END_TIMEOUT_S)
        assert ended, f"process {process_id} lives on"
    finally:
        os.close(watched)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The whole story, told once."""
    out = tmp_path_factory.mktemp("demo") / "demo-out"
    demo = start_demo(out)
    try:
        text, _ = demo.communicate(timeout=STORY_TIMEOUT_S)
    finally:
        demo.kill()
    return Told(exit_code=demo.returncode, text=text, out=out)


def test_the_story_ends_well(told: Told) -> None:
    """Exit 0, every step ticked in its turn, none crossed out, and nobody left running."""
    assert told.exit_code == 0, told.text
    place = 0
    for step in STEPS:
        place = told.text.find(step, place)
        assert place >= 0, f"{step!r} is missing or out of turn:\n{told.text}"
    assert told.text.count(TICK) > len(STEPS)
    assert "✗" not in told.text
    assert programs_of(told.out) == {}


def test_the_books_are_those_of_the_story(told: Told) -> None:
    """The printed ledger has the balances that arithmetic gives, and sums to zero."""
    balances = re.findall(r"^(\w+ ?\w*) +\S+ +(-?\d+\.\d\d) EUR$", told.text, re.MULTILINE)
    assert {name.strip(): amount for name, amount in balances if name.strip() in BOOKS} == BOOKS
    assert sorted(amount for name, amount in balances if name.strip() == "merchant payable") == ["17.00", "59.90"]
    assert sum(int(amount.replace(".", "")) for _, amount in balances) == 0


@pytest.mark.parametrize("picture", CODES)
def test_a_camera_reads_the_pictures(told: Told, picture: str) -> None:
    """Each picture that shows a code holds one that decodes, of the kind that the step is about."""
    assert peek_type(told.code(picture)) is CODES[picture]


def test_the_offline_payment_is_bound_to_its_request(told: Told) -> None:
    """The pixels prove it: the intent names the very request on the till, and the receipt names the intent."""
    request = open_unverified(told.code("3-till-request"), PaymentRequest)
    intent = open_unverified(told.code("3-wallet-intent"), PaymentIntent)
    receipt = open_unverified(told.code("3-till-receipt"), Receipt).message
    assert intent.message.request_digest == request.digest
    assert receipt.consent_digest == intent.digest
    assert (receipt.request_id, receipt.amount_minor) == (request.message.request_id, 21_00)
    assert receipt.state is not State.CAPTURED, "the till's own word is no settlement"
    assert told.code("3-wallet-receipt") == told.code("3-till-receipt")


def test_the_proof_convicts_the_two_copies(told: Told) -> None:
    """The exported proof verifies with the root key alone, is about the two intents that were shown, and no other."""
    root_key = re.search(r"^root key: ([0-9a-f]+)$", (told.out / "logs" / "commands.log").read_text(), re.MULTILINE)
    assert root_key is not None
    key = PublicKeyBytes(bytes.fromhex(root_key[1]))
    proof = (told.out / "fraud.proof").read_bytes()
    finding = verify_fraud_proof(proof, root_key=key)
    intents = [open_unverified(told.code(f"5-{copy}-wallet-intent"), PaymentIntent) for copy in ("first", "clone")]
    assert contradiction_of(intents[0].message, intents[1].message) is Contradiction.SAME_COUNTER
    assert finding.contradiction is Contradiction.SAME_COUNTER
    assert sorted(finding.amounts_minor) == [17_00, 18_00]
    assert set(finding.counters) == {intent.message.counter for intent in intents}
    bent = bytes([*proof[:-70], proof[-70] ^ 1, *proof[-69:]])
    with pytest.raises(TillcodeError):
        verify_fraud_proof(bent, root_key=key)


def test_receipts_are_kept(told: Told) -> None:
    """The folder of receipts holds a picture of each signed receipt, and the programs' own folders are gone."""
    names = {path.stem for path in (told.out / "receipts").glob("*.png")}
    assert names == {
        "1-wallet-paid",
        "2-wallet-paid",
        "3-till-receipt",
        "5-first-till-receipt",
        "5-clone-till-receipt",
    }
    assert not (told.out / "homes").exists()


def test_a_program_that_dies_is_named(tmp_path: Path) -> None:
    """When a till is killed, the demo says at which step and who, shows log tails, ends with 1 and leaves nobody."""
    out = tmp_path / "demo-out"
    with demo_at(out, "1  Online") as demo:
        (till,) = [pid for pid, line in programs_of(out).items() if "terminal_app" in line and "/till " in line]
        os.kill(till, signal.SIGKILL)
        text, _ = demo.communicate(timeout=STORY_TIMEOUT_S)
    assert demo.returncode == 1
    assert "✗" in text
    assert "till has died (exit code -9)" in text
    assert "--- server.log" in text
    assert programs_of(out) == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_a_demo_that_is_ended_takes_its_programs_along(tmp_path: Path, number: signal.Signals) -> None:
    """However the demo ends, even killed outright, none of its programs lives on."""
    out = tmp_path / "demo-out"
    with demo_at(out, "1  Online") as demo:
        started = programs_of(out)
        assert len(started) >= 4, started
        demo.send_signal(number)
        demo.wait(timeout=END_TIMEOUT_S)
        for process_id in started:
            wait_until_gone(process_id)
    assert programs_of(out) == {}
