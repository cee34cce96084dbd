"""The poller, over real HTTP, real parser processes and a real store: when it asks, what it commits, what it says."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tornado.web import RequestHandler

from demo.newsroom import Newsroom
from entries import FRONT_PAGE
from feeds import schedule
from feeds.leases import LEASE_SECONDS
from feeds.parser_pool import ParserKilledError
from feeds.poll import BUG
from feeds.result import CUT_OFF
from tests.feeds.documents import rss
from tests.feeds.held_claims import HeldClaims
from tests.feeds.origins import RawOrigin, answer, silent, whole
from tests.feeds.polling import DAY, HOUR, MINUTE, Desk, Log, RunningClock
from tests.livelog import until
from timeline import HistoryLostError, LeaseLostError, TimelineError

ONE, TWO = "<guid>1</guid><title>One</title>", "<guid>2</guid><title>Two</title>"


def ago(seconds: float, desk: Desk) -> datetime:
    """A date."""
    return datetime.fromtimestamp(desk.clock.now, UTC) - timedelta(seconds=seconds)


def trouble(desk: Desk) -> str | None:
    """Why commits fail now."""
    return desk.poller.trouble


# When it asks


async def test_a_new_feed_is_polled_at_once(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="City desk")
    feed.publish(title="First")
    await desk.follow(feed.url)
    assert await desk.titles() == ["First"]
    state = await desk.state()
    assert (state.title, state.status, state.problem, state.failures) == ("City desk", 200, None, 0)
    assert state.checked_at == state.ok_at == desk.clock.now


async def test_a_feed_is_polled_when_it_is_due_and_not_before(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    await desk.follow(feed.url)
    await desk.later(MINUTE - 1)
    assert len(newsroom.requests) == 1
    await desk.later(1)
    assert len(newsroom.requests) == 2
    assert (await desk.state()).next_at == desk.clock.now + MINUTE


async def test_a_feed_of_a_short_interval_does_not_wait_for_the_ticker(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    desk.clock = RunningClock()
    await desk.follow({"url": feed.url, "interval": 1.0})
    await until(lambda: len(newsroom.requests) >= 3)


async def test_what_becomes_due_while_the_timeline_is_asked_is_not_left_to_the_ticker(
    desk: Desk, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    await desk.follow(feed.url)
    claims = HeldClaims(desk.timeline, monkeypatch)
    early = asyncio.create_task(desk.poller.tick())
    await claims.are_made.wait()
    desk.clock.now += MINUTE
    await desk.poller.tick()
    claims.go_on.set()
    await early
    await desk.settled()
    assert len(newsroom.requests) == 2


async def test_an_interval_of_auto_follows_the_pace_of_the_feed(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    for n in range(30):
        feed.publish(title=f"{n}", published=ago((30 - n) * 20 * MINUTE, desk))
    for n in range(1, 16):
        feed.publish(title="announced", published=ago(-n * DAY, desk))
    await desk.follow({"url": feed.url, "interval": None})
    wait = (await desk.state()).next_at - desk.clock.now
    assert 10 * MINUTE <= wait <= 11 * MINUTE
    await desk.later(wait)
    assert newsroom.requests[-1].status == 304
    assert 10 * MINUTE <= (await desk.state()).next_at - desk.clock.now <= 11 * MINUTE, "known without the entries"


async def test_the_pace_of_a_feed_that_dates_only_changes_is_known(desk: Desk, origin: RawOrigin) -> None:
    dates = [ago(n * 20 * MINUTE, desk).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(1, 9)]
    items = [f"<guid>{n}</guid><title>t</title><dc:date>{date}</dc:date>" for n, date in enumerate(dates)]
    await desk.follow({"url": origin.serve("/a", whole(rss(*items), 'ETag: "1"')), "interval": None})
    assert (await desk.state()).next_at - desk.clock.now <= 11 * MINUTE


async def test_a_restart_does_not_poll_early(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    await desk.follow(feed.url)
    desk.clock.now += 20
    await desk.follow(feed.url)
    assert len(newsroom.requests) == 1
    await desk.later(40)
    assert len(newsroom.requests) == 2


async def test_a_shorter_interval_counts_from_the_last_poll(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    await desk.follow({"url": feed.url, "interval": HOUR})
    desk.clock.now += 20
    await desk.follow({"url": feed.url, "interval": 30})
    assert len(newsroom.requests) == 1
    await desk.later(10)
    assert len(newsroom.requests) == 2


async def test_a_feed_of_two_blogs_is_fetched_once_at_the_shorter_interval(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="First")
    await desk.follow(one=[{"url": feed.url, "interval": HOUR}], two=[{"url": feed.url, "interval": MINUTE}])
    assert len(newsroom.requests) == 1
    assert await desk.titles("one") == await desk.titles("two") == ["First"]
    await desk.later(MINUTE)
    assert len(newsroom.requests) == 2


# What it commits


async def test_what_is_published_is_an_event_where_it_was_seen(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    await desk.follow(feed.url)
    feed.publish(title="News", html="<p>Text</p>", published=ago(30, desk))
    await desk.later()
    (event,) = await desk.events()
    assert event.kind == "entry"
    (item,) = await desk.items()
    seen = datetime.fromisoformat(item["_livelog"]["position"]).timestamp()
    assert (item["title"], item["content_html"], seen) == ("News", "<p>Text</p>", desk.clock.now)


async def test_what_is_corrected_is_an_update(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    post = feed.publish(title="Two hurt")
    await desk.follow(feed.url)
    feed.correct(post.guid, title="Three hurt")
    await desk.later()
    assert [event.kind for event in await desk.events()] == ["entry", "update"]
    assert await desk.titles() == ["Three hurt"]


async def test_what_did_not_change_is_neither_sent_nor_read_nor_committed_again(
    desk: Desk, newsroom: Newsroom
) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="First")
    await desk.follow(feed.url)
    await desk.later()
    assert [request.status for request in newsroom.requests] == [200, 304]
    assert desk.parser_pool.documents == 1
    state, entries = desk.timeline.commits[-1]
    assert (state.status, state.checked_at, state.next_at) == (304, desk.clock.now, desk.clock.now + MINUTE)
    assert not entries
    assert len(desk.listed()) == 1


async def test_the_same_bytes_are_not_read_again(desk: Desk, origin: RawOrigin) -> None:
    await desk.follow(origin.serve("/a", whole(rss(ONE))))
    await desk.later()
    assert (len(origin.heads), desk.parser_pool.documents) == (2, 1)
    origin.serve("/a", whole(rss(TWO, ONE)))
    await desk.later()
    assert desk.parser_pool.documents == 2
    assert [len(entries) for _, entries in desk.timeline.commits] == [1, 0, 1], "what is known is left out"


async def test_validators_are_committed_together_with_the_entries(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="First")
    await desk.follow(feed.url)
    ((state, entries),) = desk.timeline.commits
    assert state.etag
    assert state.last_modified
    assert [entry.title for entry in entries] == ["First"]
    desk.timeline.faults["commit"] = LeaseLostError("late")
    feed.publish(title="Second")
    await desk.later()
    del desk.timeline.faults["commit"]
    await desk.later(HOUR)
    sent = [request.headers.get("If-None-Match") for request in newsroom.requests]
    assert sent == [None, state.etag, state.etag], "of a commit that failed nothing is kept"
    assert await desk.titles() == ["Second", "First"]


@pytest.mark.parametrize(
    ("second", "third"),
    [
        (whole(rss(ONE, TWO), 'ETag: "2"', "Last-Modified: later"), ('"2"', "later")),
        (whole(rss(ONE, TWO), 'ETag: "2"'), ('"2"', None)),
        (whole(rss(ONE, TWO)), (None, None)),
        (whole(rss(ONE), 'ETag: "2"', "Last-Modified: later"), ('"2"', "later")),
        (whole(rss(ONE), "Last-Modified: later"), (None, "later")),
        (answer('ETag: "2"', status="304 x"), ('"2"', "first")),
        (answer("Last-Modified: later", status="304 x"), ('"1"', "later")),
        (answer(status="304 x"), ('"1"', "first")),
        (whole(b"", status="500 x"), ('"1"', "first")),
        (whole(rss(ONE, TWO)[:-20], 'ETag: "2"'), (None, None)),
    ],
    ids=[
        "both",
        "one",
        "none",
        "both of the same",
        "one of the same",
        "304 etag",
        "304 date",
        "304",
        "500",
        "broken",
    ],
)
async def test_each_validator_is_replaced_by_what_the_last_good_answer_says(
    desk: Desk, origin: RawOrigin, log: Log, second: bytes, third: tuple[str | None, str | None]
) -> None:
    await desk.follow(origin.serve("/a", whole(rss(ONE), 'ETag: "1"', "Last-Modified: first")))
    origin.serve("/a", second)
    await desk.later()
    await desk.later(HOUR)
    log.heard()
    headers = [line.partition(": ")[::2] for line in origin.heads[2].split("\r\n")]
    sent = {name: value for name, value in headers if name.startswith("If-")}
    assert (sent.get("If-None-Match"), sent.get("If-Modified-Since")) == third


async def test_a_first_fetch_takes_its_places_by_date_and_floods_no_one(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A", keep=500)
    for n in range(500):
        feed.publish(title=f"{n}", published=ago((500 - n) * HOUR, desk))
    await desk.follow(feed.url)
    items = await desk.items()
    assert [item["title"] for item in items] == [f"{n}" for n in reversed(range(500))]
    assert items[0]["_livelog"]["position"][:19] == items[0]["date_published"][:19]
    assert len(await desk.events()) == FRONT_PAGE


async def test_an_old_entry_that_turns_up_late_stands_at_its_date(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="first", published=ago(HOUR, desk))
    await desk.follow(feed.url)
    feed.publish(title="old", published=ago(3 * DAY, desk))
    feed.publish(title="new", published=ago(10, desk))
    await desk.later()
    assert await desk.titles() == ["new", "first", "old"]


async def test_a_blog_that_is_new_to_a_feed_gets_what_it_has(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="old", published=ago(DAY, desk))
    await desk.follow(one=[feed.url])
    feed.publish(title="new", published=ago(30, desk))
    desk.clock.now += 10
    await desk.follow(one=[feed.url], two=[feed.url])
    assert await desk.titles("one") == await desk.titles("two") == ["new", "old"]
    assert [event.kind for event in await desk.events("one")] == ["entry", "entry"], "nothing twice"
    placed = [item["_livelog"]["position"] == item["_livelog"]["seen"] for item in await desk.items("two")]
    assert placed == [False, False], "backfilled"
    assert newsroom.requests[-1].headers.get("If-None-Match") is None, "all of it is needed"


async def test_each_blog_takes_what_it_wants_as_it_wants(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="The vote", categories=("politics",))
    feed.publish(title="The storm")
    await desk.follow(
        all=[feed.url],
        votes=[{"url": feed.url, "title": "Politics", "include": ["vote"], "tags": ["city", "politics"]}],
        rest=[{"url": feed.url, "exclude": ["politics"]}],
    )
    assert await desk.titles("all") == ["The storm", "The vote"]
    assert await desk.titles("rest") == ["The storm"]
    (vote,) = await desk.items("votes")
    assert (vote["tags"], vote["_livelog"]["source"]["title"]) == (["politics", "city"], "Politics")


async def test_an_expensive_pattern_is_named_once_and_loses_nothing(desk: Desk, newsroom: Newsroom, log: Log) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="a" * 100)
    await desk.follow(blog=[{"url": feed.url, "exclude": ("/(a+)+z/",)}], other=[feed.url])
    feed.publish(title="a" * 101)
    await desk.later()
    assert len(await desk.titles()) == len(await desk.titles("other")) == 2
    assert (await desk.state()).problem is None
    (line,) = log.heard()
    assert line == f"{feed.url}: the pattern /(a+)+z/ of blog blog takes too long, and was left out."
    assert list(desk.poller.slow_patterns) == [(feed.url, "blog", "/(a+)+z/")]


async def test_feeds_do_not_share_their_entries(desk: Desk, origin: RawOrigin) -> None:
    await desk.follow(origin.serve("/a", whole(rss(ONE))), origin.serve("/b", whole(rss(ONE))))
    assert await desk.titles() == ["One", "One"]


# What goes wrong, and what is said of it


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (whole(b"", status="404 x"), "The answer was 404 Not Found."),
        (whole(b"<html>"), "This is a web page, not a feed."),
        (whole(b""), "The answer was empty."),
        (answer("Content-Length: 9", body=b"x"), "The answer broke off before its end, or is damaged."),
        (whole(b"x" * 1_001), "The answer is larger than 1000 bytes."),
    ],
)
async def test_a_feed_that_fails_says_so_and_the_others_go_on(
    desk: Desk, origin: RawOrigin, newsroom: Newsroom, log: Log, bad: bytes, problem: str
) -> None:
    desk.fetch = {"max_bytes": 1_000}
    url = origin.serve("/bad", bad)
    good = newsroom.open_desk("/good.xml", title="G", format="json")
    await desk.follow(url, good.url)
    first = await desk.state(url)
    assert (first.problem, first.failures, first.failing_since) == (problem, 1, desk.clock.now)
    assert 60 <= first.next_at - desk.clock.now <= 66
    assert log.heard() == [f"{url}: {problem} Next try in {first.next_at - desk.clock.now:.0f} seconds."]
    good.publish(title="Well")
    await desk.later(2 * MINUTE)
    assert await desk.titles() == ["Well"]
    second = await desk.state(url)
    assert (second.failures, second.failing_since) == (2, first.failing_since)
    assert 120 <= second.next_at - desk.clock.now <= 132


async def test_a_feed_that_is_too_slow_says_so(desk: Desk, origin: RawOrigin, log: Log) -> None:
    desk.fetch = {"timeout": 1.0}
    await desk.follow(origin.serve("/slow", silent))
    assert (await desk.state()).problem == "No answer within 1 seconds."
    assert len(log.heard()) == 1


async def test_the_log_has_a_line_when_a_failure_begins_changes_and_ends(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    gone, broken = whole(b"", status="404 x"), whole(b"", status="500 x")
    url = origin.serve("/a", gone)
    await desk.follow(url.replace("//", "//user:secret@"))
    lines = [log.heard()]
    for now in (gone, gone, broken, broken, whole(rss(ONE)), whole(rss(ONE, TWO))):
        origin.serve("/a", now)
        await desk.later(DAY)
        lines.append(log.heard())
    assert [[line.partition(" Next")[0] for line in heard] for heard in lines] == [
        [f"{url}: The answer was 404 Not Found."],
        [],
        [],
        [f"{url}: The answer was 500 Internal Server Error."],
        [],
        [f"{url}: well again after 5 failed polls."],
        [],
    ]
    state = await desk.state()
    assert (state.problem, state.failures, state.failing_since, state.ok_at) == (None, 0, 0, desk.clock.now)


async def test_what_is_known_of_a_feed_outlives_a_failure(desk: Desk, newsroom: Newsroom, log: Log) -> None:
    feed = newsroom.open_desk("/a.xml", title="City desk")
    feed.publish(title="First")
    await desk.follow(feed.url)
    await newsroom.stop()
    await desk.later()
    assert log.heard()[0].startswith(f"{feed.url}: The connection was refused. Next try in ")
    failing = await desk.state()
    assert (failing.title, len(desk.listed()), bool(failing.etag)) == ("City desk", 1, True)
    await newsroom.start()
    await desk.later(2 * MINUTE)
    assert newsroom.requests[-1].status == 304
    assert len(log.heard()) == 1


@pytest.mark.parametrize(
    ("status", "line", "least", "most"),
    [
        ("429 x", "Retry-After: 7200", 2 * HOUR, 2 * HOUR),
        ("503 x", "Retry-After: 7200", 2 * HOUR, 2 * HOUR),
        ("503 x", "Retry-After: 5", MINUTE, 1.1 * MINUTE),
        ("410 x", "X: y", schedule.GONE_INTERVAL, schedule.GONE_INTERVAL),
    ],
)
async def test_a_publisher_that_asks_for_peace_gets_it(
    desk: Desk, origin: RawOrigin, log: Log, status: str, line: str, least: float, most: float
) -> None:
    await desk.follow(origin.serve("/a", whole(b"", line, status=status)))
    assert least <= (await desk.state()).next_at - desk.clock.now <= most
    assert len(log.heard()) == 1
    await desk.later(least - 1)
    await desk.follow(origin.url("/a"))
    assert len(origin.heads) == 1, "not after a restart either"


async def test_a_document_that_breaks_off_is_taken_as_far_as_it_goes_and_asked_for_again(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    full = rss(ONE, TWO)
    url = origin.serve("/a", answer('ETag: "1"', body=full[:-30]))
    await desk.follow(url)
    assert await desk.titles() == ["One"]
    broken = await desk.state()
    assert (broken.problem, broken.failures, broken.etag) == (CUT_OFF, 1, None)
    assert broken.next_at == desk.clock.now + MINUTE, "the next one may be whole"
    assert log.heard() == [f"{url}: {CUT_OFF} Next try in 60 seconds."]
    await desk.later()
    assert desk.parser_pool.documents == 2, "the same bytes, and yet"
    assert not log.heard()
    origin.serve("/a", whole(full, 'ETag: "1"'))
    await desk.later()
    assert sorted(filter(None, await desk.titles())) == ["One", "Two"]
    assert ((await desk.state()).problem, (await desk.state()).etag) == (None, '"1"')
    assert log.heard() == [f"{url}: well again after 2 failed polls."]


async def test_a_first_document_that_breaks_off_before_its_entries_is_no_backfill(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    date = ago(HOUR, desk).strftime("%a, %d %b %Y %H:%M:%S GMT")
    full = rss(f"{ONE}<pubDate>{date}</pubDate>")
    await desk.follow(origin.serve("/a", answer(body=full[: full.index(b"<item>")])))
    origin.serve("/a", whole(full))
    await desk.later()
    assert len(log.heard()) == 2
    (item,) = await desk.items()
    assert item["_livelog"]["position"] < item["_livelog"]["seen"]


async def test_a_parser_that_is_killed_is_named_in_the_log_once_and_replaced(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    url, killed = origin.serve("/a", whole(rss(ONE))), "Reading it took more than 4 seconds of CPU."
    desk.parser_pool.fault = ParserKilledError(killed)
    await desk.follow(url)
    await desk.later(DAY)
    assert [line.partition(" Next")[0] for line in log.heard()] == [f"{url}: {killed}"]
    assert ((await desk.state()).problem, (await desk.state()).failures) == (killed, 2)
    desk.parser_pool.fault = None
    await desk.later(DAY)
    assert await desk.titles() == ["One"]
    assert log.heard() == [f"{url}: well again after 2 failed polls."]


async def test_a_bug_is_logged_once_and_the_feed_goes_on(desk: Desk, origin: RawOrigin, log: Log) -> None:
    url = origin.serve("/a", whole(rss(ONE)))
    desk.parser_pool.fault = RuntimeError("a bug")
    await desk.follow(url.replace("//", "//user:secret@"))
    first, second = log.heard()
    assert first == f"Polling {url} met a bug."
    assert second.startswith(f"{url}: {BUG} Next try in ")
    await desk.later(DAY)
    assert not log.heard()
    assert ((await desk.state()).problem, (await desk.state()).failures) == (BUG, 2)
    desk.parser_pool.fault = None
    await desk.later(DAY)
    assert await desk.titles() == ["One"]
    assert len(log.heard()) == 1


async def test_a_bug_met_by_a_commit_is_logged_and_the_feed_goes_on(
    desk: Desk, origin: RawOrigin, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def buggy(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr("entries.Entry.item", buggy)
        await desk.follow(origin.serve("/a", whole(rss(ONE))))
    assert len(log.heard()) == 2
    assert (await desk.state()).problem == BUG
    await desk.later(DAY)
    assert await desk.titles() == ["One"]
    assert len(log.heard()) == 1


# When the store fails


async def test_a_commit_that_fails_is_tried_until_it_works(desk: Desk, newsroom: Newsroom, log: Log) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    await desk.follow(feed.url)
    feed.publish(title="News")
    desk.timeline.faults["commit"] = TimelineError("disk full")
    desk.clock.now += MINUTE
    await desk.poller.tick()
    await until(lambda: desk.timeline.tries["commit"] > 3)
    assert trouble(desk) == "disk full"
    assert log.heard() == ["The timeline cannot be written, trying again: disk full"]
    del desk.timeline.faults["commit"]
    await desk.settled()
    assert trouble(desk) is None
    assert log.heard() == ["The timeline can be written again."]
    assert await desk.titles() == ["News"]
    assert len(newsroom.requests) == 2, "the publisher is not asked for it again"


async def test_a_commit_is_not_tried_longer_than_its_lease_lasts(desk: Desk, newsroom: Newsroom, log: Log) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="News")
    await desk.follow()
    desk.timeline.faults["commit"] = TimelineError("disk full")
    starting = asyncio.create_task(desk.follow(feed.url))
    await until(lambda: desk.timeline.tries["commit"] > 1)
    desk.clock.now += HOUR
    await starting
    assert trouble(desk) == "disk full"
    del desk.timeline.faults["commit"]
    await desk.later(0)
    assert len(newsroom.requests) == 2, "it was claimed again"
    assert await desk.titles() == ["News"]
    assert len(log.heard()) == 2


async def test_a_claim_that_fails_is_tried_again_at_the_next_tick(desk: Desk, newsroom: Newsroom, log: Log) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    await desk.follow(feed.url)
    desk.timeline.faults["claim"] = TimelineError("no such host")
    await desk.later(1)
    await desk.later(1)
    assert trouble(desk) == "no such host"
    assert log.heard() == ["The timeline cannot be written, trying again: no such host"]
    del desk.timeline.faults["claim"]
    await desk.later(1)
    assert trouble(desk) is None, "though no feed was due"
    assert log.heard() == ["The timeline can be written again."]


async def test_a_lease_that_was_lost_is_no_trouble(
    desk: Desk, newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="News")

    async def overtaken(_handler: RequestHandler) -> bool:
        assert await desk.timeline.claim(desk.clock.now + HOUR, 1, 0.0)
        return False

    newsroom.script("/a.xml", overtaken)
    await desk.follow(feed.url)
    assert caplog.messages[-1] == f"Another poll of {feed.url} was quicker."
    assert await desk.titles() == []
    assert trouble(desk) is None
    newsroom.script("/a.xml", None)
    await desk.later(HOUR)
    assert await desk.titles() == ["News"]


# How much at a time


class Held:
    """Requests that wait until they are released; counts them."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self.let_go = asyncio.Event()

    async def __call__(self, _handler: RequestHandler) -> bool:
        self.now += 1
        self.most = max(self.most, self.now)
        await self.let_go.wait()
        self.now -= 1
        return False


