"""Who takes part: trust, merchants, terminals, wallets, their accounts, and the codes that let devices in."""

from typing import Final

from server_stub.ledger import Account, AccountId, AccountKind
from server_stub.store.records import ActivationCode, DeviceKind, Merchant, Terminal, Trust, Wallet
from server_stub.store.session import bytes_, numbers, texts
from server_stub.store.table import Index, Keys, Reading, Table
from wallet_sdk.protocol.envelope import key_id_of
from wallet_sdk.protocol.ids import KeyId, MerchantId, TerminalId, WalletId
from wallet_sdk.protocol.money import Currency

TRUST: Final = Table[int, Trust](
    name="trust",
    columns=numbers("version") + bytes_("bundle", "root_key"),
    key_of=lambda trust: trust.version,
    row_of=lambda trust: (trust.version, trust.bundle, trust.root_key),
    record_of=lambda row: Trust(version=row[0], bundle=row[1], root_key=row[2]),
)

MERCHANTS: Final = Table[MerchantId, Merchant](
    name="merchants",
    columns=numbers("id")
    + texts("name", "city", "country")
    + numbers("mcc")
    + texts("currencies")
    + numbers("blocked_at_s"),
    key_of=lambda merchant: merchant.merchant_id,
    row_of=lambda merchant: (
        merchant.merchant_id,
        merchant.name,
        merchant.city,
        merchant.country,
        merchant.mcc,
        " ".join(currency.name for currency in merchant.currencies),
        merchant.blocked_at_s,
    ),
    record_of=lambda row: Merchant(
        merchant_id=MerchantId(row[0]),
        name=row[1],
        city=row[2],
        country=row[3],
        mcc=row[4],
        currencies=tuple(Currency[name] for name in row[5].split()),
        blocked_at_s=row[6],
    ),
    reading=Reading.LOCKED,
)

#: An account by what it is for: kind, holder and the currency's number.
ACCOUNT_NAME: Final = Index[tuple[int, str, int], Account](
    columns=numbers("kind") + texts("holder") + numbers("currency"),
    of=lambda account: (int(account.kind), account.holder, account.currency.number),
)
#: The balance in a record is that of its first reading; ``Writer.balance_minor`` tells the newest.
ACCOUNTS: Final = Table[AccountId, Account](
    name="accounts",
    columns=numbers("id", "kind") + texts("holder") + numbers("currency", "balance", "floor"),
    key_of=lambda account: account.account_id,
    row_of=lambda account: (
        account.account_id,
        int(account.kind),
        account.holder,
        account.currency.number,
        account.balance_minor,
        account.floor_minor,
    ),
    record_of=lambda row: Account(
        account_id=AccountId(row[0]),
        kind=AccountKind(row[1]),
        holder=row[2],
        currency=Currency.from_number(row[3]),
        balance_minor=row[4],
        floor_minor=row[5],
    ),
    indexes=(ACCOUNT_NAME,),
    numbered=True,
    moving=4,
)

TERMINAL_KEY: Final = Index[KeyId, Terminal](
    columns=bytes_("key_id"), of=lambda terminal: key_id_of(terminal.public_key)
)
TERMINALS: Final = Table[TerminalId, Terminal](
    name="terminals",
    columns=numbers("id", "merchant_id")
    + bytes_("public_key", "key_id", "certificate")
    + numbers("blocked_at_s", "enrolled_at_s"),
    key_of=lambda terminal: terminal.terminal_id,
    row_of=lambda terminal: (
        terminal.terminal_id,
        terminal.merchant_id,
        terminal.public_key,
        key_id_of(terminal.public_key),
        terminal.certificate,
        terminal.blocked_at_s,
        terminal.enrolled_at_s,
    ),
    record_of=lambda row: Terminal(
        terminal_id=TerminalId(row[0]),
        merchant_id=MerchantId(row[1]),
        public_key=row[2],
        certificate=row[4],
        blocked_at_s=row[5],
        enrolled_at_s=row[6],
    ),
    indexes=(TERMINAL_KEY,),
)

WALLET_KEY: Final = Index[KeyId, Wallet](columns=bytes_("key_id"), of=lambda wallet: key_id_of(wallet.device_key))


def _account_of_wallet(wallet: Wallet, keys: Keys) -> None:
    keys.name_balance(wallet.account_id)


WALLETS: Final = Table[WalletId, Wallet](
    name="wallets",
    columns=numbers("id", "currency")
    + bytes_("device_key", "key_id")
    + numbers("account_id", "blocked_at_s", "enrolled_at_s"),
    key_of=lambda wallet: wallet.wallet_id,
    row_of=lambda wallet: (
        wallet.wallet_id,
        wallet.currency.number,
        wallet.device_key,
        key_id_of(wallet.device_key),
        wallet.account_id,
        wallet.blocked_at_s,
        wallet.enrolled_at_s,
    ),
    record_of=lambda row: Wallet(
        wallet_id=WalletId(row[0]),
        currency=Currency.from_number(row[1]),
        device_key=row[2],
        account_id=AccountId(row[4]),
        blocked_at_s=row[5],
        enrolled_at_s=row[6],
    ),
    indexes=(WALLET_KEY,),
    brings=_account_of_wallet,
)

#: The codes that were made to replace a wallet's or a terminal's device.
CODES_REPLACING: Final = Index[int, ActivationCode](columns=numbers("replaces"), of=lambda code: code.replaces or 0)
ACTIVATION_CODES: Final = Table[bytes, ActivationCode](
    name="activation_codes",
    columns=bytes_("code_hash")
    + numbers("kind", "expires_at_s", "merchant_id", "currency", "funds_minor")
    + bytes_("used_by")
    + numbers("replaces", "not_before_s"),
    key_of=lambda code: code.code_hash,
    row_of=lambda code: (
        code.code_hash,
        int(code.kind),
        code.expires_at_s,
        code.merchant_id,
        None if code.currency is None else code.currency.number,
        code.funds_minor,
        code.used_by,
        code.replaces,
        code.not_before_s,
    ),
    record_of=lambda row: ActivationCode(
        code_hash=row[0],
        kind=DeviceKind(row[1]),
        expires_at_s=row[2],
        merchant_id=row[3],
        currency=None if row[4] is None else Currency.from_number(row[4]),
        funds_minor=row[5],
        used_by=row[6],
        replaces=row[7],
        not_before_s=row[8],
    ),
    indexes=(CODES_REPLACING,),
    reading=Reading.LOCKED,
)
