"""Records of the outbox: events as they were committed with the money, where they go, and what became of each try."""

from dataclasses import dataclass, field
from enum import Enum, unique
from typing import NewType

from msgspec import Struct

from server_stub.webhooks.schedule import DeliveryState, Standing, TryOutcome
from server_stub.webhooks.signing import WebhookSecret
from wallet_sdk.protocol.ids import MerchantId

EndpointId = NewType("EndpointId", int)


@unique
class EventKind(Enum):
    """What a merchant may want to hear of."""

    PAYMENT_CAPTURED = "payment.captured"
    PAYMENT_DECLINED = "payment.declined"
    PAYMENT_REJECTED = "payment.rejected"
    PAYMENT_CLOSED = "payment.closed"
    PAYMENT_AUTHORIZED = "payment.authorized"
    PAYMENT_VOIDED = "payment.voided"
    PAYMENT_EXPIRED = "payment.expired"
    REFUND_SETTLED = "refund.settled"
    FRAUD_CASE_OPENED = "fraud_case.opened"
    MERCHANT_BLOCKED = "merchant.blocked"
    MERCHANT_UNBLOCKED = "merchant.unblocked"
    TERMINAL_REPLACING = "terminal.replacing"
    TERMINAL_REPLACED = "terminal.replaced"


class Event(Struct, frozen=True, kw_only=True):
    """One thing that happened to a merchant, written in the commit that made it happen.

    ``row_number`` is the ledger's own number of what happened: the consent's, the fraud case's. ``number`` counts the
    merchant's events from 1 without a gap; it is given right after the commit, because one counter for a merchant
    inside it would make his payments wait for each other. ``content`` is the event's JSON object, as it was then.
    """

    row_number: int
    merchant_id: MerchantId
    kind: EventKind
    at_s: int
    content: bytes
    number: int | None = None


class EventCount(Struct, frozen=True, kw_only=True):
    """The number of a merchant's newest event."""

    merchant_id: MerchantId
    last_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a merchant wants events sent. No kinds is all of them. The newest secret stands first."""

    endpoint_id: EndpointId
    merchant_id: MerchantId
    url: str
    kinds: tuple[EventKind, ...]
    secrets: tuple[WebhookSecret, ...] = field(repr=False)
    made_at_s: int
    disabled_at_s: int | None = None
    removed_at_s: int | None = None

    def wants(self, kind: EventKind) -> bool:
        """Whether events of a kind go there."""
        return self.disabled_at_s is None and self.removed_at_s is None and (not self.kinds or kind in self.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one endpoint; ``event_row`` is the event's row number."""

    endpoint_id: EndpointId
    event_row: int
    event_number: int
    state: DeliveryState
    tries: int
    next_try_at_s: int

    @property
    def standing(self) -> Standing:
        return Standing(state=self.state, tries=self.tries, next_try_at_s=self.next_try_at_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryTry:
    """One line of the delivery log, never changed."""

    row_number: int
    endpoint_id: EndpointId
    event_row: int
    at_s: int
    outcome: TryOutcome
    http_status: int
