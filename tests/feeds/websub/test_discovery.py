"""The hub and the topic of a feed: in its headers, its XML, its JSON, or in the head of a page."""

from __future__ import annotations

import time

import pytest

from feeds.parser import head_links
from feeds.websub import discovery
from feeds.websub.discovery import Named
from tests.feeds.documents import json_feed, read

BASE = "https://example.org/feeds/news"
HUB, TOPIC = "https://hub.example.org/", "https://example.org/topic"
ATOM = b"<feed xmlns='http://www.w3.org/2005/Atom'>%s<entry><link rel='self' href='/entry'/></entry></feed>"
RSS = (
    b'<rss xmlns:atom="http://www.w3.org/2005/Atom"><channel><link>https://example.org/</link>%s'
    b"<item><atom:link rel='hub' href='/of-an-item'/></item></channel></rss>"
)
PAGE = b"<!DOCTYPE html><html><head>%s</head><body><link rel=hub href='https://evil.example/'></body></html>"


def find(body: bytes = b"", link: str | None = None) -> Named | None:
    links = read(body).links if body.startswith(b'{"') else head_links.find(body)
    return discovery.find(link, links, BASE)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            ATOM % b"<link rel='self' href='/topic'/><link rel='hub' href='https://hub.example.org/?a=1&amp;b=2'/>",
            Named("https://hub.example.org/?a=1&b=2", TOPIC),
        ),
        (ATOM % b'<atom:link href="/hub" rel="hub"/>', Named("https://example.org/hub", BASE)),
        (
            ATOM % b"<!-- <link rel='hub' href='/old'/> --><link rel='hub' href='/new'/>",
            Named("https://example.org/new", BASE),
        ),
        (
            ATOM % b"<link rel='hub' href='/first'/><link rel='hub' href='/second'/>",
            Named("https://example.org/first", BASE),
        ),
        (ATOM % b"<link rel='github' href='/a'/>", None),
        (ATOM % b"<link rel='hub'/>", None),
        (RSS % b'<atom:link rel="hub" href="/hub"/>', Named("https://example.org/hub", BASE)),
        (RSS % b"", None),
        (
            json_feed(
                feed_url=TOPIC,
                hubs=[{"type": "rssCloud", "url": "/a"}, {"type": "WebSub", "url": "/b"}],
            ),
            Named("https://example.org/b", TOPIC),
        ),
        (json_feed(hubs=[1, {"type": "WebSub", "url": 1}], feed_url=1), None),
        (json_feed(hubs={}), None),
        (b"", None),
    ],
)
def test_a_document_names_its_hub_and_its_topic(body: bytes, found: Named | None) -> None:
    assert find(body) == found


@pytest.mark.parametrize(
    ("link", "found"),
    [
        (f'<{TOPIC}>; rel="self", <{HUB}>; rel="hub"', Named(HUB, TOPIC)),
        (f"<{HUB}>; rel=hub", Named(HUB, BASE)),
        (f'<{HUB}>; title="x, y; rel=self"; rel="alternate HUB"', Named(HUB, BASE)),
        ("<javascript:alert(1)>; rel=hub", None),
        ("nonsense", None),
    ],
)
def test_a_header_names_them(link: str, found: Named | None) -> None:
    assert find(link=link) == found


@pytest.mark.parametrize(
    ("link", "found"),
    [
        (f'<{HUB}>; rel="hub", <{TOPIC}>; rel="self"', Named(HUB, TOPIC)),
        (f'<{HUB}>; rel="hub"', Named(HUB, "https://example.org/in-document")),
        (f'<{TOPIC}>; rel="self"', Named("https://example.org/hub-in-document", TOPIC)),
    ],
)
def test_headers_come_before_the_document_for_each_relation(link: str, found: Named) -> None:
    body = ATOM % b"<link rel='hub' href='/hub-in-document'/><link rel='self' href='/in-document'/>"
    assert find(body, link) == found


def test_a_page_names_them_in_its_head_alone() -> None:
    links = b"<link rel=hub href='https://hub.example.org/'><link rel=self href='/topic'>"
    assert find(PAGE % links) == Named(HUB, TOPIC)
    assert find(PAGE % b"") is None


def test_a_topic_with_a_secret_goes_to_a_hub_of_its_own_origin_alone() -> None:
    secret = "<https://example.org/feed?token=hunter2hunter2>; rel=self"
    assert find(link=f"<{HUB}>; rel=hub, {secret}") is None
    assert find(link=f"<https://example.org/hub>; rel=hub, {secret}") is not None


@pytest.mark.parametrize("piece", [b"<!--", b"<link ", b"<a:", b"{[", b"<html><link rel='", b"\xef\xbb\xbf "])
def test_no_document_takes_long(piece: bytes) -> None:
    began = time.process_time()
    find(piece * 100_000)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("piece", ["<a>;", "<a> ", "; rel", ';a="b"', "<", " "])
def test_no_header_takes_long(piece: str) -> None:
    began = time.process_time()
    find(link="<a>" + piece * 20_000)
    assert time.process_time() - began < 1
