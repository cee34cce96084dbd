"""Clocks that are set while Livelog runs, and while it does not: every post arrives within two polls, none twice.

Real processes, whose clocks are moved. `pytest -s -m soak tests/test_clocks.py` prints the whole matrix.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo.newsroom import Desk, Newsroom
from tests.livelog import Livelog, until
from tests.moved_clock import MovedClock, RedisClock
from tests.redis import RedisServer

MINUTE, HOUR, TEN_YEARS = 60.0, 3600.0, 10 * 365 * 86_400.0
ARRIVAL_SECONDS = 20.0
"""A post arrives within two polls, 2 s; it must take no longer than this on a busy machine."""

JUMP = re.compile(r"The clock was set .*")


@dataclass
class Scene:
    """Nodes that follow a desk, each with a clock, and the titles that a client of the first was sent as new."""

    desk: Desk
    nodes: Sequence[Livelog]
    store: str
    received: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    async def start(self) -> None:
        """Starts the nodes."""
        blogs = {"blog": [{"url": self.desk.url, "interval": "1s"}]}
        await asyncio.gather(*(node.start(blogs, store=self.store) for node in self.nodes))

    async def stop(self) -> None:
        """Stops the nodes."""
        await asyncio.gather(*(node.stop() for node in self.nodes))

    async def arrive(self, posts: int = 1) -> None:
        """Publishes posts, one after the other; each must arrive soon."""
        for _ in range(posts):
            title = self.publish()
            await self.arrival(title)

    def publish(self) -> str:
        """Publishes a post; returns its title."""
        return str(self.desk.publish(title=f"Post {len(self.desk.posts)}").title)

    async def arrival(self, title: str) -> None:
        """Waits for a post."""
        began = time.monotonic()
        await until(lambda: title in self.received, ARRIVAL_SECONDS)
        self.seconds.append(time.monotonic() - began)

    async def listen(self) -> None:
        """Receives what the first node sends, again and again from the last cursor, until cancelled."""
        cursor: str | None = None
        while True:
            with contextlib.suppress(AssertionError, OSError):
                async with self.nodes[0].client(after=cursor) as client:
                    while message := await client.next():
                        assert message["type"] != "reset", "nothing is lost"
                        cursor = message["cursor"]
                        self.received += [message["item"]["title"]] if message["type"] == "entry" else []
            await asyncio.sleep(0.05)


@asynccontextmanager
async def scene(newsroom: Newsroom, nodes: Sequence[Livelog], store: str) -> AsyncIterator[Scene]:
    """A running scene. At its end every post must have been sent as new once, and be on the page once."""
    desk = newsroom.open_desk(f"/{len(newsroom.requests)}-{id(nodes)}.xml", title="Desk", keep=100)
    first = desk.publish(title="The first fetch is a backfill")
    opened = Scene(desk, nodes, store)
    listening = asyncio.create_task(opened.listen())

    async def is_followed() -> bool:
        return [item["title"] for item in await nodes[0].entries()] == [first.title]

    try:
        await opened.start()
        await until(is_followed)
        await opened.arrive()
        yield opened
        titles = sorted(str(post.title) for post in desk.posts)
        # The client may have come before the first one or after it.
        assert sorted({*opened.received, str(first.title)}) == titles
        assert len(set(opened.received)) == len(opened.received), "none is sent twice"
        assert sorted(item["title"] for item in await nodes[0].entries()) == titles
        assert not [node.log for node in nodes if "Traceback" in node.log]
    finally:
        listening.cancel()
        await asyncio.gather(*(node.kill() for node in nodes))


def node(folder: Path) -> tuple[Livelog, MovedClock]:
    """A node, yet to be started, and its clock."""
    folder.mkdir()
    made, clock = Livelog(folder), MovedClock(folder / "clock")
    made.program = clock.program
    return made, clock


@asynccontextmanager
async def shared(newsroom: Newsroom, folder: Path) -> AsyncIterator[tuple[Scene, Sequence[MovedClock], RedisClock]]:
    """Two nodes on a Redis: the scene, the clocks of the nodes, and that of Redis."""
    redis, clock = RedisServer(folder / "redis"), RedisClock()
    await asyncio.to_thread(redis.start)
    nodes = [node(folder / name) for name in ("one", "two")]
    try:
        async with clock.proxy(redis) as store, scene(newsroom, [made for made, _ in nodes], store) as opened:
            yield opened, [own for _, own in nodes], clock
    finally:
        redis.stop()


async def moved(
    opened: Scene, clocks: Iterable[MovedClock | RedisClock], ahead: float, *, restart: bool = False
) -> None:
    """Moves clocks, while the nodes run or while they do not; then posts must arrive, also those from meanwhile."""
    if restart:
        await opened.stop()
    for clock in clocks:
        clock.set(ahead)
    title = opened.publish()
    if restart:
        await opened.start()
    await opened.arrival(title)
    await opened.arrive()


async def test_a_clock_that_is_set_delays_nothing_and_repeats_nothing(newsroom: Newsroom, tmp_path: Path) -> None:
    async def alone() -> None:
        made, clock = node(tmp_path / "alone")
        async with scene(newsroom, [made], f"sqlite:{made.database}") as opened:
            for ahead in (MINUTE, 0, HOUR, 0, TEN_YEARS):
                await moved(opened, [clock], ahead)
            assert [line.split()[-2:] for line in JUMP.findall(made.log)] == [
                *(["60", "seconds."], ["60", "seconds."], ["60", "minutes."], ["60", "minutes."], ["3650", "days."])
            ], "one line for each"
            await moved(opened, [clock], 0, restart=True)
            assert JUMP.findall(made.log) == ["The clock was set back since the last run, by 3650 days or more."]

    async def two_nodes() -> None:
        async with shared(newsroom, tmp_path) as (opened, (_, second), clock):
            for ahead in (HOUR, 0):
                await moved(opened, [second], ahead)
            assert not JUMP.findall(opened.nodes[1].log), "nodes count by the clock of Redis"
            assert "The clock of this machine is 3600 s ahead of that of Redis" in opened.nodes[1].log
            for ahead in (TEN_YEARS, 0):
                await moved(opened, [clock], ahead)
            await moved(opened, [clock], -HOUR, restart=True)

    async with asyncio.TaskGroup() as both:
        both.create_task(alone())
        both.create_task(two_nodes())


JUMPS = {"60 s": MINUTE, "an hour": HOUR, "ten years": TEN_YEARS}
DIRECTIONS = {"ahead and back": 1, "behind and on": -1}


def report(opened: Scene, request: pytest.FixtureRequest) -> None:
    """Prints how long the posts took to arrive."""
    name = request.node.callspec.id
    print(f"\n{name:55} arrivals in s: {' '.join(f'{seconds:.1f}' for seconds in opened.seconds)}")


@pytest.mark.soak
@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("sign", DIRECTIONS.values(), ids=DIRECTIONS)
@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
async def test_the_clock_of_a_single_node_is_set(
    newsroom: Newsroom, tmp_path: Path, request: pytest.FixtureRequest, jump: float, sign: int, restart: bool
) -> None:
    made, clock = node(tmp_path / "node")
    async with scene(newsroom, [made], f"sqlite:{made.database}") as opened:
        for ahead in (sign * jump, 0):
            await moved(opened, [clock], ahead, restart=restart)
        report(opened, request)


@pytest.mark.soak
@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("whose", ["a node's", "both nodes'", "that of Redis", "all"])
@pytest.mark.parametrize("sign", DIRECTIONS.values(), ids=DIRECTIONS)
@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
async def test_a_clock_of_two_nodes_on_redis_is_set(
    newsroom: Newsroom,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    jump: float,
    sign: int,
    whose: str,
    restart: bool,
) -> None:
    async with shared(newsroom, tmp_path) as (opened, nodes, redis):
        chosen: dict[str, Sequence[MovedClock | RedisClock]]
        chosen = {"a node's": nodes[1:], "both nodes'": nodes, "that of Redis": [redis], "all": [*nodes, redis]}
        for ahead in (sign * jump, 0):
            await moved(opened, chosen[whose], ahead, restart=restart)
        report(opened, request)
