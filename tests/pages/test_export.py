"""A blog as static HTML: complete, without scripts, and with links to its own files and to publishers alone."""

from __future__ import annotations

import html.parser
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from config import Blog, Feed
from entries import Preview
from pages import export
from tests.timeline.drafts import FEED, NOW, commit, entry
from timeline import Timeline
from timeline.sqlite import SqliteTimeline

BLOG = Blog(slug="blog", title="A <b>lively</b> blog", feeds=(Feed(url=FEED, title="Example"),))


@pytest.fixture
async def timeline() -> AsyncIterator[Timeline]:
    """An empty timeline."""
    opened = await SqliteTimeline.open(":memory:")
    yield opened
    await opened.close()


class Elements(html.parser.HTMLParser):
    """The elements of a file, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def all(self, name: str) -> list[str]:
        """The values of an attribute."""
        return [value for _, attributes in self.found if (value := attributes.get(name)) is not None]


def elements(file: Path) -> Elements:
    return Elements(file.read_text(encoding="utf-8"))


async def test_every_post_is_on_one_page_and_in_the_feed(timeline: Timeline, tmp_path: Path) -> None:
    for n in range(0, 450, 50):
        await commit(timeline, *(entry(f"e{m}", at=NOW - m) for m in range(n, n + 50)))
    assert await export.export(timeline, BLOG, tmp_path, "https://live.example.org/blog/") == 450
    ids = [[one for one in elements(tmp_path / name).all("id") if one.startswith("e-")] for name in files(450)]
    assert [len(one) for one in ids] == [200, 200, 50]
    assert [one for page in ids for one in page] == [f"e-e{n}" for n in range(450)]
    feed = json.loads((tmp_path / "entries.json").read_text(encoding="utf-8"))
    assert [item["id"] for item in feed["items"]] == [f"e{n}" for n in range(450)]
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["title"], feed["home_page_url"]) == (BLOG.title, "https://live.example.org/blog/")


def files(posts: int) -> list[str]:
    return ["index.html", *(f"page-{n}.html" for n in range(2, (posts - 1) // 200 + 2))]


async def test_pages_lead_to_each_other_and_to_no_path_of_the_server(timeline: Timeline, tmp_path: Path) -> None:
    await commit(timeline, *(entry(f"e{n}", at=NOW - n, tags=("t",)) for n in range(201)))
    await commit(timeline, entry("late", url="https://example.org/late", content_html='<img src="https://i.test/a">'))
    await export.export(timeline, BLOG, tmp_path, None)
    ids = {name: set(elements(tmp_path / name).all("id")) for name in files(202)}
    for name in files(202):
        page = elements(tmp_path / name)
        for address in (*page.all("href"), *page.all("src")):
            parts = urlsplit(address)
            if parts.scheme:
                assert parts.netloc in ("example.org", "i.test")
                continue
            assert not parts.path.startswith("/"), address
            assert (tmp_path / (parts.path or name)).is_file(), address
            if parts.fragment:
                assert parts.fragment in ids[parts.path or name]
    first, second = [elements(tmp_path / name) for name in files(202)]
    assert [one["href"] for _, one in first.found if one.get("rel") == "next"] == ["page-2.html"]
    assert [one["href"] for _, one in second.found if one.get("rel") == "prev"] == ["index.html"]


async def test_nothing_runs_and_nothing_is_sent_from_a_page(timeline: Timeline, tmp_path: Path) -> None:
    await commit(timeline, entry("a", "<script>alert(1)</script>"))
    await export.export(timeline, BLOG, tmp_path, None)
    page = elements(tmp_path / "index.html")
    assert not {"script", "form", "button", "iframe", "base"} & {tag for tag, _ in page.found}
    assert not [name for _, attributes in page.found for name in attributes if name.startswith("on")]
    (policy,) = [one["content"] for _, one in page.found if one.get("http-equiv") == "Content-Security-Policy"]
    assert "script-src 'none'" in (policy or "")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "A &lt;b&gt;lively&lt;/b&gt; blog" in text


async def test_a_corrected_post_shows_what_it_was_before(timeline: Timeline, tmp_path: Path) -> None:
    await commit(timeline, entry("a", "Ten people", content_html="<p>First.</p>"))
    await commit(timeline, entry("a", "Twelve people", content_html="<p>Then.</p>"))
    await export.export(timeline, BLOG, tmp_path, None)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert text.index("Twelve people") < text.index("Before the correction") < text.index("Ten people")
    assert "<p>First.</p>" in text
    assert text.count('class="former"') == 1


async def test_long_posts_are_whole_behind_their_beginning(timeline: Timeline, tmp_path: Path) -> None:
    long: dict[str, Any] = {"content_html": f"<p>{'word ' * 2_000}end.</p>", "preview": Preview("It begins.", 11)}
    await commit(timeline, entry("a", "Long", **long), entry("b", "Short", content_html="<p>All.</p>"))
    await export.export(timeline, BLOG, tmp_path, None)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert text.count("<details") == text.count("</details>") == 1
    beginning, rest = text.split('<details class="rest"><summary>Read on · 11 min</summary>')
    assert "It begins." in beginning
    assert "word end." in rest


@pytest.mark.parametrize(("posts", "is_whole"), [("full", True), ("headlines", False)])
async def test_a_blog_of_headlines_is_exported_as_headlines(
    timeline: Timeline, tmp_path: Path, posts: str, is_whole: bool
) -> None:
    long: dict[str, Any] = {"content_html": f"<p>{'word ' * 2_000}end.</p>", "preview": Preview("It begins.", 11)}
    await commit(timeline, entry("a", "Long", **long))
    await export.export(timeline, BLOG.model_copy(update={"posts": posts}), tmp_path, None)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert ("word end." in text) is is_whole
    assert "<details" not in text


async def test_the_theme_and_the_key_events_are_in_it(timeline: Timeline, tmp_path: Path) -> None:
    logo, css, folder = tmp_path / "logo.png", tmp_path / "own.css", tmp_path / "out"
    logo.write_bytes(b"PNG")
    css.write_text("b { color: red }")
    folder.mkdir()
    changes = {"logo": logo, "css": css, "accent": "#123456", "key_events": "key", "language": "zh"}
    await commit(
        timeline, entry("old", tags=("key",), at=NOW - 999), *(entry(f"e{n}", at=NOW - n) for n in range(200))
    )
    await export.export(timeline, BLOG.model_copy(update=changes), folder, None)
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in text
    assert '<img class="logo" src="logo.png" alt="">' in text
    assert 'href="page-2.html#e-old"' in text
    assert (folder / "theme.css").read_text() == ":root{--accent:#123456}\nb { color: red }"
    assert (folder / "logo.png").read_bytes() == b"PNG"
    assert {one.name for one in folder.iterdir()} == {
        *("index.html", "page-2.html", "entries.json"),
        *("livelog.css", "export.css", "theme.css", "logo.png", "favicon.svg"),
    }


async def test_an_empty_blog_is_a_page_that_says_so(timeline: Timeline, tmp_path: Path) -> None:
    assert await export.export(timeline, BLOG, tmp_path, None) == 0
    assert "No posts yet." in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "entries.json").read_text(encoding="utf-8"))["items"] == []
