"""The commands. Each takes the parsed arguments and the surroundings, prints, and returns the exit code."""

from argparse import Namespace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from wallet_sdk.cli.proofs import explain_fraud, explain_receipt, explain_saved
from wallet_sdk.cli.reading import read_code, read_file, read_root_key
from wallet_sdk.cli.surroundings import Surroundings, open_or_make_wallet, open_wallet
from wallet_sdk.console import can_show, remark, say
from wallet_sdk.protocol import qr
from wallet_sdk.protocol.errors import ErrorCode, MisuseError
from wallet_sdk.protocol.money import parse_money
from wallet_sdk.store import Outcome
from wallet_sdk.wallet import Payment, PayMode, PrintedQuote, QrCode, Quote, Recovery, Renewal, WalletBalance

if TYPE_CHECKING:
    from wallet_sdk.protocol.emv import UntrustedRequest

EXIT_DONE: Final = 0
EXIT_REFUSED: Final = 1
EXIT_MISUSE: Final = 2
EXIT_UNAVAILABLE: Final = 3
EXIT_UNKNOWN: Final = 4

_SENTENCE: Final = MappingProxyType(
    {
        Outcome.SETTLED: "Paid. The receipt below proves it, also to a terminal without network.",
        Outcome.HELD: "Held as a deposit. The merchant may take up to this amount of it; the rest comes back.",
        Outcome.DECLINED: "Declined, and signed by the issuer. Nothing was charged.",
        Outcome.UNKNOWN: "UNKNOWN. It may be charged: do not pay again, run sync later.",
        Outcome.OFFLINE: "Offline. Let the terminal scan this code.",
        Outcome.ACCEPTED_OFFLINE: "Accepted by the terminal offline. It will be charged.",
        Outcome.PRESENTED: "Presented.",
        Outcome.EXPIRED: "Expired. The issuer takes it no more, and has proven nothing of it.",
        Outcome.NOT_SENT: "Not sent. Nothing was charged.",
    }
)


def enrol(arguments: Namespace, around: Surroundings) -> int:
    """Bind the wallet to an account."""
    root_key = read_root_key(arguments.root_key) if arguments.root_key else None
    with open_or_make_wallet(arguments, around) as wallet:
        wallet.enrol(
            server=arguments.server,
            activation_code=arguments.code,
            allowance_minor=arguments.allowance,
            root_key=root_key,
        )
        say(f"Enrolled:    wallet {wallet.wallet_id}")
        _print_balance(wallet.balance())
    return EXIT_DONE


def pay(arguments: Namespace, around: Surroundings) -> int:
    """Show what was scanned, ask, and pay it."""
    text = read_code(arguments.picture_or_text)
    with open_wallet(arguments, around) as wallet:
        found = wallet.scan_any(text)
        if isinstance(found, Quote):
            payment = _pay_request(found, arguments, around)
        elif isinstance(found, PrintedQuote):
            payment = _pay_print(found, arguments, around)
        else:
            _print_untrusted(found)
            return EXIT_REFUSED
    if payment is None:
        say("Not paid.")
        return EXIT_REFUSED
    return _print_outcome(payment)


def _pay_request(quote: Quote, arguments: Namespace, around: Surroundings) -> Payment | None:
    """Pay what a terminal asks; None when the person does not want to."""
    _print_quote(quote)
    if arguments.amount is not None and parse_money(arguments.amount, quote.amount.currency) != quote.amount:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, f"the terminal asks for {quote.amount}", param="amount")
    return quote.pay(PayMode(arguments.mode)) if _is_wanted(arguments, around) else None


def _pay_print(quote: PrintedQuote, arguments: Namespace, around: Surroundings) -> Payment | None:
    """Pay a printed code, so much as is said or asked for; None when the person does not want to."""
    if PayMode(arguments.mode) is PayMode.OFFLINE:
        raise MisuseError(ErrorCode.BAD_ARGUMENT, "a printed code is paid online alone", param="mode")
    _print_merchant(quote)
    remark(f"Printed:     it names no amount; at most {quote.payment_max}")
    typed = arguments.amount
    if typed is None:
        if arguments.yes:
            raise MisuseError(ErrorCode.BAD_ARGUMENT, "a printed code names no amount: say --amount", param="amount")
        typed = around.ask(f"How much, in {quote.payment_max.currency.name}? ").strip()
    amount = parse_money(typed, quote.payment_max.currency)
    remark(f"Amount:      {amount}")
    return quote.pay(amount.minor) if _is_wanted(arguments, around) else None


def _is_wanted(arguments: Namespace, around: Surroundings) -> bool:
    return arguments.yes or around.ask("Pay this? [y/N] ").strip().lower() in {"y", "yes"}


def _print_outcome(payment: Payment) -> int:
    say(_SENTENCE[payment.outcome])
    if payment.error_code is not None:
        unsigned = "" if payment.outcome is Outcome.DECLINED else ", said without a signature: it proves nothing"
        say(f"Reason:      {payment.error_code.name} ({payment.error_code.value}){unsigned}")
    say(f"Check words: {' '.join(payment.check_words)}")
    if payment.qr is not None:
        _print_code(payment.qr)
    if payment.outcome is Outcome.UNKNOWN:
        return EXIT_UNKNOWN
    return EXIT_REFUSED if payment.outcome.is_dead else EXIT_DONE


