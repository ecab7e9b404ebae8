#!/bin/sh
# beancount 3.2.3 from PyPI
#
# A `balance` directive asserts what an account holds, usually the closing balance of a bank's statement. A transaction
# whose amounts have two places may be off by half of the last place (0.005): less than any amount that can be written.
#
# Expected: `balance Assets:Bank 100.01 EUR` fails when the account holds 100.00: a whole cent is missing.
# Seen:     it passes; 100.02 is the first that fails. The tolerance of a balance is twice that of a transaction, so
#           just the last place itself, and a difference as large as the tolerance passes. One lost cent (a rounded fee,
#           a refund short by one) reconciles, and so does each next assertion. Written with `~ 0.00` it fails, and so
#           do transactions: a cent missing there is found.
# Source:   beancount/ops/balance.py, get_balance_tolerance ("always allow twice the multiplier on Balance and Pad");
#           https://beancount.github.io/docs/precision_tolerances.html
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" -q install beancount==3.2.3 2>/dev/null
cat > "$room/look.py" <<'PY'
import sys

from beancount import loader

BOOK = """
2024-01-01 open Assets:Bank EUR
2024-01-01 open Income:Sales EUR
2024-01-02 * "a sale"
  Assets:Bank    100.00 EUR
  Income:Sales  {income} EUR
2024-01-03 balance Assets:Bank  {balance} EUR
"""
CASES = [  # income, balance asserted, errors seen
    ("-100.00", "100.00", 0),
    ("-100.00", "100.01", 0),
    ("-100.00", "99.99", 0),
    ("-100.00", "100.02", 1),
    ("-100.00", "100.01 ~ 0.00", 1),
    ("-100.01", "100.00", 1),
]
changed = False
for income, balance, seen in CASES:
    errors = loader.load_string(BOOK.format(income=income, balance=balance))[1]
    print(f"income {income}, balance {balance}:", [error.message for error in errors] or "passes")
    changed = changed or len(errors) != seen
sys.exit("it changed" if changed else 0)
PY
"$room/venv/bin/python" "$room/look.py"
