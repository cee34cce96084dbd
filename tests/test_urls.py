"""urls.py: a link is an absolute http(s) URL or none, and is shown without its password."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from urls import MAX_URL_CHARS, absolute, feed_identity, host_of, is_plain, without_credentials

BASE = "https://example.org/posts/1"


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("https://other.example/a?b=1#c", "https://other.example/a?b=1#c"),
        ("/about", "https://example.org/about"),
        ("2", "https://example.org/posts/2"),
        ("?p=2", "https://example.org/posts/1?p=2"),
        ("//cdn.example/x", "https://cdn.example/x"),
        (" https://example.org/ \n", "https://example.org/"),
        ("https://example.org/a b\u00a0c", "https://example.org/a%20b%20c"),
        ("https://example.org/ä/漢", "https://example.org/ä/漢"),
        ("HTTPS://example.org/", "https://example.org/"),
        ("http://[::1]/", "http://[::1]/"),
        ("", "https://example.org/posts/1"),
        ("javascript:alert(1)", None),
        ("java\tscript:alert(1)", None),
        ("java\x00script:alert(1)", None),
        ("\x01javascript:alert(1)", None),
        ("JAVASCRIPT:alert(1)", None),
        ("data:text/html,x", None),
        ("vbscript:x", None),
        ("file:///etc/passwd", None),
        ("ftp://example.org/", None),
        ("mailto:a@example.org", None),
        ("tag:example.org,2026:1", None),
        ("urn:uuid:00000000-0000-0000-0000-000000000000", None),
        ("http://", None),
        ("http:///path", None),
        ("http://[", None),
        ("http://[::1", None),
        ("x" * (MAX_URL_CHARS + 1), None),
        (f"https://example.org/{' ' * 1_000}x", None),
        (None, None),
        (7, None),
        ([], None),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_link_is_http_or_none(href: object, expected: str | None) -> None:
    assert absolute(href, BASE) == expected


@given(st.text(max_size=100))
def test_whatever_is_given_for_a_link_it_is_http_or_none(href: str) -> None:
    found = absolute(href, BASE)
    assert found is None or (urlsplit(found).scheme in ("http", "https") and not any(map(str.isspace, found)))


@given(st.from_regex(r"https?://[a-z.:0-9@]{1,9}/[a-z0-9/.?#%&;=+ ]{0,20}", fullmatch=True))
def test_resolving_a_plain_url_changes_nothing_about_it(url: str) -> None:
    if is_plain(url):
        assert urljoin("https://example.org/a/b?c#d", url) == url == absolute(url, BASE)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("https://example.org/", True),
        ("http://www.example.org/2026/01/a-post.html?utm_source=rss&a=b", True),
        ("https://example.org", False),
        ("https://example.org/?", False),
        ("https://example.org/#x", False),
        ("https://example.org/a b", False),
        ("https://example.org/a;b", False),
        ("https://user@example.org/", False),
        ("HTTPS://example.org/", False),
        ("//example.org/", False),
        ("/1", False),
        ("javascript:alert(1)", False),
        ("https://example.org/" + "a" * MAX_URL_CHARS, False),
        ("https://example.org/\n", False),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_plain_url_is_absolute_and_unremarkable(url: str, *, plain: bool) -> None:
    assert is_plain(url) is plain


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:secret@example.org:8080/a?b@c", "https://example.org:8080/a?b@c"),
        ("https://user@example.org/", "https://example.org/"),
        ("https://example.org/@user", "https://example.org/@user"),
        ("https://user:secret@example.org/?", "https://example.org/?"),
        ("https://example.org/a//b@c", "https://example.org/a//b@c"),
        (" http://me@work:pw@example.org", " http://example.org"),
        ("HTTP://user@[::1]:80/x@y#z@", "HTTP://[::1]:80/x@y#z@"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, expected: str) -> None:
    assert without_credentials(url) == expected


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.example.org/feed", "example.org"),
        ("http://ann:secret@example.org:8080/", "example.org:8080"),
        ("https://news.example.org", "news.example.org"),
    ],
)
def test_a_source_without_title_has_the_name_of_its_host(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://example.org/feed.xml", "https://example.org/feed.xml"),
        ("http://example.org/feed.xml", "https://example.org/feed.xml"),
        ("https://me:secret@example.org/feed.xml", "https://example.org/feed.xml"),
        ("https://me@example.org/feed.xml#top", "https://example.org/feed.xml"),
        ("HTTP://Example.ORG.:80/Feed.xml?A=b", "https://example.org/Feed.xml?A=b"),
        ("https://example.org:443", "https://example.org/"),
        ("http://example.org:443?q", "https://example.org/?q"),
        ("http://[2001:DB8::1]:8080/", "https://[2001:db8::1]:8080/"),
        ("https://example.org/feed?", "https://example.org/feed?"),
        ("https://example.org/feed/", "https://example.org/feed/"),
        ("https://bücher.example/feed", "https://xn--bcher-kva.example/feed"),
        ("http://me:secret@BÜCHER.example:8080/ä", "https://xn--bcher-kva.example:8080/ä"),
        ("https://XN--BCHER-KVA.example/feed", "https://xn--bcher-kva.example/feed"),
        ("https://b%c3%bccher.example/feed", "https://xn--bcher-kva.example/feed"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://me:secret@ä..example/", "https://ä..example/"),
        ("https://example.org/a/./b/../feed", "https://example.org/a/feed"),
        ("https://example.org/../feed?a=/../b", "https://example.org/feed?a=/../b"),
        ("https://example.org/a/%2E%2e/feed", "https://example.org/feed"),
        ("https://example.org/a/..", "https://example.org/"),
        ("https://example.org/a/.", "https://example.org/a/"),
        ("https://example.org/a/.b/..c/...", "https://example.org/a/.b/..c/..."),
        ("https://example.org/a//../b", "https://example.org/a/b"),
        ("https://example.org/.well-known/feed", "https://example.org/.well-known/feed"),
        ("https://[::1", "https://[::1"),
        ("city-hall", "city-hall"),
    ],
)
def test_a_feed_is_named_by_its_url_without_scheme_password_and_fragment(url: str, name: str) -> None:
    assert feed_identity(url) == name
    assert feed_identity(name) == name
