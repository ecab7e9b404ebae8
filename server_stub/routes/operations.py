"""What a route is: one row, from which come its endpoint, its place in the OpenAPI document, and the test that
none stands open.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any, Final

from server_stub.routes.desk import Desk
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError

JSON_BYTES_MAX: Final = 16 * 1024
#: A query member longer than any of ours is.
_QUERY_CHARS_MAX: Final = 256


@unique
class Access(Enum):
    """How a caller shows that he may."""

    ANYONE = "anyone"
    #: The body is a message that an enrolled device, or a device that holds an activation code, has signed.
    SIGNED_BODY = "signed body"
    #: ``Authorization: TC1`` with a signed read of this very path.
    SIGNED_READ = "signed read"


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

    path: str
    names: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def authorization(self) -> str:
        return self.headers.get("authorization", "")

    def number(self, name: str, *, default: int, highest: int) -> int:
        """A whole number of the query; more than the highest counts as the highest.

        Raises:
            MalformedMessageError: BAD_REQUEST_BODY.
        """
        text = self.query.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise MalformedMessageError(ErrorCode.BAD_REQUEST_BODY, "a whole number is expected", param=name)
        return min(int(text), highest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One row of the table. ``call`` returns the answer's body, or a whole response.

    Attributes:
        name: the OpenAPI operationId, and the label in measures and logs.
        answer: type of the answer's body; ``media_types`` other than JSON have none.
    """

    method: str
    path: str
    name: str
    about: str
    tag: str
    access: Access
    answer: type[Any] | None
    call: Callable[[Desk, Incoming], Awaitable[object]]
    body: Body | None = None
    parameters: tuple[Parameter, ...] = ()
    media_types: tuple[str, ...] = (api.JSON,)
    answer_http_status: int = 200
