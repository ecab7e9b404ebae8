"""The screen model is values: what it holds, and what a button's name becomes."""

import dataclasses
from datetime import UTC, datetime
from typing import get_args

import pytest

from terminal_app import screen_model
from terminal_app.screen_model import (
    PLAIN_COMMANDS,
    Cancel,
    Command,
    CommandName,
    Language,
    NetworkState,
    NextSale,
    ScreenModel,
    ScreenName,
    TopBar,
    figures,
    minor_of,
    moment_text,
    money_text,
)
from wallet_sdk.protocol.money import Currency, Money

WITH_ARGUMENTS = {CommandName.ENROL, CommandName.SHOW_CODE, CommandName.SCAN_CUSTOMER, CommandName.SWITCH_NETWORK}


def test_every_command_name_is_plain_or_takes_arguments() -> None:
    """A button whose command nobody can make would do nothing."""
    assert set(PLAIN_COMMANDS) | WITH_ARGUMENTS == set(CommandName)
    assert not set(PLAIN_COMMANDS) & WITH_ARGUMENTS


def test_a_plain_command_is_the_one_its_name_says() -> None:
    """The table maps each name to the command of that name."""
    assert PLAIN_COMMANDS[CommandName.CANCEL] == Cancel()
    assert PLAIN_COMMANDS[CommandName.NEXT_SALE] == NextSale()
    for name, command in PLAIN_COMMANDS.items():
        assert type(command).__name__ == name.value.title().replace("_", "")


def test_the_union_of_commands_has_one_class_for_each_name() -> None:
    """Names and commands are one to one."""
    classes = {each.__name__ for each in get_args(Command)}
    assert classes == {name.value.title().replace("_", "") for name in CommandName}


def test_a_model_cannot_be_changed() -> None:
    """Models cross threads, so they are frozen."""
    bar = TopBar(shop="Corner Café", till="Till 2", network=NetworkState.ONLINE)
    model = ScreenModel(name=ScreenName.PAID, headline="PAID", bar=bar)
    with pytest.raises(dataclasses.FrozenInstanceError):
        model.headline = "NOT PAID"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("amount_minor", "fraction_digits", "number"),
    [
        (0, 2, "0.00"),
        (5, 2, "0.05"),
        (1250, 2, "12.50"),
        (999_999_999, 2, "9,999,999.99"),
        (1250, 0, "1,250"),
        (1250, 3, "1.250"),
    ],
)
def test_an_amount_fills_from_the_right(amount_minor: int, fraction_digits: int, number: str) -> None:
    """Minor units become figures with the currency's own number of decimals."""
    assert figures(amount_minor, fraction_digits=fraction_digits, language=Language.ENGLISH) == number


@pytest.mark.parametrize(
    ("language", "minor", "text", "day"),
    [
        (Language.ENGLISH, 123_456_789, "1,234,567.89 EUR", "2027-01-15 14:02"),
        (Language.GERMAN, 1_250, "12,50 EUR", "15.01.2027 14:02"),
        (Language.GERMAN, 123_456_789, "1.234.567,89 EUR", "15.01.2027 14:02"),
        (Language.FRENCH, 123_450, "1\u00a0234,50 EUR", "15/01/2027 14:02"),
        (Language.SPANISH, -123_450, "-1.234,50 EUR", "15/01/2027 14:02"),
        (Language.PORTUGUESE, 99_999, "999,99 EUR", "15/01/2027 14:02"),
        (Language.HINDI, 123_456_789, "12,34,567.89 EUR", "15/01/2027 14:02"),
        (Language.CHINESE, 5, "0.05 EUR", "2027-01-15 14:02"),
        (Language.ARABIC, 100_000, "1,000.00 EUR", "2027-01-15 14:02"),
    ],
)
def test_amounts_and_days_are_written_as_the_language_does(language: Language, minor: int, text: str, day: str) -> None:
    """German had 12.50 EUR and 2027-01-15; voice guidance reads the same figures back."""
    assert money_text(Money(minor=minor, currency=Currency.EUR), language) == text
    assert minor_of(text.removesuffix(" EUR")) == minor
    assert moment_text(datetime(2027, 1, 15, 14, 2, tzinfo=UTC), language) == day


def test_the_model_imports_no_kivy() -> None:
    """The presenter and the core import the model without a screen."""
    assert "kivy" not in {name.partition(".")[0] for name in vars(screen_model)}
