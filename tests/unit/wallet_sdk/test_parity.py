"""``AsyncWallet`` is ``Wallet`` awaited: the same members, arguments and results."""

import inspect
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

import wallet_sdk
from wallet_sdk import AsyncHttpxSender, AsyncSwitchableSender, HttpxSender, SwitchableSender
from wallet_sdk.aio import AsyncPrintedQuote, AsyncQuote, AsyncRotatingCode, AsyncWallet
from wallet_sdk.ports import AsyncSender, Sender
from wallet_sdk.protocol.emv import UntrustedRequest
from wallet_sdk.wallet import PrintedQuote, Quote, RotatingCode, Wallet

PAIRS = {
    Wallet: AsyncWallet,
    Quote: AsyncQuote,
    PrintedQuote: AsyncPrintedQuote,
    RotatingCode: AsyncRotatingCode,
    HttpxSender: AsyncHttpxSender,
    SwitchableSender: AsyncSwitchableSender,
}
#: Members that touch neither network nor disk, so that there is nothing to await.
PLAIN = {"open", "with_options", "rotating_code", "switch"}
#: How a type of the one reads in the other.
AWAITED = {
    Quote: AsyncQuote,
    Quote | PrintedQuote | UntrustedRequest: AsyncQuote | AsyncPrintedQuote | UntrustedRequest,
    RotatingCode: AsyncRotatingCode,
    Sender: AsyncSender,
    Sender | None: AsyncSender | None,
    Callable[[float], None]: Callable[[float], Awaitable[None]],
}
MEMBERS = [
    pytest.param(one, other, name, id=f"{one.__name__}.{name}")
    for one, other in PAIRS.items()
    for name in sorted(vars(one))
    if not name.startswith("_")
]


def hints_of(member: Callable[..., object]) -> dict[str, object]:
    """Types of arguments and result, with names that are imported for type checkers only."""
    known = {"UntrustedRequest": UntrustedRequest} | {name: getattr(wallet_sdk, name) for name in wallet_sdk.__all__}
    return typing.get_type_hints(member, localns=known)


def awaited(kind: object) -> object:
    """The type as it reads in the asyncio class."""
    if typing.get_origin(kind) is Iterator:
        return AsyncIterator[typing.get_args(kind)[0]]  # type: ignore[misc]
    return AWAITED.get(kind, kind)


@pytest.mark.parametrize(("one", "other"), PAIRS.items())
def test_both_have_the_same_members(one: type, other: type) -> None:
    """Not one more, not one less."""
    names = [{name for name in dir(side) if not name.startswith("_")} for side in (one, other)]
    assert names[0] == names[1]


@pytest.mark.parametrize(("one", "other", "name"), MEMBERS)
def test_a_member_takes_the_same_and_gives_the_same(one: type, other: type, name: str) -> None:
    """Arguments by name, kind, default and type; the result by type, awaited where there is something to wait for."""
    here, there = inspect.getattr_static(one, name), inspect.getattr_static(other, name)
    if isinstance(here, property):
        assert hints_of(here.fget) == hints_of(there.fget)  # type: ignore[arg-type]
        return
    here, there = (getattr(member, "__func__", member) for member in (here, there))
    expected = [
        (argument.name, argument.kind, argument.default)
        for argument in inspect.signature(here).parameters.values()
        if argument.name not in {"sleep", "clock"}
    ]
    found = [
        (argument.name, argument.kind, argument.default)
        for argument in inspect.signature(there).parameters.values()
        if argument.name not in {"sleep", "clock"}
    ]
    assert found == expected
    assert hints_of(there) == {argument: awaited(kind) for argument, kind in hints_of(here).items()}
    is_awaited = inspect.iscoroutinefunction(there) or inspect.isasyncgenfunction(there)
    assert is_awaited is (name not in PLAIN)


def test_the_only_difference_in_opening_is_what_sleeps() -> None:
    """And it is there in both."""
    for side in (Wallet, AsyncWallet):
        assert list(inspect.signature(side.open).parameters)[-2:] == ["random", "sleep"]
