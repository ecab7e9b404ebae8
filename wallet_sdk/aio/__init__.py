"""The wallet for asyncio: the names, arguments and results of ``Wallet``, awaited. A test compares the two."""

from wallet_sdk.aio.wallet import AsyncPrintedQuote, AsyncQuote, AsyncRotatingCode, AsyncWallet

__all__ = ["AsyncPrintedQuote", "AsyncQuote", "AsyncRotatingCode", "AsyncWallet"]
