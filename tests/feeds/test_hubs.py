"""The WebSub hub of a feed: in its headers, its XML or its JSON."""

from __future__ import annotations

import json

import pytest

from feeds.fetch import Answer
from feeds.hubs import hub

BASE = "https://example.org/feeds/news"
ATOM = b"<feed xmlns='http://www.w3.org/2005/Atom'>%s</feed>"


def answer(body: bytes = b"", link: str | None = None) -> Answer:
    return Answer(200, BASE, None, None, None, body, link=link)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            ATOM % b"<link rel='self' href='/a'/><link rel='hub' href='https://hub.example.org/?a=1&amp;b=2'/>",
            "https://hub.example.org/?a=1&b=2",
        ),
        (ATOM % b'<atom:link href="/hub" rel="hub"/>', "https://example.org/hub"),
        (ATOM % b"<link rel='github' href='/a'/>", None),
        (ATOM % b"<link rel='hub'/>", None),
        (
            json.dumps({"hubs": [{"type": "rssCloud", "url": "/a"}, {"type": "WebSub", "url": "/b"}]}).encode(),
            "https://example.org/b",
        ),
        (b'{"hubs": [1]}', None),
        (b'{"hubs": {}', None),
        (b"", None),
    ],
)
def test_a_document_names_its_hub(body: bytes, found: str | None) -> None:
    assert hub(answer(body)) == found


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ('<https://example.org/a>; rel="self", <https://hub.example.org/>; rel="hub"', "https://hub.example.org/"),
        ("<https://hub.example.org/>; rel=hub", "https://hub.example.org/"),
        ('<https://hub.example.org/>; title="x"; rel="alternate hub"', "https://hub.example.org/"),
        ("<javascript:alert(1)>; rel=hub", None),
        ("nonsense", None),
    ],
)
def test_a_header_names_it_before_the_document(link: str, found: str | None) -> None:
    assert hub(answer(link=link)) == found
