"""People and sales for the tests of the back office."""

from terminal_app.core import OfficeView
from terminal_app.office import Staff
from terminal_app.screen_model import NetworkState, NextSale, ScanAnswer, ScanCustomer
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.ids import RequestId
from wallet_sdk.protocol.messages import AuthorizationMode

OWNER_PIN, CASHIER_PIN = "2580", "4071"


def staff_of(shop: Shop) -> Staff:
    """The people of a shop's till."""
    return Staff(shop.journal, time=shop.time, random=shop.random)


def sell(shop: Shop, amount_minor: int, *, reference: str = "", tip_minor: int = 0) -> RequestId:
    """A payer answers the shown code, in the way that the network allows. Each payer has a token of their own."""
    online = shop.snapshot.network is NetworkState.ONLINE
    mode = AuthorizationMode.ONLINE if online else AuthorizationMode.OFFLINE
    request = shop.show_code(amount_minor, reference)
    shop.do(ScanAnswer())
    shop.scan(shop.answer(request, amount_minor=amount_minor + tip_minor, mode=mode).envelope)
    shop.run()
    shop.do(NextSale())
    return request.message.request_id


def sell_by_code(shop: Shop, amount_minor: int) -> RequestId:
    """A payer shows a code."""
    shop.do(ScanCustomer(amount_minor=amount_minor))
    request_id = shop.sale.request_id
    shop.scan(shop.scheme.code(token=shop.token().envelope).envelope)
    shop.run()
    shop.do(NextSale())
    return request_id


def page(shop: Shop) -> OfficeView:
    """The open page."""
    view = shop.snapshot.office
    assert view is not None, shop.refusal
    return view
