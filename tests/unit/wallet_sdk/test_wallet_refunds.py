"""What comes back to a payer, as a sync learns it."""

import pytest

from tests.unit.wallet_sdk.fakes import FakeServer
from tests.unit.wallet_sdk.world import World
from wallet_sdk.ports import HttpRequest
from wallet_sdk.protocol import api, qr
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError
from wallet_sdk.protocol.ids import Digest
from wallet_sdk.wallet import Payment
from wallet_sdk.wallet.asking import REFUNDS_OVERLAP_S


def paid(world: World, *, amount_minor: int = 1_000) -> Payment:
    """A payment that is settled."""
    return world.wallet.scan(qr.to_text(world.request(amount_minor=amount_minor).envelope)).pay()


def give_back(world: World, digest: Digest, *, refunded_minor: int, at_s: int) -> None:
    """The issuer will tell of it."""
    refund = api.RefundReceived(
        consent_digest=api.to_base64url(digest), refunded_minor=refunded_minor, currency="EUR", at_s=at_s
    )
    world.server.refunds.append(refund)


def test_a_sync_reports_what_came_back_and_asks_only_for_newer(world: World) -> None:
    """Five refunds in three answers; each payment once with all that came back; the next sync asks from there on."""
    first, second = paid(world), paid(world)
    for at_s, (payment, refunded_minor) in enumerate([(first, 1), (second, 7), (first, 3), (first, 6), (second, 7)]):
        give_back(world, payment.digest, refunded_minor=refunded_minor, at_s=10_000 + at_s)
    report = world.wallet.sync()
    assert [(one.digest, one.refunded.minor) for one in report.refunded] == [(first.digest, 6), (second.digest, 7)]
    assert {one.digest: one.refunded.minor for one in world.wallet.history()} == {first.digest: 6, second.digest: 7}
    assert world.server.refunds_asked == [0, 10_002, 10_004]
    give_back(world, first.digest, refunded_minor=8, at_s=9_999)
    assert [one.refunded.minor for one in world.reopened().sync().refunded] == [8], "an hour late is early enough"
    assert world.server.refunds_asked[3] == 10_004 - REFUNDS_OVERLAP_S
    assert world.wallet.sync().refunded == ()


def test_a_refund_of_a_payment_that_this_wallet_has_forgotten_is_passed_over(world: World) -> None:
    """After a store was put back, say."""
    payment = paid(world)
    give_back(world, Digest(bytes(32)), refunded_minor=1, at_s=1)
    give_back(world, payment.digest, refunded_minor=2, at_s=2)
    assert [one.digest for one in world.wallet.sync().refunded] == [payment.digest]


@pytest.mark.parametrize(("refunded_minor", "at_s"), [(1_001, 5), (1, -1), (1, 2**40)])
def test_an_answer_that_cannot_be_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, refunded_minor: int, at_s: int
) -> None:
    """More than was paid, or a time that was not asked for: nothing of it is kept."""
    payment = paid(world)
    give_back(world, payment.digest, refunded_minor=refunded_minor, at_s=at_s)
    everything = api.RefundsAnswer(refunds=tuple(world.server.refunds), has_more=True)
    monkeypatch.setattr(FakeServer, "_list_refunds", lambda _server, _request: everything)
    with pytest.raises(UnavailableError) as refused:
        world.wallet.sync()
    assert refused.value.code is ErrorCode.BAD_ANSWER
    assert [one.refunded.minor for one in world.wallet.history()] == [0]


def test_an_issuer_without_end_does_not_hold_a_wallet(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bounded number of answers a sync; what is left comes with the next."""
    asked = []

    def endless(_server: FakeServer, request: HttpRequest) -> api.RefundsAnswer:
        since_s = int(request.path.partition("since=")[2])
        asked.append(since_s)
        refund = api.RefundReceived(
            consent_digest=api.to_base64url(bytes(32)), refunded_minor=1, currency="EUR", at_s=since_s
        )
        return api.RefundsAnswer(refunds=(refund,), has_more=True)

    monkeypatch.setattr(FakeServer, "_list_refunds", endless)
    world.wallet.sync()
    first = len(asked)
    assert asked == list(range(first))
    world.wallet.sync()
    assert asked[first] == max(first - 1 - REFUNDS_OVERLAP_S, 0)
    assert 1 < first < 1_000
