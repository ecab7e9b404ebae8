"""The queue, carried by hand: out of a till that has no network, into one that has, and the answers back.

Nothing leaves the queue by this, and nothing enters it twice. The batches are the till's own signed claims; the
server takes each claim once, whoever brings it. Only an answer with the operator's receipt closes a sale here: that
something was refused is believed from the server itself, never from a file.
"""

import errno
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from terminal_app.devices.boundary import FILE_LIMIT_S, DriverThread
from terminal_app.journal import Journal
from terminal_app.journal.office import Courier
from terminal_app.journal.office_events import CourierDelivered, CourierTaken, QueueExported
from terminal_app.office.carried import CARRIED_BYTES_MAX, Carried, decode_carried, encode_carried
from terminal_app.sale import Till, TillTime
from terminal_app.sale.batches import first_batch
from wallet_sdk.protocol import api
from wallet_sdk.protocol.errors import ErrorCode, MalformedMessageError, TillcodeError, UnavailableError
from wallet_sdk.protocol.ids import Digest, RequestId
from wallet_sdk.protocol.states import State

#: Suffix of a file with a carried queue.
FILE_SUFFIX: Final = ".tillqueue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a file has brought: batches that were new, and sales of this till that its answers have closed."""

    batch_count: int
    payment_count: int
    closed_count: int


class QueueCourier:
    """Export and import of one till. One thread at a time may use it."""

    def __init__(self, till: Till, *, time: TillTime) -> None:
        self._till = till
        self._time = time
        self._disk = DriverThread("file", code=ErrorCode.STORAGE_FAILED)

    def export_bytes(self) -> bytes:
        """What is unsent, and the answers to what was brought here; noted in the journal, and still in the queue.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        views = self._till.views
        content = encode_carried(Carried(batches=self._own_batches(), answers=self._answers()))
        digest = Digest(hashlib.sha256(content).digest())
        if views.office.exported is None or views.office.exported.digest != digest:
            event = QueueExported(digest=digest, count=len(views.stored), sum_minor=views.stored_minor)
            self._journal.append(event, at_s=self._time.event_s())
        return content

    def export_file(self, path: Path) -> int:
        """Write the export into a new file, whole and on the disk, or not at all. Returns its size in bytes.

        Raises:
            UnavailableError: STORAGE_FAILED, also when there is such a file already.
        """
        content = self.export_bytes()
        self._disk.call(lambda: _write_new(path, content), limit_s=FILE_LIMIT_S)
        return len(content)

    def import_file(self, path: Path) -> Brought:
        """Take a file.

        Raises:
            MalformedMessageError: it holds no queue; nothing was taken.
            UnavailableError: STORAGE_FAILED, also when it cannot be read.
        """
        return self.import_bytes(self._disk.call(lambda: _read(path), limit_s=FILE_LIMIT_S))

    def import_bytes(self, content: bytes) -> Brought:
        """Take what was carried here: new batches wait for the server, answers close sales of this till.

        Raises:
            MalformedMessageError: it is no queue; nothing was taken.
            UnavailableError: STORAGE_FAILED.
        """
        carried = decode_carried(content)
        own, known = set(self._own_batches()), self._till.views.office.couriers
        digests = {Digest(hashlib.sha256(one).digest()): one for one in carried.batches if one not in own}
        fresh = {digest: batch for digest, batch in digests.items() if digest not in known}
        with self._journal.batch():
            for digest, batch in fresh.items():
                self._journal.append(CourierTaken(digest=digest, batch=batch), at_s=self._time.event_s())
        closed_count = sum(self._believe(body) for body in carried.answers)
        payment_count = Carried(batches=tuple(fresh.values())).count
        return Brought(batch_count=len(fresh), payment_count=payment_count, closed_count=closed_count)

    def next_waiting(self) -> Courier | None:
        """A carried batch that the server has not seen yet."""
        return next(iter(self._till.views.office.waiting_couriers), None)

    def take_answer(self, digest: Digest, answer: api.CaptureAnswer) -> None:
        """The server has the batch; its answer is kept for the till that it came from.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        self._deliver(CourierDelivered(digest=digest, error_code=0, answer=api.to_json(answer)))

    def take_refusal(self, digest: Digest, error: TillcodeError) -> None:
        """The server refuses to read the batch: it is no use to ask again.

        Raises:
            UnavailableError: STORAGE_FAILED.
        """
        self._deliver(CourierDelivered(digest=digest, error_code=error.code, answer=b""))

    @property
    def _journal(self) -> Journal:
        return self._till.journal

    def _deliver(self, event: CourierDelivered) -> None:
        courier = self._till.views.office.couriers.get(event.digest)
        if courier is not None and courier.answer is None:
            self._journal.append(event, at_s=self._time.event_s())

    def _own_batches(self) -> tuple[bytes, ...]:
        """The queue in batches. The time in them is that of the newest payment, so that the same queue is the same."""
        waiting = list(self._till.views.stored_sales)
        batches: list[bytes] = []
        while waiting:
            chosen = first_batch(waiting)
            made_at_s = max(sale.accepted_at_s or 0 for sale in waiting[: len(chosen)])
            batches.append(self._till.capture_batch(chosen, made_at_s=made_at_s).envelope)
            waiting = waiting[len(chosen) :]
        return tuple(batches)

    def _answers(self) -> tuple[bytes, ...]:
        return tuple(one.answer for one in self._till.views.office.couriers.values() if one.answer)

    def _believe(self, body: bytes) -> int:
        """How many sales of this till an answer closes: paid ones, by the operator's own receipt."""
        try:
            outcomes = api.parse_json(body, api.CaptureAnswer).outcomes
        except MalformedMessageError:
            return 0
        return sum(self._believe_one(outcome) for outcome in outcomes)

    def _believe_one(self, outcome: api.PaymentAnswer) -> int:
        try:
            request_id = RequestId(api.from_base64url(outcome.request_id))
            is_paid = State.__members__.get(outcome.state, State.UNKNOWN).is_paid
            waits = request_id in self._till.views.stored
            return int(is_paid and waits and self._till.take_capture_answer(request_id, outcome).is_settled)
        except TillcodeError as error:
            if error.code is ErrorCode.STORAGE_FAILED:
                raise
            return 0


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(CARRIED_BYTES_MAX + 1)
    except OSError as error:
        raise _failed(error) from error


def _write_new(path: Path, content: bytes) -> None:
    beside = path.with_name(path.name + ".part")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                raise FileExistsError(errno.EEXIST, "there is such a file already")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise _failed(error) from error


def _failed(error: OSError) -> UnavailableError:
    return UnavailableError(ErrorCode.STORAGE_FAILED, f"the file: {error.strerror}", param="file")
