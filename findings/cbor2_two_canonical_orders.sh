#!/bin/sh
# cbor2 6.3.0 from PyPI (canonical=True) and cbor2 2.0.1 from npm (cdeEncodeOptions), two libraries of one name
#
# Who signs CBOR needs one order of a map's keys. RFC 8949 section 4.2.1 (core deterministic encoding; it obsoletes RFC
# 7049) asks for the bytewise order of the encoded keys. RFC 7049 section 3.9 had the shorter key first; RFC 8949 keeps
# it in section 4.2.3 only for those who already have it. The Python documentation says "a pre-determined order" and
# names RFC 8949 as the format that the library is for.
#
# Expected: both write the map {-1: 1, 100: 2} (labels as in COSE: one of a key, one of an application) alike:
#           a2 1864 02 20 01, for 0x18 is less than 0x20.
# Seen:     PyPI a2 20 01 1864 02 (the order of RFC 7049), npm a2 1864 02 20 01. Labels from 0 to 23 alone, or texts
#           alone, come out alike in both, so tests with small maps agree and a signature over the first map with a
#           negative label beside one of two bytes does not.
# Source:   https://github.com/agronholm/cbor2, https://github.com/hildjj/cbor2 (sortCoreDeterministic), RFC 8949 4.2.
set -eu
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/venv"
"$room/venv/bin/pip" -q install cbor2==6.3.0 2>/dev/null
(cd "$room" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund cbor2@2.0.1 >/dev/null)
cat > "$room/encode.py" <<'PY'
import cbor2

for one in ({-1: 1, 100: 2}, {1: 1, 2: 2}, {"b": 1, "aa": 2}):
    print(cbor2.dumps(one, canonical=True).hex())
PY
cat > "$room/encode.mjs" <<'JS'
import {cdeEncodeOptions, encode} from 'cbor2';

const maps = [[[-1, 1], [100, 2]], [[1, 1], [2, 2]], [['b', 1], ['aa', 2]]];
for (const one of maps) console.log(Buffer.from(encode(new Map(one), cdeEncodeOptions)).toString('hex'));
JS
"$room/venv/bin/python" "$room/encode.py" > "$room/pypi"
node "$room/encode.mjs" > "$room/npm"
echo "PyPI:" && cat "$room/pypi" && echo "npm:" && cat "$room/npm"
[ "$(sed -n 1p "$room/pypi")" = a22001186402 ] || { echo "it changed: PyPI's order"; exit 1; }
[ "$(sed -n 1p "$room/npm")" = a21864022001 ] || { echo "it changed: npm's order"; exit 1; }
[ "$(sed -n 2,3p "$room/pypi")" = "$(sed -n 2,3p "$room/npm")" ] || { echo "it changed: small maps differ"; exit 1; }
