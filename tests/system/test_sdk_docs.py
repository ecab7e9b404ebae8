"""Every code block of the SDK's pages, typed as it stands, against a real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from server_stub.webhooks.signing import headers_of, new_secret
from tests.system.sandboxes import ADDRESS, Play, blocks_of, serving_sandbox
from wallet_sdk import HttpxSender, MemoryKeyStore, MemoryWalletStore, SystemClock, SystemRandom, Wallet
from wallet_sdk.kit import MerchantTerminal

PAGES = Path(__file__).parents[2] / "docs" / "sdk"
#: Pages whose blocks need more than a wallet and a till.
APART = {"testing-your-integration.md", "webhooks.md"}
WITH_BLOCKS = sorted(page.name for page in PAGES.glob("*.md") if blocks_of(page) and page.name not in APART)

pytest_plugins = ["pytester"]


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    """One for all pages."""
    with serving_sandbox(tmp_path_factory.mktemp("sandbox") / "play") as play:
        yield play


@pytest.mark.parametrize("name", WITH_BLOCKS)
def test_the_blocks_of_a_page_run_as_they_stand(
    play: Play, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other, in one namespace, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    typed = iter([play.new_code("wallet"), play.new_code("terminal")])
    names: dict[str, object] = {"input": lambda _question: next(typed)}
    opened: list[Wallet | MerchantTerminal] = []
    if name != "quickstart.md":
        wallet = Wallet.open(store=MemoryWalletStore(), keys=MemoryKeyStore())
        wallet.enrol(server=play.url, activation_code=next(typed))
        till = MerchantTerminal(
            HttpxSender(play.url), activation_code=next(typed), clock=SystemClock(), random=SystemRandom()
        )
        opened += [wallet, till]
        names |= {"wallet": wallet, "till": till, "server": play.url, "root_key": play.root_key}
        names["another_wallet_code"] = play.new_code("wallet")
    for block in blocks_of(PAGES / name):
        exec(compile(block.replace(ADDRESS, play.url), name, "exec"), names)  # noqa: S102 (our own pages)
    for one in opened:
        one.close()
    if name == "quickstart.md":
        assert "Sandbox Shop 2.50 EUR\nOutcome.SETTLED" in capsys.readouterr().out


def test_the_tests_of_the_testing_page_pass(pytester: pytest.Pytester) -> None:
    """In a pytest of their own, which finds the plugin by its entry point."""
    (block,) = blocks_of(PAGES / "testing-your-integration.md")
    pytester.makepyfile(block)
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=4)


def test_the_receiver_of_the_webhooks_page_works() -> None:
    """With a delivery that the server's own signer signed."""
    body = (
        b'{"id":"evt_1001_17","number":17,"type":"payment.captured","timestamp":"2026-11-23T12:00:00Z","data":'
        b'{"terminal_id":2001,"request_id":"AaIIRv4A7QEg9hxA","amount_minor":1250,"currency":"EUR","state":"CAPTURED"}}'
    )
    secret = new_secret(bytes(32))
    at_s = SystemClock().now_ms() // 1000
    names: dict[str, object] = {
        "secret": secret,
        "delivered_body": body,
        "delivered_headers": dict(headers_of([secret], message_id="evt_1001_17", at_s=at_s, body=body)),
    }
    (block,) = blocks_of(PAGES / "webhooks.md")
    exec(compile(block, "webhooks.md", "exec"), names)  # noqa: S102 (our own page)
    receive = names["receive"]
    assert callable(receive)
    assert receive(names["delivered_headers"], body) == "paid 12.50 EUR"
