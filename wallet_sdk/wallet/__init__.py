"""A payer's wallet: enrolment, payments online and offline, codes, receipts, and catching up."""

from wallet_sdk.wallet.facade import PrintedQuote, Quote, RotatingCode, Wallet
from wallet_sdk.wallet.paying import PayMode
from wallet_sdk.wallet.receipts import ProvenReceipt, SavedReceipt
from wallet_sdk.wallet.views import Payment, PresentedCode, QrCode, Recovery, Renewal, SyncReport, WalletBalance

__all__ = [
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
]
