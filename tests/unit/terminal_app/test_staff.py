"""PINs: right ones let in, wrong ones cost ever more time, by the monotonic clock and across restarts."""

import pytest

from terminal_app.office import Staff
from terminal_app.office.staff import FREE_TRIES, PAUSE_MS_MAX, pause_ms
from terminal_app.roles import Permission, Role
from tests.unit.terminal_app.people import CASHIER_PIN, OWNER_PIN, staff_of
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError


@pytest.fixture
def staff(shop: Shop) -> Staff:
    """An owner and a cashier; nobody stands at the till."""
    people = staff_of(shop)
    people.enter("Ada", Role.OWNER, OWNER_PIN)
    people.enter("Ben", Role.CASHIER, CASHIER_PIN)
    return people


def wrong(staff: Staff, name: str = "Ben") -> ErrorCode:
    """Type a wrong PIN."""
    person = next(one for one in staff.people if one.name == name)
    with pytest.raises(RuleViolationError) as caught:
        staff.sign_in(person.staff_id, "9713")
    return caught.value.code


def test_a_till_without_people_is_open_and_the_first_must_be_an_owner(shop: Shop) -> None:
    """Nobody is locked out of a new till, and nobody is entered whom no owner let in."""
    staff = staff_of(shop)
    assert staff.check_may(Permission.MANAGE_STAFF) is Role.OWNER
    with pytest.raises(MisuseError, match="owner"):
        staff.enter("Ben", Role.CASHIER, CASHIER_PIN)
    staff.enter("Ada", Role.OWNER, OWNER_PIN)
    with pytest.raises(RuleViolationError) as caught:
        staff.check_may(Permission.SELL)
    assert caught.value.code is ErrorCode.ROLE_FORBIDS


def test_the_right_pin_lets_in(staff: Staff, shop: Shop) -> None:
    """Until the till is started anew: whoever was there may be gone by then."""
    ben = staff.people[1]
    staff.sign_in(ben.staff_id, CASHIER_PIN)
    assert staff.role is Role.CASHIER
    with pytest.raises(RuleViolationError):
        staff.check_may(Permission.REPORT_Z)
    assert staff.signed_in is not None
    assert staff.signed_in.name == "Ben"
    shop.restart()
    again = staff_of(shop)
    length = shop.journal.length
    again.sign_out()
    assert (again.role, shop.journal.length) == (None, length)


def test_wrong_pins_cost_ever_more_time(staff: Staff, shop: Shop) -> None:
    """Three slips are free. In a pause no PIN is looked at, not even the right one."""
    ben = staff.people[1].staff_id
    assert [wrong(staff) for _ in range(FREE_TRIES)] == [ErrorCode.WRONG_PIN] * 3
    assert staff.locked_for_s(ben) == 5
    assert wrong(staff) is ErrorCode.LOCKED_OUT
    with pytest.raises(RuleViolationError) as caught:
        staff.sign_in(ben, CASHIER_PIN)
    assert caught.value.code is ErrorCode.LOCKED_OUT
    shop.clock.advance(5)
    assert wrong(staff) is ErrorCode.WRONG_PIN
    assert staff.locked_for_s(ben) == 10
    shop.clock.advance(10)
    staff.sign_in(ben, CASHIER_PIN)
    assert wrong(staff) is ErrorCode.WRONG_PIN


def test_a_clock_set_forward_ends_no_pause(staff: Staff, shop: Shop) -> None:
    """The wall clock has no say."""
    for _ in range(FREE_TRIES):
        wrong(staff)
    shop.clock.jump(86_400)
    assert wrong(staff) is ErrorCode.LOCKED_OUT


def test_a_restart_gives_no_new_tries(staff: Staff, shop: Shop) -> None:
    """The failures are in the journal, and the pause begins anew."""
    for _ in range(FREE_TRIES):
        wrong(staff)
    shop.restart()
    again = staff_of(shop)
    assert wrong(again) is ErrorCode.LOCKED_OUT
    shop.clock.advance(5)
    assert wrong(again) is ErrorCode.WRONG_PIN


def test_one_persons_failures_do_not_lock_out_another(staff: Staff) -> None:
    """Ada can still open the till."""
    for _ in range(FREE_TRIES):
        wrong(staff)
    assert staff.sign_in(staff.people[0].staff_id, OWNER_PIN).name == "Ada"


def test_pauses_grow_to_a_bound() -> None:
    """5 s, 10 s, 20 s ... a quarter of an hour."""
    pauses = [pause_ms(failures) for failures in range(2, 6)]
    assert pauses == [0, 5_000, 10_000, 20_000]
    assert pause_ms(10_000) == PAUSE_MS_MAX


def test_a_manager_may_approve_while_the_cashier_stays(staff: Staff) -> None:
    """One thing is allowed, nobody else stands at the till; and a cashier's PIN does not help a cashier."""
    ada, ben = staff.people
    staff.sign_in(ben.staff_id, CASHIER_PIN)
    assert staff.approve(ada.staff_id, OWNER_PIN, Permission.REPORT_Z) is Role.OWNER
    assert staff.signed_in is not None
    assert staff.signed_in.name == "Ben"
    with pytest.raises(RuleViolationError) as caught:
        staff.approve(ben.staff_id, CASHIER_PIN, Permission.REPORT_Z)
    assert caught.value.code is ErrorCode.ROLE_FORBIDS


def test_somebody_must_be_the_owner(staff: Staff) -> None:
    """The last owner can neither leave nor be made less."""
    ada, ben = staff.people
    with pytest.raises(MisuseError):
        staff.dismiss(ada.staff_id)
    with pytest.raises(MisuseError):
        staff.change(ada.staff_id, name="Ada", role=Role.SUPERVISOR, pin="")
    staff.change(ben.staff_id, name="Benno", role=Role.OWNER, pin="")
    staff.dismiss(ada.staff_id)
    assert [one.name for one in staff.people] == ["Benno"]
    staff.sign_in(ben.staff_id, CASHIER_PIN)


def test_whoever_left_cannot_come_back(staff: Staff) -> None:
    """Their name stays, their PIN does not; who stood at the till is signed out by it."""
    ben = staff.people[1]
    staff.sign_in(ben.staff_id, CASHIER_PIN)
    staff.dismiss(ben.staff_id)
    assert staff.signed_in is None
    with pytest.raises(MisuseError):
        staff.sign_in(ben.staff_id, CASHIER_PIN)


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "٠٢٥٨", "0000", "1234", "9876", "7890"])
def test_a_pin_that_everybody_tries_first_is_none(staff: Staff, pin: str) -> None:
    """Four to eight digits, not all alike and not in a row."""
    with pytest.raises(MisuseError) as caught:
        staff.enter("Eve", Role.CASHIER, pin)
    assert caught.value.param == "pin"


def test_nothing_that_is_kept_shows_a_pin(staff: Staff, shop: Shop) -> None:
    """Neither the file nor a log line."""
    staff.sign_in(staff.people[0].staff_id, OWNER_PIN)
    content = shop.path.read_bytes() + shop.path.with_name(shop.path.name + "-wal").read_bytes()
    person = staff.people[0]
    assert OWNER_PIN.encode() not in content
    assert person.pin_hash in content
    assert person.pin_hash.hex() not in repr(person)
    assert repr(person.pin_hash) not in repr(person)
