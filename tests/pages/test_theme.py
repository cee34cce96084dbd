"""A blog's theme: accent, style sheet, logo; served from here, under the same policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config import Blog, Config, Server
from tests.site import Site


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    (tmp_path / "mark.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf-8")
    (tmp_path / "own.css").write_text(".headline { font-style: italic }", encoding="utf-8")
    themed = Blog(slug="blog", title="Blog", accent="#13a", logo=tmp_path / "mark.svg", css=tmp_path / "own.css")
    return Config(
        server=Server(public_url="https://live.example.org"),
        store="sqlite::memory:",
        blogs=(themed, Blog(slug="plain", title="Plain")),
    )


async def test_the_accent_and_the_style_sheet_override_ours(site: Site) -> None:
    text = (await site.get("/blog/")).body.decode()
    found = re.search(
        r'<link rel="stylesheet" href="/assets/[0-9a-f]+/livelog[^>]*>\s*<link rel="stylesheet" href="([^"]+)">', text
    )
    assert found
    answer = await site.get(found[1])
    css = answer.body.decode()
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["Cache-Control"]
    assert css == ":root{--accent:#1133aa}\n.headline { font-style: italic }"
    assert "style-src 'self';" in (await site.get("/blog/")).headers["Content-Security-Policy"]


async def test_the_logo_is_shown_beside_the_title(site: Site) -> None:
    found = re.search(r'<img class="logo" src="([^"]+)" alt="">Blog', (await site.get("/blog/")).body.decode())
    assert found
    answer = await site.get(found[1])
    assert (answer.code, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"], "nothing runs, were it opened by itself"


async def test_another_version_is_not_cached_for_a_year(site: Site) -> None:
    assert "Cache-Control" not in (await site.get("/blog/logo?v=other")).headers
    assert (await site.get("/blog/logo")).headers["Etag"]


async def test_a_blog_without_a_theme_has_no_theme_files(site: Site) -> None:
    text = (await site.get("/plain/")).body.decode()
    assert "theme.css" not in text
    assert 'class="logo"' not in text
    for path in ("/plain/logo", "/plain/theme.css", "/nowhere/logo", "/blog/theme.css/x"):
        assert (await site.get(path)).code == 404, path
