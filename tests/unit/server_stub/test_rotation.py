"""Keys that take over from others: who is offline goes on, what was signed stays signed, and nothing goes back."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server_stub.audit import audit
from server_stub.bootstrap import opened_desk, opened_store
from server_stub.config import KEYS_FOLDER, ServerConfig
from server_stub.faults import Faults
from server_stub.keys import NOTICE_S, load_key_file
from server_stub.service.administration import found
from server_stub.service.credentials import CredentialsWatch
from server_stub.service.revoking import revoke_by_hand
from server_stub.service.rotation import Rotated, rotate
from server_stub.store.records import Trust
from server_stub.store.tables.parties import TRUST
from tests.unit.server_stub.harness import House, TestTerminal, TestWallet, opened_house
from wallet_sdk.protocol import api, rules
from wallet_sdk.protocol.envelope import key_id_of, open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, RuleViolationError
from wallet_sdk.protocol.ids import Envelope
from wallet_sdk.protocol.messages import CertificateRequest, Role, TrustBundle
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.protocol.trust import TrustStore, take_denylist, verify_bundle, verify_intent, verify_receipt
from wallet_sdk.testing import FROZEN_NOW_S, SeededRandom

ON_EVERY_DATABASE = True

DAY_S = 24 * 3600
ALL = tuple(Role)


def root_of(house: House) -> SoftwareSigner:
    """The root, which ``init`` has left beside the other keys."""
    return load_key_file(house.folder / KEYS_FOLDER / "root.key")


def rotated(house: House, *roles: Role, start_in_d: int = 7) -> Rotated:
    """What ``tillcode-server rotate`` does."""
    keys = house.folder / KEYS_FOLDER
    return rotate(
        keys,
        house.desk.operator.store,
        roles=roles or ALL,
        root=root_of(house),
        random=SeededRandom(77),
        now_s=house.clock.now_ms() // 1000,
        start_in_s=start_in_d * DAY_S,
    )


@contextmanager
def restarted(house: House, *devices: TestTerminal | TestWallet) -> Generator[House]:
    """The same ledger served by a new process, at the same time; devices talk to it from now on."""
    opened = opened_desk(house.folder, clock=house.clock, random=SeededRandom(5), faults=Faults())
    with opened as desk:
        again = House(
            folder=house.folder,
            desk=desk,
            clock=house.clock,
            random=house.random,
            merchant_id=house.merchant_id,
            runner=house.runner,
        )
        for device in devices:
            device.call = again.call
        yield again


def synced(house: House, known: TrustStore | None = None) -> TrustStore:
    """What a device believes after it has asked for the newest bundle."""
    bundle = api.from_base64url(house.call("GET", api.PATH_TRUST, b"", "").ok()["bundle"])
    return verify_bundle(bundle, root_key=house.desk.operator.trust.root_key, newest=known)


def accept_offline(till: TestTerminal, wallet: TestWallet, trust: TrustStore, *, at_s: int) -> None:
    """What a till does without a network, with what it knows."""
    request = till.request(100)
    intent = verify_intent(wallet.intent(request).envelope, trust, at_s=at_s)
    rules.check_token_allows(intent.intent.message, intent.token.message)


def certified(house: House, till: TestTerminal) -> None:
    """A fresh certificate, as a till fetches it every day."""
    renewal = seal(CertificateRequest(made_at_s=till.now_s()), till.signer).envelope
    answer = house.call("POST", api.PATH_CERTIFICATES, renewal, "").ok()
    till.certificate = Envelope(api.from_base64url(answer["certificate"]))


def key_of_token(wallet: TestWallet) -> bytes:
    """Who has signed a wallet's token."""
    assert wallet.token is not None
    assert wallet.token.key_id is not None
    return wallet.token.key_id


