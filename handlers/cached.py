"""Answers that are made once and sent to many readers (pages/cache.py), with `If-None-Match` and HEAD.

    request → turn → key, version → cache, or `respond` → send

A subclass makes its answer in `respond`, of nothing but the parts of its key and version: all who ask for the same
are sent the same bytes. Headers for one reader alone are set in `personal`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from tornado.iostream import StreamClosedError

from connections import limits
from handlers.base import Handler
from handlers.security_headers import SECURITY_HEADERS
from pages.cache import Answer, pack
from pages.coding import accepted_coding

KEPT_SECONDS: Final = 60.0
"""Seconds that an answer is kept if nothing that it shows has changed: it has words such as "41 min ago"."""

UNANNOUNCED_SECONDS: Final = 5.0
"""The same for an answer with entries behind the front page: they may be backfilled, which is no event."""

SLICE_BYTES: Final = 256 * 1024
"""Bytes of a large answer that are written before the event loop runs other tasks."""

_OWN: Final = frozenset(SECURITY_HEADERS.items())


class CachedHandler(Handler):
    """A GET or HEAD request of which the answer is cached, and which takes its turn."""

    respond: Callable[..., Awaitable[Sequence[str | bytes]]]
    """Takes the groups of the path. Sets headers, and returns the parts of the content of a 200.

    Raises HTTPError for any other answer.
    """

    def personal(self) -> None:
        """Sets the headers that are this reader's alone, such as cookies. They are not cached."""

    def is_short(self) -> bool:
        """True if the answer is likely to be in the cache, and small: such requests wait less for others."""
        return False

    def kept_seconds(self) -> float:
        """Seconds that the answer may be kept."""
        return UNANNOUNCED_SECONDS

    async def version(self, slug: str) -> object:
        """The state of all that the answer shows. A change of the configuration or of a theme empties the cache."""
        return self.fanout.head(slug)

    def key(self) -> object:
        """All parts of the request that the answer depends on.

        The whole query is one, so that an argument that only one handler knows is never forgotten.
        """
        request, accepted = self.request, self.request.headers.get("Accept", "")
        kinds = "text/html" in accepted, "json" in accepted
        return request.path, request.query, self.locale.code, self.absolute(""), kinds

    async def get(self, slug: str, *_: str) -> None:
        """Sends the answer, from the cache if it is there."""
        await self.site.turns.next(is_short=self.is_short())
        version = await self.version(slug)
        if version is None:
            answer = await self._make()
        else:
            answer = await self.site.answers.get(self.key(), version, self.kept_seconds(), self._make)
        for name, value in answer.headers:
            self.set_header(name, value)
        self.personal()
        await self._send(answer)

    async def _make(self) -> Answer:
        content = await self.respond(*self.path_args)
        headers = tuple(pair for pair in self._headers.get_all() if pair not in _OWN and pair[0] != "Date")
        self.clear()
        return await asyncio.get_running_loop().run_in_executor(None, partial(pack, headers, content))

    async def _send(self, answer: Answer) -> None:
        """Sends the content, or a 304. Tornado adds `Accept-Encoding` to `Vary`."""
        content, coding, tag = await answer.form(accepted_coding(self.request.headers.get("Accept-Encoding", "")))
        self.set_header("ETag", tag)
        if self.check_etag_header():
            self.set_status(304)
            self.finish()
            return
        self.set_header("Content-Length", len(content))
        if coding:
            self.set_header("Content-Encoding", coding)
        if self.request.method == "HEAD" or len(content) <= SLICE_BYTES:
            self.finish(content)
            return
        await self._send_slices(content)

    async def _send_slices(self, content: bytes) -> None:
        """Sends slices as fast as the client reads them, and closes the connection after RESPONSE_TIMEOUT."""
        address = self.request.remote_ip or ""
        self.admission.unread(address, len(content))
        try:
            async with asyncio.timeout(limits.RESPONSE_TIMEOUT):
                for start in range(0, len(content), SLICE_BYTES):
                    self.write(content[start : start + SLICE_BYTES])
                    await self.flush()
        except (TimeoutError, StreamClosedError):
            self.stream.close()
        finally:
            self.admission.unread(address, -len(content))
        self.finish()
