"""Feed gaps: a document that lists no known entry any more, and further pages that do. Over real HTTP."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence

import pytest

from feeds.catch_up import MAX_PAGES, MAX_PAGES_OF_GAP
from tests.feeds.documents import atom
from tests.feeds.origins import RawOrigin, moved, whole
from tests.feeds.paged_feed import PagedFeed, rfc3339
from tests.feeds.polling import DAY, HOUR, MINUTE, Desk, Log

FORMS = ["atom", "rss", "json", "header", "archive"]


def asked(origin: RawOrigin) -> list[str]:
    """The paths that were requested since the last call."""
    paths = [head.split(" ")[1] for head in origin.heads]
    origin.heads.clear()
    return paths


async def away(desk: Desk, seconds: float = HOUR) -> None:
    """Time passes in which nothing is polled."""
    desk.clock.now += seconds


async def paged_feed_with_gap(desk: Desk, origin: RawOrigin) -> PagedFeed:
    """A feed whose 10 posts are known, and that has published 30 more since."""
    feed = PagedFeed(origin)
    feed.publish(10, desk.clock.now)
    await desk.follow(feed.url)
    await away(desk)
    feed.publish(30, desk.clock.now)
    return feed


def document(posts: Sequence[tuple[int, float]], further: str | None = None) -> bytes:
    """An Atom document of these posts that names a further page."""
    link = f"<link rel='next' href='{further}'/>" if further else ""
    inside = (f"<id>p{n}</id><title>post {n}</title><published>{rfc3339(at)}</published>" for n, at in posts)
    return atom(*inside, feed=f"<title>News</title>{link}")


def expected(count: int) -> list[str]:
    """The titles of all posts, newest first."""
    return [f"post {n}" for n in reversed(range(count))]


@pytest.mark.parametrize("form", FORMS)
async def test_entries_that_a_document_no_longer_lists_are_read_from_further_pages(
    desk: Desk, origin: RawOrigin, form: str
) -> None:
    feed = PagedFeed(origin, form)
    feed.publish(10, desk.clock.now)
    await desk.follow(feed.url)
    assert asked(origin) == ["/feed"], "not at the first poll"
    at_first = len(await desk.events())
    await away(desk)
    feed.publish(35, desk.clock.now)
    await desk.later()
    assert asked(origin) == [feed.path(n) for n in range(4)], "no further than to a known entry"
    assert await desk.titles() == expected(45)
    news = (await desk.events())[at_first:]
    assert [json.loads(event.item or "")["title"] for event in news] == expected(45)[:35][::-1]
    assert (await desk.state()).gap is None
    assert desk.poller.gaps == {"closed": 1, "missed": 0}
    await desk.later()
    assert asked(origin) == ["/feed"]


async def test_no_page_is_read_while_the_document_lists_a_known_entry(desk: Desk, origin: RawOrigin) -> None:
    feed = PagedFeed(origin)
    feed.publish(40, desk.clock.now)
    await desk.follow(feed.url)
    feed.publish(9, desk.clock.now + MINUTE)
    await desk.later()
    assert asked(origin) == ["/feed", "/feed"]
    assert len(await desk.items()) == 19


async def test_a_page_brings_nothing_that_is_older_than_the_first_fetch(desk: Desk, origin: RawOrigin) -> None:
    feed = PagedFeed(origin, size=10)
    feed.publish(40, desk.clock.now)
    await desk.follow(feed.url)
    # A page has other limits than the document: the fifteenth entry from its end is the oldest known one.
    feed.size = 25
    feed.publish(30, desk.clock.now + HOUR)
    await desk.later(HOUR)
    assert await desk.titles() == expected(70)[:40]


async def test_a_page_that_fails_is_read_later_and_its_entries_are_sorted_in(
    desk: Desk, origin: RawOrigin, log: Log
) -> None:
    feed = await paged_feed_with_gap(desk, origin)
    page = origin.scripts[feed.path(1)]
    origin.serve(feed.path(1), whole(b"", status="500 x"))
    await desk.later()
    assert await desk.titles() == [*expected(40)[:10], *expected(40)[30:]], "the newest are not held back"
    assert (await desk.state()).problem is None
    asked(origin)
    await desk.follow(feed.url)
    origin.scripts[feed.path(1)] = page
    seen = len(await desk.events())
    await desk.later(2 * MINUTE)
    assert asked(origin) == [feed.path(n) for n in range(4)], "after a restart, and though the document is unchanged"
    assert await desk.titles() == expected(40)
    assert len(await desk.events()) == seen + 20
    assert (await desk.state()).gap is None


async def test_a_gap_behind_an_open_one_is_closed_with_it(desk: Desk, origin: RawOrigin) -> None:
    feed = PagedFeed(origin)
    feed.publish(10, desk.clock.now)
    await desk.follow(feed.url)
    for _ in range(2):
        await away(desk)
        feed.publish(30, desk.clock.now)
        origin.serve(feed.path(1), whole(b"", status="500 x"))
        await desk.later()
    feed.serve()
    await desk.later(2 * HOUR)
    assert await desk.titles() == expected(70)
    assert (await desk.state()).gap is None


async def test_one_poll_reads_so_many_pages_and_the_next_reads_on(desk: Desk, origin: RawOrigin) -> None:
    feed = PagedFeed(origin)
    feed.publish(10, desk.clock.now)
    await desk.follow({"url": feed.url, "interval": DAY})
    feed.publish(150, desk.clock.now + 2 * DAY)
    await desk.later(2 * DAY)
    assert len(asked(origin)) == 2 + MAX_PAGES
    assert len(await desk.items()) == 10 + 10 + 10 * MAX_PAGES
    await desk.later(6 * MINUTE)
    assert await desk.titles() == expected(160)
    assert (await desk.state()).next_at > desk.clock.now + HOUR


async def test_a_pause_that_a_page_asks_for_is_kept(desk: Desk, origin: RawOrigin) -> None:
    feed = await paged_feed_with_gap(desk, origin)
    origin.serve(feed.path(1), whole(b"", "Retry-After: 1800", status="429 x"))
    await desk.later()
    asked(origin)
    feed.serve()
    await desk.later(29 * MINUTE)
    assert asked(origin) == []
    await desk.later(2 * MINUTE)
    assert await desk.titles() == expected(40)


@pytest.mark.parametrize("further", ["/feed", "/feed?page=1", "/same"])
async def test_pages_that_repeat_themselves_end(desk: Desk, origin: RawOrigin, further: str) -> None:
    feed = PagedFeed(origin)
    feed.publish(10, desk.clock.now)
    await desk.follow(feed.url)
    await away(desk)
    feed.publish(40, desk.clock.now)
    second = atom(
        *(f"<id>x{n}</id><title>x</title><published>{rfc3339(desk.clock.now)}</published>" for n in range(5)),
        feed=f"<link rel='next' href='{further}'/>",
    )
    for path in (feed.path(1), "/same"):
        origin.serve(path, whole(second))
    await desk.later()
    assert len(asked(origin)) <= 4
    gap = (await desk.state()).gap
    assert gap is not None
    assert gap.url is None
    assert desk.poller.gaps == {"closed": 0, "missed": 1}


async def test_a_gap_that_no_page_closes_is_reported_once(
    desk: Desk, origin: RawOrigin, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "livelog.feeds")
    feed = PagedFeed(origin)
    start = desk.clock.now
    feed.publish(10, start)
    await desk.follow(feed.url)
    feed.publish(30, start + HOUR)
    feed.serve(pages=2)
    await desk.later(HOUR)
    await desk.later()
    gap = (await desk.state()).gap
    assert gap is not None
    assert (gap.url, gap.after, gap.before) == (None, start, start + HOUR - 19)
    assert sum("posts may be missed" in message for message in caplog.messages) == 1
    await desk.later(31 * DAY)
    feed.publish(1, desk.clock.now)
    await desk.later()
    assert (await desk.state()).gap is None


async def test_a_page_that_fails_again_and_again_is_given_up(desk: Desk, origin: RawOrigin) -> None:
    feed = await paged_feed_with_gap(desk, origin)
    origin.serve(feed.path(1), whole(b"", status="404 x"))
    await desk.later()
    asked(origin)
    for _ in range(26):
        await desk.later(HOUR + MINUTE)
    assert asked(origin).count(feed.path(1)) < 30
    gap = (await desk.state()).gap
    assert gap is not None
    assert gap.url is None


@pytest.mark.parametrize("count", [1, 4])
async def test_a_small_feed_that_changes_wholly_reports_nothing(desk: Desk, origin: RawOrigin, count: int) -> None:
    feed = PagedFeed(origin, size=count)
    feed.publish(count, desk.clock.now)
    feed.serve(pages=1)
    await desk.follow(feed.url)
    feed.publish(2 * count, desk.clock.now + HOUR)
    feed.serve(pages=1)
    await desk.later(HOUR)
    assert (await desk.state()).gap is None


async def test_a_feed_without_further_pages_reports_what_it_may_have_missed(desk: Desk, origin: RawOrigin) -> None:
    feed = PagedFeed(origin)
    feed.publish(10, desk.clock.now)
    feed.serve(pages=1)
    await desk.follow(feed.url)
    feed.publish(30, desk.clock.now + HOUR)
    feed.serve(pages=1)
    await desk.later(HOUR)
    assert asked(origin) == ["/feed", "/feed"]
    assert desk.poller.gaps["missed"] == 1


async def test_a_feed_whose_guids_all_change_reads_no_further_page(desk: Desk, origin: RawOrigin) -> None:
    now = desk.clock.now
    feed = "<title>News</title><link rel='next' href='/more'/>"

    def entries(guid: str, later: float = 0) -> bytes:
        return atom(
            *(
                f"<id>{guid}{n}</id><link href='https://example.org/{n}'/><title>post {n}</title>"
                f"<published>{rfc3339(now + later - n)}</published>"
                for n in range(10)
            ),
            feed=feed,
        )

    url = origin.serve("/feed", whole(entries("a")))
    await desk.follow(url)
    for guid, later in (("b", 0.0), ("c", HOUR)):
        origin.serve("/feed", whole(entries(guid, later)))
        await desk.later(HOUR)
    assert asked(origin) == ["/feed"] * 3
    assert (await desk.state()).gap is None
    assert len(await desk.items()) == 10


async def test_a_feed_with_new_guids_each_time_is_not_read_whole_at_each_poll(desk: Desk, origin: RawOrigin) -> None:
    feed = PagedFeed(origin)
    built = 0

    def build() -> None:
        nonlocal built
        built += 1
        for number in range(200):
            link = f"<link rel='next' href='{feed.path(number + 1)}'/>"
            ids = (f"<id>{built}-{number}-{n}</id><title>post</title>" for n in range(6))
            origin.serve(feed.path(number), whole(atom(*ids, feed=link)))

    build()
    await desk.follow(feed.url)
    for _ in range(30):
        build()
        await desk.later(5 * MINUTE)
    assert len(asked(origin)) < 31 + MAX_PAGES_OF_GAP + MAX_PAGES
    assert desk.poller.gaps["missed"] == 0


@pytest.mark.parametrize("missed", [0, 3])
async def test_posts_that_a_hub_missed_are_looked_for_on_further_pages(
    desk: Desk, origin: RawOrigin, missed: int
) -> None:
    feed = PagedFeed(origin)
    feed.publish(10, desk.clock.now)
    await desk.follow({"url": feed.url, "interval": HOUR})
    feed.publish(30, desk.clock.now + HOUR)
    pushed = [f"<id>p{n}</id><title>post {n}</title>" for n in (*range(10, 15), *range(20, 40 - missed))]
    await desk.timeline.push((await desk.state()).url, atom(*pushed), "application/atom+xml")
    await desk.later(MINUTE)
    assert len(await desk.items()) == 35 - missed
    await desk.later(2 * HOUR)
    assert asked(origin)[2:] == ([feed.path(n) for n in (1, 2, 3)] if missed else [])
    assert len(await desk.items()) == (40 if missed else 35)
    assert desk.poller.gaps == {"closed": int(missed > 0), "missed": 0}


async def test_a_difference_leaves_no_gap(desk: Desk, origin: RawOrigin) -> None:
    feed = PagedFeed(origin)
    feed.publish(10, desk.clock.now)
    url = feed.url
    first = atom(*(f"<id>p{n}</id><title>post {n}</title>" for n in range(10)))
    origin.serve("/feed", whole(first, 'ETag: "1"'))
    await desk.follow(url)
    new = atom("<id>q</id><title>q</title>", feed="<link rel='next' href='/more'/>")
    origin.serve("/feed", whole(new, 'ETag: "2"', status="226 x"))
    await desk.later()
    assert asked(origin) == ["/feed", "/feed"]


async def test_a_page_leads_nobody_into_a_private_network(desk: Desk, origin: RawOrigin) -> None:
    feed = await paged_feed_with_gap(desk, origin)
    origin.serve(feed.path(1), moved(origin.url("/x").replace("127.0.0.1", "127.0.0.2")))
    await desk.later()
    assert asked(origin) == ["/feed", "/feed", feed.path(1)]
    assert len(await desk.items()) == 20


async def test_a_filter_that_is_newer_than_a_post_withdraws_it_from_no_further_page(
    desk: Desk, origin: RawOrigin
) -> None:
    feed = PagedFeed(origin)
    feed.publish(10, desk.clock.now)
    await desk.follow(feed.url)
    for _ in range(2):
        await away(desk)
        feed.publish(8, desk.clock.now)
        await desk.later()
    await desk.follow({"url": feed.url, "exclude": ["/post 1[0-5]/"]})
    await desk.later()
    await away(desk)
    feed.publish(12, desk.clock.now)
    origin.serve("/feed", whole(document(feed.posts[:10], "/more")))
    # It has posts that the last document did not list.
    origin.serve("/more", whole(document(feed.posts[10:36])))
    await desk.later()
    assert await desk.titles() == expected(38)


async def test_pages_of_an_archive_can_begin_within_the_document(desk: Desk, origin: RawOrigin) -> None:
    feed = PagedFeed(origin)
    feed.publish(20, desk.clock.now)
    await desk.follow(feed.url)
    await away(desk)
    feed.publish(40, desk.clock.now)
    origin.serve("/feed", whole(document(feed.posts[:20], "/month")))
    origin.serve("/month", whole(document(feed.posts[:5], "/month-before")))
    origin.serve("/month-before", whole(document(feed.posts[5:55])))
    await desk.later()
    # The first fetch found ten.
    assert await desk.titles() == expected(60)[:50]
    assert desk.poller.gaps == {"closed": 1, "missed": 0}


@pytest.mark.parametrize(("further", "gaps"), [(None, 0), ("/more", 1)])
async def test_a_document_that_breaks_off_reports_nothing(
    desk: Desk, origin: RawOrigin, log: Log, further: str | None, gaps: int
) -> None:
    feed = PagedFeed(origin)
    feed.publish(10, desk.clock.now)
    feed.serve(pages=1)
    await desk.follow(feed.url)
    await away(desk)
    feed.publish(3, desk.clock.now)
    body = document(feed.posts[:10], further)
    origin.serve("/feed", whole(body[: body.index(b"post 11")]))
    origin.serve("/more", whole(document(feed.posts[10:])))
    await desk.later()
    feed.serve(pages=1)
    await desk.later()
    # The first of them was seen before the others.
    assert Counter(await desk.titles()) == Counter(expected(13))
    assert desk.poller.gaps == {"closed": gaps, "missed": 0}
    assert (await desk.state()).gap is None
    assert len(log.heard()) == 2, "one that breaks off, and the next"


async def test_days_in_which_nothing_is_tried_give_up_no_page(desk: Desk, origin: RawOrigin) -> None:
    feed = await paged_feed_with_gap(desk, origin)
    origin.serve(feed.path(1), whole(b"", status="500 x"))
    await desk.later()
    await away(desk, 3 * DAY)
    await desk.later()
    feed.serve()
    await desk.later(HOUR)
    assert await desk.titles() == expected(40)


async def test_filters_hold_for_further_pages(desk: Desk, origin: RawOrigin) -> None:
    feed = PagedFeed(origin)
    feed.publish(10, desk.clock.now)
    await desk.follow(all=[feed.url], some=[{"url": feed.url, "exclude": ["post 20"]}])
    await away(desk)
    feed.publish(30, desk.clock.now)
    await desk.later()
    assert await desk.titles("all") == expected(40)
    assert await desk.titles("some") == [title for title in expected(40) if title != "post 20"]
