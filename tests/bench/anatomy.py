"""Where the CPU of one payment goes: the server's own steps, one after the other in this process, each timed apart.

The steps are those of a route: prepare (parse, verify, judge), commit (rules and database), answer (sign receipts).
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec.json

from server_stub.bootstrap import opened_desk, quiet_collector
from server_stub.committer import Command
from server_stub.faults import Faults
from server_stub.service import payments
from server_stub.service.operator import Operator
from server_stub.store.table import Keys
from tests.bench.measure import Yardstick, medians_us
from tests.bench.population import Population, batch_bodies, intent_body
from wallet_sdk.protocol.envelope import seal
from wallet_sdk.protocol.messages import AuthorizationMode, Receipt
from wallet_sdk.protocol.quick import open_intent, open_request
from wallet_sdk.protocol.states import State
from wallet_sdk.system import SystemClock
from wallet_sdk.testing import SeededRandom

#: Payments of an online payment's anatomy, and how many of them share one commit there.
_INTENTS: Final = 512
_GROUP: Final = 32
_BATCHES: Final = 4


def anatomy_of_batch(folder: Path, people: Population, *, claim_count: int, seed: int) -> dict[str, float]:
    """CPU microseconds a payment of each step for capture batches, on a ledger of its own."""
    terminal = people.terminals[0]
    claims = people.payments(_BATCHES * claim_count, mode=AuthorizationMode.OFFLINE, terminals=[terminal])
    bodies = batch_bodies(claims, terminal, claim_count=claim_count)
    quiet_collector()
    with opened_desk(folder, clock=SystemClock(), random=SeededRandom(seed), faults=Faults()) as desk:
        _prepare_all(desk.operator, payments.prepare_capture, bodies[:1])  # certificates and tokens are known then
        commands, prepare_us = _prepare_all(desk.operator, payments.prepare_capture, bodies[1:])
        answers, commit_us = _commit(desk.operator, commands, group=1)
        answer_us = _cpu_us(
            lambda: [msgspec.json.encode(payments.capture_answer(desk.operator, one)) for one in answers]
        )
    return _told(len(claims) - claim_count, prepare_us, commit_us, answer_us, people, verifications=1)


def anatomy_of_intent(folder: Path, people: Population, *, seed: int) -> dict[str, float]:
    """CPU microseconds of each step for single payments, 32 of them in one commit, on a ledger of its own."""
    known = people.payments(len(people.wallets), mode=AuthorizationMode.ONLINE)
    claims = people.payments(_INTENTS, mode=AuthorizationMode.ONLINE)
    quiet_collector()
    with opened_desk(folder, clock=SystemClock(), random=SeededRandom(seed), faults=Faults()) as desk:
        _prepare_all(desk.operator, payments.prepare_intent, list(map(intent_body, known)))
        commands, prepare_us = _prepare_all(desk.operator, payments.prepare_intent, list(map(intent_body, claims)))
        answers, commit_us = _commit(desk.operator, commands, group=_GROUP)
        answer_us = _cpu_us(
            lambda: [msgspec.json.encode(payments.seen_by_wallet(desk.operator, one[0])) for one in answers]
        )
    return _told(len(claims), prepare_us, commit_us, answer_us, people, verifications=2)


def _told(
    count: int, prepare_us: float, commit_us: float, answer_us: float, people: Population, *, verifications: int
) -> dict[str, float]:
    """The whole of `prepare` is taken apart by what its pieces cost alone."""
    pieces = medians_us({**Yardstick().calls(), **_pieces(people)})
    crypto_us = verifications * pieces["crypto_verify_us"]
    codec_us = pieces["open_request_us"] + pieces["open_intent_us"]
    prepare_us /= count
    return {
        "anatomy_prepare_us": prepare_us,
        "anatomy_verify_us": crypto_us,
        "anatomy_codec_us": codec_us,
        "anatomy_judge_and_rest_us": prepare_us - crypto_us - codec_us,
        "anatomy_database_us": commit_us / count,
        "anatomy_answer_us": answer_us / count,
        "one_receipt_us": pieces["receipt_us"],
        "anatomy_sum_us": prepare_us + (commit_us + answer_us) / count,
    }


def _pieces(people: Population) -> dict[str, Callable[[], object]]:
    request = people.terminals[0].request()
    intent = people.wallets[0].intent(request, AuthorizationMode.ONLINE)
    receipt = Receipt(
        terminal_id=people.terminals[0].message.terminal_id,
        request_id=request.message.request_id,
        consent_digest=intent.digest,
        amount_minor=request.message.amount_minor,
        currency=request.message.currency,
        state=State.CAPTURED,
        at_s=request.message.issued_at_s,
    )
    signer = people.terminals[0].signer
    return {
        "open_request_us": lambda: open_request(request.envelope),
        "open_intent_us": lambda: open_intent(intent.envelope),
        "receipt_us": lambda: seal(receipt, signer),
    }


def _prepare_all(
    operator: Operator, prepare: Callable[[Operator, bytes], Command[Any]], bodies: Sequence[bytes]
) -> tuple[list[Command[Any]], float]:
    commands: list[Command[Any]] = []
    taken_us = _cpu_us(lambda: commands.extend(prepare(operator, body) for body in bodies))
    return commands, taken_us


def _commit(operator: Operator, commands: Sequence[Command[Any]], *, group: int) -> tuple[list[Any], float]:
    """As the committer does: so many commands in one durable commit."""
    answers: list[Any] = []

    def commit() -> None:
        for start in range(0, len(commands), group):
            with operator.store.writing() as writer:
                keys = Keys()
                for command in commands[start : start + group]:
                    command.name_keys(keys)
                writer.load(keys)
                for command in commands[start : start + group]:
                    answers.append(command.apply(writer))
                    writer.keep()

    return answers, _cpu_us(commit)


def _encoded(answer: object) -> bytes:
    return msgspec.json.encode(answer)


def _cpu_us(call: Callable[[], object]) -> float:
    start_ns = time.thread_time_ns()
    call()
    return (time.thread_time_ns() - start_ns) / 1_000
