"""The feeds of a configuration: each once, and all feeds of a host, however it is written."""

from __future__ import annotations

from config import Blog, Feed
from feeds.followed_feeds import FollowedFeeds
from urls import feed_identity

A, B = "http://bücher.example/a", "http://user:pw@XN--BCHER-KVA.example:80/b"
A_ID, B_ID = map(feed_identity, (A, B))


def followed_feeds(**blogs: tuple[Feed, ...]) -> FollowedFeeds:
    """The feeds that these blogs follow."""
    return FollowedFeeds(Blog(slug=slug, title=slug, feeds=feeds) for slug, feeds in blogs.items())


def test_a_feed_of_several_blogs_is_one_plan_at_the_shortest_interval() -> None:
    feeds = [Feed(url=A, interval=interval) for interval in (3_600, 60, None)]
    found = followed_feeds(one=(feeds[0],), two=(feeds[1],), three=(feeds[2],))
    assert (len(found), found[A_ID].interval) == (1, 60)
    assert dict(found[A_ID].uses) == {"one": feeds[0], "two": feeds[1], "three": feeds[2]}


def test_an_interval_of_auto_everywhere_is_auto() -> None:
    assert followed_feeds(one=(Feed(url=A),))[A_ID].interval is None


def test_any_blog_that_takes_left_out_entries_for_withdrawn_is_enough() -> None:
    assert followed_feeds(one=(Feed(url=A),), two=(Feed(url=A, withdraw=True),))[A_ID].withdraws
    assert not followed_feeds(one=(Feed(url=A),))[A_ID].withdraws


def test_the_feeds_of_a_host_are_found_however_it_is_written() -> None:
    found = followed_feeds(one=(Feed(url=A), Feed(url=B), Feed(url="http://other.example/")))
    assert sorted(found.on_host("xn--bcher-kva.example")) == sorted([A_ID, B_ID])
    assert found.on_host("nowhere.example") == ()


def test_credentials_are_not_part_of_the_name_that_is_logged() -> None:
    assert followed_feeds(one=(Feed(url=B),))[B_ID].name == "http://XN--BCHER-KVA.example:80/b"
