"""The hash chain: any other history has another end, and a checkpoint says nothing else."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from server_stub.chain import START, Checkpoint, next_hash, sign, verify_signature
from server_stub.ledger import AccountId, Entry, EntryKind, move
from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.signing import SoftwareSigner

made = st.builds(
    lambda kind, reference, at_s, minor, currency: move(
        kind=kind,
        reference=reference,
        at_s=at_s,
        currency=currency,
        amounts_minor={AccountId(1): minor, AccountId(2): -minor},
    ),
    kind=st.sampled_from(EntryKind),
    reference=st.binary(max_size=32),
    at_s=st.integers(0, 2**32 - 1),
    minor=st.integers(1, 2**40),
    currency=st.sampled_from([Currency.EUR, Currency.JPY]),
)
histories = st.lists(made, min_size=2, max_size=8)


def end_of(entries: list[Entry], *, first_number: int = 1) -> bytes:
    """The last hash over a history."""
    last = START
    for number, entry in enumerate(entries, start=first_number):
        last = hash_after(last, number, entry)
    return last


def hash_after(previous: bytes, number: int, entry: Entry) -> bytes:
    """One more entry, with its postings in their sequence."""
    return next_hash(
        previous,
        number=number,
        kind=entry.kind,
        reference=entry.reference,
        at_s=entry.at_s,
        lines=[(line.account_id, line.currency.number, line.amount_minor) for line in entry.postings],
    )


@given(histories, st.data())
def test_a_history_that_was_touched_has_another_end(entries: list[Entry], data: st.DataObject) -> None:
    """Changed, left out, repeated, moved or renumbered."""
    place = data.draw(st.integers(0, len(entries) - 1))
    touched = entries[place]
    changed = [*entries[:place], structs.replace(touched, at_s=touched.at_s ^ 1), *entries[place + 1 :]]
    first, second = touched.postings
    swapped = structs.replace(touched, postings=(second, first))
    others = [
        changed,
        entries[:place] + entries[place + 1 :],
        [*entries[: place + 1], touched, *entries[place + 1 :]],
        [*entries[:place], swapped, *entries[place + 1 :]],
    ]
    ends = {end_of(other) for other in others} | {end_of(entries, first_number=2)}
    assert end_of(entries) not in ends


def test_the_encoding_of_an_entry_is_pinned() -> None:
    """A chain that was sealed by one version is verified by every later one."""
    entry = move(
        kind=EntryKind.CAPTURE,
        reference=b"cause",
        at_s=1_700_000_000,
        currency=Currency.EUR,
        amounts_minor={AccountId(1): -1250, AccountId(9): 1250},
    )
    spelled_out = bytes.fromhex(
        "0000000000000001 0004 000000006553f100 0005 0002"  # number, kind, seconds, bytes of reference, lines
        "6361757365"
        "0000000000000001 03d2 fffffffffffffb1e"  # account, currency, minor units
        "0000000000000009 03d2 00000000000004e2"
    )
    assert hash_after(START, 1, entry) == hashlib.sha256(bytes(32) + spelled_out).digest()


@pytest.mark.parametrize("changed", [{"entries": 4}, {"last_hash": bytes(31) + b"\x01"}, {"at_s": 6}])
def test_a_signature_is_of_one_checkpoint_and_one_key(changed: dict[str, int | bytes]) -> None:
    """What is signed covers all of it, and the key is not the signature's own choice."""
    signer, other = (SoftwareSigner(bytes(31) + bytes([secret])) for secret in (1, 2))
    one = Checkpoint(entries=3, last_hash=bytes(32), at_s=5)
    signature, key_id = sign(one, signer), key_id_of(signer.public_key)
    verify_signature(one, signature, key_id=key_id, public_key=signer.public_key)
    with pytest.raises(RuleViolationError) as altered:
        verify_signature(
            replace(one, **changed),  # type: ignore[arg-type]
            signature,
            key_id=key_id,
            public_key=signer.public_key,
        )
    assert altered.value.code is ErrorCode.BAD_SIGNATURE
    with pytest.raises(RuleViolationError) as foreign:
        verify_signature(one, signature, key_id=key_id, public_key=other.public_key)
    assert foreign.value.code is ErrorCode.UNKNOWN_SIGNER
