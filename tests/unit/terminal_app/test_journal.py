"""The journal: durable, append-only, linked, and its views the same however they came about."""

import os
import sqlite3
from pathlib import Path

import pytest

from terminal_app.journal import SCHEMA_VERSION, Journal, Views
from terminal_app.journal.events import (
    KINDS,
    CloseReason,
    ClosureAsked,
    ConsentSent,
    Enrolled,
    JournalEvent,
    SaleAbandoned,
    SaleOpened,
    Way,
    decode_event,
    encode_event,
)
from terminal_app.journal.views import SETTLED_SALES_MAX
from terminal_app.screen_model import Cancel, NetworkSwitch, NextSale, ScanAnswer, ScanCustomer
from tests.unit.terminal_app.fake_server import LIMITS
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError, UnavailableError
from wallet_sdk.protocol.ids import Envelope, PublicKeyBytes
from wallet_sdk.protocol.states import State
from wallet_sdk.testing import Scheme

AT_S = 1_795_435_200


def opened(scheme: Scheme) -> SaleOpened:
    """The first fact of a sale."""
    request = scheme.request()
    return SaleOpened(request_id=request.message.request_id, request=request.envelope, way=Way.SHOW)


def folded(journal: Journal) -> Views:
    """The views folded anew from what is in the file."""
    views = Views()
    for event, at_s in journal.events():
        views.apply(event, at_s=at_s)
    return views


def fill(journal: Journal, scheme: Scheme) -> None:
    """Append until the disk is full, or far longer than it should take."""
    for _ in range(50):
        journal.append(opened(scheme), at_s=AT_S)


def append_together(journal: Journal, *events: JournalEvent) -> None:
    """One batch."""
    with journal.batch():
        for event in events:
            journal.append(event, at_s=AT_S)


def busy_day(shop: Shop) -> None:
    """Sales that end in different ways, some of them not yet."""
    for amount_minor in (100, 200, 300):
        shop.show_code(amount_minor)
        shop.do(Cancel())
        shop.run()
        shop.do(NextSale())
    shop.go_offline()
    token = shop.token()
    for counter in (1, 2, 3):
        request = shop.show_code(1000)
        shop.do(ScanAnswer())
        shop.scan(shop.answer(request, token=token, counter=counter, cumulative_minor=1000 * counter).envelope)
        shop.do(NextSale())
    shop.do(ScanCustomer(amount_minor=50))
    shop.do(Cancel())
    shop.do(NextSale())
    shop.show_code(400)
    shop.do(Cancel())
    shop.run()


def test_what_is_in_memory_is_what_a_restart_would_find(shop: Shop) -> None:
    """The views kept by appending are the views folded from the file, before and after the queue is sent."""
    busy_day(shop)
    assert shop.journal.views == folded(shop.journal)
    assert shop.journal.views.stored_minor == 3000
    shop.do(NextSale())
    shop.switch(NetworkSwitch.ON)
    assert shop.journal.views == folded(shop.journal)
    assert shop.journal.views.stored_minor == 0
    before = shop.journal.views
    shop.restart()
    assert shop.journal.views == before


def test_each_kind_of_event_reads_back_as_it_was() -> None:
    """Number and bytes give the same value again, nested limits included."""
    event = Enrolled(
        server_url="http://server.test",
        root_key=PublicKeyBytes(b"r" * 33),
        bundle=Envelope(b"b"),
        certificate=Envelope(b"c"),
        limits=LIMITS,
    )
    assert decode_event(*encode_event(event)) == event
    assert len(set(KINDS.values())) == len(KINDS)


@pytest.mark.parametrize(("kind", "body"), [(99, b"\xa0"), (15, b"\xa0"), (15, b"\xff"), (15, b"\x01"), (22, b"\xa1")])
def test_bytes_that_are_no_event_are_corruption(kind: int, body: bytes) -> None:
    """Nothing is guessed about a fact that cannot be read."""
    with pytest.raises(UnavailableError) as caught:
        decode_event(kind, body)
    assert caught.value.code is ErrorCode.STORAGE_CORRUPT


def test_a_journal_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    """An older program must not touch what it cannot understand."""
    path = tmp_path / "journal.sqlite"
    Journal(path).close()
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    database.close()
    before = path.read_bytes()
    with pytest.raises(UnavailableError) as caught:
        Journal(path)
    assert caught.value.code is ErrorCode.STORAGE_NEWER
    assert path.read_bytes() == before


def test_a_changed_fact_is_found(tmp_path: Path) -> None:
    """The links find a change, a gap and a swap in the middle."""
    path, scheme = tmp_path / "journal.sqlite", Scheme()
    with Journal(path) as journal:
        for _ in range(3):
            journal.append(opened(scheme), at_s=AT_S)
    for damage in ("UPDATE events SET at_s = at_s + 1 WHERE number = 2", "DELETE FROM events WHERE number = 2"):
        copy = tmp_path / f"{len(list(tmp_path.iterdir()))}.sqlite"
        copy.write_bytes(path.read_bytes())
        database = sqlite3.connect(copy)
        database.execute("DROP TRIGGER never_updated")
        database.execute("DROP TRIGGER never_deleted")
        database.execute(damage)
        database.commit()
        database.close()
        with pytest.raises(UnavailableError) as caught:
            Journal(copy)
        assert caught.value.code is ErrorCode.STORAGE_CORRUPT


