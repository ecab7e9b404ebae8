"""One suite for every KeyStore, and what only the encrypted file promises."""

import hashlib
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null
from keyring.errors import PasswordDeleteError

from docs.examples.secure_element.key_store import ElementKeyStore
from wallet_sdk.keystore import EncryptedFileKeyStore, KeyringKeyStore, MemoryKeyStore
from wallet_sdk.keystore.keyring import _INDEX
from wallet_sdk.ports import KeyStore
from wallet_sdk.protocol.envelope import P256_ORDER, open_unverified, seal, verify
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.protocol.messages import CertificateRequest
from wallet_sdk.testing import SeededRandom

Maker = Callable[[Path], KeyStore]
PASSPHRASE = "correct horse"


def in_memory(_path: Path) -> KeyStore:
    """Keys of this process."""
    return MemoryKeyStore(SeededRandom(3))


def in_file(path: Path) -> KeyStore:
    """Keys in a file."""
    return EncryptedFileKeyStore(path, PASSPHRASE, SeededRandom(3))


class Dictionary(KeyringBackend):
    """A keyring as the operating system would have one, unlocked."""

    priority = 0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError("no such entry")


def in_keyring(_path: Path) -> KeyStore:
    """Keys of the operating system's keyring."""
    return KeyringKeyStore("test", SeededRandom(3), backend=Dictionary())


def in_element(path: Path) -> KeyStore:
    """Keys in a process of its own, which stands for a secure element."""
    return ElementKeyStore(path)


@pytest.fixture(params=[in_memory, in_file, in_keyring, in_element], ids=["memory", "file", "keyring", "element"])
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeyStore]:
    """Each implementation in turn."""
    make: Maker = request.param
    made = make(tmp_path / "wallet.keys")
    yield made
    if isinstance(made, ElementKeyStore):
        made.close()


def test_a_created_key_signs(keys: KeyStore) -> None:
    """The signer of a name is the key that was created under it."""
    public_key = keys.create("device")
    signer = keys.signer("device")
    assert signer.public_key == public_key
    sealed = seal(CertificateRequest(made_at_s=1), signer)
    verify(open_unverified(sealed.envelope, CertificateRequest), public_key)


def test_names_are_sorted_and_keys_differ(keys: KeyStore) -> None:
    """Two names, two keys."""
    assert keys.names() == ()
    assert keys.create("b") != keys.create("a")
    assert keys.names() == ("a", "b")


def test_a_deleted_key_is_gone_and_its_name_is_free(keys: KeyStore) -> None:
    """Deleting it again is no error; the others stay."""
    kept, gone = keys.create("device"), keys.create("token")
    keys.delete("token")
    keys.delete("token")
    assert keys.names() == ("device",)
    with pytest.raises(MisuseError):
        keys.signer("token")
    assert keys.signer("device").public_key == kept
    assert keys.create("token") != gone


@pytest.mark.parametrize("name", ["device", "", "x" * 65])
def test_a_name_is_given_once(keys: KeyStore, name: str) -> None:
    """Taken, empty and endless names are refused, and the first key stays."""
    public_key = keys.create("device")
    with pytest.raises(MisuseError) as misuse:
        keys.create(name)
    assert (misuse.value.code, keys.signer("device").public_key) == (ErrorCode.BAD_ARGUMENT, public_key)


def test_a_key_that_is_not_there_is_said_so(keys: KeyStore) -> None:
    """No key is made by asking for one."""
    with pytest.raises(MisuseError) as misuse:
        keys.signer("device")
    assert (misuse.value.code, keys.names()) == (ErrorCode.BAD_ARGUMENT, ())


def test_no_secret_in_what_is_printed(keys: KeyStore) -> None:
    """The representation of a store and of a signer tells names and public keys only."""
    keys.create("device")
    first_draws = SeededRandom(3)
    drawn = {first_draws.random_bytes(length).hex() for length in (16, 12, 32, 32, 32)}
    printed = repr(keys) + repr(keys.signer("device"))
    assert not any(secret in printed for secret in drawn)
    assert PASSPHRASE not in printed


class Dealt:
    """Deals the bytes it was given, first to last."""

    def __init__(self, *dealt: bytes) -> None:
        self.dealt = list(dealt)

    def random_bytes(self, count: int) -> bytes:
        drawn = self.dealt.pop(0)
        assert len(drawn) == count
        return drawn


def test_scalars_outside_the_group_are_drawn_again() -> None:
    """Zero, the group's size and above are rejected, not reduced."""
    good = (5).to_bytes(32, "big")
    chance = Dealt(bytes(32), P256_ORDER.to_bytes(32, "big"), b"\xff" * 32, good)
    drawn = MemoryKeyStore(chance).create("device")
    assert drawn == MemoryKeyStore(Dealt(good)).create("device")


def test_a_broken_random_source_makes_no_key() -> None:
    """Rather no key than a bad one."""
    with pytest.raises(UnavailableError) as failed:
        MemoryKeyStore(Dealt(*[bytes(32)] * 20)).create("device")
    assert failed.value.code is ErrorCode.DEVICE_UNAVAILABLE


def test_the_file_gives_its_keys_back_to_whoever_knows_the_passphrase(tmp_path: Path) -> None:
    """Also when it was typed in another Unicode form."""
    path = tmp_path / "home" / "wallet.keys"
    public_key = EncryptedFileKeyStore(path, "caf\u00e9", SeededRandom(1)).create("device")
    assert EncryptedFileKeyStore(path, "cafe\u0301", SeededRandom(2)).signer("device").public_key == public_key
    with pytest.raises(MisuseError) as misuse:
        EncryptedFileKeyStore(path, "cafe", SeededRandom(2))
    assert misuse.value.code is ErrorCode.WRONG_PASSPHRASE


