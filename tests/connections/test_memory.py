"""Clients: what a connection takes while it is open, and leaves when it has ended."""

from __future__ import annotations

import asyncio
import gc
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from connections.connection import DetachedConnection
from tests.connections.bare import UPGRADE
from tests.livelog import until
from tests.site import Site

MANY = 200
MOST_KIB = 8
"""Of this process, for an idle client. They are 4; Tornado's own took 16."""


def request(path: str) -> bytes:
    browser = ("User-Agent: " + "x" * 120, "Accept-Language: en", "Cookie: " + "y" * 500)
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *UPGRADE, *browser, "", ""]).encode()


@contextmanager
def no_collector() -> Iterator[None]:
    """What is in a reference cycle stays."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def come(site: Site, path: str, count: int, stack: ExitStack) -> None:
    """So many clients, of whom each is one socket here."""
    for _ in range(count):
        client = stack.enter_context(socket.create_connection(("127.0.0.1", site.port)))
        client.send(request(path))
        await asyncio.sleep(0)
    await until(lambda: site.fanout.readers()["blog"] == count)


@pytest.mark.parametrize("path", ["/blog/ws", "/blog/events"])
async def test_an_idle_client_is_cheap(site: Site, path: str) -> None:
    with ExitStack() as stack:
        await come(site, path, 1, stack)
        stack.close()
        await until(lambda: site.fanout.readers()["blog"] == 0)
        gc.collect()
        tracemalloc.start()
        await come(site, path, MANY, stack)
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert taken / MANY < MOST_KIB * 1024
    await until(lambda: site.fanout.readers()["blog"] == 0)


@pytest.mark.parametrize("path", ["/blog/ws", "/blog/events"])
async def test_nothing_is_left_of_a_client_who_has_gone(site: Site, path: str) -> None:
    with no_collector():
        with ExitStack() as stack:
            await come(site, path, 5, stack)
        await until(lambda: site.fanout.readers()["blog"] == 0)
        assert not [thing for thing in gc.get_objects() if isinstance(thing, DetachedConnection)]
