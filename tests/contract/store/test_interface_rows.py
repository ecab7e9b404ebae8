"""API keys, events, endpoints, deliveries and merchants' standing come back from every Store as they were written."""

from dataclasses import replace

import pytest
from msgspec import structs

from server_stub.store.base import Store
from server_stub.store.callers import MERCHANT_SCOPES, OPERATOR_SCOPES, ApiKey, ApiKeyId
from server_stub.store.outbox import Delivery, DeliveryTry, Endpoint, EndpointId, Event, EventCount, EventKind
from server_stub.store.records_standing import Standing, StandingChange
from server_stub.store.selecting import select
from server_stub.store.tables.callers import API_KEYS, KEYS_OF
from server_stub.store.tables.outbox import (
    DELIVERIES,
    DELIVERY_TRIES,
    ENDPOINTS,
    ENDPOINTS_OF,
    EVENT_COUNTS,
    EVENTS,
)
from server_stub.store.tables.parties import MERCHANTS
from server_stub.store.tables.standing import STANDING_CHANGES
from server_stub.webhooks.schedule import DeliveryState, TryOutcome
from server_stub.webhooks.signing import WebhookSecret
from tests.contract.store.samples import MERCHANT

OF_MERCHANT = ApiKey(
    key_id=ApiKeyId("abc"),
    secret_hash=b"\x01" * 32,
    merchant_id=MERCHANT.merchant_id,
    scopes=MERCHANT_SCOPES,
    label="till café",
    made_at_s=5,
)
OF_OPERATOR = replace(OF_MERCHANT, key_id=ApiKeyId("op"), merchant_id=None, scopes=OPERATOR_SCOPES, revoked_at_s=9)
EVENT = Event(
    row_number=7, merchant_id=MERCHANT.merchant_id, kind=EventKind.PAYMENT_CLOSED, at_s=5, content=b'{"a":"\xc3\xa9"}'
)
ENDPOINT = Endpoint(
    endpoint_id=EndpointId(3),
    merchant_id=MERCHANT.merchant_id,
    url="https://shop.example/hook",
    kinds=(EventKind.PAYMENT_CAPTURED, EventKind.FRAUD_CASE_OPENED),
    secrets=(WebhookSecret("whsec_b"), WebhookSecret("whsec_a")),
    made_at_s=5,
)
DELIVERY = Delivery(
    endpoint_id=EndpointId(3), event_row=7, event_number=1, state=DeliveryState.WAITING, tries=2, next_try_at_s=99
)
TRIED = DeliveryTry(
    row_number=1, endpoint_id=EndpointId(3), event_row=7, at_s=6, outcome=TryOutcome.TIMED_OUT, http_status=0
)
BLOCKED = StandingChange(
    number=9,
    merchant_id=MERCHANT.merchant_id,
    standing=Standing.BLOCKED,
    at_s=5,
    made_by="command line",
    reason="café",
)


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with one of each."""
    with store.writing() as writer:
        writer.add(MERCHANTS, MERCHANT)
        for key in (OF_MERCHANT, OF_OPERATOR):
            writer.add(API_KEYS, key)
        writer.add(EVENTS, EVENT)
        writer.add(EVENT_COUNTS, EventCount(merchant_id=MERCHANT.merchant_id, last_number=1))
        writer.add(ENDPOINTS, ENDPOINT)
        writer.add(DELIVERIES, DELIVERY)
        writer.add(DELIVERY_TRIES, TRIED)
        writer.add(STANDING_CHANGES, BLOCKED)
    return store


def test_what_was_written_comes_back(filled: Store) -> None:
    """Every column of every table, texts and bytes of any kind."""
    with filled.reading() as reader:
        assert reader.find(API_KEYS, OF_MERCHANT.key_id) == OF_MERCHANT
        assert reader.list_by(API_KEYS, KEYS_OF, 0) == (OF_OPERATOR,)
        assert reader.find(EVENTS, 7) == EVENT
        assert reader.find(EVENT_COUNTS, MERCHANT.merchant_id) == EventCount(
            merchant_id=MERCHANT.merchant_id, last_number=1
        )
        assert reader.list_by(ENDPOINTS, ENDPOINTS_OF, MERCHANT.merchant_id) == (ENDPOINT,)
        assert reader.find(DELIVERIES, (EndpointId(3), 7)) == DELIVERY
        assert reader.find(DELIVERY_TRIES, 1) == TRIED
        assert reader.list_all(STANDING_CHANGES) == (BLOCKED,)


def test_what_was_changed_comes_back(filled: Store) -> None:
    """A number for the event, another standing for the delivery, an endpoint that is off."""
    numbered = structs.replace(EVENT, number=1)
    moved = replace(DELIVERY, state=DeliveryState.DELIVERED, tries=3)
    off = replace(ENDPOINT, disabled_at_s=7, secrets=ENDPOINT.secrets[:1], kinds=())
    blocked = replace(MERCHANT, blocked_at_s=5)
    with filled.writing() as writer:
        writer.change(EVENTS, numbered)
        writer.change(DELIVERIES, moved)
        writer.change(ENDPOINTS, off)
        writer.change(MERCHANTS, blocked)
    with filled.reading() as reader:
        assert reader.find(EVENTS, 7) == numbered
        assert reader.find(DELIVERIES, (EndpointId(3), 7)) == moved
        assert reader.find(ENDPOINTS, EndpointId(3)) == off
        assert reader.find(MERCHANTS, MERCHANT.merchant_id) == blocked


def test_records_by_the_rest_of_a_query(filled: Store) -> None:
    """With values in their places; what a unit of work has not sent yet is not seen."""
    with filled.writing() as writer:
        writer.add(EVENTS, structs.replace(EVENT, row_number=8))
        assert select(writer, EVENTS, "WHERE merchant_id = ? AND number IS NULL", (MERCHANT.merchant_id,)) == (EVENT,)
    with filled.reading() as reader:
        found = select(reader, EVENTS, "WHERE at_s <= ? ORDER BY row_number DESC LIMIT ?", (5, 1))
    assert [event.row_number for event in found] == [8]
