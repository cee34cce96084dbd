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
from dataclasses import dataclass, field
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


COMPRESSED_SHARE: Final = 0.5
"""Size of an answer's compressed forms, counted in advance: pages take a fifth in each coding."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request, as it is sent to all clients: made once, and compressed once for each coding."""

    headers: Sequence[tuple[str, str]]
    content: bytes
    tag: str
    _compressed: dict[str, Future[bytes]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def size(self) -> float:
        """Bytes of all forms."""
        return len(self.content) * (1 + COMPRESSED_SHARE)

    async def form(self, coding: str | None) -> tuple[bytes, str | None, str]:
        """The content, its coding and its entity tag, which differs by coding (RFC 9110, 8.8.3.3).

        A short answer is not compressed, whatever the coding.
        """
        if coding is None or len(self.content) < MIN_COMPRESSED_BYTES:
            return self.content, None, f'"{self.tag}"'
        if coding not in self._compressed:
            self._compressed[coding] = asyncio.ensure_future(asyncio.to_thread(compress, self.content, coding, FAST))
        # Shielded: the others wait for it, too, if this request ends.
        return await asyncio.shield(self._compressed[coding]), coding, f'"{self.tag}-{coding}"'


def pack(headers: Sequence[tuple[str, str]], parts: Sequence[bytes | str]) -> Answer:
    """Makes an answer of the parts of its content. Takes 2 ms for a megabyte."""
    content = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return Answer(headers, content, blake2b(content, digest_size=12).hexdigest())


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
        self.bytes = 0.0
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
            self.bytes -= kept.answer.size
        return kept

    def put(self, key: Hashable, kept: _Kept) -> None:
        self.pop(key)
        if kept.answer.size > self._max_bytes * MAX_ANSWER_SHARE:
            return
        self._kept[key] = kept
        self.bytes += kept.answer.size
        while self.bytes > self._max_bytes or len(self._kept) > self._max_answers:
            _, dropped = self._kept.popitem(last=False)
            self.bytes -= dropped.answer.size


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
    def bytes(self) -> float:
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
