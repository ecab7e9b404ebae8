"""Devices that take a terminal's number over: who let them, and which refunds of what was paid before are approved."""

from dataclasses import dataclass
from enum import IntEnum, unique

from wallet_sdk.protocol.ids import MerchantId, TerminalId


@unique
class ReplacingStep(IntEnum):
    """How far a take-over has come."""

    #: A code was made, and the terminal's device has ended.
    ASKED = 1
    #: Another device has brought the code.
    DONE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacing:
    """One step of a take-over. ``made_by``: an API key's id or the command line; of the second step, nobody's.

    ``not_before_s``: from when on another device is let in.
    """

    number: int
    terminal_id: TerminalId
    merchant_id: MerchantId
    step: ReplacingStep
    not_before_s: int
    at_s: int
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundApproval:
    """Refunds of one payment may come to so much, also by a device that came after it."""

    payment_number: int
    amount_minor: int
    approved_by: str
    at_s: int
