"""Events of all that is no consent, against what they tell of; evidence.py has those of consents."""

from collections.abc import Callable, Iterator
from typing import Final

from server_stub.audit.evidence import content_of
from server_stub.store.reader import Reader
from server_stub.store.records_standing import Standing
from server_stub.store.session import Row
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import TillcodeError
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

TOLD_LAW: Final = "each event tells what its refund, hold, fraud case, closing or change of standing says"

#: Kind, time and merchant of an event, and what it tells.
_Told = tuple[str, int, int, dict[str, str | int]]


def told_flaws(reader: Reader) -> Iterator[str]:
    """Events that tell something else than what happened."""
    for query, told_by in _TOLD:
        for row in reader.rows(query):
            if not _is_told(row, told_by):
                yield f"event {row[0]}"
    closed: dict[tuple[object, object], Row] = {
        (row[0], api.to_base64url(row[1])): row[2:] for row in reader.rows(_CLOSED)
    }
    for number, at_s, merchant_id, content in reader.rows(_CLOSINGS):
        told = content_of(content)
        names = (told.get("terminal_id"), told.get("request_id")) if isinstance(told, dict) else (None, None)
        expected = {"terminal_id": names[0], "request_id": names[1], "state": State.CANCELED.name}
        if told != expected or closed.pop(names, None) != (at_s, merchant_id):  # no number is common to both
            yield f"event {number}"


def _is_told(row: Row, told_by: Callable[[Row], _Told]) -> bool:
    try:
        return (*row[1:4], content_of(row[4])) == told_by(row)
    except (TillcodeError, ValueError):  # a number of no currency or state
        return False


def _payment(row: Row) -> dict[str, str | int]:
    """Of a row whose columns after the event's are terminal, request, amount and currency."""
    terminal_id, request_id, amount_minor, currency = row[5:9]
    return {
        "terminal_id": terminal_id,
        "request_id": api.to_base64url(request_id),
        "amount_minor": amount_minor,
        "currency": Currency.from_number(currency).name,
    }


def _of_refund(row: Row) -> _Told:
    return "refund.settled", row[9], row[10], _payment(row) | {"refund_id": api.to_base64url(row[11])}


def _of_hold_end(row: Row) -> _Told:
    state = State(row[11])
    return f"payment.{state.name.lower()}", row[9], row[10], _payment(row) | {"state": state.name}


def _of_fraud(row: Row) -> _Told:
    told = {"terminal_id": row[5], "request_id": api.to_base64url(row[6]), "reason": row[9]}
    return "fraud_case.opened", row[7], row[8], told


def _of_standing(row: Row) -> _Told:
    kind = "merchant.blocked" if row[7] == Standing.BLOCKED else "merchant.unblocked"
    return kind, row[5], row[6], {"merchant_id": row[6]}


_CLOSED: Final = (
    "SELECT a.terminal_id, a.request_id, a.closed_at_s, t.merchant_id FROM answered_requests a"
    " JOIN terminals t ON t.id = a.terminal_id WHERE a.closing IS NOT NULL"
)
_CLOSINGS: Final = "SELECT row_number, at_s, merchant_id, content FROM events WHERE kind = 'payment.closed'"
_EVENT: Final = "SELECT e.row_number, e.kind, e.at_s, e.merchant_id, e.content"
_TOLD: Final[tuple[tuple[str, Callable[[Row], _Told]], ...]] = (
    (
        (
            f"{_EVENT}, r.terminal_id, r.request_id, r.amount_minor, r.currency, r.at_s, t.merchant_id, r.refund_id"
            " FROM refunds r JOIN events e ON e.row_number = r.entry_number JOIN terminals t ON t.id = r.terminal_id"
        ),
        _of_refund,
    ),
    (
        (
            f"{_EVENT}, p.terminal_id, p.request_id, p.amount_minor, p.currency, p.at_s, t.merchant_id, p.state"
            " FROM holds h JOIN payments p ON p.number = h.payment_number JOIN events e ON e.row_number = h.end_entry"
            " JOIN terminals t ON t.id = p.terminal_id"
        ),
        _of_hold_end,
    ),
    (
        (
            f"{_EVENT}, c.terminal_id, c.request_id, f.at_s, t.merchant_id, f.reason"
            " FROM fraud_cases f JOIN consents c ON c.digest = f.consent_digest"
            " JOIN events e ON e.row_number = f.number JOIN terminals t ON t.id = c.terminal_id"
        ),
        _of_fraud,
    ),
    (
        f"{_EVENT}, s.at_s, s.merchant_id, s.standing FROM standing_changes s JOIN events e ON e.row_number = s.number",
        _of_standing,
    ),
)
