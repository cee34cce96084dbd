"""head_links.py and link_header.py: the further page that a feed names."""

from __future__ import annotations

import pytest

from feeds import feed_gaps
from tests.feeds.documents import json_feed, read

BASE = "https://user:password@example.org/feeds/news?page=2"
ATOM = b"<feed xmlns='http://www.w3.org/2005/Atom'>%s<entry><link rel='next' href='/entry'/></entry></feed>"
RSS = (
    b'<rss xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>t</title>%s<item><link>/</link></item></channel>'
)


@pytest.mark.parametrize(
    ("body", "header", "found"),
    [
        (ATOM % b"<link rel='next' href='?page=3&amp;a=b'/>", None, "https://example.org/feeds/news?page=3&a=b"),
        (ATOM % b"<link rel='prev-archive' href='/2025/'/>", None, "https://example.org/2025/"),
        (ATOM % b"<link rel='prev-archive' href='/a'/><link rel='next' href='/b'/>", None, "https://example.org/b"),
        (ATOM % b"<link rel='prev' href='/newer'/><link rel='first' href='/'/>", None, None),
        (ATOM % b"<link rel='next' href='javascript:1'/>", None, None),
        (ATOM % b"", None, None),
        (RSS % b"<atom:link rel='next' href='/b'/>", None, "https://example.org/b"),
        (json_feed(next_url="https://other.example/b"), None, "https://other.example/b"),
        (json_feed(next_url=["/b"]), None, None),
        (b'{"rss": {"channel": {"title": "<link rel=\'next\' href=\'/b\'>"}}}', None, None),
        (ATOM % b"<link rel='next' href='/b'/>", '</c>; rel="self", </d>; rel="next"', "https://example.org/d"),
        (ATOM % b"<link rel='next' href='/b'/>", '</a>; rel="prev-archive"', "https://example.org/b"),
    ],
)
def test_the_further_page_is_named_by_the_header_or_the_head(
    body: bytes, header: str | None, found: str | None
) -> None:
    assert feed_gaps.further_page(header, read(body).links, BASE) == found
