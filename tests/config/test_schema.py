"""config/schema.py: the values that each key accepts, and the sentence for those that it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import Blog, Config
from tests.config.reading import BLOG, Problems, Read

A_COLOUR = "must be a colour such as '#b0301c', in quotes: without them YAML takes # for a comment"
AN_ORIGIN = "must be an origin such as https://www.example.org or https://*.example.org, or '*' for any"


# Values


def test_a_configuration_is_frozen(read: Read) -> None:
    with pytest.raises(ValueError, match="frozen"):
        read(BLOG).store = "sqlite:other.db"


def test_blog_finds_by_slug(read: Read) -> None:
    loaded = read("blogs: {one: {}, two: {title: Two}}")
    assert loaded.blog("two") == Blog(slug="two", title="Two")
    assert loaded.blog("three") is None


def test_empty_sections_and_values_take_defaults(read: Read) -> None:
    assert read("server:\nfetch: {timeout: }\nstore: ~\nblogs:\n  blog:\n    title:\n    feeds:\n") == read(
        "blogs: {blog: {title: null}}"
    )


@pytest.mark.parametrize("slug", ["no", "2024", "0x1", "null", "a" * 64, "a-b-"])
def test_a_slug_is_what_is_written(read: Read, slug: str) -> None:
    assert [(blog.slug, blog.title) for blog in read(f"blogs: {{{slug}: {{}}}}").blogs] == [(slug, slug)]


@pytest.mark.parametrize("title", ["2024", "true", "2024-01-01", "1e3", "快讯 👩‍👩‍👧"])
def test_a_title_is_what_is_written(read: Read, title: str) -> None:
    assert read(f"blogs: {{blog: {{title: {title}}}}}").blogs[0].title == title


@pytest.mark.parametrize(
    "store",
    [
        "sqlite:livelog.db",
        "sqlite:/var/lib/my news/live.db",
        "sqlite::memory:",
        "redis://127.0.0.1:6379/0",
        "rediss://user:pass@redis.example.org",
        "unix:///run/redis.sock",
    ],
)
def test_stores(read: Read, store: str) -> None:
    assert read(f"{BLOG}store: '{store}'").store == store


@pytest.mark.parametrize("address", ["0.0.0.0", "::1", "'::'", "localhost", "live.example.org", "web_1"])
def test_addresses(read: Read, address: str) -> None:
    assert read(f"{BLOG}server:\n  address: {address}").server.address == address.strip("'")


# The theme of a blog


def test_the_theme_of_a_blog_is_kept(read: Read) -> None:
    Path("theme").mkdir()
    Path("theme/mark.svg").write_text("<svg/>", encoding="utf-8")
    Path("own.css").write_text("", encoding="utf-8")
    (blog,) = read("""blogs:
  blog:
    language: zh
    accent: "#B0301C"
    logo: theme/mark.svg
    css: own.css
    images: click
    frame_ancestors: [https://www.Example.org/, "https://*.example.org:8443", "*"]
""").blogs
    assert (blog.language, blog.accent, blog.images) == ("zh", "#b0301c", "click")
    assert (blog.logo, blog.css) == (Path("theme/mark.svg").absolute(), Path("own.css").absolute())
    assert blog.frame_ancestors == ("https://www.example.org", "https://*.example.org:8443", "*")


@pytest.mark.parametrize("written", ["'#13a'", "13a", "1133aa", "'#1133AA'"])
def test_a_colour_is_written_in_one_form(read: Read, written: str) -> None:
    assert read(f"blogs: {{b: {{accent: {written}}}}}").blogs[0].accent == "#1133aa"


# Posts


def test_posts_are_of_the_blog_or_of_a_feed(read: Read) -> None:
    feeds = "[{url: 'https://a:b@a.example/f', posts: full}, {url: 'https://b.example/', posts: null}]"
    blog = read(f"blogs: {{b: {{posts: headlines, feeds: {feeds}}}}}").blogs[0]
    assert blog.posts == "headlines"
    assert blog.feed_posts == {"https://a.example/f": "full", "http://a.example/f": "full"}
    assert read("blogs: {b: {posts: null}}").blogs[0].posts == "auto"


def test_posts_of_a_feed_are_those_of_its_own_scheme_first(read: Read) -> None:
    feeds = "[{url: 'http://a.example:81/', posts: full}, {url: 'https://a.example:81/b', posts: headlines}]"
    blog = read(f"blogs: {{b: {{feeds: {feeds}}}}}").blogs[0]
    assert blog.feed_posts["http://a.example:81/"] == blog.feed_posts["https://a.example:81/"] == "full"


def test_key_events_and_the_pinned_post_have_a_tag(read: Read, problems: Problems) -> None:
    blog = read("blogs: {b: {key_events: Key event, pin: 要闻}}").blogs[0]
    assert (blog.key_events, blog.pin) == ("Key event", "要闻")
    assert problems("blogs: {b: {pin: ''}}") == ("1: blogs.b.pin: must not be empty",)


def test_a_copy_with_other_values_computes_its_properties_anew() -> None:
    first = Config(blogs=(Blog(slug="a", title="A"),))
    assert first.blog("a") is first.blogs[0]
    second = first.model_copy(update={"blogs": (Blog(slug="b", title="B", aliases=("a",)),)})
    assert (second.blog("a"), second.blog("b"), second.aliases) == (None, second.blogs[0], {"a": "b"})
