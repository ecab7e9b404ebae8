"""A founded server folder with merchants, tills and wallets in it, made without the network and signed beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from server_stub.activation import hash_of_code, new_activation_code
from server_stub.bootstrap import opened_desk
from server_stub.config import (
    CONFIG_FILE,
    PaymentPolicy,
    RequestLimits,
    ServerConfig,
    TerminalLimits,
    TokenLimits,
    read_config,
)
from server_stub.faults import Faults
from server_stub.service.administration import found
from server_stub.service.enrolment import prepare_terminal_enrolment, prepare_wallet_enrolment
from server_stub.service.funding import AskFunding
from server_stub.service.operator import Operator
from server_stub.service.standing import COMMAND_LINE
from server_stub.service.tokens import prepare_token
from server_stub.store.records import ActivationCode, DeviceKind, Merchant
from server_stub.store.tables.parties import ACTIVATION_CODES, MERCHANTS
from server_stub.store.writer import Writer
from tests.unit.server_stub.asking import Answer
from tests.unit.server_stub.harness import TestTerminal, TestWallet
from wallet_sdk.protocol import api, limits
from wallet_sdk.protocol.envelope import Sealed, open_unverified, seal
from wallet_sdk.protocol.ids import Envelope, MerchantId
from wallet_sdk.protocol.messages import (
    AuthorizationMode,
    Enrolment,
    PaymentIntent,
    PaymentRequest,
    PaymentToken,
    Receipts,
)
from wallet_sdk.protocol.money import Currency, Money
from wallet_sdk.protocol.signing import SoftwareSigner
from wallet_sdk.system import SystemClock
from wallet_sdk.testing import SeededRandom

Claimed = tuple[Sealed[PaymentRequest], Sealed[PaymentIntent]]

#: Each wallet's money, and how much of it is its offline allowance, in minor units: more than any run spends.
FUNDS_MINOR: Final = 40_000_000
ALLOWANCE_MINOR: Final = 20_000_000
AMOUNT_MINOR: Final = 120
_NEVER_S: Final = limits.TIME_S_MAX
#: The rules of a real shop, but with bounds that no run reaches.
CONFIG: Final = ServerConfig(
    tokens=TokenLimits(total_max_minor=ALLOWANCE_MINOR, count_max=limits.TOKEN_COUNT_MAX),
    terminals=TerminalLimits(
        stored_max_minor=ALLOWANCE_MINOR, stored_count_max=100_000, token_stored_max_minor=ALLOWANCE_MINOR
    ),
    payments=PaymentPolicy(online_late_s_max=limits.CLOCK_SKEW_S_MAX),
    limits=RequestLimits(address_per_s=0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Everybody who pays and is paid, with their keys."""

    terminals: Sequence[TestTerminal]
    wallets: Sequence[TestWallet]

    def payments(
        self, count: int, *, mode: AuthorizationMode, terminals: Sequence[TestTerminal] | None = None
    ) -> list[Claimed]:
        """Signed requests and intents, each wallet's counters in sequence; tills and wallets take turns."""
        pairs = zip(cycle(terminals or self.terminals), cycle(self.wallets), strict=False)
        made = []
        for terminal, wallet in islice(pairs, count):
            request = terminal.request(AMOUNT_MINOR)
            made.append((request, wallet.intent(request, mode)))
        return made


def populate(
    folder: Path, *, seed: int, merchant_count: int = 1, wallet_count: int = 500, database: str = ""
) -> Population:
    """Found a server in a folder and enrol everybody by the server's own commands, in two durable commits."""
    random, clock = SeededRandom(seed), SystemClock()
    config = replace(CONFIG, database=database)
    found(folder, config=config, random=random, now_s=clock.now_ms() // 1000)
    assert read_config(folder / CONFIG_FILE) == config, "the server reads what was meant"
    terminals = [
        TestTerminal(call=_no_network, clock=clock, random=random, signer=SoftwareSigner(random.random_bytes(32)))
        for _ in range(merchant_count)
    ]
    wallets = [
        TestWallet(call=_no_network, clock=clock, random=random, signer=SoftwareSigner(random.random_bytes(32)))
        for _ in range(wallet_count)
    ]
    with opened_desk(folder, clock=clock, random=random, faults=Faults()) as desk:
        operator = desk.operator
        with operator.store.writing() as writer:
            for terminal in terminals:
                _enrol_terminal(operator, writer, terminal, random)
            for wallet in wallets:
                _enrol_wallet(operator, writer, wallet, random)
        for wallet in wallets:
            wallet.token_signer = SoftwareSigner(random.random_bytes(32))
        commands = [
            prepare_token(operator, wallet.token_request(ALLOWANCE_MINOR, token_signer=wallet.token_signer))
            for wallet in wallets
        ]
        with operator.store.writing() as writer:
            for wallet, command in zip(wallets, commands, strict=True):
                wallet.token = open_unverified(command.apply(writer), PaymentToken)
    return Population(terminals=terminals, wallets=wallets)


def intent_body(claimed: Claimed) -> bytes:
    """The body of POST /v1/intents."""
    request, intent = claimed
    body = api.IntentBody(intent=api.to_base64url(intent.envelope), request=api.to_base64url(request.envelope))
    return api.to_json(body)


def batch_bodies(claims: Sequence[Claimed], terminal: TestTerminal, *, claim_count: int) -> list[Envelope]:
    """The bodies of POST /v1/captures, each with so many claims, to be answered as a till wants it."""
    starts = range(0, len(claims), claim_count)
    return [terminal.batch(*claims[start : start + claim_count], receipts=Receipts.TOGETHER) for start in starts]


def _terminal_code(writer: Writer, random: SeededRandom) -> str:
    """A merchant and a one-time code for its till."""
    merchant = Merchant(
        merchant_id=MerchantId(writer.next_merchant_id()),
        name="Café Mole",
        city="Lisboa",
        country="PT",
        mcc=5812,
        currencies=(Currency.EUR,),
    )
    writer.add(MERCHANTS, merchant)
    code = new_activation_code(random.random_bytes(16))
    known = ActivationCode(
        code_hash=hash_of_code(code),
        kind=DeviceKind.TERMINAL,
        expires_at_s=_NEVER_S,
        merchant_id=merchant.merchant_id,
    )
    writer.add(ACTIVATION_CODES, known)
    return code


def _enrol_terminal(operator: Operator, writer: Writer, terminal: TestTerminal, random: SeededRandom) -> None:
    code = _terminal_code(writer, random)
    terminal.certificate = prepare_terminal_enrolment(operator, _enrolment(terminal, code)).apply(writer)


def _enrol_wallet(operator: Operator, writer: Writer, wallet: TestWallet, random: SeededRandom) -> None:
    code = new_activation_code(random.random_bytes(16))
    asked = AskFunding(
        code_hash=hash_of_code(code),
        funds=Money(minor=FUNDS_MINOR, currency=Currency.EUR),
        code_expires_at_s=_NEVER_S,
        asked_by=COMMAND_LINE,
        reason="",
        limits=None,
        ring=operator.signers.receipt,
        at_s=operator.now_s(),
    )
    asked.apply(writer)
    prepare_wallet_enrolment(operator, _enrolment(wallet, code)).apply(writer)


def _enrolment(device: TestTerminal | TestWallet, code: str) -> Envelope:
    message = Enrolment(activation_code=code, public_key=device.signer.public_key, made_at_s=device.now_s())
    return seal(message, device.signer).envelope


def _no_network(method: str, path: str, _body: bytes, _authorization: str) -> Answer:
    raise AssertionError(f"{method} {path}: devices of a bench are enrolled without the network")
