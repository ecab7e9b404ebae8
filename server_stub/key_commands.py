"""``tillcode-server api-key | rotate``: keys of merchants, and the operator's own."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from server_stub.commands import now_s, opened_for_writing, say
from server_stub.store.callers import MERCHANT_SCOPES, ApiKeyId, Scope
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.ids import MerchantId

Chosen = argparse.Namespace
#: What the operator's key may do that was made without a word about it: it looks and administers, and funds nothing.
_OPERATOR_DEFAULT: Final = (Scope.OPERATOR_READ, Scope.OPERATOR_WRITE)
_DAY_S: Final = 24 * 3600
#: Terminals take offline payments for three days at most and certificates live a week: nobody is away longer.
_START_IN_D: Final = 7
_START_IN_D_MAX: Final = 90
Command = Callable[[Chosen], int]


class Adder(Protocol):
    """Adds one command to a group of them."""

    def __call__(
        self, group: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, command: Command, text: str
    ) -> argparse.ArgumentParser: ...


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", add: Adder) -> None:
    """Add ``api-key`` and its commands."""
    keys = commands.add_parser("api-key", help="look after API keys").add_subparsers(required=True)
    key = add(keys, "create", _add_key, "make a key, and print it; it is never shown again")
    owner = key.add_mutually_exclusive_group(required=True)
    owner.add_argument("--merchant", type=int, metavar="ID", help="a key of this merchant")
    owner.add_argument("--operator", action="store_true", help="a key of the operator")
    key.add_argument(
        "--scope",
        action="append",
        choices=[scope.value for scope in Scope],
        help="may be given more than once, and less is better: metrics:read is all that Prometheus needs; default: all"
        " that a merchant can have, and for the operator operator:read and operator:write, which bring no money in",
    )
    key.add_argument("--label", default="", help="what it is for")
    add(keys, "list", _list_keys, "print all keys, without their secrets")
    add(keys, "revoke", _revoke_key, "a key never works again").add_argument("key_id", metavar="ID")


def add_rotate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", add: Adder) -> None:
    """Add ``rotate``."""
    about = "make new operator keys, and publish the root's word for them; a running server takes them up by itself"
    rotated = add(commands, "rotate", _rotate, about)
    rotated.add_argument(
        "roles", nargs="*", metavar="ROLE", help="terminal-ca, token-issuer, receipt, denylist; none: all"
    )
    rotated.add_argument(
        "--root", type=Path, metavar="FILE", help="the root's secret, as 'init' has made it; default: keys/root.key"
    )
    rotated.add_argument(
        "--start-in",
        type=int,
        default=_START_IN_D,
        metavar="DAYS",
        help="the old keys sign until then, so that who is offline has heard of the new ones; 0 is ten seconds, for a"
        " key that has leaked; default: %(default)s",
    )


def _rotate(chosen: Chosen) -> int:
    from server_stub.config import KEYS_FOLDER
    from server_stub.keys import ROLE_NAMES, ROOT, load_key_file, role_named
    from server_stub.service.rotation import rotate

    if not set(chosen.roles) <= set(ROLE_NAMES):
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"a role is one of {', '.join(ROLE_NAMES)}", param="role")
    if not 0 <= chosen.start_in <= _START_IN_D_MAX:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"0 .. {_START_IN_D_MAX} days are expected", param="start-in")
    keys: Path = chosen.data_folder / KEYS_FOLDER
    root_file = keys / f"{ROOT}.key" if chosen.root is None else chosen.root
    with opened_for_writing(chosen) as store:
        rotated = rotate(
            keys,
            store,
            roles=tuple(map(role_named, chosen.roles or ROLE_NAMES)),
            root=load_key_file(root_file),
            random=chosen.random,
            now_s=now_s(chosen),
            start_in_s=chosen.start_in * _DAY_S,
        )
    starts = datetime.fromtimestamp(rotated.starts_at_s, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    say(f"trust bundle {rotated.bundle.message.version} is in the ledger; its new keys sign from {starts}")
    say("a running server publishes it within seconds; terminals and wallets fetch it by themselves")
    say(f"keep the old files in {keys}: receipts of what was paid before are signed with them")
    return 0


def _add_key(chosen: Chosen) -> int:
    from server_stub.service.api_keys import AddKey, new_key

    owner = None if chosen.operator else MerchantId(chosen.merchant)
    scopes = tuple(map(Scope, chosen.scope or ())) or (_OPERATOR_DEFAULT if owner is None else MERCHANT_SCOPES)
    made = new_key(chosen.random, merchant_id=owner, scopes=scopes, label=chosen.label, at_s=now_s(chosen))
    with opened_for_writing(chosen) as store, store.writing() as writer:
        AddKey(key=made.key).apply(writer)
    say(made.text)
    return 0


def _list_keys(chosen: Chosen) -> int:
    from server_stub.bootstrap import opened_store
    from server_stub.store.tables.callers import API_KEYS

    with opened_store(chosen.data_folder) as store, store.reading() as reader:
        keys = sorted(reader.list_all(API_KEYS), key=lambda key: (key.merchant_id or 0, key.made_at_s))
    for key in keys:
        owner = "operator" if key.merchant_id is None else f"merchant {key.merchant_id}"
        state = "works" if key.revoked_at_s is None else "revoked"
        say(f"{key.key_id}  {owner:<14}  {state:<7}  {' '.join(scope.value for scope in key.scopes)}  {key.label}")
    say(f"{len(keys)} keys")
    return 0


def _revoke_key(chosen: Chosen) -> int:
    from server_stub.service.api_keys import RevokeKey
    from server_stub.store.tables.callers import API_KEYS

    key_id = ApiKeyId(chosen.key_id)
    with opened_for_writing(chosen) as store, store.writing() as writer:
        known = writer.find(API_KEYS, key_id)
        owner = None if known is None else known.merchant_id
        RevokeKey(key_id=key_id, owner=owner, at_s=now_s(chosen)).apply(writer)
    say(f"{chosen.key_id} is revoked")
    return 0
