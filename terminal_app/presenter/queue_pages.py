"""The page of the queue, and the pages around carrying it by hand: as a file, or as codes."""

from typing import Final

from terminal_app.core import Done, Snapshot
from terminal_app.core.office_view import OfficeView
from terminal_app.i18n import MessageId
from terminal_app.office_commands import (
    ExportQueue,
    HoldQueueCode,
    ImportQueue,
    OpenPage,
    OpenSale,
    Page,
    ReadQueueCodes,
    ShowQueueCodes,
    TurnQueueCode,
)
from terminal_app.presenter.wording import Wording
from terminal_app.reports import QueueItem, QueueView
from terminal_app.screen_model import (
    Action,
    Choice,
    CommandName,
    Emphasis,
    Mark,
    PageButton,
    Row,
    ScreenModel,
    ScreenName,
)
from wallet_sdk.protocol.money import Currency, Money

_TO_QUEUE: Final = OpenPage(page=Page.QUEUE)
_DAY_S: Final = 86_400


def queue_page(wording: Wording, snapshot: Snapshot, view: OfficeView) -> ScreenModel:
    """What waits; or what has just been done with it; or the codes that carry it."""
    if view.queue_codes:
        return _code(wording, snapshot, view)
    if view.is_reading_codes:
        return _reading(wording, snapshot, view)
    if view.done is Done.QUEUE_EXPORTED:
        lines = (*wording.saved_lines(view.place), wording.text(MessageId.CARRY_HINT))
        return _done(wording, snapshot, MessageId.SAVED, lines)
    if view.done is Done.QUEUE_IMPORTED:
        brought = wording.text(MessageId.IMPORTED, count=str(view.brought_count))
        return _done(wording, snapshot, MessageId.READ_IN, (brought,))
    return _waiting(wording, snapshot, view)


def carry_page(wording: Wording, snapshot: Snapshot, _view: OfficeView) -> ScreenModel:
    """The four ways to carry the queue."""
    text = wording.text
    choices = (
        Choice(robot_id="export", label=text(MessageId.DO_EXPORT), press=ExportQueue()),
        Choice(robot_id="show_codes", label=text(MessageId.DO_SHOW_CODES), press=ShowQueueCodes()),
        Choice(robot_id="import", label=text(MessageId.DO_IMPORT), press=OpenPage(page=Page.CARRIED)),
        Choice(robot_id="read_codes", label=text(MessageId.DO_READ_CODES), press=ReadQueueCodes()),
    )
    lines = wording.refusal_lines(snapshot) or (text(MessageId.CARRY_HINT),)
    return wording.screen(snapshot, ScreenName.CARRY, lines=lines, back=_TO_QUEUE, choices=choices)


def carried_page(wording: Wording, snapshot: Snapshot, view: OfficeView) -> ScreenModel:
    """The saved queues that can be read in."""
    rows = tuple(
        Row(robot_id=f"file_{number}", title=path.name, press=ImportQueue(path=path))
        for number, path in enumerate(view.files)
    )
    nothing = () if rows else (wording.text(MessageId.NO_SAVED_QUEUE, place=view.place),)
    return wording.screen(
        snapshot,
        ScreenName.CARRIED,
        headline=MessageId.DO_IMPORT,
        lines=wording.refusal_lines(snapshot) or nothing,
        back=OpenPage(page=Page.CARRY),
        rows=rows,
    )


def _waiting(wording: Wording, snapshot: Snapshot, view: OfficeView) -> ScreenModel:
    queue = view.queue
    assert queue is not None, "the page of the queue has one"
    by_hand = Action(command=PageButton.CARRY, label=wording.text(MessageId.DO_CARRY), press=OpenPage(page=Page.CARRY))
    send = wording.action(CommandName.SEND_NOW, MessageId.DO_SEND_NOW, Emphasis.PRIMARY)
    return wording.screen(
        snapshot,
        ScreenName.QUEUE,
        lines=(*wording.refusal_lines(snapshot), *_fill_lines(wording, snapshot, queue)),
        back=OpenPage(page=Page.MENU),
        rows=tuple(_row(wording, item, snapshot.currency) for item in queue.items),
        actions=(by_hand,) if queue.is_empty else (by_hand, send),
    )


