"""Limits and counts of the requests of WebSub hubs, which anyone can send."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tornado.web import HTTPError

from connections.limits import RefusedError

MAX_PUSHES: Final = 32
MAX_LOOKUPS: Final = 64
"""Bodies that are read at the same time, and requests that ask the store."""

MAX_READ_OF_SUBSCRIPTION: Final = 4
"""Bodies of one subscription that are read at the same time: a slow hub does not keep others out."""

MAX_PUSHES_PER_SUBSCRIPTION: Final = 200
PUSHES_PER_SECOND: Final = 20.0
MAX_COUNTED: Final = 10_000
"""A subscription may push so many documents at once, and so many a second in the long run. A busy blog pushes ten."""


class WebSubLimits:
    """Counts the requests of hubs by outcome, and limits them. ``clock`` gives seconds, and is never set."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.outcomes = Counter(verified=0, denied=0, pushed=0, discarded=0, unknown=0, too_large=0, refused=0)
        self._clock = clock
        self._rates: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._reading = Counter[str]()
        self._lookups = 0

    @contextmanager
    def lookup(self) -> Iterator[None]:
        """A request that asks the store. Raises RefusedError if there are too many."""
        if self._lookups >= MAX_LOOKUPS:
            self.outcomes["refused"] += 1
            raise RefusedError("Too many requests of hubs right now.")
        self._lookups += 1
        try:
            yield
        finally:
            self._lookups -= 1

    def begin_push(self, token: str) -> None:
        """Counts a body that is to be read, until `end_push`. Raises RefusedError, or HTTPError 429."""
        if self._reading.total() >= MAX_PUSHES or self._reading[token] >= MAX_READ_OF_SUBSCRIPTION:
            self.outcomes["refused"] += 1
            raise RefusedError("Too many documents are pushed right now.")
        now = self._clock()
        left, at = self._rates.pop(token, (float(MAX_PUSHES_PER_SUBSCRIPTION), now))
        left = min(left + (now - at) * PUSHES_PER_SECOND, MAX_PUSHES_PER_SUBSCRIPTION)
        self._rates[token] = max(left - 1, 0.0), now
        if len(self._rates) > MAX_COUNTED:
            self._rates.popitem(last=False)
        if left < 1:
            self.outcomes["refused"] += 1
            raise HTTPError(429, reason="Too many documents are pushed.")
        self._reading[token] += 1

    def end_push(self, token: str) -> None:
        """A body was read, or its connection closed."""
        self._reading[token] -= 1
        self._reading += Counter()
