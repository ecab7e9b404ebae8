"""A network that fails when it is told to, for both kinds of wallet."""

from enum import Enum, unique
from typing import Final

from wallet_sdk.ports import HttpAnswer, HttpRequest, Sender
from wallet_sdk.protocol.errors import ErrorCode, MoneyOutcome, UnavailableError


@unique
class NetworkFault(Enum):
    """What becomes of one request on its way. The server's own faults and magic amounts are the sandbox's."""

    #: No connection: no byte leaves.
    UNREACHABLE = "unreachable"
    #: Every connection of this program is in use: no byte leaves.
    NO_PLACE = "no_place"
    #: Whoever answers has not the server's certificate: no byte leaves.
    NOT_THE_SERVER = "not_the_server"
    #: The request is lost: the server never hears of it, and the sender cannot know.
    LOST_REQUEST = "lost_request"
    #: The server carries it out, and its answer is lost or comes too late.
    LOST_ANSWER = "lost_answer"
    #: The network delivers it twice; the second answer arrives.
    DUPLICATED = "duplicated"
    #: The answer is cut in its middle.
    CUT = "cut"


_NOTHING_LEFT: Final[dict[NetworkFault | None, ErrorCode]] = {
    NetworkFault.UNREACHABLE: ErrorCode.NETWORK_UNREACHABLE,
    NetworkFault.NO_PLACE: ErrorCode.NO_FREE_CONNECTION,
    NetworkFault.NOT_THE_SERVER: ErrorCode.TLS_FAILED,
}


class FaultySender:
    """Sends through another sender, and lets the faults it was given happen to the next requests, one to each.

    Only requests that change something are hit (POST); reads pass.
    """

    def __init__(self, inner: Sender) -> None:
        self._inner = inner
        self._faults: list[NetworkFault] = []
        self.sent: list[HttpRequest] = []

    def fail_next(self, *faults: NetworkFault) -> None:
        """Let these happen, in this sequence, to the next requests that change something."""
        self._faults += faults

    def heal(self) -> None:
        """Let nothing happen any more."""
        self._faults.clear()

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Send once, or fail as told.

        Raises:
            UnavailableError: as ``Sender.send``.
        """
        self.sent.append(request)
        fault = self._faults.pop(0) if self._faults and request.method == "POST" else None
        if fault in _NOTHING_LEFT:
            raise UnavailableError(_NOTHING_LEFT[fault], "no connection, as told")
        if fault is NetworkFault.LOST_REQUEST:
            raise _unknown(ErrorCode.NETWORK_TIMEOUT, "the request is lost, as told")
        answer = self._inner.send(request)
        if fault is NetworkFault.LOST_ANSWER:
            raise _unknown(ErrorCode.NETWORK_TIMEOUT, "the answer is lost, as told")
        if fault is NetworkFault.CUT:
            raise _unknown(ErrorCode.BAD_ANSWER, "the answer is cut, as told")
        return self._inner.send(request) if fault is NetworkFault.DUPLICATED else answer

    def close(self) -> None:
        """Close the inner sender."""
        self._inner.close()


def _unknown(code: ErrorCode, message: str) -> UnavailableError:
    return UnavailableError(code, message, outcome=MoneyOutcome.UNKNOWN)
