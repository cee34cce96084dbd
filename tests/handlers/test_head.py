"""HEAD is answered like GET, without the body (RFC 9110 §9.3.2); the origin of a socket is compared by its port."""

from __future__ import annotations

import pytest

from tests.connections.bare import UPGRADE, asked
from tests.site import Site
from tests.timeline.drafts import commit, entry

PATHS = [
    *("/", "/blog/", "/blog/?view=wall", "/blog/?view=list", "/blog/embed", "/blog/filter", "/blog/entries"),
    *("/blog/sources", "/blog/feeds.opml", "/blog/e/aaaa", "/blog/e/aaaa/previous", "/healthz", "/metrics"),
    *("/blog/feed.xml", "/blog/feed.json", "/blog/feed.txt"),
    *("/icon/7.svg", "/static/icon.svg", "/blog/logo", "/nothing", "/nowhere/"),
]


@pytest.mark.parametrize("path", PATHS)
async def test_head_has_the_status_and_type_of_get_and_no_body(site: Site, path: str) -> None:
    await commit(site.timeline, entry("aaaa"))
    got, head = await site.get(path), await site.get(path, method="HEAD")
    assert (head.code, head.body) == (got.code, b"")
    assert head.headers["Content-Type"] == got.headers["Content-Type"]


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS"])
async def test_no_other_method_is_answered(site: Site, method: str) -> None:
    answer = await site.get("/blog/", method=method)
    assert (answer.code, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("example.org:80", "http://example.org", 101),
        ("example.org:443", "https://example.org", 101),
        ("EXAMPLE.org:443", "https://example.org", 101),
        ("[2001:db8::1]:443", "https://[2001:db8::1]", 101),
        ("example.org:8080", "http://example.org:8080", 101),
        ("example.org.", "https://example.org", 101),
        ("example.org", "https://example.org.", 101),
        ("EXAMPLE.org.:443", "https://example.org", 101),
        ("example.org.:443", "https://elsewhere.example", 403),
        ("example.org", "http://example.org:80", 101),
        ("example.org:443", "http://example.org", 403),
        ("example.org:8080", "http://example.org", 403),
        ("example.org:443", "https://example.org.elsewhere.example", 403),
        ("example.org:443", "https://elsewhere.example", 403),
        ("example.org:80", "null", 403),
        ("example.org:80", "http://[", 403),
        ("example.org:80", "http://example.org:port", 403),
    ],
)
async def test_a_default_port_in_host_or_origin_makes_no_other_origin(
    site: Site, host: str, origin: str, status: int
) -> None:
    async with asked(site.port, "/blog/ws", f"Host: {host}", *UPGRADE, f"Origin: {origin}") as bare:
        await bare.answer()
        assert bare.status == status


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "gzip; q=0.0, br;q=0", "br;q=0.000", "deflate"])
@pytest.mark.parametrize("path", ["/blog/", "/healthz", "/blog/sources"])
async def test_an_answer_is_not_compressed_against_the_wish_of_a_client(site: Site, path: str, accepted: str) -> None:
    answer = await site.get(path, Accept_Encoding=accepted)
    assert "Content-Encoding" not in answer.headers
    assert b"\x1f\x8b" not in answer.body[:2]
