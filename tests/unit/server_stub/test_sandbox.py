"""A sandbox: ready to use, wrong on demand, and never to be taken for a ledger of money."""

import asyncio
import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from server_stub.bootstrap import opened_desk
from server_stub.config import ServerConfig
from server_stub.faults import Faults
from server_stub.routes import sandbox as sandbox_routes
from server_stub.sandbox import Sandbox, found_sandbox, opened_sandbox
from server_stub.service.administration import found
from server_stub.service.playground import DECLINED_AMOUNTS, FAULTY_AMOUNTS, FaultKind
from server_stub.store.nature import Nature
from tests.unit.server_stub.harness import ONLINE, House, TestTerminal, TestWallet
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.testing import FROZEN_NOW_S, FrozenClock, SeededRandom

ON_EVERY_DATABASE = True

DROP_BEFORE, DROP_AFTER = FaultKind.DROP_BEFORE_COMMIT, FaultKind.DROP_AFTER_COMMIT


@dataclass(frozen=True, kw_only=True)
class Play:
    """A sandbox with the devices that its papers let in."""

    sandbox: Sandbox
    house: House
    terminal: TestTerminal
    wallet: TestWallet

    def ask(self, method: str, path: str, content: object = None) -> dict[str, object]:
        """Tell the sandbox something with the key of its papers."""
        answer = self.house.ask(method, path, self.sandbox.papers.api_key, content)
        assert answer.http_status in {200, 201}, answer.body
        return answer.content

    def state(self, request_id: bytes) -> str:
        """What the terminal is told of a request."""
        state = self.terminal.read(api.payment_path(request_id)).ok()["state"]
        assert isinstance(state, str)
        return state


def play_in(folder: Path, sandbox: Sandbox) -> Play:
    """Devices let in with the codes of the papers; they go by the sandbox's clock."""
    random = SeededRandom(7)
    house = House(
        folder=folder, desk=sandbox.desk, clock=FrozenClock(), random=random, merchant_id=sandbox.papers.merchant_id
    )
    terminal = TestTerminal(call=house.call, clock=sandbox.clock, random=random, signer=house.new_signer())
    terminal.enrol(sandbox.papers.terminal_codes[0]).ok()
    wallet = TestWallet(call=house.call, clock=sandbox.clock, random=random, signer=house.new_signer())
    wallet.enrol(sandbox.papers.wallet_codes[0]).ok()
    wallet.renew(5_000).ok()
    return Play(sandbox=sandbox, house=house, terminal=terminal, wallet=wallet)


@pytest.fixture
def play(tmp_path: Path, address: str) -> Generator[Play]:
    """A new sandbox."""
    opened = opened_sandbox(tmp_path / "box", clock=FrozenClock(), random=SeededRandom(3), database=address)
    with opened as sandbox:
        yield play_in(tmp_path / "box", sandbox)


def test_its_papers_are_ready_to_use(play: Play) -> None:
    """A terminal, a wallet with money, a merchant's key and an operator's; and more codes when they are wanted."""
    assert play.wallet.pay(play.terminal.request(1250))["state"] == "CAPTURED"
    assert play.wallet.balance() == (3_750, 5_000)
    assert len(play.house.ask("GET", "/v1/payments", play.sandbox.papers.api_key).ok()["payments"]) == 1
    assert len(play.house.ask("GET", "/v1/merchants", play.sandbox.papers.operator_key).ok()["merchants"]) == 1
    code = play.sandbox.wallet_code(Money(minor=7, currency=Currency.EUR))
    other = TestWallet(
        call=play.house.call, clock=play.sandbox.clock, random=SeededRandom(9), signer=play.house.new_signer()
    )
    other.enrol(code).ok()
    assert other.balance() == (7, 0)
    assert play.sandbox.terminal_code() not in play.sandbox.papers.terminal_codes


def test_the_same_seed_gives_the_same_papers(tmp_path: Path) -> None:
    """A test that fails can be run again."""
    papers = [found_sandbox(tmp_path / name, random=SeededRandom(5), now_s=FROZEN_NOW_S) for name in ("a", "b")]
    assert papers[0] == papers[1]


