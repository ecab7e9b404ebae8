"""Runs beside us with beancount alone: reads a journal from standard input, says what it found as JSON."""

import json
import sys
from collections import defaultdict
from typing import Any

from beancount import loader
from beancount.core import data

entries, errors, _options = loader.load_string(sys.stdin.read())
sums: defaultdict[str, Any] = defaultdict(int)
kinds: defaultdict[str, int] = defaultdict(int)
for entry in entries:
    kinds[type(entry).__name__] += 1
    if isinstance(entry, data.Transaction):
        for posting in entry.postings:
            sums[f"{posting.account} {posting.units.currency}"] += posting.units.number
json.dump(
    {
        "errors": [error.message for error in errors],
        "counts": kinds,
        "balances": {name: str(number) for name, number in sums.items()},
    },
    sys.stdout,
)
