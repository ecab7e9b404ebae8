"""A sandbox: a whole server to play with, founded with everything a developer needs to begin.

``opened_sandbox`` is the public way to have one inside a process, for tests of other programs: an ASGI application, a
clock that can be set forward, and codes and keys ready to use. ``tillcode-server init --sandbox`` and ``serve
--sandbox`` are the same over HTTP. docs/sandbox.md tells its magic amounts and faults.
"""

import asyncio
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

from server_stub.bootstrap import opened_desk, opened_store, receipt_keys_of
from server_stub.config import CONFIG_FILE, ServerConfig, WebhookPolicy
from server_stub.faults import Faults
from server_stub.routes import Desk, create_app
from server_stub.service.administration import MerchantDetails, add_merchant, found, terminal_code, wallet_code
from server_stub.service.api_keys import AddKey, ApiKeyText, new_key
from server_stub.service.deliveries import DeliveryWorker
from server_stub.service.playground import SandboxClock
from server_stub.store.base import Store
from server_stub.store.callers import MERCHANT_SCOPES, OPERATOR_SCOPES
from server_stub.store.nature import Nature, SandboxMark
from server_stub.store.tables.nature import SANDBOX
from server_stub.webhooks.guard import Reach
from server_stub.webhooks.sending import HttpPoster
from wallet_sdk.ports import Clock, Random
from wallet_sdk.protocol.ids import MerchantId, PublicKeyBytes
from wallet_sdk.protocol.limits import TIME_S_MAX
from wallet_sdk.protocol.money import Currency, Money

#: What ``init --sandbox`` makes of each.
_TERMINALS: Final = 2
_WALLETS: Final = 3
_FUNDS_MINOR: Final = 10_000
_MERCHANT: Final = MerchantDetails(
    name="Sandbox Shop", city="Lisboa", country="PT", mcc=5999, currencies=(Currency.EUR,)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What a new sandbox hands out. Each code lets one device in; wallets come with 100.00."""

    root_key: PublicKeyBytes
    merchant_id: MerchantId
    api_key: ApiKeyText = field(repr=False)
    operator_key: ApiKeyText = field(repr=False)
    terminal_codes: tuple[str, ...] = field(repr=False)
    wallet_codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A sandbox that runs in this process. Devices that talk to it must go by its ``clock``."""

    app: ASGIApp
    clock: SandboxClock
    papers: Papers
    desk: Desk = field(repr=False)

    def wallet_code(self, funds: Money) -> str:
        """One more code for a wallet, with these opening funds."""
        operator = self.desk.operator
        return wallet_code(
            self._store,
            funds,
            ring=operator.signers.receipt,
            random=operator.random,
            at_s=operator.now_s(),
            expires_at_s=TIME_S_MAX,
        )

    def terminal_code(self) -> str:
        """One more code for a terminal of the merchant."""
        return terminal_code(
            self._store, self.papers.merchant_id, random=self.desk.operator.random, expires_at_s=TIME_S_MAX
        )

    def deliver_webhooks(self) -> int:
        """Send what is due now to its endpoints, on this machine too; how many tries were made."""

        async def rounds() -> int:
            operator = self.desk.operator
            worker = DeliveryWorker(operator, HttpPoster(clock=operator.clock, reach=Reach.LOOPBACK_TOO))
            tries = 0
            with closing(worker):
                while begun := await worker.round():
                    await worker.finish()
                    tries += begun
            return tries

        return asyncio.run(rounds())

    @property
    def _store(self) -> Store:
        return self.desk.operator.store


@contextmanager
def opened_sandbox(folder: Path, *, clock: Clock, random: Random, database: str = "") -> Generator[Sandbox]:
    """Found a sandbox in an empty folder and open it, without a socket or a thread that listens.

    Args:
        folder: where its ledger lies; a temporary one will do.
        clock: where time comes from; the sandbox's own clock runs with it and can be set forward.
        random: where keys, codes and ids come from; a seeded one makes every run the same.
        database: of an empty PostgreSQL, as libpq takes it; without it, a file in the folder.

    Raises:
        MisuseError: ALREADY_ENROLLED when there is a ledger in the folder.
    """
    papers = found_sandbox(folder, random=random, now_s=clock.now_ms() // 1000, database=database)
    with opened_desk(folder, clock=clock, random=random, faults=Faults(), nature=Nature.SANDBOX) as desk:
        playground = desk.operator.playground
        assert playground is not None, "a sandbox has its playground"
        yield Sandbox(app=create_app(desk), clock=playground.clock, papers=papers, desk=desk)


def found_sandbox(folder: Path, *, random: Random, now_s: int, database: str = "") -> Papers:
    """Found a ledger that is a sandbox for ever, with a merchant, codes and keys.

    Raises:
        MisuseError: ALREADY_ENROLLED when there is something already; nothing is ever overwritten.
        UnavailableError: STORAGE_FAILED.
    """
    config = ServerConfig(database=database, webhooks=WebhookPolicy(reach=Reach.LOOPBACK_TOO))
    root_key = found(folder, config=config, random=random, now_s=now_s)
    assert (folder / CONFIG_FILE).exists(), "a founded ledger has its settings"
    with opened_store(folder) as store:
        with store.writing() as writer:
            writer.add(SANDBOX, SandboxMark())
        merchant_id = add_merchant(store, _MERCHANT).merchant_id
        keys = [
            new_key(random, merchant_id=merchant_id, scopes=MERCHANT_SCOPES, label="sandbox", at_s=now_s),
            new_key(random, merchant_id=None, scopes=OPERATOR_SCOPES, label="sandbox", at_s=now_s),
        ]
        with store.writing() as writer:
            for made in keys:
                AddKey(key=made.key).apply(writer)
        funds, ring = Money(minor=_FUNDS_MINOR, currency=Currency.EUR), receipt_keys_of(folder, store)
        return Papers(
            root_key=root_key,
            merchant_id=merchant_id,
            api_key=keys[0].text,
            operator_key=keys[1].text,
            terminal_codes=tuple(
                terminal_code(store, merchant_id, random=random, expires_at_s=TIME_S_MAX) for _ in range(_TERMINALS)
            ),
            wallet_codes=tuple(
                wallet_code(store, funds, ring=ring, random=random, at_s=now_s, expires_at_s=TIME_S_MAX)
                for _ in range(_WALLETS)
            ),
        )
