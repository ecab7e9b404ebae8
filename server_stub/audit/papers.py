"""All other signed papers that the ledger keeps, verified again and held against the columns that were made of them."""

from collections.abc import Callable, Iterator
from typing import Final

from server_stub.audit.signatures import Keys, check_signed
from server_stub.store.reader import Reader
from server_stub.store.session import Row
from wallet_sdk.protocol.envelope import key_id_of, open_unverified
from wallet_sdk.protocol.errors import TillcodeError
from wallet_sdk.protocol.evidence import verify_fraud_proof
from wallet_sdk.protocol.ids import Envelope, PublicKeyBytes
from wallet_sdk.protocol.messages import (
    CloseRequest,
    HoldCapture,
    PaymentToken,
    Refund,
    StaticCode,
    TerminalCertificate,
    TokenClosing,
)
from wallet_sdk.protocol.states import State

PAPERS_LAW: Final = (
    "each certificate, token, printed code, closing, refund, ended hold and proof is signed and says its row"
)

Look = Callable[[Row, Keys], bool]


def paper_flaws(reader: Reader, keys: Keys, *, root_key: PublicKeyBytes) -> Iterator[str]:
    """Papers that are not signed, or say something else than their row."""

    def is_proof(row: Row, _keys: Keys) -> bool:
        finding = verify_fraud_proof(row[1], root_key=root_key)
        return bool((finding.token_id, finding.contradiction.value) == (row[2], row[3]))

    papers: tuple[tuple[str, str, Look], ...] = (*_PAPERS, ("fraud case", _FRAUD, is_proof))
    for name, query, is_good in papers:
        for row in reader.rows(query):
            try:
                what = "" if is_good(row, keys) else "its row says something else"
            except (TillcodeError, ValueError) as error:
                what = str(error)
            if what:
                yield f"{name} {row[0].hex() if isinstance(row[0], bytes) else row[0]}: {what}"


def _is_certificate(row: Row, keys: Keys) -> bool:
    number, merchant_id, public_key, key_id, envelope, is_print = row
    if is_print:  # a printed code stands as a terminal without a device
        return True
    message = keys.issued(Envelope(envelope), TerminalCertificate).message
    said = (message.terminal_id, message.merchant_id, message.terminal_key, key_id_of(message.terminal_key))
    return bool(said == (number, merchant_id, public_key, key_id))


def _is_wallet(row: Row, _keys: Keys) -> bool:
    return bool(key_id_of(row[1]) == row[2])


def _is_token(row: Row, keys: Keys) -> bool:
    token_id, device_key, digest, envelope, currency, total_minor, spent_minor, closing = row
    sealed = keys.issued(Envelope(envelope), PaymentToken)
    message = sealed.message
    said = (message.token_id, message.device_key, sealed.digest, message.currency.number, message.total_max_minor)
    if said != (token_id, device_key, digest, currency, total_minor):
        return False
    if not closing:
        return True
    closed = open_unverified(closing, TokenClosing)
    check_signed(closed, device_key)
    return closed.message == TokenClosing(token_id=token_id, spent_minor=spent_minor)


def _is_print(row: Row, keys: Keys) -> bool:
    message = keys.issued(Envelope(row[1]), StaticCode).message
    said = (message.code_id, message.merchant_id, message.currency.number, message.payment_max_minor)
    return bool((*said, message.not_before_s, message.expires_at_s) == (row[0], *row[2:]))


def _is_refund(row: Row, keys: Keys) -> bool:
    sealed = open_unverified(row[1], Refund)
    keys.check_by_terminal(sealed)
    message = sealed.message
    said = (sealed.digest, message.refund_id, message.request_id, message.amount_minor, message.currency.number)
    return bool(said == (row[2], row[0], *row[3:]))


def _is_hold_end(row: Row, keys: Keys) -> bool:
    sealed = open_unverified(row[1], HoldCapture)
    keys.check_by_terminal(sealed)
    taken_minor = row[5] if row[6] == State.CAPTURED else 0
    said = (sealed.digest, sealed.message.request_id, sealed.message.currency.number, sealed.message.amount_minor)
    return bool(said == (row[2], row[3], row[4], taken_minor))


def _is_closing(row: Row, keys: Keys) -> bool:
    sealed = open_unverified(row[1], CloseRequest)
    keys.check_by_terminal(sealed)
    return bool(sealed.message.request_id == row[0])


_PAPERS: Final[tuple[tuple[str, str, Look], ...]] = (
    (
        "terminal",
        (
            "SELECT t.id, t.merchant_id, t.public_key, t.key_id, t.certificate,"
            " CASE WHEN s.code_id IS NULL THEN 0 ELSE 1 END"
            " FROM terminals t LEFT JOIN static_codes s ON s.terminal_id = t.id ORDER BY t.id"
        ),
        _is_certificate,
    ),
    ("wallet", "SELECT id, device_key, key_id FROM wallets ORDER BY id", _is_wallet),
    (
        "token",
        "SELECT id, device_key, digest, envelope, currency, total_minor, spent_minor, closing FROM tokens ORDER BY id",
        _is_token,
    ),
    (
        "printed code",
        "SELECT code_id, envelope, merchant_id, currency, payment_max_minor, made_at_s, expires_at_s FROM static_codes",
        _is_print,
    ),
    (
        "refund",
        "SELECT refund_id, envelope, digest, request_id, amount_minor, currency FROM refunds ORDER BY refund_id",
        _is_refund,
    ),
    (
        "hold",
        (
            "SELECT h.payment_number, h.ending, h.ending_digest, p.request_id, p.currency, p.amount_minor, p.state"
            " FROM holds h JOIN payments p ON p.number = h.payment_number WHERE h.ending IS NOT NULL"
        ),
        _is_hold_end,
    ),
    ("closed request", "SELECT request_id, closing FROM answered_requests WHERE closing IS NOT NULL", _is_closing),
)
_FRAUD: Final = "SELECT number, proof, token_id, reason FROM fraud_cases ORDER BY number"
