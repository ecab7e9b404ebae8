"""A ledger with a row in nearly every table, and one-byte changes of it: what the audit is measured with."""

import asyncio
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random  # noqa: TID251 (the type of the rng fixture)
from typing import Any

import apsw

from server_stub.config import ServerConfig
from server_stub.fees import FeePolicy
from server_stub.risk.file import RISK_FILE
from server_stub.service.administration import found, set_fees
from server_stub.service.deliveries import DeliveryWorker
from server_stub.service.events import number_all
from server_stub.service.revoking import revoke_by_hand
from server_stub.webhooks.schedule import Try, TryOutcome
from tests.unit.server_stub.harness import OFFLINE, House, TestTerminal, TestWallet, opened_house
from tests.unit.server_stub.test_printed_codes import pay, printed
from wallet_sdk.protocol.money import Currency
from wallet_sdk.testing import FROZEN_NOW_S, SeededRandom

_RULES = """
[[velocity]]
name = "fast"
by = "device"
window_s = 60
count_max = 4

[[velocity]]
name = "watched"
by = "terminal"
window_s = 3600
count_max = 6
mode = "shadow"
"""


_ROWS = "SELECT * FROM {} NOT INDEXED"


@dataclass(frozen=True, slots=True)
class _Receiver:
    """Answers every webhook with a failure, so that there is a log of tries."""

    async def post(self, url: str, *, headers: Any, body: bytes) -> Try:
        return Try(outcome=TryOutcome.ANSWERED, at_s=FROZEN_NOW_S, http_status=503)


@contextmanager
def full_house(folder: Path, *, database: str = "", payments: int = 8) -> Generator[House]:
    """A server whose ledger has seen everything once, all of it sealed."""
    found(folder, config=ServerConfig(database=database), random=SeededRandom(1), now_s=FROZEN_NOW_S)
    (folder / RISK_FILE).write_text(_RULES)
    with opened_house(folder) as house:
        _fill(house, payments=payments)
        while _has_unsealed(house):
            house.look()
        house.assert_clean()
        yield house


def _has_unsealed(house: House) -> bool:
    report = house.audit()
    return report.sealed < report.entries


def _fill(house: House, *, payments: int) -> None:
    store, key = house.desk.operator.store, house.new_key(house.merchant_id)
    set_fees(store, house.merchant_id, Currency.EUR, FeePolicy(basis_points=100, fixed_minor=1, minimum_minor=1))
    house.ask("POST", "/v1/webhooks/endpoints", key, {"url": "https://8.8.8.8/hook"}).ok()
    terminal, wallet = house.terminal(), house.wallet()
    for _ in range(payments):
        _pay_offline(house, terminal)
    held, taken, voided, plain = (*(terminal.request(1_000, hold_h=1) for _ in range(3)), terminal.request(1_000))
    for request in (held, taken, voided, plain):
        wallet.pay(request)
    terminal.end_hold(taken, 600).ok()
    terminal.end_hold(voided, 0).ok()
    terminal.send_refund(terminal.refund(plain, 400, reason="cold")).ok()
    terminal.capture((terminal.request(70), house.wallet().code()))
    pay(wallet, printed(house), 90)  # the fifth of a minute: refused for risk
    pay(house.wallet(), printed(house), 90).ok()
    terminal.close(terminal.request(34))
    terminal.close_signed(terminal.request(33)).ok()
    _defraud(house, terminal)
    renewed = house.wallet()
    renewed.pay(terminal.request(20))
    renewed.renew().ok()
    house.ask("POST", "/v1/activation-codes", key).ok()
    house.ask("POST", "/v1/wallets/3001/activation-codes", house.new_key(None)).ok()
    revoke_by_hand(store, "token", _token_of(house.wallet()), reason="lost", at_s=FROZEN_NOW_S)
    for what in ("block", "unblock"):
        house.ask("POST", f"/v1/merchants/{house.merchant_id}/{what}", house.new_key(None), {"reason": "test"}).ok()
        house.clock.advance(2)
    _deliver(house)
    _pay_offline(house, terminal)  # an event without a number


def _token_of(wallet: TestWallet) -> bytes:
    assert wallet.token is not None
    return wallet.token.message.token_id


def _pay_offline(house: House, terminal: TestTerminal) -> None:
    payer = house.wallet()
    first, second = terminal.request(), terminal.request(99)
    terminal.capture((first, payer.intent(first, OFFLINE)), (second, payer.intent(second, OFFLINE)))
    house.clock.advance(7)


def _defraud(house: House, terminal: TestTerminal) -> None:
    cheat, requests = house.wallet(), [terminal.request(10), terminal.request(20)]
    terminal.capture(*((one, cheat.intent(one, counter=1, cumulative_minor=20)) for one in requests))


def _deliver(house: House) -> None:
    number_all(house.desk.operator, house.merchant_id)
    with closing(DeliveryWorker(house.desk.operator, _Receiver())) as worker:
        asyncio.run(_one_round(worker))


async def _one_round(worker: DeliveryWorker) -> None:
    await worker.round()
    await worker.finish()


# --- what the file says, and one byte of it changed ---


def content_of(path: Path) -> object:
    """Every row of every table and how the tables are made: two files of one content say the same to everybody."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        made = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()
        tables = [name for kind, name, _ in made if kind == "table"]
        return made, [connection.execute(_ROWS.format(name)).fetchall() for name in tables]
    except (apsw.Error, UnicodeDecodeError) as error:
        return str(error)
    finally:
        connection.close()


def change_one_byte(path: Path, chance: Random) -> int:
    """Another value in one byte of a file; where."""
    content = bytearray(path.read_bytes())
    place = chance.randrange(len(content))
    content[place] ^= chance.randrange(1, 256)
    path.write_bytes(content)
    return place
