"""The operator's word for what was funded before each funding was signed for: given once, at a ledger's first opening.

Once given it is never given again, or whoever can write the database could take it away and have his own entries
vouched for: a mark in the server's folder, which the database cannot write, remembers it.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from server_stub.chain import sign
from server_stub.config import FUNDINGS_MARK
from server_stub.funding import earlier_of
from server_stub.keys import KeyRing, LiveKey
from server_stub.service.funding import granted
from server_stub.service.granting import entries_without_grant
from server_stub.service.standing import COMMAND_LINE
from server_stub.store.base import Store
from server_stub.store.records import ActivationCode, DeviceKind
from server_stub.store.records_funding import EarlierFundings, Funding, FundingState
from server_stub.store.selecting import select
from server_stub.store.session import ConflictError
from server_stub.store.tables.funding import EARLIER_FUNDINGS, FUNDING_CODE, FUNDINGS
from server_stub.store.tables.parties import ACTIVATION_CODES
from server_stub.store.writer import Writer
from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError

#: What a code says that was made before each funding was signed for.
_BEFORE: Final = "made before fundings were signed for"
_LOST: Final = (
    "the ledger has lost the operator's word for its earlier fundings: somebody has changed it; restore a backup"
)
_UNUSED: Final = "WHERE kind = ? AND funds_minor > 0 AND used_by IS NULL AND replaces IS NULL ORDER BY code_hash"


def vouch(store: Store, folder: Path, receipt_keys: Callable[[], KeyRing]) -> None:
    """Sign for what the ledger was funded with so far, unless that was done before; ``receipt_keys`` loads them.

    Raises:
        UnavailableError: STORAGE_FAILED.
    """
    with store.reading() as reader:
        is_vouched = reader.find(EARLIER_FUNDINGS, 1) is not None
    if not is_vouched and not (folder / FUNDINGS_MARK).exists():
        try:
            with store.writing() as writer:
                _vouch(writer, receipt_keys())
        except ConflictError:
            pass  # another process was faster, and its word is as good
        is_vouched = True
    if is_vouched and not (folder / FUNDINGS_MARK).exists():
        _mark(folder)


def check_vouched(store: Store) -> None:
    """Refuse to serve what has lost the operator's word.

    Raises:
        UnavailableError: STORAGE_CORRUPT.
    """
    with store.reading() as reader:
        if reader.find(EARLIER_FUNDINGS, 1) is None:
            raise UnavailableError(ErrorCode.STORAGE_CORRUPT, _LOST)


def _vouch(writer: Writer, ring: KeyRing) -> None:
    key = ring.keys[-1]
    earlier = earlier_of(entries_without_grant(writer))
    writer.add(
        EARLIER_FUNDINGS,
        EarlierFundings(
            entries=earlier.entries,
            last_hash=earlier.last_hash,
            key_id=key_id_of(key.signer.public_key),
            signature=sign(earlier, key.signer),
        ),
    )
    for code in select(writer, ACTIVATION_CODES, _UNUSED, (int(DeviceKind.WALLET),)):
        if writer.find_by(FUNDINGS, FUNDING_CODE, code.code_hash) is None:
            writer.add(FUNDINGS, granted(_funding_of(writer, code, key), ring, approved_by="", at_s=_at(key)))


def _funding_of(writer: Writer, code: ActivationCode, key: LiveKey) -> Funding:
    assert code.currency is not None, "a wallet's code names its currency"
    return Funding(
        id=writer.next_in_line(FUNDINGS),
        code_hash=code.code_hash,
        currency=code.currency,
        amount_minor=code.funds_minor,
        state=FundingState.OPEN,
        asked_by=COMMAND_LINE,
        asked_at_s=_at(key),
        expires_at_s=code.expires_at_s,
        reason=_BEFORE,
    )


def _at(key: LiveKey) -> int:
    """When it is said to be signed: a ledger is opened by commands that have no clock, and a key's start is valid."""
    return key.not_before_s


def _mark(folder: Path) -> None:
    try:
        with (folder / FUNDINGS_MARK).open("w") as file:
            file.write("the operator has signed for what this ledger was funded with before; see docs/operating.md\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{folder / FUNDINGS_MARK}: {error.strerror}") from error
