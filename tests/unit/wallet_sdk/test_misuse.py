"""Wrong arguments are the caller's mistake, and the error names them; the log tells what happened, and no secret."""

import asyncio
import logging
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import wallet_sdk
from tests.unit.wallet_sdk.fakes import Fault
from tests.unit.wallet_sdk.test_async_wallet import Awaited, wallet_of
from tests.unit.wallet_sdk.world import World
from wallet_sdk import Currency, Money, MoneyOutcome, SavedReceipt
from wallet_sdk.kit import MerchantTerminal
from wallet_sdk.kit.sandbox import Bench
from wallet_sdk.ports import HttpAnswer, HttpRequest, Sender
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError, UnavailableError
from wallet_sdk.store import Outcome
from wallet_sdk.testing import Scheme

#: What -> the argument that its error names.
WRONG: dict[str, Callable[[World], object]] = {
    "mode": lambda world: world.wallet.scan(world.request_text()).pay("offline"),  # type: ignore[arg-type]
    "tip_minor": lambda world: world.wallet.scan(world.request_text()).pay(tip_minor="1"),  # type: ignore[arg-type]
    "qr_text": lambda world: world.wallet.scan(b""),  # type: ignore[arg-type]
    "ceiling_minor": lambda world: world.wallet.present_code(ceiling_minor=1.5),  # type: ignore[arg-type]
    "allowance_minor": lambda world: world.wallet.change_allowance(allowance_minor=True),
    "asked": lambda world: world.wallet.outcome_of("x"),  # type: ignore[arg-type]
    "wait_s": lambda world: world.wallet.outcome_of(world.wallet.present_code(), wait_s=31),
    "payment": lambda world: world.wallet.receipt(None),  # type: ignore[arg-type]
    "digest": lambda world: world.wallet.payment("abc"),  # type: ignore[arg-type]
    "timeout_s": lambda world: world.wallet.with_options(timeout_s="3"),  # type: ignore[arg-type]
    "retries_max": lambda world: world.wallet.with_options(retries_max=1.5),  # type: ignore[arg-type]
    "content": lambda _world: SavedReceipt.parse("{}"),  # type: ignore[arg-type]
    "minor": lambda _world: Money(minor=1.5, currency=Currency.EUR),  # type: ignore[arg-type]
    "currency": lambda _world: Money(minor=1, currency="EUR"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("param", WRONG)
def test_a_wrong_argument_is_named(world: World, param: str) -> None:
    """Never an AssertionError or an AttributeError out of the depths; and nothing is sent."""
    with pytest.raises(MisuseError) as misuse:
        WRONG[param](world)
    assert (misuse.value.code, misuse.value.param) == (ErrorCode.BAD_ARGUMENT, param)
    assert world.server.received == []


def test_other_entrances_look_too(world: World) -> None:
    """Printed codes, receipts, and the wallet for asyncio."""
    printed: Any = world.wallet.scan_any(qr.to_text(world.scheme.static_code().envelope))
    for act in (
        lambda: printed.pay("5"),
        lambda: world.wallet.scan_any(None),  # type: ignore[arg-type]
        lambda: world.wallet.scan_receipt(7),  # type: ignore[arg-type]
        lambda: world.wallet.send_again(b"x"),  # type: ignore[arg-type]
        lambda: world.wallet.refund_of("x"),  # type: ignore[arg-type]
        lambda: asyncio.run(wallet_of(world, Awaited(world.server)).scan(b"")),  # type: ignore[arg-type]
    ):
        with pytest.raises(MisuseError) as misuse:
            act()
        assert misuse.value.param


@pytest.mark.parametrize(
    ("param", "arguments"),
    [
        ("currency", {"currency": "EUR"}),
        ("amount_minor", {"amount_minor": 0}),
        ("amount_minor", {"amount_minor": "5"}),
        ("reference", {"reference": "two\nlines"}),
        ("reference", {"reference": 7}),
        ("hold_h", {"hold_h": "1"}),
    ],
)
def test_the_kits_till_names_them_too(
    tillcode_terminal: MerchantTerminal, param: str, arguments: dict[str, Any]
) -> None:
    """Also what only the encoding of a request refuses."""
    with pytest.raises(MisuseError) as misuse:
        tillcode_terminal.request(**({"amount_minor": 1} | arguments))
    assert misuse.value.param == param


# --- the root key ---


class AnotherRoot:
    """Hands everything on, and shows another root key to whoever has enrolled."""

    def __init__(self, inner: Sender) -> None:
        self._inner = inner

    def send(self, request: HttpRequest) -> HttpAnswer:
        answer = self._inner.send(request)
        if request.path != api.PATH_ENROL_WALLET:
            return answer
        told = api.parse_json(answer.body, api.WalletEnrolled)
        shown = replace(told, root_key=api.to_base64url(Scheme(seed=9).root.public_key))
        return replace(answer, body=api.to_json(shown))

    def close(self) -> None:
        """It is somebody else's."""


def test_the_root_key_is_taken_as_init_prints_it(fresh: World) -> None:
    """66 hexadecimal digits, in either case; or the bytes."""
    root_key = fresh.scheme.root.public_key
    fresh.wallet.enrol(server="https://server.test", activation_code="GOOD-CODE", root_key=root_key.hex().upper())
    payment = fresh.wallet.scan(fresh.request_text()).pay()
    receipt = fresh.wallet.receipt(payment)
    assert receipt.verify(root_key=root_key.hex()) == receipt.verify(root_key=root_key)


@pytest.mark.parametrize("wrong", ["03", "no hexadecimal", b"x", 7, "03" * 34])
def test_a_root_key_that_is_none_is_the_callers_mistake(fresh: World, wrong: str) -> None:
    """Not "the server has another root key"; and no code is spent on it."""
    with pytest.raises(MisuseError) as misuse:
        fresh.wallet.enrol(server="https://server.test", activation_code="GOOD-CODE", root_key=wrong)
    assert (misuse.value.param, fresh.server.received) == ("root_key", [])


def test_a_failed_pin_spends_no_code(tillcode_bench: Bench) -> None:
    """The real server, another root key: the very same code lets the wallet in afterwards."""
    code, other = tillcode_bench.wallet_code(), Scheme(seed=9).root.public_key
    wallet = wallet_sdk.Wallet.open(
        store=wallet_sdk.MemoryWalletStore(),
        keys=wallet_sdk.MemoryKeyStore(tillcode_bench.random),
        sender=tillcode_bench.network,
        clock=tillcode_bench.clock,
        random=tillcode_bench.random,
    )
    with pytest.raises(RuleViolationError) as refused:
        wallet.enrol(server="http://sandbox.test", activation_code=code, root_key=other)
    assert (refused.value.code, refused.value.param) == (ErrorCode.UNKNOWN_SIGNER, "root_key")
    wallet.enrol(server="http://sandbox.test", activation_code=code, root_key=tillcode_bench.papers.root_key)
    assert wallet.is_enrolled


def test_after_a_root_key_that_came_too_late_another_code_works(fresh: World) -> None:
    """A server that shows another key only afterwards has used the code up; the key that it knows is given up."""
    true_root, lying = fresh.scheme.root.public_key, AnotherRoot(fresh.server)
    fresh.network._inner = lying
    with pytest.raises(RuleViolationError):
        fresh.wallet.enrol(server="https://server.test", activation_code="GOOD-CODE", root_key=true_root)
    used_by, fresh.network._inner = fresh.server.device_key, fresh.server
    fresh.server.device_key = None  # another code, which no key has used
    fresh.wallet.enrol(server="https://server.test", activation_code="GOOD-CODE", root_key=true_root)
    assert fresh.server.device_key not in {None, used_by}
    assert fresh.wallet.is_enrolled


# --- what is told ---


def test_the_log_tells_what_happened_and_no_secret(fresh: World, caplog: pytest.LogCaptureFixture) -> None:
    """One logger: calls with their names, retries, outcomes; neither codes, keys, signatures nor bodies."""
    caplog.set_level(logging.DEBUG, logger="wallet_sdk")
    fresh.wallet.enrol(server="https://server.test", activation_code="GOOD-CODE")
    fresh.server.faults = [Fault.LOST_AFTER]
    payment = fresh.wallet.scan(fresh.request_text()).pay()
    assert payment.outcome is Outcome.SETTLED
    told = [record.getMessage() for record in caplog.records]
    assert {record.name for record in caplog.records} == {"wallet_sdk"}
    assert any("NETWORK_TIMEOUT, again in" in line for line in told)
    assert any(line.endswith("unknown -> settled (0)") for line in told)
    secrets = ["GOOD-CODE", *(request.authorization for request in fresh.server.received if request.authorization)]
    secrets += [api.to_base64url(request.body) for request in fresh.server.received if request.body]
    assert [secret for secret in secrets if any(secret in line for line in told)] == []


def test_the_version_is_told() -> None:
    """As the package's metadata has it."""
    from importlib.metadata import version

    assert wallet_sdk.__version__ == version("tillcode")


def test_money_is_added_subtracted_and_compared_in_one_currency() -> None:
    """Of two currencies nothing goes together, and with another thing nothing at all."""
    one, two = (Money(minor=minor, currency=Currency.EUR) for minor in (100, 250))
    assert (one + two, two - one) == (Money(minor=350, currency=Currency.EUR), Money(minor=150, currency=Currency.EUR))
    assert (one < two, one <= two, two > one, two >= one, two < one) == (True, True, True, True, False)
    assert (max(one, two), sorted([two, one])) == (two, [one, two])
    dollars = Money(minor=100, currency=Currency.USD)
    for act in (operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(MisuseError) as misuse:
            act(one, dollars)
        assert misuse.value.param == "currency"
        with pytest.raises(TypeError):
            act(one, 100)
    assert one != dollars


def test_an_error_shows_what_became_of_the_money(world: World) -> None:
    """In a log as ``repr``, where a program's own handler puts it."""
    world.server.faults = [Fault.LOST_AFTER] * 3
    with pytest.raises(UnavailableError) as failed:
        world.wallet.sync()
    assert failed.value.outcome is MoneyOutcome.UNKNOWN
    assert repr(failed.value).startswith("UnavailableError(NETWORK_TIMEOUT, ")
    assert "outcome=unknown" in repr(failed.value)
