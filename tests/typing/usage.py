"""How integrators write it, with the types they get. mypy --strict and pyright read this file; nothing runs it."""

from collections.abc import AsyncIterator, Iterator
from typing import assert_type

from wallet_sdk import (
    AsyncPrintedQuote,
    AsyncQuote,
    AsyncWallet,
    Clock,
    EncryptedFileKeyStore,
    ErrorCode,
    KeyStore,
    MemoryKeyStore,
    MemoryWalletStore,
    Money,
    MoneyOutcome,
    Outcome,
    Payment,
    PayMode,
    PresentedCode,
    PrintedQuote,
    QrCode,
    Quote,
    SavedReceipt,
    Sender,
    SqliteWalletStore,
    SyncReport,
    TillcodeError,
    UntrustedRequest,
    Wallet,
    WalletBalance,
    WalletStore,
)
from wallet_sdk.protocol.ids import Digest, Envelope, PublicKeyBytes
from wallet_sdk.webhooks import Event, OtherEvent, PaymentCaptured, verify_webhook


def stores_are_ports() -> tuple[WalletStore, WalletStore, KeyStore, KeyStore]:
    """What is shipped fits where an integrator's own would stand."""
    return (
        MemoryWalletStore(),
        SqliteWalletStore("wallet.sqlite"),
        MemoryKeyStore(),
        EncryptedFileKeyStore("wallet.keys", "passphrase"),
    )


def a_wallet(store: WalletStore, keys: KeyStore, sender: Sender, clock: Clock) -> Wallet:
    """A subclass of Wallet would be its own type: ``open`` says Self."""
    wallet = Wallet.open(store=store, keys=keys, sender=sender, clock=clock)
    assert_type(wallet, Wallet)
    assert_type(wallet.with_options(timeout_s=2.5), Wallet)
    return wallet


def paying(wallet: Wallet, text: str) -> None:
    """Nothing is Any, and what may be missing says so."""
    quote = wallet.scan(text)
    assert_type(quote, Quote)
    assert_type(quote.amount, Money)
    payment = quote.pay(PayMode.ONLINE)
    assert_type(payment, Payment)
    assert_type(payment.outcome, Outcome)
    assert_type(payment.digest, Digest)
    assert_type(payment.error_code, ErrorCode | None)
    assert_type(payment.receipt, Envelope | None)
    assert_type(payment.qr, QrCode | None)
    assert_type(wallet.scan_any(text), Quote | PrintedQuote | UntrustedRequest)
    assert_type(wallet.history(), Iterator[Payment])
    assert_type(wallet.sync(), SyncReport)
    assert_type(wallet.balance(), WalletBalance)
    assert_type(wallet.balance().available, Money | None)
    assert_type(wallet.present_code(), PresentedCode)
    assert_type(wallet.rotating_code().used(), Payment | None)
    assert_type(wallet.receipt(payment), SavedReceipt)


async def paying_awaited(wallet: AsyncWallet, text: str) -> None:
    """The same, awaited."""
    quote = await wallet.scan(text)
    assert_type(quote, AsyncQuote)
    assert_type(await quote.pay(), Payment)
    assert_type(await wallet.scan_any(text), AsyncQuote | AsyncPrintedQuote | UntrustedRequest)
    assert_type(wallet.history(), AsyncIterator[Payment])
    assert_type([payment async for payment in wallet.history()], list[Payment])
    assert_type(await wallet.sync(), SyncReport)
    async with AsyncWallet.open(store=MemoryWalletStore(), keys=MemoryKeyStore()) as opened:
        assert_type(opened, AsyncWallet)


def failing(error: TillcodeError) -> None:
    """What an error says about the money."""
    assert_type(error.code, ErrorCode)
    assert_type(error.outcome, MoneyOutcome)
    assert_type(error.safe_to_retry, bool)
    assert_type(error.call_id, str | None)
    assert_type(error.param, str | None)


def receiving(headers: dict[str, str], body: bytes, clock: Clock) -> Money | str | None:
    """Events narrow by their class."""
    event = verify_webhook(headers, body, secrets=["whsec_"], clock=clock)
    assert_type(event, Event)
    if isinstance(event, PaymentCaptured):
        return event.amount
    if isinstance(event, OtherEvent):
        return event.kind
    return None


def ids_are_types(root_key: PublicKeyBytes, saved: SavedReceipt) -> None:
    """A digest is no key: the wrong one is an error here, and would be a lost payment there."""
    saved.verify(root_key=root_key)
    saved.verify(root_key=Digest(bytes(32)))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
