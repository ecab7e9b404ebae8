"""The group committer: a bad command is alone, no answer before it is durable, a failed commit is unknown."""

import asyncio
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from server_stub.committer import Command, Committer
from server_stub.store.records import Merchant, Terminal
from server_stub.store.session import ConflictError
from server_stub.store.sqlite import SqliteStore
from server_stub.store.tables.parties import MERCHANTS, TERMINALS
from server_stub.store.writer import Writer
from wallet_sdk.protocol.errors import (
    ErrorCode,
    MisuseError,
    MoneyOutcome,
    RuleViolationError,
    UnavailableError,
)
from wallet_sdk.protocol.ids import Envelope, MerchantId, PublicKeyBytes, TerminalId
from wallet_sdk.protocol.money import Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Add(Command[int]):
    """Adds a merchant, then does what it is told."""

    number: int
    then: Callable[[Writer], None] = lambda _writer: None
    weight: int = 1

    def apply(self, writer: Writer) -> int:
        merchant = Merchant(
            merchant_id=MerchantId(self.number), name="A", city="", country="PT", mcc=1, currencies=(Currency.EUR,)
        )
        writer.add(MERCHANTS, merchant)
        self.then(writer)
        return self.number


@pytest.fixture
def store(tmp_path: Path) -> Generator[SqliteStore]:
    """An empty ledger."""
    opened = SqliteStore.create(tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


@contextmanager
def running(store: Any, **more: Any) -> Generator[Committer]:
    """A committer that is closed at the end."""
    committer = Committer(store, **more)
    committer.start()
    try:
        yield committer
    finally:
        committer.close()


def present(store: SqliteStore, *numbers: int) -> list[int]:
    """Which merchants are there."""
    with store.reading() as reader:
        return [number for number in numbers if reader.find(MERCHANTS, MerchantId(number))]


def refuse(_writer: Writer) -> None:
    """Break a rule after something was written."""
    raise RuleViolationError(ErrorCode.INSUFFICIENT_FUNDS, "no")


def stumble(_writer: Writer) -> None:
    """Be a bug."""
    raise KeyError("ours")


def fall(_writer: Writer) -> None:
    """Be a bug of another kind."""
    raise RecursionError


class UnforeseenError(Exception):
    """What nobody has thought of."""


def test_one_bad_command_is_refused_alone(store: SqliteStore) -> None:
    """In one group: a refusal, a bug and a broken constraint are undone, what stands beside them is kept."""
    committer = Committer(store)
    futures = [
        committer.submit(command)
        for command in (
            Add(number=1),
            Add(number=2, then=refuse),
            Add(number=3, then=stumble),
            Add(number=1),
            Add(number=5),
            Add(number=6, then=fall),
        )
    ]
    committer.start()
    assert (futures[0].result(5), futures[4].result(5)) == (1, 5)
    assert isinstance(futures[1].exception(5), RuleViolationError)
    for broken in (futures[2], futures[3], futures[5]):
        error = broken.exception(5)
        assert isinstance(error, UnavailableError)
        assert (error.code, error.outcome) == (ErrorCode.SERVER_ERROR, MoneyOutcome.NOT_CHARGED)
    committer.close()
    assert present(store, 1, 2, 3, 5, 6) == [1, 5]


def test_what_waits_is_committed_together(store: SqliteStore) -> None:
    """A thousand commands that wait take one commit; heavy ones are spread over more."""
    groups: list[int] = []
    committer = Committer(store, on_committed=lambda answers: groups.append(len(answers)))
    futures = [committer.submit(Add(number=number)) for number in range(1, 1001)]
    futures += [committer.submit(Add(number=2000 + number, weight=1000)) for number in range(3)]
    committer.start()
    assert [future.result(5) for future in futures[:1000]] == list(range(1, 1001))
    committer.close()
    assert groups == [1001, 2]


def test_nothing_is_answered_before_the_commit_has_returned(store: SqliteStore) -> None:
    """While the commit hangs, the future waits; a reader does not see the change either."""
    entered, leave = threading.Event(), threading.Event()

    class Slow:
        @contextmanager
        def writing(self) -> Generator[Any]:
            with store.writing() as writer:
                yield writer
                entered.set()
                assert leave.wait(5)

    with running(Slow()) as committer, ThreadPoolExecutor(1) as threads:
        future = threads.submit(lambda: committer.submit(Add(number=1)).result(5))
        assert entered.wait(5)
        assert not future.done()
        assert present(store, 1) == []
        leave.set()
        assert future.result(5) == 1
        assert present(store, 1) == [1]


def test_a_failed_commit_is_unknown_to_each_of_its_commands(store: SqliteStore) -> None:
    """Nobody is told that nothing happened when nobody knows; the committer goes on."""
    fail = threading.Event()
    fail.set()

    class Failing:
        @contextmanager
        def writing(self) -> Generator[Any]:
            with store.writing() as writer:
                yield writer
            if fail.is_set():
                raise UnavailableError(ErrorCode.STORAGE_FAILED, "disk")

    committer = Committer(Failing())  # type: ignore[arg-type]
    futures = [committer.submit(Add(number=number)) for number in (1, 2)]
    committer.start()
    for future in futures:
        error = future.exception(5)
        assert isinstance(error, UnavailableError)
        assert (error.code, error.outcome) == (ErrorCode.STORAGE_FAILED, MoneyOutcome.UNKNOWN)
    fail.clear()
    assert committer.submit(Add(number=3)).result(5) == 3
    committer.close()


def test_what_another_process_was_faster_with_is_decided_anew(store: SqliteStore) -> None:
    """A conflict undoes the group and applies it again; one that does not end is told as busy, nothing charged."""
    tries: list[int] = []
    conflicts = 2

    class Contended:
        @contextmanager
        def writing(self) -> Generator[Any]:
            with store.writing() as writer:
                yield writer
                tries.append(1)
                if len(tries) <= conflicts:
                    raise ConflictError("faster")

    committer = Committer(Contended())  # type: ignore[arg-type]
    futures = [committer.submit(Add(number=number)) for number in (1, 2)]
    committer.start()
    assert [future.result(5) for future in futures] == [1, 2]
    assert len(tries) == 3
    conflicts = 1_000
    error = committer.submit(Add(number=3)).exception(5)
    assert isinstance(error, ConflictError)
    assert (error.code, error.outcome) == (ErrorCode.SERVER_BUSY, MoneyOutcome.NOT_CHARGED)
    committer.close()
    assert present(store, 1, 2, 3) == [1, 2]


def test_what_only_the_database_finds_wrong_costs_one_command(store: SqliteStore) -> None:
    """A constraint is checked when the group is written: then it is halved until the one stands alone."""

    def break_reference(writer: Writer) -> None:
        terminal = Terminal(
            terminal_id=TerminalId(1),
            merchant_id=MerchantId(77),
            public_key=PublicKeyBytes(b"\x02" + bytes(32)),
            certificate=Envelope(b""),
        )
        writer.add(TERMINALS, terminal)

    committer = Committer(store)
    futures = [committer.submit(Add(number=number)) for number in range(10, 42)]
    broken = committer.submit(Add(number=3, then=break_reference))
    committer.start()
    assert [future.result(5) for future in futures] == list(range(10, 42))
    error = broken.exception(5)
    assert isinstance(error, UnavailableError)
    assert (error.code, error.outcome) == (ErrorCode.SERVER_ERROR, MoneyOutcome.NOT_CHARGED)
    committer.close()
    assert present(store, 3, 10, 41) == [10, 41]


def test_too_many_waiting_commands_are_refused_at_once(store: SqliteStore) -> None:
    """A full queue says SERVER_BUSY, and nothing of the refused command happens."""
    committer = Committer(store, waiting_max=2)
    taken = [committer.submit(Add(number=number)) for number in (1, 2)]
    with pytest.raises(UnavailableError, match="too many") as caught:
        committer.submit(Add(number=3))
    assert caught.value.code is ErrorCode.SERVER_BUSY
    committer.start()
    assert [future.result(5) for future in taken] == [1, 2]
    committer.close()
    assert present(store, 1, 2, 3) == [1, 2]


def test_closing_finishes_what_was_taken_and_takes_no_more(store: SqliteStore) -> None:
    """A clean shutdown loses nothing; may be asked twice."""
    committer = Committer(store)
    futures = [committer.submit(Add(number=number)) for number in range(1, 50)]
    committer.start()
    committer.check_running()
    committer.close()
    committer.close()
    assert all(future.done() and future.exception() is None for future in futures)
    with pytest.raises(UnavailableError):
        committer.submit(Add(number=99))
    with pytest.raises(UnavailableError):
        committer.check_running()


def test_a_caller_who_goes_away_undoes_nothing(store: SqliteStore) -> None:
    """A cancelled future is not an undone payment; it is there when asked again."""
    committer = Committer(store)
    future = committer.submit(Add(number=1))
    assert future.cancel()
    committer.start()
    assert committer.submit(Add(number=2)).result(5) == 2
    committer.close()
    assert present(store, 1, 2) == [1, 2]


def test_a_refusal_of_our_own_caller_is_his_alone(store: SqliteStore) -> None:
    """Any error of the tree passes through unchanged."""
    error = MisuseError(ErrorCode.BAD_ARGUMENT, "no")

    def misuse(_writer: Writer) -> None:
        raise error

    with running(store) as committer:
        assert committer.submit(Add(number=1, then=misuse)).exception(5) is error


def test_a_full_disk_is_unknown_and_passes(store: SqliteStore) -> None:
    """SQLite undoes everything by itself; every command of the group is told, and later ones go on."""
    pages = store._writing.execute("PRAGMA page_count").fetchall()[0][0]
    store._writing.execute(f"PRAGMA max_page_count = {pages}")
    committer = Committer(store)
    futures = [committer.submit(Add(number=number)) for number in range(1, 2000)]
    committer.start()
    errors = [future.exception(5) for future in futures]
    failed = [error for error in errors if isinstance(error, UnavailableError)]
    assert failed
    assert {(error.code, error.outcome) for error in failed} == {(ErrorCode.STORAGE_FAILED, MoneyOutcome.UNKNOWN)}
    store._writing.execute("PRAGMA max_page_count = 1000000")
    assert committer.submit(Add(number=9999)).result(5) == 9999
    committer.close()
    kept = [number for number, error in enumerate(errors, start=1) if error is None]
    assert present(store, *range(1, 2000)) == kept


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_when_the_thread_dies_nobody_waits_for_ever(store: SqliteStore) -> None:
    """Its group is in doubt, what waits behind it is refused, and no more is taken."""

    class Dying:
        @contextmanager
        def writing(self) -> Generator[Any]:
            with store.writing() as writer:
                yield writer
            raise UnforeseenError

    committer = Committer(Dying())  # type: ignore[arg-type]
    heavy = [committer.submit(Add(number=number, weight=1024)) for number in (1, 2)]
    committer.start()
    outcomes = []
    for future in heavy:
        error = future.exception(5)
        assert isinstance(error, UnavailableError)
        outcomes.append((error.code, error.outcome))
    assert outcomes == [
        (ErrorCode.SERVER_ERROR, MoneyOutcome.UNKNOWN),
        (ErrorCode.SERVER_BUSY, MoneyOutcome.NOT_CHARGED),
    ]
    with pytest.raises(UnavailableError):
        committer.submit(Add(number=3))
    with pytest.raises(UnavailableError):
        committer.check_running()
    committer.close()


def test_coroutines_of_one_event_loop_are_all_answered(store: SqliteStore) -> None:
    """A hundred that submit in one round of it, in few groups."""
    groups: list[int] = []

    async def all_at_once(committer: Committer) -> list[int]:
        return await asyncio.gather(*(committer.submit_here(Add(number=number)) for number in range(1, 101)))

    with running(store, on_committed=lambda answers: groups.append(len(answers))) as committer:
        assert asyncio.run(all_at_once(committer)) == list(range(1, 101))
    assert sum(groups) == 100


def test_threads_and_an_event_loop_may_submit_at_once(store: SqliteStore) -> None:
    """What comes while a group is committed is answered too, on whichever side: nothing is lost or doubled."""

    async def many(committer: Committer, threads: ThreadPoolExecutor) -> list[int]:
        loop = asyncio.get_running_loop()
        waits: list[asyncio.Future[int]] = []
        for number in range(1, 301):
            if number % 2:
                waits.append(committer.submit_here(Add(number=number)))
            else:
                waits.append(
                    loop.run_in_executor(threads, lambda one: committer.submit(Add(number=one)).result(5), number)
                )
            if number % 10 == 0:
                await loop.run_in_executor(threads, int)  # some come meanwhile, some wait
        return await asyncio.gather(*waits)

    with running(store) as committer, ThreadPoolExecutor(4) as threads:
        assert asyncio.run(many(committer, threads)) == list(range(1, 301))
    assert present(store, *range(1, 301)) == list(range(1, 301))
