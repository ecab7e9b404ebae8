"""An allowance given back without a new token: the unused part is available again, and what was signed is kept."""

from tests.unit.server_stub.harness import OFFLINE, House, TestWallet
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Envelope

#: Each of these tests runs on SQLite and on PostgreSQL.
ON_EVERY_DATABASE = True


def give_back(house: House, closing: Envelope) -> object:
    """The answer's body, or the error's code."""
    answer = house.call("POST", api.PATH_RETURNS, closing, "")
    return answer.content if answer.http_status == 200 else answer.code()


def spent(house: House, amount_minor: int) -> TestWallet:
    """A wallet with an allowance of 50.00, of which it has signed a part that nobody has claimed yet."""
    terminal, wallet = house.terminal(), house.wallet(10_000, total_max_minor=5_000)
    wallet.intent(terminal.request(amount_minor), OFFLINE)
    return wallet


def test_what_was_not_spent_is_available_again(house: House) -> None:
    """All but what was signed; the same closing again is the same answer, and moves nothing."""
    wallet = spent(house, 1_200)
    assert wallet.token is not None
    closing = wallet.closing()
    answer = give_back(house, closing)
    assert answer == {"token_id": api.to_base64url(wallet.token.message.token_id), "spent_minor": 1_200}
    assert wallet.balance() == (8_800, 1_200)
    house.clock.advance(3_600)
    assert give_back(house, closing) == answer
    assert wallet.balance() == (8_800, 1_200)
    house.assert_clean()


def test_another_sum_is_refused_before_and_after(house: House) -> None:
    """Less than was seen or more than was allowed; and once closed, no other word counts."""
    terminal, wallet = house.terminal(), house.wallet(10_000, total_max_minor=5_000)
    request = terminal.request(1_200)
    terminal.capture((request, wallet.intent(request, OFFLINE)))
    assert give_back(house, wallet.closing(spent_minor=1_199)) is ErrorCode.BAD_CUMULATIVE
    assert give_back(house, wallet.closing(spent_minor=5_001)) is ErrorCode.BAD_CUMULATIVE
    assert isinstance(give_back(house, wallet.closing()), dict)
    assert give_back(house, wallet.closing(spent_minor=1_300)) is ErrorCode.TOKEN_CLOSED
    house.assert_clean()


def test_only_the_tokens_own_key_gives_it_back(house: House) -> None:
    """The wallet's enrolment key is another one, and a token of nobody is nobody's."""
    wallet = spent(house, 10)
    assert give_back(house, wallet.closing(signer=wallet.signer)) is ErrorCode.UNKNOWN_SIGNER
    assert give_back(house, wallet.closing(token_id=bytes(12))) is ErrorCode.UNKNOWN_SIGNER


def test_a_returned_token_can_still_be_followed_by_a_new_one(house: House) -> None:
    """Later, with the same closing; and only one: who never got the answer gets the same token. (R-127)"""
    wallet = spent(house, 1_000)
    closing = wallet.closing()
    give_back(house, closing)
    first = wallet.token_request(2_000)
    token = house.call("POST", api.PATH_TOKENS, first, "").ok()["token"]
    assert wallet.balance() == (7_000, 3_000)
    again = house.call("POST", api.PATH_TOKENS, wallet.token_request(2_000), "").ok()["token"]
    assert again == token
    house.assert_clean()


def test_a_late_claim_of_what_was_signed_is_still_paid(house: House) -> None:
    """The return kept its part of the escrow."""
    terminal, wallet = house.terminal(), house.wallet(10_000, total_max_minor=5_000)
    request = terminal.request(1_000)
    intent = wallet.intent(request, OFFLINE)
    give_back(house, wallet.closing())
    house.clock.advance(20 * 24 * 3_600)
    assert terminal.capture((request, intent))[0]["state"] == "CAPTURED"
    assert wallet.balance() == (9_000, 0)
    house.assert_clean()
