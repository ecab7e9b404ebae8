"""What the operator has revoked, at the wallet: fetched by sync, kept, and refused from then on, offline too."""

from pathlib import Path

import pytest

from tests.unit.wallet_sdk.world import World
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import TerminalId
from wallet_sdk.store import SqliteWalletStore
from wallet_sdk.transport import NetworkSwitch
from wallet_sdk.wallet import PayMode
from wallet_sdk.wallet.parts import DELTAS_MAX

THIEF = TerminalId(2001)
OTHERS = [TerminalId(number) for number in range(3000, 3020)]


def test_a_stolen_terminal_is_refused_after_a_sync_and_without_network(world: World) -> None:
    """Its certificate is good for days; the list ends it at once."""
    text = world.request_text()
    world.wallet.scan(text)
    world.server.denylists = [world.scheme.denylist(terminals=[THIEF])]
    world.wallet.sync()
    world.network.switch(NetworkSwitch.OFF)
    for wallet in (world.wallet, world.reopened()):
        with pytest.raises(RuleViolationError) as refused:
            wallet.scan(text)
        assert refused.value.code is ErrorCode.REVOKED


def test_a_revoked_token_is_spent_no_more_and_replaced(world: World) -> None:
    """By the wallet itself, before a till has to refuse it."""
    token = world.store.token()
    assert token is not None
    world.server.denylists = [world.scheme.denylist(tokens=[token.token_id])]
    world.network.switch(NetworkSwitch.ON)
    world.wallet.sync()
    fresh = world.store.token()
    assert fresh is not None
    assert fresh.token_id != token.token_id
    world.wallet.scan(world.request_text()).pay(PayMode.OFFLINE)


def test_deltas_follow_a_full_list_and_are_kept_few(world: World) -> None:
    """Each sync takes what is new; after enough deltas the full list takes their place."""
    world.server.denylists = [world.scheme.denylist(number=1, terminals=[OTHERS[0]])]
    world.wallet.sync()
    for number in range(2, DELTAS_MAX + 2):
        delta = world.scheme.denylist(number=number, base=number - 1, terminals=[OTHERS[number - 1]])
        world.server.denylists.append(delta)
        world.wallet.sync()
        assert len(world.store.denylists()) == number
        assert world.wallet._parts.trust().denied.number == number
    full = world.scheme.denylist(number=DELTAS_MAX + 1, terminals=OTHERS[: DELTAS_MAX + 1])
    world.server.denylists = [full]
    world.wallet.sync()
    assert world.store.denylists() == (full.envelope,)


def test_a_gap_is_closed_by_a_full_list(world: World) -> None:
    """The deltas between were missed, and are gone."""
    world.server.denylists = [world.scheme.denylist(number=1, terminals=[OTHERS[0]])]
    world.wallet.sync()
    full = world.scheme.denylist(number=9, terminals=OTHERS[:9])
    world.server.denylists = [full, world.scheme.denylist(number=9, base=8, terminals=[OTHERS[8]])]
    world.wallet.sync()
    assert world.wallet._parts.trust().denied.terminal_ids >= set(OTHERS[:9])


def test_what_was_revoked_does_not_come_back(world: World) -> None:
    """A server that shows an older list is refused, and what is known stays."""
    world.server.denylists = [world.scheme.denylist(number=5, terminals=[THIEF])]
    world.wallet.sync()
    kept = world.store.denylists()
    for shown in ([], [world.scheme.denylist(number=4)], [world.scheme.denylist(number=4, base=3)]):
        world.server.denylists = shown
        with pytest.raises(RuleViolationError) as refused:
            world.wallet.sync()
        assert refused.value.code is ErrorCode.TRUST_ROLLED_BACK
    assert world.store.denylists() == kept


def test_the_file_keeps_the_lists_in_their_sequence(tmp_path: Path, world: World) -> None:
    """Also for the next process."""
    lists = tuple(world.scheme.denylist(number=number, base=number - 1).envelope for number in (1, 2, 3))
    store = SqliteWalletStore(tmp_path / "wallet.sqlite")
    store.save_denylists(lists)
    store.close()
    again = SqliteWalletStore(tmp_path / "wallet.sqlite")
    assert again.denylists() == lists
    again.close()
