"""What the events add up to: the shop joined, each sale, the queue, the counters seen. Folds, and nothing else.

At start-up every event is applied in turn; later each appended event is applied by the same function. So what
is in memory is what a restart would find.
"""

from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from typing import Final

from terminal_app.journal.events import (
    BatchReceiptSeen,
    CertificateRenewed,
    ConsentAccepted,
    DenylistTaken,
    Enrolled,
    JournalEvent,
    MembershipEvent,
    SaleOpened,
    TrustRefreshed,
)
from terminal_app.journal.history import HISTORY_MAX, HistoryEntry, entry_of, totals_after
from terminal_app.journal.office import OfficeViews
from terminal_app.journal.office_events import OfficeEvent, RefundAnswered, RefundAsked, ShopLeft
from terminal_app.journal.sales import Membership, Sale, opened_sale, receipt_of, stepped_sale, stored_minor
from wallet_sdk.protocol import limits
from wallet_sdk.protocol.denylist import EMPTY
from wallet_sdk.protocol.denylist import apply as apply_denylist
from wallet_sdk.protocol.envelope import open_unverified
from wallet_sdk.protocol.errors import ErrorCode, RuleViolationError
from wallet_sdk.protocol.ids import RequestId, TokenId
from wallet_sdk.protocol.messages import (
    BatchReceipt,
    Denylist,
    PaymentIntent,
    PaymentToken,
    TerminalCertificate,
    TrustBundle,
)

#: Settled sales kept in memory; all of them stay in the file.
SETTLED_SALES_MAX: Final = 256
#: What a token signed is remembered for so long after its end.
TOKEN_KEPT_S: Final = 7 * 86_400

assert TOKEN_KEPT_S > 2 * limits.TOKEN_LIFETIME_H_MAX * 3600


