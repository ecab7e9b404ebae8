"""What a route is: one row, from which come its endpoint, its place in the OpenAPI document, and the test that
none stands open.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any, Final, TypeVar

import msgspec

from server_stub.routes.desk import Desk
from server_stub.service.api_keys import Caller
from server_stub.service.message_signatures import HttpMessage
from server_stub.service.operator import Operator
from server_stub.store.callers import Scope
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, RuleViolationError
from wallet_sdk.protocol.ids import KeyId, MerchantId

T = TypeVar("T")

JSON_BYTES_MAX: Final = 16 * 1024
#: A query member longer than any of ours is.
_QUERY_CHARS_MAX: Final = 256
#: The only way to write a NUL in JSON.
_NUL_IN_JSON: Final = b"\\u0000"


@unique
class Access(Enum):
    """How a caller shows that he may."""

    ANYONE = "anyone"
    #: The body is a message that an enrolled device, or a device that holds an activation code, has signed.
    SIGNED_BODY = "signed body"
    #: ``Authorization: TC1`` with a signed read of this very path.
    SIGNED_READ = "signed read"
    #: ``Authorization: Bearer`` with an API key that has the operation's scope.
    API_KEY = "api key"
    #: Either of the two.
    SIGNED_READ_OR_API_KEY = "signed read or api key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One member of the query."""

    name: str
    about: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a request carries: JSON of a type, or signed bytes."""

    about: str
    bytes_max: int
    json: type[Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One request as an operation sees it."""

    method: str
    url: str
    path: str
    names: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    number_of_request: str
    caller: Caller | None = None

    @property
    def key(self) -> Caller:
        """Whose API key it is; the operation asks for one."""
        assert self.caller is not None, "the access of the operation is an API key"
        return self.caller

    @property
    def merchant(self) -> MerchantId:
        """Whose things are asked about.

        Raises:
            RuleViolationError: NOT_AUTHORIZED for an operator's key.
        """
        return self.key.merchant

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")

    @property
    def message(self) -> HttpMessage:
        """The request itself, for those who sign it."""
        return HttpMessage(method=self.method, url=self.url, headers=self.headers)

    def json(self, expected: type[T]) -> T:
        """The body as one of our types, strictly.

        Raises:
            MalformedMessageError: BAD_REQUEST_BODY, naming the member at fault.
        """
        try:
            read = msgspec.json.decode(self.body, type=expected)
            if _NUL_IN_JSON in self.body and _has_nul(msgspec.json.decode(self.body)):
                raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "a text holds the character U+0000")
            return read
        except msgspec.ValidationError as error:
            text, _, place = str(error).partition(" - at `$")
            raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, text, param=place.strip("`.") or None) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "the body is not JSON") from error

    def id_in_path(self, name: str) -> int:
        """A number in the path.

        Raises:
            RuleViolationError: UNKNOWN_RESOURCE for anything that is none of our numbers.
        """
        text = self.names[name]
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise RuleViolationError(ErrorCode.UNKNOWN_RESOURCE, "there is no such thing", param=name)
        return int(text)

    def number(self, name: str, *, default: int, highest: int, lowest: int = 0) -> int:
        """A whole number of the query; more than the highest counts as the highest, less than the lowest is refused.

        Raises:
            MalformedMessageError: BAD_REQUEST_BODY.
        """
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text) >= lowest):
            raise MalformedMessageError(
                ErrorCode.BAD_REQUEST_BODY, f"a whole number from {lowest} on is expected", param=name
            )
        return min(int(text), highest)


def _has_nul(content: object) -> bool:
    """Whether a text anywhere in it has a NUL, which is legal JSON and which PostgreSQL cannot store (8.3, chr(0))."""
    if isinstance(content, dict):
        return any(map(_has_nul, content.keys())) or any(map(_has_nul, content.values()))
    if isinstance(content, list):
        return any(map(_has_nul, content))
    return isinstance(content, str) and "\0" in content


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row of the table. ``call`` returns the answer's body, or a whole response.

    Attributes:
        name: the OpenAPI operationId, and the label in measures and logs.
        answer: type of the answer's body, or several; ``media_types`` other than JSON have none.
        scope: what an API key must be allowed.
        signer: whose key may begin a body that does not come in one piece; None where every body is short.
        is_another_act: the same request again makes a second one; whoever was left in doubt is not told to send it.
        take: what ``call`` does, for an operation that wants nothing of a request but its body.
    """

    method: str
    path: str
    name: str
    about: str
    tag: str
    access: Access
    answer: type[Any] | tuple[type[Any], ...] | None
    call: Callable[[Desk, Incoming], Awaitable[object]]
    body: Body | None = None
    scope: Scope | None = None
    parameters: tuple[Parameter, ...] = ()
    media_types: tuple[str, ...] = (api.JSON,)
    answer_http_status: int = 200
    is_another_act: bool = False
    signer: Callable[[Operator, KeyId], object] | None = None
    take: Callable[[Desk, bytes], Awaitable[object]] | None = None
