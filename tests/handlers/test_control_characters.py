"""Requests with characters that no address of ours has: an answer for each, never an error of the server."""

from __future__ import annotations

import pytest

from tests.connections.bare import asked
from tests.site import Site

PATHS = [
    "/{}",
    "/{}/",
    "/blog{}",
    "/blog{}/",
    "/blog/{}",
    "/blog{}/ws",
    "/blog/ws{}",
    "/blog{}/events",
    "/blog/events{}",
    "/healthz{}",
    "/metrics{}",
    "/assets/0123456789abcdef/livelog{}.css",
    "/assets/0123456789abcdef{}/livelog.css",
    "/icon/7{}.svg",
    "/icon/{}.svg",
    "/blog/entries{}",
    "/blog/feed.xml{}",
    "/blog{}/entries",
    "/blog/filter{}",
    "/blog/sources{}",
    "/blog/e/{}",
    "/blog/e/aaaa{}",
    "/blog/e/aaaa{}/previous",
    "/blog/embed{}",
    "/blog/theme.css{}",
    "/blog/logo{}",
    "/blog/feeds.opml{}",
    "/static/{}",
    "/static/livelog.css{}",
    "/static/{}/livelog.css",
    "/favicon.ico{}",
    "/robots.txt{}",
]
QUERIES = [
    "/?{0}={0}",
    "/blog/?before={}",
    "/blog/?q={}",
    "/blog/?source={0}&tag={0}",
    "/blog/?view={}",
    "/blog/?view=wall&by={}",
    "/blog/?lang={}",
    "/blog?x={}",
    "/blog/entries?before={}",
    "/blog/feed.xml?before={}",
    "/blog/feed.json?source={}",
    "/blog/entries?after={}",
    "/blog/entries?limit={}",
    "/blog/entries?limit=1&q={}",
    "/blog/filter?q={}",
    "/blog/sources?x={}",
    "/blog/e/aaaa?x={}",
    "/blog/e/aaaa/previous?x={}",
    "/blog/embed?before={}",
    "/blog/theme.css?v={}",
    "/blog/logo?v={}",
    "/blog/feeds.opml?x={}",
    "/blog/ws?after={}",
    "/healthz?x={}",
    "/metrics?x={}",
    "/icon/7.svg?x={}",
    "/static/livelog.css?v={}",
    "/assets/0123456789abcdef/livelog.css?v={}",
]
CHARACTERS = ["%00", "a%00b", "%0D%0A", "%1B", "%7F", "%C2%85", "%E2%80%A8", "%ED%A0%80", "a" * 5_000]


@pytest.mark.parametrize("text", CHARACTERS)
async def test_a_path_with_a_control_character_is_not_found(site: Site, text: str) -> None:
    codes = {path: (await site.get(path.format(text))).code for path in PATHS}
    assert set(codes.values()) <= {400, 404}, codes


@pytest.mark.parametrize("text", CHARACTERS)
async def test_a_query_with_a_control_character_is_answered(site: Site, text: str) -> None:
    codes = {path: (await site.get(path.format(text))).code for path in QUERIES}
    assert max(codes.values()) < 500, codes


@pytest.mark.parametrize("text", ["\0", "\x0b", "\x1b", "\x7f", "\x80"])
async def test_a_raw_control_character_is_no_error_of_the_server(site: Site, text: str) -> None:
    for path in PATHS + QUERIES:
        async with asked(site.port, path.format(text)) as bare:
            line = await bare.line()
            assert line[9:10] in ("", "2", "3", "4"), (path, line)
