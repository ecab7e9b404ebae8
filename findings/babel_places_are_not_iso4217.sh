#!/bin/sh
# babel 2.19.0 (CLDR's currencies) and iso4217 1.16.20260101, both from PyPI
#
# Banks, cards and ISO 20022 files count a currency in the minor unit of ISO 4217: ALL, LAK and MGA have two places, IQD
# three. format_currency() "uses the currency's natural number of decimal digits" (babel.numbers, currency_digits).
#
# Expected: that number is the minor unit of ISO 4217, and an amount that can be charged can be shown: 12.50 as 12.50.
# Seen:     CLDR says how money is customarily written: none for these four. format_currency(12.50) gives 12, and 13.50
#           gives 14 (half to even): what is shown on a till or a receipt is not what is charged, with no error. Only
#           with currency_digits=False and a pattern of one's own the places stay. EUR, JPY and KWD agree in both.
# Source:   CLDR supplementalData.xml, currencyData/fractions; https://github.com/python-babel/babel (babel/numbers.py,
#           get_currency_precision); ISO 4217 list one.
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" -q install babel==2.19.0 iso4217==1.16.20260101 2>/dev/null
cat > "$room/look.py" <<'PY'
import sys
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision
from iso4217 import Currency

changed = False
for code in ("EUR", "JPY", "KWD", "ALL", "LAK", "MGA", "IQD"):
    places, written = Currency(code).exponent, get_currency_precision(code)
    shown = [format_currency(Decimal(text), code, locale="en") for text in ("12.50", "13.50")]
    print(f"{code}: ISO 4217 {places} places, babel {written}; 12.50 and 13.50 are shown as {shown}")
    if code in ("EUR", "JPY", "KWD"):
        changed = changed or places != written
    else:
        changed = changed or written != 0 or not places or [text[-2:] for text in shown] != ["12", "14"]
kept = format_currency(Decimal("12.50"), "LAK", "\u00a4#,##0.00", locale="en", currency_digits=False)
print("with currency_digits=False and a pattern:", kept)
sys.exit("it changed" if changed or not kept.endswith("12.50") else 0)
PY
"$room/venv/bin/python" "$room/look.py"
