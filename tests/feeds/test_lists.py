"""Lists of feeds elsewhere: how they are requested, and which feeds they give. Over real HTTP, with a set clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from ipaddress import ip_network

import pytest

from config import Blog, Config, Fetch, ListedFeed
from feeds.concurrency import ExchangeSlots
from feeds.fetch import Fetcher
from feeds.followed_feeds import FollowedFeed
from feeds.lists import FORGOTTEN_AFTER_SECONDS, INTERVAL, MAX_BYTES, ListPoller
from feeds.poll import Poll
from feedstate import FeedState
from opml.lists import KIND, MAX_FEEDS, FeedList, Lists, id_of
from tests.feeds.documents import rss
from tests.feeds.origins import RawOrigin, answer, moved, whole
from tests.feeds.polling import DAY, HOUR, MINUTE, Clock, FaultyTimeline, Log, WatchedParserPool

EMPTY = b'<opml version="2.0"><body><outline text="Nothing"/></body></opml>'


def opml(*names: str, attributes: str = "") -> bytes:
    outlines = "".join(f'<outline text="{n}" xmlUrl="https://{n}.example/" {attributes}/>' for n in names)
    return f'<opml version="2.0"><head><title>List</title></head><body>{outlines}</body></opml>'.encode()


@dataclass
class Reader:
    """A poller of the lists of one blog, whose clock the test moves."""

    timeline: FaultyTimeline
    parser_pool: WatchedParserPool
    clock: Clock = field(default_factory=Clock)
    config: Config = field(default_factory=lambda: Config(blogs=()))

    def __post_init__(self) -> None:
        self.fetcher = Fetcher(
            user_agent="Livelog/test", timeout=5, max_bytes=15_000_000, concurrency=8, clock=self.clock
        )
        self.lists = Lists(self.timeline)
        self._poller = ListPoller(self.timeline, self.fetcher, self.parser_pool, self.clock)

    async def follow(self, url: str) -> FeedList:
        self.config = Config(fetch=Fetch(), blogs=(Blog(slug="blog", title="Blog", opml=url),))
        return await self.later(0)

    async def later(self, seconds: float) -> FeedList:
        """Moves the clock on; returns the list as it is then."""
        self.clock.now += seconds
        await self.lists.read(self.config)
        await self._poller.poll_due(self.config, self.lists)
        await self.lists.read(self.config)
        return self.lists.states[id_of(self.config.blogs[0].opml or "")]


@pytest.fixture
async def reader(processes: WatchedParserPool) -> AsyncIterator[Reader]:
    timeline = await FaultyTimeline.open(":memory:")
    assert isinstance(timeline, FaultyTimeline)
    made = Reader(timeline, processes)
    yield made
    made.fetcher.close()
    await timeline.close()


def names(known: FeedList) -> list[str | None]:
    return [feed.title for feed in known.feeds]


async def test_a_list_is_requested_hourly_with_its_validators(reader: Reader, origin: RawOrigin) -> None:
    url = origin.serve("/list", whole(opml("a", "b"), 'ETag: "1"'))
    known = await reader.follow(url)
    assert (names(known), known.problem, known.status) == (["a", "b"], None, 200)
    await reader.later(INTERVAL - 1)
    assert len(origin.heads) == 1
    origin.serve("/list", answer(status="304 Not Modified"))
    known = await reader.later(0.1 * INTERVAL + 1)
    assert '\r\nIf-None-Match: "1"\r\n' in origin.heads[1]
    assert (names(known), known.status) == (["a", "b"], 304)


async def test_lists_do_not_ask_together(reader: Reader, origin: RawOrigin) -> None:
    waits = set()
    for n in range(5):
        known = await reader.follow(origin.serve(f"/list?{n}", whole(opml("a"))))
        waits.add(known.next_at - reader.clock())
    assert len(waits) == 5
    assert all(INTERVAL <= wait <= 1.1 * INTERVAL for wait in waits)


async def test_the_publisher_may_ask_for_a_longer_interval(reader: Reader, origin: RawOrigin) -> None:
    url = origin.serve("/list", whole(opml("a"), "Cache-Control: max-age=99999999"))
    known = await reader.follow(url)
    assert DAY <= known.next_at - reader.clock() <= 1.1 * DAY


async def test_feeds_come_and_go_with_their_list(reader: Reader, origin: RawOrigin) -> None:
    url = origin.serve("/list", whole(opml("a", "b")))
    await reader.follow(url)
    origin.serve("/list", whole(opml("b", "c")))
    assert names(await reader.later(2 * HOUR)) == ["b", "c"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (whole(b"", status="500 Internal Server Error"), "The answer was 500 Internal Server Error."),
        (whole(EMPTY), "Its document is no list of feeds: OPML: has no feeds that Livelog can follow."),
        (whole(b""), "Its document is no list of feeds: OPML:1: is not valid XML: no element found."),
        (whole(b"<!doctype html><p>Hello"), "Its document is no list of feeds: OPML:1: is not valid XML: "),
        (whole(b"<rss/>"), "Its document is no list of feeds: OPML:1: is not OPML: it begins with <rss>."),
        (whole(b"{}"), "Its document is no list of feeds: OPML:1: is not valid XML: "),
        (whole(opml("a") + b" " * MAX_BYTES), f"The answer is larger than {MAX_BYTES} bytes."),
        (whole(opml("a"), status="226 IM Used"), "The answer has only a part of the list."),
        (
            whole(b'<!DOCTYPE opml [<!ENTITY a "b">]><opml/>'),
            "Its document is no list of feeds: OPML:1: declares entities or the like in its <!DOCTYPE>",
        ),
    ],
    ids=["500", "empty", "nothing", "page", "rss", "json", "large", "226", "entities"],
)
async def test_a_list_that_cannot_be_read_keeps_its_last_good_feeds(
    reader: Reader, origin: RawOrigin, log: Log, body: bytes, problem: str
) -> None:
    url = origin.serve("/list", whole(opml("a", "b")))
    await reader.follow(url)
    origin.serve("/list", body)
    known = await reader.later(2 * HOUR)
    assert names(known) == ["a", "b"]
    assert str(known.problem).startswith(problem)
    assert (known.failures, known.failing_since) == (1, reader.clock())
    (line,) = log.heard()
    assert line.startswith(f"List {url}: {known.problem} Its last good feeds stay. Next try in ")
    origin.serve("/list", whole(opml("c")))
    known = await reader.later(HOUR)
    assert (names(known), known.problem, known.failures) == (["c"], None, 0)
    assert log.heard() == [f"List {url}: well again after 1 failed request."]


async def test_failures_back_off_up_to_a_day(reader: Reader, origin: RawOrigin, log: Log) -> None:
    url = origin.serve("/list", whole(b"", status="500 Internal Server Error"))
    known = await reader.follow(url)
    waits = [known.next_at - reader.clock()]
    for _ in range(12):
        known = await reader.later(waits[-1])
        waits.append(known.next_at - reader.clock())
    assert waits[0] < 10 * MINUTE
    assert waits == sorted(waits[:9]) + waits[9:], "each is longer"
    assert DAY <= waits[-1] < 1.2 * DAY
    log.heard()


async def test_a_retry_after_is_kept(reader: Reader, origin: RawOrigin, log: Log) -> None:
    url = origin.serve("/list", whole(b"", "Retry-After: 172800", status="429 Too Many Requests"))
    known = await reader.follow(url)
    assert known.next_at - reader.clock() >= 2 * DAY
    await reader.later(2 * DAY - 1)
    assert len(origin.heads) == 1
    log.heard()


async def test_a_redirect_is_followed_but_not_into_a_private_network(
    reader: Reader, origin: RawOrigin, log: Log
) -> None:
    origin.serve("/new", whole(opml("a")))
    url = origin.serve("/list", moved(origin.url("/new")))
    assert names(await reader.follow(url)) == ["a"]
    origin.serve("/list", moved(f"http://localhost:{origin.port}/new"))
    known = await reader.later(2 * HOUR)
    assert "leads to the private address" in str(known.problem)
    log.heard()


async def test_the_first_thousand_feeds_are_followed_and_the_rest_is_counted(
    reader: Reader, origin: RawOrigin
) -> None:
    bad = b'<outline text="Bad" xmlUrl="ftp://a.example/"/></body>'
    body = opml(*(f"a{n}" for n in range(MAX_FEEDS + 5))).replace(b"</body>", bad)
    known = await reader.follow(origin.serve("/list", whole(body)))
    assert (len(known.feeds), known.excess, known.left_out) == (MAX_FEEDS, 5, 1)


async def test_pages_of_a_list_keep_their_selectors(reader: Reader, origin: RawOrigin) -> None:
    page = opml("a", attributes='type="HTML+XPath" frss:xPathItem="//li"')
    known = await reader.follow(origin.serve("/list", whole(page)))
    assert known.feeds[0].scrape == {"list": "xpath://li"}
    assert FeedList.from_json(known.to_json()) == known


async def test_a_list_is_known_after_a_restart_before_it_is_requested(reader: Reader, origin: RawOrigin) -> None:
    await reader.follow(origin.serve("/list", whole(opml("a"))))
    again = Lists(reader.timeline)
    assert await again.read(reader.config)
    assert [names(known) for known in again.states.values()] == [["a"]]
    assert not await again.read(reader.config)


async def test_a_list_whose_job_was_lost_keeps_its_feeds_and_is_stored_again(
    reader: Reader, origin: RawOrigin
) -> None:
    url = origin.serve("/list", whole(opml("a")))
    await reader.follow(url)
    await reader.timeline.remove_job(KIND, id_of(url))
    known = await reader.later(0)
    assert names(known) == ["a"]
    assert await reader.timeline.job(KIND, id_of(url))


async def test_a_clock_that_is_set_back_stops_no_list(reader: Reader, origin: RawOrigin) -> None:
    url = origin.serve("/list", whole(opml("a")))
    await reader.follow(url)
    origin.serve("/list", whole(opml("b")))
    assert names(await reader.later(-365 * DAY)) == ["b"]


async def test_a_list_that_no_blog_follows_is_left_and_in_time_forgotten(reader: Reader, origin: RawOrigin) -> None:
    first = origin.serve("/first", whole(opml("a")))
    await reader.follow(first)
    await reader.follow(origin.serve("/second", whole(opml("b"))))
    await reader.later(2 * HOUR)
    assert sum("/first" in head for head in origin.heads) == 1
    assert await reader.timeline.job(KIND, id_of(first))
    await reader.later(FORGOTTEN_AFTER_SECONDS)
    assert await reader.timeline.job(KIND, id_of(first)) is None


async def test_a_private_address_of_a_list_is_refused_unless_its_network_is_allowed(
    origin: RawOrigin, processes: WatchedParserPool
) -> None:
    url = origin.serve("/feed", whole(rss("<title>One</title>")))
    followed = FollowedFeed(url, None, {"blog": ListedFeed(url=url)})
    for networks, problem in (((), "leads to the private address 127.0.0.1"), ([ip_network("127.0.0.0/8")], "None")):
        fetcher = Fetcher(user_agent="t", timeout=5, max_bytes=10**6, concurrency=8, private_networks=networks)
        slots = ExchangeSlots(8, fetcher.hosts)
        result = await Poll(followed, FeedState(url=url), slots, fetcher, processes, lambda: 1.8e9).run()
        fetcher.close()
        assert problem in str(result.state.problem)
    assert len(origin.heads) == 1
