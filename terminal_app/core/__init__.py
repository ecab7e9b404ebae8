"""The terminal's own thread: commands, scans and answers in, frozen snapshots out. No Kivy, no SQL."""

from terminal_app.core.core import TerminalCore
from terminal_app.core.events import CoreEvent, Returned, Scanned, ScannerFailed
from terminal_app.core.link import ServerLink
from terminal_app.core.office_view import Crew, Done, OfficeView
from terminal_app.core.ports import Lane, Lanes, Scanner
from terminal_app.core.runner import CoreRunner, NetworkLanes
from terminal_app.core.snapshot import Place, ScanFor, Side, Snapshot

__all__ = [
    "CoreEvent",
    "CoreRunner",
    "Crew",
    "Done",
    "Lane",
    "Lanes",
    "NetworkLanes",
    "OfficeView",
    "Place",
    "Returned",
    "ScanFor",
    "Scanned",
    "Scanner",
    "ScannerFailed",
    "ServerLink",
    "Side",
    "Snapshot",
    "TerminalCore",
]