@pytest.mark.parametrize("amount_minor", DECLINED_AMOUNTS)
def test_an_amount_decides_how_it_is_declined(play: Play, amount_minor: int) -> None:
    """Online for the wallet, offline for the terminal; no money moves, and the answer stays."""
    request = play.terminal.request(amount_minor)
    intent = play.wallet.intent(request, ONLINE)
    answers = [play.wallet.send(request.envelope, intent.envelope).ok() for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0]["error_code"] == DECLINED_AMOUNTS[amount_minor]
    late = play.terminal.request(amount_minor)
    (outcome,) = play.terminal.capture((late, play.wallet.intent(late)))
    assert outcome["error_code"] == DECLINED_AMOUNTS[amount_minor]
    assert play.wallet.balance() == (5_000, 5_000)
    play.house.assert_clean()


@pytest.mark.parametrize(
    ("amount_minor", "done"),
    [
        (minor, fault.kind is FaultKind.DROP_AFTER_COMMIT)
        for minor, fault in FAULTY_AMOUNTS.items()
        if "drop" in fault.kind.value
    ],
)
def test_an_amount_cuts_the_connection_once(play: Play, amount_minor: int, done: bool) -> None:  # noqa: FBT001 (a case)
    """Before or after the money moved: the caller cannot tell, asks again with the same claim, and it is paid once."""
    request = play.terminal.request(amount_minor)
    intent = play.wallet.intent(request, ONLINE)
    with pytest.raises(ConnectionAbortedError):
        play.wallet.send(request.envelope, intent.envelope)
    assert play.state(request.message.request_id) == ("CAPTURED" if done else "REQUESTED")
    assert play.wallet.send(request.envelope, intent.envelope).ok()["state"] == "CAPTURED"
    assert play.house.audit().payments == 1
    play.house.assert_clean()


def test_amounts_that_are_busy_and_that_break_once(play: Play) -> None:
    """503 with nothing done, then 500 with everything done; both are found out by asking again."""
    for amount_minor, http_status, outcome in ((111, 503, "not_charged"), (114, 500, "unknown")):
        request = play.terminal.request(amount_minor)
        intent = play.wallet.intent(request, ONLINE)
        first = play.wallet.send(request.envelope, intent.envelope)
        assert (first.http_status, first.content["outcome"]) == (http_status, outcome)
        assert play.wallet.send(request.envelope, intent.envelope).ok()["state"] == "CAPTURED"
    assert play.house.audit().payments == 2


def test_faults_on_demand(play: Play) -> None:
    """As many times as asked, for the operation that was named; and they can be called off."""
    play.ask("POST", "/v1/sandbox/faults", {"kind": "busy", "count": 2, "operation": "payIntent"})
    play.ask("POST", "/v1/sandbox/faults", {"kind": "delay", "delay_ms": 1, "operation": "captureBatch"})
    request = play.terminal.request()
    intent = play.wallet.intent(request, ONLINE)
    statuses = [play.wallet.send(request.envelope, intent.envelope).http_status for _ in range(3)]
    assert statuses == [503, 503, 200]
    left = play.ask("GET", "/v1/sandbox")["faults"]
    assert isinstance(left, list)
    assert [fault["kind"] for fault in left] == ["delay"]
    assert play.terminal.capture((request, intent))[0]["state"] == "CAPTURED"
    play.ask("POST", "/v1/sandbox/faults", {"kind": "drop_before_commit", "count": 100})
    assert play.ask("DELETE", "/v1/sandbox/faults")["faults"] == []
    assert play.wallet.pay(play.terminal.request(1))["state"] == "CAPTURED"


def test_the_next_claim_is_declined(play: Play) -> None:
    """With the code that was asked for, whatever the amount; the one after it is paid."""
    code = int(ErrorCode.REVOKED)
    play.ask("POST", "/v1/sandbox/faults", {"kind": "decline", "error_code": code})
    assert play.wallet.pay(play.terminal.request(50))["error_code"] == code
    assert play.wallet.pay(play.terminal.request(50))["state"] == "CAPTURED"
    for wrong in (0, 1001, 2999, 4001):
        answer = play.house.ask(
            "POST", "/v1/sandbox/faults", play.sandbox.papers.api_key, {"kind": "decline", "error_code": wrong}
        )
        assert answer.code() is ErrorCode.BAD_ARGUMENT


