"""What the operator asks with a key of his own: merchants, wallets, fraud cases, measures."""

from typing import Any, Final, TypeVar

from starlette.responses import Response

from server_stub.activation import hash_of_code
from server_stub.routes import bodies, measures
from server_stub.routes.desk import Desk
from server_stub.routes.merchant import LIMIT, code_expiry_s, key_operation, limit_of
from server_stub.routes.operations import Access, Incoming, Operation, Parameter
from server_stub.routes.told import told_case, told_merchant, told_new_key, told_terminal
from server_stub.service import api_keys, merchants
from server_stub.service.administration import MerchantDetails, add_merchant, new_code
from server_stub.service.replacing import ReplaceWallet
from server_stub.service.standing import ChangeStanding
from server_stub.store.callers import Scope
from server_stub.store.records import FraudCase, Terminal, Wallet
from server_stub.store.records_standing import Standing
from server_stub.store.selecting import select
from server_stub.store.table import Table
from server_stub.store.tables.parties import MERCHANTS, WALLETS
from server_stub.store.tables.payments import FRAUD_CASES
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import MerchantId, WalletId
from wallet_sdk.protocol.money import Currency

R = TypeVar("R")

_LAST_NUMBER: Final = 2**53


def _told_wallet(wallet: Wallet) -> bodies.WalletTold:
    return bodies.WalletTold(
        wallet_id=wallet.wallet_id,
        currency=wallet.currency.name,
        key_id=key_id_of(wallet.device_key).hex(),
        blocked_at_s=wallet.blocked_at_s,
    )


def currency_named(name: str) -> Currency:
    """A currency by its letters.

    Raises:
        MisuseError: BAD_ARGUMENT.
    """
    try:
        return Currency[name]
    except KeyError as error:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "no currency known here", param="currency") from error


async def page_of(desk: Desk, table: Table[Any, R], incoming: Incoming) -> tuple[R, ...]:
    """Records after a number, as many as are asked for."""
    after = incoming.number("after", default=0, highest=limits.SERIAL_MAX)
    limit = limit_of(incoming)

    def look() -> tuple[R, ...]:
        with desk.operator.store.reading() as reader:
            return select(reader, table, "WHERE id > ? ORDER BY id LIMIT ?", (after, limit))

    return await desk.run(look)


async def _merchants(desk: Desk, incoming: Incoming) -> bodies.MerchantsTold:
    return bodies.MerchantsTold(merchants=tuple(map(told_merchant, await page_of(desk, MERCHANTS, incoming))))


async def _add_merchant(desk: Desk, incoming: Incoming) -> bodies.MerchantTold:
    asked = incoming.json(bodies.MerchantAsked)
    details = MerchantDetails(
        name=asked.name,
        city=asked.city,
        country=asked.country,
        mcc=asked.mcc,
        currencies=tuple(dict.fromkeys(map(currency_named, asked.currencies))),
    )
    return told_merchant(await desk.run(add_merchant, desk.operator.store, details))


async def _add_key(desk: Desk, incoming: Incoming) -> bodies.ApiKeyMade:
    asked = incoming.json(bodies.ApiKeyAsked)
    made = api_keys.new_key(
        desk.operator.random,
        merchant_id=MerchantId(incoming.id_in_path("merchant_id")),
        scopes=asked.scopes,
        label=asked.label,
        at_s=desk.operator.now_s(),
    )
    await desk.commit(api_keys.AddKey(key=made.key))
    return told_new_key(made)


async def _block_merchant(desk: Desk, incoming: Incoming) -> bodies.MerchantTold:
    return await _change_standing(desk, incoming, Standing.BLOCKED)


async def _unblock_merchant(desk: Desk, incoming: Incoming) -> bodies.MerchantTold:
    return await _change_standing(desk, incoming, Standing.OPEN)


async def _change_standing(desk: Desk, incoming: Incoming, standing: Standing) -> bodies.MerchantTold:
    command = ChangeStanding(
        merchant_id=MerchantId(incoming.id_in_path("merchant_id")),
        standing=standing,
        made_by=incoming.key.key_id,
        reason=incoming.json(bodies.StandingAsked).reason,
        at_s=desk.operator.now_s(),
    )
    return told_merchant(await desk.commit(command))


async def _terminals(desk: Desk, incoming: Incoming) -> bodies.TerminalsTold:
    merchant_id = MerchantId(incoming.id_in_path("merchant_id"))

    def look() -> tuple[Terminal, ...]:
        with desk.operator.store.reading() as reader:
            if reader.find(MERCHANTS, merchant_id) is None:
                raise RuleViolationError(ErrorCode.UNKNOWN_RESOURCE, "there is no such merchant", param="merchant_id")
            return merchants.terminals_of(reader, merchant_id)

    return bodies.TerminalsTold(terminals=tuple(map(told_terminal, await desk.run(look))))


async def _wallets(desk: Desk, incoming: Incoming) -> bodies.WalletsTold:
    return bodies.WalletsTold(wallets=tuple(map(_told_wallet, await page_of(desk, WALLETS, incoming))))


async def _block_wallet(desk: Desk, incoming: Incoming) -> bodies.WalletTold:
    wallet_id = WalletId(incoming.id_in_path("wallet_id"))
    return _told_wallet(await desk.commit(merchants.BlockWallet(wallet_id=wallet_id, at_s=desk.operator.now_s())))


