"""The screen model is values: what it holds, and what a button's name becomes."""

import dataclasses
from typing import get_args

import pytest

from terminal_app import screen_model
from terminal_app.screen_model import (
    PLAIN_COMMANDS,
    Cancel,
    Command,
    CommandName,
    NetworkState,
    NextSale,
    ScreenModel,
    ScreenName,
    TopBar,
    keypad_number,
)

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
        (999_999_999, 2, "9999999.99"),
        (1250, 0, "1250"),
        (1250, 3, "1.250"),
    ],
)
def test_keypad_number_fills_from_the_right(amount_minor: int, fraction_digits: int, number: str) -> None:
    """Minor units become figures with the currency's own number of decimals."""
    assert keypad_number(amount_minor=amount_minor, fraction_digits=fraction_digits) == number


def test_the_model_imports_no_kivy() -> None:
    """The presenter and the core import the model without a screen."""
    assert "kivy" not in {name.partition(".")[0] for name in vars(screen_model)}
