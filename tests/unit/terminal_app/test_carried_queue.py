"""The queue carried by hand: nothing is lost and nothing is paid twice, whichever way it goes, and however often."""

from pathlib import Path
from random import Random  # noqa: TID251 - only its name, for the type of `rng`

import pytest

from terminal_app.office.carried import (
    CARRIED_BYTES_MAX,
    CODES_MAX,
    Carried,
    CodeCollector,
    codes_of,
    decode_carried,
    encode_carried,
)
from terminal_app.office.courier import QueueCourier
from terminal_app.screen_model import NetworkSwitch
from tests.unit.terminal_app.people import sell
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, MisuseError, UnavailableError
from wallet_sdk.protocol.limits import QR_VERSION_MAX
from wallet_sdk.protocol.states import State


def courier_of(shop: Shop) -> QueueCourier:
    """Export and import of a shop's till."""
    return QueueCourier(shop.till, time=shop.time)


@pytest.fixture
def stored(shop: Shop) -> Shop:
    """Two payments in the queue of a till that has no network."""
    shop.go_offline()
    sell(shop, 700)
    sell(shop, 450)
    return shop


@pytest.fixture
def neighbour(stored: Shop, tmp_path: Path) -> Shop:
    """Another till at the same server, with network."""
    other = Shop(tmp_path / "neighbour").enrol()
    other.server = stored.server
    other.link.connect("http://server.test")
    return other


def test_an_export_takes_nothing_out_of_the_queue(stored: Shop, tmp_path: Path) -> None:
    """The same queue is the same file, and is noted once."""
    courier = courier_of(stored)
    content = courier.export_bytes()
    length = stored.journal.length
    stored.clock.advance(60)
    assert courier.export_bytes() == content
    assert stored.journal.length == length
    assert len(stored.till.views.stored) == 2
    assert courier.export_file(tmp_path / "a.tillqueue") == len(content)
    assert (tmp_path / "a.tillqueue").read_bytes() == content
    assert (tmp_path / "a.tillqueue").stat().st_mode & 0o077 == 0


def test_an_export_never_takes_the_place_of_another(stored: Shop, tmp_path: Path) -> None:
    """Yesterday's file may be the only copy somebody has."""
    path = tmp_path / "a.tillqueue"
    path.write_bytes(b"yesterday")
    with pytest.raises(UnavailableError) as caught:
        courier_of(stored).export_file(path)
    assert caught.value.code is ErrorCode.STORAGE_FAILED
    assert [one.name for one in tmp_path.glob("*.tillqueue*")] == ["a.tillqueue"]
    assert path.read_bytes() == b"yesterday"


def test_a_neighbour_hands_it_in_and_the_answer_comes_back(stored: Shop, neighbour: Shop, tmp_path: Path) -> None:
    """Out of the dead till, to the server, and back: paid once, and the dead till knows it without any network."""
    courier_of(stored).export_file(tmp_path / "out.tillqueue")
    brought = courier_of(neighbour).import_file(tmp_path / "out.tillqueue")
    assert (brought.batch_count, brought.payment_count, brought.closed_count) == (1, 2, 0)
    neighbour.wait(2)
    assert sorted(one.message.amount_minor for one in stored.server.receipts.values()) == [450, 700]
    assert neighbour.till.views.office.waiting_couriers == ()
    courier_of(neighbour).export_file(tmp_path / "back.tillqueue")
    back = courier_of(stored).import_file(tmp_path / "back.tillqueue")
    assert back.closed_count == 2
    assert not stored.till.views.stored
    assert {sale.state for sale in stored.till.views.sales.values()} == {State.CAPTURED}
    assert [len(one) for one in stored.server.captures] == [2]


def test_carried_twice_and_sent_too_is_paid_once(stored: Shop, neighbour: Shop) -> None:
    """Two imports, a crash between them, and then the till's own network comes back."""
    content = courier_of(stored).export_bytes()
    courier_of(neighbour).import_bytes(content)
    neighbour.restart()
    assert courier_of(neighbour).import_bytes(content).batch_count == 0
    neighbour.wait(2)
    stored.switch(NetworkSwitch.ON)
    stored.wait(3)
    assert not stored.till.views.stored
    assert sorted(one.message.amount_minor for one in stored.server.receipts.values()) == [450, 700]


def test_ones_own_queue_is_not_taken_back(stored: Shop) -> None:
    """It is here already."""
    content = courier_of(stored).export_bytes()
    assert courier_of(stored).import_bytes(content).batch_count == 0
    assert not stored.till.views.office.couriers


