"""The demo: starts server, terminals and wallets as real processes. It starts, taps, looks and reads files; no more."""

from server_stub.demo.program import main

__all__ = ["main"]
