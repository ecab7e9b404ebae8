"""Composition: from a folder of keys, settings and ledger to a server that listens."""

import errno
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Final

import uvicorn

from server_stub.background import at_work, keeping_up
from server_stub.committer import Committer
from server_stub.config import CONFIG_FILE, KEYS_FOLDER, ClockPolicy, read_config
from server_stub.connections import Connection, room_for_connections
from server_stub.epochs import newest_epoch
from server_stub.faults import Faults
from server_stub.keys import KeyRing, load_receipt_keys
from server_stub.ledger_clock import LedgerClock
from server_stub.risk.file import RISK_FILE, read_risk
from server_stub.routes import Desk, create_app
from server_stub.service.credentials import Credentials
from server_stub.service.earlier_fundings import check_vouched, vouch
from server_stub.service.operator import Operator
from server_stub.service.payments import wake_keys
from server_stub.service.playground import playground_of
from server_stub.store.base import Store
from server_stub.store.nature import Nature
from server_stub.store.opening import heads_of, open_store
from server_stub.store.tables.clock import acknowledge, newest_s_of
from server_stub.wakeups import Link, Wakeups
from server_stub.workers import run_workers
from wallet_sdk.console import say
from wallet_sdk.ports import Clock, Random
from wallet_sdk.protocol.envelope import open_unverified
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.protocol.messages import TrustBundle

_LOG: Final = logging.getLogger("tillcode.server")
#: Verifying releases the interpreter, so two threads use two cores; a third reads the ledger meanwhile.
_WORKERS: Final = 3
#: New objects before a look at the youngest, and how many such looks before one at older ones.
_COLLECT_AFTER: Final = (100_000, 20, 50)
#: A thread that only calculates (the sealer) gives way this soon. At Python's own 5 ms a payment that releases the
#: interpreter for its three signatures waited 26 ms at its 99th percentile beside it, so it waits 5.
_SWITCH_S: Final = 0.0005
#: A request under way at the end gets this long.
_GRACE_S: Final = 5


@contextmanager
def opened_store(folder: Path, *, faults: Faults | None = None) -> Generator[Store]:
    """The ledger of a folder.

    Raises:
        MisuseError: NOT_INITIALISED, or BAD_ARGUMENT for a wrong setting.
        UnavailableError: STORAGE_NEWER, STORAGE_CORRUPT or STORAGE_FAILED.
    """
    config = read_config(folder / CONFIG_FILE)
    store = open_store(folder, database=config.database, heads=config.heads, faults=faults)
    try:
        _vouch(store, folder)
        yield store
    finally:
        store.close()


def _vouch(store: Store, folder: Path) -> None:
    """A ledger that an older program wrote is signed for at its first opening, by whoever has the keys."""
    with store.reading() as reader:
        is_founded = reader.trust() is not None
    if is_founded and (folder / KEYS_FOLDER).exists():
        vouch(store, folder, lambda: receipt_keys_of(folder, store))


def receipt_keys_of(folder: Path, store: Store) -> KeyRing:
    """The keys that sign receipts, and for what is funded, for a command that needs no other.

    Raises:
        MisuseError, UnavailableError: as ``load_signers``.
    """
    with store.reading() as reader:
        trust = reader.trust()
    if trust is None:
        raise MisuseError(ErrorCode.NOT_INITIALISED, "the ledger is empty; restore a backup")
    return load_receipt_keys(folder / KEYS_FOLDER, open_unverified(trust.bundle, TrustBundle).message)


def acknowledge_loss(folder: Path, *, name: str, at_s: int) -> None:
    """A person goes on without what the ledger has lost; it stands in the ledger, and is not missed any more.

    Raises:
        MisuseError: BAD_ARGUMENT when nothing of that name is missing.
        UnavailableError: STORAGE_FAILED.
    """
    config = read_config(folder / CONFIG_FILE)
    heads = heads_of(folder, config.heads)
    store = open_store(folder, database=config.database, heads=None)
    with closing(store):
        loss = heads.loss(store.reading)
        if loss is None or loss.name != name:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"no loss of the name {name} is there", param="acknowledge")
        with store.writing() as writer:
            acknowledge(writer, name=name, what=str(loss), at_s=at_s)
        heads.settle()


