"""`/<blog>/feeds.opml`: the feeds of a blog, for import into a feed reader or another Livelog."""

from __future__ import annotations

import asyncio
from typing import Final

from tornado.iostream import StreamClosedError

import opml
from handlers.base import Handler

CHUNK_CHARS: Final = 8 * 1024
"""Characters that are written at a time; more would block the event loop."""

WRITE_TIMEOUT_SECONDS: Final = 30.0
"""The time that a client may take to read a chunk."""


class OpmlFile(Handler):
    """The feeds as config.yaml lists them, without user names and passwords."""

    async def get(self, slug: str) -> None:
        """Sends an OPML document, a long one in chunks."""
        blog = self.blog(slug)
        self.set_header("Content-Type", "text/x-opml; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{slug}.opml"')
        self.set_header("Cache-Control", "no-cache")
        size = 0
        for part in opml.parts(blog):
            self.write(part)
            size += len(part)
            if size >= CHUNK_CHARS:
                size = 0
                if not await self._flushed():
                    return

    async def _flushed(self) -> bool:
        """Sends the parts written so far; False if the client has closed the connection or did not read in time."""
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_SECONDS):
                await self.flush()
        except (StreamClosedError, TimeoutError):
            # Aborted, not finished: a truncated document must not pass for a complete one.
            self.detach().close()
            return False
        # flush() returns at once for a fast client: the event loop must still run other tasks.
        await asyncio.sleep(0)
        return True
