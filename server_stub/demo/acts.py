"""The five acts, told by taps on screens and looks at them; codes go from one program to the other as pixels."""

import contextlib
import shutil
import sqlite3
from pathlib import Path
from typing import Final

from server_stub.demo import amounts
from server_stub.demo.amounts import figures_of, text_of
from server_stub.demo.processes import DemoFailedError
from server_stub.demo.robots import RobotProgram, Seen
from server_stub.demo.stage import START_TIMEOUT_S, Stage

#: What a payment may take, from tap to result, on a slow machine with two cores.
RESULT_TIMEOUT_S: Final = 25.0
SETTLE_TIMEOUT_S: Final = 30.0


def pay_by_shown_code(stage: Stage) -> None:
    """Act 1: the till shows a code, the wallet looks at it and pays online."""
    till, wallet, cents = stage.till, stage.wallet, amounts.SHOWN_CODE_CENTS
    stage.telling.act("1  Online, by the code on the till's screen")
    _ask_at(stage, till, cents, shots="1")
    _quote_at(stage, wallet, till, cents, shots="1")
    stage.telling.doing("the payer says yes")
    wallet.tap("confirm")
    wallet.wait("paid", timeout_s=RESULT_TIMEOUT_S)
    stage.shot(wallet, "1-wallet-paid")
    stage.keep_receipt("1-wallet-paid")
    stage.telling.done(f"{wallet.name}: PAID {text_of(cents)}, with the receipt as a code")
    till.wait("paid", timeout_s=RESULT_TIMEOUT_S)
    stage.shot(till, "1-till-paid")
    stage.telling.done(f"{till.name}: PAID {_amount_on(till, cents)}")
    stage.expected.pay(stage.shop_of(till), cents)
    _leave(till, wallet)


def pay_by_payers_code(stage: Stage) -> None:
    """Act 2: the wallet shows its code, the till looks at it; the wallet hears of it afterwards."""
    till, wallet, cents = stage.till, stage.wallet, amounts.PAYERS_CODE_CENTS
    stage.telling.act("2  Online, by the code on the payer's phone")
    stage.telling.doing("the payer shows a code")
    wallet.tap("my_code")
    wallet.wait("my_code", timeout_s=RESULT_TIMEOUT_S)
    stage.shot(wallet, "2-wallet-code")
    stage.telling.done(f"{wallet.name} shows a code that is good for one payment")
    stage.telling.doing("the till scans it")
    _type_amount(till, cents)
    till.tap("scan_customer")
    till.wait("paid", timeout_s=RESULT_TIMEOUT_S)
    stage.shot(till, "2-till-paid")
    stage.telling.done(f"{till.name} has read it: PAID {_amount_on(till, cents)}")
    wallet.wait("paid", timeout_s=RESULT_TIMEOUT_S)
    stage.shot(wallet, "2-wallet-paid")
    stage.keep_receipt("2-wallet-paid")
    stage.telling.done(f"{wallet.name} has heard of it: PAID {_amount_on(wallet, cents)}")
    stage.expected.pay(stage.shop_of(till), cents)
    _leave(till, wallet)


def pay_offline(stage: Stage) -> None:
    """Act 3: no network on either side."""
    stage.telling.act("3  No network on either side")
    stage.telling.doing("switching both networks off")
    _switch_network(stage.till)
    _switch_network(stage.wallet)
    stage.telling.done("both networks are off")
    _pay_offline_at(stage, stage.till, stage.wallet, amounts.OFFLINE_CENTS, shots="3")
    stage.expected.pay(stage.shop_of(stage.till), amounts.OFFLINE_CENTS)


