"""The site, whose configuration is replaced while requests are served."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config import Blog, Config, Feed, Server
from tests.handlers.test_page import page
from tests.site import Site

ROOT = Path(__file__).resolve().parents[2]

LOADED = """
import sys
import handlers.routes
print(sorted({name.partition(".")[0] for name in sys.modules} & {"feeds", "feedparser", "nh3", "pebble"}))
"""


async def test_a_new_configuration_is_served_from_the_next_request_on(site: Site, settings: Config) -> None:
    await page(site)
    changed = settings.blogs[0].model_copy(update={"title": "Changed", "accent": "#00ff66"})
    new = Blog(slug="new", title="New", feeds=(Feed(url="https://new.example/", title="New source"),))
    server = Server(public_url="https://other.example.org")
    site.served.apply(settings.model_copy(update={"blogs": (changed, new), "server": server}))
    text = await page(site)
    assert "<title>Changed</title>" in text
    assert 'href="/blog/theme.css?v=' in text
    assert '<link rel="canonical" href="https://other.example.org/blog/">' in text
    assert (await site.get("/other/")).code == 404
    assert [one["title"] for one in (await site.json("/new/sources"))["sources"]] == ["New source"]
    assert "New source" in await page(site, "/new/")
    assert (await site.admin_json("/healthz"))["feeds"]["followed"] == 2


async def test_a_blog_whose_feeds_changed_shows_its_new_sources_at_once(site: Site, settings: Config) -> None:
    assert "Example" in await page(site)
    blog = settings.blogs[0].model_copy(update={"feeds": (Feed(url="https://new.example/", title="New source"),)})
    site.served.apply(settings.model_copy(update={"blogs": (blog,)}))
    text = await page(site)
    assert "New source" in text
    assert 'data-title="Example"' not in text


async def test_the_old_configuration_is_served_on_if_a_file_of_the_new_one_is_missing(
    site: Site, settings: Config, tmp_path: Path
) -> None:
    blog = settings.blogs[0].model_copy(update={"title": "Changed", "css": tmp_path / "missing.css"})
    with pytest.raises(OSError, match="missing"):
        site.served.apply(settings.model_copy(update={"blogs": (blog,)}))
    assert "Changed" not in await page(site)
    assert (await site.get("/other/")).code == 200


async def test_sockets_are_accepted_from_the_origin_that_the_new_configuration_names(
    site: Site, settings: Config
) -> None:
    site.served.apply(settings.model_copy(update={"server": Server(public_url="https://other.example.org")}))
    for origin, status in (("https://live.example.org", 403), ("https://other.example.org", 400)):
        answer = await site.get(
            "/blog/ws", Upgrade="websocket", Connection="Upgrade", Sec_WebSocket_Version="13", Origin=origin
        )
        assert answer.code == status, "without a key, an accepted origin is a 400"


def test_a_web_node_loads_no_parser() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