@dataclass(slots=True)
class Views:
    """The current views. Read them freely; only `apply` changes them."""

    membership: Membership | None = None
    sales: dict[RequestId, Sale] = field(default_factory=dict)
    latest: RequestId | None = None
    last_result: RequestId | None = None
    #: What waits, and when it began to, by `aged_s`.
    stored: dict[RequestId, int | None] = field(default_factory=dict)
    closures: dict[RequestId, None] = field(default_factory=dict)
    disputed: dict[RequestId, None] = field(default_factory=dict)
    settled: dict[RequestId, None] = field(default_factory=dict)
    stored_minor: int = 0
    token_intents: dict[TokenId, tuple[PaymentIntent, ...]] = field(default_factory=dict)
    token_ends_s: dict[TokenId, int] = field(default_factory=dict)
    operator_time_s: int = 0
    last_event_at_s: int = 0
    #: How far the clock was set back between events, all together.
    set_back_s: int = 0
    office: OfficeViews = field(default_factory=OfficeViews)
    history: dict[RequestId, HistoryEntry] = field(default_factory=dict)
    history_max: int = HISTORY_MAX

    def sale(self, request_id: RequestId) -> Sale:
        """The sale of a request.

        Raises:
            RuleViolationError: UNKNOWN_PAYMENT.
        """
        found = self.sales.get(request_id)
        if found is None:
            raise RuleViolationError(ErrorCode.UNKNOWN_PAYMENT, "this till has no such sale", param="request_id")
        return found

    @property
    def latest_sale(self) -> Sale | None:
        """The sale opened last: the one on the counter."""
        return self.sales[self.latest] if self.latest is not None else None

    @property
    def result_sale(self) -> Sale | None:
        """The sale whose outcome became known last."""
        return self.sales.get(self.last_result) if self.last_result is not None else None

    @property
    def stored_sales(self) -> tuple[Sale, ...]:
        """Accepted and not yet captured, the oldest first."""
        return tuple(self.sales[request_id] for request_id in self.stored)

    def aged_s(self, at_s: int) -> int:
        """A time of today's clock as one that never falls, however often the clock was set back. Only for ages."""
        return at_s + self.set_back_s

    @property
    def oldest_stored_s(self) -> int | None:
        """When what waits longest began to wait, by `aged_s`; None when nothing waits."""
        return min((since_s for since_s in self.stored.values() if since_s is not None), default=None)

    def token_stored_minor(self, token_id: TokenId) -> int:
        """The stored sum under one token, in minor units."""
        return sum(sale.paid_minor for sale in self.stored_sales if sale.token_id == token_id)

    def check(self, event: JournalEvent, *, at_s: int) -> Sale | None:
        """Whether this event can follow; changes nothing. The sale after it, when it is an event of one.

        Raises:
            RuleViolationError: BAD_TRANSITION or UNKNOWN_PAYMENT.
        """
        if isinstance(event, OfficeEvent):
            self.office.check(event)
        elif not isinstance(event, MembershipEvent | SaleOpened | BatchReceiptSeen):
            return stepped_sale(self.sale(event.request_id), event, at_s=at_s)
        return None

    def apply(self, event: JournalEvent, *, at_s: int, checked: Sale | None = None) -> None:
        """Fold one event in. `checked` is what `check` has just given for it, so that it is not worked out twice.

        Raises:
            RuleViolationError: BAD_TRANSITION or UNKNOWN_PAYMENT, with nothing changed.
        """
        if isinstance(event, OfficeEvent):
            self._note_office(event, at_s=at_s)
        elif isinstance(event, DenylistTaken):
            self._take_denylist(event)
        elif isinstance(event, Enrolled | CertificateRenewed | TrustRefreshed):
            self._join(event)
        elif isinstance(event, BatchReceiptSeen):
            self._note_time(open_unverified(event.receipt, BatchReceipt).message.at_s)
        elif isinstance(event, SaleOpened):
            self.latest = event.request_id
            self._keep(opened_sale(event, at_s=at_s, staff_id=self.office.signed_in))
        else:
            before = self.sale(event.request_id)
            after = checked or stepped_sale(before, event, at_s=at_s)
            self._keep(after)
            totals = totals_after(self.office.period.totals, before=before, after=after)
            self.office.count(totals, currency=after.amount.currency, at_s=at_s)
            self._note_token(event)
        self.set_back_s += max(0, self.last_event_at_s - at_s)
        self.last_event_at_s = at_s
        for request_id in reversed(self.stored):
            if self.stored[request_id] is not None:
                break
            self.stored[request_id] = self.aged_s(at_s)

    def _note_office(self, event: OfficeEvent, *, at_s: int) -> None:
        self.office.apply(event, at_s=at_s)
        if isinstance(event, ShopLeft):
            self.membership = None
        elif isinstance(event, RefundAsked | RefundAnswered):
            request_id = self.office.refunds[event.refund_id].refund.message.request_id
            entry = self.history.get(request_id)
            if entry is not None:
                self.history[request_id] = replace(entry, refunded_minor=self.office.refunded_minor(request_id))

    def _join(self, event: Enrolled | CertificateRenewed | TrustRefreshed) -> None:
        bundle = open_unverified(event.bundle, TrustBundle)
        self._note_time(bundle.message.made_at_s)
        if isinstance(event, TrustRefreshed):
            assert self.membership is not None, "a bundle is refreshed after enrolment"
            self.membership = replace(self.membership, bundle=event.bundle)
            return
        known = event if isinstance(event, Enrolled) else self.membership
        assert known is not None, "a certificate is renewed after enrolment"
        certificate = open_unverified(event.certificate, TerminalCertificate)
        self._note_time(certificate.message.not_before_s)
        self.membership = Membership(
            server_url=known.server_url,
            root_key=known.root_key,
            bundle=event.bundle,
            certificate=certificate,
            limits=event.limits,
            denied=known.denied if isinstance(known, Membership) else EMPTY,
        )

    def _take_denylist(self, event: DenylistTaken) -> None:
        """It was verified before it was written, and a restart takes every list again in its sequence."""
        assert self.membership is not None, "a list is taken after enrolment"
        listed = open_unverified(event.denylist, Denylist)
        self._note_time(listed.message.made_at_s)
        self.membership = replace(self.membership, denied=apply_denylist(self.membership.denied, listed))

    def _keep(self, sale: Sale) -> None:
        request_id = sale.request_id
        before = self.sales.get(request_id)
        self.stored_minor += stored_minor(sale) - stored_minor(before)
        self.sales[request_id] = sale
        self.history[request_id] = entry_of(sale, refunded_minor=self.office.refunded_minor(request_id))
        if len(self.history) > self.history_max:
            del self.history[next(iter(self.history))]
        if sale.is_stored:
            self.stored.setdefault(request_id)
        else:
            self.stored.pop(request_id, None)
        for members, belongs in (
            (self.closures, sale.awaits_closure),
            (self.disputed, sale.is_disputed),
            (self.settled, sale.is_settled and not sale.is_disputed),
        ):
            if belongs:
                members.setdefault(request_id)
            else:
                members.pop(request_id, None)
        if sale.receipt is not None:
            self._note_time(receipt_of(sale.receipt).at_s)
        if before is not None and before.state is not sale.state:
            self.last_result = request_id
            self._forget_old()

    def _note_token(self, event: JournalEvent) -> None:
        if isinstance(event, ConsentAccepted):
            intent = open_unverified(event.consent, PaymentIntent)
            token = open_unverified(intent.embedded or b"", PaymentToken).message
            if token.token_id not in self.token_ends_s:
                self._forget_tokens()
            self.token_ends_s[token.token_id] = token.expires_at_s
            self.token_intents[token.token_id] = (*self.token_intents.get(token.token_id, ()), intent.message)

    def _forget_tokens(self) -> None:
        """Bound the memory: tokens long past, by the operator's own time, are accepted by nobody."""
        past_s = self.operator_time_s - TOKEN_KEPT_S
        for token_id in list(takewhile(lambda one: self.token_ends_s[one] < past_s, self.token_ends_s)):
            del self.token_ends_s[token_id]
            del self.token_intents[token_id]

    def _note_time(self, signed_at_s: int) -> None:
        self.operator_time_s = max(self.operator_time_s, signed_at_s)

    def _forget_old(self) -> None:
        """Bound the memory: the oldest settled sales leave it, never an unsettled or disputed one."""
        kept = {self.latest, self.last_result}
        spare = len(self.settled) - SETTLED_SALES_MAX
        if spare <= 0:
            return
        for request_id in [key for key in islice(self.settled, spare + len(kept)) if key not in kept][:spare]:
            del self.sales[request_id]
            del self.settled[request_id]
