"""Who may open which page of the back office, and have which device at work."""

from typing import Final

from terminal_app.office_commands import (
    DeskCommand,
    OpenDrawer,
    Page,
    PrintReceipt,
    PrintReport,
    SavePdf,
    TryDevice,
)
from terminal_app.roles import Permission

#: Who may open a page at all; what is done on it is asked again.
PAGE_PERMISSIONS: Final = {
    Page.MENU: Permission.SELL,
    Page.HISTORY: Permission.SEE_HISTORY,
    Page.SALE: Permission.SEE_HISTORY,
    Page.REPORT: Permission.REPORT_X,
    Page.QUEUE: Permission.SEND_NOW,
    Page.CARRY: Permission.SEND_NOW,
    Page.CARRIED: Permission.SEND_NOW,
    Page.STAFF: Permission.MANAGE_STAFF,
    Page.SETTINGS: Permission.CHANGE_SETTINGS,
    Page.DEVICES: Permission.TEST_DEVICES,
    Page.CAMERA: Permission.TEST_DEVICES,
}
assert set(PAGE_PERMISSIONS) == set(Page), "nobody opens a page by mistake"

#: What a command that a device carries out asks of whoever gives it.
DESK_PERMISSIONS: Final[dict[type[DeskCommand], Permission]] = {
    PrintReceipt: Permission.SELL,
    SavePdf: Permission.SEE_HISTORY,
    PrintReport: Permission.REPORT_X,
    OpenDrawer: Permission.OPEN_DRAWER,
    TryDevice: Permission.TEST_DEVICES,
}