def test_the_file_is_its_owners_alone_and_hides_its_keys(tmp_path: Path) -> None:
    """Mode 0600, and neither names nor secrets in clear."""
    path = tmp_path / "wallet.keys"
    EncryptedFileKeyStore(path, PASSPHRASE, SeededRandom(1)).create("a-telling-name")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert b"a-telling-name" not in path.read_bytes()
    assert sorted(found.name for found in tmp_path.iterdir()) == ["wallet.keys", "wallet.keys.lock"]


def test_every_damaged_byte_is_noticed(tmp_path: Path) -> None:
    """One changed bit anywhere, and a cut at any length: corrupt (or newer), never a wrong key."""
    path = tmp_path / "wallet.keys"
    EncryptedFileKeyStore(path, PASSPHRASE, SeededRandom(1)).create("device")
    whole = path.read_bytes()
    damaged = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    for content in [*damaged, whole[:-1], whole[:40], b"", whole + b"x"]:
        path.write_bytes(content)
        with pytest.raises(UnavailableError) as failed:
            EncryptedFileKeyStore(path, PASSPHRASE, SeededRandom(1))
        assert failed.value.code in {ErrorCode.STORAGE_CORRUPT, ErrorCode.STORAGE_NEWER}


@pytest.mark.parametrize(
    ("written", "forged"), [(b'"n":32768', b'"n":2'), (b'"n":32768', b'"n":1073741824'), (b'"p":1', b'"p":999')]
)
def test_a_forged_cost_is_refused_before_it_is_paid(tmp_path: Path, written: bytes, forged: bytes) -> None:
    """Neither a cost that protects nothing nor one that fills the memory is taken from a file."""
    path = tmp_path / "wallet.keys"
    EncryptedFileKeyStore(path, PASSPHRASE, SeededRandom(1))
    body = path.read_bytes()[:-32].replace(written, forged)
    path.write_bytes(body + hashlib.sha256(body).digest())
    with pytest.raises(UnavailableError) as failed:
        EncryptedFileKeyStore(path, PASSPHRASE, SeededRandom(1))
    assert failed.value.code is ErrorCode.STORAGE_CORRUPT


def test_two_openers_of_one_file_lose_no_key(tmp_path: Path) -> None:
    """The second writer adds to what the first wrote."""
    path = tmp_path / "wallet.keys"
    first = EncryptedFileKeyStore(path, PASSPHRASE, SeededRandom(1))
    second = EncryptedFileKeyStore(path, PASSPHRASE, SeededRandom(2))
    first.create("one")
    second.create("two")
    assert EncryptedFileKeyStore(path, PASSPHRASE, SeededRandom(3)).names() == ("one", "two")


def test_an_empty_passphrase_is_none(tmp_path: Path) -> None:
    """Nothing is written either."""
    with pytest.raises(MisuseError) as misuse:
        EncryptedFileKeyStore(tmp_path / "wallet.keys", "", SeededRandom(1))
    assert misuse.value.code is ErrorCode.BAD_ARGUMENT
    assert list(tmp_path.iterdir()) == []


def test_another_process_sees_what_was_created_and_deleted(tmp_path: Path) -> None:
    """One that has the file open finds a key that was made since, and does not bring a deleted one back."""
    one, other = in_file(tmp_path / "keys"), in_file(tmp_path / "keys")
    made = one.create("token-1")
    assert other.signer("token-1").public_key == made
    one.delete("token-1")
    other.create("token-2")
    assert in_file(tmp_path / "keys").names() == ("token-2",)


def test_a_keyring_that_is_not_there_or_forgets_is_said_so() -> None:
    """No key is made that cannot be found again."""
    for backend in (fail.Keyring(), null.Keyring()):  # type: ignore[no-untyped-call]
        keys = KeyringKeyStore("test", SeededRandom(3), backend=backend)
        with pytest.raises(UnavailableError) as failed:
            keys.create("device")
        assert failed.value.code is ErrorCode.DEVICE_UNAVAILABLE


def test_two_openers_of_one_keyring_see_each_others_keys() -> None:
    """Every call asks the keyring."""
    backend = Dictionary()
    first, second = (KeyringKeyStore("test", SeededRandom(seed), backend=backend) for seed in (1, 2))
    public_key = first.create("device")
    assert second.signer("device").public_key == public_key
    assert KeyringKeyStore("other", backend=backend).names() == ()


@pytest.mark.parametrize("entry", ["not a list", "5"])
def test_an_entry_that_is_not_ours_is_corrupt(entry: str) -> None:
    """Somebody edited the keyring by hand."""
    backend = Dictionary()
    keys = KeyringKeyStore("test", SeededRandom(1), backend=backend)
    keys.create("device")
    backend.set_password("tillcode: test", "device", "nonsense")
    with pytest.raises(UnavailableError) as corrupt:
        keys.signer("device")
    assert corrupt.value.code is ErrorCode.STORAGE_CORRUPT
    backend.set_password("tillcode: test", _INDEX, entry)
    with pytest.raises(UnavailableError) as unreadable:
        keys.names()
    assert unreadable.value.code is ErrorCode.STORAGE_CORRUPT
