"""Every operation of the table, called by nobody and by the wrong one. A new row is tested by being there."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from server_stub.routes.operations import Access
from server_stub.store.callers import MERCHANT_SCOPES, OPERATOR_SCOPES, Scope
from server_stub.store.tables.callers import API_KEYS
from tests.unit.server_stub.harness import ONLINE, TestTerminal, TestWallet
from tests.unit.server_stub.routes.town import (
    CONTENT,
    KEYED,
    MERCHANTS,
    OPERATORS,
    SEQUENCE,
    Town,
    of,
    opened_town,
)
from wallet_sdk.protocol import api
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.messages import CertificateRequest, CloseRequest
from wallet_sdk.protocol.money import Currency
from wallet_sdk.testing import Scheme

ON_EVERY_DATABASE = True

#: What anybody may ask. Whoever adds a name here has thought about it.
PUBLIC = {"getHealth", "getReadiness", "getDocument", "getTrust", "getDenylist"}


@pytest.fixture
def town(tmp_path: Path, address: str) -> Generator[Town]:
    """Opened for one test."""
    with opened_town(tmp_path / "server", address) as opened:
        yield opened


def test_what_is_open_to_anybody_is_listed_here() -> None:
    """Nothing becomes public by forgetting its access; and what has a key has a scope."""
    assert {row.name for row in of(Access.ANYONE)} == PUBLIC
    assert all(row.scope is not None for row in KEYED)
    assert set(CONTENT) == {row.name for row in KEYED if row.body is not None}


def test_nobody_gets_in_anywhere(town: Town) -> None:
    """Without credentials, with a scheme nobody knows, with a key nobody gave out: the same answer everywhere."""
    wrong = ("", "Basic YTpi", "Bearer ", "Bearer tck_a_b", f"Bearer {town.owner_key}x", town.owner_key)
    for row in [*KEYED, *of(Access.SIGNED_READ)]:
        for authorization in wrong:
            answer = town.house.call(row.method, town.path(row), b"", authorization)
            assert answer.code() is ErrorCode.NOT_AUTHENTICATED, (row.name, authorization)
            assert answer.http_status == 401


def test_a_key_opens_what_its_scope_says_and_nothing_else(town: Town) -> None:
    """For each row: a key with every scope but the needed one is refused, and so is the other side's with all."""
    keys: dict[Scope | None, str] = {
        scope: town.house.new_key(owner, *(one for one in scopes if one is not scope))
        for owner, scopes in ((town.house.merchant_id, MERCHANT_SCOPES), (None, OPERATOR_SCOPES))
        for scope in scopes
    }
    operator_key = town.house.new_key(None)
    for row in KEYED:
        assert town.ask(row, keys[row.scope]) is ErrorCode.NOT_AUTHORIZED, row.name
        other = town.owner_key if row in OPERATORS else operator_key
        assert town.ask(row, other) is ErrorCode.NOT_AUTHORIZED, row.name


def test_each_scope_of_the_operator_opens_its_own_part(town: Town) -> None:
    """A key with one scope opens exactly the rows of that scope: that of the measures funds nobody."""
    for scope in OPERATOR_SCOPES:
        key = town.house.new_key(None, scope)
        for row in OPERATORS:
            if row.scope is not scope:
                assert town.ask(row, key) is ErrorCode.NOT_AUTHORIZED, (scope, row.name)
    metrics = town.house.new_key(None, Scope.METRICS_READ)
    assert b"tillcode_" in town.house.call("GET", "/metrics", b"", f"Bearer {metrics}").body
    assert {row.name for row in OPERATORS if row.scope is Scope.METRICS_READ} == {"getMeasures"}
    assert all(row.scope is not Scope.OPERATOR_READ or row.method == "GET" for row in OPERATORS)


def test_the_right_key_is_let_in(town: Town) -> None:
    """The refusals above are about the key: with the right one every row answers."""
    for row in SEQUENCE:
        assert town.ask(row, town.key(row)) is None, row.name