def receipt(arguments: Namespace, around: Surroundings) -> int:
    """Check a receipt and keep it."""
    text = read_code(arguments.picture_or_text)
    with open_wallet(arguments, around) as wallet:
        payment = wallet.scan_receipt(text)
    say(_SENTENCE[payment.outcome])
    say(_line_of(payment))
    return EXIT_REFUSED if payment.outcome.is_dead else EXIT_DONE


def code(arguments: Namespace, around: Surroundings) -> int:
    """Show a payment code."""
    with open_wallet(arguments, around) as wallet:
        currency = wallet.balance().offline_left.currency
        ceiling = parse_money(arguments.ceiling, currency).minor if arguments.ceiling else None
        presented = wallet.present_code(ceiling_minor=ceiling)
    say(f"At most:     {presented.ceiling}")
    say(f"Until:       {_time_of(presented.expires_at_s)}")
    say(f"Check words: {' '.join(presented.check_words)}")
    _print_code(presented.qr)
    return EXIT_DONE


def balance(arguments: Namespace, around: Surroundings) -> int:
    """Print what is known without asking."""
    with open_wallet(arguments, around) as wallet:
        _print_balance(wallet.balance())
    return EXIT_DONE


def allowance(arguments: Namespace, around: Surroundings) -> int:
    """Set aside another amount for offline payments, or leave the choice to the wallet."""
    with open_wallet(arguments, around) as wallet:
        currency = wallet.balance().offline_left.currency
        chosen = None if arguments.amount == "auto" else parse_money(arguments.amount, currency).minor
        _print_balance(wallet.change_allowance(allowance_minor=chosen))
    return EXIT_DONE


def history(arguments: Namespace, around: Surroundings) -> int:
    """Print every payment, newest first."""
    is_empty = True
    with open_wallet(arguments, around) as wallet:
        for payment in wallet.history():
            say(_line_of(payment))
            is_empty = False
    if is_empty:
        remark("No payments yet.")
    return EXIT_DONE


def sync(arguments: Namespace, around: Surroundings) -> int:
    """Catch up with the server."""
    with open_wallet(arguments, around) as wallet:
        report = wallet.sync(on_progress=around.tell_progress)
    for payment in (*report.resolved, *report.refunded):
        say(_line_of(payment))
    if report.recovery is Recovery.ABANDONED:
        say("This wallet was copied, or put back from a backup. Its old allowance is given up and comes back a month")
        say("after its end; payments made since then are missing from the history here, not from the account.")
    still = "; what became of them is not known yet" if report.open_count else ""
    say(f"Open:        {report.open_count} payments or codes{still}")
    say(f"Allowance:   {'renewed' if report.renewal is Renewal.RENEWED else 'good'}")
    _print_balance(report.balance)
    return EXIT_DONE


def verify_proof(arguments: Namespace, _around: Surroundings) -> int:
    """Say in plain words what a file proves."""
    root_key = read_root_key(arguments.root_key)
    content = read_file(arguments.file)
    if content.lstrip().startswith(b"{"):
        lines = explain_saved(content, root_key=root_key)
    elif arguments.bundle is not None:
        text = content.strip()
        envelope = qr.from_text(text.decode("ascii", "replace")) if text.startswith(qr.PREFIX.encode()) else content
        lines = explain_receipt(envelope, bundle=read_file(arguments.bundle), root_key=root_key)
    else:
        lines = explain_fraud(content, root_key=root_key)
    say("\n".join(lines))
    return EXIT_DONE


def _print_untrusted(found: "UntrustedRequest") -> None:
    remark(f"Payee:       {found.payee_name!r}, NOT VERIFIED")
    remark(f"Scheme:      {found.scheme_name}, as the code says")
    remark(f"Amount:      {found.amount_text or f'not said, in {found.currency_code}'}")
    if found.reference:
        remark(f"Reference:   {found.reference}")
    if found.expires_at_s is not None:
        remark(f"Valid until: {_time_of(found.expires_at_s)}")
    for deviation in found.deviations:
        remark(f"Not to the letter of EMV: {deviation}")
    say("Not paid: nobody vouches for this code, and this wallet cannot pay its scheme.")


def _print_merchant(quote: Quote | PrintedQuote) -> None:
    where = ", ".join(part for part in (quote.merchant_city, quote.country) if part)
    remark(f"Merchant:    {quote.merchant_name} ({where}), verified")


def _print_quote(quote: Quote) -> None:
    _print_merchant(quote)
    remark(f"Amount:      {quote.amount}")
    if quote.reference:
        remark(f"Reference:   {quote.reference}")
    remark(f"Valid until: {_time_of(quote.expires_at_s)}")


def _print_balance(known: WalletBalance) -> None:
    if known.available is None or known.as_of_s is None:
        say("Available:   not asked yet (run sync)")
    else:
        say(f"Available:   {known.available} (as of {_time_of(known.as_of_s)})")
    until = f" (until {_time_of(known.offline_until_s)})" if known.offline_until_s is not None else ""
    say(f"Offline:     {known.offline_left}{until}")


def _print_code(shown: QrCode) -> None:
    say(shown.text)
    # Drawn of blocks: escapes in their place would be no code, and the text above is the whole of it.
    say(shown.terminal_text if can_show(shown.terminal_text) else "(This terminal cannot draw the code.)")


def _line_of(payment: Payment) -> str:
    merchant = payment.merchant_name or "(by code)"
    back = f"  {payment.refunded} came back" if payment.refunded.minor else ""
    return f"{_time_of(payment.made_at_s)}  {payment.outcome.value:<16}  {payment.amount!s:>14}  {merchant}{back}"


def _time_of(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