def held_desks(newsroom: Newsroom, count: int, held: Held) -> Sequence[str]:
    """Feeds that do not answer until they are released."""
    for n in range(count):
        newsroom.open_desk(f"/{n}.xml", title=f"{n}").publish(title=f"{n}")
        newsroom.script(f"/{n}.xml", held)
    return [newsroom.url(f"/{n}.xml") for n in range(count)]


async def test_a_host_gets_no_more_requests_at_a_time_than_it_should(desk: Desk, newsroom: Newsroom) -> None:
    desk.fetch = {"per_host": 2, "concurrency": 8}
    held = Held()
    starting = asyncio.create_task(desk.follow(*held_desks(newsroom, 10, held)))
    await until(lambda: held.now == 2)
    held.let_go.set()
    await starting
    assert held.most == 2
    assert len(await desk.titles()) == 10


async def test_a_slow_host_of_many_feeds_does_not_keep_the_others_out(desk: Desk, newsroom: Newsroom) -> None:
    desk.fetch = {"per_host": 1, "concurrency": 2}
    held = Held()
    other = Newsroom()
    await other.start()
    good = other.open_desk("/good.xml", title="Good")
    good.publish(title="Good")
    slow = held_desks(newsroom, 30, held)
    starting = asyncio.create_task(desk.follow(*slow, good.url))

    async def arrived() -> bool:
        await desk.poller.tick()
        return await desk.titles() == ["Good"]

    async def all_arrived() -> bool:
        await desk.poller.tick()
        return len(await desk.titles()) == 31

    await until(lambda: held.now == 1)
    await until(arrived)
    assert held.most == 1
    held.let_go.set()
    await starting
    await until(all_arrived)
    await other.stop()


