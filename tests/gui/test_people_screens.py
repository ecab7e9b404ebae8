"""People are entered, changed and removed with fingers alone, and what is typed on the glass is what is kept."""

from collections.abc import Callable
from pathlib import Path

import pytest

from terminal_app.office_commands import ChangeSetting, ClosePage, EnterPerson
from terminal_app.presenter import Presenter
from terminal_app.roles import Role
from terminal_app.screen_model import Appearance, Language, ScreenModel, ScreenName, layers_of
from terminal_app.ui.samples import samples
from tests.gui.counter import Counter
from tests.gui.layout import press_areas
from tests.gui.stage import Till, settle
from tests.unit.terminal_app.people import CASHIER_PIN, OWNER_PIN, sell
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.screen import finger
from wallet_sdk.screen.environment import PANEL_7_LANDSCAPE, PANEL_7_PORTRAIT, Panel

TillOf = Callable[[ScreenModel, Panel], Till]


@pytest.fixture
def counter(till_of: TillOf, tmp_path: Path) -> Counter:
    """A till of a shop that nobody has been entered at."""
    shop = Shop(tmp_path).enrol()
    return Counter(till_of(Presenter(zone=None).present(shop.snapshot), PANEL_7_LANDSCAPE), shop)


def people_of(counter: Counter) -> list[tuple[str, Role]]:
    """Who works here."""
    return [(each.name, each.role) for each in counter.shop.staff.people]


def test_the_first_owner_enters_herself_and_then_a_cashier(counter: Counter) -> None:
    """Name, PIN twice, and she is signed in; the second one is given a role; a wrong repeat is asked again."""
    counter.tap("menu", "staff")
    assert counter.lines()[0].startswith("Nobody is entered")
    counter.tap("add_person")
    counter.type("A", "d", "a", "space", "L", "layer", "é")
    assert counter.texts("text")[-1] == "Ada Lé"
    counter.tap("done")
    assert counter.shows(ScreenName.NEW_PIN), "the first one is the owner: no role is asked"
    counter.type(*"1111", "enter")
    assert counter.texts("lines") == ["4 to 8 digits, not all alike and not in a row."]
    counter.type(*OWNER_PIN, "enter", *"2581", "enter")
    assert counter.texts("lines") == ["Not the same. Choose the PIN again."]
    counter.type(*OWNER_PIN, "enter", *OWNER_PIN, "enter")
    assert people_of(counter) == [("Ada Lé", Role.OWNER)]
    signed_in = counter.shop.staff.signed_in
    assert signed_in is not None
    assert signed_in.name == "Ada Lé"
    counter.tap("add_person")
    counter.type("B", "o")
    counter.tap("done", "role_cashier")
    counter.type(*CASHIER_PIN, "enter", *CASHIER_PIN, "enter")
    assert people_of(counter) == [("Ada Lé", Role.OWNER), ("Bo", Role.CASHIER)]
    assert counter.shows(ScreenName.STAFF)


@pytest.fixture
def staffed(counter: Counter) -> Counter:
    """Ada the owner has signed in and looks at the people; Bo sells."""
    counter.shop.do(EnterPerson(name="Ada", role=Role.OWNER, pin=OWNER_PIN))
    counter.shop.do(EnterPerson(name="Bo", role=Role.CASHIER, pin=CASHIER_PIN))
    counter.look()
    assert counter.shows(ScreenName.STAFF)
    return counter


def test_somebody_is_renamed_promoted_given_a_pin_and_removed(staffed: Counter) -> None:
    """One touch for each part; removing is asked about once more, and Back keeps everybody."""
    staffed.tap("person_2", "person_name")
    staffed.type("b", "o")
    staffed.tap("done")
    assert people_of(staffed)[1] == ("Bobo", Role.CASHIER)
    staffed.tap("person_2", "person_role", "role_supervisor")
    assert people_of(staffed)[1] == ("Bobo", Role.SUPERVISOR)
    staffed.tap("person_2", "person_pin")
    staffed.type(*"8246", "enter", *"8246", "enter")
    staffed.shop.staff.sign_in(staffed.shop.staff.people[1].staff_id, "8246")
    staffed.shop.staff.sign_in(staffed.shop.staff.people[0].staff_id, OWNER_PIN)
    staffed.tap("person_2", "person_leave", "back")
    assert len(people_of(staffed)) == 2
    staffed.tap("person_2", "person_leave", "dismiss")
    assert people_of(staffed) == [("Ada", Role.OWNER)]


