"""A checkpoint spares the start the old events and changes nothing else; one that does not fit is passed over."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from terminal_app.core.housekeeping import CHECK_EVENTS, CHECKPOINT_EVENTS, Housekeeping
from terminal_app.journal import Journal, Views, checkpoint
from terminal_app.journal.checkpoint import path_beside
from terminal_app.journal.repair import open_journal
from terminal_app.journal.views import TOKEN_KEPT_S
from terminal_app.office_commands import (
    ChangeSetting,
    EnterPerson,
    GiveRefund,
    MakeReport,
    ReportChoice,
    ShowQueueCodes,
)
from terminal_app.roles import Role
from terminal_app.screen_model import NetworkSwitch
from tests.unit.terminal_app.people import OWNER_PIN, sell, sell_by_code
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """A till with something of everything: sales, refunds, people, settings, a closed day, a queue, a denylist."""
    shop.do(EnterPerson(name="Ada", role=Role.OWNER, pin=OWNER_PIN))
    shop.do(ChangeSetting(name="sound", text="tones"))
    shop.do(ChangeSetting(name="sign_out_s", text="0"))
    first = sell(shop, 1_250, reference="Table 4", tip_minor=0)
    sell_by_code(shop, 840)
    shop.do(GiveRefund(request_id=first, amount_minor=250, reason="cold"))
    shop.run()
    shop.do(MakeReport(kind=ReportChoice.Z))
    shop.server.revoke(tokens=(shop.token().message.token_id,))
    shop.clock.advance(3_600)
    shop.wait(2)
    shop.go_offline()
    sell(shop, 700)
    sell(shop, 450)
    shop.do(ShowQueueCodes())
    return shop


def folded(journal: Journal) -> Views:
    """What all events of the file add up to."""
    views = Views()
    for event, at_s in journal.events():
        views.apply(event, at_s=at_s)
    return views


def reopened(path: Path) -> Journal:
    """The journal, opened again, and checked to be what its events add up to, in their sequence."""
    journal = Journal(path)
    whole = folded(journal)
    assert journal.views == whole
    for name in ("sales", "stored", "settled", "history", "token_ends_s"):
        assert list(getattr(journal.views, name)) == list(getattr(whole, name))
    return journal


def test_a_start_from_a_checkpoint_is_a_start_from_all_events(busy: Shop) -> None:
    """What came after the checkpoint is folded; what came before is not even read."""
    busy.journal.save_checkpoint()
    before = busy.journal.length
    busy.switch(NetworkSwitch.ON)
    busy.wait(3)
    sell(busy, 300)
    assert busy.journal.unsaved_count == busy.journal.length - before > 0
    busy.journal.close()
    with reopened(busy.path) as again:
        assert again.unsaved_count == again.length - before
        assert not again.is_checked
        again.check_older(10_000)
        assert again.is_checked


def damage(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file."""
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content[:100] + bytes((content[100] ^ 1,)) + content[101:],
        lambda content: content[:-1] + bytes((content[-1] ^ 1,)),
        lambda content: content * 2,
    ],
    ids=["empty", "one byte short", "half", "a bit in its head", "a bit at its end", "twice"],
)
def test_a_damaged_checkpoint_is_passed_over(busy: Shop, change: Callable[[bytes], bytes]) -> None:
    """Every event is folded, and nothing false is said."""
    busy.journal.save_checkpoint()
    busy.journal.close()
    damage(path_beside(busy.path), change)
    with reopened(busy.path) as again:
        assert again.is_checked
        assert again.unsaved_count == again.length