def test_another_merchant_sees_and_changes_nothing(town: Town) -> None:
    """What is named is unknown to him, what is listed is empty; and nothing of the first merchant's has changed."""
    before = town.house.ask("GET", f"/v1/webhooks/endpoints/{town.names['endpoint_id']}", town.owner_key).ok()
    for row in MERCHANTS:
        answer = town.house.ask(row.method, town.path(row), town.other_key, CONTENT.get(row.name))
        if "{" in row.path:
            assert answer.http_status == 404, (row.name, answer.body)
            continue
        for secret in (town.names["name"], town.names["key_id"], town.names["endpoint_id"], "Sandbox Shop"):
            assert secret not in answer.body.decode(), row.name
        if row.method == "GET" and row.name.startswith("list") and row.name not in {"listApiKeys", "listEndpoints"}:
            assert not any(answer.content.values()), (row.name, answer.content)
    assert town.house.ask("GET", f"/v1/webhooks/endpoints/{town.names['endpoint_id']}", town.owner_key).ok() == before
    terminals = town.house.ask("GET", "/v1/terminals", town.owner_key).ok()["terminals"]
    assert [one["blocked_at_s"] for one in terminals] == [None, None]


def test_a_revoked_key_is_dead_at_once(town: Town) -> None:
    """Everywhere, and revoking twice is revoking once."""
    key = town.house.new_key(town.house.merchant_id)
    for _ in range(2):
        town.house.ask("DELETE", f"/v1/api-keys/{key.split('_')[1]}", town.owner_key).ok()
    for row in MERCHANTS:
        assert town.ask(row, key) is ErrorCode.NOT_AUTHENTICATED, row.name


def test_keys_of_a_blocked_merchant_only_read(town: Town) -> None:
    """Every row that changes something is refused to him and to nobody else, until he is unblocked. (R-130)"""
    operator_key, of_merchant = town.house.new_key(None), f"/v1/merchants/{town.house.merchant_id}"
    town.house.ask("POST", of_merchant + "/block", operator_key, {"reason": "test"}).ok()
    for row in MERCHANTS:
        assert town.ask(row, town.owner_key) is (None if row.method == "GET" else ErrorCode.MERCHANT_BLOCKED), row.name
    assert town.house.ask("GET", "/v1/merchant", town.owner_key).ok()["blocked_at_s"] is not None
    town.house.ask("POST", "/v1/activation-codes", town.other_key).ok()
    town.house.ask("POST", of_merchant + "/unblock", operator_key, {"reason": "test"}).ok()
    town.house.ask("POST", "/v1/activation-codes", town.owner_key).ok()


def test_a_key_gives_no_more_than_it_has(town: Town) -> None:
    """And a merchant's key can never be made an operator's."""
    small = town.house.new_key(town.house.merchant_id, Scope.KEYS_WRITE)
    asked = town.house.ask("POST", "/v1/api-keys", small, {"scopes": ["payments:read"]})
    assert (asked.code(), asked.content["param"]) == (ErrorCode.NOT_AUTHORIZED, "scopes")
    path = f"/v1/merchants/{town.house.merchant_id}/api-keys"
    operator = town.house.ask("POST", path, town.house.new_key(None), {"scopes": ["funds:write"]})
    assert operator.code() is ErrorCode.BAD_ARGUMENT


def test_the_secret_of_a_key_is_not_in_the_ledger(town: Town) -> None:
    """A stolen copy of the ledger opens nothing."""
    secret = town.owner_key.split("_", 2)[2]
    with town.house.desk.operator.store.reading() as reader:
        stored = reader.list_all(API_KEYS)
    assert stored
    assert all(secret not in repr(key) for key in stored)
    if town.house.ledger.exists():
        assert secret.encode() not in town.house.ledger.read_bytes()


def test_a_device_reads_only_its_own(town: Town) -> None:
    """Another terminal, another wallet, the other kind of device: unknown to each of them."""
    terminal, wallet = town.house.terminal(), town.house.wallet(1)
    for row in [*of(Access.SIGNED_READ), *of(Access.SIGNED_READ_OR_API_KEY)]:
        if row.path in {api.PATH_BALANCE, api.PATH_REFUNDS}:
            continue  # names nothing: each wallet asks about itself
        for stranger in (terminal, wallet):
            answer = stranger.read(town.path(row))
            if answer.http_status == 200:  # a terminal's own request of this id, which nobody has answered
                assert (answer.content["state"], answer.content["receipt"]) == ("REQUESTED", ""), row.name
            else:
                assert answer.code() is ErrorCode.UNKNOWN_PAYMENT, row.name
    assert town.wallet.balance() != wallet.balance()


