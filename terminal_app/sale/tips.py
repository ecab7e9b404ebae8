"""Tips: whether one is asked for, where it is chosen, and how much it may be. Whole minor units, no fractions."""

from dataclasses import dataclass
from typing import Final

from terminal_app.settings import Settings, TipPolicy
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.errors import ErrorCode, MisuseError

#: A tip typed at the till is at most as much as the bill: more is a slip of the finger.
TYPED_PERCENT_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The tip of one request.

    Attributes:
        chosen_minor: chosen at the till, a part of the requested amount.
        phone_max_minor: what the payer may add on the phone at most.
    """

    chosen_minor: int = 0
    phone_max_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TipChoice:
    """One button of the tip screen."""

    percent: int
    tip_minor: int


NO_TIP: Final = Tip()


def tip_choices(settings: Settings, *, amount_minor: int) -> tuple[TipChoice, ...]:
    """What the tip screen offers for this amount; nothing when no tip is chosen at the till.

    A choice that would be nothing (5 % of very little) is left out.
    """
    if settings.tip_policy is not TipPolicy.AT_TILL:
        return ()
    choices = (TipChoice(percent=one, tip_minor=share(amount_minor, one)) for one in settings.tip_percents)
    return tuple(choice for choice in choices if choice.tip_minor)


def tip_for_code(settings: Settings, *, amount_minor: int, chosen_minor: int) -> Tip:
    """The tip that goes into a shown request. `amount_minor` is the bill without it.

    Raises:
        MisuseError: BAD_ARGUMENT for a tip that was not asked for, or is larger than the bill.
    """
    chosen = tip_at_till(settings, amount_minor=amount_minor, chosen_minor=chosen_minor)
    if settings.tip_policy is not TipPolicy.ON_PHONE:
        return chosen
    room_minor = limits.AMOUNT_MINOR_MAX - amount_minor
    return Tip(phone_max_minor=max(0, min(room_minor, share(amount_minor, max(settings.tip_percents)))))


def tip_at_till(settings: Settings, *, amount_minor: int, chosen_minor: int) -> Tip:
    """The tip chosen at the till: the only one there can be when the payer shows a code.

    Raises:
        MisuseError: BAD_ARGUMENT.
    """
    allowed_minor = share(amount_minor, TYPED_PERCENT_MAX) if settings.tip_policy is TipPolicy.AT_TILL else 0
    if not 0 <= chosen_minor <= allowed_minor:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"a tip from 0 to {allowed_minor}", param="tip_minor")
    return Tip(chosen_minor=chosen_minor)


def share(amount_minor: int, percent: int) -> int:
    """So many percent of an amount, half a minor unit rounded up."""
    return (amount_minor * percent + 50) // 100
