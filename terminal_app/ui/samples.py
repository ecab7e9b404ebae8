"""One sample of each screen, in every appearance: what the gallery draws and the GUI tests measure.

The words come from the real presenter, so what is measured is what a cashier reads.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from functools import cache
from types import MappingProxyType
from typing import Final

from terminal_app.core import Place, ScanFor, Side, Snapshot
from terminal_app.journal import Sale
from terminal_app.journal.events import Way
from terminal_app.presenter import Presenter
from terminal_app.screen_model import Appearance, NetworkState, ScreenModel, ScreenName
from terminal_app.settings import Settings, TipPolicy
from terminal_app.ui.samples_office import office_snapshots, pages_over
from wallet_sdk.protocol.envelope import Sealed
from wallet_sdk.protocol.errors import ErrorCode
from wallet_sdk.protocol.ids import Digest, Envelope, RequestId
from wallet_sdk.protocol.messages import PaymentRequest
from wallet_sdk.protocol.money import Currency
from wallet_sdk.protocol.rules import OfflineLimits
from wallet_sdk.protocol.states import State

# As long as a real signed payment request in base45: what the code's size is judged by.
SAMPLE_CODE_TEXT: Final = "TC1:" + "8Q52D8FA1FN:TG9X4$K7VZ6L3B*WE2M0YHRJ" * 12

# 14:07 in Greenwich.
_AT_S: Final = 1_800_000_420
_ENVELOPE: Final = Envelope(bytes(range(64)))
_LIMITS: Final = OfflineLimits(
    payment_max_minor=5_000,
    stored_max_minor=20_000,
    stored_count_max=50,
    stored_age_max_s=259_200,
    token_stored_max_minor=10_000,
)


def _sale(state: State, *, error_code: int = 0, minor: int = 1250, answered: bool = True, at_s: int = _AT_S) -> Sale:
    request = PaymentRequest(
        request_id=RequestId(bytes(12)),
        amount_minor=minor,
        currency=Currency.EUR,
        issued_at_s=at_s,
        lifetime_s=120,
        reference="" if answered else "T-17",
    )
    sealed = Sealed(
        message=request,
        envelope=_ENVELOPE,
        digest=Digest(bytes(32)),
        key_id=None,
        embedded=None,
        signature=bytes(64),
    )
    offline = state is State.AUTHORIZED
    return Sale(
        request=sealed,
        way=Way.SHOW,
        opened_at_s=at_s,
        state=state,
        paid_minor=minor,
        changed_at_s=at_s,
        consent=_ENVELOPE if answered else None,
        consent_digest=Digest(bytes(range(32))) if state in {State.AUTHORIZED, State.SETTLED} else None,
        accepted_at_s=at_s if offline else None,
        offline_receipt=_ENVELOPE if offline else None,
        receipt=_ENVELOPE if state is State.SETTLED else None,
        error_code=error_code,
    )


_ONLINE: Final = Snapshot(
    place=Place.KEYPAD,
    currency=Currency.EUR,
    network=NetworkState.ONLINE,
    server_url="http://127.0.0.1:8080",
    shop="Corner Café",
    till="t-2",
    limits=_LIMITS,
    operators_limits=_LIMITS,
    result=_sale(State.SETTLED, minor=840, at_s=_AT_S - 300),
)
_OFFLINE: Final = replace(_ONLINE, network=NetworkState.OFFLINE, stored_count=3, stored_minor=3740)
_OPEN: Final = _sale(State.REQUESTED, answered=False)
_DECLINED: Final = int(ErrorCode.INSUFFICIENT_FUNDS)

_SNAPSHOTS: Final[Mapping[ScreenName, Snapshot]] = MappingProxyType(
    {
        ScreenName.ENROL: replace(_ONLINE, place=Place.ENROL, shop="Tillcode", till="-", result=None),
        ScreenName.KEYPAD: _ONLINE,
        ScreenName.SHOW_CODE: replace(_ONLINE, place=Place.SHOW, sale=_OPEN, remaining_s=108),
        ScreenName.SCAN: replace(
            _OFFLINE, place=Place.SCAN, sale=_OPEN, scan_for=ScanFor.CUSTOMER, remaining_s=54, result=None
        ),
        ScreenName.VERIFYING: replace(_ONLINE, place=Place.VERIFYING, sale=_sale(State.REQUESTED)),
        ScreenName.PAID: replace(_ONLINE, place=Place.RESULT, sale=_sale(State.SETTLED)),
        ScreenName.ACCEPTED_OFFLINE: replace(
            _OFFLINE,
            place=Place.RESULT,
            network=NetworkState.SWITCHED_OFF,
            sale=_sale(State.AUTHORIZED),
            result=_sale(State.AUTHORIZED),
        ),
        ScreenName.NOT_PAID: replace(
            _ONLINE, place=Place.RESULT, sale=_sale(State.DECLINED, error_code=_DECLINED, minor=123_456)
        ),
        ScreenName.UNKNOWN: replace(_OFFLINE, place=Place.RESULT, sale=_sale(State.UNKNOWN), closes_in_s=42),
        ScreenName.EXPIRED: replace(_ONLINE, place=Place.RESULT, sale=_sale(State.EXPIRED)),
        ScreenName.CANCELLED: replace(_ONLINE, place=Place.RESULT, sale=_sale(State.CANCELED)),
        **office_snapshots(_OFFLINE, at_s=_AT_S),
    }
)


#: What a customer sees on a tablet that is turned around: not a screen of its own, but judged and drawn like one.
TURNED: Final = (ScreenName.SHOW_CODE, ScreenName.VERIFYING, ScreenName.PAID, ScreenName.UNKNOWN, ScreenName.NOT_PAID)


def turned(appearance: Appearance) -> Mapping[ScreenName, ScreenModel]:
    """These screens as the customer sees them."""
    presenter, chosen = Presenter(zone=UTC), _settings(appearance)
    return {
        name: replace(
            presenter.present(replace(_SNAPSHOTS[name], settings=chosen, side=Side.CUSTOMER)),
            code_text=SAMPLE_CODE_TEXT if name is ScreenName.SHOW_CODE else None,
        )
        for name in TURNED
    }


def _settings(appearance: Appearance) -> Settings:
    return Settings(
        language=appearance.language,
        theme=appearance.theme,
        text_size=appearance.text_size,
    )


@cache
def samples(appearance: Appearance) -> Mapping[ScreenName, ScreenModel]:
    """Every screen in this appearance."""
    presenter = Presenter(zone=UTC)
    models = {}
    for name, snapshot in _SNAPSHOTS.items():
        chosen = _settings(appearance)
        office = replace(snapshot.office, settings=chosen) if snapshot.office is not None else None
        model = presenter.present(replace(snapshot, settings=chosen, office=office))
        assert model.name is name
        models[name] = replace(model, code_text=SAMPLE_CODE_TEXT) if model.code_text else model
    asks_tips = replace(_settings(appearance), tip_policy=TipPolicy.AT_TILL)
    keypad = presenter.present(replace(_SNAPSHOTS[ScreenName.KEYPAD], settings=asks_tips))
    return MappingProxyType(models | pages_over(models, keypad=keypad))


SAMPLES: Final = samples(Appearance())
