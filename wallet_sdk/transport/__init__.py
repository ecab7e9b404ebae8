"""HTTP, for threads and for asyncio, with honest errors and a time limit that holds; and a switch to turn it off."""

import importlib
from typing import TYPE_CHECKING

from wallet_sdk.transport.answers import ANSWER_BYTES_MAX, CONNECT_TIMEOUT_S, checked_base_url
from wallet_sdk.transport.http import HttpxSender
from wallet_sdk.transport.switch import NetworkSwitch, SwitchableSender

__all__ = [
    "ANSWER_BYTES_MAX",
    "CONNECT_TIMEOUT_S",
    "AsyncHttpxSender",
    "AsyncSwitchableSender",
    "HttpxSender",
    "NetworkSwitch",
    "SwitchableSender",
    "checked_base_url",
]

if TYPE_CHECKING:
    from wallet_sdk.transport.aio import AsyncHttpxSender, AsyncSwitchableSender
else:

    def __getattr__(name: str) -> object:
        """Load what is for asyncio when it is first used: a program of threads is 5 MiB smaller without. PEP 562."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found: object = getattr(importlib.import_module(f"{__name__}.aio"), name)
        globals()[name] = found
        return found
