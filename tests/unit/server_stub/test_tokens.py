"""Tokens: what is reserved, what comes back, and that one request makes one token."""

from tests.unit.server_stub.harness import House
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import TokenId
from wallet_sdk.protocol.messages import NO_ENVELOPE

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True

DAY_S = 24 * 3600


def test_a_token_reserves_what_is_asked_allowed_and_there(house: House) -> None:
    """The smallest of the wallet's wish, the operator's limit and the balance. (R-92)"""
    assert house.wallet(funds_minor=10_000, total_max_minor=3_000).balance() == (7_000, 3_000)
    assert house.wallet(funds_minor=50_000, total_max_minor=99_999).balance() == (30_000, 20_000)
    assert house.wallet(funds_minor=700, total_max_minor=3_000).balance() == (0, 700)
    house.assert_clean()


def test_the_same_token_request_makes_one_token(house: House) -> None:
    """An answer lost on its way is given again, byte for byte; other content under the id is refused. (R-90)"""
    wallet = house.wallet(total_max_minor=0)
    issue_id = wallet.new_id()
    envelope = wallet.token_request(1_000, issue_id=issue_id)
    answers = {house.call("POST", api.PATH_TOKENS, envelope, "").body for _ in range(3)}
    assert len(answers) == 1
    other = wallet.token_request(2_000, issue_id=issue_id)
    assert house.call("POST", api.PATH_TOKENS, other, "").code() is ErrorCode.CONTENT_CONFLICT
    assert wallet.balance() == (9_000, 1_000)
    house.assert_clean()


def test_renewal_gives_the_unused_allowance_back(house: House) -> None:
    """Unused is available again; signed and not yet captured stays reserved until its capture comes. (R-92)"""
    terminal, wallet = house.terminal(), house.wallet(total_max_minor=5_000)
    captured, late = terminal.request(1_000), terminal.request(500)
    claims = [(captured, wallet.intent(captured)), (late, wallet.intent(late))]
    terminal.capture(claims[0])
    renewal = wallet.token_request(2_000)
    first = house.call("POST", api.PATH_TOKENS, renewal, "")
    assert first.http_status == 200
    assert house.call("POST", api.PATH_TOKENS, renewal, "").body == first.body
    assert wallet.balance() == (10_000 - 1_000 - 500 - 2_000, 2_000 + 500)
    assert terminal.capture(claims[1])[0]["error_code"] == 0
    assert wallet.balance() == (6_500, 2_000)
    house.assert_clean()


def test_a_token_is_closed_once_by_its_own_wallet_at_a_possible_sum(house: House) -> None:
    """Another's token, a closed one, less than was seen, more than was allowed: all refused without effect. (R-90)"""
    terminal, wallet, other = house.terminal(), house.wallet(), house.wallet()
    request = terminal.request(1_000)
    terminal.capture((request, wallet.intent(request)))
    before = wallet.balance(), other.balance()
    closing = wallet.closing(spent_minor=1_001)
    unknown, stranger = TokenId(b"no such token"[:12]), house.new_signer()
    assert other.renew(closing=wallet.closing()).code() is ErrorCode.NOT_AUTHORIZED
    assert wallet.renew(closing=wallet.closing(token_id=unknown)).code() is ErrorCode.NOT_AUTHORIZED
    assert wallet.renew(closing=wallet.closing(signer=stranger)).code() is ErrorCode.UNKNOWN_SIGNER
    assert wallet.renew(closing=wallet.closing(spent_minor=999)).code() is ErrorCode.BAD_CUMULATIVE
    assert wallet.renew(closing=wallet.closing(spent_minor=5_001)).code() is ErrorCode.BAD_CUMULATIVE
    assert (wallet.balance(), other.balance()) == before
    wallet.renew().ok()
    assert wallet.renew(closing=closing).code() is ErrorCode.TOKEN_CLOSED
    house.assert_clean()


