"""The body of an HTTP response while it is received: bounded, hashed, and read in turns with other work."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable
from typing import Final

YIELD_BYTES: Final = 256 * 1024
"""A body that is longer than this, decompressed, is read in turns with other work of the event loop."""


class ResponseBody:
    """The body of a response as it is received. At most ``max_bytes`` of it are kept.

    ``large`` is a semaphore to hold while the body is longer than YIELD_BYTES, if any.
    """

    def __init__(self, max_bytes: int, large: asyncio.Semaphore | None) -> None:
        self.too_large = False
        self.data = bytearray()
        # Updated with each chunk: to hash 15 MB in one call would block the event loop.
        self.hash = hashlib.blake2b(digest_size=16)
        self._max_bytes = max_bytes
        self._size = 0
        self._large = large
        self._holds = False
        self._closed = False

    def expect(self, size: int) -> None:
        """Receives the announced number of bytes that are sent."""
        self.too_large = self.too_large or size > self._max_bytes

    def chunk(self, data: bytes) -> Awaitable[None] | None:
        """Receives a part of the body. Await the result before the next part."""
        self._size += len(data)
        self.too_large = self.too_large or self._size > self._max_bytes
        if not self.too_large and not self._closed:
            self.data += data
            self.hash.update(data)
        return None if self._size <= YIELD_BYTES else self._yield()

    def take(self) -> bytes:
        """The body; it is not kept here."""
        data, self.data = bytes(self.data), bytearray()
        return data

    def close(self) -> None:
        """Releases the semaphore, if the body holds it, and what was received."""
        if self._large and self._holds and not self._closed:
            self._large.release()
        self._closed = True
        self.data = bytearray()

    async def _yield(self) -> None:
        if self._large and not self._holds:
            await self._large.acquire()
            self._holds = True
            if self._closed:
                self._large.release()
        # Data can arrive, or be decompressed, faster than the event loop runs anything else.
        await asyncio.sleep(0)