NO_CODE = "0000-0000-0000-0000"
#: For each operation whose body is signed, that body from devices that this server has never let in.
FOREIGN: dict[str, Callable[[TestTerminal, TestWallet, Town], bytes]] = {
    "enrolWallet": lambda _terminal, wallet, _town: _sent(wallet, lambda: wallet.enrol(NO_CODE)),
    "enrolTerminal": lambda terminal, _wallet, _town: _sent(terminal, lambda: terminal.enrol(NO_CODE)),
    "returnToken": lambda _terminal, wallet, _town: _closing(wallet),
    "captureHold": lambda terminal, _wallet, town: _sent(terminal, lambda: terminal.end_hold(town.request, 1)),
    "refundPayment": lambda terminal, _wallet, town: terminal.refund(town.request, 1).envelope,
    "renewCertificate": lambda terminal, _wallet, _town: (
        seal(CertificateRequest(made_at_s=terminal.now_s()), terminal.signer).envelope
    ),
    "showTrust": lambda _terminal, wallet, town: (
        seal(town.house.desk.operator.trust.bundle.message, wallet.signer).envelope
    ),
    "issueToken": lambda _terminal, wallet, _town: wallet.token_request(),
    "payIntent": lambda terminal, wallet, _town: _pair(terminal, wallet),
    "captureBatch": lambda terminal, wallet, _town: _batch(terminal, wallet),
    "closeRequest": lambda terminal, _wallet, town: (
        seal(
            CloseRequest(request_id=api.from_base64url(town.names["name"]), made_at_s=terminal.now_s()),  # type: ignore[arg-type]
            terminal.signer,
        ).envelope
    ),
}


def test_a_device_that_was_never_let_in_is_refused(town: Town) -> None:
    """Each signed message, whole and well signed, by keys that this server does not know: nothing is stored."""
    rows = of(Access.SIGNED_BODY)
    assert set(FOREIGN) == {row.name for row in rows}
    payments = town.house.audit().payments
    for row in rows:
        terminal, wallet = _strangers(town)
        answer = town.house.call(row.method, row.path, FOREIGN[row.name](terminal, wallet, town), "")
        wanted = {ErrorCode.UNKNOWN_SIGNER, ErrorCode.UNKNOWN_ACTIVATION_CODE}
        assert answer.code() in wanted, (row.name, answer.body)
        assert town.house.call(row.method, row.path, b"", "").http_status in {400, 401}, row.name
    assert town.house.audit().payments == payments


def _strangers(town: Town) -> tuple[TestTerminal, TestWallet]:
    """Devices with keys of their own and the papers of others."""
    house = town.house
    terminal = TestTerminal(call=house.call, clock=house.clock, random=house.random, signer=house.new_signer())
    terminal.certificate = town.terminal.certificate
    wallet = TestWallet(call=house.call, clock=house.clock, random=house.random, signer=house.new_signer())
    return terminal, wallet


def _sent(device: TestTerminal | TestWallet, does: Callable[[], object]) -> bytes:
    """What a device sends when it does something."""
    sent: list[bytes] = []

    def remember(_method: str, _path: str, body: bytes, _authorization: str) -> object:
        sent.append(body)
        raise StopIteration

    device.call = remember  # type: ignore[assignment]
    with pytest.raises(StopIteration):
        does()
    return sent[0]


def _closing(wallet: TestWallet) -> bytes:
    scheme = Scheme(seed=99)
    wallet.token, wallet.token_signer = scheme.token(), scheme.device
    return wallet.closing()


def _pair(terminal: TestTerminal, wallet: TestWallet) -> bytes:
    scheme = Scheme(seed=99)
    request = scheme.request(currency=Currency.EUR)
    wallet.token, wallet.token_signer = scheme.token(), scheme.device
    intent = wallet.intent(request, ONLINE)
    assert terminal.signer is not wallet.signer
    return api.to_json(
        api.IntentBody(intent=api.to_base64url(intent.envelope), request=api.to_base64url(request.envelope))
    )


def _batch(terminal: TestTerminal, wallet: TestWallet) -> bytes:
    scheme = Scheme(seed=99)
    wallet.token, wallet.token_signer = scheme.token(), scheme.device
    request = terminal.request()
    return terminal.batch((request, wallet.intent(request)))