def test_a_till_that_is_offline_for_days_goes_on_accepting(house: House) -> None:
    """Before the new keys start nothing is signed with them; who synced once in that week takes them ever after."""
    till, wallet = house.terminal(), house.wallet()
    before = synced(house)
    rotated(house)
    with restarted(house, till, wallet) as later:
        later.clock.advance(3 * DAY_S)
        wallet.renew().ok()
        accept_offline(till, wallet, before, at_s=till.now_s())  # away since before the rotation
        after = synced(later, before)
        later.clock.advance(5 * DAY_S)
        old = key_of_token(wallet)
        wallet.renew().ok()
        assert key_of_token(wallet) != old, "the new key signs from its day on"
        accept_offline(till, wallet, after, at_s=till.now_s())  # away since before the new keys started
        with pytest.raises(RuleViolationError) as unheard:
            accept_offline(till, wallet, before, at_s=till.now_s())
        assert unheard.value.code is ErrorCode.UNKNOWN_SIGNER
        certified(later, till)
        request = till.request(100)
        assert till.capture((request, wallet.intent(request)))[0]["state"] == "CAPTURED"
        later.assert_clean()


def test_the_trust_never_goes_back(house: House) -> None:
    """Whoever has seen the new bundle refuses the old one; and a ledger that was put back is noticed by everybody."""
    old = house.desk.operator.trust.bundle.envelope
    new = verify_bundle(rotated(house).bundle.envelope, root_key=house.desk.operator.trust.root_key)
    with pytest.raises(RuleViolationError) as caught:
        verify_bundle(old, root_key=new.root_key, newest=new)
    assert caught.value.code is ErrorCode.TRUST_ROLLED_BACK
    with restarted(house) as later:
        assert synced(later).bundle.message.version == 2


def test_a_receipt_is_signed_by_the_key_of_its_own_time(house: House) -> None:
    """The same bytes before and after; what comes after the start has the new key, and the chain goes on."""
    till, wallet = house.terminal(), house.wallet()
    first = till.request(100)
    wallet.pay(first)
    path = api.payment_path(first.message.request_id)
    receipt = till.read(path).ok()["receipt"]
    house.look()
    rotated(house)
    with restarted(house, till, wallet) as later:
        later.clock.advance(8 * DAY_S)
        assert till.read(path).ok()["receipt"] == receipt
        trust = synced(later)
        old = verify_receipt(api.from_base64url(receipt), trust)
        wallet.renew().ok()
        certified(later, till)
        new = verify_receipt(api.from_base64url(wallet.pay(till.request(100))["receipt"]), trust)
        assert old.key_id != new.key_id
        later.look()
        report = audit(later.desk.operator.store, root_key=trust.root_key)
        assert not report.findings
        assert report.sealed == report.entries


def test_a_leaked_key_is_followed_at_once(house: House) -> None:
    """With no day in between, and the old one denied: what it signs is believed by nobody who has heard of it."""
    old = house.desk.operator.signers.receipt.at(FROZEN_NOW_S)
    made = rotated(house, Role.RECEIPT, start_in_d=0)
    house.clock.advance(NOTICE_S)
    assert [key.role for key in made.bundle.message.keys].count(Role.RECEIPT) == 2
    with restarted(house) as later:
        assert later.desk.operator.signers.receipt.at(FROZEN_NOW_S + NOTICE_S).public_key != old.public_key
        revoke_by_hand(later.desk.operator.store, "key", key_id_of(old.public_key), reason="leaked", at_s=FROZEN_NOW_S)
        listed = later.call("GET", api.PATH_DENYLIST, b"", "").ok()["denylist"]
        till, wallet = later.terminal(), later.wallet()
        receipt = api.from_base64url(wallet.pay(till.request(5))["receipt"])
        trust = take_denylist(api.from_base64url(listed), synced(later))
        verify_receipt(receipt, trust)
        forged = seal(verify_receipt(receipt, trust).message, old).envelope
        with pytest.raises(RuleViolationError) as caught:
            verify_receipt(forged, trust)
        assert caught.value.code is ErrorCode.REVOKED


