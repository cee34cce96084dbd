"""One poll: where it asks, what it finds on the way, what it takes back. Over real HTTP and real parser processes."""

from __future__ import annotations

import logging
from email.utils import formatdate

import pytest

from feeds.concurrency import ExchangeSlots
from feeds.fetch import Fetcher, FetchError
from feeds.followed_feeds import FollowedFeed
from feeds.poll import BUG, Poll
from feeds.redirects import MOVED_AFTER_SECONDS
from feeds.result import Pause
from feeds.schedule import GONE_INTERVAL
from feedstate import FeedState
from outbound.host_limits import HostPausedError
from tests.feeds.documents import atom, rss
from tests.feeds.origins import RawOrigin, moved, whole
from tests.feeds.polling import DAY, HOUR, MINUTE, Desk, Log, WatchedParserPool

AT = 1_790_000_000
NOW = 1_800_000_000.0
PAGE = b'<!doctype html><html><head><link rel="alternate" type="application/rss+xml" href="%s"></head></html>'


def post(name: str, date: float | None = None, text: str = "") -> str:
    """An item's inside; dated or not."""
    dated = f"<pubDate>{formatdate(date)}</pubDate>" if date else ""
    link = f"<link>https://example.org/{name}</link>"
    return f"<guid>{name}</guid>{link}<title>{name}</title><description>{text}</description>{dated}"


def paths(origin: RawOrigin) -> list[str]:
    """What was asked for since this was last looked at."""
    asked = [head.split(" ")[1] for head in origin.heads]
    origin.heads.clear()
    return asked


# Where it asks


async def test_a_web_page_leads_to_its_feed_and_the_log_says_to_which(
    desk: Desk, origin: RawOrigin, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "livelog.feeds")
    page, feed = origin.serve("/", whole(PAGE % b"/feed.xml")), origin.serve("/feed.xml", whole(rss(post("a"))))
    await desk.follow(page)
    assert paths(origin) == ["/", "/feed.xml"]
    assert await desk.titles() == ["a"]
    state = await desk.state()
    assert (state.address, state.found_url, state.problem) == (page, feed, None)
    assert log.heard(logging.INFO) == [f"{page} is a web page; its feed {feed} is followed."]
    await desk.later()
    assert paths(origin) == ["/feed.xml"]
    await desk.follow(page)
    await desk.later()
    assert paths(origin) == ["/feed.xml"], "after a restart, too"


