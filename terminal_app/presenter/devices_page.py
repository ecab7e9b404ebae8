"""The page of devices: how each does, a test for each, and how the journals do."""

from terminal_app.core import Snapshot
from terminal_app.core.desk_work import ADDRESSES
from terminal_app.core.office_view import OfficeView
from terminal_app.i18n import MessageId
from terminal_app.office_commands import DeviceKind, OpenPage, Page, TryDevice
from terminal_app.presenter.wording import DEVICES, TROUBLES, Wording
from terminal_app.screen_model import Action, Mark, PageButton, Row, ScreenModel, ScreenName
from terminal_app.settings import Settings


def devices_page(wording: Wording, snapshot: Snapshot, _view: OfficeView) -> ScreenModel:
    """A line for each device; a touch tests it."""
    lines = wording.refusal_lines(snapshot) or wording.journal_lines(snapshot)
    rows = tuple(_row(wording, snapshot, kind) for kind in DEVICES)
    return wording.screen(snapshot, ScreenName.DEVICES, lines=lines, back=OpenPage(page=Page.MENU), rows=rows)


def camera_page(wording: Wording, snapshot: Snapshot, view: OfficeView) -> ScreenModel:
    """What the camera sees, and whether it has read a code."""
    text = wording.text
    stop = Action(command=PageButton.STOP, label=text(MessageId.DO_STOP), press=OpenPage(page=Page.DEVICES))
    read = MessageId.CODE_READ_YES if view.codes_read else MessageId.CODE_READ_NO
    return wording.screen(
        snapshot,
        ScreenName.CAMERA,
        lines=wording.refusal_lines(snapshot) or (text(read),),
        actions=(stop,),
    )


def _row(wording: Wording, snapshot: Snapshot, kind: DeviceKind) -> Row:
    word, mark = _how(snapshot, kind)
    return Row(
        robot_id=f"try_{kind.value}",
        title=wording.text(DEVICES[kind]),
        detail=wording.text(word) if word is not None else "",
        value=wording.text(MessageId.DO_TEST),
        mark=mark,
        press=TryDevice(kind=kind),
    )


def _how(snapshot: Snapshot, kind: DeviceKind) -> tuple[MessageId | None, Mark | None]:
    trouble = dict(snapshot.device_faults).get(kind)
    if trouble is not None:
        return TROUBLES[trouble], Mark.BAD
    if kind in snapshot.device_works:
        return MessageId.DEVICE_WORKS, Mark.GOOD
    return (None, None) if _is_set_up(snapshot.settings, kind) else (MessageId.DEVICE_MISSING, None)


def _is_set_up(settings: Settings, kind: DeviceKind) -> bool:
    return kind not in ADDRESSES or bool(getattr(settings, ADDRESSES[kind]))
