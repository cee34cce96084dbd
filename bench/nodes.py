"""Nodes that share a Redis: rates of commits, claims and deliveries, and the CPU of each, busy and idle."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.clients import read
from bench.posts import BLOG, LEASE_SECONDS, commit, lease, post
from bench.processes import Used, resident_bytes, used
from demo.newsroom import Newsroom
from tests.livelog import Client, Livelog, until
from tests.redis import RedisServer
from timeline import Lease, Timeline, open_timeline

SECONDS = 5.0
COMMITTERS = 32
POSTS_PER_PROCESS = 1_000_000
FEEDS = 10_000
CLAIMED_TOGETHER = 64
EMPTY_CLAIMS = 1_000
WATCHERS = 10
EVENTS_WATCHED = 200
CLIENTS = 1_000
EVENTS = 400
EVENTS_UNDER_WAY = 10
PAGES = 100
IDLE_SECONDS = 25.0
"""The ping interval."""

TIMEOUT = 60.0


async def run() -> None:
    """Print a line or two for each."""
    with TemporaryDirectory() as folder:
        redis = RedisServer(Path(folder) / "redis")
        redis.start()
        try:
            pid = int(redis.ask("INFO", "server")["process_id"])
            await _commits(f"sqlite:{Path(folder) / 'commits.db'}", None, processes=1)
            for processes in (1, 2):
                redis.ask("FLUSHALL")
                await _commits(redis.url, pid, processes)
            for part in (_claims, _watchers):
                redis.ask("FLUSHALL")
                await part(redis.url, pid)
            redis.ask("FLUSHALL")
            await _nodes(Path(folder), redis.url, pid)
        finally:
            redis.stop()


async def _commits(url: str, redis: int | None, processes: int) -> None:
    """Measure commits of one new entry each, as many at once as a node has connections."""
    feeds = [f"https://newsroom.example/{number}.xml" for number in range(COMMITTERS * processes)]
    timeline = await open_timeline(url)
    await timeline.follow(dict.fromkeys(feeds, 0.0))
    leases = await timeline.claim(time.time(), len(feeds), LEASE_SECONDS)
    await timeline.close()
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        jobs = [
            loop.run_in_executor(pool, _commit, url, redis, leases[n::processes], n * POSTS_PER_PROCESS)
            for n in range(processes)
        ]
        done = await asyncio.gather(*jobs)
    commits = sum(number for number, _, _ in done)
    rate = sum(number / here.seconds for number, here, _ in done)
    own = Used(0, 1, sum(here.cpu for _, here, _ in done))
    line = f"{url.partition(':')[0]}, {processes} × {COMMITTERS} committers of 1 new entry: {rate:.0f} commits/s; "
    line += f"CPU of a commit: committer {own.each(commits)}"
    if redis is not None:
        # The processes measured Redis over nearly the same time.
        line += f", Redis {max((use for _, _, use in done), key=lambda use: use.cpu).each(commits)}"
        line += f"; Redis busy {done[0][2].share} of a core"
    print(line)


def _commit(url: str, redis: int | None, leases: Sequence[Lease], first: int) -> tuple[int, Used, Used]:
    return asyncio.run(_commit_for_a_while(url, redis, leases, first))


async def _commit_for_a_while(
    url: str, redis: int | None, leases: Sequence[Lease], first: int
) -> tuple[int, Used, Used]:
    """Commit posts from ``first`` on for SECONDS; return their number and the use of this process and of Redis."""
    timeline = await open_timeline(url)
    number = count(first)
    until_then = time.perf_counter() + SECONDS

    async def commit_all(leased: Lease) -> int:
        done = 0
        while time.perf_counter() < until_then:
            done += await commit(timeline, leased, [post(next(number))])
        return done

    with used(os.getpid(), redis or os.getpid()) as (here, there):
        done = sum(await asyncio.gather(*map(commit_all, leases)))
    await timeline.close()
    return done, here, there


async def _claims(url: str, redis: int) -> None:
    """Measure claims of due feeds, and claims without a due feed, which a node makes twenty times a second."""
    timeline = await open_timeline(url)
    feeds = [f"https://newsroom.example/{number}.xml" for number in range(FEEDS)]
    await timeline.follow(dict.fromkeys(feeds, 0.0))
    now = time.time()
    with used(redis) as (full,):
        while await timeline.claim(now, CLAIMED_TOGETHER, LEASE_SECONDS):
            pass
    with used(redis) as (empty,):
        for _ in range(EMPTY_CLAIMS):
            await timeline.claim(now, CLAIMED_TOGETHER, LEASE_SECONDS)
    await timeline.close()
    print(
        f"claims, {CLAIMED_TOGETHER} at a time: {FEEDS / full.seconds:.0f} feeds/s; "
        f"CPU of Redis {full.each(FEEDS)} a feed, {empty.each(EMPTY_CLAIMS)} for a claim that finds none due"
    )


async def _watchers(url: str, redis: int) -> None:
    """Measure the CPU of Redis for a watching node: the difference that ten make for the same events."""
    timeline = await open_timeline(url)
    leased = await lease(timeline)
    number = count()
    cpu = []
    for watchers in (0, WATCHERS):
        nodes = [await open_timeline(url) for _ in range(watchers)]
        arrived = [0] * watchers
        watching = [asyncio.create_task(_watch(node, arrived, n)) for n, node in enumerate(nodes)]
        await asyncio.sleep(0.5)
        with used(redis) as (use,):
            for events in range(1, EVENTS_WATCHED + 1):
                await commit(timeline, leased, [post(next(number))])
                await until(partial(_all_have, arrived, events))
        cpu.append(use)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        for node in nodes:
            await node.close()
    await timeline.close()
    alone, watched = cpu
    each = Used(0, 1, (watched.cpu - alone.cpu) / WATCHERS)
    print(
        f"events, one at a time: CPU of Redis {alone.each(EVENTS_WATCHED)} to commit one, and "
        f"{each.each(EVENTS_WATCHED)} for each node that watches"
    )


def _all_have(arrived: Sequence[int], events: int) -> bool:
    return min(arrived, default=events) == events


async def _watch(timeline: Timeline, arrived: list[int], number: int) -> None:
    async for events in timeline.watch([BLOG]):
        arrived[number] += len(events)


async def _nodes(folder: Path, url: str, redis: int) -> None:
    """Measure a fetch node and a web node: connecting clients, idling, and events at full rate."""
    async with AsyncExitStack() as stack:
        newsroom = Newsroom()
        await newsroom.start()
        stack.push_async_callback(newsroom.stop)
        blogs = {BLOG: [{"url": newsroom.open_desk("/a.xml", title="A").url, "interval": "1h"}]}
        fetch, web = (Livelog(folder / role) for role in ("fetch", "web"))
        for node in (fetch, web):
            node.folder.mkdir()
            stack.push_async_callback(node.kill)
            await node.start(blogs, f"--role={node.folder.name}", store=url)
        pool = stack.enter_context(ProcessPoolExecutor(1, get_context("spawn")))
        before = resident_bytes(web.pid)
        job = partial(read, web.port, f"/{BLOG}/ws", CLIENTS, EVENTS + 1, IDLE_SECONDS + TIMEOUT)
        reading = asyncio.get_running_loop().run_in_executor(pool, job)
        with used(web.pid) as (joining,):
            await until(lambda: _all_connected(web))
        memory = (resident_bytes(web.pid) - before) / CLIENTS / 1024
        print(f"web node, {CLIENTS:,} clients connect: {memory:.1f} KiB and {joining.each(CLIENTS)} of CPU each")
        with used(fetch.pid, web.pid, redis) as idle:
            await asyncio.sleep(IDLE_SECONDS)
        shares = [use.share for use in idle]
        print(
            f"nothing to do for {IDLE_SECONDS:.0f} s: fetch node {shares[0]} of a core, web node with {CLIENTS:,} "
            f"clients {shares[1]}, Redis with both {shares[2]}"
        )
        # A running fetch node would claim the feed that is committed below.
        await fetch.stop()
        with used(web.pid, redis) as (busy, store):
            await _publish(url, web)
            came, lost = await reading
        print(
            f"web node, {EVENTS} events to {CLIENTS:,} clients, {EVENTS_UNDER_WAY} at a time: "
            f"{EVENTS / busy.seconds:.0f} events/s, {came / busy.seconds:,.0f} deliveries/s; CPU of a delivery "
            f"{busy.cpu / came * 1e6:.1f} µs; web node busy {busy.share} of a core, Redis {store.share}; "
            f"{lost} connections closed by the server"
        )
        with used(web.pid) as (rendering,):
            for _ in range(PAGES):
                await web.get(f"/{BLOG}/", Accept_Encoding="gzip")
        print(f"web node: {rendering.each(PAGES)} of CPU for a page from the cache, compressed")


async def _all_connected(web: Livelog) -> bool:
    return bool((await web.health())["readers"] == {BLOG: CLIENTS})


async def _publish(url: str, web: Livelog) -> None:
    """Commit events as fast as one more client receives them, a few at once."""
    timeline = await open_timeline(url)
    leased = await lease(timeline)
    room = asyncio.Semaphore(EVENTS_UNDER_WAY)

    async def take(reader: Client) -> None:
        await reader.take(1)
        for _ in range(EVENTS):
            await reader.take(1)
            room.release()

    async with web.client() as reader:
        taking = asyncio.create_task(take(reader))
        for number in range(EVENTS):
            await room.acquire()
            await commit(timeline, leased, [post(number)])
        await taking
    await timeline.close()