async def test_feeds_that_answer_well_do_not_wait_for_a_hundred_that_do_not(desk: Desk, newsroom: Newsroom) -> None:
    desk.fetch = {"per_host": 64, "concurrency": 4}
    held = Held()
    other = Newsroom()
    await other.start()
    good = other.open_desk("/good.xml", title="Good")
    await desk.follow(good.url)
    slow = held_desks(newsroom, 100, held)
    starting = asyncio.create_task(desk.follow(*slow, good.url))
    await until(lambda: held.now >= 2)
    good.publish(title="Good")
    desk.clock.now += MINUTE

    async def arrived() -> bool:
        await desk.poller.tick()
        return await desk.titles() == ["Good"]

    await until(arrived)
    held.let_go.set()
    await starting
    await other.stop()


@pytest.fixture
async def good() -> AsyncIterator[Newsroom]:
    """A newsroom whose feeds answer."""
    newsroom = Newsroom()
    await newsroom.start()
    yield newsroom
    await newsroom.stop()


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("per_host", [1, 64])
async def test_a_proven_feed_keeps_its_interval_beside_more_that_hang_than_may_be_under_way(
    desk: Desk, newsroom: Newsroom, good: Newsroom, monkeypatch: pytest.MonkeyPatch, per_host: int, *, restarted: bool
) -> None:
    monkeypatch.setattr("feeds.poller.MAX_POLLS", 8)
    desk.fetch = {"per_host": per_host, "concurrency": 2}
    feed = good.open_desk("/good.xml", title="Good")
    await desk.follow(feed.url)
    held = Held()
    hanging = held_desks(newsroom, 30, held)
    if restarted:
        starting = asyncio.create_task(desk.follow(*hanging, feed.url))
    else:
        starting = asyncio.create_task(desk.poller.apply(desk.config(*hanging, feed.url)))
    await until(lambda: len(desk.poller._polls) == 8)
    for polls in (2, 3, 4):
        desk.clock.now += MINUTE
        await desk.poller.tick()
        await until(lambda polls=polls: len(good.requests) == polls)
        await until(lambda: len(desk.poller._polls) <= 8)
    held.let_go.set()
    await starting


