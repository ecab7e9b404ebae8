"""A sandbox with something of everything that an operation can name, and a stranger who wants to see it."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from server_stub.routes.app import operations
from server_stub.routes.operations import Access, Operation
from server_stub.sandbox import opened_sandbox
from server_stub.store.callers import MERCHANT_SCOPES, OPERATOR_SCOPES
from tests.unit.server_stub.harness import ONLINE, House, TestTerminal, TestWallet
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import MerchantId
from wallet_sdk.protocol.messages import PaymentRequest
from wallet_sdk.testing import FrozenClock, SeededRandom

#: What goes last: after it the key, or the merchant, is ended.
LAST = {"revokeApiKey": 1, "blockMerchant": 2}
#: A good body for each operation that takes one from an API key: it must be refused for its key, not for its content.
CONTENT: dict[str, object] = {
    "makeApiKey": {"scopes": ["payments:read"]},
    "makeMerchantApiKey": {"scopes": ["payments:read"]},
    "addEndpoint": {"url": "https://8.8.8.8/hook"},
    "changeEndpoint": {"url": "https://8.8.8.8/hook"},
    "sendAgain": {"first_number": 1, "last_number": 1},
    "makeStaticCode": {"payment_max_minor": 100},
    "approveRefund": {"amount_minor": 1},
    "addMerchant": {"name": "B", "country": "PT"},
    "blockMerchant": {"reason": "test"},
    "unblockMerchant": {"reason": "test"},
    "makeWalletCode": {"funds_minor": 1},
    "advanceClock": {"advance_s": 0},
    "addFault": {"kind": "busy", "operation": "none"},
}


def of(access: Access) -> list[Operation]:
    """The rows with an access."""
    return [row for row in operations() if row.access is access]


KEYED = [*of(Access.API_KEY), *of(Access.SIGNED_READ_OR_API_KEY)]
MERCHANTS = [row for row in KEYED if row.scope in MERCHANT_SCOPES]
OPERATORS = [row for row in KEYED if row.scope in OPERATOR_SCOPES]
#: Removals go last.
SEQUENCE = sorted(KEYED, key=lambda row: (LAST.get(row.name, 0), row.method == "DELETE", -len(row.path)))
CHANGING = [row for row in SEQUENCE if row.method != "GET"]


@dataclass(frozen=True, kw_only=True)
class Town:
    """One merchant with something of everything, and another who wants to see it."""

    house: House
    names: dict[str, str]
    owner_key: str
    other_key: str
    terminal: TestTerminal
    wallet: TestWallet
    request: Sealed[PaymentRequest]

    def path(self, row: Operation) -> str:
        """The row's path with the names of the first merchant's things; of fundings a new one, decided once."""
        if "{funding_id}" in row.path:
            self.names["funding_id"] = waiting_funding(self.house)
        return row.path.format_map(self.names)

    def key(self, row: Operation) -> str:
        """A key that may."""
        return self.house.new_key(None) if row in OPERATORS else self.owner_key

    def ask(self, row: Operation, key: str) -> ErrorCode | None:
        """What a key is refused with, None when it is answered."""
        answer = self.house.ask(row.method, self.path(row), key, CONTENT.get(row.name))
        return answer.code() if answer.http_status >= 400 else None


@contextmanager
def opened_town(folder: Path, address: str) -> Generator[Town]:
    """A sandbox, because it has every operation that there is."""
    clock, random = FrozenClock(), SeededRandom(1)
    with opened_sandbox(folder, clock=clock, random=random, database=address) as sandbox:
        merchant_id = sandbox.papers.merchant_id
        yield _town_of(House(folder=folder, desk=sandbox.desk, clock=clock, random=random, merchant_id=merchant_id))


def waiting_funding(house: House) -> str:
    """One that a second person is to decide."""
    large = {"funds_minor": house.desk.operator.config.funding.single_max_minor + 1}
    made = house.ask("POST", "/v1/wallets/activation-codes", house.new_key(None), large).ok()
    return str(made["funding"]["funding_id"])


def _town_of(house: House) -> Town:
    """A payment, a terminal, a wallet, an endpoint and a key of the first merchant; the second has nothing."""
    terminal, wallet = house.terminal(), house.wallet()
    request = terminal.request()
    intent = wallet.intent(request, ONLINE)
    wallet.send(request.envelope, intent.envelope).ok()
    owner_key = house.new_key(house.merchant_id)
    endpoint = house.ask("POST", "/v1/webhooks/endpoints", owner_key, CONTENT["addEndpoint"]).ok()
    code = house.ask("POST", "/v1/static-codes", owner_key, CONTENT["makeStaticCode"]).ok()
    other = house.ask("POST", "/v1/merchants", house.new_key(None), CONTENT["addMerchant"]).ok()
    names = {
        "name": api.to_base64url(request.message.request_id),
        "terminal_id": str(terminal.message.terminal_id),
        "endpoint_id": str(endpoint["endpoint_id"]),
        "key_id": owner_key.split("_")[1],
        "merchant_id": str(house.merchant_id),
        "wallet_id": "3001",
        "code_id": code["code_id"],
    }
    return Town(
        house=house,
        names=names,
        owner_key=owner_key,
        other_key=house.new_key(MerchantId(other["merchant_id"])),
        terminal=terminal,
        wallet=wallet,
        request=request,
    )