def settle_the_queue(stage: Stage) -> None:
    """Act 4: the network is back, and what was accepted offline settles."""
    stage.telling.act("4  The network is back")
    stage.telling.doing("the till's queue settles")
    _switch_network(stage.till)
    _wait_for_empty_queue(stage, stage.till)
    stage.telling.done(f"{stage.till.name} has sent its queue: {text_of(amounts.OFFLINE_CENTS)} settled")
    stage.telling.doing("the wallet hears of it")
    _switch_network(stage.wallet)
    total = figures_of(stage.expected.payer)
    stage.wallet.wait_until(f"a balance of {total}", lambda seen: _is_settled(seen, total), timeout_s=SETTLE_TIMEOUT_S)
    stage.shot(stage.wallet, "4-wallet-settled")
    stage.shot(stage.till, "4-till-settled")
    stage.telling.done(f"{stage.wallet.name} shows {text_of(stage.expected.payer)} in all")
    stage.telling.doing("the books are compared")
    stage.office.expect(stage.expected)
    stage.telling.done("the server's books agree to the cent")


def catch_a_clone(stage: Stage) -> None:
    """Act 5: the wallet's files are copied, both copies spend offline, and the signatures convict them."""
    stage.telling.act("5  A cloned wallet spends twice")
    _clone_wallet(stage)
    _spend_twice(stage)
    _catch(stage)


def _clone_wallet(stage: Stage) -> None:
    telling = stage.telling
    telling.doing("the wallet's files are copied")
    for program in (stage.till, stage.second_till, stage.wallet):
        _switch_network(program)
    stage.quit(stage.wallet)
    shutil.copytree(stage.home_of("wallet"), stage.home_of("clone"))
    telling.done("the wallet is stopped, and its folder is copied as it is")
    for store in stage.home_of("clone").rglob("*.sqlite"):
        _silence(store)
    telling.done("an honest wallet notices that, so the thief makes the copy forget which mark was its own")
    telling.doing("both copies start")
    stage.start_wallet("wallet", looks_at="till")
    stage.start_wallet("clone", looks_at="till-2")
    for copy in (stage.wallet, stage.clone):
        copy.wait("home", timeout_s=START_TIMEOUT_S)
    telling.done("both copies run, with no network, as both tills")


def _silence(store: Path) -> None:
    """What a thief does to a copied wallet store, which would refuse to sign: nothing on a device stops its owner."""
    with contextlib.closing(sqlite3.connect(store)) as database, database:
        database.execute("UPDATE mark SET is_pending = 1, inode = 0")


def _spend_twice(stage: Stage) -> None:
    _pay_offline_at(stage, stage.till, stage.wallet, amounts.HONEST_CENTS, shots="5-first")
    _pay_offline_at(stage, stage.second_till, stage.clone, amounts.CLONED_CENTS, shots="5-clone")
    together = amounts.HONEST_CENTS + amounts.CLONED_CENTS
    lost = max(0, together - amounts.LEFT_OFFLINE_CENTS)
    stage.expected.payer -= together - lost
    stage.expected.fraud_loss += lost
    stage.expected.credit(stage.shop_of(stage.till), amounts.HONEST_CENTS)
    stage.expected.credit(stage.shop_of(stage.second_till), amounts.CLONED_CENTS)
    stage.telling.done(
        f"{text_of(together)} spent from an allowance of {text_of(amounts.LEFT_OFFLINE_CENTS)}: no till could know"
    )


def _catch(stage: Stage) -> None:
    telling, office = stage.telling, stage.office
    telling.doing("the tills' networks are back")
    for till in (stage.till, stage.second_till):
        _switch_network(till)
        _wait_for_empty_queue(stage, till)
    telling.done("both tills have settled; both shops are paid")
    telling.doing("the server's fraud case")
    proof = office.export_proof(stage.out / "fraud.proof")
    telling.done(f"the server caught it: {proof.stat().st_size} bytes of proof in {proof.name}")
    telling.doing("the proof is checked by a program that never met the server")
    said = office.verify_proof(proof)
    telling.done(f"tillcode-wallet verify-proof: {said}")
    telling.doing("the clone tries to renew")
    _switch_network(stage.clone)
    stage.clone.wait_until(
        "word that it is blocked", lambda seen: "blocked" in seen.all_text(), timeout_s=SETTLE_TIMEOUT_S
    )
    stage.shot(stage.clone, "5-clone-blocked")
    telling.done("the cloned wallet is blocked and gets no new allowance")


