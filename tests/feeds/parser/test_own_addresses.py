"""A private feed does not publish its own address, which is its password; the links of its entries stay."""

from __future__ import annotations

import pytest

from entries import Entry
from feeds.parser.document import Document, NotAFeedError, Reading, parse

SECRET = "8f14e45fceea167a5a36dedd4bea2543"
ADDRESSES = [
    f"https://example.org/rss?token={SECRET}",
    f"https://ann:{SECRET}@example.org/rss",
    f"https://example.org/private/{SECRET}/rss.xml",
    f"https://example.org/rss?{SECRET}",
]
RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<title>{title}</title><link>{own}</link><atom:link rel="self" href="{own}"/>
<item><guid isPermaLink="false">1</guid><title>One</title>{item}</item></channel></rss>"""


def published(url: str, item: str, title: str = "Private") -> tuple[Document, Entry]:
    own = url.replace("&", "&amp;")
    body = RSS.format(own=own, title=title.format(own=own), item=item.format(own=own)).encode()
    document = parse(Reading(body=body, url=url, base=url))
    return document, document.entries[0]


@pytest.mark.parametrize("url", ADDRESSES)
@pytest.mark.parametrize(
    "item",
    [
        "<link>{own}</link><description>Text</description>",
        "<description>&lt;a href='{own}'&gt;subscribe&lt;/a&gt;</description>",
        "<description>&lt;a href='#n'&gt;1&lt;/a&gt;&lt;a href=''&gt;2&lt;/a&gt;&lt;img src='?p=1'&gt;</description>",
        "<description>Our address is {own}. Tell nobody.</description>",
        "<link>https://example.org/1</link><enclosure url='{own}' type='audio/mpeg' length='1'/>",
    ],
    ids=["link", "content", "relative", "text", "enclosure"],
)
def test_a_private_feed_does_not_publish_its_address(url: str, item: str) -> None:
    document, entry = published(url, item, "Feed of {own}")
    assert SECRET not in repr((entry, document.title, document.site_url))


def test_links_of_the_entries_of_a_private_feed_stay() -> None:
    page, file = "https://example.org/1?token={0}", "https://example.org/1.mp3?token={0}"
    item = f"<link>{page}</link><enclosure url='{file}' type='audio/mpeg'/>"
    _, entry = published(ADDRESSES[0], item.format(SECRET))
    assert entry.url == f"https://example.org/1?token={SECRET}"
    assert entry.attachments[0].url == f"https://example.org/1.mp3?token={SECRET}"


def test_the_feed_that_a_private_page_names_is_found_at_its_whole_address() -> None:
    page = b"<!DOCTYPE html><html><head><link rel=alternate type='application/rss+xml' href='rss.xml'></head></html>"
    with pytest.raises(NotAFeedError) as caught:
        parse(Reading(body=page, url=ADDRESSES[2], base=ADDRESSES[2]))
    assert caught.value.feeds == (f"https://example.org/private/{SECRET}/rss.xml",)
