"""A journal as large as a year of sales: three real ones, written again and again under ids of their own.

The fold reads every message of every event; it verifies no signature, so bytes that were exchanged do not show.
"""

from itertools import count
from pathlib import Path

from terminal_app.journal import Journal
from terminal_app.journal.database import Row, connect, insert, link_of
from terminal_app.journal.events import encode_event
from terminal_app.screen_model import NetworkSwitch
from tests.unit.terminal_app.people import sell, sell_by_code
from tests.unit.terminal_app.shop import Shop
from wallet_sdk.protocol.ids import RequestId

#: Offline payments that one customer makes under one token.
_PAYMENTS_A_TOKEN = 10
#: A year of opening hours has so many seconds.
_YEAR_S = 300 * 10 * 3600


def write_year(folder: Path, *, seed: int, sales: int) -> Path:
    """A journal with so many sales: a third each by an answered code, by a customer's code, and accepted offline."""
    shop = Shop(folder, seed=seed).enrol()
    first = shop.journal.length
    kinds = [sell(shop, 1_250), sell_by_code(shop, 840)]
    shop.switch(NetworkSwitch.OFF)
    kinds.append(sell(shop, 700))
    shop.switch(NetworkSwitch.ON)
    shop.wait(3)
    begin_s = shop.journal.views.last_event_at_s
    patterns = [_events_of(shop.journal, request_id, after=first) for request_id in kinds]
    tokens = [shop.journal.views.sales[request_id].token_id for request_id in kinds]
    number, link = shop.journal.length, shop.journal._link
    shop.journal.close()
    database = connect(shop.path)
    database.execute("BEGIN")
    numbers = count(number + 1)
    for sale in range(sales):
        kind = sale % len(kinds)
        at_s = begin_s + _YEAR_S * sale // sales
        token = tokens[kind] or b""
        for event_kind, body in patterns[kind]:
            own = body.replace(kinds[kind], sale.to_bytes(len(kinds[kind]), "big"))
            own = own.replace(token, (sale // _PAYMENTS_A_TOKEN).to_bytes(len(token), "big")) if token else own
            number = next(numbers)
            link = link_of(link, number=number, kind=event_kind, at_s=at_s, body=own)
            insert(database, Row(number=number, kind=event_kind, at_s=at_s, body=own, link=link))
    database.execute("COMMIT")
    database.close()
    return shop.path


def _events_of(journal: Journal, request_id: RequestId, *, after: int) -> list[tuple[int, bytes]]:
    bodies = [encode_event(event) for event, _ in list(journal.events())[after:]]
    return [(kind, body) for kind, body in bodies if body.find(request_id) >= 0]