def test_a_key_is_of_one_token_only(house: House) -> None:
    """No wallet has a token made over a key that is another's, or its own of the enrolment or of a token. (R-120)"""
    wallet, other = house.wallet(), house.wallet()
    assert wallet.token is not None
    before = wallet.balance(), other.balance()
    for key in (wallet.token.message.device_key, wallet.signer.public_key, other.signer.public_key):
        assert other.renew(token_key=key).code() is ErrorCode.CONTENT_CONFLICT
    assert other.renew(token_key=house.terminal().signer.public_key).code() is ErrorCode.CONTENT_CONFLICT
    assert (wallet.balance(), other.balance()) == before
    house.assert_clean()


def test_no_two_tokens_of_a_wallet_share_a_key(house: House) -> None:
    """So that tills that compare what they have seen cannot tell that two tokens are of one wallet."""
    wallet = house.wallet()
    seen = [wallet.token]
    for _ in range(2):
        wallet.renew().ok()
        seen.append(wallet.token)
    keys = {token.message.device_key for token in seen if token is not None}
    assert len(keys) == 3
    assert wallet.signer.public_key not in keys


def test_a_closed_token_has_one_successor(house: House) -> None:
    """A wallet that never got its new token, and asks anew with another id, gets that one; no second escrow."""
    wallet = house.wallet(total_max_minor=5_000)
    asked = [wallet.token_request(total) for total in (2_000, 3_000)]
    answers = [house.call("POST", api.PATH_TOKENS, envelope, "") for envelope in asked]
    assert [answer.http_status for answer in answers] == [200, 200]
    assert answers[0].body == answers[1].body
    assert wallet.balance() == (8_000, 2_000)
    house.assert_clean()


def test_what_nobody_claimed_in_time_is_the_payers_again(house: House) -> None:
    """Signed offline and never claimed: reserved while a claim may come, and free at the first renewal then. (R-117)"""
    terminal, wallet = house.terminal(), house.wallet(funds_minor=10_000, total_max_minor=5_000)
    claimed, forgotten = terminal.request(1_000), terminal.request(700)
    claim, lost = (claimed, wallet.intent(claimed)), (forgotten, wallet.intent(forgotten))
    wallet.renew(0).ok()
    house.clock.advance(30 * DAY_S)
    assert terminal.capture(claim)[0]["error_code"] == 0
    wallet.renew(0).ok()
    assert wallet.balance() == (10_000 - 1_000 - 700, 700)
    house.clock.advance(4 * DAY_S)
    assert terminal.capture(lost)[0]["error_code"] == ErrorCode.LATE_CAPTURE
    wallet.renew(0).ok()
    assert wallet.balance() == (9_000, 0)
    assert terminal.capture(lost)[0]["error_code"] == ErrorCode.LATE_CAPTURE
    house.assert_clean()


def test_a_token_that_its_wallet_has_lost_gives_its_escrow_back(house: House) -> None:
    """Never closed, because the wallet forgot it: not for ever out of reach."""
    wallet = house.wallet(funds_minor=10_000, total_max_minor=5_000)
    wallet.renew(1_000, closing=NO_ENVELOPE).ok()
    assert wallet.balance() == (4_000, 6_000)
    house.clock.advance(34 * DAY_S - 1)
    wallet.renew(0).ok()
    assert wallet.balance() == (5_000, 5_000)
    house.clock.advance(1)
    wallet.renew(0).ok()
    assert wallet.balance() == (10_000, 0)
    house.assert_clean()


def test_a_closed_token_pays_nothing_online(house: House) -> None:
    """Intents and codes under it are refused; the new token spends."""
    terminal, wallet = house.terminal(), house.wallet()
    old = wallet.token, wallet.token_signer
    wallet.renew().ok()
    new = wallet.token, wallet.token_signer
    wallet.token, wallet.token_signer = old
    assert wallet.pay(terminal.request())["error_code"] == ErrorCode.TOKEN_CLOSED
    assert terminal.capture((terminal.request(), wallet.code()))[0]["error_code"] == ErrorCode.TOKEN_CLOSED
    wallet.token, wallet.token_signer = new
    wallet.counter = 0
    assert wallet.pay(terminal.request())["state"] == "CAPTURED"
    house.assert_clean()