def test_a_carried_batch_that_the_server_refuses_is_not_asked_for_ever(stored: Shop, neighbour: Shop) -> None:
    """It is kept as refused; the payments are still in their own till's queue."""
    courier_of(neighbour).import_bytes(courier_of(stored).export_bytes())
    neighbour.server.refuse = ErrorCode.UNKNOWN_SIGNER
    neighbour.wait(2)
    neighbour.server.refuse = None
    (courier,) = neighbour.till.views.office.couriers.values()
    assert (courier.error_code, courier.batch) == (ErrorCode.UNKNOWN_SIGNER, b"")
    assert not neighbour.till.views.office.waiting_couriers
    assert len(stored.till.views.stored) == 2


def test_no_file_can_say_that_a_payment_was_refused(stored: Shop) -> None:
    """Whoever finds the stick cannot take a payment out of the queue, nor call one paid without a receipt."""
    (first, _) = stored.till.views.stored
    for state, receipt in (("REJECTED", ""), ("CAPTURED", ""), ("CAPTURED", "AAAA")):
        from wallet_sdk.protocol import api

        answer = api.PaymentAnswer(request_id=api.to_base64url(first), state=state, error_code=2020, receipt=receipt)
        body = api.to_json(api.CaptureAnswer(outcomes=(answer,)))
        forged = encode_carried(Carried(answers=(body, b"nonsense")))
        assert courier_of(stored).import_bytes(forged).closed_count == 0
    assert len(stored.till.views.stored) == 2


def test_what_is_no_queue_is_refused_whole(stored: Shop, tmp_path: Path, rng: Random) -> None:
    """Bytes of chance, a cut file, a changed one, one that is too large, none at all: typed, and nothing was taken."""
    content = courier_of(stored).export_bytes()
    length = stored.journal.length
    hostile = [b"", rng.randbytes(200), content[:-1], content + b"\x00", bytes(CARRIED_BYTES_MAX + 1)]
    hostile += [encode_carried(Carried(batches=(rng.randbytes(40),))), b"\xa3\x00\x01\x02\x03\x04\x05"]
    for one in hostile:
        with pytest.raises(MalformedMessageError):
            courier_of(stored).import_bytes(one)
    with pytest.raises(UnavailableError):
        courier_of(stored).import_file(tmp_path / "not there")
    assert stored.journal.length == length


def test_the_codes_carry_the_same_bytes_in_any_order(stored: Shop, rng: Random) -> None:
    """Read in whatever order, some of them twice, another till's code in between."""
    content = courier_of(stored).export_bytes()
    codes = list(codes_of(content))
    assert len(codes) > 3
    seen = [*codes, *codes[:2]]
    rng.shuffle(seen)
    collector, whole = CodeCollector(), None
    for text in seen:
        whole = collector.add(text) or whole
    assert whole == content


def test_a_code_of_another_queue_begins_anew() -> None:
    """Two queues are never mixed."""
    first, second = codes_of(b"a" * 500), codes_of(b"b" * 500)
    collector = CodeCollector()
    assert collector.add(first[0]) is None
    assert collector.missing == (2,)
    assert collector.add(second[1]) is None
    assert collector.missing == (1,)
    assert collector.add(second[0]) == b"b" * 500
    assert not collector.missing


def test_every_code_fits_what_a_screen_shows() -> None:
    """Version 13 at most, for the largest sequence."""
    codes = codes_of(bytes(range(256)) * 116)
    assert len(codes) == CODES_MAX
    for text in (codes[0], codes[-1]):
        assert len(qr.matrix(text)) <= 17 + 4 * QR_VERSION_MAX
    with pytest.raises(MisuseError):
        codes_of(bytes(30_000))
    with pytest.raises(MisuseError):
        codes_of(b"")


@pytest.mark.parametrize(
    "text",
    ["", "TC1:ABC", "TQ1:", "TQ1:0:1:AAAAAAAA:00", "TQ1:2:1:AAAAAAAA:00", "TQ1:1:1:AAA:00", "TQ1:١:1:AAAAAAAA:0"],
)
def test_other_codes_are_not_collected(text: str) -> None:
    """Typed."""
    with pytest.raises(MalformedMessageError):
        CodeCollector().add(text)


def test_a_changed_code_is_found() -> None:
    """The whole does not fit together, and is forgotten."""
    (text,) = codes_of(b"abc")
    collector = CodeCollector()
    with pytest.raises(MalformedMessageError) as caught:
        collector.add(text[:-1] + ("0" if text[-1] != "0" else "1"))
    assert caught.value.code is ErrorCode.BAD_CHECKSUM
    assert collector.add(text) == b"abc"


def test_a_file_reads_back() -> None:
    """As it was written."""
    carried = Carried(answers=(b"{}",))
    assert decode_carried(encode_carried(carried)) == carried
    assert carried.count == 0
