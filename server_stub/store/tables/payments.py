"""What is paid: tokens, consents and their counters, payments, answered requests, and what went wrong."""

from typing import Final

from server_stub.store.records import (
    AnsweredRequest,
    Consent,
    ConsentMode,
    FraudCase,
    Payment,
    Shortfall,
    SpentCounter,
    Token,
    TokenStanding,
)
from server_stub.store.session import bytes_, numbers, texts
from server_stub.store.table import Index, Keys, Reading, Table
from server_stub.store.tables.parties import WALLETS
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Digest, PublicKeyBytes, RequestId, TerminalId, TokenId, WalletId
from wallet_sdk.protocol.messages import Liability
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.states import State

#: By their numbers: finding a member by calling its Enum costs as much as making a record.
_STANDINGS: Final = {int(one): one for one in TokenStanding}
_MODES: Final = {int(one): one for one in ConsentMode}

#: A wallet's token by the id of the request that asked for it.
TOKEN_ISSUE: Final = Index[tuple[WalletId, RequestId], Token](
    columns=numbers("wallet_id") + bytes_("issue_id"), of=lambda token: (token.wallet_id, token.issue_id)
)
#: The one token of a device key.
TOKEN_KEY: Final = Index[PublicKeyBytes, Token](columns=bytes_("device_key"), of=lambda token: token.device_key)

#: A wallet's tokens, those that are closed too.
TOKENS_OF_WALLET: Final = Index[WalletId, Token](columns=numbers("wallet_id"), of=lambda token: token.wallet_id)


def _wallet_and_escrow_of_token(token: Token, keys: Keys) -> None:
    keys.name(WALLETS, token.wallet_id)
    keys.name_balance(token.account_id)


#: Locked: everything that is decided under a token is decided by one process at a time.
TOKENS: Final = Table[TokenId, Token](
    name="tokens",
    columns=bytes_("id")
    + numbers("wallet_id")
    + bytes_("device_key")
    + numbers("account_id")
    + bytes_("digest", "envelope")
    + numbers("currency", "total_minor")
    + bytes_("issue_id", "issue_digest")
    + numbers("standing", "spent_minor", "dead_minor")
    + bytes_("closing", "successor_id"),
    key_of=lambda token: token.token_id,
    row_of=lambda token: (
        token.token_id,
        token.wallet_id,
        token.device_key,
        token.account_id,
        token.digest,
        token.envelope,
        token.currency.number,
        token.total_minor,
        token.issue_id,
        token.issue_digest,
        int(token.standing),
        token.spent_minor,
        token.dead_minor,
        token.closing,
        token.successor_id,
    ),
    record_of=lambda row: Token(
        token_id=row[0],
        wallet_id=row[1],
        device_key=row[2],
        account_id=row[3],
        digest=row[4],
        envelope=row[5],
        currency=Currency.from_number(row[6]),
        total_minor=row[7],
        issue_id=row[8],
        issue_digest=row[9],
        standing=_STANDINGS[row[10]],
        spent_minor=row[11],
        dead_minor=row[12],
        closing=row[13],
        successor_id=row[14],
    ),
    indexes=(TOKEN_ISSUE, TOKEN_KEY, TOKENS_OF_WALLET),
    reading=Reading.LOCKED,
    brings=_wallet_and_escrow_of_token,
)

CONSENT_DIGEST: Final = Index[Digest, Consent](columns=bytes_("digest"), of=lambda consent: consent.digest)
CONSENTS: Final = Table[int, Consent](
    name="consents",
    columns=numbers("number")
    + bytes_("digest")
    + numbers("wallet_id")
    + bytes_("token_id")
    + numbers("counter", "terminal_id")
    + bytes_("request_id")
    + numbers("state", "error_code", "at_s")
    + bytes_("request", "envelope"),
    key_of=lambda consent: consent.number,
    row_of=lambda consent: (
        consent.number,
        consent.digest,
        consent.wallet_id,
        consent.token_id,
        consent.counter,
        consent.terminal_id,
        consent.request_id,
        int(consent.state),
        int(consent.error_code or 0),
        consent.at_s,
        consent.request,
        consent.envelope,
    ),
    record_of=lambda row: Consent(
        number=row[0],
        digest=row[1],
        wallet_id=row[2],
        token_id=row[3],
        counter=row[4],
        terminal_id=row[5],
        request_id=row[6],
        state=State(row[7]),
        error_code=ErrorCode(row[8]) if row[8] else None,
        at_s=row[9],
        request=row[10],
        envelope=row[11],
    ),
    indexes=(CONSENT_DIGEST,),
    numbered=True,
)

