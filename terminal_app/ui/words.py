"""The few words that the screens themselves bring; all others come with the model."""

from dataclasses import dataclass

from terminal_app.screen_model import NetworkState


@dataclass(frozen=True, slots=True, kw_only=True)
class UiWords:
    """Words in one language."""

    online: str
    offline: str
    switched_off: str
    same_words: str
    server: str
    activation_code: str

    def of_network(self, network: NetworkState) -> str:
        """The word for a state of the network."""
        match network:
            case NetworkState.ONLINE:
                return self.online
            case NetworkState.OFFLINE:
                return self.offline
            case NetworkState.SWITCHED_OFF:
                return self.switched_off


ENGLISH = UiWords(
    online="Online",
    offline="No network",
    switched_off="Network off",
    same_words="The same words on both screens",
    server="Server",
    activation_code="Activation code",
)
