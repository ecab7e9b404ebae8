"""What a person does with the server: found it, add merchants, hand out activation codes."""

import unicodedata
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from server_stub.activation import hash_of_code, new_activation_code
from server_stub.config import CONFIG_FILE, HEADS_FOLDER, KEYS_FOLDER, LEDGER_FILE, ServerConfig, write_config
from server_stub.faults import Faults
from server_stub.fees import FeePolicy
from server_stub.keys import KeyRing, create_keys, first_bundle, load_receipt_keys
from server_stub.service.earlier_fundings import vouch
from server_stub.service.funding import AskFunding
from server_stub.service.standing import COMMAND_LINE
from server_stub.store.base import Store
from server_stub.store.opening import create_store
from server_stub.store.records import ActivationCode, DeviceKind, Merchant, Trust
from server_stub.store.records_clock import TimeMark
from server_stub.store.records_money import FeeTerms
from server_stub.store.tables.clock import TIME_MARKS
from server_stub.store.tables.money import FEE_TERMS
from server_stub.store.tables.parties import ACTIVATION_CODES, MERCHANTS, TRUST
from wallet_sdk.ports import Random
from wallet_sdk.protocol import codec
from wallet_sdk.protocol.errors import ErrorCode, MisuseError, UnavailableError
from wallet_sdk.protocol.ids import MerchantId, PublicKeyBytes, TerminalId
from wallet_sdk.protocol.letters import undrawable
from wallet_sdk.protocol.messages import TerminalCertificate
from wallet_sdk.protocol.money import Currency, Money

_CODE_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class MerchantDetails:
    """A merchant as a person types it."""

    name: str
    city: str
    country: str
    mcc: int
    currencies: tuple[Currency, ...]


def found(
    folder: Path, *, config: ServerConfig, random: Random, now_s: int, faults: Faults | None = None
) -> PublicKeyBytes:
    """Make keys, settings and an empty ledger in a folder; returns the root's public key.

    Raises:
        MisuseError: ALREADY_ENROLLED when there is something already; nothing is ever overwritten.
        UnavailableError: STORAGE_FAILED.
    """
    for name in (CONFIG_FILE, LEDGER_FILE, KEYS_FOLDER, HEADS_FOLDER):
        if (folder / name).exists():
            raise MisuseError(ErrorCode.ALREADY_ENROLLED, f"{folder / name} exists; nothing is ever overwritten")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        store = create_store(folder, database=config.database, heads=config.heads, faults=faults)
    except OSError as error:
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{folder}: {error.strerror}") from error
    with closing(store):
        return _found(folder, store, config=config, random=random, now_s=now_s)


def _found(folder: Path, store: Store, *, config: ServerConfig, random: Random, now_s: int) -> PublicKeyBytes:
    try:
        root = create_keys(folder / KEYS_FOLDER, random)
        write_config(folder / CONFIG_FILE, config)
    except OSError as error:
        raise UnavailableError(ErrorCode.STORAGE_FAILED, f"{folder}: {error.strerror}") from error
    bundle = first_bundle(folder / KEYS_FOLDER, root, now_s=now_s)
    with store.writing() as writer:
        writer.add(TRUST, Trust(version=1, bundle=bundle.envelope, root_key=root.public_key))
        writer.add(TIME_MARKS, TimeMark(newest_s=now_s))
    vouch(store, folder, lambda: load_receipt_keys(folder / KEYS_FOLDER, bundle.message))
    return root.public_key


def add_merchant(store: Store, details: MerchantDetails) -> Merchant:
    """Add a payee; what its certificates will not carry is refused here.

    Raises:
        MisuseError: BAD_ARGUMENT; its `param` is "name" or "city" when tills and wallets could not draw it.
    """
    _check_fits_certificate(details)
    _check_drawable("name", details.name)
    _check_drawable("city", details.city)
    with store.writing() as writer:
        merchant = Merchant(
            merchant_id=writer.next_merchant_id(),
            name=details.name,
            city=details.city,
            country=details.country,
            mcc=details.mcc,
            currencies=details.currencies,
        )
        writer.add(MERCHANTS, merchant)
    return merchant


def set_fees(store: Store, merchant_id: MerchantId, currency: Currency, policy: FeePolicy) -> None:
    """Agree a merchant's terms in one currency; they count for what is captured from now on.

    Raises:
        MisuseError: BAD_ARGUMENT for an unknown merchant, or a currency that is not his.
    """
    with store.writing() as writer:
        merchant = writer.find(MERCHANTS, merchant_id)
        if merchant is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"there is no merchant {merchant_id}", param="merchant")
        if currency not in merchant.currencies:
            raise MisuseError(
                ErrorCode.BAD_ARGUMENT, f"merchant {merchant_id} takes no {currency.name}", param="currency"
            )
        terms = FeeTerms(merchant_id=merchant_id, currency=currency, policy=policy)
        if writer.find(FEE_TERMS, (merchant_id, currency.number)) is None:
            writer.add(FEE_TERMS, terms)
        else:
            writer.change(FEE_TERMS, terms)


def new_code(random: Random) -> str:
    """An activation code that nobody knows yet."""
    return new_activation_code(random.random_bytes(_CODE_BYTES))


def terminal_code(store: Store, merchant_id: MerchantId, *, random: Random, expires_at_s: int) -> str:
    """A one-time code that lets one terminal in for a merchant; it is shown once and only its hash is kept.

    Raises:
        MisuseError: BAD_ARGUMENT for an unknown merchant.
    """
    with store.reading() as reader:
        if reader.find(MERCHANTS, merchant_id) is None:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, f"there is no merchant {merchant_id}", param="merchant")
    code = new_code(random)
    _add_code(
        store,
        ActivationCode(
            code_hash=hash_of_code(code), kind=DeviceKind.TERMINAL, expires_at_s=expires_at_s, merchant_id=merchant_id
        ),
    )
    return code


def wallet_code(store: Store, funds: Money, *, ring: KeyRing, random: Random, at_s: int, expires_at_s: int) -> str:
    """A one-time code that lets one wallet in, with these opening funds, however large: for the program itself.

    ``ring`` is the operator's receipt keys, which sign for the funds.
    """
    code = new_code(random)
    command = AskFunding(
        code_hash=hash_of_code(code),
        funds=funds,
        code_expires_at_s=expires_at_s,
        asked_by=COMMAND_LINE,
        reason="",
        limits=None,
        ring=ring,
        at_s=at_s,
    )
    with store.writing() as writer:
        command.apply(writer)
    return code


def _add_code(store: Store, code: ActivationCode) -> None:
    with store.writing() as writer:
        writer.add(ACTIVATION_CODES, code)


def _check_drawable(param: str, text: str) -> None:
    """What no font of ours has would be taken here and missing on every screen and paper."""
    letters = undrawable(text)
    if letters:
        composed = "" if undrawable(unicodedata.normalize("NFC", text)) else "; write it in composed letters (NFC)"
        why = f"tills and wallets have no letter for {letters!r} in this {param}{composed}"
        raise MisuseError(ErrorCode.BAD_ARGUMENT, why, param=param)


def _check_fits_certificate(details: MerchantDetails) -> None:
    """Encode a certificate of this merchant, whose bounds are the protocol's own."""
    codec.encode(
        TerminalCertificate(
            merchant_id=MerchantId(1),
            terminal_id=TerminalId(1),
            terminal_key=PublicKeyBytes(b"\x02" + bytes(32)),
            not_before_s=0,
            lifetime_h=1,
            merchant_name=details.name,
            merchant_city=details.city,
            country=details.country,
            mcc=details.mcc,
            currencies=details.currencies,
        )
    )
