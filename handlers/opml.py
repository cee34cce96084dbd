"""`/<blog>/feeds.opml`: the feeds of a blog, for another feed reader, or another Livelog."""

from __future__ import annotations

import asyncio
from typing import Final

from tornado.iostream import StreamClosedError

import opml
from handlers.base import Handler

PIECE: Final = 8 * 1024
"""Characters that are written at a time; more would keep the event loop from everyone else."""

PATIENCE_SECONDS: Final = 30.0
"""What a piece may take to be read."""


class FeedList(Handler):
    """The feeds as the configuration names them, without user names and passwords."""

    async def get(self, slug: str) -> None:
        """Answers with an OPML document; one of very many feeds goes out in pieces."""
        blog = self.blog(slug)
        self.set_header("Content-Type", "text/x-opml; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{slug}.opml"')
        self.set_header("Cache-Control", "no-cache")
        size = 0
        for part in opml.parts(blog):
            self.write(part)
            size += len(part)
            if size >= PIECE:
                size = 0
                if not await self._sent():
                    return

    async def _sent(self) -> bool:
        """Sends what was written so far; False if the reader is gone, or let go because it does not read."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.flush()
        except (StreamClosedError, TimeoutError):
            # Not finished, but broken off: what came must not pass for the whole.
            self.detach().close()
            return False
        # Where the reader is fast, flushing alone gives nobody else a turn.
        await asyncio.sleep(0)
        return True
