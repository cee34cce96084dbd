"""How the parts of an item are written."""

from __future__ import annotations

from config import Blog
from pages.item import clock, day, hue, mode_of, quoted


def test_times_are_utc() -> None:
    assert clock("2026-11-23T14:07:59.123456Z") == "14:07"
    assert clock("2026-11-23T14:07:59+02:00") == "14:07"
    assert day("2026-11-03T00:00:00Z") == "3 November 2026"


def test_a_post_is_shown_as_its_feed_or_blog_says() -> None:
    feeds = ["https://user:word@a.example/", "https://b.example/", "https://c.example/", "https://d.example/"]
    posts = ["headlines", "full", "auto", None]
    blog = Blog.model_validate(
        {"slug": "b", "title": "B", "feeds": [{"url": u, "posts": p} for u, p in zip(feeds, posts, strict=True)]}
    )

    def modes(blog: Blog, **more: object) -> list[str]:
        urls = ["https://a.example/", *feeds[1:]]
        return [mode_of({"_livelog": {"source": {"title": "", "feed_url": url}, **more}}, blog) for url in urls]

    assert modes(blog, preview={"text": "", "minutes": 0}) == ["headlines", "whole", "brief", "brief"]
    assert modes(blog) == ["headlines", "whole", "whole", "whole"]
    full = blog.model_copy(update={"posts": "full"})
    assert modes(full, preview={"text": "", "minutes": 0}) == ["headlines", "whole", "brief", "whole"]


def test_a_source_keeps_its_colour() -> None:
    # FNV-1a's published test vector for "foobar" is 0xbf9cf968.
    assert hue("foobar") == 0xBF9CF968 % 12
    assert hue("") == 0x811C9DC5 % 12


def test_a_day_is_written_as_the_language_does() -> None:
    assert day("2026-11-03T00:00:00Z", "zh") == "2026年11月3日"


def test_urls_are_quoted_as_in_javascript() -> None:
    # What encodeURIComponent makes of it.
    assert quoted("a b/c?d=e&f#é'(!)*~") == "a%20b%2Fc%3Fd%3De%26f%23%C3%A9'(!)*~"
