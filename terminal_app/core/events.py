"""What comes to the core: from fingers, from cameras and scanners, from the lanes to the server."""

from dataclasses import dataclass

from terminal_app.core.ports import Lane
from terminal_app.device_queue import DeskReport
from terminal_app.errands import Errand
from terminal_app.office_commands import DeskCommand, DeviceKind, OfficeCommand
from terminal_app.screen_model import AmountTyped, Command, FocusMoved, ScanTyped, SideCommand
from wallet_sdk.protocol.errors import TillcodeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """The camera has read these texts in one frame, or a hand scanner one."""

    texts: tuple[str, ...]
    source: DeviceKind = DeviceKind.CAMERA


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerFailed:
    """The scanner has stopped by itself."""

    error: TillcodeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A call to the server has come back: its answer, or the TillcodeError that it raised."""

    lane: Lane
    errand: Errand
    outcome: object


CoreEvent = (
    Command
    | SideCommand
    | OfficeCommand
    | DeskCommand
    | ScanTyped
    | FocusMoved
    | AmountTyped
    | DeskReport
    | Scanned
    | ScannerFailed
    | Returned
)
