"""The demo wallet's scenes over the real SDK with a small issuer: from the pixels of a till to PAID."""

import threading
from pathlib import Path

import pytest

from tests.gui.demo_issuer import FUNDED_MINOR, DemoIssuer
from wallet_sdk.demo.desk import Desk
from wallet_sdk.demo.eye import ScreenEye
from wallet_sdk.demo.samples import SAMPLES
from wallet_sdk.demo.scenes import HomeScene, Scene
from wallet_sdk.demo.screen_model import ActionName, NetworkState, ScreenName, WalletModel
from wallet_sdk.keystore import MemoryKeyStore
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.envelope import open_unverified, seal
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import RequestId, TerminalId
from wallet_sdk.protocol.messages import PaymentCode, PaymentIntent, Receipt
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State
from wallet_sdk.store import MemoryWalletStore
from wallet_sdk.testing import FrozenClock, Scheme, SeededRandom
from wallet_sdk.transport import SwitchableSender
from wallet_sdk.wallet import Wallet

ALLOWANCE_MINOR = 50_00
ERRAND_TIMEOUT_S = 20.0


class Story:
    """Scenes over the real SDK, without threads of their own: a test presses, ticks and looks at the model shown."""

    def __init__(self, folder: Path) -> None:
        self.scheme = Scheme()
        self.issuer = DemoIssuer(self.scheme)
        self.clock = FrozenClock()
        self.model = SAMPLES[ScreenName.WORKING]
        self.till_screen = folder / "till.png"
        self._came_back = threading.Semaphore(0)
        network = SwitchableSender(self.issuer)
        random = SeededRandom(7)
        self.wallet = Wallet.open(
            store=MemoryWalletStore(),
            keys=MemoryKeyStore(random),
            sender=network,
            clock=self.clock,
            random=random,
            sleep=lambda _seconds: None,
        )
        self.wallet.enrol(server="http://demo.test", activation_code="DEMO", allowance_minor=ALLOWANCE_MINOR)
        self.wallet.sync()
        desk = Desk(
            wallet=self.wallet,
            network=network,
            switch_file=folder / "network-off",
            eye=ScreenEye(self.till_screen),
            clock=self.clock,
            show=self._show,
            show_frame=lambda _frame: None,
            wake=self._came_back.release,
        )
        self.scene: Scene = HomeScene(desk)
        self.scene.enter()

    def press(self, action: ActionName) -> None:
        """Press a button, as the worker thread would do it."""
        self._go(self.scene.press(action))

    def tick(self) -> None:
        """Let the scene look around once."""
        self._go(self.scene.tick())

    def screen(self) -> ScreenName:
        """Which screen is shown."""
        return self.model.name

    def network(self) -> NetworkState:
        """What the home screen says of the network."""
        return self.model.network

    def tick_with_errand(self) -> None:
        """Let the scene send its errand, and take the answer."""
        self.tick()
        assert self._came_back.acquire(timeout=ERRAND_TIMEOUT_S)
        self.tick()

    def till_shows(self, text: str) -> None:
        """Put a code on the till's screen."""
        qr.picture(text, module_px=4).save(self.till_screen)

    def ask(self, *, amount_minor: int = 12_50) -> RequestId:
        """Let the till ask, and the wallet look; the request's id."""
        request = self.scheme.request(amount_minor=amount_minor)
        self.till_shows(qr.to_text(request.envelope))
        self.press(ActionName.PAY)
        self.tick()
        return request.message.request_id

    def _go(self, after: Scene) -> None:
        if after is not self.scene:
            self.scene = after
            after.enter()

    def _show(self, model: WalletModel) -> None:
        self.model = model


@pytest.fixture
def story(tmp_path: Path) -> Story:
    """A funded wallet at home."""
    return Story(tmp_path)


def figures(model: WalletModel) -> str:
    """The amount on a screen."""
    assert model.amount is not None
    return f"{model.amount.number} {model.amount.currency}"


def balance(model: WalletModel) -> str:
    """The balance on the home screen."""
    assert model.purse is not None
    return model.purse.balance.number


