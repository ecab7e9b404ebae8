"""``AsyncWallet``: what ``Wallet`` does, awaited. Both run the very same flows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from wallet_sdk.aio.drivers import LoopDriver
from wallet_sdk.aio.driving import in_thread, run_async
from wallet_sdk.client import Patience
from wallet_sdk.ports import AsyncSender, Clock, KeyStore, Random
from wallet_sdk.protocol.ids import Digest, PublicKeyBytes, WalletId
from wallet_sdk.store import WalletStore
from wallet_sdk.system import SystemClock, SystemRandom
from wallet_sdk.wallet import asking, paying, printed, scanning, syncing, tokens
from wallet_sdk.wallet.facade import changed, members_of
from wallet_sdk.wallet.parts import Parts
from wallet_sdk.wallet.paying import Offer, PayMode
from wallet_sdk.wallet.printed import PrintedOffer
from wallet_sdk.wallet.receipts import SavedReceipt, saved_receipt
from wallet_sdk.wallet.rotation import Rotation
from wallet_sdk.wallet.syncing import OnProgress
from wallet_sdk.wallet.views import Payment, PresentedCode, SyncReport, WalletBalance, payment_of

if TYPE_CHECKING:
    from wallet_sdk.protocol.emv import UntrustedRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncQuote(Offer):
    """An offer that can be paid."""

    _wallet: "AsyncWallet" = field(repr=False)

    async def pay(self, mode: PayMode = PayMode.AUTO, *, tip_minor: int = 0) -> Payment:
        """As ``Quote.pay``. A payment that is cancelled while it is sent stays UNKNOWN until the next sync."""
        return await self._wallet._pay(self, mode, tip_minor)  # noqa: SLF001 (one idea in two classes)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncPrintedQuote(PrintedOffer):
    """A printed code that can be paid."""

    _wallet: "AsyncWallet" = field(repr=False)

    async def pay(self, amount_minor: int) -> Payment:
        """As ``PrintedQuote.pay``. A payment that is cancelled while it is sent stays UNKNOWN until the next sync."""
        return await self._wallet._pay_printed(self, amount_minor)  # noqa: SLF001 (one idea in two classes)


class AsyncWallet:
    """As ``Wallet``, for asyncio. Tasks, event loops and threads may share it; disk and keys never block the loop."""

    def __init__(self, parts: Parts, driver: LoopDriver) -> None:
        self._parts = parts
        self._driver = driver

    def __repr__(self) -> str:
        enrolled = self._parts.store.enrolled()
        return f"AsyncWallet(wallet_id={enrolled.wallet_id if enrolled else None})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    @classmethod
    def open(
        cls,
        *,
        store: WalletStore,
        keys: KeyStore,
        sender: AsyncSender | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> Self:
        """As ``Wallet.open``."""
        parts = Parts(
            store=store,
            keys=keys,
            clock=clock or SystemClock(),
            random=random or SystemRandom(),
            patience=Patience(),
        )
        return cls(parts, LoopDriver(sender, sleep))

    def with_options(self, *, timeout_s: float | None = None, retries_max: int | None = None) -> Self:
        """As ``Wallet.with_options``."""
        patience = changed(self._parts.patience, timeout_s, retries_max)
        return type(self)(replace(self._parts, patience=patience), self._driver)

    @property
    def is_enrolled(self) -> bool:
        """Whether this wallet belongs to an account."""
        return self._parts.store.enrolled() is not None

    @property
    def wallet_id(self) -> WalletId | None:
        """The account's number, by which the operator knows it; None before ``enrol``."""
        enrolled = self._parts.store.enrolled()
        return enrolled.wallet_id if enrolled else None

    async def enrol(
        self,
        *,
        server: str,
        activation_code: str,
        allowance_minor: int | None = None,
        root_key: PublicKeyBytes | str | None = None,
    ) -> None:
        """As ``Wallet.enrol``."""
        flow = tokens.enrol(
            self._parts,
            server=server,
            activation_code=activation_code,
            allowance_minor=allowance_minor,
            root_key=root_key,
        )
        await run_async(flow, self._driver)

    async def scan(self, qr_text: str) -> AsyncQuote:
        """As ``Wallet.scan``."""
        return self._quote(await in_thread(partial(paying.scan, self._parts, qr_text)))

    async def scan_any(self, qr_text: str) -> "AsyncQuote | AsyncPrintedQuote | UntrustedRequest":
        """As ``Wallet.scan_any``."""
        found = await in_thread(partial(scanning.scan_any, self._parts, qr_text))
        if isinstance(found, PrintedOffer):
            return AsyncPrintedQuote(**members_of(found), _wallet=self)
        return self._quote(found) if isinstance(found, Offer) else found

    async def scan_receipt(self, qr_text: str) -> Payment:
        """As ``Wallet.scan_receipt``."""
        return payment_of(await in_thread(partial(scanning.scan_receipt, self._parts, qr_text)))

    async def present_code(self, *, ceiling_minor: int | None = None) -> PresentedCode:
        """As ``Wallet.present_code``."""
        return await in_thread(partial(paying.present_code, self._parts, ceiling_minor=ceiling_minor))

    def rotating_code(self, *, ceiling_minor: int | None = None) -> "AsyncRotatingCode":
        """As ``Wallet.rotating_code``."""
        return AsyncRotatingCode(self, Rotation(self._parts, ceiling_minor=ceiling_minor))

    async def outcome_of(self, asked: Payment | PresentedCode, *, wait_s: int = 0) -> Payment:
        """As ``Wallet.outcome_of``."""
        return await run_async(asking.outcome_of(self._parts, asked, wait_s=wait_s), self._driver)

    async def send_again(self, payment: Payment) -> Payment:
        """As ``Wallet.send_again``."""
        return await run_async(asking.send_again(self._parts, payment), self._driver)

    async def refund_of(self, payment: Payment) -> Payment:
        """As ``Wallet.refund_of``."""
        return await run_async(asking.refund_of(self._parts, payment), self._driver)

    async def change_allowance(self, *, allowance_minor: int | None) -> WalletBalance:
        """As ``Wallet.change_allowance``."""
        flow = syncing.change_allowance(self._parts, allowance_minor=allowance_minor)
        return await run_async(flow, self._driver)

    async def sync(self, *, on_progress: OnProgress | None = None) -> SyncReport:
        """As ``Wallet.sync``."""
        return await run_async(syncing.sync(self._parts, on_progress=on_progress), self._driver)

    async def balance(self) -> WalletBalance:
        """As ``Wallet.balance``."""
        return await in_thread(partial(syncing.balance, self._parts))

    async def payment(self, digest: Digest) -> Payment:
        """As ``Wallet.payment``."""
        return await in_thread(lambda: payment_of(asking.known(self._parts, digest)))

    async def receipt(self, payment: Payment) -> SavedReceipt:
        """As ``Wallet.receipt``."""
        return await in_thread(lambda: saved_receipt(self._parts, asking.record_of(self._parts, payment)))

    async def history(self) -> AsyncIterator[Payment]:
        """As ``Wallet.history``."""
        page = await in_thread(partial(asking.history_page, self._parts, before=None))
        while page.before is not None:
            for payment in page.payments:
                yield payment
            page = await in_thread(partial(asking.history_page, self._parts, before=page.before))

    async def close(self) -> None:
        """As ``Wallet.close``; of the connections, those of this event loop."""
        await self._driver.close()
        await in_thread(self._parts.store.close)

    def _quote(self, offer: Offer) -> AsyncQuote:
        return AsyncQuote(**members_of(offer), _wallet=self)

    async def _pay(self, offer: Offer, mode: PayMode, tip_minor: int) -> Payment:
        return payment_of(await run_async(paying.pay(self._parts, offer, mode, tip_minor=tip_minor), self._driver))

    async def _pay_printed(self, offer: PrintedOffer, amount_minor: int) -> Payment:
        flow = printed.pay_printed(self._parts, offer, amount_minor=amount_minor)
        return payment_of(await run_async(flow, self._driver))


class AsyncRotatingCode:
    """As ``RotatingCode``, for asyncio."""

    def __init__(self, wallet: AsyncWallet, rotation: Rotation) -> None:
        self._wallet = wallet
        self._rotation = rotation

    async def shown(self) -> PresentedCode:
        """As ``RotatingCode.shown``."""
        return await in_thread(self._rotation.shown)

    async def used(self, *, wait_s: int = 0) -> Payment | None:
        """As ``RotatingCode.used``."""
        for code in self._rotation.live():
            payment = await self._wallet.outcome_of(code, wait_s=wait_s if self._rotation.is_newest(code) else 0)
            if self._rotation.is_used_by(payment):
                return payment
        return None
