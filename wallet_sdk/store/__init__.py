"""What a wallet must not forget: who it is, its token and counter, and every consent it ever signed."""

from wallet_sdk.store.memory import MemoryWalletStore
from wallet_sdk.store.port import WalletStore
from wallet_sdk.store.records import (
    NO_RECEIPT,
    NO_TERMINAL,
    AskRecord,
    BalanceRecord,
    ConsentKind,
    ConsentRecord,
    Enrolled,
    Outcome,
    PendingIssue,
    Reservation,
    TokenRecord,
)
from wallet_sdk.store.sqlite import SqliteWalletStore

__all__ = [
    "NO_RECEIPT",
    "NO_TERMINAL",
    "AskRecord",
    "BalanceRecord",
    "ConsentKind",
    "ConsentRecord",
    "Enrolled",
    "MemoryWalletStore",
    "Outcome",
    "PendingIssue",
    "Reservation",
    "SqliteWalletStore",
    "TokenRecord",
    "WalletStore",
]
