"""The Tillcode SDK: the protocol, and a wallet that speaks it.

Names are loaded when they are first used: ``import wallet_sdk`` alone costs nothing.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    __version__: str
    from wallet_sdk.aio import AsyncPrintedQuote, AsyncQuote, AsyncRotatingCode, AsyncWallet
    from wallet_sdk.client import ApiClient
    from wallet_sdk.keystore import EncryptedFileKeyStore, KeyringKeyStore, MemoryKeyStore
    from wallet_sdk.ports import AsyncSender, Clock, HttpAnswer, HttpRequest, KeyStore, Random, Sender
    from wallet_sdk.protocol.emv import UntrustedRequest
    from wallet_sdk.protocol.errors import (
        ErrorCode,
        MalformedMessageError,
        MisuseError,
        MoneyOutcome,
        RuleViolationError,
        TillcodeError,
        UnavailableError,
    )
    from wallet_sdk.protocol.ids import Digest, PublicKeyBytes, RequestId
    from wallet_sdk.protocol.money import Currency, Money
    from wallet_sdk.store import MemoryWalletStore, Outcome, SqliteWalletStore, WalletStore
    from wallet_sdk.system import SystemClock, SystemRandom
    from wallet_sdk.transport import (
        AsyncHttpxSender,
        AsyncSwitchableSender,
        HttpxSender,
        NetworkSwitch,
        SwitchableSender,
    )
    from wallet_sdk.wallet import (
        Payment,
        PayMode,
        PresentedCode,
        PrintedQuote,
        ProvenReceipt,
        QrCode,
        Quote,
        Recovery,
        Renewal,
        RotatingCode,
        SavedReceipt,
        SyncReport,
        Wallet,
        WalletBalance,
    )

__all__ = [
    "ApiClient",
    "AsyncHttpxSender",
    "AsyncPrintedQuote",
    "AsyncQuote",
    "AsyncRotatingCode",
    "AsyncSender",
    "AsyncSwitchableSender",
    "AsyncWallet",
    "Clock",
    "Currency",
    "Digest",
    "EncryptedFileKeyStore",
    "ErrorCode",
    "HttpAnswer",
    "HttpRequest",
    "HttpxSender",
    "KeyStore",
    "KeyringKeyStore",
    "MalformedMessageError",
    "MemoryKeyStore",
    "MemoryWalletStore",
    "MisuseError",
    "Money",
    "MoneyOutcome",
    "NetworkSwitch",
    "Outcome",
    "PayMode",
    "Payment",
    "PresentedCode",
    "PrintedQuote",
    "ProvenReceipt",
    "PublicKeyBytes",
    "QrCode",
    "Quote",
    "Random",
    "Recovery",
    "Renewal",
    "RequestId",
    "RotatingCode",
    "RuleViolationError",
    "SavedReceipt",
    "Sender",
    "SqliteWalletStore",
    "SwitchableSender",
    "SyncReport",
    "SystemClock",
    "SystemRandom",
    "TillcodeError",
    "UnavailableError",
    "UntrustedRequest",
    "Wallet",
    "WalletBalance",
    "WalletStore",
]

_HOME_OF = {
    "wallet_sdk.aio": ("AsyncPrintedQuote", "AsyncQuote", "AsyncRotatingCode", "AsyncWallet"),
    "wallet_sdk.client": ("ApiClient",),
    "wallet_sdk.keystore": ("EncryptedFileKeyStore", "KeyringKeyStore", "MemoryKeyStore"),
    "wallet_sdk.ports": ("AsyncSender", "Clock", "HttpAnswer", "HttpRequest", "KeyStore", "Random", "Sender"),
    "wallet_sdk.protocol.emv": ("UntrustedRequest",),
    "wallet_sdk.protocol.errors": (
        "ErrorCode",
        "MalformedMessageError",
        "MisuseError",
        "MoneyOutcome",
        "RuleViolationError",
        "TillcodeError",
        "UnavailableError",
    ),
    "wallet_sdk.protocol.ids": ("Digest", "PublicKeyBytes", "RequestId"),
    "wallet_sdk.protocol.money": ("Currency", "Money"),
    "wallet_sdk.store": ("MemoryWalletStore", "Outcome", "SqliteWalletStore", "WalletStore"),
    "wallet_sdk.system": ("SystemClock", "SystemRandom"),
    "wallet_sdk.transport": (
        "AsyncHttpxSender",
        "AsyncSwitchableSender",
        "HttpxSender",
        "NetworkSwitch",
        "SwitchableSender",
    ),
    "wallet_sdk.wallet": (
        "PayMode",
        "Payment",
        "PresentedCode",
        "PrintedQuote",
        "ProvenReceipt",
        "QrCode",
        "Quote",
        "Recovery",
        "Renewal",
        "RotatingCode",
        "SavedReceipt",
        "SyncReport",
        "Wallet",
        "WalletBalance",
    ),
}

# Hidden from type checkers, which would otherwise believe that every name exists.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load a public name from the module it lives in. Source: PEP 562."""
        if name == "__version__":
            return importlib.import_module("wallet_sdk.about").version()
        for module, names in _HOME_OF.items():
            if name in names:
                found: object = getattr(importlib.import_module(module), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
