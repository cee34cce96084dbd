"""WebSocket clients of a `Site`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.site import Site

Connect = Callable[..., Awaitable[WebSocketClientConnection]]


@pytest.fixture
async def connect(site: Site) -> AsyncIterator[Connect]:
    """Opens connections, and closes them after the test."""
    opened = []

    async def open_one(path: str = "/blog/ws", **headers: str) -> WebSocketClientConnection:
        connection = await websocket_connect(HTTPRequest(site.url(path).replace("http:", "ws:"), headers=headers))
        opened.append(connection)
        return connection

    yield open_one
    for connection in opened:
        connection.close()


async def message(connection: WebSocketClientConnection) -> dict[str, Any]:
    """The next message on a connection."""
    text = await asyncio.wait_for(connection.read_message(), 30)
    assert text is not None
    found: dict[str, Any] = json.loads(text)
    return found
