"""Every moment of the core has its screen, and every refusal its words."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from terminal_app.core import Lane
from terminal_app.i18n import Catalogue, Language, MessageId, catalogue_of
from terminal_app.i18n.en import ENGLISH
from terminal_app.i18n.refusals import words_for
from terminal_app.office_commands import EnterPerson, OpenPage, Page, SignIn, SignOut
from terminal_app.presenter import Presenter
from terminal_app.roles import Role
from terminal_app.screen_model import (
    PLAIN_COMMANDS,
    Cancel,
    CommandName,
    Emphasis,
    NetworkState,
    NetworkSwitch,
    NextSale,
    ScanAnswer,
    ScanCustomer,
    ScreenModel,
    ScreenName,
    ShowReceipt,
)
from tests.unit.terminal_app.fake_server import LIMITS, Road
from tests.unit.terminal_app.people import OWNER_PIN
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.check_words import check_words
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError, error_class
from wallet_sdk.protocol.messages import AuthorizationMode
from wallet_sdk.protocol.states import State


@pytest.fixture
def presenter() -> Presenter:
    """English, Greenwich."""
    return Presenter(zone=UTC)


def scan_customer(shop: Shop) -> None:
    """The customer's code is to be scanned."""
    shop.do(ScanCustomer(amount_minor=1250))


def show(shop: Shop) -> None:
    """A code is shown."""
    shop.show_code(reference="T-17")


def accept(shop: Shop) -> None:
    """Accepted offline."""
    shop.go_offline()
    request = shop.show_code()
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request).envelope)


def pay(shop: Shop) -> None:
    """Paid by a code."""
    scan_customer(shop)
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)
    shop.run()


def decline(shop: Shop) -> None:
    """Declined."""
    shop.server.decline = ErrorCode.INSUFFICIENT_FUNDS
    pay(shop)


def lose(shop: Shop) -> None:
    """Not known."""
    scan_customer(shop)
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)
    shop.server.road = Road.LOST_AFTER
    shop.run(Lane.COUNTER)


def cancel(shop: Shop) -> None:
    """Cancelled."""
    shop.show_code()
    shop.do(Cancel())
    shop.run()


def expire(shop: Shop) -> None:
    """Expired."""
    shop.show_code()
    shop.clock.advance(120)
    shop.core.tick()
    shop.run()


def verify(shop: Shop) -> None:
    """Asked, not answered."""
    scan_customer(shop)
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)


STORIES: dict[ScreenName, Callable[[Shop], None]] = {
    ScreenName.KEYPAD: lambda _: None,
    ScreenName.SHOW_CODE: show,
    ScreenName.SCAN: scan_customer,
    ScreenName.VERIFYING: verify,
    ScreenName.PAID: pay,
    ScreenName.ACCEPTED_OFFLINE: accept,
    ScreenName.NOT_PAID: decline,
    ScreenName.UNKNOWN: lose,
    ScreenName.EXPIRED: expire,
    ScreenName.CANCELLED: cancel,
}


@pytest.mark.parametrize("name", STORIES)
def test_each_story_ends_on_its_screen(shop: Shop, presenter: Presenter, name: ScreenName) -> None:
    """The screen, its word, the amount; the way forward is the one primary button; plain buttons can be pressed."""
    STORIES[name](shop)
    model = presenter.present(shop.snapshot)
    assert model.name is name
    assert model.headline
    if name is not ScreenName.KEYPAD:
        assert model.amount is not None
        assert (model.amount.number, model.amount.currency) == ("12.50", "EUR")
    primary = [action for action in model.actions if action.emphasis is Emphasis.PRIMARY]
    assert len(primary) == (0 if name in {ScreenName.SCAN, ScreenName.VERIFYING} else 1)
    with_values = {CommandName.SHOW_CODE, CommandName.SCAN_CUSTOMER}
    assert all(action.command in PLAIN_COMMANDS or action.command in with_values for action in model.actions)
    assert (model.warning == "DO NOT CHARGE AGAIN") == (name is ScreenName.UNKNOWN)


def test_the_enrol_screen_offers_the_server(tmp_path: object, shop: Shop, presenter: Presenter) -> None:
    """Before joining: the form, with the address filled in; a refusal in words."""
    till = Shop(shop.folder / "new")
    model = presenter.present(till.snapshot)
    assert (model.name, model.server_url) == (ScreenName.ENROL, "http://server.test")
    refusal = RuleViolationError(ErrorCode.UNKNOWN_ACTIVATION_CODE, "no")
    model = presenter.present(replace(till.snapshot, refusal=refusal))
    assert model.lines == ("This activation code is not known.",)


def test_the_shown_code_is_the_signed_request(shop: Shop, presenter: Presenter) -> None:
    """What a camera reads from the screen is the request, and the time left counts down."""
    show(shop)
    model = presenter.present(shop.snapshot)
    assert model.code_text == qr.to_text(shop.request.envelope)
    assert model.remaining_s == 120
    assert "Reference T-17" in model.lines


def test_the_receipt_is_shown_as_a_code(shop: Shop, presenter: Presenter) -> None:
    """Our own receipt after an offline acceptance, with the two words of the payer's consent."""
    accept(shop)
    shop.do(ShowReceipt())
    model = presenter.present(shop.snapshot)
    own, digest = shop.sale.offline_receipt, shop.sale.consent_digest
    assert own is not None
    assert digest is not None
    assert (model.name, model.code_text) == (ScreenName.SHOW_CODE, qr.to_text(own))
    assert model.check_words is not None
    assert (model.check_words.first, model.check_words.second) == check_words(digest)