def test_paying_online_ends_with_a_receipt_that_proves_it(story: Story) -> None:
    """From the till's pixels to PAID: the merchant as certified, the amount, and the issuer's receipt as a code."""
    request_id = story.ask()
    assert story.screen() is ScreenName.QUOTE
    assert story.model.payee is not None
    assert story.model.payee.name == "Café Mole"
    assert figures(story.model) == "12.50 EUR"
    story.press(ActionName.CONFIRM)
    assert story.screen() is ScreenName.PAID
    receipt = open_unverified(qr.from_text(story.model.code_text), Receipt).message
    assert (receipt.request_id, receipt.amount_minor) == (request_id, 12_50)
    story.press(ActionName.DONE)
    story.tick_with_errand()
    assert balance(story.model) == "187.50"
    assert story.model.rows[0].outcome == "Paid"


def test_a_printed_code_is_paid_as_much_as_is_typed(story: Story) -> None:
    """Who is paid stands above the pad; figures come in from the right, and never over the code's cap."""
    story.till_shows(qr.to_text(story.scheme.static_code(payment_max_minor=2_000).envelope))
    story.press(ActionName.PAY)
    story.tick()
    assert story.screen() is ScreenName.AMOUNT
    assert story.model.payee is not None
    assert story.model.payee.name == "Café Mole"
    assert story.model.lines == ("A printed code: at most 20.00 EUR",)
    story.press(ActionName.CONFIRM)
    assert story.screen() is ScreenName.AMOUNT, "nothing is no payment"
    for key, shown in (
        (ActionName.DIGIT_3, "0.03"),
        (ActionName.DIGIT_7, "0.37"),
        (ActionName.DIGIT_5, "3.75"),
        (ActionName.DIGIT_0, "3.75"),  # 37.50 is over the cap
        (ActionName.ERASE, "0.37"),
        (ActionName.DIGIT_0, "3.70"),
    ):
        story.press(key)
        assert figures(story.model) == f"{shown} EUR"
    story.press(ActionName.CONFIRM)
    assert story.screen() is ScreenName.PAID
    receipt = open_unverified(qr.from_text(story.model.code_text), Receipt).message
    assert receipt.amount_minor == 3_70
    story.press(ActionName.DONE)
    story.tick_with_errand()
    assert balance(story.model) == "196.30"


def test_a_printed_code_needs_the_network(story: Story) -> None:
    """R-109: switched off, nothing is signed, and that is said."""
    story.press(ActionName.SWITCH_NETWORK)
    story.till_shows(qr.to_text(story.scheme.static_code().envelope))
    story.press(ActionName.PAY)
    story.tick()
    story.press(ActionName.DIGIT_5)
    story.press(ActionName.CONFIRM)
    assert story.screen() is ScreenName.NOT_PAID
    assert story.model.lines == ("The network is switched off.", "Nothing was taken.")


def test_a_printed_code_that_has_ended_does_not_say_that_the_wallet_is_blocked(story: Story) -> None:
    """REVOKED is the issuer's word for a blocked wallet, for a blocked till and for a print that has ended."""
    story.till_shows(qr.to_text(story.scheme.static_code().envelope))
    story.press(ActionName.PAY)
    story.tick()
    story.issuer.refusal = ErrorCode.REVOKED
    story.press(ActionName.DIGIT_5)
    story.press(ActionName.CONFIRM)
    assert story.screen() is ScreenName.NOT_PAID
    assert story.model.lines[0] == "This wallet, or the shop's code, has been blocked."


def test_not_now_moves_no_money(story: Story) -> None:
    """A quote that is turned down has signed and sent nothing."""
    story.ask()
    story.press(ActionName.NOT_NOW)
    assert story.screen() is ScreenName.HOME
    assert balance(story.model) == "200.00"
    assert story.issuer.available_minor == FUNDED_MINOR - ALLOWANCE_MINOR
    assert list(story.wallet.history()) == []


def test_a_refusal_is_told_in_plain_words(story: Story) -> None:
    """The issuer's refusal becomes NOT PAID with its reason, and nothing was taken."""
    story.issuer.refusal = ErrorCode.INSUFFICIENT_FUNDS
    story.ask()
    story.press(ActionName.CONFIRM)
    assert story.screen() is ScreenName.NOT_PAID
    assert story.model.lines == ("There is not enough money in the wallet.", "Nothing was taken.")


def test_a_quote_runs_out(story: Story) -> None:
    """A request whose time is over can no longer be confirmed."""
    story.ask()
    story.clock.advance(121)
    story.tick()
    assert story.screen() is ScreenName.NOT_PAID


