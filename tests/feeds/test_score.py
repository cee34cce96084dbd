"""A feed reader's score: a fortnight of a moved clock before origins that hold Livelog to Rachel Kroll's criteria.

The criteria are those of her feed reader score (https://rachelbythebay.com/fs/): what a publisher sees of a
well-behaved reader. The origins are real; restarts fall where they may.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from itertools import pairwise

import pytest

from tests.feeds.documents import rss
from tests.feeds.origins import whole
from tests.feeds.polling import DAY, HOUR, MINUTE, Clock, Desk, FaultyTimeline, WatchedParserPool

FORTNIGHT = 14 * DAY
STEP = 10 * MINUTE
BEGIN = 1_799_539_200.0
PEACE = 86_400.0


@dataclass(frozen=True)
class Request:
    """One request as the publisher saw it, and what it answered."""

    at: float
    target: str
    headers: Mapping[str, str]
    status: int
    etag: str | None
    last_modified: str | None

    @property
    def conditional(self) -> bool:
        return "if-none-match" in self.headers or "if-modified-since" in self.headers


@dataclass
class Publisher:
    """One feed, and how its server treats it. It gets a post every seven hours."""

    has_etag: bool = True
    has_date: bool = True
    lines: tuple[str, ...] = ()
    peace_from: float = 2**40
    moved_from: float = 2**40
    touched: set[float] = field(default_factory=set)

    def version(self, now: float) -> tuple[int, int]:
        """How many posts there are, and how often the file was touched without a change."""
        return int((now - BEGIN) // (7 * HOUR)), sum(at <= now for at in self.touched)

    def etag(self, now: float) -> str | None:
        """An entity tag that no parser would survive."""
        return f'W/"v {self.version(now)}, \\"x\\""' if self.has_etag else None

    def last_modified(self, now: float) -> str | None:
        """A date that is none, of the last post: a touch leaves it."""
        return f"the {self.version(now)[0]}th change, 1:05 pm" if self.has_date else None

    def body(self, now: float) -> bytes:
        """The newest ten posts."""
        newest = self.version(now)[0]
        return rss(*(f"<guid>{n}</guid><title>Post {n}</title>{_date(n)}" for n in range(newest, newest - 10, -1)))


def _date(n: int) -> str:
    return f"<pubDate>{formatdate(BEGIN + n * 7 * HOUR)}</pubDate>"


class Scoring:
    """A host of publishers that writes down what it is asked."""

    def __init__(self, clock: Clock, publishers: Mapping[str, Publisher]) -> None:
        self.clock = clock
        self.publishers = publishers
        self.requests: list[Request] = []
        self.port = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def of(self, path: str) -> list[Request]:
        """The requests for a path, in order."""
        return [request for request in self.requests if request.target == path]

    def counted(self, path: str) -> list[Request]:
        """Those that were not redirected."""
        return [request for request in self.of(path) if request.status in (200, 304)]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.strip().split("\r\n")
        named = (line.partition(":") for line in lines)
        headers = {name.lower(): value.removeprefix(" ") for name, _, value in named}
        assert line.startswith("GET ")
        writer.write(self._answer(line.split(" ")[1], headers))
        await writer.drain()
        writer.close()

    def _answer(self, target: str, headers: Mapping[str, str]) -> bytes:
        now, path = self.clock.now, target.removesuffix("-moved")
        publisher = self.publishers[path]
        etag, last_modified = publisher.etag(now), publisher.last_modified(now)
        lines = [*publisher.lines, "Set-Cookie: seen=1; Path=/"]
        lines += [f"ETag: {etag}"] * bool(etag) + [f"Last-Modified: {last_modified}"] * bool(last_modified)
        status, body = "200 OK", publisher.body(now)
        asked = headers.get("if-none-match"), headers.get("if-modified-since")
        if publisher.peace_from <= now < publisher.peace_from + PEACE:
            status, body, lines = "429 Too Many Requests", b"", [f"Retry-After: {PEACE:.0f}"]
        elif now >= publisher.moved_from and target == path:
            status, body, lines = "301 Moved Permanently", b"", [f"Location: {path}-moved"]
        elif any(asked) and asked == (etag, last_modified):
            status, body = "304 Not Modified", b""
        self.requests.append(Request(now, target, headers, int(status[:3]), etag, last_modified))
        return whole(body, *lines, status=status)


@asynccontextmanager
async def scoring(clock: Clock, publishers: Mapping[str, Publisher]) -> AsyncIterator[Scoring]:
    origin = Scoring(clock, publishers)
    async with await asyncio.start_server(origin.talk, "127.0.0.1", 0) as server:
        origin.port = server.sockets[0].getsockname()[1]
        yield origin


@dataclass(frozen=True)
class Fortnight:
    """What the hosts saw, and when the reader was started anew."""

    kind: Scoring
    tired: Scoring
    restarts: list[float]


@pytest.fixture(scope="module")
def fortnight() -> Fortnight:
    """Fourteen simulated days."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("feeds.poller.TICK_INTERVAL", 3_600.0)
        return asyncio.run(_fortnight())