SPENT_COUNTERS: Final = Table[tuple[TokenId, int], SpentCounter](
    name="spent_counters",
    columns=bytes_("token_id") + numbers("counter", "mode", "start_minor", "cumulative_minor", "consent_number"),
    key_length=2,
    key_of=lambda spent: (spent.token_id, spent.counter),
    row_of=lambda spent: (
        spent.token_id,
        spent.counter,
        int(spent.mode),
        spent.start_minor,
        spent.cumulative_minor,
        spent.consent_number,
    ),
    record_of=lambda row: SpentCounter(
        token_id=row[0],
        counter=row[1],
        mode=_MODES[row[2]],
        start_minor=row[3],
        cumulative_minor=row[4],
        consent_number=row[5],
    ),
)

PAYMENTS: Final = Table[int, Payment](
    name="payments",
    columns=numbers("number", "terminal_id")
    + bytes_("request_id", "request_digest", "consent_digest")
    + numbers("wallet_id", "amount_minor", "currency", "state", "at_s", "liability")
    + numbers("fee_minor", "borne_minor", "refunded_minor"),
    key_of=lambda payment: payment.number,
    row_of=lambda payment: (
        payment.number,
        payment.terminal_id,
        payment.request_id,
        payment.request_digest,
        payment.consent_digest,
        payment.wallet_id,
        payment.amount_minor,
        payment.currency.number,
        int(payment.state),
        payment.at_s,
        int(payment.liability),
        payment.fee_minor,
        payment.borne_minor,
        payment.refunded_minor,
    ),
    record_of=lambda row: Payment(
        number=row[0],
        terminal_id=row[1],
        request_id=row[2],
        request_digest=row[3],
        consent_digest=row[4],
        wallet_id=row[5],
        amount_minor=row[6],
        currency=Currency.from_number(row[7]),
        state=State(row[8]),
        at_s=row[9],
        liability=Liability(row[10]),
        fee_minor=row[11],
        borne_minor=row[12],
        refunded_minor=row[13],
    ),
    reading=Reading.LOCKED,
    numbered=True,
)


def _payment_of_request(answered: AnsweredRequest, keys: Keys) -> None:
    if answered.payment_number is not None:
        keys.name(PAYMENTS, answered.payment_number)


#: By (request id, terminal): request ids begin with the time, so that new rows stand together.
ANSWERED_REQUESTS: Final = Table[tuple[RequestId, TerminalId], AnsweredRequest](
    name="answered_requests",
    columns=bytes_("request_id")
    + numbers("terminal_id", "payment_number")
    + bytes_("closing")
    + numbers("closed_at_s", "amount_minor", "currency"),
    key_length=2,
    key_of=lambda answered: (answered.request_id, answered.terminal_id),
    row_of=lambda answered: (
        answered.request_id,
        answered.terminal_id,
        answered.payment_number,
        answered.closing,
        answered.closed_at_s,
        answered.amount_minor,
        None if answered.currency is None else answered.currency.number,
    ),
    record_of=lambda row: AnsweredRequest(
        request_id=row[0],
        terminal_id=row[1],
        payment_number=row[2],
        closing=row[3],
        closed_at_s=row[4],
        amount_minor=row[5],
        currency=None if row[6] is None else Currency.from_number(row[6]),
    ),
    brings=_payment_of_request,
)

SHORTFALLS: Final = Table[tuple[TokenId, TerminalId], Shortfall](
    name="shortfalls",
    columns=bytes_("token_id") + numbers("terminal_id", "amount_minor"),
    key_length=2,
    key_of=lambda shortfall: (shortfall.token_id, shortfall.terminal_id),
    row_of=lambda shortfall: (shortfall.token_id, shortfall.terminal_id, shortfall.amount_minor),
    record_of=lambda row: Shortfall(token_id=row[0], terminal_id=row[1], amount_minor=row[2]),
)

FRAUD_CASES: Final = Table[int, FraudCase](
    name="fraud_cases",
    columns=numbers("number")
    + texts("reason")
    + numbers("wallet_id")
    + bytes_("token_id", "consent_digest")
    + numbers("at_s")
    + bytes_("proof")
    + numbers("is_of_lost_device"),
    key_of=lambda case: case.number,
    row_of=lambda case: (
        case.number,
        case.reason,
        case.wallet_id,
        case.token_id,
        case.consent_digest,
        case.at_s,
        case.proof,
        int(case.is_of_lost_device),
    ),
    record_of=lambda row: FraudCase(
        number=row[0],
        reason=row[1],
        wallet_id=row[2],
        token_id=row[3],
        consent_digest=row[4],
        at_s=row[5],
        proof=row[6],
        is_of_lost_device=bool(row[7]),
    ),
    numbered=True,
)
