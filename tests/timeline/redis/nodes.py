"""Nodes on one Redis for tests: watchers, claims, a proxy that loses replies, and copies of its data."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from redis import Redis

from entries import Event
from tests.livelog import PATIENCE, ROOT, until
from tests.redis import RedisServer
from tests.timeline.drafts import FEED, LEASE_SECONDS, NOW
from timeline import HistoryLostError, Lease
from timeline.redis import RedisTimeline

COMMIT = hashlib.sha1((ROOT / "timeline/redis/scripts/commit.lua").read_bytes()).hexdigest().encode()
"""Name of the script in EVALSHA: what a commit is recognised by on the wire."""

SOON = 10.0
"""Seconds within which a loss is noticed; a watcher checks every second."""


class Proxy:
    """A proxy before a Redis that drops the replies for which ``loses`` returns True.

    A lost reply is that of a command which was done: the connection is closed instead of answering.
    """

    def __init__(self, redis: RedisServer, loses: Callable[[bytes], bool]) -> None:
        self.lost = 0
        self._redis = redis
        self._loses = loses
        self._server: asyncio.Server | None = None
        self._relaying = 0

    async def __aenter__(self) -> str:
        """Starts; returns its address, as a `store`."""
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        return f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await until(lambda: not self._relaying)

    async def _relay(self, asking: asyncio.StreamReader, answering: asyncio.StreamWriter) -> None:
        answers, asked = await asyncio.open_connection("127.0.0.1", self._redis.port)
        self._relaying += 1
        losing = False

        async def pass_questions_on() -> None:
            nonlocal losing
            while question := await asking.read(2**20):
                losing = losing or self._loses(question)
                asked.write(question)
            asked.write_eof()

        async def pass_answers_on() -> None:
            while (answer := await answers.read(2**20)) and not losing:
                answering.write(answer)
            self.lost += losing
            answering.close()

        await asyncio.gather(pass_questions_on(), pass_answers_on(), return_exceptions=True)
        asked.close()
        answering.close()
        self._relaying -= 1


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[RedisTimeline]:
    """Another node's timeline."""
    another = await RedisTimeline.open(url)
    try:
        yield another
    finally:
        await another.close()


@asynccontextmanager
async def impostor(**answers: str) -> AsyncIterator[str]:
    """A server with these answers to these commands, and OK to all others; its address, as a `store`."""

    async def answer(asking: asyncio.StreamReader, answering: asyncio.StreamWriter) -> None:
        while question := await asking.read(2**16):
            for command in re.findall(r"^\*\d+\r\n\$\d+\r\n(\w+)\r", question.decode(), re.MULTILINE):
                answering.write(f"{answers.get(command, '+OK')}\r\n".encode())
        answering.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()


async def claimed(node: RedisTimeline) -> Lease:
    """A lease of the feed."""
    await node.follow({FEED: 0.0})
    (lease,) = await node.claim(NOW, 1, LEASE_SECONDS)
    return lease


@asynccontextmanager
async def watching(node: RedisTimeline, *blogs: str) -> AsyncIterator[AsyncIterator[Sequence[Event]]]:
    """A watcher of these blogs, which misses nothing from here on."""
    events = node.watch(blogs or ["blog"])
    assert await anext(events) == []
    try:
        yield events
    finally:
        await events.aclose()


async def seen(events: AsyncIterator[Sequence[Event]], count: int) -> list[tuple[int, str]]:
    """The next events: their numbers, and what they are of."""
    got: list[Event] = []
    async with asyncio.timeout(PATIENCE):
        while len(got) < count:
            got += await anext(events)
    return [(event.cursor.seq, event.id) for event in got]


async def loss(events: AsyncIterator[Sequence[Event]]) -> str:
    """Why the history is no longer what the watcher has read; it says so soon."""
    try:
        async with asyncio.timeout(SOON):
            async for _ in events:
                pass
    except HistoryLostError as lost:
        return lost.reason
    return "it is not lost"


def contents(redis: RedisServer) -> Mapping[bytes, bytes | None]:
    """All that Redis holds."""
    with Redis(port=redis.port) as client:
        return {key: client.dump(key) for key in client.scan_iter()}


def write_at_once(redis: RedisServer) -> None:
    """What Redis was given is in its file before it answers; else it may wait, where the disk is busy, for 2 s."""


def keep_copy(redis: RedisServer) -> Path:
    """A copy of what Redis has on disk."""
    write_at_once(redis)
    return Path(shutil.copytree(redis.folder, redis.folder.with_name("copy")))


async def put_back(redis: RedisServer, copy: Path) -> None:
    """Redis dies, and begins again with the copy."""
    redis.stop()
    shutil.rmtree(redis.folder)
    shutil.copytree(copy, redis.folder)
    await asyncio.to_thread(redis.start)
