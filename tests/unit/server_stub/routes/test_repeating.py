"""Every operation of the table whose answer is lost: what a caller is told to do, and what comes of it."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest

from server_stub.routes.app import create_app, operations
from server_stub.routes.desk import Desk
from server_stub.routes.operations import Incoming, Operation
from server_stub.store.tables.every import EVERY_TABLE
from tests.unit.server_stub.routes.town import CHANGING, CONTENT, KEYED, Town, opened_town
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, UnavailableError

ON_EVERY_DATABASE = True

#: What changes something and, sent again, makes a second one; any other row is done once however often it is sent.
OTHER_ACTS = {
    *("makeTerminalCode", "makeApiKey", "replaceTerminal", "replaceTerminalAtOnce", "makeStaticCode"),
    *("addEndpoint", "addEndpointSecret", "sendAgain", "addMerchant", "makeMerchantApiKey", "replaceWallet"),
    *("makeWalletCode", "advanceClock", "addFault"),
}

#: What says by an error that it is done already: the endpoint is unknown, and the key that ended itself opens nothing.
GONE = {"removeEndpoint": ErrorCode.UNKNOWN_RESOURCE, "revokeApiKey": ErrorCode.NOT_AUTHENTICATED}


@pytest.fixture
def town(tmp_path: Path, address: str) -> Generator[Town]:
    """Opened for one test."""
    with opened_town(tmp_path / "server", address) as opened:
        yield opened


def doubtful(row: Operation, error: UnavailableError) -> Operation:
    """The row with its answer lost: it is done, and then the error is met."""

    async def call(desk: Desk, incoming: Incoming) -> object:
        await row.call(desk, incoming)
        raise error

    return replace(row, call=call) if row in KEYED else row


DONE_AND_LOST = (
    UnavailableError(ErrorCode.SERVER_ERROR, "lost", outcome=MoneyOutcome.UNKNOWN),
    UnavailableError(ErrorCode.STORAGE_FAILED, "lost", outcome=MoneyOutcome.UNKNOWN),
    UnavailableError(ErrorCode.STORAGE_FAILED, "lost"),
    UnavailableError(ErrorCode.SERVER_BUSY, "lost", outcome=MoneyOutcome.UNKNOWN),
)
NEVER_BEGUN = (
    UnavailableError(ErrorCode.SERVER_BUSY, "not begun"),
    UnavailableError(ErrorCode.RATE_LIMITED, "not begun"),
)


@pytest.mark.parametrize("error", DONE_AND_LOST + NEVER_BEGUN, ids=str)
def test_nobody_is_told_to_do_another_act_after_a_doubt(town: Town, error: UnavailableError) -> None:
    """Over the whole table: "retryable" is said only where the same request again makes no second one."""
    losing = replace(town.house)
    losing.app = create_app(losing.desk, rows=tuple(doubtful(row, error) for row in operations()))
    for row in CHANGING:
        answer = losing.ask(row.method, town.path(row), town.key(row), CONTENT.get(row.name))
        assert answer.code() is error.code, (row.name, answer.body)
        assert answer.content["retryable"] is (error in NEVER_BEGUN or row.name not in OTHER_ACTS), row.name


def test_what_may_be_sent_again_is_done_once(town: Town) -> None:
    """Every row that changes something and is no other act, twice: the ledger is as after the first."""

    def stored() -> list[object]:
        with town.house.desk.operator.store.reading() as reader:
            return [reader.list_all(table) for table in EVERY_TABLE]

    assert {row.name for row in operations() if row.is_another_act} == OTHER_ACTS
    for row in CHANGING:
        if row.name not in OTHER_ACTS:
            key, path = town.key(row), town.path(row)
            answers, ledgers = [], []
            for _ in range(2):
                answers.append(town.house.ask(row.method, path, key, CONTENT.get(row.name)))
                ledgers.append(stored())
            assert answers[0].ok(), row.name
            assert ledgers[0] == ledgers[1], row.name
            if row.name in GONE:
                assert answers[1].code() is GONE[row.name], row.name
            else:
                assert answers[1].body == answers[0].body, row.name