def test_the_clock_runs_forward_and_stays_there(tmp_path: Path, address: str) -> None:
    """A token is past its time after three days; a restart does not set the clock back."""
    clock, random = FrozenClock(), SeededRandom(3)
    with opened_sandbox(tmp_path / "box", clock=clock, random=random, database=address) as sandbox:
        play = play_in(tmp_path / "box", sandbox)
        told = play.ask("POST", "/v1/sandbox/clock", {"advance_s": 4 * 86_400})
        assert (told["now_s"], told["clock_ahead_s"]) == (FROZEN_NOW_S + 4 * 86_400, 4 * 86_400)
        request = play.terminal.request()
        answer = play.wallet.send(request.envelope, play.wallet.intent(request, ONLINE).envelope)
        assert answer.code() is ErrorCode.EXPIRED
        back = play.house.ask("POST", "/v1/sandbox/clock", sandbox.papers.api_key, {"advance_s": -1})
        assert back.code() is ErrorCode.BAD_REQUEST_BODY
        far = play.house.ask("POST", "/v1/sandbox/clock", sandbox.papers.api_key, {"advance_s": 10 * 366 * 86_400})
        assert far.code() is ErrorCode.BAD_ARGUMENT
    with opened_desk(tmp_path / "box", clock=clock, random=random, faults=Faults(), nature=Nature.SANDBOX) as desk:
        assert desk.operator.now_s() == FROZEN_NOW_S + 4 * 86_400


def test_it_can_be_told_by_every_answer(play: Play, tmp_path: Path) -> None:
    """Good, bad and missing ones carry the mark; a live server's carry none and have no such paths."""
    for path in ("/healthz", "/v1/nothing", "/v1/balance", "/openapi.json"):
        assert play.house.call("GET", path, b"", "").headers["tillcode-sandbox"] == "true"
    assert play.house.call("GET", "/healthz", b"", "").ok()["nature"] == "sandbox"
    found(tmp_path / "live", config=ServerConfig(), random=SeededRandom(1), now_s=FROZEN_NOW_S)
    with opened_desk(tmp_path / "live", clock=FrozenClock(), random=SeededRandom(2), faults=Faults()) as desk:
        live = House(
            folder=tmp_path / "live",
            desk=desk,
            clock=FrozenClock(),
            random=SeededRandom(4),
            merchant_id=play.house.merchant_id,
        )
        assert "tillcode-sandbox" not in live.call("GET", "/healthz", b"", "").headers
        for row in sandbox_routes.OPERATIONS:
            assert live.call(row.method, row.path, b"", "").code() is ErrorCode.ROUTE_NOT_FOUND
        assert desk.operator.playground is None


@pytest.mark.parametrize("nature", list(Nature))
def test_a_ledger_never_changes_its_nature(tmp_path: Path, address: str, nature: Nature) -> None:
    """Live is never served as a sandbox, a sandbox never as live; what it was founded as says the refusal."""
    folder = tmp_path / "server"
    if nature is Nature.LIVE:
        found(folder, config=ServerConfig(database=address), random=SeededRandom(1), now_s=FROZEN_NOW_S)
    else:
        found_sandbox(folder, random=SeededRandom(1), now_s=FROZEN_NOW_S, database=address)
    (other,) = set(Nature) - {nature}
    opened = opened_desk(folder, clock=FrozenClock(), random=SeededRandom(2), faults=Faults(), nature=other)
    with pytest.raises(MisuseError, match=f"founded as {nature.value}"), opened:
        pass
    with opened_desk(folder, clock=FrozenClock(), random=SeededRandom(2), faults=Faults(), nature=nature) as desk:
        assert (desk.operator.playground is None) is (nature is Nature.LIVE)
    with pytest.raises(MisuseError):
        found_sandbox(folder, random=SeededRandom(1), now_s=FROZEN_NOW_S)


def test_webhooks_reach_this_machine(play: Play) -> None:
    """In the clear, to a receiver of the developer's own."""
    got: list[bytes] = []

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        got.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.close()

    async def run() -> int:
        server = await asyncio.start_server(receive, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
            await asyncio.to_thread(play.ask, "POST", "/v1/webhooks/endpoints", {"url": url})
            await asyncio.to_thread(play.wallet.pay, play.terminal.request(5))
            return await asyncio.to_thread(play.sandbox.deliver_webhooks)

    assert asyncio.run(run()) == 1
    assert json.loads(got[0])["data"]["amount_minor"] == 5
