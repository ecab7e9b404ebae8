#!/bin/sh
# pyzbar 0.1.9 with zbar 0.23 (libzbar0), QR codes made by segno 1.6.6 from PyPI
#
# A text may be split over several QR symbols ("structured append", ISO/IEC 18004:2015 section 8). zbar reads one such
# symbol alone as a symbol of the type PARTIAL (zbar.h: ZBAR_PARTIAL, "intermediate status") and pyzbar lists that type
# in its enum ZBarSymbol (PARTIAL = 1).
#
# Expected: pyzbar.decode() of a picture that shows one valid part returns a list: empty, or with a result of type
#           "PARTIAL", or, with symbols=[QRCODE], none.
# Seen:     ValueError: 4294967295 is not a valid ZBarOrientation, with and without symbols=. zbar gives a symbol made of
#           parts the orientation "unknown" (-1); pyzbar takes the number as unsigned and looks it up in an enum that has
#           UNKNOWN = -1. Every other code in the same picture is lost with it.
# Source:   https://github.com/NaturalHistoryMuseum/pyzbar (pyzbar/pyzbar.py, _decode_symbols; pyzbar/wrapper.py).
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" -q install pyzbar==0.1.9 segno==1.6.6 pillow 2>/dev/null
cat > "$room/look.py" <<'PY'
import io
import sys

import segno
from PIL import Image
from pyzbar import pyzbar


def picture(code):
    out = io.BytesIO()
    code.save(out, kind="png", scale=6, border=4)
    return Image.open(out).convert("L")


whole = picture(segno.make("HELLO " * 20, error="m"))
part = picture(segno.make_sequence("HELLO " * 20, symbol_count=2, error="m")[0])
print("whole:", [(one.type, one.data[:12]) for one in pyzbar.decode(whole)])
both = Image.new("L", (whole.width + part.width, max(whole.height, part.height)), 255)
both.paste(whole, (0, 0))
both.paste(part, (whole.width, 0))
for name, image in (("one part", part), ("a whole one and a part", both)):
    for symbols in (None, [pyzbar.ZBarSymbol.QRCODE]):
        try:
            print(name, symbols, pyzbar.decode(image, symbols=symbols))
            sys.exit("it changed: no error")
        except ValueError as error:
            print(name, symbols, "ValueError:", error)
PY
"$room/venv/bin/python" "$room/look.py"