async def test_a_feed_that_a_page_led_to_is_looked_for_again_when_it_is_gone(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    page = origin.serve("/", whole(PAGE % b"/feed.xml"))
    origin.serve("/feed.xml", whole(rss(post("a"))))
    await desk.follow(page)
    origin.serve("/feed.xml", whole(b"", status="404 x"))
    await desk.later()
    assert len(log.heard()) == 1
    origin.serve("/", whole(PAGE % b"/new.xml"))
    origin.serve("/new.xml", whole(rss(post("a"), post("b"))))
    paths(origin)
    await desk.later(DAY)
    assert paths(origin) == ["/", "/new.xml"]
    assert sorted(filter(None, await desk.titles())) == ["a", "b"]
    assert len(log.heard()) == 1


async def test_a_page_whose_feed_is_of_no_use_says_so(desk: Desk, origin: RawOrigin, log: Log) -> None:
    await desk.follow(origin.serve("/", whole(PAGE % b"/gone.xml")))
    assert (await desk.state()).problem == (
        f"This is a web page, and the feed it names, {origin.url('/gone.xml')}, is of no use: "
        "The answer was 404 Not Found."
    )
    assert len(log.heard()) == 1


async def test_a_page_in_the_place_of_a_feed_is_not_followed_elsewhere(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    url = origin.serve("/", whole(rss(post("a"))))
    origin.serve("/other.xml", whole(rss(post("b"))))
    await desk.follow(url)
    origin.serve("/", whole(PAGE % b"/other.xml"))
    await desk.later()
    named = origin.url("/other.xml")
    assert (await desk.state()).problem == f"This is a web page, not a feed. It links to {named}."
    assert await desk.titles() == ["a"]
    assert len(log.heard()) == 1


async def test_a_page_leads_nobody_into_a_private_network(desk: Desk, origin: RawOrigin, log: Log) -> None:
    elsewhere = origin.url("/feed.xml").replace("127.0.0.1", "127.0.0.2").encode()
    await desk.follow(origin.serve("/", whole(PAGE % elsewhere)))
    assert "private address 127.0.0.2" in ((await desk.state()).problem or "")
    assert len(log.heard()) == 1


async def test_a_feed_that_moved_for_good_is_asked_for_there_after_seven_days(desk: Desk, origin: RawOrigin) -> None:
    old = origin.serve("/old", moved("/new", "301 x"))
    new = origin.serve("/new", whole(rss(post("a")), 'ETag: "1"'))
    await desk.follow(old)
    for _ in range(6):
        await desk.later(DAY)
    assert paths(origin) == ["/old", "/new"] * 7
    await desk.later(DAY)
    assert paths(origin) == ["/new"]
    assert (await desk.state()).moved_to == new
    assert MOVED_AFTER_SECONDS == 7 * DAY
    assert await desk.titles() == ["a"], "it is the same feed"


async def test_a_feed_that_is_gone_from_where_it_moved_is_asked_for_where_it_was(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    old = origin.serve("/old", moved("/new", "301 x"))
    origin.serve("/new", whole(rss(post("a"))))
    await desk.follow(old)
    await desk.later(8 * DAY)
    origin.serve("/new", whole(b"", status="410 x"))
    await desk.later(DAY)
    assert (await desk.state()).next_at < desk.clock.now + GONE_INTERVAL
    origin.serve("/old", whole(rss(post("a"), post("b"))))
    await desk.later(DAY)
    assert (await desk.state()).problem is None
    assert len(log.heard()) == 2


@pytest.mark.parametrize("status", ["302 x", "303 x", "307 x"])
async def test_a_feed_that_moved_for_now_is_asked_for_where_it_was(
    desk: Desk, origin: RawOrigin, status: str
) -> None:
    origin.serve("/new", whole(rss(post("a"))))
    await desk.follow(origin.serve("/old", moved("/new", status)))
    paths(origin)
    await desk.later(30 * DAY)
    await desk.later(DAY)
    assert paths(origin) == ["/old", "/new"] * 2


# Whom it leaves alone


@pytest.mark.parametrize("status", ["429 x", "503 x"])
@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_who_asks_for_peace_gets_it_for_the_whole_host(
    desk: Desk, origin: RawOrigin, log: Log, status: str, form: str
) -> None:
    loud, beside = origin.serve("/loud", whole(rss(post("a")))), origin.serve("/beside", whole(rss(post("b"))))
    await desk.follow(loud, {"url": beside, "interval": 30.0})
    until = desk.clock.now + MINUTE + 2 * HOUR
    asked = "7200" if form == "seconds" else formatdate(until, usegmt=True)
    origin.serve("/loud", whole(b"", f"Retry-After: {asked}", status=status))
    desk.fetch = {"per_host": 1}
    await desk.later()
    paths(origin)
    await desk.later(until - desk.clock.now - 1)
    await desk.follow(loud, {"url": beside, "interval": 30.0})
    assert paths(origin) == [], "not after a restart either"
    assert (await desk.state(beside)).problem is None
    assert len(log.heard()) == 1
    origin.serve("/loud", whole(rss(post("a"))))
    await desk.later(HOUR)
    assert sorted(paths(origin)) == ["/beside", "/loud"]
    assert len(log.heard()) == 1


async def test_too_many_requests_without_a_date_give_the_host_the_back_off(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    loud = origin.serve("/loud", whole(b"", status="429 x"))
    await desk.follow(loud, {"url": origin.serve("/beside", whole(rss(post("b")))), "interval": 1.0})
    paths(origin)
    await desk.later(MINUTE - 1)
    assert paths(origin) == []
    await desk.later(2 * MINUTE)
    assert "/beside" in paths(origin)
    assert len(log.heard()) == 1


# What it leads to


async def test_a_server_that_says_not_modified_to_everything_is_a_problem(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    url = origin.serve("/a", whole(b"", status="304 Not Modified"))
    await desk.follow(url)
    state = await desk.state()
    assert (state.status, state.ok_at, state.failures) == (304, 0, 1)
    assert state.problem == "The answer was 304 Not Modified to a request for the whole feed: the server sends none."
    assert len(log.heard()) == 1
    origin.serve("/a", whole(rss(post("a")), 'ETag: "1"'))
    await desk.later(HOUR)
    origin.serve("/a", whole(b"", status="304 Not Modified"))
    await desk.later()
    assert ((await desk.state()).status, (await desk.state()).problem, await desk.titles()) == (304, None, ["a"])
    assert "well again" in log.heard()[0]


@pytest.mark.parametrize(
    ("error", "outcome", "problem", "pause"),
    [
        (FetchError("No answer."), "failed", "No answer.", None),
        (FetchError("Loud.", 429, 60.0, "a"), "failed", "Loud.", Pause("a", NOW + 60)),
        (FetchError("Busy.", 503, 60.0, "a"), "failed", "Busy.", Pause("a", NOW + 60)),
        (FetchError("Busy.", 503, None, "a"), "failed", "Busy.", None),
        (HostPausedError(NOW + 60), "paused", None, None),
        (RuntimeError("a bug"), "failed", BUG, None),
    ],
)
async def test_whatever_ends_a_poll_is_a_result(
    processes: WatchedParserPool,
    log: Log,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    outcome: str,
    problem: str | None,
    pause: Pause | None,
) -> None:
    async def get(*_arguments: object, **_options: object) -> None:
        raise error

    fetcher = Fetcher(user_agent="Livelog/test", timeout=1, max_bytes=1_000, concurrency=1)
    monkeypatch.setattr(fetcher, "get", get)
    state = FeedState(url="http://a/", etag='"1"')
    slots = ExchangeSlots(1, fetcher.hosts)
    result = await Poll(FollowedFeed(state.url, None), state, slots, fetcher, processes, lambda: NOW).run()
    fetcher.close()
    assert (result.outcome, result.state.problem, result.pause) == (outcome, problem, pause)
    assert (result.state.etag, result.state.next_at >= NOW + 60, result.entries) == ('"1"', True, ())
    assert len(log.heard()) == (problem == BUG)


# What it takes back


async def test_what_is_left_out_twice_is_withdrawn_where_the_blog_believes_it(desk: Desk, origin: RawOrigin) -> None:
    three = [post(name, AT + n) for n, name in enumerate("abc")]
    url = origin.serve("/a", whole(rss(*three)))
    await desk.follow(blog=[{"url": url, "withdraw": True}], other=[url])
    for documents in (1, 2):
        origin.serve("/a", whole(rss(three[0], three[2]) + b"<!-- %d -->" % documents))
        await desk.later()
        assert ("b" in await desk.titles()) is (documents < 2)
    assert "b" in await desk.titles("other")
    events = await desk.events()
    assert (len(events), events[-1].kind) == (4, "delete")


async def test_the_same_document_once_more_leaves_out_what_it_left_out(desk: Desk, origin: RawOrigin) -> None:
    three = [post(name, AT + n) for n, name in enumerate("abc")]
    url = origin.serve("/a", whole(rss(*three), 'ETag: "1"'))
    await desk.follow({"url": url, "withdraw": True})
    origin.serve("/a", whole(rss(three[0], three[2]), 'ETag: "2"'))
    await desk.later()
    assert len(await desk.titles()) == 3
    origin.serve("/a", whole(b"", status="304 Not Modified"))
    await desk.later()
    assert await desk.titles() == ["c", "a"]
    await desk.later()
    assert len(await desk.events()) == 4


async def test_what_is_listed_again_after_a_withdrawal_is_there_again(desk: Desk, origin: RawOrigin) -> None:
    three = [post(name, AT + n) for n, name in enumerate("abc")]
    await desk.follow({"url": origin.serve("/a", whole(rss(*three))), "withdraw": True})
    origin.serve("/a", whole(rss(three[0], three[2])))
    await desk.later()
    await desk.later()
    assert await desk.titles() == ["c", "a"]
    origin.serve("/a", whole(rss(*three)))
    await desk.later()
    assert await desk.titles() == ["c", "b", "a"]


async def test_an_entry_that_rolls_off_the_end_stays(desk: Desk, origin: RawOrigin) -> None:
    names = [post(name, AT + n) for n, name in enumerate("abcdef")]
    url = origin.serve("/a", whole(rss(*names[:3])))
    await desk.follow({"url": url, "withdraw": True})
    for n in (1, 2, 3):
        origin.serve("/a", whole(rss(*names[n : n + 3])))
        await desk.later()
    assert len(await desk.titles()) == 6


async def test_a_tombstone_withdraws_at_once_from_every_blog(desk: Desk, origin: RawOrigin) -> None:
    def listed(*names: str) -> bytes:
        entries = (
            f"<id>urn:{name}</id><title>{name}</title><updated>2026-01-0{n}T00:00:00Z</updated>"
            for n, name in enumerate(names, start=1)
        )
        return atom(*entries, attributes='xmlns:at="http://purl.org/atompub/tombstones/1.0"')

    stone = b'<at:deleted-entry ref="urn:a" when="2026-02-01T00:00:00Z"/></feed>'
    url = origin.serve("/a", whole(listed("a", "b")))
    await desk.follow(one=[url], two=[url])
    origin.serve("/a", whole(listed("b").replace(b"</feed>", stone)))
    await desk.later()
    assert (await desk.titles("one"), await desk.titles("two")) == (["b"], ["b"])
    await desk.later()
    origin.serve("/a", whole(listed("b", "c").replace(b"</feed>", stone)))
    await desk.later()
    events = await desk.events("one")
    assert (len(events), events[-2].kind, events[-1].kind) == (4, "delete", "entry")


async def test_a_correction_that_a_blog_refuses_takes_the_entry_from_it(desk: Desk, origin: RawOrigin) -> None:
    url = origin.serve("/a", whole(rss(post("a", text="news"), post("b", text="news"))))
    await desk.follow(blog=[{"url": url, "exclude": ("advertisement",)}], other=[url])
    origin.serve("/a", whole(rss(post("a", text="advertisement"), post("b", text="news"))))
    await desk.later()
    assert await desk.titles() == ["b"]
    assert len(await desk.titles("other")) == 2


# What it does not take for news


async def test_a_difference_withdraws_nothing(desk: Desk, origin: RawOrigin) -> None:
    names = [post(name, AT + n) for n, name in enumerate("abcd")]
    url = origin.serve("/a", whole(rss(*names[:3]), 'ETag: "1"'))
    await desk.follow({"url": url, "withdraw": True})
    for tag in (2, 3):
        origin.serve("/a", whole(rss(names[0], names[3], post("e", AT + tag)), f'ETag: "{tag}"', status="226 x"))
        await desk.later()
    assert sorted(filter(None, await desk.titles())) == ["a", "b", "c", "d", "e"]
    assert (await desk.state()).etag == '"3"'
    assert len(desk.listed()) == 5


async def test_a_feed_that_suddenly_lists_other_guids_floods_no_one(desk: Desk, origin: RawOrigin) -> None:
    now = desk.clock.now
    before = [post(f"{n}", now - n * HOUR, text=f"text {n}") for n in range(20)]
    url = origin.serve("/a", whole(rss(*before)))
    await desk.follow(url)
    at_first = len(await desk.events())
    renamed = [item.replace("<guid>", "<guid isPermaLink='false'>urn:new:") for item in before]
    origin.serve("/a", whole(rss(*renamed)))
    await desk.later()
    assert (await desk.state()).problem is None
    assert len(await desk.items()) == 20
    assert len(await desk.events()) == at_first
    origin.serve("/a", whole(rss(post("news", now), *renamed)))
    await desk.later()
    assert len(await desk.events()) == at_first + 1


async def test_two_hundred_old_entries_that_turn_up_at_once_flood_no_one(desk: Desk, origin: RawOrigin) -> None:
    fresh = [post(f"new {n}", desk.clock.now - n * MINUTE) for n in range(60)]
    await desk.follow(origin.serve("/a", whole(rss(*fresh))))
    at_first = len(await desk.events())
    old = [post(f"old {n}", desk.clock.now - (30 + n) * DAY) for n in range(200)]
    origin.serve("/a", whole(rss(*fresh, *old)))
    await desk.later()
    assert len(await desk.items()) == 260
    assert len(await desk.events()) == at_first


async def test_a_re_dated_entry_neither_resurfaces_nor_counts_as_corrected(desk: Desk, origin: RawOrigin) -> None:
    await desk.follow(origin.serve("/a", whole(rss(post("a", AT), post("b", AT + 60)))))
    events = len(await desk.events())
    origin.serve("/a", whole(rss(post("a", desk.clock.now), post("b", AT + 60))))
    await desk.later()
    assert await desk.titles() == ["b", "a"]
    assert len(await desk.events()) == events
