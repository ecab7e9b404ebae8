"""What each role may do at a till, as one table. Who has which role stands in the journal."""

from enum import Enum, IntEnum, unique
from types import MappingProxyType
from typing import Final

from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError


@unique
class Role(IntEnum):
    """Roles of the people at a till, a shop's manager being the supervisor. A larger one may do all that a smaller may.

    The number is on disk.
    """

    CASHIER = 1
    SUPERVISOR = 2
    OWNER = 3


@unique
class Permission(Enum):
    """What somebody may be allowed to do."""

    SELL = "sell"
    SEE_HISTORY = "see_history"
    SEND_NOW = "send_now"
    REFUND = "refund"
    TRAIN = "train"
    REPORT_X = "report_x"
    REPORT_Z = "report_z"
    OPEN_DRAWER = "open_drawer"
    MOVE_QUEUE = "move_queue"
    TEST_DEVICES = "test_devices"
    CHANGE_SETTINGS = "change_settings"
    CHANGE_LIMITS = "change_limits"
    MANAGE_STAFF = "manage_staff"
    JOIN_SHOP = "join_shop"
    LEAVE_SHOP = "leave_shop"


_CASHIER: Final = frozenset(
    {Permission.SELL, Permission.SEE_HISTORY, Permission.SEND_NOW, Permission.REFUND, Permission.TRAIN}
)
_SUPERVISOR: Final = _CASHIER | {
    Permission.REPORT_X,
    Permission.REPORT_Z,
    Permission.OPEN_DRAWER,
    Permission.MOVE_QUEUE,
    Permission.TEST_DEVICES,
    Permission.CHANGE_SETTINGS,
}
_OWNER: Final = _SUPERVISOR | {
    Permission.MANAGE_STAFF,
    Permission.CHANGE_LIMITS,
    Permission.JOIN_SHOP,
    Permission.LEAVE_SHOP,
}

#: Role -> what it may do. How much of a refund is a setting (`Settings.refund_max_minor`).
ALLOWED: Final = MappingProxyType({Role.CASHIER: _CASHIER, Role.SUPERVISOR: _SUPERVISOR, Role.OWNER: _OWNER})

assert _CASHIER < _SUPERVISOR < _OWNER == frozenset(Permission), "an owner may do everything, the others ever less"


def check_allowed(role: Role, permission: Permission) -> None:
    """Whether a role may do this.

    Raises:
        RuleViolationError: ROLE_FORBIDS; its `param` names the permission.
    """
    if permission not in ALLOWED[role]:
        raise RuleViolationError(
            ErrorCode.ROLE_FORBIDS, f"a {role.name.lower()} may not {permission.value}", param=permission.value
        )


def least_role(permission: Permission) -> Role:
    """The smallest role that may do this: whom a screen asks to come."""
    return min(role for role in Role if permission in ALLOWED[role])
