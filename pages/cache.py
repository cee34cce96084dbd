"""A cache of answers: each is made once, however many readers ask for it at a time, and kept while it is valid.

An answer is kept under a key (the address that was asked for, the language) with the version of what it was made
from (the blog's newest event, the states of its sources). Another version replaces it.

The cache is a segmented LRU: an answer that was asked for once can only push out others that were asked for once. So
searches, each different from the last, do not push out front pages.
"""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from time import monotonic
from typing import Final

from pages.coding import FAST, compress

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_ANSWERS: Final = 4_096
"""Size of all answers that are kept, and their number."""

ONCE_SHARE: Final = 0.25
"""The share of both that answers have which were asked for once."""

MAX_ANSWER_SHARE: Final = 0.25
"""The share of its segment that one answer may take. A larger one is sent, but not kept."""

MIN_COMPRESSED_BYTES: Final = 1_024
"""Smaller answers are not compressed: the head of a coding would make up for what it saves."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request, as it is sent to all who ask: its headers, its content and the coding of that.

    Each coding has an entity tag of its own (RFC 9110, 8.8.3.3).
    """

    headers: Sequence[tuple[str, str]]
    content: bytes
    coding: str | None
    tag: str


def pack(headers: Sequence[tuple[str, str]], parts: Sequence[bytes | str], coding: str | None) -> Answer:
    """Makes an answer of the parts of its content. Takes 40 ms for a megabyte, most of it without the GIL."""
    content = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    tag = blake2b(content, digest_size=12).hexdigest()
    if coding is None or len(content) < MIN_COMPRESSED_BYTES:
        return Answer(headers, content, None, f'"{tag}"')
    return Answer(headers, compress(content, coding, FAST), coding, f'"{tag}-{coding}"')


@dataclass(slots=True)
class _Kept:
    answer: Answer
    version: object
    until: float


@dataclass(slots=True)
class _Making:
    """An answer that is being made; those who ask for it meanwhile wait for the same task."""

    version: object
    task: Future[Answer]


class _Segment:
    """Answers within a number of bytes; the one that was asked for longest ago is dropped first."""

    def __init__(self, max_bytes: float, max_answers: float) -> None:
        self.bytes = 0
        self._max_bytes = max_bytes
        self._max_answers = max_answers
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> _Kept | None:
        kept = self._kept.get(key)
        if kept:
            self._kept.move_to_end(key)
        return kept

    def pop(self, key: Hashable) -> _Kept | None:
        kept = self._kept.pop(key, None)
        if kept:
            self.bytes -= len(kept.answer.content)
        return kept

    def put(self, key: Hashable, kept: _Kept) -> None:
        self.pop(key)
        if len(kept.answer.content) > self._max_bytes * MAX_ANSWER_SHARE:
            return
        self._kept[key] = kept
        self.bytes += len(kept.answer.content)
        while self.bytes > self._max_bytes or len(self._kept) > self._max_answers:
            _, dropped = self._kept.popitem(last=False)
            self.bytes -= len(dropped.answer.content)


class Cache:
    """The answers of one process. ``hits`` were found, ``misses`` were made, ``shared`` waited for one being made.

    ``clock`` returns seconds.
    """

    def __init__(
        self,
        max_bytes: int = MAX_BYTES,
        max_answers: int = MAX_ANSWERS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.hits = self.misses = self.shared = 0
        self._limits = max_bytes, max_answers
        self._clock = clock
        self.clear()

    @property
    def bytes(self) -> int:
        """The size of all answers that are kept."""
        return self._once.bytes + self._often.bytes

    def __len__(self) -> int:
        return len(self._once) + len(self._often)

    def clear(self) -> None:
        """Drops everything. Answers that are being made are not kept either."""
        once, often = ONCE_SHARE, 1 - ONCE_SHARE
        max_bytes, max_answers = self._limits
        self._once = _Segment(max_bytes * once, max_answers * once)
        self._often = _Segment(max_bytes * often, max_answers * often)
        self._making: dict[Hashable, _Making] = {}

    async def get(
        self, key: Hashable, version: object, seconds: float, make: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """The answer of that key and version, at most ``seconds`` old. Raises what ``make`` raises.

        ``version`` has to be read before the call: an answer is at least as new as its version.
        """
        if found := self._find(key, version):
            self.hits += 1
            return found
        making = self._making.get(key)
        if making and making.version == version:
            self.shared += 1
            return await asyncio.shield(making.task)
        self.misses += 1
        return await self._make(key, version, seconds, make)

    def _find(self, key: Hashable, version: object) -> Answer | None:
        kept = self._often.get(key) or self._once.get(key)
        if kept is None or kept.version != version or kept.until < self._clock():
            return None
        # An equal version is replaced by the same object: comparing an object with itself is faster.
        kept.version = version
        if self._once.pop(key):
            self._often.put(key, kept)
        return kept.answer

    async def _make(
        self, key: Hashable, version: object, seconds: float, make: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        # A task of its own: it goes on for the others if the first client's request ends.
        making = self._making[key] = _Making(version, asyncio.ensure_future(make()))
        try:
            answer = await asyncio.shield(making.task)
            if self._making.get(key) is making:
                segment = self._often if self._often.get(key) else self._once
                segment.put(key, _Kept(answer, version, self._clock() + seconds))
            return answer
        finally:
            if self._making.get(key) is making:
                del self._making[key]
