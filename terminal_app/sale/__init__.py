"""The use cases of a till: no Kivy, no SQL, no network. Bytes and answers in, durable facts and messages out."""

from terminal_app.sale.enrolment import Credentials
from terminal_app.sale.taken import NextStep, Reach, Taken
from terminal_app.sale.till import Till
from terminal_app.sale.till_time import TillTime

__all__ = ["Credentials", "NextStep", "Reach", "Taken", "Till", "TillTime"]
