"""Entering somebody, and changing somebody, step by step: name, role, PIN. Each step is a page over the list of people.

a new one    name ─> role ─> PIN ─> EnterPerson          (the first one is an owner: no role is asked)
one of them  name | role | PIN ─> ChangePerson           leave ─> asked once more ─> DismissPerson
"""

from dataclasses import replace
from typing import Any

from terminal_app.office_commands import ChangePerson, DismissPerson, EnterPerson
from terminal_app.roles import Role
from terminal_app.screen_model import (
    Ask,
    Capitals,
    Choice,
    NewPinAsk,
    PeopleOffer,
    PersonDraft,
    PersonPart,
    ScreenModel,
    ScreenName,
    TextAsk,
)
from terminal_app.ui.screens.base import LeavePage


def person_step(draft: PersonDraft, people: ScreenModel) -> ScreenModel | Any:
    """The page that asks for what is still missing, or the command when nothing is."""
    assert people.people is not None, "people are changed on their page"
    if draft.staff_id is None:
        return _entering(draft, people, people.people)
    return _changing(draft, people, people.people, draft.staff_id)


def _entering(draft: PersonDraft, people: ScreenModel, offer: PeopleOffer) -> ScreenModel | Any:
    if not draft.name:
        return _asking(people, ScreenName.TYPE_TEXT, offer.add, _name_ask(offer, draft, ""))
    if draft.role is None and len(offer.roles) > 1:
        return _roles(people, draft.name, offer, lambda role: replace(draft, role=role))
    role = draft.role or offer.roles[0][0]
    if not draft.pin:
        return _asking(people, ScreenName.NEW_PIN, draft.name, _pin_ask(offer, draft))
    return EnterPerson(name=draft.name, role=role, pin=draft.pin)


def _changing(draft: PersonDraft, people: ScreenModel, offer: PeopleOffer, staff_id: int) -> ScreenModel:
    role = draft.role
    assert role is not None, "whoever works here has a role"
    change = ChangePerson(staff_id=staff_id, name=draft.name, role=role)
    match draft.part:
        case PersonPart.ALL:
            return _overview(draft, people, offer, role)
        case PersonPart.NAME:
            return _asking(people, ScreenName.TYPE_TEXT, draft.name, _name_ask(offer, change, draft.name))
        case PersonPart.ROLE:
            return _roles(people, draft.name, offer, lambda chosen: replace(change, role=chosen))
        case PersonPart.PIN:
            return _asking(people, ScreenName.NEW_PIN, draft.name, _pin_ask(offer, change))
        case PersonPart.LEAVE:
            return _leaving(draft, people, offer, staff_id)


def _overview(draft: PersonDraft, people: ScreenModel, offer: PeopleOffer, role: Role) -> ScreenModel:
    parts = (
        (PersonPart.NAME, offer.name, draft.name),
        (PersonPart.ROLE, offer.role, dict(offer.roles)[role]),
        (PersonPart.PIN, offer.pin, ""),
        (PersonPart.LEAVE, offer.remove, ""),
    )
    choices = tuple(
        Choice(robot_id=f"person_{part.value}", label=label, detail=detail, press=replace(draft, part=part))
        for part, label, detail in parts
    )
    return _page(people, ScreenName.PERSON, draft.name, choices=choices)


def _leaving(draft: PersonDraft, people: ScreenModel, offer: PeopleOffer, staff_id: int) -> ScreenModel:
    leave = Choice(robot_id="dismiss", label=offer.remove, press=DismissPerson(staff_id=staff_id))
    hints = dict(offer.remove_hints)
    return _page(people, ScreenName.PERSON, draft.name, choices=(leave,), lines=(hints[staff_id],))


def _roles(people: ScreenModel, headline: str, offer: PeopleOffer, press: Any) -> ScreenModel:
    choices = tuple(
        Choice(robot_id=f"role_{role.name.lower()}", label=label, press=press(role)) for role, label in offer.roles
    )
    return _page(people, ScreenName.PERSON, headline, choices=choices)


def _name_ask(offer: PeopleOffer, fill: Any, text: str) -> TextAsk:
    return TextAsk(
        name=offer.name,
        fill=fill,
        place="name",
        done=offer.done,
        text=text,
        chars_max=offer.name_chars_max,
        capitals=Capitals.IN_NAMES,
    )


def _pin_ask(offer: PeopleOffer, fill: Any) -> NewPinAsk:
    return NewPinAsk(
        fill=fill,
        place="pin",
        hint=offer.pin_hint,
        again=offer.pin_again,
        differs=offer.pin_differs,
        bad=offer.pin_bad,
        digits_max=offer.digits_max,
    )


def _asking(people: ScreenModel, name: ScreenName, headline: str, ask: Ask) -> ScreenModel:
    return _page(people, name, headline, ask=ask)


def _page(people: ScreenModel, name: ScreenName, headline: str, **parts: Any) -> ScreenModel:
    bare = replace(people, lines=(), warning="", rows=(), actions=(), choices=())
    return replace(bare, name=name, headline=headline, back=LeavePage.NOW, **parts)
