"""What a caller and a load balancer hear of a ledger that does not answer."""

import logging
import stat
from dataclasses import replace

import pytest

from tests.unit.server_stub.harness import House
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, UnavailableError

SECRET = "connection to db-7.internal:5432 failed"


class Broken:
    """A store whose database has gone."""

    def check_room(self) -> None:
        """Its disk is somewhere else."""

    def loss(self) -> None:
        """Nothing is known to be missing."""

    def reading(self) -> None:
        """Nothing is read."""
        raise UnavailableError(ErrorCode.STORAGE_FAILED, SECRET)


def test_a_caller_hears_when_to_come_back_and_nothing_of_our_hosts(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """503 with Retry-After; where the database stands is for the log."""
    broken = replace(house.desk.operator, store=Broken())  # type: ignore[arg-type]
    without = replace(house, desk=replace(house.desk, operator=broken))
    with caplog.at_level(logging.ERROR, "tillcode.server"):
        answer = without.call("GET", "/readyz", b"", "")
    assert (answer.http_status, answer.code(), answer.headers["retry-after"]) == (503, ErrorCode.STORAGE_FAILED, "1")
    assert "db-7" not in answer.body.decode()
    assert SECRET in caplog.text


def test_a_server_whose_commit_failed_is_not_ready_until_the_next_one(house: House) -> None:
    """So is one whose disk is almost full, before a payment fails."""
    ready = [house.call("GET", "/readyz", b"", "").http_status]
    house.desk.operator.committer.note_failure(
        UnavailableError(ErrorCode.STORAGE_FAILED, "full", outcome=MoneyOutcome.UNKNOWN)
    )
    ready += [house.call("GET", "/readyz", b"", "").http_status for _ in range(2)]
    assert ready == [200, 503, 200]


def test_a_full_disk_is_told_before_it_fails(house: House) -> None:
    """By how much room there is; where the database has its own disk nothing can be said beforehand."""
    store = house.desk.operator.store
    store.check_room()
    if store.dialect == "sqlite":
        with pytest.raises(UnavailableError, match="MiB of the disk are left"):
            store.check_room(bytes_min=1 << 62)


def test_a_path_with_one_stroke_too_many_is_none_of_ours(house: House) -> None:
    """It was sent elsewhere by a 307 to whatever host the caller had named."""
    answer = house.call("GET", "/v1/merchant/", b"", "")
    assert (answer.http_status, answer.code()) == (404, ErrorCode.ROUTE_NOT_FOUND)
    assert house.call("GET", api.PATH_TRUST + "/", b"", "").http_status == 404


def test_settings_are_their_owner_s(house: House) -> None:
    """The database's address may hold a password."""
    assert stat.S_IMODE((house.folder / "server.toml").stat().st_mode) & 0o077 == 0
