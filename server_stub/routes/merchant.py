"""What a merchant's back office asks with an API key. Every answer is about that merchant alone."""

import re
from typing import Any, Final

import msgspec

from server_stub.routes import bodies
from server_stub.routes.desk import Desk
from server_stub.routes.operations import JSON_BYTES_MAX, Access, Body, Incoming, Operation, Parameter
from server_stub.routes.told import told_case, told_key, told_merchant, told_new_key, told_payment, told_terminal
from server_stub.service import api_keys, events, merchants
from server_stub.service.administration import terminal_code
from server_stub.store.callers import ApiKeyId, Scope
from server_stub.store.records import Merchant, Terminal
from server_stub.store.tables.parties import MERCHANTS
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError
from wallet_sdk.protocol.ids import TerminalId

PAGE_MAX: Final = 200
_PAGE_DEFAULT: Final = 50
_PLACE: Final = re.compile(r"[0-9]{1,10}\.[0-9]{1,18}", re.ASCII)
_LAST_NUMBER: Final = 2**53

LIMIT: Final = Parameter(
    name="limit",
    about=f"How many at most; {PAGE_MAX} is the most.",
    schema={"type": "integer", "minimum": 1, "default": _PAGE_DEFAULT},
)
AFTER: Final = Parameter(
    name="after",
    about="The number of the last event that was seen; 0 for the first ones.",
    schema={"type": "integer", "minimum": 0, "default": 0},
)
_CURSOR: Final = Parameter(
    name="cursor",
    about="next_cursor of the page before.",
    schema={"type": "string", "pattern": r"^[0-9]{1,10}\.[0-9]{1,18}$"},
)


def limit_of(incoming: Incoming) -> int:
    """How many a page may hold."""
    return incoming.number("limit", default=_PAGE_DEFAULT, lowest=1, highest=PAGE_MAX)


async def payment_of_merchant(desk: Desk, incoming: Incoming) -> bodies.PaymentTold:
    """One payment; at the path that a terminal asks with its signature."""
    payment = await desk.run(merchants.payment_named, desk.operator, incoming.merchant, incoming.names["name"])
    return await desk.run(told_payment, desk, payment)


async def _payments(desk: Desk, incoming: Incoming) -> bodies.PaymentsTold:
    before = _place_of(incoming)
    limit = limit_of(incoming)
    merchant = incoming.merchant

    def page() -> bodies.PaymentsTold:
        found = merchants.payments_before(desk.operator, merchant, before, limit=limit)
        told = tuple(told_payment(desk, one.payment) for one in found)
        last = found[-1].place if len(found) == limit else None
        return bodies.PaymentsTold(payments=told, next_cursor="" if last is None else f"{last.at_s}.{last.row_number}")

    return await desk.run(page)


def _place_of(incoming: Incoming) -> merchants.Place:
    text = incoming.query.get("cursor")
    if text is None:
        return merchants.NEWEST
    if _PLACE.fullmatch(text) is None:
        raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "not a cursor of this list", param="cursor")
    at_s, _, row_number = text.partition(".")
    return merchants.Place(at_s=int(at_s), row_number=int(row_number))


async def _events(desk: Desk, incoming: Incoming) -> bodies.EventsTold:
    after = incoming.number("after", default=0, highest=_LAST_NUMBER)
    found = await desk.run(events.after, desk.operator, incoming.merchant, after, limit=limit_of(incoming))
    told = tuple(msgspec.json.decode(events.body_of(event), type=bodies.EventTold) for event in found)
    return bodies.EventsTold(events=told)


async def _fraud_cases(desk: Desk, incoming: Incoming) -> bodies.FraudCasesTold:
    cases = await desk.run(merchants.fraud_cases_of, desk.operator, incoming.merchant)
    return bodies.FraudCasesTold(fraud_cases=tuple(map(told_case, cases)))


async def _merchant(desk: Desk, incoming: Incoming) -> bodies.MerchantTold:
    merchant_id = incoming.merchant

    def look() -> Merchant:
        with desk.operator.store.reading() as reader:
            merchant = reader.find(MERCHANTS, merchant_id)
        assert merchant is not None, "a merchant's key has its merchant"
        return merchant

    return told_merchant(await desk.run(look))


async def _balances(desk: Desk, incoming: Incoming) -> bodies.MerchantBalancesTold:
    found = await desk.run(merchants.balances_of, desk.operator, incoming.merchant)
    return bodies.MerchantBalancesTold(
        balances=tuple(
            bodies.MerchantBalanceTold(
                currency=one.currency.name, payable_minor=one.payable_minor, pending_minor=one.pending_minor
            )
            for one in found
        )
    )


async def _terminals(desk: Desk, incoming: Incoming) -> bodies.TerminalsTold:
    merchant_id = incoming.merchant

    def look() -> tuple[Terminal, ...]:
        with desk.operator.store.reading() as reader:
            return merchants.terminals_of(reader, merchant_id)

    return bodies.TerminalsTold(terminals=tuple(map(told_terminal, await desk.run(look))))


async def _block_terminal(desk: Desk, incoming: Incoming) -> bodies.TerminalTold:
    command = merchants.BlockTerminal(
        terminal_id=TerminalId(incoming.id_in_path("terminal_id")),
        merchant_id=incoming.merchant,
        at_s=desk.operator.now_s(),
    )
    return told_terminal(await desk.commit(command))


async def _terminal_code(desk: Desk, incoming: Incoming) -> bodies.CodeTold:
    expires_at_s = code_expiry_s(desk)
    code = await desk.run(
        terminal_code,
        desk.operator.store,
        incoming.merchant,
        random=desk.operator.random,
        expires_at_s=expires_at_s,
    )
    return bodies.CodeTold(code=code, expires_at_s=expires_at_s)