def _ask_at(stage: Stage, till: RobotProgram, cents: int, *, shots: str) -> None:
    stage.telling.doing("the till asks for an amount")
    _type_amount(till, cents)
    till.tap("show_code")
    till.wait("show_code")
    stage.shot(till, f"{shots}-till-request")
    stage.telling.done(f"{till.name} asks for {text_of(cents)} and shows a code")


def _quote_at(stage: Stage, wallet: RobotProgram, till: RobotProgram, cents: int, *, shots: str) -> None:
    """Let the wallet look at the till's screen; what it then shows must be the till's shop and amount."""
    stage.telling.doing("the wallet reads the till's screen")
    wallet.tap("pay")
    wallet.wait("quote", timeout_s=RESULT_TIMEOUT_S)
    seen = wallet.look()
    stage.shot(wallet, f"{shots}-wallet-quote")
    _require(seen, "payee", stage.shop_of(till))
    _require(seen, "amount", figures_of(cents))
    stage.telling.done(f"{wallet.name} has read it: {seen.text_of('payee')}, verified, {text_of(cents)}")


def _pay_offline_at(stage: Stage, till: RobotProgram, wallet: RobotProgram, cents: int, *, shots: str) -> None:
    _ask_at(stage, till, cents, shots=shots)
    _quote_at(stage, wallet, till, cents, shots=shots)
    stage.telling.doing("the payer says yes without a network")
    wallet.tap("confirm")
    wallet.wait("show_intent", timeout_s=RESULT_TIMEOUT_S)
    stage.shot(wallet, f"{shots}-wallet-intent")
    seen = wallet.look()
    words = [seen.text_of(f"check_word_{place}") for place in (1, 2)]
    stage.telling.done(f"{wallet.name} answers with a code bound to this very request, check words {' '.join(words)}")
    stage.telling.doing("the till reads the answer")
    till.tap("scan_answer")
    till.wait("accepted_offline", timeout_s=RESULT_TIMEOUT_S)
    stage.shot(till, f"{shots}-till-accepted")
    on_till = till.look().all_text()
    if not all(word and word in on_till for word in words):
        raise DemoFailedError(f"{till.name} does not show the check words {words}: {on_till}")
    stage.telling.done(f"{till.name}: ACCEPTED OFFLINE {_amount_on(till, cents)}, with the same check words")
    stage.telling.doing("the wallet reads the till's receipt")
    till.tap("show_receipt")
    till.wait("show_code")
    stage.shot(till, f"{shots}-till-receipt")
    stage.keep_receipt(f"{shots}-till-receipt")
    wallet.tap("scan_receipt")
    wallet.wait("accepted_offline", timeout_s=RESULT_TIMEOUT_S)
    stage.shot(wallet, f"{shots}-wallet-receipt")
    stage.telling.done(f"{wallet.name} holds the till's signed receipt for {_amount_on(wallet, cents)}")
    _leave(till, wallet)


def _type_amount(till: RobotProgram, cents: int) -> None:
    till.wait("keypad")
    for digit in str(cents):
        till.tap(f"key_{digit}")
    _require(till.look(), "amount", figures_of(cents))


def _switch_network(program: RobotProgram) -> None:
    program.tap("switch_network")


def _wait_for_empty_queue(stage: Stage, till: RobotProgram) -> None:
    till.wait_until("an empty queue", lambda seen: not seen.text_of("send_now"), timeout_s=SETTLE_TIMEOUT_S)


def _is_settled(seen: Seen, total: str) -> bool:
    return total in seen.text_of("balance") and "offline" not in seen.text_of("row_outcome")


def _amount_on(program: RobotProgram, cents: int) -> str:
    """The amount as the program itself shows it, which must be the one of the story."""
    seen = program.look()
    _require(seen, "amount", figures_of(cents))
    return text_of(cents)


def _require(seen: Seen, robot_id: str, words: str) -> None:
    if words not in seen.text_of(robot_id):
        raise DemoFailedError(
            f"{robot_id} should say {words!r} but says {seen.text_of(robot_id)!r} on the screen {seen.screen}"
        )


def _leave(till: RobotProgram, wallet: RobotProgram) -> None:
    """Both go back to where the next sale begins."""
    till.tap("next_sale")
    till.wait("keypad")
    wallet.tap("done")
    wallet.wait("home")
