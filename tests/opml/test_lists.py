"""opml/lists.py: the configuration with the feeds of lists elsewhere."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from config import Blog, Config, Feed, Fetch, ListedFeed
from feeds.followed_feeds import FollowedFeeds
from opml import Outline
from opml.lists import FeedList, id_of, merged
from outbound.client import STRANGERS

LIST = "https://ann:secret@lists.example/list.opml"
ONE, TWO = "https://one.example/feed", "https://two.example/feed"


def config(*blogs: Blog, **fetch: Any) -> Config:
    return Config(fetch=Fetch(**fetch), blogs=blogs)


def blog(slug: str, *feeds: Feed, opml: str | None = LIST) -> Blog:
    return Blog(slug=slug, title=slug, feeds=feeds, opml=opml)


def with_list(written: Config, *feeds: Outline) -> Config:
    return merged(written, {id_of(LIST): FeedList(feeds=feeds)})


def test_feeds_of_a_list_come_behind_those_of_the_blog() -> None:
    written = config(blog("a", Feed(url=ONE)), blog("b", opml=None), interval=90)
    made = with_list(written, Outline(TWO, "Two", ("x",)))
    (one, two), others = made.blogs[0].feeds, made.blogs[1].feeds
    assert (one, others) == (Feed(url=ONE), ())
    assert isinstance(two, ListedFeed)
    assert (two.url, two.title, two.tags, two.interval) == (TWO, "Two", ("x",), 90)
    assert two.public_url == TWO
    assert made.feeds == 2


def test_a_feed_in_both_keeps_the_settings_of_the_blog() -> None:
    own = Feed(url="https://ann:secret@one.example/feed", title="Mine", include=("budget",))
    made = with_list(config(blog("a", own)), Outline("http://one.example/feed", "Theirs", ()))
    assert made.blogs[0].feeds == (own,)


def test_a_feed_with_an_id_in_the_blog_is_not_followed_twice() -> None:
    own = Feed(url=ONE, id="one")
    assert with_list(config(blog("a", own)), Outline(ONE, None, ())).blogs[0].feeds == (own,)


def test_a_feed_that_another_blog_has_is_fetched_once_and_as_that_says() -> None:
    own = Feed(url="https://ann:secret@one.example/feed", id="one", cookie=SecretStr("a=b"))
    made = with_list(config(blog("a"), blog("b", own, opml=None)), Outline("http://one.example/feed", None, ()))
    (followed,) = FollowedFeeds(made.blogs).values()
    assert (followed.url, followed.named_by_operator) == (own.url, own.url)
    assert followed.own.headers == {"Cookie": "a=b"}
    assert set(followed.uses) == {"a", "b"}


def test_an_address_of_a_list_is_not_the_operators_word() -> None:
    made = with_list(config(blog("a")), Outline("http://10.0.0.1/feed", None, ()))
    (followed,) = FollowedFeeds(made.blogs).values()
    assert followed.named_by_operator == STRANGERS


def test_a_list_that_was_never_read_adds_nothing() -> None:
    written = config(blog("a", Feed(url=ONE)))
    assert merged(written, {}) == written


def test_a_state_is_the_same_after_it_was_stored() -> None:
    feeds = (Outline(ONE, None, ()), Outline(TWO, "新闻", ("a", "b"), {"list": "xpath://li"}))
    known = FeedList(feeds=feeds, etag='"1"', problem="No.", failures=3, failing_since=5.5)
    assert FeedList.from_json(known.to_json()) == known
    assert FeedList.from_json('{"feeds": [], "of_another_version": 1}') == FeedList()
