"""`/<blog>/feeds.opml`: the feeds of a blog, for other feed readers."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import handlers.opml
import opml
from config import Blog, Config, Feed
from tests.livelog import until
from tests.site import Site

MANY = 10_000
"""Feeds with long titles: more than the kernel buffers of an answer that is not read."""


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Config:
    """A blog with a few feeds, or as many as a test asks for."""
    few = (
        Feed(url="https://me:s3cret@example.org/feed.xml", title="Example", tags=("a", "b")),
        Feed(url="https://city.example.org/"),
    )
    count = getattr(request, "param", 0)
    feeds = tuple(Feed(url=f"https://example.org/{n}", title=f"{n:0200}") for n in range(count)) or few
    blogs = (Blog(slug="blog", title="A <b>lively</b> blog", feeds=feeds), Blog(slug="other", title="Other"))
    return Config(store="sqlite::memory:", blogs=blogs)


async def test_it_is_an_opml_document_to_download(site: Site) -> None:
    answer = await site.get("/blog/feeds.opml")
    assert answer.code == 200
    assert answer.headers["Content-Type"] == "text/x-opml; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="blog.opml"'
    blog = opml.read(answer.body, "blog.opml").blog
    assert blog.title == "A <b>lively</b> blog"
    assert blog.feeds == (
        Feed(url="https://example.org/feed.xml", title="Example", tags=("a", "b")),
        Feed(url="https://city.example.org/"),
    )


async def test_it_has_no_passwords(site: Site) -> None:
    assert b"s3cret" not in (await site.get("/blog/feeds.opml")).body


async def test_a_blog_without_feeds_has_an_empty_one(site: Site) -> None:
    assert b"<body>\n</body>" in (await site.get("/other/feeds.opml")).body


async def test_a_conditional_request_is_a_304(site: Site) -> None:
    first = await site.get("/blog/feeds.opml")
    assert (await site.get("/blog/feeds.opml", If_None_Match=first.headers["Etag"])).code == 304


async def test_an_unknown_blog_is_a_404(site: Site) -> None:
    assert (await site.get("/nowhere/feeds.opml")).code == 404


@pytest.mark.parametrize("settings", [MANY], indirect=True)
async def test_10_000_feeds_are_sent_completely(site: Site, settings: Config) -> None:
    answer = await site.get("/blog/feeds.opml")
    assert answer.body.decode() == "".join(opml.parts(settings.blogs[0]))


@pytest.mark.parametrize("settings", [MANY], indirect=True)
async def test_the_event_loop_runs_while_10_000_feeds_are_sent(site: Site, settings: Config) -> None:
    began = time.thread_time()
    "".join(opml.parts(settings.blogs[0]))
    at_once = time.thread_time() - began
    sending = asyncio.ensure_future(site.get("/blog/feeds.opml"))
    turns = []
    while not sending.done():
        began = time.thread_time()
        await asyncio.sleep(0)
        turns.append(time.thread_time() - began)
    assert max(turns) < at_once / 2


@pytest.mark.parametrize("settings", [MANY], indirect=True)
async def test_a_client_that_does_not_read_is_disconnected(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers.opml, "WRITE_TIMEOUT_SECONDS", 0.1)
    with asking(site) as reader:
        await until(lambda: not served(site, reader.getsockname()[1]))
        received = await asyncio.to_thread(everything, reader)
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert not received.endswith(b"0\r\n\r\n"), "it must not pass for the whole"


@pytest.mark.parametrize("settings", [MANY], indirect=True)
async def test_a_client_that_disconnects_leaves_no_log_line(site: Site) -> None:
    with asking(site) as reader:
        assert await asyncio.to_thread(reader.recv, 1)
        port = reader.getsockname()[1]
    await until(lambda: not served(site, port))
    assert (await site.get("/other/feeds.opml")).code == 200


@contextmanager
def asking(site: Site) -> Iterator[socket.socket]:
    """A connection that requests the document. Its receive buffer is small, so that the server has to wait."""
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(("127.0.0.1", site.port))
        reader.sendall(b"GET /blog/feeds.opml HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield reader


def served(site: Site, port: int) -> bool:
    """Whether the server has a connection from this port."""
    connections = [line.split()[1:4] for line in Path("/proc/net/tcp").read_text().splitlines()]
    return [f"0100007F:{site.port:04X}", f"0100007F:{port:04X}", "01"] in connections


def everything(reader: socket.socket) -> bytes:
    """The rest of the answer."""
    received = bytearray()
    while data := reader.recv(1 << 16):
        received += data
    return bytes(received)
