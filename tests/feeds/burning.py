"""A filter that burns CPU. The parser's processes import this module, so it imports no more than they have."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from entries import Entry
from feeds.parser.filter import Filter, Judgement


class Burning(Filter):
    """A filter that burns CPU for minutes in one call, on one title."""

    def judge(self, entries: Iterable[Entry], seconds: float) -> Judgement:
        """Burns, in a call that no signal ends."""
        if any(entry.title == "Burn" for entry in entries):
            hashlib.pbkdf2_hmac("sha1", b"", b"", 2**31 - 1)
        return Judgement()
