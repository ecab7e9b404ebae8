"""Every error leaves as RFC 9457 problem+json, with the number of its request."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, TillcodeError, UnavailableError

#: What these say names files and hosts of ours; it is for the log.
OUR_OWN: Final = frozenset({ErrorCode.STORAGE_FAILED, ErrorCode.STORAGE_CORRUPT, ErrorCode.STORAGE_NEWER})
#: These say when to come back: too many requests, and whatever is not there just now.
_LATER: Final = frozenset({429, 503})
#: What is said before anything is done.
_NOTHING_DONE: Final = frozenset({ErrorCode.RATE_LIMITED, ErrorCode.SERVER_BUSY, ErrorCode.NETWORK_TIMEOUT})
#: How soon a busy server may be asked again.
_RETRY_AFTER_S: Final = 1


def problem(
    error: TillcodeError,
    *,
    number: str,
    headers: Mapping[str, str] | None = None,
    wait_s: int = 0,
    is_another_act: bool = False,
) -> Response:
    """The answer that an error is; ``number`` is the request's, to be found again in the log.

    Where the same request again would be another act, it may be sent again only when nothing was done for certain.
    """
    body = replace(api.problem_of(error), call_id=number)
    if is_another_act and (error.outcome is not MoneyOutcome.NOT_CHARGED or error.code not in _NOTHING_DONE):
        body = replace(body, retryable=False)
    if error.code in OUR_OWN:
        body = replace(body, detail="the ledger does not answer just now; the server's log says why")
    more = dict(headers or {})
    if body.http_status in _LATER:
        more["retry-after"] = str(wait_s or _RETRY_AFTER_S)
    if error.code is ErrorCode.NOT_AUTHENTICATED:
        more["www-authenticate"] = f"{api.AUTHORIZATION_SCHEME}, Bearer"
    return Response(api.to_json(body), status_code=body.http_status, media_type=api.PROBLEM, headers=more)


def our_own_error() -> UnavailableError:
    """What a caller is told of a bug of ours: nothing but that."""
    return UnavailableError(ErrorCode.SERVER_ERROR, "an error of the server itself", outcome=MoneyOutcome.UNKNOWN)
