"""The few words that the screens themselves bring; all others come with the model."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UiWords:
    """Words in one language; what stands here is English, so that a model can be made without a catalogue."""

    untried: str = "Network"
    online: str = "Online"
    offline: str = "No network"
    switched_off: str = "Network off"
    same_words: str = "The same words on both screens"
    server: str = "Server"
    activation_code: str = "Activation code"
    menu: str = "Menu"
    page_on: str = "Next page"
    page_back: str = "Previous page"
    search: str = "Search"
    reference: str = "Reference"
    done: str = "Done"
    frames_seen: str = "Pictures seen: {count}"
    back: str = "Back"
    customer_scan: str = "Scan to pay"
    code_too_small: str = "This code may be too small to scan."
    code_too_pale: str = "This code may be too pale to scan."
    code_unreadable: str = "The till cannot read its own code. Scan the customer instead."