async def _replace_wallet(desk: Desk, incoming: Incoming) -> bodies.CodeTold:
    expires_at_s = code_expiry_s(desk)
    code = new_code(desk.operator.random)
    command = ReplaceWallet(
        wallet_id=WalletId(incoming.id_in_path("wallet_id")),
        code_hash=hash_of_code(code),
        expires_at_s=expires_at_s,
        at_s=desk.operator.now_s(),
    )
    await desk.commit(command)
    return bodies.CodeTold(code=code, expires_at_s=expires_at_s)


async def _fraud_cases(desk: Desk, incoming: Incoming) -> bodies.FraudCasesTold:
    after = incoming.number("after", default=0, highest=_LAST_NUMBER)
    limit = limit_of(incoming)

    def look() -> tuple[FraudCase, ...]:
        with desk.operator.store.reading() as reader:
            return select(reader, FRAUD_CASES, "WHERE number > ? ORDER BY number LIMIT ?", (after, limit))

    return bodies.FraudCasesTold(fraud_cases=tuple(map(told_case, await desk.run(look))))


async def _measures(desk: Desk, _incoming: Incoming) -> Response:
    clock = desk.operator.ledger_clock
    text = desk.measures.text(clock_off_s=0 if clock is None else clock.off_s)
    return Response(text, media_type=measures.MEDIA_TYPE)


def operator_operation(
    method: str, path: str, name: str, about: str, answer: type[Any], call: Any, **more: Any
) -> Operation:
    """A row for a key of the operator's; one that only looks has the scope for it, any other names its own."""
    scope = more.pop("scope", Scope.OPERATOR_READ if method == "GET" else Scope.OPERATOR_WRITE)
    return key_operation(method, path, name, about, answer, call, tag="Operator", scope=scope, **more)


AFTER_NUMBER: Final = Parameter(
    name="after",
    about="The number of the last one that was seen; 0 for the first ones.",
    schema={"type": "integer", "minimum": 0, "default": 0},
)
PAGED: Final = (AFTER_NUMBER, LIMIT)
_OF_MERCHANT: Final = "/v1/merchants/{merchant_id}"

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/metrics",
        name="getMeasures",
        about="What the server counts, as Prometheus reads it.",
        tag="Operation",
        access=Access.API_KEY,
        scope=Scope.METRICS_READ,
        answer=None,
        call=_measures,
        media_types=("text/plain",),
    ),
    operator_operation(
        "GET",
        "/v1/merchants",
        "listMerchants",
        "Merchants by their numbers.",
        bodies.MerchantsTold,
        _merchants,
        parameters=PAGED,
    ),
    operator_operation(
        "POST",
        "/v1/merchants",
        "addMerchant",
        "A new merchant.",
        bodies.MerchantTold,
        _add_merchant,
        asked=bodies.MerchantAsked,
        answer_http_status=201,
        is_another_act=True,
    ),
    operator_operation(
        "POST",
        _OF_MERCHANT + "/api-keys",
        "makeMerchantApiKey",
        "A merchant's first key; with keys:write it can make the others itself.",
        bodies.ApiKeyMade,
        _add_key,
        asked=bodies.ApiKeyAsked,
        answer_http_status=201,
        is_another_act=True,
    ),
    operator_operation(
        "POST",
        _OF_MERCHANT + "/block",
        "blockMerchant",
        "Until he is unblocked no payment of the merchant is taken, no terminal certified, and his keys may only read.",
        bodies.MerchantTold,
        _block_merchant,
        asked=bodies.StandingAsked,
    ),
    operator_operation(
        "POST",
        _OF_MERCHANT + "/unblock",
        "unblockMerchant",
        "The merchant is as before; what his terminals accepted offline meanwhile can be claimed.",
        bodies.MerchantTold,
        _unblock_merchant,
        asked=bodies.StandingAsked,
    ),
    operator_operation(
        "GET",
        _OF_MERCHANT + "/terminals",
        "listTerminalsOfMerchant",
        "A merchant's terminals.",
        bodies.TerminalsTold,
        _terminals,
    ),
    operator_operation(
        "GET",
        "/v1/wallets",
        "listWallets",
        "Wallets by their numbers.",
        bodies.WalletsTold,
        _wallets,
        parameters=PAGED,
    ),
    operator_operation(
        "POST",
        "/v1/wallets/{wallet_id}/block",
        "blockWallet",
        "A lost phone pays no more online, and gets no new token.",
        bodies.WalletTold,
        _block_wallet,
    ),
    operator_operation(
        "POST",
        "/v1/wallets/{wallet_id}/activation-codes",
        "replaceWallet",
        "A lost or new phone: the device is ended at once, and the code lets another take the account over.",
        bodies.CodeTold,
        _replace_wallet,
        answer_http_status=201,
        is_another_act=True,
    ),
    operator_operation(
        "GET",
        "/v1/operator/fraud-cases",
        "listAllFraudCases",
        "Fraud cases of every merchant, by their numbers.",
        bodies.FraudCasesTold,
        _fraud_cases,
        parameters=PAGED,
    ),
)
