"""A program's own network switch."""

from enum import Enum, unique

from wallet_sdk.ports import HttpAnswer, HttpRequest, Sender
from wallet_sdk.protocol.errors import ErrorCode, UnavailableError


@unique
class NetworkSwitch(Enum):
    """Position of a program's own network switch."""

    ON = "on"
    OFF = "off"


class SwitchableSender:
    """A sender with a switch: while it is off, nothing leaves, and every send says so at once."""

    def __init__(self, inner: Sender) -> None:
        self._inner = inner
        self._position = NetworkSwitch.ON

    @property
    def position(self) -> NetworkSwitch:
        return self._position

    def switch(self, position: NetworkSwitch) -> None:
        """Turn the network on or off for every send that begins from now on."""
        self._position = position

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Send through the inner sender.

        Raises:
            UnavailableError: SWITCHED_OFF (outcome not_charged) while off; else as the inner sender.
        """
        if self._position is NetworkSwitch.OFF:
            raise UnavailableError(ErrorCode.SWITCHED_OFF, "the network is switched off here")
        return self._inner.send(request)

    def close(self) -> None:
        """Close the inner sender."""
        self._inner.close()
