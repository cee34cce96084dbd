"""A stream whose messages the test writes: the page is a real one, and what comes to it is said to the moment."""

from __future__ import annotations

import asyncio
import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from playwright.async_api import Page, WebSocketRoute

from entries import from_micros
from tests.browser.visitor import until_live
from tests.livelog import PATIENCE, Livelog

HIDE: Final = """(isHidden) => {
  Object.defineProperty(document, 'hidden', { configurable: true, value: isHidden });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
"""Has a page believe that it is hidden, or visible."""


class Script:
    """Replaces the server's WebSocket.

    ``greets`` is whether each connection gets a hello at once; ``after`` is the cursor that the last one asked for.
    """

    def __init__(self, page: Page) -> None:
        self.greets = True
        self.connections = 0
        self.after = ""
        self._page = page
        self._socket: WebSocketRoute | None = None
        self._connected = asyncio.Event()
        self._numbers = itertools.count(1)
        self._epoch = ""
        self._seq = 0

    @classmethod
    async def open(cls, livelog: Livelog, page: Page, path: str = "/blog/") -> Self:
        """Opens a page that hears what the test says."""
        script = cls(page)
        await page.route_web_socket("**/ws*", script._connect)
        await page.goto(livelog.url(path))
        await until_live(page)
        return script

    def _connect(self, socket: WebSocketRoute) -> None:
        self.after = socket.url.partition("after=")[2]
        if not self._epoch:
            self._epoch, _, seq = self.after.partition(".")
            self._seq = int(seq)
        self._socket = socket
        self.connections += 1
        self._connected.set()
        if self.greets:
            self.hello()

    async def connected(self) -> None:
        """Waits for the page to connect after `drop`."""
        async with asyncio.timeout(PATIENCE):
            await self._connected.wait()

    async def drop(self) -> None:
        """Ends the connection."""
        assert self._socket is not None
        self._connected.clear()
        socket, self._socket = self._socket, None
        await socket.close()

    def hello(self, missed: int = 0, *, recovered: bool = True) -> None:
        """Greets; so many messages have to follow."""
        self.say(type="hello", cursor=f"{self._epoch}.{self._seq + missed}", recovered=recovered, missed=missed)

    def entry(self, title: str, *, kind: str = "entry", **item: Any) -> str:
        """Tells of a post that has just come in; returns its id. Anything of an item may be given."""
        made = post_item(item.pop("id", f"s{next(self._numbers):06}"), title, **item)
        self._seq += 1
        self.say(type=kind, cursor=self.cursor, item=made)
        return str(made["id"])

    def update(self, item: dict[str, Any], **changed: Any) -> None:
        """Tells that a post was corrected."""
        about = {**item["_livelog"], "revision": item["_livelog"]["revision"] + 1}
        self._seq += 1
        self.say(type="update", cursor=self.cursor, item={**item, "_livelog": about, **changed})

    def delete(self, id: str) -> None:  # noqa: A002 - JSON Feed's word
        """Tells that a post was withdrawn."""
        self._seq += 1
        self.say(type="delete", cursor=self.cursor, id=id)

    def reset(self, items: list[dict[str, Any]], reason: str = "expired") -> None:
        """Tells that what came meanwhile is not to be had, and which posts are the newest."""
        self._seq += len(items)
        self.say(type="reset", cursor=self.cursor, gap={"after": "e.1", "reason": reason}, items=items)

    def unknown(self, **message: Any) -> None:
        """Sends an event of a type that the page does not know; it takes the next number."""
        self._seq += 1
        self.say(type="future", cursor=self.cursor, **message)

    def say(self, **message: Any) -> None:
        """Sends a message."""
        self.send(message)

    def send(self, message: object) -> None:
        """Sends any JSON."""
        assert self._socket is not None
        self._socket.send(json.dumps(message))

    @property
    def cursor(self) -> str:
        """The cursor of the last event."""
        return f"{self._epoch}.{self._seq}"


def post_item(id: str, title: str, *, minutes: float = 0, **item: Any) -> dict[str, Any]:  # noqa: A002 - JSON Feed's word
    """An item that came in just now, or so many minutes from now."""
    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    now = from_micros(int(moment.timestamp() * 1_000_000))
    about = {"source": {"title": "Script", "feed_url": "http://127.0.0.1/"}, "revision": 1}
    about |= {"position": now, "seen": now, **item.pop("about", {})}
    return {"id": id, "title": title, "content_html": "<p>Something new.</p>", **item, "_livelog": about}