def test_the_bar_says_what_waits_and_what_was_last(shop: Shop, presenter: Presenter) -> None:
    """Network, queue and the last result with its time."""
    accept(shop)
    shop.do(NextSale())
    bar = presenter.present(shop.snapshot).bar
    assert (bar.network, bar.queue_count, bar.queue_total) == (NetworkState.SWITCHED_OFF, 1, "12.50 EUR")
    assert bar.last_result == "ACCEPTED OFFLINE 12.50 12:00"
    shop.server.decline = ErrorCode.DOUBLE_SPEND
    shop.switch(NetworkSwitch.ON)
    model = presenter.present(shop.snapshot)
    assert (model.bar.queue_count, model.bar.queue_total) == (0, "")
    assert model.lines == ("1 disputed: call the office (12.50 EUR)",)


def test_a_refused_scan_is_told_in_plain_words(shop: Shop, presenter: Presenter) -> None:
    """The limit is named with its amount."""
    shop.go_offline()
    request = shop.show_code(6_000)
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request, token=shop.token(payment_max_minor=9_000)).envelope)
    model: ScreenModel = presenter.present(shop.snapshot)
    assert model.lines == ("Too much for paying without network (limit 50.00 EUR).",)
    shop.scan(shop.answer(request, cumulative_minor=0, mode=AuthorizationMode.ONLINE).envelope)
    model = presenter.present(shop.snapshot)
    assert model.lines == ("This needs the network. Ask the customer to pay offline.",)


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_code_has_words(shop: Shop, presenter: Presenter, code: ErrorCode) -> None:
    """No error leaves the cashier with a blank line, a number, or a place nobody filled."""
    for param in (None, "certificate", *(name for name in type(LIMITS).__dataclass_fields__)):
        error = error_class(code)(code, "for developers", param=param)
        (line, *_) = presenter.present(replace(shop.snapshot, refusal=error)).lines
        assert line
        assert "{" not in line
        assert str(int(code)) not in line


def test_codes_that_are_not_genuine_say_so() -> None:
    """The words of the brief."""
    assert ENGLISH[words_for(ErrorCode.BAD_SIGNATURE)] == "This code is not genuine."
    assert words_for(ErrorCode.NOT_CANONICAL) is MessageId.NOT_GENUINE
    assert words_for(ErrorCode.WRONG_MESSAGE_TYPE) is MessageId.WRONG_CODE


def test_a_blocked_till_does_not_blame_the_customer() -> None:
    """REVOKED is told of a wallet and of the till itself; its parameter says which. A blocked shop has its own code."""
    assert ENGLISH[words_for(ErrorCode.REVOKED)] == "This customer cannot pay."
    blocked = words_for(ErrorCode.REVOKED, param="terminal_id")
    assert ENGLISH[blocked] == "The server does not know this till. Call for help."
    assert ENGLISH[words_for(ErrorCode.MERCHANT_BLOCKED)] == "This shop is blocked. Call for help."


def test_an_unknown_number_of_a_newer_server_is_no_crash(shop: Shop, presenter: Presenter) -> None:
    """A code from the future has no words yet; the screen still stands."""
    decline(shop)
    newer = replace(shop.sale, error_code=2999)
    model = presenter.present(replace(shop.snapshot, sale=newer))
    assert model.lines[0] == "Nothing was charged."
    assert shop.sale.state is State.DECLINED


def test_a_missing_text_fails_loudly() -> None:
    """A catalogue is complete or is none; a place without a value is an error."""
    texts = dict(ENGLISH)
    del texts[MessageId.PAID]
    with pytest.raises(MisuseError, match="paid"):
        Catalogue(texts)
    with pytest.raises(MisuseError, match="same_words"):
        catalogue_of(Language.ENGLISH).text(MessageId.SAME_WORDS, first="amber")


def test_a_till_without_a_shop_has_its_menu_but_no_history(tmp_path: Path, presenter: Presenter) -> None:
    """Language, devices and people come first; whoever is an owner signs in again after a restart."""
    fresh = Shop(tmp_path)
    fresh.core.start()
    assert presenter.present(fresh.snapshot).bar.menu == OpenPage(page=Page.MENU)
    fresh.do(OpenPage(page=Page.MENU))
    offered = {choice.robot_id for choice in presenter.present(fresh.snapshot).choices}
    assert {"settings", "devices", "staff"} <= offered
    assert not {"history", "queue", "x_report"} & offered
    fresh.do(EnterPerson(name="Ada", role=Role.OWNER, pin=OWNER_PIN))
    fresh.do(SignOut())
    assert presenter.present(fresh.snapshot).name is ScreenName.SIGN_IN
    fresh.do(SignIn(staff_id=1, pin=OWNER_PIN))
    assert presenter.present(fresh.snapshot).name is ScreenName.ENROL


@pytest.mark.parametrize(
    ("name", "text"),
    [("role", MessageId.OWNER_STAYS), ("pin", MessageId.PIN_FORM), ("server_url", MessageId.BAD_ADDRESS)],
)
def test_what_was_typed_wrongly_is_named(name: str, text: MessageId) -> None:
    """Not "check what you typed" where it is known which line it was."""
    assert words_for(ErrorCode.BAD_ARGUMENT, param=name) is text


def test_a_stick_that_is_gone_is_no_broken_till() -> None:
    """The journal cannot be written: stop. A file to carry cannot be: plug the stick in."""
    assert words_for(ErrorCode.STORAGE_FAILED) is MessageId.STORAGE
    assert words_for(ErrorCode.STORAGE_FAILED, param="file") is MessageId.NO_FILE