def _row(wording: Wording, item: QueueItem, currency: Currency) -> Row:
    return Row(
        robot_id=f"sale_{item.request_id.hex()}",
        title=wording.moment(item.accepted_at_s),
        detail=item.reference,
        amount=wording.amount_text(Money(minor=item.paid_minor, currency=currency)),
        mark=Mark.BAD if item.held_code else Mark.STORED,
        press=OpenSale(request_id=item.request_id),
    )


def _fill_lines(wording: Wording, snapshot: Snapshot, queue: QueueView) -> tuple[str, ...]:
    if queue.is_empty:
        return (wording.text(MessageId.QUEUE_EMPTY),)
    lines = []
    if queue.items and snapshot.limits is not None:
        total = Money(minor=queue.sum_minor, currency=snapshot.currency)
        most = Money(minor=snapshot.limits.stored_max_minor, currency=snapshot.currency)
        fill = wording.text(
            MessageId.QUEUE_FILL,
            count=str(len(queue.items)),
            count_max=str(snapshot.limits.stored_count_max),
            total=wording.money(total),
            stored_max=wording.money(most),
        )
        lines.append(fill)
    if queue.deadline_s is not None:
        deadline = wording.text(MessageId.QUEUE_DEADLINE, time=wording.moment(queue.deadline_s))
        lines.append(f"{deadline} · {_time_left(wording, queue.deadline_s - queue.at_s)}")
    return tuple(lines)


def _time_left(wording: Wording, left_s: int) -> str:
    minutes = max(0, left_s) // 60
    if left_s >= _DAY_S:
        days, hours = divmod(minutes // 60, 24)
        return wording.text(MessageId.LEFT_DAYS, days=str(days), hours=str(hours))
    return wording.text(MessageId.LEFT_HOURS, hours=str(minutes // 60), minutes=str(minutes % 60))


def _done(wording: Wording, snapshot: Snapshot, headline: MessageId, lines: tuple[str, ...]) -> ScreenModel:
    back = Action(
        command=PageButton.DONE,
        label=wording.text(MessageId.DO_TO_QUEUE),
        emphasis=Emphasis.PRIMARY,
        press=_TO_QUEUE,
    )
    return wording.screen(snapshot, ScreenName.DONE, headline=headline, lines=lines, actions=(back,))


def _code(wording: Wording, snapshot: Snapshot, view: OfficeView) -> ScreenModel:
    stop = Action(command=PageButton.STOP, label=wording.text(MessageId.DO_STOP), press=_TO_QUEUE)
    onward = Action(
        command=PageButton.NEXT_CODE,
        label=wording.text(MessageId.DO_NEXT_CODE),
        emphasis=Emphasis.PRIMARY,
        press=TurnQueueCode(),
    )
    hold = Action(
        command=PageButton.HOLD_CODE if view.codes_turn else PageButton.GO_ON,
        label=wording.text(MessageId.DO_HOLD_CODE if view.codes_turn else MessageId.DO_GO_ON),
        press=HoldQueueCode(),
    )
    count = len(view.queue_codes)
    return wording.screen(
        snapshot,
        ScreenName.QUEUE_CODE,
        headline=wording.text(MessageId.CODE_OF, number=str(view.code_at + 1), count=str(count)),
        lines=wording.refusal_lines(snapshot) or (wording.text(MessageId.CODES_HINT),),
        code_text=view.queue_codes[view.code_at],
        actions=(stop, hold, onward) if count > 1 else (stop,),
    )


def _reading(wording: Wording, snapshot: Snapshot, view: OfficeView) -> ScreenModel:
    lines = [*wording.refusal_lines(snapshot)]
    if view.missing_codes:
        numbers = " ".join(map(str, view.missing_codes))
        lines.append(wording.text(MessageId.CODES_MISSING, numbers=numbers))
    stop = Action(command=PageButton.STOP, label=wording.text(MessageId.DO_STOP), press=_TO_QUEUE)
    return wording.screen(
        snapshot,
        ScreenName.READ_CODES,
        headline=MessageId.DO_READ_CODES,
        lines=tuple(lines) or (wording.text(MessageId.READ_HINT),),
        actions=(stop,),
    )