async def _fortnight() -> Fortnight:
    clock, chance = Clock(), random.Random(4)
    clock.now = BEGIN
    kind = {
        "/both": Publisher(),
        "/touched": Publisher(touched={BEGIN + n * HOUR for n in range(14 * 24)}),
        "/etag": Publisher(has_date=False),
        "/date": Publisher(has_etag=False),
        "/none": Publisher(has_etag=False, has_date=False),
        "/fresh": Publisher(lines=(f"Cache-Control: max-age={6 * HOUR:.0f}",)),
        "/moved": Publisher(moved_from=BEGIN + 3 * DAY),
    }
    tired = {"/tired": Publisher(peace_from=BEGIN + 2.5 * DAY), "/beside": Publisher()}
    timeline, parser_pool = await FaultyTimeline.open(":memory:"), WatchedParserPool()
    assert isinstance(timeline, FaultyTimeline)
    desk, restarts = Desk(timeline, parser_pool, clock), []
    async with scoring(clock, kind) as one, scoring(clock, tired) as other:
        feeds = [{"url": one.url(path), "interval": None} for path in kind]
        feeds += [{"url": other.url(path), "interval": None} for path in tired]
        await desk.follow(*feeds)
        while clock.now < BEGIN + FORTNIGHT:
            await desk.later(STEP)
            if chance.random() < 0.01 or clock.now == BEGIN + 3 * DAY:
                restarts.append(clock.now)
                await desk.follow(*feeds)
        await desk.stop()
    await parser_pool.close()
    await timeline.close()
    return Fortnight(one, other, restarts)


ALL = ["/both", "/touched", "/etag", "/date", "/none", "/fresh"]
VALIDATED = ["/both", "/touched", "/etag", "/date", "/fresh"]


@pytest.mark.parametrize("path", VALIDATED)
def test_1_a_feed_is_asked_for_without_condition_once_ever(fortnight: Fortnight, path: str) -> None:
    requests = fortnight.kind.of(path)
    assert [request.conditional for request in requests] == [False] + [True] * (len(requests) - 1)
    assert len(requests) > 40
    assert len(fortnight.restarts) > 10


@pytest.mark.parametrize("path", VALIDATED)
def test_2_3_4_validators_come_back_byte_for_byte_and_never_an_older_pair(fortnight: Fortnight, path: str) -> None:
    for before, request in pairwise(fortnight.kind.of(path)):
        assert request.headers.get("if-none-match") == before.etag
        assert request.headers.get("if-modified-since") == before.last_modified


def test_3_both_validators_are_replaced_though_one_or_the_body_is_the_same(fortnight: Fortnight) -> None:
    changes = [
        (before.last_modified == after.last_modified, after.status)
        for before, after in pairwise(fortnight.kind.of("/touched"))
        if before.etag != after.etag
    ]
    assert changes.count((True, 200)) > 10, "a touch: another tag, the same date and body"
    assert len(changes) > 40


def test_5_validators_are_dropped_when_the_address_changes(fortnight: Fortnight) -> None:
    first = fortnight.kind.of("/moved-moved")[0]
    assert not first.conditional
    assert all(request.conditional for request in fortnight.kind.of("/moved-moved")[1:])


def test_5_a_move_is_heeded_after_seven_days(fortnight: Fortnight) -> None:
    moved_at = fortnight.kind.of("/moved-moved")[0].at
    asked = [request.at for request in fortnight.kind.of("/moved")]
    assert moved_at + 7 * DAY - 5 * HOUR < asked[-1] < moved_at + 7 * DAY
    assert fortnight.kind.of("/moved-moved")[-1].at > asked[-1] + 3 * DAY


@pytest.mark.parametrize("path", ALL)
def test_6_an_hour_lies_between_two_requests(fortnight: Fortnight, path: str) -> None:
    gaps = [after.at - before.at for before, after in pairwise(fortnight.kind.of(path))]
    assert min(gaps) >= HOUR


def test_6_max_age_is_not_undercut(fortnight: Fortnight) -> None:
    assert min(after.at - before.at for before, after in pairwise(fortnight.kind.of("/fresh"))) >= 6 * HOUR


def test_6_a_feed_without_validators_is_asked_as_seldom_as_loses_nothing(fortnight: Fortnight) -> None:
    requests = fortnight.kind.of("/none")
    assert min(after.at - before.at for before, after in pairwise(requests)) >= 13 * HOUR
    # Ten posts are listed, one comes every seven hours: nothing rolls off unseen.
    assert max(after.at - before.at for before, after in pairwise(requests)) < 70 * HOUR


@pytest.mark.parametrize("path", ALL)
def test_7_a_restart_polls_no_earlier(fortnight: Fortnight, path: str) -> None:
    asked = [request.at for request in fortnight.kind.of(path)]
    for restart in fortnight.restarts:
        before = max((at for at in asked if at < restart), default=restart)
        after = min((at for at in asked if at >= restart), default=restart + DAY)
        assert after - before >= HOUR


def test_8_who_asks_for_peace_gets_it_and_so_does_the_whole_host(fortnight: Fortnight) -> None:
    refused = [request for request in fortnight.tired.requests if request.status == 429]
    assert len(refused) == 1
    after = min(request.at for request in fortnight.tired.requests if request.at > refused[0].at)
    assert after >= refused[0].at + PEACE
    assert any(refused[0].at < restart < refused[0].at + PEACE for restart in fortnight.restarts)
    assert fortnight.tired.of("/tired")[-1].at > BEGIN + 13 * DAY


def test_9_no_cookie_referrer_or_query_is_ever_sent(fortnight: Fortnight) -> None:
    for request in (*fortnight.kind.requests, *fortnight.tired.requests):
        assert "?" not in request.target
        assert request.headers.keys() <= {
            "accept",
            "accept-encoding",
            "a-im",
            "connection",
            "host",
            "if-modified-since",
            "if-none-match",
            "user-agent",
        }


def test_10_the_user_agent_is_one_and_says_who_asks(fortnight: Fortnight) -> None:
    assert {request.headers["user-agent"] for request in fortnight.kind.requests} == {"Livelog/test"}


def test_11_nothing_but_the_feeds_is_fetched(fortnight: Fortnight) -> None:
    assert {request.target for request in fortnight.kind.requests} == {*fortnight.kind.publishers, "/moved-moved"}
