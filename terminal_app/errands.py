"""Calls to the server, ready to be made in a thread of their own. What they say is in the journal already."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from terminal_app.journal.office import Courier
from terminal_app.sale import Till
from wallet_sdk.client import ApiClient
from wallet_sdk.protocol import api
from wallet_sdk.protocol.ids import Digest, Envelope, RequestId
from wallet_sdk.protocol.messages import NO_DIGEST, Receipts

#: Lists fetched in one go; a till that was away for long fetches the rest an hour later.
_DENYLISTS_MAX: Final = 16


@unique
class Purpose(Enum):
    """What an errand is for."""

    ENROL = "enrol"
    LISTEN = "listen"
    CAPTURE = "capture"
    CLOSURE = "closure"
    REFUND = "refund"
    COURIER = "courier"
    RENEWAL = "renewal"
    TRUST = "trust"
    PROBE = "probe"


#: What the server's answer decides about money; an answer to anything else says nothing about the next such answer.
MONEY: Final = frozenset({Purpose.CAPTURE, Purpose.CLOSURE, Purpose.REFUND})


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One call to the server, ready to be made in a thread of its own.

    `request_ids` are the sales or refunds it is about, `digest` names a carried batch.
    """

    purpose: Purpose
    send: Callable[[ApiClient], object]
    request_ids: tuple[RequestId, ...] = ()
    digest: Digest = NO_DIGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustNews:
    """The newest bundle, and the denylists after the one that was seen, in their sequence."""

    bundle: str
    denylists: tuple[str, ...]


def trust_errand(*, denylist_since: int) -> Errand:
    """Ask for the newest bundle and for all lists after a number; 0 asks for full ones."""

    def send(client: ApiClient) -> TrustNews:
        bundle = client.get(api.PATH_TRUST, api.TrustAnswer).bundle
        lists: list[str] = []
        seen = denylist_since
        for _ in range(_DENYLISTS_MAX):
            answer = client.get(f"{api.PATH_DENYLIST}?since={seen}", api.DenylistAnswer)
            lists += [answer.denylist] if answer.denylist else []
            if not seen < answer.number < answer.newest:
                break
            seen = answer.number
        return TrustNews(bundle=bundle, denylists=tuple(lists))

    return Errand(purpose=Purpose.TRUST, send=send)


def capture_errand(
    till: Till, request_ids: tuple[RequestId, ...], *, timeout_s: float, receipts: Receipts = Receipts.EACH
) -> Errand:
    """Send claims; every one of them is in the journal already."""
    batch = till.capture_batch(request_ids, receipts=receipts).envelope
    return Errand(
        purpose=Purpose.CAPTURE,
        request_ids=request_ids,
        send=lambda client: client.post_message(api.PATH_CAPTURES, batch, api.CaptureAnswer, timeout_s=timeout_s),
    )


def closure_errand(till: Till, request_id: RequestId, *, timeout_s: float = 10.0) -> Errand:
    """Close a request; the journal says already that it was asked. With the request at hand the answer is signed."""
    body = api.ClosureBody(
        closing=api.to_base64url(till.close_request(request_id).envelope),
        request=api.to_base64url(till.views.sale(request_id).request.envelope),
    )
    return Errand(
        purpose=Purpose.CLOSURE,
        request_ids=(request_id,),
        send=lambda client: client.post_json(api.PATH_CLOSURES, body, api.PaymentAnswer, timeout_s=timeout_s),
    )


def refund_errand(till: Till, refund_id: RequestId) -> Errand:
    """Give money back; the journal says already that it was asked. The same message every time."""
    message = till.refunds.record(refund_id).refund.envelope
    return Errand(
        purpose=Purpose.REFUND,
        request_ids=(refund_id,),
        send=lambda client: client.post_message(api.PATH_REFUNDS, message, api.RefundAnswer),
    )


def courier_errand(courier: Courier, *, timeout_s: float) -> Errand:
    """Hand a carried batch to the server, as it is."""
    batch = Envelope(courier.batch)
    return Errand(
        purpose=Purpose.COURIER,
        digest=courier.digest,
        send=lambda client: client.post_message(api.PATH_CAPTURES, batch, api.CaptureAnswer, timeout_s=timeout_s),
    )
