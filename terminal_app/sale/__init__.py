"""The use cases of a till: no Kivy, no SQL, no network. Bytes and answers in, durable facts and messages out."""

from terminal_app.sale.enrolment import Credentials
from terminal_app.sale.refunds import Refunds
from terminal_app.sale.taken import NextStep, Reach, Taken
from terminal_app.sale.till import Till
from terminal_app.sale.till_time import TillTime
from terminal_app.sale.tips import NO_TIP, Tip, TipChoice, tip_at_till, tip_choices, tip_for_code

__all__ = [
    "NO_TIP",
    "Credentials",
    "NextStep",
    "Reach",
    "Refunds",
    "Taken",
    "Till",
    "TillTime",
    "Tip",
    "TipChoice",
    "tip_at_till",
    "tip_choices",
    "tip_for_code",
]
