"""Receipts that outlive the wallet: saved, shown, and proven with nothing but the root key."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from tests.unit.wallet_sdk.world import World
from wallet_sdk.cli import main
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, TillcodeError, UnavailableError
from wallet_sdk.protocol.messages import Receipt
from wallet_sdk.protocol.states import State
from wallet_sdk.testing import FROZEN_NOW_S, Scheme
from wallet_sdk.wallet import PayMode, QrCode, SavedReceipt


def test_a_receipt_is_saved_and_proven_by_somebody_else(world: World, tmp_path: Path) -> None:
    """Amount, state, time and the certified merchant, with no wallet and no server."""
    payment = world.wallet.scan(world.request_text()).pay()
    world.wallet.receipt(payment).save(tmp_path / "receipt.json")
    proven = SavedReceipt.load(tmp_path / "receipt.json").verify(root_key=world.scheme.root.public_key)
    assert (str(proven.amount), proven.state, proven.merchant_name) == ("12.50 EUR", State.CAPTURED, "Café Mole")
    assert (proven.at_s, proven.consent_digest, proven.by_terminal) == (FROZEN_NOW_S, payment.digest, False)
    assert world.wallet.receipt(payment).qr.text == payment.qr.text if payment.qr else False


def test_the_terminals_receipt_says_that_it_is_one(world: World) -> None:
    """Proven through the certificate inside the request."""
    request = world.request()
    payment = world.wallet.scan(qr.to_text(request.envelope)).pay(PayMode.OFFLINE)
    taken = Receipt(
        request_id=request.message.request_id,
        terminal_id=world.scheme.certificate().message.terminal_id,
        consent_digest=payment.digest,
        amount_minor=1250,
        currency=request.message.currency,
        state=State.AUTHORIZED,
        at_s=FROZEN_NOW_S,
    )
    accepted = world.wallet.scan_receipt(qr.to_text(seal(taken, world.scheme.terminal).envelope))
    proven = world.wallet.receipt(accepted).verify(root_key=world.scheme.root.public_key)
    assert (proven.state, proven.by_terminal) == (State.AUTHORIZED, True)


def test_without_a_receipt_there_is_none_to_save(world: World) -> None:
    """An intent that was shown proves nothing about what became of it."""
    payment = world.wallet.scan(world.request_text()).pay(PayMode.OFFLINE)
    with pytest.raises(MisuseError) as misuse:
        world.wallet.receipt(payment)
    assert misuse.value.code is ErrorCode.BAD_ARGUMENT


def test_a_receipt_of_another_scheme_or_payment_proves_nothing(world: World) -> None:
    """Another root, another request, one changed byte."""
    first, second = (world.wallet.receipt(world.wallet.scan(world.request_text()).pay()) for _ in range(2))
    root_key = world.scheme.root.public_key
    changed = bytes([first.receipt[-1] ^ 1])
    for saved, key in (
        (first, Scheme(seed=9).root.public_key),
        (SavedReceipt(receipt=first.receipt, bundle=first.bundle, request=second.request), root_key),
        (SavedReceipt(receipt=type(first.receipt)(first.receipt[:-1] + changed), bundle=first.bundle), root_key),
    ):
        with pytest.raises(TillcodeError):
            saved.verify(root_key=key)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"format":"x"}', b'{"format":"tillcode-receipt-1","receipt":5}', b"{" * 20_000]
)
def test_a_file_that_is_no_receipt_is_malformed(tmp_path: Path, content: bytes) -> None:
    """Whatever it is."""
    path = tmp_path / "receipt.json"
    path.write_bytes(content)
    with pytest.raises(MalformedMessageError) as malformed:
        SavedReceipt.load(path)
    assert malformed.value.code is ErrorCode.BAD_REQUEST_BODY


def test_files_that_cannot_be_read_or_written_are_said_so(world: World, tmp_path: Path) -> None:
    """Missing is the caller's mistake, the rest is the world's."""
    with pytest.raises(MisuseError):
        SavedReceipt.load(tmp_path / "nothing")
    with pytest.raises(UnavailableError) as unreadable:
        SavedReceipt.load(tmp_path)
    assert unreadable.value.code is ErrorCode.STORAGE_FAILED
    saved = world.wallet.receipt(world.wallet.scan(world.request_text()).pay())
    with pytest.raises(UnavailableError) as unwritable:
        saved.save(tmp_path)
    assert unwritable.value.code is ErrorCode.STORAGE_FAILED


def test_the_command_line_proves_a_saved_receipt(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a bundle beside it: the file brings its own."""
    payment = world.wallet.scan(world.request_text()).pay()
    path = tmp_path / "receipt.json"
    world.wallet.receipt(payment).save(path)
    assert main(["verify-proof", str(path), "--root-key", world.scheme.root.public_key.hex()]) == 0
    told = capsys.readouterr().out
    assert "PROVEN: the operator says this payment is CAPTURED." in told
    assert "Café Mole" in told


def test_a_code_is_the_same_in_every_form(tmp_path: Path) -> None:
    """Matrix, PNG, SVG and terminal text have the same dark modules, with four light ones around."""
    code = QrCode(text="TC1:HELLO")
    side = len(code.matrix) + 8
    path = tmp_path / "code.png"
    path.write_bytes(code.png(scale=3))
    with Image.open(path) as picture:
        assert picture.size == (3 * side, 3 * side)
        dark = {(x, y) for x in range(side) for y in range(side) if picture.getpixel((3 * x + 1, 3 * y + 1)) == 0}
    assert dark == {(x + 4, y + 4) for y, row in enumerate(code.matrix) for x, is_dark in enumerate(row) if is_dark}
    svg = ET.fromstring(code.svg)  # noqa: S314 (made a line ago)
    assert svg.get("viewBox") == f"0 0 {side} {side}"
    drawn = svg[1].get("d", "").removesuffix("h1v1h-1z").split("h1v1h-1z")
    assert {tuple(map(int, run.removeprefix("M").split())) for run in drawn} == dark
    assert len(code.terminal_text.splitlines()) == (side + 1) // 2
