"""A blog that is renamed goes on with its feeds: what they publish next is news, and nothing is a backfill."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from demo.newsroom import Newsroom
from tests.feeds.documents import rss
from tests.feeds.origins import RawOrigin, whole
from tests.feeds.polling import HOUR, MINUTE, Desk
from tests.livelog import until
from timeline import TimelineError


def hour_ago(desk: Desk) -> datetime:
    """A date that an entry of a backfill would be placed at."""
    return datetime.fromtimestamp(desk.clock.now - HOUR, UTC)


async def is_news(desk: Desk, title: str, blog: str) -> bool:
    """True if a post stands where it was seen, which is above all that were seen before."""
    newest = (await desk.items(blog))[0]
    placed = newest["_livelog"]["position"] == newest["_livelog"]["seen"]
    return placed and newest["title"] == title and not desk.timeline.commits[-1][1][-1].backfilled


@pytest.mark.parametrize("is_running", [False, True], ids=["restarted", "reloaded"])
async def test_a_post_since_the_last_poll_is_news(desk: Desk, newsroom: Newsroom, is_running: bool) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="before")
    await desk.follow(old=[feed.url])
    assert await desk.timeline.rename("old", "new")
    desk.aliases = {"new": ("old",)}
    feed.publish(title="after", published=hour_ago(desk))
    desk.clock.now += MINUTE
    await (desk.apply if is_running else desk.follow)(new=[feed.url])
    assert await desk.titles("new") == ["after", "before"]
    assert await is_news(desk, "after", "new")
    assert newsroom.requests[-1].headers.get("If-None-Match"), "what it has is known"
    assert (await desk.state()).blogs == ("new",)


async def test_the_filter_of_a_renamed_blog_is_compared_with_its_own(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="rejected")
    await desk.follow(old=[{"url": feed.url, "exclude": ["rejected"]}])
    feed.publish(title="before")
    await desk.later()
    await desk.timeline.rename("old", "new")
    desk.aliases = {"new": ("old",)}
    await desk.apply(new=[feed.url])
    assert await desk.titles("new") == ["before", "rejected"], "one that a filter let through late is a backfill"


async def test_an_alias_of_a_blog_with_posts_of_its_own_is_no_former_name(desk: Desk, newsroom: Newsroom) -> None:
    feed, other = (newsroom.open_desk(path, title=path) for path in ("/a.xml", "/b.xml"))
    feed.publish(title="listed", published=hour_ago(desk))
    other.publish(title="other")
    await desk.follow(old=[feed.url], new=[other.url])
    assert not await desk.timeline.rename("old", "new")
    desk.aliases = {"new": ("old",)}
    await desk.apply(new=[feed.url, other.url])
    assert await desk.titles("new") == ["other", "listed"], "the feed is new to this blog"
    assert all(entry.backfilled for entry in desk.timeline.commits[-1][1])


async def test_a_poll_that_ends_late_takes_no_post_from_the_renamed_blog(desk: Desk, origin: RawOrigin) -> None:
    url = origin.serve("/feed", whole(rss("<guid>1</guid><title>before</title>")))
    await desk.follow(old=[url])
    is_asked, is_renamed = asyncio.Event(), asyncio.Event()

    async def late(writer: asyncio.StreamWriter) -> None:
        is_asked.set()
        await is_renamed.wait()
        writer.write(whole(rss("<guid>2</guid><title>after</title>", "<guid>1</guid><title>before</title>")))

    origin.serve("/feed", late)
    desk.clock.now += MINUTE
    await desk.poller.tick()
    await is_asked.wait()
    await desk.timeline.rename("old", "new")
    desk.aliases = {"new": ("old",)}
    await desk.poller.apply(desk.config(new=[url]))
    is_renamed.set()

    async def has_both() -> bool:
        return await desk.titles("new") == ["after", "before"]

    await until(has_both)


async def test_without_an_answer_of_the_store_the_feed_is_new_to_the_blog(desk: Desk, newsroom: Newsroom) -> None:
    feed = newsroom.open_desk("/a.xml", title="A")
    feed.publish(title="before")
    await desk.follow(old=[feed.url])
    await desk.timeline.rename("old", "new")
    desk.aliases = {"new": ("old",)}
    feed.publish(title="after", published=hour_ago(desk))
    desk.timeline.faults["head"] = TimelineError("busy")
    await desk.apply(new=[feed.url])
    assert await desk.titles("new") == ["before", "after"]
