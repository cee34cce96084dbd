"""The parser's processes: what exceeds a limit is killed, what dies is replaced, and the next document is read."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pebble import ProcessPool

from feeds.parser.document import Document, NotAFeedError, Reading
from feeds.parser.document import parse as plainly_parsed
from feeds.parser.filter import Filter
from feeds.parser_pool import MEMORY_BYTES, ParserKilledError, ParserPool, _start
from tests.feeds.burning import Burning
from tests.feeds.documents import reading, rss
from tests.feeds.processes import address_space, cpu_seconds, pids
from tests.livelog import until

GOOD = rss("<title>Good</title>")

FILTERS = {"blog": Burning()}
BURNER = rss("<title>Burn</title>")

# Five million empty objects: 15 MB of text, 500 MB of them.
GLUTTON = b'{"version":"https://jsonfeed.org/version/1.1","items":[' + b"{}," * 5_000_000 + b"{}]}"


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[ParserPool]:
    """A parser pool until the end of the block."""
    parser_pool = ParserPool(**options)
    try:
        yield parser_pool
    finally:
        await parser_pool.close()


async def parse(parser_pool: ParserPool, body: bytes) -> Document:
    """Reads a document that nothing is known of."""
    return await parser_pool.parse(reading(body, filters=FILTERS))


async def reads_on(parser_pool: ParserPool) -> bool:
    """Whether a good document is read."""
    return [entry.title for entry in (await parse(parser_pool, GOOD)).entries] == ["Good"]


async def busy(parser_pool: ParserPool) -> tuple[asyncio.Task[Document], int]:
    """A parse that will take long and is well under way, and the process that is at it."""
    assert await reads_on(parser_pool)
    idle = {pid: cpu_seconds(pid) for pid in pids()}
    task = asyncio.create_task(parse(parser_pool, BURNER))

    def at_it() -> list[int]:
        return [pid for pid, used in idle.items() if cpu_seconds(pid) > used + 0.4]

    await until(at_it)
    return task, at_it()[0]


async def test_documents_and_what_is_no_document_come_out(parser_pool: ParserPool) -> None:
    known = (await parse(parser_pool, GOOD)).listed
    assert not (await parser_pool.parse(reading(GOOD, content_type="text/xml", known=known))).entries
    page = b"<html><link rel=alternate type='application/atom+xml' href='/feed.xml'>"
    with pytest.raises(NotAFeedError, match=r"^This is a web page, not a feed\.$") as caught:
        await parse(parser_pool, page)
    assert caught.value.feeds == ("https://example.org/feed.xml",)


async def test_what_comes_out_is_what_went_in(parser_pool: ParserPool) -> None:
    items = [f"<guid>{n}</guid><title>t{n}</title><link>/{n}</link>" for n in range(20)]
    known = (await parse(parser_pool, rss(*items))).listed
    body = rss(*(item.replace("<guid>", "<guid>x") for item in items), channel="<ttl>60</ttl><link>/</link>")
    what = reading(body, known=known, filters={"blog": Filter(include=("t7",))})
    assert await parser_pool.parse(what) == plainly_parsed(what)


async def test_a_bug_comes_out_as_what_it_is(parser_pool: ParserPool) -> None:
    no_bytes: Any = "text"
    with pytest.raises(TypeError):
        await parse(parser_pool, no_bytes)
    assert await reads_on(parser_pool)


async def test_processes_are_limited(parser_pool: ParserPool) -> None:
    assert await reads_on(parser_pool)
    for pid in pids():
        soft, hard = resource.prlimit(pid, resource.RLIMIT_AS)
        assert soft == hard
        assert MEMORY_BYTES < soft <= address_space(pid) + MEMORY_BYTES
        assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0)
        soft, hard = resource.prlimit(pid, resource.RLIMIT_CPU)
        assert soft == hard, "between two documents: one may use what another did not"


async def test_encodings_of_many_characters_are_read_in_these_processes(parser_pool: ParserPool) -> None:
    # Their codecs are libraries, which a process without address space to spare cannot load.
    texts = {"gb2312": "港口今天开放", "big5": "漢字", "shift_jis": "新着ニュース", "euc-kr": "오늘의 뉴스"}
    for encoding, text in texts.items():
        document = f'<?xml version="1.0" encoding="{encoding}"?><rss><channel><item><title>{text}</title></item>'
        read = await parse(parser_pool, f"{document}</channel></rss>".encode(encoding))
        assert [entry.title for entry in read.entries] == [text]


async def test_a_document_may_use_most_of_the_memory(parser_pool: ParserPool) -> None:
    # Two million empty objects: 150 MB.
    body = b'{"version":"https://jsonfeed.org/version/1.1","items":[],"_other":[' + b"{}," * 2_000_000 + b"{}]}"
    assert (await parse(parser_pool, body)).entries == ()


async def test_a_document_is_limited_in_cpu(parser_pool: ParserPool) -> None:
    task, pid = await busy(parser_pool)
    soft, _ = resource.prlimit(pid, resource.RLIMIT_CPU)
    assert 4 <= soft <= cpu_seconds(pid) + 5
    await parser_pool.close()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_document_that_burns_cpu_is_killed_and_the_next_one_is_read() -> None:
    async with opened(processes=1, cpu_seconds=1) as parser_pool:
        with pytest.raises(ParserKilledError, match=r"^Reading it took more than 1 seconds of CPU\.$"):
            await parse(parser_pool, BURNER)
        assert await reads_on(parser_pool)


@pytest.mark.parametrize("pattern", ["/(a+)+z/", "/(a|aa)+$/", "/(.*)*x/", "/^(([a-z])+.)+[A-Z]([a-z])+$/"])
async def test_an_expensive_pattern_costs_no_process_and_is_named(parser_pool: ParserPool, pattern: str) -> None:
    filters = {"bad": Filter(exclude=(pattern, "two")), "good": Filter(exclude=("two",))}
    titles = [f"{'a' * 100}!", "two", f"{'a' * 99}!"]
    body = rss(*(f"<guid>{n}</guid><title>{title}</title>" for n, title in enumerate(titles)))
    assert await reads_on(parser_pool)
    (pid,) = pids()
    document = await parser_pool.parse(reading(body, filters=filters))
    assert pids() == [pid]
    assert document.slow_patterns == [("bad", pattern)]
    two = document.entries[1].id
    assert document.refused == {"bad": {two}, "good": {two}}, "nothing is hidden that may have to be shown"


async def test_a_document_that_takes_memory_is_given_up_and_the_next_one_is_read() -> None:
    async with opened(processes=1, memory_bytes=256 << 20) as parser_pool:
        with pytest.raises(ParserKilledError, match=r"^Reading it took more than 256 MB of memory\.$"):
            await parse(parser_pool, GLUTTON)
        assert await reads_on(parser_pool)


async def test_a_document_that_was_killed_is_not_kept_in_memory() -> None:
    """A body has up to 15 MB, and the garbage collector comes to cycles after minutes."""
    async with opened(wall_seconds=2) as parser_pool:
        assert await reads_on(parser_pool)
        gc.collect()
        gc.disable()
        try:
            with pytest.raises(ParserKilledError):
                await parse(parser_pool, BURNER)

            async def freed() -> bool:
                # Pebble's threads keep their last task until the next one.
                assert await reads_on(parser_pool)
                bodies = [found.body for found in gc.get_objects() if isinstance(found, Reading)]
                return BURNER not in bodies

            await until(freed)
        finally:
            gc.enable()


async def test_a_document_that_takes_too_long_is_killed_and_the_next_one_is_read() -> None:
    async with opened(processes=1, wall_seconds=1.0) as parser_pool:
        assert await reads_on(parser_pool)
        with pytest.raises(ParserKilledError, match=r"^Reading it took more than 1 seconds\.$"):
            await parse(parser_pool, BURNER)
        assert await reads_on(parser_pool)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("noticed", [False, True], ids=["just now", "a while ago"])
async def test_idle_processes_that_were_killed_are_replaced(processes: int, *, noticed: bool) -> None:
    async with opened(processes=processes) as parser_pool:
        assert await reads_on(parser_pool)
        killed = set(pids())
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        if noticed:
            await until(lambda: not (parser_pool._pool and parser_pool._pool.active))
        assert await reads_on(parser_pool)
        assert await reads_on(parser_pool)
        assert not killed & set(pids())


async def test_suspects_leave_a_process_to_the_others() -> None:
    async with opened(processes=1, reserve=1) as parser_pool:
        burner = reading(BURNER, filters=FILTERS)
        burning = [asyncio.create_task(parser_pool.parse(burner, proven=False)) for _ in range(3)]
        assert await reads_on(parser_pool)
        assert not any(task.done() for task in burning)


async def test_the_smallest_suspect_is_read_first() -> None:
    done: list[int] = []

    async def read(count: int) -> None:
        items = [f"<title>{n}</title>" for n in range(count)]
        await parser_pool.parse(reading(rss(*items)), proven=False)
        done.append(count)

    async with opened(processes=1, reserve=0) as parser_pool:
        burning = asyncio.create_task(parser_pool.parse(reading(BURNER, filters=FILTERS), proven=False))
        await asyncio.sleep(0)
        await asyncio.gather(*(read(count) for count in (50, 30, 10, 40, 20)))
        with pytest.raises(ParserKilledError):
            await burning
    assert done == [10, 20, 30, 40, 50]


async def test_an_idle_process_that_is_killed_takes_no_document_with_it() -> None:
    async with opened(processes=2, reserve=0) as parser_pool:
        task, at_it = await busy(parser_pool)
        (idle,) = set(pids()) - {at_it}
        os.kill(idle, signal.SIGKILL)
        assert await reads_on(parser_pool)
        assert not task.done()


async def test_a_busy_process_that_is_killed_costs_its_document_only(parser_pool: ParserPool) -> None:
    task, pid = await busy(parser_pool)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(ParserKilledError, match=r"^The process that read it ended unexpectedly \(signal 9\)\.$"):
        await task
    assert await reads_on(parser_pool)


async def test_documents_wait_for_a_process_and_are_all_read() -> None:
    async with opened(processes=2) as parser_pool:
        documents = await asyncio.gather(*(parse(parser_pool, rss(f"<title>{n}</title>")) for n in range(100)))
    assert [document.entries[0].title for document in documents] == [str(n) for n in range(100)]


async def test_a_parse_that_is_cancelled_frees_its_process(parser_pool: ParserPool) -> None:
    task, _ = await busy(parser_pool)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await reads_on(parser_pool)


async def test_closing_ends_the_processes_and_what_they_are_at(parser_pool: ParserPool) -> None:
    task, _ = await busy(parser_pool)
    waiting = asyncio.create_task(parse(parser_pool, GOOD))
    await asyncio.sleep(0)
    await parser_pool.close()
    done, pending = await asyncio.wait({task, waiting}, timeout=30)
    assert not pending
    assert all(one.cancelled() for one in done)
    assert not pids()


async def test_processes_that_were_starting_when_the_wait_for_them_ended_are_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go_on, started = threading.Event(), threading.Event(), []

    def slowly(processes: int, memory_bytes: int) -> ProcessPool:
        begun.set()
        go_on.wait(30)
        started.append(_start(processes, memory_bytes))
        return started[0]

    monkeypatch.setattr("feeds.parser_pool._start", slowly)
    parser_pool = ParserPool(processes=1, reserve=0)
    parsing = asyncio.create_task(parse(parser_pool, rss("<title>A</title>")))
    await until(begun.is_set)
    parsing.cancel()
    closing = asyncio.create_task(parser_pool.close())
    go_on.set()
    await closing
    assert parsing.cancelled()
    assert not started[0].active


async def test_closing_what_was_never_opened_or_is_closed_does_nothing() -> None:
    await ParserPool().close()
    assert not pids()
    parser_pool = ParserPool()
    assert await reads_on(parser_pool)
    await parser_pool.close()
    await parser_pool.close()
    assert not pids()


@pytest.mark.parametrize("proven", [True, False])
async def test_a_closed_pool_starts_no_processes_again(*, proven: bool) -> None:
    parser_pool = ParserPool()
    await parser_pool.close()
    with pytest.raises(asyncio.CancelledError):
        await parser_pool.parse(reading(GOOD), proven=proven)
    assert not pids()


async def test_documents_that_wait_for_a_slot_when_the_pool_is_closed_start_no_processes() -> None:
    parser_pool = ParserPool(processes=1, reserve=0)
    burner = reading(BURNER, filters=FILTERS)
    waiting = [asyncio.create_task(parser_pool.parse(burner, proven=False)) for _ in range(3)]
    await until(pids)
    await parser_pool.close()
    done, pending = await asyncio.wait(waiting, timeout=30)
    assert not pending
    assert all(one.cancelled() for one in done)
    assert not pids()


async def test_a_document_that_waits_for_the_start_of_the_pool_when_it_is_closed_starts_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, go_on, starts = threading.Event(), threading.Event(), []

    def slowly(processes: int, memory_bytes: int) -> ProcessPool:
        begun.set()
        go_on.wait(30)
        starts.append(_start(processes, memory_bytes))
        return starts[-1]

    monkeypatch.setattr("feeds.parser_pool._start", slowly)
    parser_pool = ParserPool(processes=1, reserve=0)
    first, second = (asyncio.create_task(parse(parser_pool, GOOD)) for _ in range(2))
    await until(begun.is_set)
    closing = asyncio.create_task(parser_pool.close())
    await asyncio.sleep(0)
    first.cancel()
    go_on.set()
    await closing
    await asyncio.wait({first, second}, timeout=30)
    assert first.cancelled()
    assert second.cancelled()
    assert [pool.active for pool in starts] == [False]
    assert not pids()
