"""Settings are read strictly, written as they are read, and kept in the journal."""

from dataclasses import replace

import pytest

from terminal_app.office import change_setting, settings_of
from terminal_app.office_commands import Approve, ChangeSetting, EnterPerson, OpenPage, Page, SignIn
from terminal_app.presenter import Presenter
from terminal_app.reports import queue_view
from terminal_app.roles import Role
from terminal_app.screen_model import AskFor, Cancel, Choose, NextSale, ScanAnswer, ThemeName, filled
from terminal_app.settings import (
    AMOUNT_MINOR_MAX,
    KINDS,
    Settings,
    SoundLevel,
    TipPolicy,
    changed,
    settings_from,
    text_of,
)
from tests.unit.terminal_app.fake_server import LIMITS
from tests.unit.terminal_app.people import CASHIER_PIN, OWNER_PIN, sell
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.states import State


@pytest.mark.parametrize("name", KINDS)
def test_the_text_of_a_setting_reads_back(name: str) -> None:
    """Defaults are settings like all others."""
    assert changed(Settings(), name, text_of(Settings(), name)) == Settings()


@pytest.mark.parametrize("name", KINDS)
def test_each_choice_can_be_chosen(name: str) -> None:
    """What a screen offers is taken."""
    for text in KINDS[name].choices:
        assert text_of(changed(Settings(), name, text), name) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("language", "xx"),
        ("language", ""),
        ("volume_percent", "101"),
        ("volume_percent", "-1"),
        ("volume_percent", "٣"),
        ("volume_percent", "9" * 4000),
        ("tip_percents", ""),
        ("tip_percents", "5 5"),
        ("tip_percents", "10 5"),
        ("tip_percents", "5 10 15 20"),
        ("tip_percents", "0"),
        ("tip_percents", "101"),
        ("sign_out_s", "43201"),
        ("printer", "tcp:\x1b[2J"),
        ("receipt_footer", "x" * 121),
        ("no_such", "1"),
    ],
)
def test_what_will_not_do_is_refused(name: str, text: str) -> None:
    """By the name of the setting, and nothing has changed."""
    with pytest.raises(MisuseError) as caught:
        changed(Settings(), name, text)
    assert (caught.value.code, caught.value.param) == (ErrorCode.BAD_ARGUMENT, name)


def test_what_a_newer_or_older_program_wrote_does_not_stop_the_till() -> None:
    """An unknown name or a text that no longer fits is passed over."""
    texts = {"sound": "voice", "hologram": "on", "theme": "neon", "tip_percents": "8 12"}
    assert settings_from(texts) == Settings(sound=SoundLevel.VOICE, tip_percents=(8, 12))


def test_a_setting_is_durable_and_written_once(shop: Shop) -> None:
    """It is there after a crash; the same value again is no new fact."""
    length = shop.journal.length
    change_setting(shop.journal, "tip_policy", "on_phone", time=shop.time)
    change_setting(shop.journal, "tip_policy", "on_phone", time=shop.time)
    assert shop.journal.length == length + 1
    shop.restart()
    assert settings_of(shop.till.views).tip_policy is TipPolicy.ON_PHONE


def test_the_larger_the_role_the_larger_the_refund() -> None:
    """An owner is bound by the sale alone."""
    bounds = [Settings().refund_max_minor(role) for role in (Role.CASHIER, Role.SUPERVISOR, Role.OWNER)]
    assert bounds == [5_000, 50_000, 2**32 - 1]


def test_the_shops_own_offline_limits_bind_and_never_widen_the_operators(shop: Shop) -> None:
    """Smaller than the operator's they refuse a payment and show in the queue; larger ones change nothing."""
    shop.do(ChangeSetting(name="offline_payment_minor", text="1000"))
    shop.do(ChangeSetting(name="offline_stored_minor", text=str(AMOUNT_MINOR_MAX)))
    shop.go_offline()
    request = shop.show_code(1001)
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request).envelope)
    assert (shop.refusal, shop.sale.state) == (ErrorCode.OVER_TERMINAL_LIMIT, State.REQUESTED)
    limits, operators = shop.snapshot.limits, shop.snapshot.operators_limits
    assert limits is not None
    assert operators is not None
    assert (limits.payment_max_minor, limits.stored_max_minor) == (1000, operators.stored_max_minor)
    assert queue_view(shop.till.views, at_s=0).room_minor == 1000
    shop.do(Cancel())
    shop.run()
    shop.do(NextSale())
    shop.do(ChangeSetting(name="offline_payment_minor", text="0"))
    assert shop.snapshot.limits == operators


