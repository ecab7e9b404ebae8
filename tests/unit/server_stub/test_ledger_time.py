"""A clock that has jumped decides nothing: neither at a start nor in a server that runs, until a person says so."""

import re
from argparse import Namespace
from pathlib import Path

import pytest

from server_stub.__main__ import run
from server_stub.bootstrap import opened_store
from server_stub.config import CONFIG_FILE, ClockPolicy, ServerConfig, read_config
from server_stub.finding_commands import _clock
from server_stub.ledger_clock import ClockDoubtError, LedgerClock
from server_stub.service.ledger_time import ClockWatch
from server_stub.store.tables.clock import ACKNOWLEDGEMENTS, newest_s_of
from tests.unit.server_stub.harness import ONLINE, House, opened_house
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.testing import FROZEN_NOW_S, FrozenClock, SeededRandom

ON_EVERY_DATABASE = True

DAY_S = 86_400


def started_at(after_s: int) -> FrozenClock:
    """A machine that was started so long after the house was founded."""
    return FrozenClock(wall_ms=(FROZEN_NOW_S + after_s) * 1000)


@pytest.fixture
def folder(address: str, tmp_path: Path) -> Path:
    """A ledger with a hold of a day in it, whose server is off."""
    with opened_house(tmp_path / "server", config=ServerConfig(database=address)) as house:
        terminal, wallet = house.terminal(), house.wallet(5_000, total_max_minor=1_000)
        assert wallet.pay(terminal.request(1_000, hold_h=24))["state"] == "AUTHORIZED"
        house.look()
        return house.folder


def open_holds(folder: Path) -> int:
    """Holds that have not ended."""
    with opened_store(folder) as store, store.reading() as reader:
        return int(reader.rows("SELECT count(*) FROM holds WHERE ended_at_s IS NULL")[0][0])


def clock_command(folder: Path, clock: FrozenClock, accept: str | None = None) -> int:
    """``tillcode-server clock`` on a machine with this clock."""
    return _clock(Namespace(data_folder=folder, clock=clock, accept=accept))


@pytest.mark.parametrize(
    ("after_s", "said"),
    [(40 * DAY_S, "40 days ahead"), (-2 * DAY_S, "2 days behind"), (-1_900, "31 minutes behind")],
)
def test_a_start_with_a_clock_that_is_far_off_is_refused(folder: Path, after_s: int, said: str) -> None:
    """40 days ahead a hold expired for ever, escrow went back, and the operator paid the claim for it."""
    with pytest.raises(ClockDoubtError, match=said), opened_house(folder, clock=started_at(after_s)):
        pass
    assert open_holds(folder) == 1
    with opened_house(folder, clock=started_at(60)) as house:
        house.look()
        house.assert_clean()
    assert open_holds(folder) == 1


def test_a_server_may_have_been_off_for_a_long_weekend(folder: Path) -> None:
    """What is due then is done, as always."""
    with opened_house(folder, clock=started_at(72 * 3600)) as house:
        house.look()
        house.assert_clean()
    assert open_holds(folder) == 0