@contextmanager
def opened_desk(
    folder: Path,
    *,
    clock: Clock,
    random: Random,
    faults: Faults,
    nature: Nature = Nature.LIVE,
    link: Link | None = None,
) -> Generator[Desk]:
    """Everything a server needs, running; on leaving, what was taken is finished and all is closed.

    Raises:
        MisuseError: NOT_INITIALISED, or BAD_ARGUMENT for a wrong setting, or a ledger of the other nature.
        UnavailableError: the ledger cannot be opened.
        ClockDoubtError: the clock is too far from the ledger's own time.
    """
    config = read_config(folder / CONFIG_FILE)
    risk = read_risk(folder / RISK_FILE)
    wakeups = Wakeups(link)
    with opened_store(folder, faults=faults) as store, ThreadPoolExecutor(_WORKERS, "worker") as workers:
        store.check_whole()
        credentials = Credentials(store, folder / KEYS_FOLDER)
        check_vouched(store)
        playground = playground_of(store, nature, clock)
        ledger_clock = None if playground else _believed(clock, store, config.clock)
        now_s = (ledger_clock or clock).now_ms() // 1000
        for warning in credentials.now.signers.warnings(now_s=now_s):
            _LOG.warning("%s", warning)
        committer = Committer(
            store,
            faults=faults,
            on_committed=lambda answers: wakeups.wake(wake_keys(answers)) if wakeups.is_waited_for else None,
            on_died=lambda: os.kill(os.getpid(), signal.SIGTERM),  # no requests are served that nobody can settle
        )
        committer.start()
        operator = Operator(
            store=store,
            committer=committer,
            credentials=credentials,
            config=config,
            risk=risk,
            clock=playground.clock if playground else faults.clock(ledger_clock or clock),
            ledger_clock=ledger_clock,
            random=random,
            playground=playground,
            epoch=newest_epoch(store),
        )
        try:
            yield Desk(
                operator=operator,
                workers=workers,
                wakeups=wakeups,
                faults=faults,
                is_one_of_many=link is not None,
                is_first=link is None or link.number == 0,
            )
        finally:
            committer.close()


def _believed(clock: Clock, store: Store, policy: ClockPolicy) -> LedgerClock:
    with store.reading() as reader:
        return LedgerClock(clock, policy, newest_s=newest_s_of(reader))


def quiet_collector() -> None:
    """Look for circular garbage rarely: a payment makes many objects and no circles, and each look costs as much.

    Measured: at Python's own thresholds deciding a payment takes 1.8 times as long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


def serve(
    folder: Path,
    *,
    host: str,
    port: int,
    worker_count: int,
    clock: Clock,
    random: Random,
    faults: Faults,
    nature: Nature = Nature.LIVE,
) -> int:
    """Serve until SIGTERM or SIGINT; prints one line once connections are taken. Port 0 takes any free one.

    Returns:
        The exit code: 0 when it was asked to end.

    Raises:
        MisuseError, UnavailableError: as ``opened_desk``; DEVICE_UNAVAILABLE when the address cannot be taken.
        UnavailableError: SERVER_BUSY when the committer has died.
    """
    if nature is Nature.SANDBOX and worker_count > 1:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a sandbox has one clock, so one process", param="workers")
    _check_free(host, port)
    with _bound(host, port) as bound:
        port = bound.getsockname()[1]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

        def listening() -> None:
            say(f"listening on {address}")

        def work(link: Link | None, ready: Callable[[], None]) -> None:
            with (
                opened_desk(folder, clock=clock, random=random, faults=faults, link=link, nature=nature) as desk,
                _bound(host, port) as own,
            ):
                _listen(desk, own, on_ready=ready)

        if worker_count == 1:
            work(None, listening)
            return 0
        with opened_store(folder) as store:
            store.check_whole()  # brought up to date, and found good, before any worker opens it
        return run_workers(worker_count, work, on_ready=listening)


def _listen(desk: Desk, bound: socket.socket, *, on_ready: Callable[[], None]) -> None:
    quiet_collector()
    sys.setswitchinterval(_SWITCH_S)
    server = _Server(desk, on_ready=on_ready)
    # uvicorn sends itself the signal again when it has ended well; that must not kill us before we have closed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    with (
        keeping_up(desk.operator, desk.faults),
        at_work(desk.operator, desk.faults) if desk.is_first else nullcontext(),
    ):
        server.run(sockets=[bound])
    desk.operator.committer.check_running()


class _Server(uvicorn.Server):
    """Says when it listens, and lets long polls go before it waits for them."""

    def __init__(self, desk: Desk, *, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(desk),
                loop="uvloop",
                http=Connection,
                ws="none",
                lifespan="off",
                log_level="warning",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        Connection.connections_max = room_for_connections()
        self._desk = desk
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._desk.wakeups.close()
        await super().shutdown(sockets)


def _check_free(host: str, port: int) -> None:
    """Sharing the address is for our own workers: beside another server each would get a part of the other's calls."""
    with _telling(host, port), _socket(host, port) as probe:
        probe.bind((host, port))
        probe.listen()


@contextmanager
def _bound(host: str, port: int) -> Generator[socket.socket]:
    with _telling(host, port):
        bound = _socket(host, port)
    with bound:
        with _telling(host, port):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # one socket each for all workers
            bound.bind((host, port))
        yield bound


def _socket(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0], socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made


@contextmanager
def _telling(host: str, port: int) -> Generator[None]:
    try:
        yield
    except OSError as error:
        is_taken = error.errno == errno.EADDRINUSE
        why = "another program listens there; end it, or choose another --port" if is_taken else error.strerror
        raise UnavailableError(ErrorCode.DEVICE_UNAVAILABLE, f"cannot listen on {host}:{port}: {why}") from error