def test_a_checkpoint_of_another_program_is_passed_over(busy: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an update the events are folded by the new program."""
    monkeypatch.setattr(checkpoint, "_program", lambda: b"\x01" * 32)
    busy.journal.save_checkpoint()
    busy.journal.close()
    monkeypatch.undo()
    with reopened(busy.path) as again:
        assert again.unsaved_count == again.length


def test_a_program_without_its_source_has_no_checkpoints(busy: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts slower, and says nothing."""

    def gone() -> bytes:
        raise FileNotFoundError

    monkeypatch.setattr(checkpoint, "_program", gone)
    busy.journal.save_checkpoint()
    assert not path_beside(busy.path).exists()
    busy.journal.close()
    reopened(busy.path).close()


def test_a_checkpoint_that_is_ahead_of_its_journal_is_passed_over(busy: Shop, tmp_path: Path) -> None:
    """A journal put back from yesterday's backup, and another till's checkpoint, are not believed."""
    busy.journal.close()
    old = tmp_path / "old"
    old.mkdir()
    shutil.copy(busy.path, old / busy.path.name)
    shutil.copytree(busy.path.parent, tmp_path / "new")
    later = Journal(tmp_path / "new" / busy.path.name)
    (event, at_s), *_ = [one for one in later.events() if type(one[0]).__name__ == "SettingChanged"]
    later.append(event, at_s=at_s)
    later.save_checkpoint()
    later.close()
    shutil.copy(path_beside(tmp_path / "new" / busy.path.name), path_beside(old / busy.path.name))
    with reopened(old / busy.path.name) as again:
        assert again.unsaved_count == again.length


def test_a_disk_that_takes_no_checkpoint_is_no_error(busy: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged once for so many events, and the till goes on."""
    path_beside(busy.path).with_name(path_beside(busy.path).name + ".new").mkdir()
    busy.journal.save_checkpoint()
    assert "no checkpoint" in caplog.text
    assert busy.journal.unsaved_count == 0
    sell(busy, 100)
    busy.journal.close()
    reopened(busy.path).close()


def test_an_old_event_that_was_changed_is_found_and_repaired_by_the_next_start(busy: Shop) -> None:
    """The start from a checkpoint does not look at it; the check while nobody is served does, and ends the till."""
    busy.journal.save_checkpoint()
    busy.journal.close()
    database = sqlite3.connect(busy.path)
    database.execute("DROP TRIGGER never_updated")
    database.execute("UPDATE events SET at_s = at_s + 1 WHERE number = 3")
    database.commit()
    database.close()
    busy._build()
    stored = list(busy.journal.views.stored)
    with pytest.raises(UnavailableError, match="broken at event 3") as caught:
        busy.core.start()
    assert caught.value.code is ErrorCode.STORAGE_CORRUPT
    busy.journal.close()
    with open_journal(busy.path, mirror=None, at_s=busy.time.journal_s()) as again:
        assert again.views.office.repaired is not None
        assert list(again.views.stored) == stored


def test_housekeeping_saves_now_and_then_and_has_an_end(busy: Shop) -> None:
    """Only when enough is new; and it stops asking to be called."""
    house = Housekeeping(busy.journal)
    house.work()
    assert not path_beside(busy.path).exists()
    assert house.due_in_ms() is None
    (event, at_s), *_ = [one for one in busy.journal.events() if type(one[0]).__name__ == "SettingChanged"]
    with busy.journal.batch():
        for _ in range(CHECKPOINT_EVENTS):
            busy.journal.append(event, at_s=at_s)
    house.work()
    assert path_beside(busy.path).exists()
    busy.journal.close()
    with Journal(busy.path) as again:
        house = Housekeeping(again)
        rounds = 0
        while house.due_in_ms() is not None:
            house.work()
            rounds += 1
        assert rounds == -(-again.length // CHECK_EVENTS)


class Slow:
    """A journal on a disk that does not answer just now."""

    unsaved_count = 0
    is_checked = False

    def check_older(self, _count: int) -> None:
        """It fails."""
        raise UnavailableError(ErrorCode.STORAGE_FAILED, "disk I/O error")


def test_a_disk_that_does_not_answer_just_now_ends_no_till() -> None:
    """It is tried again."""
    house = Housekeeping(Slow())  # type: ignore[arg-type]
    house.work()
    assert house.due_in_ms() is not None


def test_a_power_cut_while_it_is_written_leaves_the_one_before(busy: Shop, tmp_path: Path) -> None:
    """kill -9 at each step of the writing: before the draft, in it, before and after it takes its place."""
    busy.journal.save_checkpoint()
    sell(busy, 100)
    busy.journal.close()
    for number, name in enumerate(("unlink", "open", "fdopen", "fsync", "replace")):
        folder = tmp_path / f"cut-{number}"
        shutil.copytree(busy.path.parent, folder, ignore=shutil.ignore_patterns("cut-*"))
        die_while_saving(folder / busy.path.name, name)
        with reopened(folder / busy.path.name) as again:
            assert 0 < again.unsaved_count < again.length


def die_while_saving(path: Path, name: str) -> None:
    """Save a checkpoint in a child that is killed when it comes to this step."""
    child = os.fork()
    if child == 0:
        try:

            def die(*_args: object, **_kwargs: object) -> None:
                os.kill(os.getpid(), signal.SIGKILL)

            journal = Journal(path)
            setattr(Path if name in {"unlink", "replace"} else os, name, die)
            journal.save_checkpoint()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"{name} is no step of the writing"


def test_tokens_long_past_are_forgotten(shop: Shop) -> None:
    """By the operator's signed time: no wrong clock of the till makes it forget what may still be shown to it."""
    shop.go_offline()
    sell(shop, 100)
    (old,) = shop.till.views.token_intents
    shop.clock.advance(10 * TOKEN_KEPT_S)
    shop.till.views._forget_tokens()
    assert old in shop.till.views.token_intents
    shop.till.views.operator_time_s = shop.till.views.token_ends_s[old] + TOKEN_KEPT_S
    shop.till.views._forget_tokens()
    assert old in shop.till.views.token_intents
    shop.till.views.operator_time_s += 1
    shop.till.views._forget_tokens()
    assert not shop.till.views.token_intents
    assert not shop.till.views.token_ends_s