def test_the_database_itself_refuses_to_change_a_fact(tmp_path: Path) -> None:
    """Facts are appended: no statement of ours or of anybody's updates or deletes one by accident."""
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal.append(opened(Scheme()), at_s=AT_S)
    database = sqlite3.connect(path)
    for statement in ("UPDATE events SET at_s = 0", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError):
            database.execute(statement)
    database.close()


def test_a_file_that_is_no_journal_is_corruption(tmp_path: Path) -> None:
    """Garbage is said to be garbage, and is not overwritten."""
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"not a database at all, but long enough to look" * 100)
    with pytest.raises(UnavailableError) as caught:
        Journal(path)
    assert caught.value.code is ErrorCode.STORAGE_CORRUPT


def test_one_program_at_a_time_owns_the_journal(tmp_path: Path) -> None:
    """A second terminal on the same home fails at the start, not at its first sale."""
    path = tmp_path / "journal.sqlite"
    with Journal(path), pytest.raises(UnavailableError) as caught:
        Journal(path)
    assert caught.value.code is ErrorCode.STORAGE_FAILED
    assert "another program has this journal open" in caught.value.message


def test_commits_reach_the_disk_before_they_count(tmp_path: Path) -> None:
    """Write-ahead log with a sync at each commit."""
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert journal._database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert journal._database.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_fact_that_does_not_follow_is_not_written(tmp_path: Path) -> None:
    """The table of states is asked before the disk: a sale that was given up cannot be sent."""
    with Journal(tmp_path / "journal.sqlite") as journal:
        event = opened(Scheme())
        journal.append(event, at_s=AT_S)
        journal.append(SaleAbandoned(request_id=event.request_id), at_s=AT_S)
        before = journal.views.sale(event.request_id)
        with pytest.raises(RuleViolationError) as caught:
            journal.append(ClosureAsked(request_id=event.request_id, reason=CloseReason.CANCELLED), at_s=AT_S)
        assert caught.value.code is ErrorCode.BAD_TRANSITION
        assert (journal.length, journal.views.sale(event.request_id)) == (2, before)


def test_a_full_disk_changes_nothing(tmp_path: Path) -> None:
    """What could not be written is not believed, and the journal goes on when there is room again."""
    with Journal(tmp_path / "journal.sqlite") as journal:
        scheme = Scheme()
        journal.append(opened(scheme), at_s=AT_S)
        pages = journal._database.execute("PRAGMA page_count").fetchone()[0]
        journal._database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(UnavailableError) as caught:
            fill(journal, scheme)
        assert caught.value.code is ErrorCode.STORAGE_FAILED
        assert journal.views == folded(journal)
        journal._database.execute("PRAGMA max_page_count = 1000000")
        journal.append(opened(scheme), at_s=AT_S)
        assert journal.views == folded(journal)


def test_a_batch_is_durable_whole_or_not_at_all(tmp_path: Path) -> None:
    """A failure inside a batch takes its facts back, from the file and from memory."""
    with Journal(tmp_path / "journal.sqlite") as journal:
        scheme = Scheme()
        first = opened(scheme)
        journal.append(first, at_s=AT_S)
        unknown = ConsentSent(request_id=scheme.request().message.request_id, consent=Envelope(b""))
        with pytest.raises(RuleViolationError):
            append_together(journal, SaleAbandoned(request_id=first.request_id), unknown)
        assert journal.length == 1
        assert journal.views.sale(first.request_id).state is State.REQUESTED
        assert journal.views == folded(journal)
        with journal.batch():
            journal.append(SaleAbandoned(request_id=first.request_id), at_s=AT_S)
        assert journal.views.sale(first.request_id).state is State.CANCELED
        assert journal.views == folded(journal)


def test_a_disk_that_fills_up_inside_a_batch_leaves_no_gap(tmp_path: Path) -> None:
    """SQLite undoes the batch by itself then; what memory numbers next must follow what the disk has."""
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        scheme = Scheme()
        journal.append(opened(scheme), at_s=AT_S)
        pages = journal._database.execute("PRAGMA page_count").fetchone()[0]
        journal._database.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(UnavailableError) as caught:
            append_together(journal, *(opened(scheme) for _ in range(500)))
        assert caught.value.code is ErrorCode.STORAGE_FAILED
        assert (journal.length, len(journal.views.sales)) == (1, 1)
        journal._database.execute("PRAGMA max_page_count = 1000000")
        journal.append(opened(scheme), at_s=AT_S)
    with Journal(path) as again:
        assert again.length == 2


def test_nobody_else_may_read_the_journal_or_its_log(tmp_path: Path) -> None:
    """Payments stand in the log before they stand in the file."""
    before = os.umask(0o022)
    try:
        with Journal(tmp_path / "journal.sqlite") as journal:
            journal.append(opened(Scheme()), at_s=AT_S)
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"journal.sqlite": 0o600, "journal.sqlite-wal": 0o600}


def test_memory_is_bounded_and_what_is_not_settled_stays() -> None:
    """Old settled sales leave the memory; the open one stays."""
    views, scheme = Views(), Scheme()
    waiting = opened(scheme)
    views.apply(waiting, at_s=AT_S)
    views.apply(ClosureAsked(request_id=waiting.request_id, reason=CloseReason.EXPIRED), at_s=AT_S)
    request = scheme.request()
    for number in range(SETTLED_SALES_MAX + 20):
        event = opened(scheme)
        views.apply(event, at_s=AT_S + number)
        views.apply(SaleAbandoned(request_id=event.request_id), at_s=AT_S + number)
    assert len(views.sales) <= SETTLED_SALES_MAX + 2
    assert waiting.request_id in views.sales
    assert request.message.request_id not in views.sales