def test_after_a_longer_pause_a_person_says_that_the_clock_is_right(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """He types the date, of the machine and of another clock; it stands in the ledger that he did."""
    clock = started_at(21 * DAY_S)
    assert clock_command(folder, clock) == 1
    assert "21 days ahead" in capsys.readouterr().out
    with pytest.raises(MisuseError, match="2026-12-14"):
        clock_command(folder, clock, "2026-12-13")
    assert clock_command(folder, clock, "2026-12-14") == 0
    assert clock_command(folder, clock) == 0
    with opened_house(folder, clock=clock) as house:
        house.look()
        house.assert_clean()
        with house.desk.operator.store.reading() as reader:
            (noted,) = reader.list_all(ACKNOWLEDGEMENTS)
    assert (noted.name, noted.at_s) == ("clock", FROZEN_NOW_S + 21 * DAY_S)
    assert open_holds(folder) == 0


def test_a_ledger_that_once_believed_a_wrong_clock_gets_back(folder: Path) -> None:
    """Its own time is ahead then, by a person's mistake; another word of his corrects it."""
    assert clock_command(folder, started_at(40 * DAY_S), "2027-01-02") == 0
    with opened_house(folder, clock=started_at(40 * DAY_S)) as house:
        house.look()
    with pytest.raises(ClockDoubtError, match="39 days behind"), opened_house(folder, clock=started_at(DAY_S)):
        pass
    assert clock_command(folder, started_at(DAY_S), "2026-11-24") == 0
    with opened_house(folder, clock=started_at(DAY_S)) as house:
        house.look()
        with house.desk.operator.store.reading() as reader:
            assert newest_s_of(reader) == FROZEN_NOW_S + DAY_S


def test_a_ledger_without_a_mark_goes_by_its_newest_entry(folder: Path) -> None:
    """As older versions have left it."""
    with opened_store(folder) as store, store.writing() as writer:
        writer.rows("DELETE FROM time_marks RETURNING number")
    with pytest.raises(ClockDoubtError), opened_house(folder, clock=started_at(40 * DAY_S)):
        pass
    with opened_house(folder, clock=started_at(DAY_S)) as house:
        house.look()
        with house.desk.operator.store.reading() as reader:
            assert newest_s_of(reader) == FROZEN_NOW_S + DAY_S


@pytest.mark.parametrize("jump_s", [40 * DAY_S, 2 * 3600, -2 * 3600])
def test_a_server_whose_clock_jumps_decides_nothing(house: House, jump_s: int) -> None:
    """Holds stay, escrow stays, claims are not judged; what was asked is paid once the clock is right again."""
    terminal, wallet = house.terminal(), house.wallet()
    assert wallet.pay(terminal.request(1_000, hold_h=1))["state"] == "AUTHORIZED"
    request = terminal.request()
    claim = (request, wallet.intent(request))
    batch, renewal = terminal.batch(claim), wallet.token_request()
    house.clock.jump(jump_s)
    for path, body in ((api.PATH_CAPTURES, batch), (api.PATH_TOKENS, renewal)):
        refused = house.call("POST", path, body, "")
        assert (refused.code(), refused.content["outcome"]) == (ErrorCode.SERVER_BUSY, "not_charged")
    with pytest.raises(ClockDoubtError):
        house.look()
    assert house.ask("GET", "/readyz").http_status == 503
    assert house.ask("GET", api.PATH_HEALTH).http_status == 200
    measures = house.ask("GET", "/metrics", house.new_key(None)).body.decode()
    assert float(re.findall(r"^tillcode_clock_off_seconds (.*)$", measures, re.MULTILINE)[0]) == jump_s
    house.clock.jump(-jump_s)
    house.look()
    assert terminal.capture(claim)[0]["state"] == "CAPTURED"
    assert house.ask("GET", "/readyz").http_status == 200
    house.assert_clean()


def test_a_running_server_takes_a_persons_word(house: House, caplog: pytest.LogCaptureFixture) -> None:
    """It says once that it stops and once that it goes on, and needs no restart."""
    clock = house.desk.operator.ledger_clock
    assert clock is not None
    watch = ClockWatch(clock, house.desk.operator.store)
    watch.look()
    house.clock.jump(40 * DAY_S)
    for _ in range(3):
        watch.look()
    with pytest.raises(ClockDoubtError):
        house.look()
    assert clock_command(house.folder, house.clock, "2027-01-02") == 0
    for _ in range(3):
        watch.look()
    house.look()
    said = [record.message for record in caplog.records]
    assert [text.split(":")[0] for text in said] == ["nothing is decided any more", "the clock is believed again"]


def test_small_steps_are_believed(house: House) -> None:
    """Time servers correct a clock by seconds, again and again."""
    terminal, wallet = house.terminal(), house.wallet()
    for step_s in (20, -30, 25, -20):
        house.clock.jump(step_s)
        request = terminal.request(1)
        assert wallet.send(request.envelope, wallet.intent(request, ONLINE).envelope).ok()["state"] == "CAPTURED"


def test_the_limits_are_the_operators(folder: Path) -> None:
    """A server that is off for weeks each year says so in its settings."""
    path = folder / CONFIG_FILE
    path.write_text(path.read_text().replace("pause_max_h = 72", "pause_max_h = 1000"))
    assert read_config(path).clock == ClockPolicy(pause_max_h=1_000)
    with opened_house(folder, clock=started_at(40 * DAY_S)):
        pass


def test_the_first_limit_is_for_the_pause_alone() -> None:
    """Once the clock was believed, a step of a day is a step."""
    clock = FrozenClock()
    believed = LedgerClock(clock, ClockPolicy(), newest_s=FROZEN_NOW_S - DAY_S)
    assert believed.now_ms() == clock.wall_ms
    clock.jump(DAY_S)
    assert believed.off_s == DAY_S
    with pytest.raises(ClockDoubtError):
        believed.now_ms()
    assert LedgerClock(clock, ClockPolicy(), newest_s=0).off_s == 0


@pytest.mark.parametrize(
    "words",
    [
        ("rotate", "denylist"),
        ("revoke", "terminal", "2001"),
        ("merchant", "block", "1001"),
        ("api-key", "create", "--merchant", "1001"),
        ("activation-code", "terminal", "--merchant", "1001"),
        ("activation-code", "wallet", "--funds", "5.00"),
    ],
)
def test_a_command_writes_no_time_that_the_ledger_doubts(
    folder: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A trust bundle from the future would move every till's earliest time for ever."""
    ahead = started_at(40 * DAY_S)
    assert run(["--data", str(folder), *words], clock=ahead, random=SeededRandom(3)) == 1
    assert "the clock is 40 days ahead of the ledger's own time" in capsys.readouterr().err
