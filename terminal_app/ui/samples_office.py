"""Samples of the back office's pages."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from terminal_app.core import Snapshot
from terminal_app.core.office_view import Crew, Done, OfficeView
from terminal_app.devices.trouble import Trouble
from terminal_app.journal import HistoryEntry, MirrorState, Person, RefundRecord, Standing, Tally, Totals
from terminal_app.journal.events import Way
from terminal_app.journal.office_events import NOBODY, Employment, JournalRepaired, StaffId
from terminal_app.office_commands import DeviceKind, Page
from terminal_app.reports import QueueItem, QueueView, Report, ReportKind
from terminal_app.roles import ALLOWED, Role
from terminal_app.screen_model import PersonDraft, PersonPart, SaleDraft, ScreenModel, ScreenName, ShowCode
from terminal_app.ui.screens.keypad import tip_page
from terminal_app.ui.screens.list_page import confirm_page, refund_page
from terminal_app.ui.screens.people import person_step
from terminal_app.ui.screens.steps import next_step
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.ids import Digest, Envelope, RequestId
from wallet_sdk.protocol.messages import Refund
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

_DAY_S: Final = 86_400
_STICK: Final = Path("/media/stick")
_SAVED_NAME: Final = "t-2-20270115-080700.tillqueue"


def _person(number: int, name: str, role: Role) -> Person:
    return Person(
        staff_id=StaffId(number), name=name, role=role, pin_salt=b"", pin_hash=b"", employment=Employment.ACTIVE
    )


_PEOPLE: Final = (
    _person(1, "Amélie", Role.OWNER),
    _person(2, "Bo Chen", Role.SUPERVISOR),
    _person(3, "Chidi", Role.CASHIER),
    _person(4, "Dilnoza", Role.CASHIER),
)
_CREW: Final = Crew(people=_PEOPLE, person=_PEOPLE[1], role=Role.SUPERVISOR, may=ALLOWED[Role.SUPERVISOR])
_NOBODY: Final = Crew(people=_PEOPLE, person=None, role=None, may=frozenset())


def _entry(
    number: int, state: State, minor: int, *, at_s: int, reference: str = "", tip_minor: int = 0
) -> HistoryEntry:
    return HistoryEntry(
        request_id=RequestId(bytes((number,)) * 12),
        opened_at_s=at_s,
        changed_at_s=at_s,
        state=state,
        paid_minor=minor,
        tip_minor=tip_minor,
        currency=Currency.EUR,
        reference=reference,
        way=Way.SHOW,
        staff_id=NOBODY,
    )


def _entries(at_s: int) -> tuple[HistoryEntry, ...]:
    return (
        _entry(1, State.SETTLED, 1250, at_s=at_s - 60, reference="T-17", tip_minor=113),
        _entry(2, State.AUTHORIZED, 3740, at_s=at_s - 300),
        _entry(3, State.UNKNOWN, 990, at_s=at_s - 640),
        _entry(4, State.DECLINED, 123_456, at_s=at_s - 900, reference="4F2A-91"),
        _entry(5, State.EXPIRED, 400, at_s=at_s - 1500),
        _entry(6, State.CANCELED, 2_000, at_s=at_s - 2000),
        _entry(7, State.SETTLED, 840, at_s=at_s - 2600),
        _entry(8, State.REJECTED, 1_500, at_s=at_s - 3000),
    )


def _refund(number: int, minor: int, state: State, *, at_s: int) -> RefundRecord:
    message = Refund(
        refund_id=RequestId(bytes((number,)) * 12),
        request_id=RequestId(bytes(12)),
        amount_minor=minor,
        currency=Currency.EUR,
        reason="returned",
        made_at_s=at_s,
    )
    sealed = Sealed(
        message=message,
        envelope=Envelope(b""),
        digest=Digest(bytes(32)),
        key_id=None,
        embedded=None,
        signature=bytes(64),
    )
    receipt = Envelope(b"receipt") if state is State.SETTLED else None
    return RefundRecord(refund=sealed, asked_at_s=at_s, staff_id=NOBODY, state=state, receipt=receipt)


def _report(at_s: int) -> Report:
    return Report(
        kind=ReportKind.X,
        number=12,
        before=Digest(bytes(range(32))),
        digest=Digest(b""),
        opened_at_s=at_s - 6 * 3600,
        made_at_s=at_s,
        currency=Currency.EUR,
        staff_name="Bo Chen",
        totals=Totals(
            paid_online=Tally(count=41, sum_minor=61_240),
            accepted_offline=Tally(count=6, sum_minor=7_480),
            declined=Tally(count=2, sum_minor=124_000),
            tips=Tally(count=9, sum_minor=1_130),
            refunded=Tally(count=1, sum_minor=840),
        ),
        standing=Standing(stored=Tally(count=3, sum_minor=3_740), unknown=Tally(count=1, sum_minor=990)),
    )


def _queue(at_s: int) -> QueueView:
    items = tuple(
        QueueItem(
            request_id=RequestId(bytes((number,)) * 12),
            accepted_at_s=at_s - number * 500,
            paid_minor=minor,
            reference=f"T-{number}",
            held_code=0,
        )
        for number, minor in ((1, 1250), (2, 1490), (3, 1000))
    )
    return QueueView(
        items=items,
        sum_minor=3740,
        full_at_s=at_s + 2 * _DAY_S,
        deadline_s=at_s + 29 * _DAY_S,
        room_minor=5000,
        room_count=47,
        closure_count=1,
        refund_count=0,
        courier_count=0,
        at_s=at_s,
    )


def office_snapshots(keypad: Snapshot, *, at_s: int) -> Mapping[ScreenName, Snapshot]:
    """A snapshot for each page, made of one that shows the keypad."""
    entries = _entries(at_s)
    refunds = (
        _refund(9, 300, State.SETTLED, at_s=at_s),
        _refund(10, 200, State.UNKNOWN, at_s=at_s),
        _refund(11, 950, State.DECLINED, at_s=at_s),
    )
    here = replace(keypad, crew=_CREW)
    views = {
        ScreenName.MENU: OfficeView(page=Page.MENU),
        ScreenName.HISTORY: OfficeView(page=Page.HISTORY, entries=entries),
        ScreenName.SALE: OfficeView(page=Page.SALE, entry=entries[0], refunds=refunds[:2]),
        **{
            name: OfficeView(
                page=Page.SALE,
                entry=entries[0],
                refunds=refunds,
                refund_id=one.refund.message.refund_id,
            )
            for name, one in zip(
                (ScreenName.REFUNDED, ScreenName.REFUND_OPEN, ScreenName.REFUND_REFUSED), refunds, strict=True
            )
        },
        ScreenName.REPORT: OfficeView(page=Page.REPORT, report=_report(at_s), z_numbers=(10, 11)),
        ScreenName.QUEUE: OfficeView(page=Page.QUEUE, queue=_queue(at_s)),
        ScreenName.CARRY: OfficeView(page=Page.CARRY),
        ScreenName.CARRIED: OfficeView(page=Page.CARRIED, place=str(_STICK), files=(_STICK / _SAVED_NAME,)),
        ScreenName.QUEUE_CODE: OfficeView(
            page=Page.QUEUE, queue_codes=("TQ1:1", "TQ1:2", "TQ1:3"), code_at=1, codes_turn=True
        ),
        ScreenName.READ_CODES: OfficeView(page=Page.QUEUE, is_reading_codes=True, missing_codes=(2, 5, 6)),
        ScreenName.DONE: OfficeView(page=Page.QUEUE, done=Done.QUEUE_EXPORTED, place=str(_STICK / _SAVED_NAME)),
        ScreenName.STAFF: OfficeView(page=Page.STAFF),
        ScreenName.DEVICES: OfficeView(page=Page.DEVICES),
        ScreenName.CAMERA: OfficeView(page=Page.CAMERA, codes_read=1),
        ScreenName.SETTINGS: OfficeView(page=Page.SETTINGS, settings=keypad.settings),
    }
    pages = {name: replace(here, office=view) for name, view in views.items()}
    pages[ScreenName.DEVICES] = replace(
        pages[ScreenName.DEVICES],
        device_faults=((DeviceKind.PRINTER, Trouble.SILENT),),
        device_works=(DeviceKind.SOUND,),
        mirror=MirrorState.MISSING,
        repaired=JournalRepaired(kept_as="j", good_count=9, mirror_count=1, saved_count=0, lost_count=0),
    )
    return {ScreenName.SIGN_IN: replace(keypad, crew=_NOBODY), **pages}


def _pressed(model: ScreenModel, robot_id: str) -> object:
    return next(row.press for row in model.rows if row.robot_id == robot_id)


def pages_over(models: Mapping[ScreenName, ScreenModel], *, keypad: ScreenModel) -> dict[ScreenName, ScreenModel]:
    """The pages that a screen lays over itself; `keypad` asks for tips."""
    sale, report, staff = (models[name] for name in (ScreenName.SALE, ScreenName.REPORT, ScreenName.STAFF))
    settings = models[ScreenName.SETTINGS]
    somebody = staff.rows[1].press
    assert keypad.tips is not None
    training = next(each.press for each in models[ScreenName.MENU].choices if each.robot_id == "training")
    return {
        ScreenName.TIP: tip_page(keypad, keypad.tips, kind=ShowCode, draft=SaleDraft(amount_minor=1250)),
        ScreenName.REFUND: refund_page(sale),
        ScreenName.CLOSE_DAY: confirm_page(report),
        ScreenName.CONFIRM: next_step(training, models[ScreenName.MENU]),
        ScreenName.CHOOSE: next_step(_pressed(settings, "set_language"), settings),
        ScreenName.TYPE_AMOUNT: next_step(_pressed(settings, "set_offline_payment_minor"), settings),
        ScreenName.PERSON: person_step(somebody, staff),
        ScreenName.NEW_PIN: person_step(PersonDraft(name="Eva", role=Role.CASHIER), staff),
        ScreenName.TYPE_TEXT: person_step(replace(somebody, part=PersonPart.NAME), staff),
    }
