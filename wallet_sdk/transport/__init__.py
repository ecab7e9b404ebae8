"""HTTP, for threads and for asyncio, with honest errors and a time limit that holds; and a switch to turn it off."""

from wallet_sdk.transport.aio import AsyncHttpxSender, AsyncSwitchableSender
from wallet_sdk.transport.answers import ANSWER_BYTES_MAX, CONNECT_TIMEOUT_S
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
]
