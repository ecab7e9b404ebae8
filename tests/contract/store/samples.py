"""A small ledger: one of everybody, and what a test wants to see of it."""

from typing import Any

from server_stub.ledger import AccountId, AccountKind, Entry, EntryKind, move
from server_stub.store.reader import Reader
from server_stub.store.records import (
    Consent,
    ConsentMode,
    Merchant,
    SpentCounter,
    Terminal,
    Token,
    Wallet,
)
from server_stub.store.tables.parties import (
    MERCHANTS,
    TERMINALS,
    WALLET_KEY,
    WALLETS,
)
from server_stub.store.tables.payments import (
    CONSENT_DIGEST,
    CONSENTS,
    TOKENS,
)
from server_stub.store.writer import Writer
from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.ids import (
    Counter,
    Digest,
    Envelope,
    MerchantId,
    PublicKeyBytes,
    RequestId,
    TerminalId,
    TokenId,
    WalletId,
)
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

EUR = Currency.EUR
TERMINAL_KEY_BYTES, DEVICE_KEY = PublicKeyBytes(b"\x02" + bytes(32)), PublicKeyBytes(b"\x03" + bytes(32))
TOKEN_DEVICE_KEY = PublicKeyBytes(b"\x03" + bytes(31) + b"t")
TERMINAL_ID, WALLET_ID, TOKEN_ID = TerminalId(2001), WalletId(3001), TokenId(bytes(12))
MERCHANT = Merchant(
    merchant_id=MerchantId(1001), name="Café", city="Lisboa", country="PT", mcc=5812, currencies=(EUR, Currency.JPY)
)
TERMINAL = Terminal(
    terminal_id=TERMINAL_ID,
    merchant_id=MERCHANT.merchant_id,
    public_key=TERMINAL_KEY_BYTES,
    certificate=Envelope(b"certificate"),
)


def fill(writer: Writer) -> Wallet:
    """A merchant, a terminal, and a wallet with a token that holds 300 of its 1,000."""
    writer.add(MERCHANTS, MERCHANT)
    writer.add(TERMINALS, TERMINAL)
    funding = writer.open_account(kind=AccountKind.FUNDING, holder="", currency=EUR)
    available = writer.open_account(kind=AccountKind.PAYER_AVAILABLE, holder="3001", currency=EUR)
    escrow = writer.open_account(kind=AccountKind.PAYER_ESCROW, holder=TOKEN_ID.hex(), currency=EUR)
    wallet = Wallet(wallet_id=WALLET_ID, currency=EUR, device_key=DEVICE_KEY, account_id=available)
    writer.add(WALLETS, wallet)
    amounts = {funding: -1_000, available: 700, escrow: 300}
    writer.post(move(kind=EntryKind.FUND, reference=b"f", at_s=1, currency=EUR, amounts_minor=amounts))
    token = Token(
        token_id=TOKEN_ID,
        wallet_id=WALLET_ID,
        device_key=TOKEN_DEVICE_KEY,
        account_id=escrow,
        digest=Digest(bytes(32)),
        envelope=Envelope(b"token"),
        currency=EUR,
        total_minor=300,
        issue_id=RequestId(b"issue-issue!"),
        issue_digest=Digest(b"i" * 32),
    )
    writer.add(TOKENS, token)
    return wallet


def signed(counter: int, mode: ConsentMode = ConsentMode.OFFLINE) -> tuple[Consent, SpentCounter]:
    """One consent and its counter."""
    digest = Digest(counter.to_bytes(32, "big"))
    consent = Consent(
        number=counter,
        digest=digest,
        wallet_id=WALLET_ID,
        token_id=TOKEN_ID,
        counter=Counter(counter),
        terminal_id=TERMINAL_ID,
        request_id=RequestId(counter.to_bytes(12, "big")),
        state=State.CAPTURED,
        error_code=None,
        at_s=5,
        request=Envelope(b"request"),
        envelope=Envelope(b"intent"),
    )
    spent = SpentCounter(
        token_id=TOKEN_ID,
        counter=Counter(counter),
        mode=mode,
        start_minor=counter * 10 - 10,
        cumulative_minor=counter * 10,
        consent_number=counter,
    )
    return consent, spent


def remember(writer: Writer, counter: int, mode: ConsentMode = ConsentMode.OFFLINE) -> None:
    """Add a consent and its counter."""
    consent, spent = signed(counter, mode)
    writer.add(CONSENTS, consent)
    writer.add_spent_counter(spent)


def pay_of(wallet: Wallet, payee: AccountId, amount_minor: int) -> Entry:
    """A payment's entry."""
    amounts = {payee: amount_minor, wallet.account_id: -amount_minor}
    return move(kind=EntryKind.CAPTURE, reference=b"", at_s=2, currency=EUR, amounts_minor=amounts)


def seen(reader: Reader, wallet: Wallet) -> list[Any]:
    """What a reader or a unit of work tells about one wallet."""
    return [
        reader.find(WALLETS, WALLET_ID),
        reader.find_by(WALLETS, WALLET_KEY, key_id_of(DEVICE_KEY)),
        reader.find(MERCHANTS, MerchantId(5)),
        reader.balance_minor(wallet.account_id),
        [spent.counter for spent in reader.neighbours(TOKEN_ID, Counter(3))],
        reader.highest_sum_minor(TOKEN_ID),
        reader.find_by(CONSENTS, CONSENT_DIGEST, Digest((4).to_bytes(32, "big"))),
    ]