def test_a_lost_answer_is_not_known_until_the_issuer_says(story: Story) -> None:
    """No answer is neither paid nor failed: NOT KNOWN YET, do not pay again, and then the truth."""
    story.issuer.loses_answers = True
    story.ask()
    story.press(ActionName.CONFIRM)
    assert story.screen() is ScreenName.UNKNOWN
    assert story.model.warning == "Do not pay again"
    story.issuer.loses_answers = False
    story.press(ActionName.CHECK_AGAIN)
    story.clock.advance(2)
    story.tick_with_errand()
    assert story.screen() is ScreenName.PAID


def test_paying_offline_is_bound_to_the_request_and_ends_with_the_tills_receipt(story: Story) -> None:
    """Network off: the intent as a code with check words, then the till's own signed receipt."""
    story.press(ActionName.SWITCH_NETWORK)
    assert story.network() is NetworkState.SWITCHED_OFF
    request_id = story.ask()
    story.press(ActionName.CONFIRM)
    assert story.screen() is ScreenName.SHOW_INTENT
    intent = open_unverified(qr.from_text(story.model.code_text), PaymentIntent)
    assert len(story.model.check_words) == 2
    story.press(ActionName.SCAN_RECEIPT)
    assert story.screen() is ScreenName.LOOK_FOR_RECEIPT
    receipt = Receipt(
        terminal_id=TerminalId(2001),
        request_id=request_id,
        consent_digest=intent.digest,
        amount_minor=12_50,
        currency=Currency.EUR,
        state=State.AUTHORIZED,
        at_s=story.scheme.now_s,
    )
    story.till_shows(qr.to_text(seal(receipt, story.scheme.terminal).envelope))
    story.tick()
    assert story.screen() is ScreenName.ACCEPTED_OFFLINE
    story.press(ActionName.DONE)
    assert balance(story.model) == "187.50"


def test_a_receipt_of_a_stranger_is_refused(story: Story) -> None:
    """A receipt that the till did not sign changes nothing and says why."""
    story.press(ActionName.SWITCH_NETWORK)
    request_id = story.ask()
    story.press(ActionName.CONFIRM)
    intent = open_unverified(qr.from_text(story.model.code_text), PaymentIntent)
    story.press(ActionName.SCAN_RECEIPT)
    receipt = Receipt(
        terminal_id=TerminalId(2001),
        request_id=request_id,
        consent_digest=intent.digest,
        amount_minor=12_50,
        currency=Currency.EUR,
        state=State.AUTHORIZED,
        at_s=story.scheme.now_s,
    )
    story.till_shows(qr.to_text(seal(receipt, story.scheme.new_signer()).envelope))
    story.tick()
    assert story.screen() is ScreenName.LOOK_FOR_RECEIPT
    assert story.model.lines == ("This shop is not known to your bank. Do not pay.",)


def test_my_code_rotates_and_hears_that_it_was_used(story: Story) -> None:
    """After 30 s another code is shown; the one before still counts; its use is learned from the issuer."""
    story.press(ActionName.MY_CODE)
    story.tick_with_errand()
    first = story.model.code_text
    story.clock.advance(31)
    story.tick_with_errand()
    assert story.model.code_text != first
    code = open_unverified(qr.from_text(first), PaymentCode)
    story.issuer.settle(code.digest, request_id=RequestId(story.scheme.new_id()), amount_minor=8_40)
    story.clock.advance(2)
    story.tick_with_errand()
    assert story.screen() is ScreenName.PAID
    assert figures(story.model) == "8.40 EUR"


def test_the_switch_outlives_a_restart(story: Story, tmp_path: Path) -> None:
    """As on a phone, a program that starts again does not turn the network on."""
    story.press(ActionName.SWITCH_NETWORK)
    again = Story(tmp_path)
    assert again.network() is NetworkState.SWITCHED_OFF
    again.press(ActionName.SWITCH_NETWORK)
    assert again.network() is NetworkState.ONLINE


def test_a_blocked_wallet_says_so_on_its_first_screen(story: Story) -> None:
    """What the issuer refuses at a sync is told in a band that cannot be overlooked, and goes when all is well."""
    story.issuer.refuses_everything = True
    story.tick_with_errand()
    assert story.model.warning == "This wallet has been blocked. Please call your bank."
    story.issuer.refuses_everything = False
    story.clock.advance(30)
    story.tick_with_errand()
    assert story.model.warning == ""