def test_running_servers_take_new_keys_up_by_themselves(house: House) -> None:
    """Two servers of one ledger, neither is restarted: what one signs with the new keys the other one takes at once."""
    with opened_house(house.folder, seed=2) as second:
        till, wallet = house.terminal(), house.wallet()
        before = synced(house)
        rotated(house, start_in_d=0)
        for server in (house, second):
            assert synced(server).bundle.message.version == 1, "it has not looked yet"
            server.desk.operator.credentials.look()
            assert synced(server, before).bundle.message.version == 2
        old = key_of_token(wallet)
        wallet.renew().ok()
        assert key_of_token(wallet) == old, "until everybody has looked the old key signs"
        assert wallet.pay(till.request(100))["state"] == "CAPTURED"
        for server in (house, second):
            server.clock.advance(NOTICE_S)
        wallet.renew().ok()
        assert key_of_token(wallet) != old
        certified(house, till)
        till.call = wallet.call = second.call
        request = till.request(100)
        assert till.capture((request, wallet.intent(request)))[0]["state"] == "CAPTURED"
        receipt = wallet.pay(till.request(100))["receipt"]
        verify_receipt(api.from_base64url(receipt), synced(house, before))
        with pytest.raises(RuleViolationError) as unheard:
            verify_receipt(api.from_base64url(receipt), before)
        assert unheard.value.code is ErrorCode.UNKNOWN_SIGNER
        second.assert_clean()


def test_a_server_without_the_new_keys_goes_on_with_the_old_ones(house: House) -> None:
    """The file of a key is not here, as on another machine: nothing half is taken up; when it comes, all is."""
    keys, operator = house.folder / KEYS_FOLDER, house.desk.operator
    rotated(house, Role.RECEIPT, start_in_d=0)
    away = (keys / "receipt-2.key").rename(house.folder / "on its way")
    with pytest.raises(MisuseError, match="missing"):
        operator.credentials.look()
    house.clock.advance(NOTICE_S)
    assert synced(house).bundle.message.version == 1
    assert house.wallet().pay(house.terminal().request(100))["state"] == "CAPTURED"
    away.rename(keys / "receipt-2.key")
    operator.credentials.look()
    assert synced(house).bundle.message.version == 2


