"""The pages people read."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from config import Blog, Config, Feed
from entries import FRONT_PAGE, Attachment, Source
from tests.site import Site
from tests.timeline.drafts import LEASE_SECONDS, NOW, commit, entry
from timeline import Timeline

OTHERS_FAILING = 1_500

HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


async def fail(timeline: Timeline, urls: Sequence[str]) -> None:
    """Has the first poll of each feed fail."""
    await timeline.follow(dict.fromkeys(urls, 0.0))
    for lease in await timeline.claim(NOW, len(urls), LEASE_SECONDS):
        await timeline.commit(lease.state.failed("No answer.", 503, NOW, NOW + 60), [], lease)


def counted(method: Callable[..., Awaitable[Any]], calls: list[str]) -> Callable[..., Awaitable[Any]]:
    """A method that adds its name to ``calls``."""

    def call(*arguments: object) -> Awaitable[Any]:
        calls.append(method.__name__)
        return method(*arguments)

    return call


async def page(site: Site, path: str = "/blog/") -> str:
    answer = await site.get(path)
    assert answer.code == 200
    return answer.body.decode()


async def test_it_shows_title_date_source_and_content_newest_first(site: Site) -> None:
    first = datetime(2026, 11, 23, 14, 7, tzinfo=UTC).timestamp()
    await commit(
        site.timeline, entry("a", "First", at=first, content_html="<p>One</p>"), entry("b", "Second", at=NOW)
    )
    text = await page(site)
    assert text.index("Second") < text.index("First")
    assert re.search(r'<time[^>]*datetime="2026-11-23T14:07:00[^>]*>\s*14:07', text)
    assert "<p>One</p>" in text
    assert "Example" in text


async def test_it_carries_the_cursor_that_its_entries_end_at(site: Site) -> None:
    await commit(site.timeline, entry("a"))
    assert f'data-cursor="{await site.timeline.head("blog")}"' in await page(site)


async def test_an_empty_blog_explains_why_it_is_empty(site: Site) -> None:
    assert "No posts yet" in await page(site)
    assert "config.yaml" in await page(site, "/other/")


async def test_older_pages_are_linked_and_are_not_live(site: Site) -> None:
    await commit(site.timeline, *(entry(f"e{n:03}", at=NOW + n) for n in range(FRONT_PAGE + 2)))
    first = await page(site)
    assert first.partition("<template")[0].count("<article") == FRONT_PAGE
    older = re.search(r'href="(/blog/\?before=[^"]+)"', first)
    assert older
    second = await page(site, older[1])
    assert second.partition("<template")[0].count("<article") == 2
    assert "page.js" in first
    assert "data-cursor" not in second


@pytest.mark.parametrize("before", ["x", "1", "-", "%00", "1-%27%22"])
async def test_an_invalid_before_is_a_400(site: Site, before: str) -> None:
    assert (await site.get(f"/blog/?before={before}")).code == 400


async def test_unknown_blogs_entries_and_paths_are_a_404(site: Site) -> None:
    for path in ("/nowhere/", "/nowhere/ws", "/nowhere/entries", "/blog/e/aaaa", "/blog/nothing", "/x/y/z", "/BLOG/"):
        answer = await site.get(path)
        assert answer.code == 404, path


async def test_a_blog_without_its_slash_is_redirected(site: Site) -> None:
    answer = await site.get("/blog")
    assert (answer.code, answer.headers["Location"]) == (302, "/blog/")


async def test_the_root_lists_several_blogs(site: Site) -> None:
    text = await page(site, "/")
    assert 'href="/blog/"' in text
    assert 'href="/other/"' in text


class TestOneBlog:
    @pytest.fixture
    def settings(self) -> Config:
        return Config(store="sqlite::memory:", blogs=(Blog(slug="only", title="Only"),))

    async def test_the_root_redirects_to_the_only_blog(self, site: Site) -> None:
        answer = await site.get("/")
        assert (answer.code, answer.headers["Location"]) == (302, "/only/")


async def test_an_entry_has_a_page_of_its_own(site: Site) -> None:
    await commit(site.timeline, entry("abcd", "A title", content_html="<p>Text</p>"))
    text = await page(site, "/blog/e/abcd")
    assert "A title" in text
    assert "<p>Text</p>" in text


async def test_a_corrected_entry_shows_the_publishers_time_or_else_when_it_was_seen(site: Site) -> None:
    dated = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
    await commit(site.timeline, entry("aaaa"), entry("bbbb"))
    await commit(site.timeline, entry("aaaa", "new", modified=dated), entry("bbbb", "new"))
    assert re.search("Updated <time[^>]*>3 February 2026, 04:05<", await page(site, "/blog/e/aaaa"))
    assert re.search("Updated <time[^>]*>08:00<", await page(site, "/blog/e/bbbb"))


async def test_an_entry_that_was_withdrawn_and_returned_has_no_change_to_show(site: Site) -> None:
    await commit(site.timeline, entry("aaaa"))
    await commit(site.timeline, withdrawn=[("blog", "aaaa")])
    await commit(site.timeline, entry("aaaa"))
    assert "See changes" not in (await page(site, "/blog/e/aaaa")).partition("<template")[0]


async def test_titles_sources_tags_and_links_are_never_html(site: Site) -> None:
    hostile = entry(
        "a",
        HOSTILE,
        tags=(HOSTILE,),
        authors=(HOSTILE,),
        summary=HOSTILE,
        url="https://example.org/?" + HOSTILE,
        attachments=(Attachment("https://example.org/?" + HOSTILE, HOSTILE),),
    )
    from_hostile = entry("b", "b")
    object.__setattr__(
        from_hostile, "source", Source(HOSTILE, "https://example.org/?" + HOSTILE, "https://x.example/")
    )
    await commit(site.timeline, hostile, from_hostile)
    for path in ("/blog/", "/blog/e/a"):
        text = await page(site, path)
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "<b>lively</b>" not in text, "the blog's own title is text, too"


async def test_an_unreachable_source_is_reported_in_a_sentence(site: Site) -> None:
    failing: dict[str, Any] = {"problem": "The connection was refused.", "failures": 2, "failing_since": NOW - 600}
    await commit(site.timeline, entry("a"), **failing)
    text = await page(site)
    assert "\u2068Example\u2069 can’t be reached since" in text
    assert "refused" not in text, "reasons are the operator's"


async def test_one_failure_of_a_source_is_not_reported(site: Site) -> None:
    await commit(site.timeline, entry("a"), problem="The connection was refused.", failures=1, ok_at=NOW)
    assert "can’t be reached" not in await page(site)


class TestManyProblems:
    @pytest.fixture
    def settings(self) -> Config:
        feeds = tuple(Feed(url=f"https://{n}.example/feed") for n in range(5))
        blogs = (Blog(slug="blog", title="Blog", feeds=feeds), Blog(slug="other", title="Other", feeds=feeds[1:]))
        return Config(store="sqlite::memory:", blogs=blogs)

    async def test_many_unreachable_sources_are_folded_above_the_posts(self, site: Site, settings: Config) -> None:
        await commit(site.timeline, entry("a"), replace(entry("b"), blog="other"))
        await fail(site.timeline, [feed.url for feed in settings.blogs[0].feeds[1:]])
        assert "<details><summary>4 sources cannot be reached</summary><p dir" in await page(site)
        assert (await page(site)).count("can’t be reached since") == 4

    async def test_all_of_them_are_one_sentence(self, site: Site, settings: Config) -> None:
        await commit(site.timeline, entry("a"), replace(entry("b"), blog="other"))
        await fail(site.timeline, [feed.url for feed in settings.blogs[1].feeds])
        text = await page(site, "/other/")
        assert text.count("No source can be reached since") == 1
        assert "sources cannot be reached" not in text


class TestManyFailingFeeds:
    """More feeds of another blog fail than the store lists at once."""

    @pytest.fixture
    def settings(self) -> Config:
        elsewhere = tuple(Feed(url=f"https://a.example/{n}") for n in range(OTHERS_FAILING))
        own = Feed(url="https://z.example/feed", title="Own")
        blogs = (Blog(slug="blog", title="Blog", feeds=(own,)), Blog(slug="other", title="Other", feeds=elsewhere))
        return Config(store="sqlite::memory:", blogs=blogs)

    async def test_they_do_not_hide_the_failing_feed_of_this_blog(self, site: Site, settings: Config) -> None:
        await fail(site.timeline, [feed.url for blog in settings.blogs for feed in blog.feeds])
        assert re.findall(r'<p dir="auto">(.*?) can’t be reached', await page(site)) == ["\u2068Own\u2069"]
        health = await site.admin_json("/healthz")
        assert health["feeds"]["failing"] == OTHERS_FAILING + 1
        assert len(health["failing"]) == 1_000
        metrics = (await site.admin("/metrics")).body.decode()
        assert f'livelog_feeds{{state="failing"}} {OTHERS_FAILING + 1}.0' in metrics


async def test_a_page_reads_no_feed_states_while_they_are_cached(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    await commit(site.timeline, entry("a"), problem="No answer.", failures=2)
    reads: list[str] = []
    for name in ("states", "failing"):
        monkeypatch.setattr(site.timeline, name, counted(getattr(site.timeline, name), reads))
    assert "can’t be reached" in await page(site)
    assert reads == ["states"]
    assert "can’t be reached" in await page(site)
    assert reads == ["states"]


async def test_pages_are_compressed(site: Site) -> None:
    await commit(site.timeline, *(entry(f"e{n}", "A title " * 9) for n in range(20)))
    answer = await site.get("/blog/", Accept_Encoding="gzip")
    assert answer.headers.get("X-Consumed-Content-Encoding", answer.headers.get("Content-Encoding")) == "gzip"
