"""`/<blog>/ws` and `/<blog>/events`: which requests go live, and how others are answered."""

from __future__ import annotations

import pytest
from tornado.httpclient import HTTPClientError

from tests.connections.bare import UPGRADE, asked
from tests.site import Site
from tests.websockets import Connect, message


async def test_a_foreign_origin_is_refused(connect: Connect) -> None:
    with pytest.raises(HTTPClientError, match="403"):
        await connect(Origin="https://elsewhere.example")


async def test_the_origin_that_the_operator_named_is_welcome(site: Site, connect: Connect) -> None:
    connection = await connect(Origin="https://live.example.org")
    assert (await message(connection))["type"] == "hello"


async def test_a_websocket_of_an_unknown_blog_is_a_404(site: Site, connect: Connect) -> None:
    with pytest.raises(HTTPClientError, match="404"):
        await connect("/nowhere/ws")


@pytest.mark.parametrize(
    ("missing", "status"),
    [("Upgrade", 400), ("Connection", 400), ("Sec-WebSocket-Key", 400), ("Sec-WebSocket-Version", 426)],
)
async def test_a_handshake_that_lacks_something_is_refused(site: Site, missing: str, status: int) -> None:
    headers = [header for header in UPGRADE if not header.startswith(missing)]
    async with asked(site.port, "/blog/ws", *headers) as bare:
        await bare.answer()
        assert bare.status == status


@pytest.mark.parametrize(
    "origin",
    [
        "https://elsewhere.example",
        "http://127.0.0.1.elsewhere.example",
        "https://live.example.org.elsewhere.example",
        "https://live.example.org@elsewhere.example",
        "http://live.example.org",
        "null",
        "",
    ],
)
async def test_pages_of_other_origins_get_no_socket(site: Site, origin: str) -> None:
    async with asked(site.port, "/blog/ws", *UPGRADE, f"Origin: {origin}") as bare:
        await bare.answer()
        assert bare.status == 403
        assert site.fanout.readers()["blog"] == 0


async def test_an_unknown_blog_is_a_404_in_the_form_of_all_errors(site: Site) -> None:
    answer = await site.get("/nowhere/events")
    assert answer.code == 404
    assert await site.json("/nowhere/events") == {"error": {"status": 404, "message": "There is no such blog here."}}


async def test_head_has_the_headers_and_ends(site: Site) -> None:
    answer = await site.get("/blog/events", method="HEAD")
    assert (answer.code, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert "Etag" not in answer.headers
    assert (await site.get("/nowhere/events", method="HEAD")).code == 404


async def test_nothing_can_be_posted(site: Site) -> None:
    answer = await site.get("/blog/events", method="POST")
    assert answer.code == 405


async def test_http_1_0_will_do(site: Site) -> None:
    """HTTP/1.0, the default of many proxies."""
    async with asked(site.port, "/blog/events", version="1.0") as bare:
        await bare.answer()
        assert (await bare.block()).event == "hello"