def test_a_server_that_is_never_restarted_says_once_a_day_what_to_rotate(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """From thirty days before the end on; a trouble that lasts is one line, and gone when it is gone."""
    watch = CredentialsWatch(house.desk.operator.credentials, now_s=house.desk.operator.now_s)
    house.clock.advance(335 * DAY_S)
    watch.look()
    assert caplog.messages == []
    for _ in range(2):
        house.clock.advance(2 * DAY_S)
        for _ in range(3):
            watch.look()
    assert [text for text in caplog.messages if "receipt" in text] == [
        f"the receipt key expires in {days} days; run: tillcode-server rotate receipt" for days in (29, 27)
    ]
    caplog.clear()
    rotated(house, Role.RECEIPT)
    (house.folder / KEYS_FOLDER / "receipt-2.key").rename(house.folder / "on its way")
    watch.look()
    watch.look()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(
        "the newest trust bundle is not taken up: a receipt key of the bundle is missing"
    )


def test_a_running_server_believes_its_own_root_alone(house: House) -> None:
    """Whoever can write the database gives it no other keys; and a ledger that was put back gives it no older ones."""
    operator, stranger = house.desk.operator, house.new_signer()
    first = operator.trust.bundle
    forged = seal(TrustBundle(version=9, made_at_s=FROZEN_NOW_S, keys=first.message.keys), stranger).envelope
    with operator.store.writing() as writer:
        writer.add(TRUST, Trust(version=9, bundle=forged, root_key=stranger.public_key))
    with pytest.raises(RuleViolationError) as caught:
        operator.credentials.look()
    assert caught.value.code is ErrorCode.UNKNOWN_SIGNER
    other = seal(TrustBundle(version=1, made_at_s=1, keys=first.message.keys), root_of(house)).envelope
    with operator.store.writing() as writer:
        writer.change(TRUST, Trust(version=9, bundle=other, root_key=operator.trust.root_key))
    with pytest.raises(RuleViolationError) as rolled:
        operator.credentials.look()
    assert rolled.value.code is ErrorCode.TRUST_ROLLED_BACK
    assert operator.trust.bundle is first


def test_what_cannot_be_rotated_is_said_and_changes_nothing(house: House) -> None:
    """Another root, a third live key; the files and the bundle stay as they are."""
    keys = house.folder / KEYS_FOLDER
    rotated(house, Role.RECEIPT)
    before = {path.name: path.read_bytes() for path in keys.iterdir()}
    with pytest.raises(MisuseError, match="two live keys"):
        rotated(house, Role.RECEIPT)
    with pytest.raises(MisuseError, match="not the root key"):
        rotate(
            keys,
            house.desk.operator.store,
            roles=[Role.TERMINAL_CA],
            root=house.new_signer(),
            random=SeededRandom(1),
            now_s=FROZEN_NOW_S,
            start_in_s=0,
        )
    assert {path.name: path.read_bytes() for path in keys.iterdir()} == before


def test_keys_that_can_prove_nothing_more_leave_the_bundle(house: House) -> None:
    """Receipt keys stay for ever; the others until nothing that they began can be claimed."""
    rotated(house)
    house.clock.advance(367 * DAY_S)
    house.look()
    with restarted(house) as later:
        rotated(later, Role.RECEIPT)
        house.clock.advance(33 * DAY_S)
        made = rotated(later, Role.TOKEN_ISSUER)
    counts = [[key.role for key in made.bundle.message.keys].count(role) for role in ALL]
    assert dict(zip(ALL, counts, strict=True)) == {
        Role.TERMINAL_CA: 1,
        Role.TOKEN_ISSUER: 2,
        Role.RECEIPT: 3,
        Role.DENYLIST: 1,
    }


def test_a_key_without_time_left_signs_no_token(house: House) -> None:
    """Nobody would believe it: better no token and a clear word, before any money is put aside."""
    wallet = house.wallet()
    house.clock.advance(365 * DAY_S)
    balance = wallet.balance()
    assert wallet.renew().code() is ErrorCode.SERVER_ERROR
    assert wallet.balance() == balance


def test_a_ledger_that_is_older_than_its_denylist_key_starts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    """It says what to do; until that is done it revokes, but cannot publish; after it everything is published."""
    folder, keys = tmp_path / "server", tmp_path / "server" / KEYS_FOLDER
    found(folder, config=ServerConfig(database=address), random=SeededRandom(1), now_s=FROZEN_NOW_S)
    root = load_key_file(keys / "root.key")
    with opened_store(folder) as store, store.writing() as writer:
        trust = writer.find(TRUST, 1)
        assert trust is not None
        known = open_unverified(trust.bundle, TrustBundle).message
        older = tuple(key for key in known.keys if key.role is not Role.DENYLIST)
        bundle = seal(TrustBundle(version=1, made_at_s=FROZEN_NOW_S, keys=older), root).envelope
        writer.change(TRUST, Trust(version=1, bundle=bundle, root_key=root.public_key))
    (keys / "denylist.key").unlink()
    with opened_house(folder) as house:
        assert "there is no denylist key; run: tillcode-server rotate denylist" in caplog.text
        assert house.call("GET", api.PATH_DENYLIST, b"", "").ok()["newest"] == 0
        till, wallet = house.terminal(), house.wallet()
        assert wallet.pay(till.request(5))["state"] == "CAPTURED"
        assert wallet.token is not None
        revoke_by_hand(house.desk.operator.store, "token", wallet.token.message.token_id, reason="", at_s=FROZEN_NOW_S)
        assert house.call("GET", api.PATH_DENYLIST, b"", "").code() is ErrorCode.SERVER_ERROR
        rotated(house, Role.DENYLIST)
        with restarted(house) as later:
            listed = later.call("GET", api.PATH_DENYLIST, b"", "").ok()["denylist"]
            denied = take_denylist(api.from_base64url(listed), synced(later)).denied
            assert denied.token_ids == {wallet.token.message.token_id}


def test_the_command_rotates_with_a_root_that_lies_elsewhere(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The root key is off the machine, as it should be, and comes for a minute; typing errors are one line."""
    root = (house.folder / KEYS_FOLDER / "root.key").rename(tmp_path / "root on a stick")
    assert house.command("rotate", "receipt", "denylist") == 1
    assert "root.key is missing" in capsys.readouterr().err
    for wrong in (["recipe"], ["--start-in", "91"]):
        assert house.command("rotate", *wrong, "--root", str(root)) == 1
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert house.command("rotate", "receipt", "denylist", "--root", str(root)) == 0
    assert "trust bundle 2 is in the ledger; its new keys sign from " in capsys.readouterr().out
    with restarted(house) as later:
        assert len(later.desk.operator.signers.receipt.keys) == 2
        assert len(later.desk.operator.signers.terminal_ca.keys) == 1
    (house.folder / KEYS_FOLDER / "receipt-2.key").unlink()
    with pytest.raises(MisuseError, match="receipt key of the bundle is missing"), restarted(house):
        pass
