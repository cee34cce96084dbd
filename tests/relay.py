"""Two Livelogs on loopback: the second follows a blog of the first, which tells it by WebSub."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demo.newsroom import Desk
from tests.livelog import Livelog, until
from tests.ports import free_ports

LOOPBACK = {"private_networks": ["127.0.0.0/8"], "per_host": 8}
"""Settings of fetching for hubs and callbacks on this machine, which are strangers to each other elsewhere."""


class Relay:
    """The ``first`` Livelog follows desks, and the ``second`` one its feed. Each has a public URL on loopback.

    ``form`` is the name of the feed: `feed.xml` or `feed.json`.
    """

    def __init__(self, folder: Path, form: str = "feed.xml") -> None:
        self.first, self.second = (_livelog(folder / name) for name in ("first", "second"))
        self._form = form
        self._feeds: Sequence[Any] = ()

    async def start(self, desks: Sequence[Desk], *, interval: str = "1s") -> None:
        """Starts both, and waits until the first has polled all desks, and the second is subscribed."""
        self._feeds = [{"url": desk.url, "interval": interval} for desk in desks]
        await self.restart_first()
        await until(lambda: _polled(self.first, len(desks)))
        await self.restart_second()
        await until(lambda: _is_subscribed(self.second))

    async def restart_first(self) -> None:
        """Starts the first on the desks."""
        await self._start(self.first, self._feeds)

    async def restart_second(self) -> None:
        """Starts the second on the feed of the first."""
        await self._start(self.second, [{"url": self.first.url(f"/blog/{self._form}"), "interval": "1h"}])

    async def close(self) -> None:
        """Kills both."""
        for livelog in (self.first, self.second):
            await livelog.kill()

    async def _start(self, livelog: Livelog, feeds: Sequence[Any]) -> None:
        server = {"public_url": f"http://127.0.0.1:{livelog.port}"}
        await livelog.start({"blog": list(feeds)}, server=server, fetch=LOOPBACK)


async def _polled(livelog: Livelog, feeds: int) -> bool:
    return sum(source["last_poll"] is not None for source in await _sources(livelog)) == feeds


async def _is_subscribed(livelog: Livelog) -> bool:
    return 'livelog_hub_requests_total{outcome="verified"} 1.0' in await livelog.metrics()


async def _sources(livelog: Livelog) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((await livelog.admin("/status", Accept="application/json")).body)[
        "sources"
    ]
    return found


def _livelog(folder: Path) -> Livelog:
    folder.mkdir()
    livelog = Livelog(folder)
    (livelog.port,) = free_ports(1)
    return livelog
