"""`/<blog>/events`: the live stream as Server-Sent Events."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from connections.eventstream import MAX_RECEIVED_BYTES, RETRY_MILLISECONDS, EventStreamConnection
from fanout.channel import MAX_BEHIND_BYTES
from tests.connections.bare import Bare, events, websocket
from tests.livelog import until
from tests.site import Site
from tests.timeline.drafts import commit, entry

SMALL = 4_096


def clients(site: Site) -> list[EventStreamConnection]:
    """The connections of the blog, as the server has them."""
    return [
        client for client in site.fanout._channels["blog"].connections() if isinstance(client, EventStreamConnection)
    ]


async def missed(site: Site, count: int) -> str:
    """Publishes so many posts; returns the cursor of before."""
    start = str(await site.timeline.head("blog"))
    for n in range(count):
        await commit(site.timeline, entry(f"e{n}"))
    await until(lambda: site.fanout.events == count)
    return start


async def fill(site: Site, client: EventStreamConnection) -> int:
    """Publishes until the kernel takes no more for a client; returns how many posts that took."""
    count = 0
    while not client.stream.writing():
        await commit(site.timeline, entry(f"f{count:03}", content_html="x" * 60_000))
        count += 1
        await until(lambda: client.seq == site.fanout._channels["blog"].history.head.seq)
    return count


async def ids(bare: Bare, count: int) -> list[str]:
    return [(await bare.block()).data["item"]["id"] for _ in range(count)]


async def test_the_answer_says_what_it_is_and_that_nobody_may_keep_or_change_it(site: Site) -> None:
    async with events(site.port, "/blog/events", "Accept-Encoding: gzip") as bare:
        assert bare.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert bare.headers["Cache-Control"] == "no-cache, no-transform"
        assert bare.headers["X-Accel-Buffering"] == "no"
        assert bare.headers["X-Content-Type-Options"] == "nosniff"
        assert bare.headers["Connection"] == "close"
        assert not {"Content-Length", "Transfer-Encoding", "Content-Encoding"} & set(bare.headers)
        retry = await bare.line()
        assert retry.startswith("retry: ")
        assert RETRY_MILLISECONDS[0] <= int(retry.removeprefix("retry: ")) <= RETRY_MILLISECONDS[1]
        assert await bare.line() == "\n"


async def test_browsers_are_told_to_reconnect_at_different_times(site: Site) -> None:
    retries = set()
    for _ in range(10):
        async with events(site.port) as bare:
            retries.add(await bare.line())
    assert len(retries) > 1


async def test_hello_first_then_what_comes(site: Site) -> None:
    async with events(site.port) as bare:
        hello = await bare.block()
        assert (hello.event, hello.data["type"], hello.id) == ("hello", "hello", hello.data["cursor"])
        await commit(site.timeline, entry("a"))
        block = await bare.block()
        assert (block.event, block.data["type"], block.id) == ("entry", "entry", block.data["cursor"])
        assert block.data["item"]["id"] == "a"
        await commit(site.timeline, withdrawn=[("blog", "a")])
        assert (await bare.block()).data["id"] == "a"


async def test_it_says_what_a_websocket_says(site: Site) -> None:
    start = await missed(site, 3)
    async with (
        events(site.port, f"/blog/events?after={start}") as bare,
        websocket(site.port, f"/blog/ws?after={start}") as other,
    ):
        for _ in range(4):
            assert (await bare.block()).data == await other.message()


async def test_after_resumes_and_last_event_id_wins(site: Site) -> None:
    start = await missed(site, 3)
    epoch = start.partition(".")[0]
    async with events(site.port, f"/blog/events?after={start}") as bare:
        assert (await bare.block()).data["missed"] == 3
        assert await ids(bare, 3) == ["e0", "e1", "e2"]
    async with events(site.port, f"/blog/events?after={start}", f"Last-Event-ID: {epoch}.2") as bare:
        assert (await bare.block()).data["missed"] == 1
        assert await ids(bare, 1) == ["e2"]
    async with events(site.port, f"/blog/events?after={start}", "Last-Event-ID:") as bare:
        assert (await bare.block()).data["missed"] == 3


async def test_what_breaks_off_in_the_middle_of_what_was_missed_goes_on_from_there(site: Site) -> None:
    """A browser reconnects with the last id that it got; a hello that named the head would make it skip the rest."""
    start = await missed(site, 7)
    last_id = start
    got: list[str] = []
    while len(got) < 7:
        async with events(site.port, f"/blog/events?after={start}", f"Last-Event-ID: {last_id}") as bare:
            hello = await bare.block()
            assert hello.data["missed"] == 7 - len(got)
            assert hello.id is None
            for _ in range(3 if len(got) < 6 else 1):
                block = await bare.block()
                assert block.id is not None
                last_id = block.id
                got.append(block.data["item"]["id"])
    assert got == [f"e{n}" for n in range(7)]


@pytest.mark.parametrize("after", ["", "x", "%ff", "%00", "a" * 3_000, "00000000.5"])
async def test_a_cursor_that_is_none_of_ours_gets_a_reset(site: Site, after: str) -> None:
    async with events(site.port, f"/blog/events?after={after}") as bare:
        hello = await bare.block()
        assert (hello.data["recovered"], hello.id) == (False, None)
        reset = await bare.block()
        assert (reset.event, reset.id) == ("reset", reset.data["cursor"])


async def test_a_browser_of_another_life_of_the_store_gets_a_reset(site: Site) -> None:
    async with events(site.port, "/blog/events", "Last-Event-ID: 00000000.5") as bare:
        await bare.block()
        assert (await bare.block()).data["gap"] == {"after": "00000000.5", "reason": "epoch"}


async def test_what_a_client_says_after_its_request_is_ignored(site: Site) -> None:
    async with events(site.port) as bare:
        await bare.block()
        bare.send(b"GET /blog/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await commit(site.timeline, entry("a"))
        assert await ids(bare, 1) == ["a"]
    await until(lambda: site.fanout.readers()["blog"] == 0)


async def test_who_says_more_than_a_little_is_cut_off(site: Site) -> None:
    async with events(site.port) as bare:
        bare.send(b"x" * (MAX_RECEIVED_BYTES + 1))
        assert await bare.has_ended()
    await until(lambda: site.fanout.readers()["blog"] == 0)


async def test_a_comment_tells_that_the_server_is_there(site: Site) -> None:
    async with events(site.port) as bare:
        await bare.block()
        (client,) = clients(site)
        await commit(site.timeline, entry("a"))
        assert await ids(bare, 1) == ["a"]
        client.ping()
        assert [await bare.line(), await bare.line()] == [":\n", "\n"]
        client.check_alive()
        await commit(site.timeline, entry("b"))
        assert await ids(bare, 1) == ["b"]


async def test_a_quiet_stream_gets_signs_of_life_that_a_page_can_see(site: Site) -> None:
    async with events(site.port) as bare:
        hello = await bare.block()
        (client,) = clients(site)
        for send in (client.ping, client.send_alive):
            send()
            block = await bare.block()
            assert (block.event, block.id) == ("alive", hello.data["cursor"])
            assert block.data == {"type": "alive", "cursor": hello.data["cursor"]}
        client.check_alive()
        assert not client.stream.closed()


async def test_a_batch_of_any_size_closes_no_one_who_reads(site: Site) -> None:
    async with events(site.port, buffer=SMALL) as bare:
        await bare.block()
        await commit(site.timeline, *(entry(f"e{n:02}", content_html="x" * 60_000) for n in range(40)))
        assert await ids(bare, 40) == [f"e{n:02}" for n in range(40)]


async def test_a_client_that_does_not_read_is_evicted_and_has_lost_nothing(site: Site) -> None:
    async with AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(events(site.port, buffer=SMALL)) for _ in range(3)]
        await until(lambda: site.fanout.readers()["blog"] == 3)
        sent = 0
        while site.fanout.readers()["blog"]:
            assert sent < 40 * MAX_BEHIND_BYTES, "there is no bound"
            await commit(site.timeline, entry(f"e{sent}", content_html="x" * 60_000))
            await asyncio.sleep(0)
            sent += 60_000
        got: list[str] = []
        last_id = None
        while (block := await slow[0].block_or_end()) is not None:
            got, last_id = [*got, block.data.get("item", {}).get("id")], block.id
        await until(lambda: site.fanout.events == sent // 60_000)
        async with events(site.port, "/blog/events", f"Last-Event-ID: {last_id}") as bare:
            rest = sent // 60_000 - len(got) + 1
            assert (await bare.block()).data["missed"] == rest
            got += await ids(bare, rest)
        assert got[1:] == [f"e{at}" for at in range(0, sent, 60_000)]


async def test_a_client_that_took_nothing_between_two_signs_of_life_is_cut_off(site: Site) -> None:
    async with events(site.port, buffer=SMALL) as bare:
        await bare.block()
        (client,) = clients(site)
        await fill(site, client)
        client.ping()
        client.check_alive()
        assert client.stream.closed()
    await until(lambda: site.fanout.readers()["blog"] == 0)


async def test_a_client_that_is_slow_but_takes_something_stays(site: Site) -> None:
    async with events(site.port, buffer=SMALL) as bare:
        await bare.block()
        (client,) = clients(site)
        count = await fill(site, client)
        client.ping()
        await ids(bare, count)
        client.check_alive()
        await commit(site.timeline, entry("last"))
        assert await ids(bare, 1) == ["last"]


async def test_clients_are_counted_and_forgotten(site: Site) -> None:
    async with events(site.port) as bare:
        await bare.block()
        assert site.fanout.readers() == {"blog": 1, "other": 0}
    await until(lambda: site.fanout.readers() == {"blog": 0, "other": 0})