async def test_a_new_feed_is_read_beside_many_that_hang(
    desk: Desk, newsroom: Newsroom, good: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.concurrency.PARK_SECONDS", 0.005)
    monkeypatch.setattr("feeds.concurrency.LOOK_SECONDS", 0.05)
    desk.fetch = {"per_host": 64, "concurrency": 1}
    held = Held()
    hanging = held_desks(newsroom, 60, held)
    await desk.follow()
    await desk.poller.apply(desk.config(*hanging))
    await until(lambda: held.now)
    feed = good.open_desk("/good.xml", title="Good")
    await desk.poller.apply(desk.config(*hanging, feed.url))

    async def asked() -> bool:
        await desk.poller.tick()
        return bool(good.requests)

    await until(asked)
    await desk.poller.stop()
    put_back = [state for state in await desk.timeline.states() if state.took and not state.ok_at]
    assert put_back
    assert {(state.checked_at, state.failures, state.problem) for state in put_back} == {(0, 0, None)}
    assert all(state.next_at >= desk.clock.now + 10 for state in put_back)
    held.let_go.set()


# Leases


async def test_a_poll_whose_feed_another_node_has_claimed_is_given_up(desk: Desk, newsroom: Newsroom) -> None:
    desk.fetch = {"per_host": 1}
    held = Held()
    starting = asyncio.create_task(desk.follow(*held_desks(newsroom, 3, held)))
    await until(lambda: held.now == 1)
    # As if this process had been stopped for an hour, and another one had not.
    desk.clock.now += HOUR
    assert len(await desk.timeline.claim(desk.clock.now, 10, LEASE_SECONDS)) == 3
    await desk.poller.tick()
    await starting
    held.let_go.set()
    assert len(newsroom.requests) <= 1, "those that waited for their turn were not begun"
    assert await desk.titles() == []
    await desk.later(LEASE_SECONDS)
    assert sorted(filter(None, await desk.titles())) == ["0", "1", "2"]


async def test_a_poll_that_takes_long_keeps_its_lease(desk: Desk, newsroom: Newsroom) -> None:
    held = Held()
    starting = asyncio.create_task(desk.follow(*held_desks(newsroom, 1, held)))
    await until(lambda: held.now == 1)
    for _ in range(10):
        desk.clock.now += LEASE_SECONDS / 3
        await desk.poller.tick()
        assert await desk.timeline.claim(desk.clock.now, 10, LEASE_SECONDS) == []
    held.let_go.set()
    await starting
    assert await desk.titles() == ["0"]


@pytest.mark.parametrize("shared", [True, False])
async def test_the_log_names_another_node_only_where_there_can_be_one(
    desk: Desk, newsroom: Newsroom, caplog: pytest.LogCaptureFixture, *, shared: bool
) -> None:
    held = Held()
    (url,) = held_desks(newsroom, 1, held)
    starting = asyncio.create_task(desk.follow(url))
    await until(lambda: held.now == 1)
    # Not before: a poller of a shared timeline ticks by itself, often.
    desk.timeline.is_shared = shared
    desk.clock.now += HOUR
    assert len(await desk.timeline.claim(desk.clock.now, 10, LEASE_SECONDS)) == 1
    caplog.clear()
    await desk.poller.tick()
    await starting
    held.let_go.set()
    assert caplog.messages == [f"Another node polls {url} now."] * shared


async def test_a_feed_that_is_this_nodes_again_is_not_said_to_be_another_nodes(
    desk: Desk, newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    held = Held()
    (url,) = held_desks(newsroom, 1, held)
    starting = asyncio.create_task(desk.follow(url))
    await until(lambda: held.now == 1)
    desk.timeline.is_shared = True
    desk.clock.now += HOUR
    assert len(await desk.timeline.claim(desk.clock.now, 10, 0.0)) == 1
    caplog.clear()
    await desk.poller.tick()
    assert caplog.messages == [f"Another poll of {url} was quicker."]
    held.let_go.set()
    await starting
    await desk.settled()
    assert await desk.titles() == ["0"]


async def test_a_poll_whose_commit_has_just_ended_its_lease_is_not_taken_for_another_nodes(
    desk: Desk, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    newsroom.open_desk("/a.xml", title="A").publish(title="News")
    commit, stored, answer = desk.timeline.commit, asyncio.Event(), asyncio.Event()

    async def slow(*arguments: Any) -> int:
        count = await commit(*arguments)
        stored.set()
        await answer.wait()
        return count

    monkeypatch.setattr(desk.timeline, "commit", slow)
    starting = asyncio.create_task(desk.follow(newsroom.url("/a.xml")))
    await stored.wait()
    desk.timeline.is_shared = True
    (poll,) = desk.poller._polls
    desk.clock.now += LEASE_SECONDS / 2
    await desk.poller.tick()
    answer.set()
    await starting
    assert not poll.cancelled()
    assert not [message for message in caplog.messages if message.startswith("Another")]


async def test_a_node_claims_nothing_while_it_cannot_renew_its_leases(
    desk: Desk, newsroom: Newsroom, log: Log
) -> None:
    held = Held()
    starting = asyncio.create_task(desk.follow(*held_desks(newsroom, 1, held)))
    await until(lambda: held.now == 1)
    desk.timeline.faults["renew"] = TimelineError("busy")
    for _ in range(4):
        desk.clock.now += LEASE_SECONDS / 3
        for _ in range(3):
            await desk.poller.tick()
    assert len(desk.poller._polls) == 1, "its lease has run out, and it is the same node's"
    del desk.timeline.faults["renew"]
    await desk.poller.tick()
    held.let_go.set()
    await starting
    assert await desk.titles() == ["0"]
    assert len(log.heard()) == 2


async def test_leases_are_renewed_after_the_clock_was_set_back(desk: Desk, newsroom: Newsroom, log: Log) -> None:
    held = Held()
    (url,) = held_desks(newsroom, 1, held)
    await desk.follow()
    await desk.poller.tick()
    desk.clock.now -= HOUR
    await desk.poller.apply(desk.config(url))
    assert log.heard() == ["The clock was set back by 60 minutes."]
    await until(lambda: held.now == 1)
    for _ in range(6):
        desk.clock.now += LEASE_SECONDS / 3
        await desk.poller.tick()
        assert len(desk.poller._polls) == 1, "claimed again by the node that polls it"
    held.let_go.set()
    await desk.settled()
    assert await desk.titles() == ["0"]


async def test_a_store_that_began_anew_is_told_again_what_to_follow(
    desk: Desk, newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    await desk.follow(feed.url)
    await desk.timeline.follow({})
    desk.timeline.faults["claim"] = HistoryLostError("Redis has lost data.", "epoch")
    await desk.later()
    del desk.timeline.faults["claim"]
    feed.publish(title="New")
    await desk.later()
    assert await desk.titles() == ["New"]
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert told == ["Redis has lost data. The feeds are followed anew."]
    caplog.clear()


async def test_polls_whose_leases_a_store_has_lost_are_not_taken_for_another_nodes(
    desk: Desk, newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    held = Held()
    (url,) = held_desks(newsroom, 1, held)
    starting = asyncio.create_task(desk.follow(url))
    await until(lambda: held.now == 1)
    desk.timeline.is_shared = True
    # What a wiped Redis answers: no lease is held, and the claim says why.
    assert len(await desk.timeline.claim(desk.clock.now + LEASE_SECONDS, 10, 0.0)) == 1
    desk.timeline.faults["claim"] = HistoryLostError("Redis has lost data.", "epoch")
    desk.clock.now += LEASE_SECONDS / 2
    await desk.poller.tick()
    del desk.timeline.faults["claim"]
    await starting
    assert not [message for message in caplog.messages if message.startswith("Another")]
    held.let_go.set()
    await desk.later()
    assert await desk.titles() == ["0"]
    caplog.clear()


# Another configuration


async def test_another_configuration_is_followed_at_once(desk: Desk, newsroom: Newsroom) -> None:
    old, new = (newsroom.open_desk(f"/{name}.xml", title=name) for name in ("old", "new"))
    new.publish(title="New")
    await desk.follow(old.url)
    await desk.poller.apply(desk.config(new.url))
    await desk.settled()
    assert await desk.titles() == ["New"]
    await desk.later(HOUR)
    assert [request.path for request in newsroom.requests] == ["/old.xml", "/new.xml", "/new.xml"]


async def test_a_poll_of_a_feed_that_is_no_longer_followed_is_dropped(
    desk: Desk, newsroom: Newsroom, log: Log
) -> None:
    held = Held()
    starting = asyncio.create_task(desk.follow(*held_desks(newsroom, 1, held)))
    await until(lambda: held.now == 1)
    await desk.poller.apply(desk.config())
    await starting
    held.let_go.set()
    assert (desk.timeline.commits, log.heard()) == ([], [])


async def test_a_commit_of_a_feed_that_is_no_longer_followed_harms_nothing(
    desk: Desk, newsroom: Newsroom, log: Log
) -> None:
    newsroom.open_desk("/a.xml", title="A").publish(title="News")
    desk.timeline.faults["commit"] = TimelineError("busy")
    starting = asyncio.create_task(desk.follow(newsroom.url("/a.xml")))
    await until(lambda: desk.timeline.tries["commit"])
    await desk.poller.apply(desk.config())
    del desk.timeline.faults["commit"]
    await starting
    assert await desk.titles() == ["News"]
    assert len(log.heard()) == 2
    await desk.later(DAY)
    assert len(newsroom.requests) == 1


async def test_a_blog_that_is_new_to_a_feed_does_not_wait_though_the_feed_was_being_polled(
    desk: Desk, newsroom: Newsroom
) -> None:
    held = Held()
    (url,) = held_desks(newsroom, 1, held)
    starting = asyncio.create_task(desk.follow(one=[{"url": url, "interval": DAY}]))
    await until(lambda: held.now == 1)
    await desk.poller.apply(desk.config(one=[{"url": url, "interval": DAY}], two=[{"url": url, "interval": DAY}]))
    held.let_go.set()
    await starting
    await until(lambda: len(newsroom.requests) == 2)
    await desk.settled()
    assert await desk.titles("one") == await desk.titles("two") == ["0"]


async def test_other_limits_count_from_the_next_exchange(desk: Desk, newsroom: Newsroom, log: Log) -> None:
    desk.fetch = {"per_host": 1, "concurrency": 8}
    held = Held()
    feeds = held_desks(newsroom, 4, held)
    starting = asyncio.create_task(desk.follow(*feeds))
    await until(lambda: held.now == 1)
    desk.fetch = {"per_host": 3, "concurrency": 8}
    await desk.poller.apply(desk.config(*feeds))
    await until(lambda: held.now == 3)
    held.let_go.set()
    await starting
    assert held.most == 3
    desk.fetch = {"max_bytes": 1_000}
    newsroom.open_desk("/long.xml", title="x" * 2_000)
    await desk.poller.apply(desk.config(*feeds, newsroom.url("/long.xml")))
    await desk.settled()
    assert (await desk.state(newsroom.url("/long.xml"))).problem == "The answer is larger than 1000 bytes."
    assert len(log.heard()) == 1


async def test_a_configuration_that_is_applied_while_the_store_is_down_is_followed_later(
    desk: Desk, newsroom: Newsroom, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.open_desk("/a.xml", title="A").publish(title="News")
    await desk.follow()

    async def down(_due: Mapping[str, float]) -> None:
        raise TimelineError("down")

    with monkeypatch.context() as patched:
        patched.setattr(desk.timeline, "follow", down)
        await desk.poller.apply(desk.config(newsroom.url("/a.xml")))
    await desk.later(1)
    assert await desk.titles() == ["News"]
    assert len(log.heard()) == 2


# One host, however it is written


def everywhere_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has every name lead to this machine."""

    async def resolve(_self: object, _host: str, port: int, *_family: object) -> list[tuple[int, Any]]:
        return [(socket.AF_INET, ("127.0.0.1", port))]

    monkeypatch.setattr("tornado.netutil.DefaultLoopResolver.resolve", resolve)


async def test_an_international_host_that_asks_for_peace_gets_it(
    desk: Desk, origin: RawOrigin, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere_here(monkeypatch)
    desk.fetch = {"private_networks": ["127.0.0.0/8"], "per_host": 1}
    origin.serve("/loud", whole(b"", "Retry-After: 7200", status="429 x"))
    for path in ("/a", "/b"):
        origin.serve(path, whole(rss(ONE)))
    port = origin.port
    loud = f"http://bücher.example:{port}/loud"
    beside = [f"http://xn--bcher-kva.example:{port}/a", f"http://user:pw@BÜCHER.example:{port}/b"]
    await desk.follow(loud)
    await desk.poller.apply(desk.config(loud, *beside))
    await desk.later(2 * HOUR - 1)
    assert [head.split(" ")[1] for head in origin.heads] == ["/loud"]
    origin.serve("/loud", whole(rss(ONE)))
    await desk.later(HOUR)
    assert {head.split(" ")[1] for head in origin.heads} == {"/loud", "/a", "/b"}
    log.heard()


async def test_a_password_is_sent_to_an_international_host(
    desk: Desk, origin: RawOrigin, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere_here(monkeypatch)
    desk.fetch = {"private_networks": ["127.0.0.0/8"]}
    origin.serve("/a", whole(rss(ONE)))
    await desk.follow(f"http://user:pw@bücher.example:{origin.port}/a")
    assert "Authorization: Basic" in origin.heads[0]


async def test_a_user_name_makes_no_other_host(desk: Desk, newsroom: Newsroom) -> None:
    desk.fetch = {"per_host": 1}
    held = Held()
    feeds = held_desks(newsroom, 4, held)
    named = [url.replace("//", f"//user{n}:pw@") for n, url in enumerate(feeds)]
    starting = asyncio.create_task(desk.follow(*named))
    await until(lambda: held.now == 1)
    await asyncio.sleep(0.1)
    held.let_go.set()
    await starting
    assert held.most == 1


# Stopping


async def test_stopping_waits_for_what_is_under_way(desk: Desk, newsroom: Newsroom) -> None:
    held = Held()
    starting = asyncio.create_task(desk.follow(*held_desks(newsroom, 1, held)))
    await until(lambda: held.now == 1)
    stopping = asyncio.create_task(desk.stop())
    await asyncio.sleep(0)
    held.let_go.set()
    await asyncio.gather(stopping, starting)
    assert await desk.titles() == ["0"]


async def test_stopping_gives_up_what_takes_too_long_and_a_restart_makes_it_again(
    desk: Desk, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.poller.STOP_TIMEOUT", 0.05)
    held = Held()
    (url,) = held_desks(newsroom, 1, held)
    starting = asyncio.create_task(desk.follow(url))
    await until(lambda: held.now == 1)
    await desk.stop()
    await starting
    assert await desk.titles() == []
    assert (await desk.state()).failures == 0
    newsroom.script("/0.xml", None)
    desk.clock.now += HOUR
    await desk.follow(url)
    assert await desk.titles() == ["0"]


async def test_polls_that_are_given_up_have_ended_when_the_poller_has_stopped(
    desk: Desk, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feeds.poller.STOP_TIMEOUT", 0.05)
    held = Held()
    starting = asyncio.create_task(desk.follow(*held_desks(newsroom, 1, held)))
    await until(lambda: held.now == 1)
    await desk.poller.stop()
    assert not desk.poller._polls
    await starting
    held.let_go.set()


@pytest.mark.parametrize("patience", [2.0, 0.05], ids=["in time", "too late"])
async def test_what_is_claimed_while_the_poller_stops_is_not_polled(
    desk: Desk, newsroom: Newsroom, log: Log, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    monkeypatch.setattr("feeds.poller.STOP_TIMEOUT", patience)
    feed = newsroom.open_desk("/a.xml", title="A")
    await desk.follow(feed.url)
    claims = HeldClaims(desk.timeline, monkeypatch)
    desk.clock.now += MINUTE
    ticking = asyncio.create_task(desk.poller.tick())
    await claims.are_made.wait()
    stopping = asyncio.create_task(desk.stop())
    await asyncio.sleep(0.1)
    claims.go_on.set()
    await asyncio.gather(ticking, stopping)
    await desk.settled()
    assert len(newsroom.requests) == 1
    assert (await desk.state()).problem is None
    assert not log.heard()


async def test_a_tick_that_was_due_when_the_poller_stopped_claims_nothing(desk: Desk, newsroom: Newsroom) -> None:
    await desk.follow(newsroom.open_desk("/a.xml", title="A").url)
    claims = desk.timeline.tries["claim"]
    desk.poller._tick_now()
    await desk.poller.stop()
    await asyncio.sleep(0.05)
    assert desk.timeline.tries["claim"] == claims


async def test_stopping_does_not_wait_for_a_store_that_is_down(desk: Desk, newsroom: Newsroom, log: Log) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    await desk.follow(feed.url)
    desk.timeline.faults["commit"] = TimelineError("disk full")
    desk.clock.now += MINUTE
    await desk.poller.tick()
    await until(lambda: desk.timeline.tries["commit"] > 3)
    (poll,) = desk.poller._polls
    await desk.poller.stop()
    assert not poll.cancelled(), "it gave up by itself"
    assert len(log.heard()) == 1
