"""``tillcode-server restored``: what a restore has lost, as far as anybody has said so since. Wired in __main__."""

import argparse
from collections.abc import Iterator
from typing import Any

from server_stub.commands import Add, say
from server_stub.store.reader import Reader
from server_stub.store.records_epoch import Relearned, RelearnedKind

Chosen = argparse.Namespace


def add_restored(group: Any, add: Add) -> None:
    """``restored``"""
    add(group, "restored", _restored, "tell what a restore has lost and what was learned again; 1 while claims wait")


def _restored(chosen: Chosen) -> int:
    from server_stub.bootstrap import opened_store
    from server_stub.store.tables.clock import told_time
    from server_stub.store.tables.epochs import EPOCHS, RELEARNED

    with opened_store(chosen.data_folder) as store, store.reading() as reader:
        epochs, learned = reader.list_all(EPOCHS), reader.list_all(RELEARNED)
        waiting = list(_waiting(reader, learned))
    for epoch in epochs:
        lost = f"{told_time(epoch.backup_made_at_s)} to {told_time(epoch.at_s)}"
        say(f"restored: what happened from {lost} is lost; numbers go on after {epoch.number}")
    for one in learned:
        if one.kind is not RelearnedKind.CLAIM:
            missing = f", {one.missing_minor} of {one.amount_minor} minor units missing" if one.missing_minor else ""
            say(f"{told_time(one.at_s)} {one.kind.name.lower()} of {one.holder} known again{missing}")
    for one in waiting:
        say(f"{told_time(one.at_s)} claim of {one.holder} over {one.amount_minor} minor units waits for its wallet")
    say(f"{len(epochs)} restores, {len(waiting)} claims wait")
    return 1 if waiting else 0


def _waiting(reader: Reader, learned: tuple[Relearned, ...]) -> Iterator[Relearned]:
    """Claims that are not answered yet."""
    for one in learned:
        if one.kind is RelearnedKind.CLAIM and not reader.rows(
            "SELECT number FROM consents WHERE digest = ?", (one.subject,)
        ):
            yield one
