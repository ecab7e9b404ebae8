"""The page of people: who works here, and the words of the pages that enter and change them."""

from typing import Final

from terminal_app.core import Snapshot
from terminal_app.core.office_view import OfficeView
from terminal_app.i18n import MessageId
from terminal_app.journal import Person
from terminal_app.office.staff import NAME_CHARS_MAX, PIN_DIGITS_MAX
from terminal_app.office_commands import OpenPage, Page
from terminal_app.presenter.wording import Wording
from terminal_app.roles import Role
from terminal_app.screen_model import (
    Action,
    Emphasis,
    PageButton,
    PeopleOffer,
    PersonDraft,
    Row,
    ScreenModel,
    ScreenName,
)

ROLES: Final = {
    Role.CASHIER: MessageId.ROLE_CASHIER,
    Role.SUPERVISOR: MessageId.ROLE_SUPERVISOR,
    Role.OWNER: MessageId.ROLE_OWNER,
}
assert set(ROLES) == set(Role), "every role has its word"


def people_page(wording: Wording, snapshot: Snapshot, _view: OfficeView) -> ScreenModel:
    """Everybody, each to be changed by a touch, and a button for somebody new."""
    text = wording.text
    people = snapshot.crew.people if snapshot.crew is not None else ()
    rows = tuple(
        Row(
            robot_id=f"person_{each.staff_id}",
            title=each.name,
            value=text(ROLES[each.role]),
            press=PersonDraft(staff_id=each.staff_id, name=each.name, role=each.role),
        )
        for each in people
    )
    add = Action(
        command=PageButton.ADD_PERSON,
        label=text(MessageId.DO_ADD_PERSON),
        emphasis=Emphasis.SECONDARY if people else Emphasis.PRIMARY,
        press=PersonDraft(),
    )
    return wording.screen(
        snapshot,
        ScreenName.STAFF,
        lines=wording.refusal_lines(snapshot) or (() if people else (text(MessageId.NOBODY_YET),)),
        back=OpenPage(page=Page.MENU),
        rows=rows,
        actions=(add,),
        people=_offer(wording, people),
    )


def _offer(wording: Wording, people: tuple[Person, ...]) -> PeopleOffer:
    text = wording.text
    has_owner = any(each.role is Role.OWNER for each in people)
    roles = tuple(Role) if has_owner else (Role.OWNER,)
    return PeopleOffer(
        roles=tuple((role, text(ROLES[role])) for role in roles),
        add=text(MessageId.DO_ADD_PERSON),
        name=text(MessageId.NAME),
        role=text(MessageId.ROLE),
        pin=text(MessageId.PIN),
        pin_hint=text(MessageId.PIN_NEW),
        pin_again=text(MessageId.PIN_AGAIN),
        pin_differs=text(MessageId.PIN_DIFFERS),
        pin_bad=text(MessageId.PIN_FORM),
        digits_max=PIN_DIGITS_MAX,
        name_chars_max=NAME_CHARS_MAX,
        remove=text(MessageId.DO_REMOVE),
        remove_hints=tuple((int(each.staff_id), text(MessageId.REMOVE_HINT, name=each.name)) for each in people),
        done=text(MessageId.DO_DONE),
    )
