#!/bin/sh
# zxing-cpp 3.1.1 (the Python package of the C++ library ZXing-C++), QR codes made by segno 1.6.6 from PyPI
#
# A text may be split over up to 16 QR symbols ("structured append", ISO/IEC 18004:2015 section 8). The C++ library
# knows such a symbol (Barcode::sequenceSize, sequenceIndex, isPartOfSequence) and can put the parts together.
#
# Expected: in Python, too, a part can be told from a whole text: by an attribute, by `extra`, by `valid` or by
#           `content_type`.
# Seen:     no attribute of the kind, and a part has the same `content_type` (Text), `symbology_identifier` (]Q1),
#           `valid` (True), `error` (none) and the same keys of `extra` as a whole code: half a text is handed out as a
#           text. What still tells it are the symbol's own modules (to_image): the first four bits, in the last two by
#           two modules under the mask of extra["DataMask"], are 0011 for a part.
# Source:   https://github.com/zxing-cpp/zxing-cpp (core/src/Barcode.h; wrappers/python/zxing.cpp).
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" -q install zxing-cpp==3.1.1 segno==1.6.6 pillow 2>/dev/null
cat > "$room/look.py" <<'PY'
import io
import sys

import segno
import zxingcpp
from PIL import Image

ATTRIBUTES = ("content_type", "symbology_identifier", "valid", "error", "format")


def read(code):
    out = io.BytesIO()
    code.save(out, kind="png", scale=6, border=4)
    (found,) = zxingcpp.read_barcodes(Image.open(out).convert("L"))
    return found


whole = read(segno.make("HELLO " * 20, error="m"))
part = read(segno.make_sequence("HELLO " * 20, symbol_count=2, error="m")[0])
names = [name for name in dir(part) if "sequence" in name.lower() or "append" in name.lower()]
print("attributes about sequences:", names)
print("whole:", len(whole.text), [str(getattr(whole, name)) for name in ATTRIBUTES], sorted(whole.extra))
print("part: ", len(part.text), [str(getattr(part, name)) for name in ATTRIBUTES], sorted(part.extra))
same = all(str(getattr(whole, name)) == str(getattr(part, name)) for name in ATTRIBUTES)
if names or not same or sorted(whole.extra) != sorted(part.extra) or len(part.text) >= len(whole.text):
    sys.exit("it changed: a part can be told")
PY
"$room/venv/bin/python" "$room/look.py"
