"""The table of roles, judged by what a shop expects and not by itself."""

import pytest

from terminal_app.roles import Permission, Role, check_allowed, least_role
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError

#: What a shop owner would say, written down a second time by hand.
LEAST = {
    Permission.SELL: Role.CASHIER,
    Permission.SEE_HISTORY: Role.CASHIER,
    Permission.SEND_NOW: Role.CASHIER,
    Permission.REFUND: Role.CASHIER,
    Permission.TRAIN: Role.CASHIER,
    Permission.REPORT_X: Role.SUPERVISOR,
    Permission.REPORT_Z: Role.SUPERVISOR,
    Permission.OPEN_DRAWER: Role.SUPERVISOR,
    Permission.MOVE_QUEUE: Role.SUPERVISOR,
    Permission.TEST_DEVICES: Role.SUPERVISOR,
    Permission.CHANGE_SETTINGS: Role.SUPERVISOR,
    Permission.MANAGE_STAFF: Role.OWNER,
    Permission.CHANGE_LIMITS: Role.OWNER,
    Permission.JOIN_SHOP: Role.OWNER,
    Permission.LEAVE_SHOP: Role.OWNER,
}


@pytest.mark.parametrize("permission", Permission)
def test_who_may_what(permission: Permission) -> None:
    """The least role and every larger one may; every smaller one may not, and hears what it asked for."""
    assert least_role(permission) is LEAST[permission]
    for role in Role:
        if role >= LEAST[permission]:
            check_allowed(role, permission)
            continue
        with pytest.raises(RuleViolationError) as caught:
            check_allowed(role, permission)
        assert (caught.value.code, caught.value.param) == (ErrorCode.ROLE_FORBIDS, permission.value)
