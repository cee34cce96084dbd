"""An installation: several nodes, each a `python server.py` in a process of its own, around one Redis."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demo.newsroom import Desk
from tests.livelog import Livelog, until
from tests.redis import RedisServer

START_SECONDS = 60.0
"""How long a test waits for all nodes at once."""


class Installation:
    """Nodes that serve readers, and nodes that fetch feeds. Each can be killed and started again by itself."""

    def __init__(self, folder: Path) -> None:
        self.redis = RedisServer(folder / "redis")
        self.webs: list[Livelog] = []
        self.fetchers: list[Livelog] = []
        self._folder = folder
        self._made = 0
        self._blogs: Mapping[str, Any] = {}
        self._sections: Mapping[str, Any] = {}

    @property
    def nodes(self) -> list[Livelog]:
        """All nodes."""
        return [*self.webs, *self.fetchers]

    async def start(
        self,
        desks: Sequence[Desk],
        *,
        webs: int = 2,
        fetchers: int = 2,
        intervals: Sequence[str] = ("1s",),
        others: Sequence[Mapping[str, Any]] = (),
        **sections: Any,
    ) -> None:
        """Starts Redis and so many nodes on a blog of these desks; waits until all desks are followed.

        The desks have these intervals in turn. ``others`` are further feeds, ``sections`` those of the configuration.
        """
        self.redis.start()
        feeds = zip(desks, itertools.cycle(intervals), strict=False)
        followed = [{"url": desk.url, "interval": interval} for desk, interval in feeds]
        self._blogs = {"blog": [*followed, *others]}
        # The desks have one host; an operator with more than one desk there would allow it more than two exchanges.
        self._sections = {"store": self.redis.url, "fetch": {"per_host": 8}, **sections}
        self.webs = [self._node("web") for _ in range(webs)]
        self.fetchers = [self._node("fetch") for _ in range(fetchers)]
        async with asyncio.timeout(START_SECONDS):
            await asyncio.gather(*map(self.run, self.nodes))
        # A feed's first fetch is a backfill; what is published when that is committed is news.
        await until(lambda: not fetchers or self._followed() == len(desks) + len(others))

    async def run(self, node: Livelog) -> None:
        """Starts a node, on the port that it had before if it had one."""
        role = "fetch" if node in self.fetchers else "web"
        await node.start(self._blogs, f"--role={role}", **self._sections)

    async def add_web(self) -> Livelog:
        """Starts one more node for readers."""
        self.webs.append(self._node("web"))
        await self.run(self.webs[-1])
        return self.webs[-1]

    async def add_fetcher(self) -> Livelog:
        """Starts one more node that fetches."""
        self.fetchers.append(self._node("fetch"))
        await self.run(self.fetchers[-1])
        return self.fetchers[-1]

    async def restart_redis(self) -> None:
        """Starts a Redis that was stopped, on what it left."""
        await asyncio.to_thread(self.redis.start)

    async def entries(self) -> list[dict[str, Any]]:
        """All entries of the blog, newest first, as soon as every web node shows the same ones."""
        pictures: list[list[dict[str, Any]]] = []

        async def agreed() -> bool:
            pictures[:] = [await node.entries() for node in self.webs]
            return all(picture == pictures[0] for picture in pictures)

        await until(agreed)
        return pictures[0]

    async def titles(self) -> list[str]:
        """The titles of all entries, sorted."""
        return sorted(item["title"] for item in await self.entries())

    async def has(self, count: int) -> None:
        """Waits until the timeline holds so many entries."""

        async def enough() -> bool:
            return len(await self.webs[0].entries()) >= count

        await until(enough)

    async def health(self) -> list[tuple[int, Any]]:
        """What every node says of itself: the status and the problem."""
        answers = await asyncio.gather(*(node.admin("/readyz") for node in self.nodes))
        return [(answer.code, json.loads(answer.body)["problem"]) for answer in answers]

    async def polls(self) -> list[int]:
        """How many polls each of the fetch nodes has made."""
        told = [await node.metrics() for node in self.fetchers]
        return [sum(int(count) for count in re.findall(r"livelog_polls_total\{.*\} (\d+)", text)) for text in told]

    async def close(self) -> None:
        """Kills everything."""
        await asyncio.gather(*(node.kill() for node in self.nodes))
        self.redis.stop()

    def _followed(self) -> int:
        """How many feeds have been polled with success, as the store remembers them."""
        return sum(bool(json.loads(state)["ok_at"]) for state in self.redis.ask("HVALS", "{livelog}:feeds"))

    def _node(self, role: str) -> Livelog:
        self._made += 1
        folder = self._folder / f"{role}-{self._made}"
        folder.mkdir()
        return Livelog(folder)
