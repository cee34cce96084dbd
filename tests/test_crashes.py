"""SQLite when the process is killed and when the disk fails: all that was pushed is stored, nothing is sent twice."""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from demo.newsroom import Desk, Newsroom
from tests.livelog import Livelog, until

DESKS = 3


def opened(newsroom: Newsroom) -> list[Desk]:
    """Some desks, each with a post: the first fetch is a backfill, later posts make events."""
    desks = [newsroom.open_desk(f"/{n}.xml", title=f"Desk {n}", keep=2_000) for n in range(DESKS)]
    for desk in desks:
        desk.publish(title=f"{desk.url} begins")
    return desks


async def listing(livelog: Livelog, count: int) -> list[str]:
    """The titles of the blog, once there are ``count``."""
    titles: list[str] = []

    async def enough() -> bool:
        titles[:] = [item["title"] for item in await livelog.entries()]
        return len(titles) >= count

    await until(enough)
    return titles


async def pushed(livelog: Livelog, received: dict[str, str]) -> None:
    """Notes what a client receives (id → title) until the server ends."""
    with contextlib.suppress(AssertionError, OSError):
        async with livelog.client() as client:
            while message := await client.next():
                if "item" in message:
                    received[message["item"]["id"]] = message["item"]["title"]


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.soak)])
async def test_all_that_was_pushed_outlives_a_kill(livelog: Livelog, newsroom: Newsroom, kills: int) -> None:
    chance = random.Random(3)
    desks = opened(newsroom)
    blogs = {"blog": [{"url": desk.url, "interval": "1s"} for desk in desks]}
    published = len(desks)
    received: dict[str, str] = {}
    await livelog.start(blogs)
    await listing(livelog, published)
    for kill in range(kills):
        reading, known = asyncio.create_task(pushed(livelog, received)), len(received)
        # A poll comes every second, for each desk: some kills hit one, some a commit, some nothing.
        for _ in range(chance.randint(1, 12)):
            published += 1
            chance.choice(desks).publish(title=f"Post {published}")
            await asyncio.sleep(chance.random() * 0.2)
        if kill % 2:
            # As soon as something was pushed: is it stored?
            await until(lambda known=known: len(received) > known)
        await livelog.kill()
        await reading
        db = sqlite3.connect(livelog.database)
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        numbers = [seq for (seq,) in db.execute("SELECT seq FROM events WHERE blog = 'blog' ORDER BY seq")]
        assert numbers == list(range(1, len(numbers) + 1))
        stored = {entry_id for (entry_id,) in db.execute("SELECT id FROM entries")}
        db.close()
        assert received.keys() <= stored
        await livelog.start(blogs)
    titles = await listing(livelog, published)
    assert len(titles) == len(set(titles)) == published, "each post once"
    by_id = {item["id"]: item["title"] for item in await livelog.entries()}
    assert received.items() <= by_id.items()
    assert len(received) >= kills // 2, "there was something to lose"


@contextlib.asynccontextmanager
async def failing_disk(livelog: Livelog, error: str) -> AsyncIterator[None]:
    """Makes every write and sync of files by the server fail, until the end of the block."""
    assert shutil.which("strace"), "strace is needed for this test: apt-get install strace"
    calls = "pwrite64,fdatasync,fsync"
    tracer = await asyncio.create_subprocess_exec(
        *("strace", "-f", "-qq", "-o", "/dev/null", "-p", str(livelog.pid)),
        *("-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"),
    )

    def attached() -> bool:
        # strace attaches to one thread after the other; only the last may be that of the database.
        threads = Path(f"/proc/{livelog.pid}/task").glob("*/status")
        return all(f"TracerPid:\t{tracer.pid}\n" in thread.read_text(encoding="ascii") for thread in threads)

    await until(attached)
    try:
        yield
    finally:
        tracer.terminate()
        await tracer.wait()


@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
async def test_a_disk_that_fails_is_waited_for_and_nothing_is_pushed_that_is_not_stored(
    livelog: Livelog, newsroom: Newsroom, error: str
) -> None:
    (desk, *_) = opened(newsroom)
    await livelog.start({"blog": [{"url": desk.url, "interval": "1s"}]})
    await listing(livelog, 1)

    async def red() -> bool:
        return (await livelog.get("/readyz")).code == 503

    async def green() -> bool:
        return (await livelog.get("/readyz")).code == 200

    async with livelog.client() as client:
        await client.next()
        async with failing_disk(livelog, error):
            # A poll that brings nothing is committed, too: now every write fails.
            await until(red)
            desk.publish(title="While the disk fails")
            assert (await livelog.health())["problem"]
            desk.publish(title="And one more")
            assert await client.quiet(2.5)
            assert await listing(livelog, 1) == [f"{desk.url} begins"]
            assert (await livelog.get("/blog/")).code == 200, "what is stored can be read"
        received = [message["item"]["title"] for message in await client.take(2)]
        assert sorted(received) == ["And one more", "While the disk fails"]
        await until(green)
        assert await client.quiet(1.5), "nothing is sent twice"
    assert sorted(await listing(livelog, 3)) == sorted([f"{desk.url} begins", *received])
    assert livelog.log.count("The timeline cannot be written, trying again") == 1