def code_expiry_s(desk: Desk) -> int:
    """Until when an activation code that is made now can be used."""
    return desk.operator.now_s() + desk.operator.config.activation_lifetime_h * 3600


async def _keys(desk: Desk, incoming: Incoming) -> bodies.ApiKeysTold:
    keys = await desk.run(api_keys.keys_of, desk.operator.store, incoming.key.merchant_id)
    return bodies.ApiKeysTold(api_keys=tuple(map(told_key, keys)))


async def _add_key(desk: Desk, incoming: Incoming) -> bodies.ApiKeyMade:
    asked = incoming.json(bodies.ApiKeyAsked)
    if not set(asked.scopes) <= set(incoming.key.scopes):
        raise RuleViolationError(ErrorCode.NOT_AUTHORIZED, "a key gives no more than it has", param="scopes")
    made = api_keys.new_key(
        desk.operator.random,
        merchant_id=incoming.merchant,
        scopes=asked.scopes,
        label=asked.label,
        at_s=desk.operator.now_s(),
    )
    await desk.commit(api_keys.AddKey(key=made.key))
    return told_new_key(made)


async def _revoke_key(desk: Desk, incoming: Incoming) -> bodies.ApiKeyTold:
    command = api_keys.RevokeKey(
        key_id=ApiKeyId(incoming.names["key_id"]), owner=incoming.key.merchant_id, at_s=desk.operator.now_s()
    )
    return told_key(await desk.commit(command))


def key_operation(
    method: str,
    path: str,
    name: str,
    about: str,
    answer: type[Any],
    call: Any,
    *,
    tag: str,
    scope: Scope,
    asked: type[Any] | None = None,
    parameters: tuple[Parameter, ...] = (),
    answer_http_status: int = 200,
    is_another_act: bool = False,
) -> Operation:
    """A row that an API key opens."""
    return Operation(
        method=method,
        path=path,
        name=name,
        about=about,
        tag=tag,
        access=Access.API_KEY,
        scope=scope,
        answer=answer,
        call=call,
        body=None if asked is None else Body(about=f"{asked.__name__}.", bytes_max=JSON_BYTES_MAX, json=asked),
        parameters=parameters,
        answer_http_status=answer_http_status,
        is_another_act=is_another_act,
    )


OPERATIONS: Final = (
    key_operation(
        "GET",
        "/v1/merchant",
        "getMerchant",
        "The merchant whose key it is.",
        bodies.MerchantTold,
        _merchant,
        tag="Merchant",
        scope=Scope.PAYMENTS_READ,
    ),
    key_operation(
        "GET",
        "/v1/merchant/balances",
        "getMerchantBalances",
        "What the merchant is owed, and what is pending in open holds.",
        bodies.MerchantBalancesTold,
        _balances,
        tag="Merchant",
        scope=Scope.PAYMENTS_READ,
    ),
    key_operation(
        "GET",
        api.PATH_PAYMENTS,
        "listPayments",
        "The merchant's payments, newest first.",
        bodies.PaymentsTold,
        _payments,
        tag="Payments",
        scope=Scope.PAYMENTS_READ,
        parameters=(LIMIT, _CURSOR),
    ),
    key_operation(
        "GET",
        "/v1/events",
        "listEvents",
        "The merchant's events in sequence. Numbers have no gap: whoever has read up to one has missed nothing.",
        bodies.EventsTold,
        _events,
        tag="Events",
        scope=Scope.EVENTS_READ,
        parameters=(AFTER, LIMIT),
    ),
    key_operation(
        "GET",
        "/v1/fraud-cases",
        "listFraudCases",
        "Double spends that came through the merchant's terminals, with their proofs.",
        bodies.FraudCasesTold,
        _fraud_cases,
        tag="Fraud",
        scope=Scope.EVENTS_READ,
    ),
    key_operation(
        "GET",
        "/v1/terminals",
        "listTerminals",
        "The merchant's terminals.",
        bodies.TerminalsTold,
        _terminals,
        tag="Terminals",
        scope=Scope.DEVICES_WRITE,
    ),
    key_operation(
        "POST",
        "/v1/terminals/{terminal_id}/block",
        "blockTerminal",
        "A stolen or retired terminal is heard no more.",
        bodies.TerminalTold,
        _block_terminal,
        tag="Terminals",
        scope=Scope.DEVICES_WRITE,
    ),
    key_operation(
        "POST",
        "/v1/activation-codes",
        "makeTerminalCode",
        "A one-time code that lets one terminal of the merchant in.",
        bodies.CodeTold,
        _terminal_code,
        tag="Terminals",
        scope=Scope.DEVICES_WRITE,
        answer_http_status=201,
        is_another_act=True,
    ),
    key_operation(
        "GET",
        "/v1/api-keys",
        "listApiKeys",
        "The merchant's keys, without their secrets.",
        bodies.ApiKeysTold,
        _keys,
        tag="API keys",
        scope=Scope.KEYS_WRITE,
    ),
    key_operation(
        "POST",
        "/v1/api-keys",
        "makeApiKey",
        "A new key; its text is shown here and never again.",
        bodies.ApiKeyMade,
        _add_key,
        tag="API keys",
        scope=Scope.KEYS_WRITE,
        asked=bodies.ApiKeyAsked,
        answer_http_status=201,
        is_another_act=True,
    ),
    key_operation(
        "DELETE",
        "/v1/api-keys/{key_id}",
        "revokeApiKey",
        "The key never works again.",
        bodies.ApiKeyTold,
        _revoke_key,
        tag="API keys",
        scope=Scope.KEYS_WRITE,
    ),
)