@pytest.mark.parametrize(
    ("name", "text", "bound", "narrowed"),
    [
        ("offline_payment_minor", "700", "payment_max_minor", 700),
        ("offline_stored_minor", "900", "stored_max_minor", 900),
        ("offline_customer_minor", "800", "token_stored_max_minor", 800),
        ("offline_count", "2", "stored_count_max", 2),
        ("offline_age_h", "4", "stored_age_max_s", 4 * 3600),
    ],
)
def test_each_limit_of_the_shop_narrows_one_of_the_operators(name: str, text: str, bound: str, narrowed: int) -> None:
    """That one alone; more than the operator allows, and 0, leave all as they are."""
    assert changed(Settings(), name, text).narrowed(LIMITS) == replace(LIMITS, **{bound: narrowed})
    for open_text in ("0", "700000" if name.endswith("minor") else "100000" if name == "offline_count" else "720"):
        assert changed(Settings(), name, open_text).narrowed(LIMITS) == LIMITS


def test_a_shop_that_takes_two_offline_payments_takes_no_third(shop: Shop) -> None:
    """And none from a customer whose share is used up, or while the oldest is too old; each says why."""
    shop.do(ChangeSetting(name="offline_count", text="2"))
    shop.go_offline()
    for _ in range(2):
        sell(shop, 500)
    assert refused_offline(shop) == "The till holds as many payments as it may without network (limit 2)."
    shop.do(ChangeSetting(name="offline_count", text="0"))
    shop.do(ChangeSetting(name="offline_age_h", text="4"))
    shop.clock.advance(4 * 3600 + 1)
    assert refused_offline(shop) == "Stored payments are too old. Connect the till first."
    shop.do(ChangeSetting(name="offline_age_h", text="0"))
    shop.do(ChangeSetting(name="offline_customer_minor", text="400"))
    assert refused_offline(shop) == "Too much from one customer without network (limit 4.00 EUR)."


def refused_offline(shop: Shop) -> str:
    """What the screen says of an offline payment that is not taken."""
    request = shop.show_code(500)
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request).envelope)
    assert shop.sale.state is State.REQUESTED
    said = Presenter(zone=None).present(shop.snapshot).lines[0]
    shop.do(Cancel())
    shop.run()
    shop.do(NextSale())
    return said


def test_how_much_is_risked_is_the_owners_business(shop: Shop) -> None:
    """A manager sets the language; a limit needs the owner's PIN."""
    shop.do(EnterPerson(name="Ada", role=Role.OWNER, pin=OWNER_PIN))
    shop.do(EnterPerson(name="Bo", role=Role.SUPERVISOR, pin=CASHIER_PIN))
    shop.do(SignIn(staff_id=2, pin=CASHIER_PIN))
    shop.do(ChangeSetting(name="theme", text="daylight"))
    assert shop.snapshot.settings.theme is ThemeName.DAYLIGHT
    shop.do(ChangeSetting(name="refund_supervisor_minor", text="99999999"))
    assert shop.refusal is ErrorCode.ROLE_FORBIDS
    assert shop.snapshot.settings.refund_supervisor_minor == Settings().refund_supervisor_minor
    shop.do(Approve(staff_id=1, pin=OWNER_PIN))
    assert shop.snapshot.settings.refund_supervisor_minor == 99_999_999


@pytest.mark.parametrize("name", [name for name in KINDS if name != "scanner_layout"])
def test_a_touch_on_each_setting_leads_to_another_one_that_is_taken(shop: Shop, name: str) -> None:
    """Through the steps, by a choice, or by what is typed; the screen never offers what the till refuses."""
    shop.do(OpenPage(page=Page.SETTINGS))
    row = next(row for row in Presenter(zone=None).present(shop.snapshot).rows if row.robot_id == f"set_{name}")
    press = row.press
    match press:
        case Choose():
            command = press.choices[-1].press
        case AskFor():
            command = filled(press.ask, "12")
        case _:
            command = press
    shop.do(command)
    assert shop.refusal is None
    assert text_of(shop.snapshot.settings, name) == command.text != text_of(Settings(), name)
