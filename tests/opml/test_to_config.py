"""opml/to_config.py: a blog as an operator would write it into config.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from config import Blog, Feed
from tests.opml.documents import BLOGS, URL, as_configured, printed, read


def test_a_blog_is_printed_as_an_operator_would_write_it() -> None:
    named = Feed(url="https://example.org/2", title="Zwölf: 新闻", tags=("a", "no"))
    assert printed(Blog(slug="news", title="The News", feeds=(Feed(url=URL), named))) == (
        "blogs:\n"
        "  news:\n"
        "    title: The News\n"
        "    feeds:\n"
        "    - https://example.org/feed.xml\n"
        "    - url: https://example.org/2\n"
        "      title: 'Zwölf: 新闻'\n"
        "      tags:\n"
        "      - a\n"
        "      - 'no'\n"
    )


def test_a_document_cannot_read_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    feed = f'<outline text="$ ${{SECRET}} $$" category="${{SECRET}}" xmlUrl="{URL}?${{SECRET}}&amp;$$x"/>'
    blog = read(feed, "${SECRET}")
    assert as_configured(blog, tmp_path) == blog
    assert blog.title == "${SECRET}"
    assert blog.feeds == (Feed(url=f"{URL}?${{SECRET}}&$$x", title="$ ${SECRET} $$", tags=("${SECRET}",)),)


@given(BLOGS)
def test_printed_yaml_loads_as_the_same_blog(tmp_path_factory: pytest.TempPathFactory, blog: Blog) -> None:
    assert as_configured(blog, tmp_path_factory.getbasetemp()) == blog
