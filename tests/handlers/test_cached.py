"""Pages and entries are made once and sent to many, and show each change at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config import Blog, Config, Feed
from entries import FRONT_PAGE
from pages.freshness import Freshness
from tests.livelog import until
from tests.site import Site
from tests.timeline.drafts import FEED, NOW, commit, entry
from timeline import TimelineError

PATHS = [
    *("/blog/", "/blog/?view=wall", "/blog/?source=Example", "/blog/embed", "/blog/e/abcd", "/blog/entries"),
    *("/blog/feed.xml", "/blog/feed.json", "/blog/feed.txt"),
]


@pytest.fixture
def settings() -> Config:
    """A blog of which each host sees its own URLs."""
    feed = Feed(url=FEED, title="Example")
    return Config(store="sqlite::memory:", blogs=(Blog(slug="blog", title="Blog", feeds=(feed,)),))


async def text(site: Site, path: str, **headers: str) -> str:
    answer = await site.get(path, **headers)
    assert answer.code == 200
    return answer.body.decode()


def counted(site: Site, monkeypatch: pytest.MonkeyPatch, name: str = "page") -> list[str]:
    """The calls of a method of the timeline from now on."""
    calls: list[str] = []
    method: Callable[..., Awaitable[Any]] = getattr(site.timeline, name)

    def call(*arguments: object) -> Awaitable[Any]:
        calls.append(name)
        return method(*arguments)

    monkeypatch.setattr(site.timeline, name, call)
    return calls


async def test_a_hundred_readers_at_a_time_have_a_page_rendered_once(site: Site) -> None:
    await commit(site.timeline, entry("abcd"))
    answers = await asyncio.gather(*(site.get("/blog/") for _ in range(100)))
    assert {answer.code for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert site.served.answers.misses == 1


async def test_a_page_is_rendered_once_for_all_codings(site: Site) -> None:
    await commit(site.timeline, entry("abcd"))
    for coding in ("br", "gzip", "identity"):
        assert (await site.get("/blog/", Accept_Encoding=coding)).code == 200
    assert site.served.answers.misses == 1


@pytest.mark.parametrize("path", PATHS)
async def test_an_answer_is_made_once(site: Site, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await commit(site.timeline, entry("abcd"))
    first = await text(site, path)
    reads = counted(site, monkeypatch)
    assert await text(site, path) == first
    assert not reads


@pytest.mark.parametrize("path", PATHS)
async def test_a_correction_is_shown_at_once(site: Site, path: str) -> None:
    await commit(site.timeline, entry("abcd", "A title"))
    assert "A title" in await text(site, path)
    await commit(site.timeline, entry("abcd", "Another title"))
    assert "Another title" in await text(site, path)


@pytest.mark.parametrize("path", PATHS)
async def test_a_new_post_and_a_withdrawal_are_shown_at_once(site: Site, path: str) -> None:
    await commit(site.timeline, entry("abcd", "A title"))
    await text(site, path)
    await commit(site.timeline, entry("efgh", "A later one", at=NOW + 1))
    assert "A later one" in await text(site, path)
    await commit(site.timeline, withdrawn=[("blog", "efgh")])
    assert "A later one" not in await text(site, path)


async def test_a_page_of_a_withdrawn_post_is_gone_at_once(site: Site) -> None:
    await commit(site.timeline, entry("abcd"))
    await text(site, "/blog/e/abcd")
    await commit(site.timeline, withdrawn=[("blog", "abcd")])
    assert (await site.get("/blog/e/abcd")).code == 410


async def test_events_of_another_blog_leave_a_page_as_it_is(site: Site) -> None:
    await commit(site.timeline, entry("abcd"))
    await text(site, "/blog/")
    await commit(site.timeline, replace(entry("efgh"), blog="other"))
    await text(site, "/blog/")
    assert site.served.answers.misses == 1


async def test_a_source_that_goes_down_is_shown_with_its_next_state(site: Site) -> None:
    await commit(site.timeline, entry("abcd"))
    assert "be reached since" not in await text(site, "/blog/")
    await commit(site.timeline, problem="The connection was refused.", failures=3)
    site.served.sources = Freshness(site.timeline)
    assert "be reached since" in await text(site, "/blog/")


async def test_another_configuration_is_shown_at_once(site: Site, settings: Config, tmp_path: Path) -> None:
    await commit(site.timeline, entry("abcd"))
    for path in PATHS[:4]:
        await text(site, path)
    (tmp_path / "own.css").write_text("p { color: red }")
    blog = settings.blogs[0].model_copy(update={"title": "Renamed", "css": tmp_path / "own.css", "images": "none"})
    site.served.apply(settings.model_copy(update={"blogs": (blog,)}))
    for path in PATHS[:4]:
        answer = await site.get(path)
        assert "Renamed" in answer.body.decode()
        assert "/blog/theme.css?v=" in answer.body.decode()
        assert "img-src 'self';" in answer.headers["Content-Security-Policy"]


async def test_each_language_has_a_page_of_its_own(site: Site) -> None:
    await commit(site.timeline, entry("abcd"))
    for _ in range(2):
        assert '<html lang="en">' in await text(site, "/blog/")
        assert '<html lang="zh-CN">' in await text(site, "/blog/", Accept_Language="zh")
        answer = await site.get("/blog/", Cookie="lang=zh")
        assert '<html lang="zh-CN">' in answer.body.decode()
        assert answer.headers["Content-Language"] == "zh-CN"
        assert set(answer.headers["Vary"].split(", ")) == {"Accept", "Accept-Language", "Cookie", "Accept-Encoding"}


async def test_each_host_has_a_page_of_its_own(site: Site) -> None:
    await commit(site.timeline, entry("abcd"))
    await text(site, "/blog/", Host="one.example")
    other = await text(site, "/blog/", Host="two.example")
    assert "two.example/blog/" in other
    assert "one.example" not in other


async def test_a_page_has_nothing_of_the_reader_who_asked_for_it_first(site: Site) -> None:
    await commit(site.timeline, entry("abcd"))
    first = await site.get("/blog/?lang=en", Cookie="name=zebra", Referer="https://zebra.example", User_Agent="zebra")
    second = await site.get("/blog/?lang=en", Cookie="lang=zh; name=second", User_Agent="second")
    assert first.body == second.body
    assert b"zebra" not in first.body
    assert first.headers["Set-Cookie"].startswith("lang=en")
    assert second.headers["Set-Cookie"].startswith("lang=en"), "the cookie is not the cache's to keep or to drop"
    assert "Set-Cookie" not in (await site.get("/blog/")).headers


async def test_every_argument_of_the_query_has_a_page_of_its_own(site: Site) -> None:
    await commit(site.timeline, entry("abcd"))
    assert "?later=1&amp;lang=zh" in await text(site, "/blog/?later=1")
    assert "?later=2&amp;lang=zh" in await text(site, "/blog/?later=2")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_what_a_client_has_is_not_sent_again(site: Site, path: str, encoding: str) -> None:
    await commit(site.timeline, *(entry(f"abc{letter}", "A title " * 20) for letter in "defgh"))
    first = await site.get(path, Accept_Encoding=encoding)
    for tag in (first.headers["ETag"], f'"x", W/{first.headers["ETag"]}', "*"):
        again = await site.get(path, Accept_Encoding=encoding, If_None_Match=tag)
        assert (again.code, again.body) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Vary"] == first.headers["Vary"]
        assert "Content-Encoding" not in again.headers
    await commit(site.timeline, entry("abcd", "Corrected"))
    after = await site.get(path, Accept_Encoding=encoding, If_None_Match=first.headers["ETag"])
    assert after.code == 200


async def test_the_tag_of_one_encoding_is_not_that_of_the_other(site: Site) -> None:
    await commit(site.timeline, *(entry(f"e{n}", "A title " * 9) for n in range(20)))
    compressed = await site.get("/blog/", Accept_Encoding="gzip")
    plain = await site.get("/blog/", Accept_Encoding="identity")
    assert compressed.headers["ETag"] != plain.headers["ETag"]
    assert compressed.body == plain.body
    tag = compressed.headers["ETag"]
    assert (await site.get("/blog/", Accept_Encoding="identity", If_None_Match=tag)).code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_head_has_the_headers_of_get(site: Site, path: str) -> None:
    await commit(site.timeline, entry("abcd"))
    head, got = await site.get(path, "HEAD"), await site.get(path)
    assert (head.code, head.body) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag", "Vary", "Cache-Control", "Content-Security-Policy"):
        assert head.headers[name] == got.headers[name]


async def test_a_large_answer_is_sent_in_slices_whole(site: Site) -> None:
    words = "".join(f"<p>{number} words</p>" for number in range(8_000))
    await commit(site.timeline, *(entry(f"e{n:02}", content_html=words) for n in range(FRONT_PAGE)))
    plain = await site.get("/blog/entries?limit=50", Accept_Encoding="identity")
    assert len(plain.body) == int(plain.headers["Content-Length"]) > 5_000_000
    compressed = await site.get("/blog/entries?limit=50", Accept_Encoding="gzip")
    assert compressed.body == plain.body


async def test_pages_are_answered_from_the_cache_while_the_timeline_is_down(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await commit(site.timeline, entry("abcd", "A title"))
    await text(site, "/blog/")

    async def down(*_: object) -> None:
        raise TimelineError("disk I/O error")

    monkeypatch.setattr(site.timeline, "page", down)
    assert "A title" in await text(site, "/blog/")
    assert (await site.get("/blog/entries")).code == 503
    caplog.clear()


async def test_nothing_is_cached_once_the_fan_out_has_ended(site: Site) -> None:
    await commit(site.timeline, entry("abcd", "A title"))
    await until(lambda: site.fanout.events == 1)
    site.fanout.trouble = "The fan-out met a bug."
    assert site.fanout.head("blog") is None
    await asyncio.gather(*(_directly(site) for _ in range(3)))
    assert len(site.served.answers) == 0


async def _directly(site: Site) -> None:
    """Fetches the page without waiting for the fan-out."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET /blog/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()