def test_the_last_owner_stays(staffed: Counter) -> None:
    """A till that nobody owns could never be changed again: the page says why."""
    staffed.tap("person_1", "person_role", "role_cashier")
    assert staffed.lines() == ("Somebody must be the owner.",)
    staffed.tap("person_1", "person_leave", "dismiss")
    assert people_of(staffed) == [("Ada", Role.OWNER), ("Bo", Role.CASHIER)]


def test_a_name_is_typed_on_a_keyboard_too(staffed: Counter) -> None:
    """Whatever script it brings; Escape gives up, Enter keeps."""
    staffed.tap("add_person")
    for character in "李明":
        finger.type_character(character)
    finger.press_key(finger.BACKSPACE_KEY)
    settle()
    assert staffed.texts("text")[-1] == "李"
    finger.press_key(finger.ESCAPE_KEY)
    settle()
    assert staffed.till.root.model.name is ScreenName.STAFF


def test_the_history_is_searched_by_letters_on_the_glass(counter: Counter) -> None:
    """The keys come up by a touch on the line; what was found can be widened again."""
    sell(counter.shop, 500, reference="Tisch 7")
    sell(counter.shop, 700)
    counter.look()
    counter.tap("menu", "history", "search")
    counter.type("t", "i", "s")
    counter.tap("done")
    assert [row.amount.number for row in counter.till.root.model.rows if row.amount] == ["5.00"]
    counter.tap("search")
    counter.type("backspace", "backspace", "backspace")
    counter.tap("done")
    assert len(counter.till.root.model.rows) == 2


def test_a_reference_is_typed_before_the_sale_and_stays_with_it(counter: Counter) -> None:
    """The amount that was typed is still there after it; it can be changed, and the next sale begins without."""
    counter.type("5", "00")
    counter.tap("reference")
    counter.type("t", "space")
    finger.type_character("7")
    counter.tap("done", "reference")
    assert counter.texts("text")[-1] == "t 7"
    counter.tap("back")
    assert (counter.texts("reference"), counter.texts("amount")[0]) == (["t 7"], "5.00")
    counter.tap("show_code")
    assert counter.shop.sale.reference == "t 7"
    assert "Reference t 7" in counter.lines()
    counter.tap("cancel")
    counter.call()
    counter.tap("next_sale")
    assert counter.texts("reference") == ["Reference"]


def test_back_from_the_tips_goes_on_with_what_was_typed(counter: Counter) -> None:
    """Amount and reference; a tip then begins the sale with both."""
    counter.shop.do(ChangeSetting(name="tip_policy", text="at_till"))
    counter.shop.do(ClosePage())
    counter.look()
    counter.type("5", "00")
    counter.tap("reference")
    counter.type("a")
    counter.tap("done", "show_code", "back")
    assert (counter.texts("reference"), counter.texts("amount")[0]) == (["a"], "5.00")
    counter.tap("show_code", "tip_10")
    assert (counter.shop.sale.reference, counter.shop.sale.paid_minor) == ("a", 550)


def test_a_refund_takes_a_reason_in_own_words(counter: Counter) -> None:
    """They come back to the pad with the amount that was typed, and go to the operator with the refund."""
    sell(counter.shop, 500)
    counter.look()
    counter.tap("menu", "history")
    counter.tap(counter.till.root.model.rows[0].robot_id, "refund")
    counter.type("2", "00")
    counter.tap("reason_other")
    counter.type("c", "o", "l", "d")
    counter.tap("done")
    assert counter.shows(ScreenName.REFUND)
    counter.tap("refund")
    counter.call()
    (refund,) = counter.shop.till.views.office.refunds.values()
    assert (refund.refund.message.amount_minor, refund.refund.message.reason) == (200, "cold")


@pytest.mark.parametrize(
    ("language", "own", "panel"),
    [
        pytest.param(Language.ARABIC, "ع", PANEL_7_PORTRAIT, id="ar"),
        pytest.param(Language.HINDI, "क", PANEL_7_LANDSCAPE, id="hi"),
        pytest.param(Language.FRENCH, "é", PANEL_7_LANDSCAPE, id="fr"),
    ],
)
def test_every_layer_of_a_keyboard_types_what_it_shows(
    till_of: TillOf, panel: Panel, language: Language, own: str
) -> None:
    """Each language's own letters, Latin ones, marks and figures."""
    till = till_of(samples(Appearance(language=language))[ScreenName.TYPE_TEXT], panel)
    seen: set[str] = set()
    for _ in layers_of(language):
        keys = {each.label_text for each in press_areas() if len(each.label_text) == 1}
        till.tap(f"key_{max(keys)}")
        assert till.texts()["text"][-1].endswith(max(keys))
        seen |= keys
        till.tap("key_layer")
    assert {"1", "@", "é", "z", own} <= seen
