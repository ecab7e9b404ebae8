"""What every Store keeps of money and trust: each record comes back as it was written, new and changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from server_stub.fees import FeePolicy
from server_stub.risk.policy import CodeKind, Subject, Window
from server_stub.risk.usage import Usage, WindowUsage
from server_stub.service.holding import due_holds
from server_stub.store.base import Store
from server_stub.store.records_money import FeeTerms, Hold, RefundMade
from server_stub.store.records_risk import DeviceSeen, RiskDecision
from server_stub.store.records_trust import Denial, DenialKind, Seal, SealedBlock
from server_stub.store.table import Keys, Table
from server_stub.store.tables.money import FEE_TERMS, HOLDS, REFUNDS, REFUNDS_OF_PAYMENT
from server_stub.store.tables.risk import DEVICES_SEEN, RISK_DECISIONS, WINDOW_USAGE
from server_stub.store.tables.trust import DENIALS, DENIED, SEALED_BLOCKS, SEALS
from tests.contract.store.samples import EUR, MERCHANT, TERMINAL_ID, WALLET_ID, fill
from wallet_sdk.protocol.ids import Digest, Envelope, RequestId

HOLD = Hold(payment_number=7, authorized_minor=900, expires_at_s=100)
REFUND = RefundMade(
    refund_id=RequestId(b"refund-refun"),
    terminal_id=TERMINAL_ID,
    wallet_id=WALLET_ID,
    payment_number=7,
    entry_number=8,
    request_id=RequestId(b"request-requ"),
    amount_minor=5,
    to_loss_minor=2,
    currency=EUR,
    at_s=9,
    digest=Digest(bytes(32)),
    envelope=Envelope(b"refund"),
)
TERMS = FeeTerms(merchant_id=MERCHANT.merchant_id, currency=EUR, policy=FeePolicy(basis_points=1, fixed_minor=2))
USAGE = Usage(code=CodeKind.OFFLINE, currency=EUR, count=1, amount_minor=7, borne_minor=3)
USED = WindowUsage(window=Window(subject=Subject.MERCHANT, length_s=60), subject_id=1).after(USAGE, at_s=120)
SEEN = DeviceSeen(wallet_id=WALLET_ID, terminal_id=TERMINAL_ID, at_s=4)
DECISION = RiskDecision(consent_digest=Digest(b"d" * 32), at_s=5, reason="day_cap", explanation="[]")
DENIAL = Denial(id=1, kind=DenialKind.KEY, subject=b"12345678", reason="lost", at_s=3)
SEAL = Seal(
    id=1, block=0, after=0, last=9, entries=4, last_hash=bytes(32), at_s=6, key_id=b"12345678", signature=bytes(64)
)
BLOCK = SealedBlock(block=0, last=9)

NEW = (
    (HOLDS, HOLD),
    (REFUNDS, REFUND),
    (FEE_TERMS, TERMS),
    (WINDOW_USAGE, USED),
    (DEVICES_SEEN, SEEN),
    (RISK_DECISIONS, DECISION),
    (DENIALS, DENIAL),
    (SEALS, SEAL),
    (SEALED_BLOCKS, BLOCK),
)
CHANGED = (
    (HOLDS, structs.replace(HOLD, ended_at_s=50, end_entry=11, ending=Envelope(b"e"), ending_digest=Digest(bytes(32)))),
    (FEE_TERMS, replace(TERMS, policy=FeePolicy(minimum_minor=9))),
    (WINDOW_USAGE, USED.after(USAGE, at_s=130)),
    (DEVICES_SEEN, replace(SEEN, at_s=5)),
    (SEALED_BLOCKS, replace(BLOCK, last=12)),
)


@pytest.mark.parametrize(("table", "record"), NEW, ids=[table.name for table, _ in NEW])
def test_a_record_comes_back_as_it_was_written(
    reopen: Callable[[], Store], table: Table[Any, Any], record: object
) -> None:
    """By its key, alone and loaded by the set."""
    first = reopen()
    with first.writing() as writer:
        fill(writer)
        writer.add(table, record)
    first.close()
    store = reopen()
    with store.reading() as reader:
        assert reader.find(table, table.key_of(record)) == record
        assert reader.list_all(table) == (record,)
    keys = Keys()
    keys.name(table, table.key_of(record))
    with store.writing() as writer:
        writer.load(keys)
        assert writer.find(table, table.key_of(record)) == record


@pytest.mark.parametrize(("table", "record"), CHANGED, ids=[table.name for table, _ in CHANGED])
def test_a_changed_record_is_kept(store: Store, table: Table[Any, Any], record: object) -> None:
    """In the place of the one with its key."""
    with store.writing() as writer:
        fill(writer)
        writer.add(table, dict(NEW)[table])
    with store.writing() as writer:
        assert writer.find(table, table.key_of(record)) == dict(NEW)[table]
        writer.change(table, record)
    with store.reading() as reader:
        assert reader.list_all(table) == (record,)


def test_other_ways_to_find_them(store: Store) -> None:
    """Refunds by their payment, a denial by what it denies, the next of consecutive ids."""
    with store.writing() as writer:
        fill(writer)
        writer.add(REFUNDS, REFUND)
        assert writer.next_in_line(DENIALS) == 1
        writer.add(DENIALS, DENIAL)
        assert writer.next_in_line(DENIALS) == 2
    with store.writing() as writer:
        assert writer.list_by(REFUNDS, REFUNDS_OF_PAYMENT, 7) == (REFUND,)
        assert writer.find_by(DENIALS, DENIED, (3, b"12345678")) == DENIAL
        assert writer.find_by(DENIALS, DENIED, (1, b"12345678")) is None
        assert writer.next_in_line(DENIALS) == 2


def test_only_open_holds_are_due(store: Store) -> None:
    """From their second on, the oldest first, and not more than asked for."""
    with store.writing() as writer:
        for number, end_s in ((1, 30), (2, 20), (3, 10)):
            writer.add(HOLDS, structs.replace(HOLD, payment_number=number, expires_at_s=end_s))
        writer.add(HOLDS, structs.replace(HOLD, payment_number=4, expires_at_s=5, ended_at_s=5, end_entry=9))
    with store.reading() as reader:
        assert due_holds(reader, at_s=9, count_max=9) == ()
        assert due_holds(reader, at_s=20, count_max=9) == (3, 2)
        assert due_holds(reader, at_s=99, count_max=2) == (3, 2)
