"""One error tree, one numbered table, divided by who is at fault."""

import re
from pathlib import Path

import pytest

from wallet_sdk.protocol.errors import (
    ErrorCode,
    MalformedMessageError,
    MisuseError,
    MoneyOutcome,
    RuleViolationError,
    TillcodeError,
    UnavailableError,
    error_class,
)

ROOT = Path(__file__).parents[4]
CLASSES = {1: MalformedMessageError, 2: RuleViolationError, 3: MisuseError, 4: UnavailableError}

#: Codes that nothing raises yet, each with its reason. A code leaves this table when it comes into use.
RESERVED = {
    "EMV_FIELD_MISMATCH": "the EMV bridge (emv.py) compares a code with the signed request inside it",
}


def used_codes() -> set[str]:
    """Names of codes in the product, outside the table itself."""
    sources = [
        path
        for package in ("wallet_sdk", "terminal_app", "server_stub")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "errors.py"
    ]
    return {name for path in sources for name in re.findall(r"ErrorCode\.([A-Z0-9_]+)", path.read_text())}


def test_numbers_are_unique() -> None:
    """No two names share a number."""
    assert len(ErrorCode.__members__) == len({code.value for code in ErrorCode})


@pytest.mark.parametrize("code", list(ErrorCode), ids=lambda code: code.name)
def test_the_thousands_digit_names_the_class(code: ErrorCode) -> None:
    """The class of a code says who is at fault, and no other class takes it."""
    rightful = CLASSES[code.value // 1000]
    assert error_class(code) is rightful
    assert rightful(code, "why").code is code
    for other in CLASSES.values():
        if other is not rightful:
            with pytest.raises(AssertionError):
                other(code, "why")


def test_every_code_is_used_or_reserved() -> None:
    """A code that nothing raises is a promise nobody keeps, unless the reason stands here."""
    used = used_codes()
    assert {code.name for code in ErrorCode} - used - set(RESERVED) == set()
    assert used <= {code.name for code in ErrorCode}


def test_what_is_reserved_exists_and_has_a_reason() -> None:
    """The table of reserved codes does not outlive the codes."""
    assert set(RESERVED) <= {code.name for code in ErrorCode}
    assert all(RESERVED.values())


@pytest.mark.parametrize("kind", CLASSES.values())
def test_only_the_world_may_be_asked_again(kind: type[TillcodeError]) -> None:
    """Repeating the same call helps against a network, never against a rule."""
    error = kind(next(code for code in ErrorCode if error_class(code) is kind), "why")
    assert error.safe_to_retry is (kind is UnavailableError)
    assert error.outcome is MoneyOutcome.NOT_CHARGED


@pytest.mark.parametrize(
    "name", ["STORAGE_CORRUPT", "STORAGE_NEWER", "STORAGE_ROLLED_BACK", "DECODER_MISSING", "TLS_FAILED"]
)
def test_what_no_patience_mends_is_not_tried_again(name: str) -> None:
    """Of the world, but somebody has to look."""
    assert not UnavailableError(ErrorCode[name], "why").safe_to_retry


def test_what_is_shown_of_an_error_has_what_a_program_acts_on() -> None:
    """For whoever reads a log, or a test that failed."""
    error = UnavailableError(ErrorCode.NETWORK_TIMEOUT, "late", outcome=MoneyOutcome.UNKNOWN)
    assert repr(error) == "UnavailableError(NETWORK_TIMEOUT, 'late', outcome=unknown)"
    error.param, error.call_id = "path", "1f"
    assert repr(error) == "UnavailableError(NETWORK_TIMEOUT, 'late', outcome=unknown, param='path', call_id='1f')"


def test_an_error_tells_code_field_and_reason() -> None:
    """In one line, for a log."""
    error = RuleViolationError(ErrorCode.EXPIRED, "too late", param="lifetime_s", outcome=MoneyOutcome.UNKNOWN)
    assert str(error) == "EXPIRED (2005) [lifetime_s]: too late"
    assert str(MisuseError(ErrorCode.BAD_ARGUMENT, "no")) == "BAD_ARGUMENT (3001): no"
    assert (error.message, error.param, error.outcome) == ("too late", "lifetime_s", MoneyOutcome.UNKNOWN)
