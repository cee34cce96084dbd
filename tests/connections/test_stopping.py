"""What connections get while the server stops."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tests.connections.bare import UPGRADE, asked, events, websocket
from tests.livelog import until
from tests.site import Site


async def test_clients_are_told_that_the_server_goes_away(site: Site) -> None:
    async with websocket(site.port) as bare, events(site.port) as other:
        await bare.message()
        await other.block()
        await site.fanout.close_gradually()
        assert await bare.close_code() == 1001
        assert await other.has_ended()
        assert site.fanout.readers()["blog"] == 0


async def test_clients_of_a_removed_blog_are_closed_in_the_same_way(site: Site) -> None:
    async with (
        websocket(site.port) as bare,
        events(site.port) as other,
        websocket(site.port, "/other/ws") as staying,
    ):
        await bare.message()
        await other.block()
        await staying.message()
        await site.fanout.apply(["other"])
        assert await bare.close_code() == 1001
        assert await other.has_ended()
        assert site.fanout.readers() == {"other": 1}
        await until(lambda: site.admission.connections == 1)


async def test_a_kept_connection_gets_its_answer_and_ends(site: Site) -> None:
    async with asked(site.port, "/blog/") as bare:
        await bare.answer()
        assert "Connection" not in bare.headers
        await bare.body()
        site.listener.shut()
        bare.ask("/blog/")
        await bare.answer()
        assert (bare.status, bare.headers["Connection"]) == (200, "close")
        await bare.body()
        assert await bare.has_ended()


@pytest.mark.parametrize(("path", "headers"), [("/blog/ws", UPGRADE), ("/blog/events", ()), ("/readyz", ())])
async def test_a_kept_connection_becomes_no_client(site: Site, path: str, headers: tuple[str, ...]) -> None:
    async with asked(site.port, "/blog/") as bare:
        await bare.answer()
        await bare.body()
        site.listener.shut()
        bare.ask(path, *headers)
        await bare.answer()
        assert (bare.status, bare.headers["Connection"]) == (503, "close")
        assert await bare.has_ended()
        assert site.fanout.readers()["blog"] == 0


async def test_nobody_new_is_accepted(site: Site) -> None:
    site.listener.shut()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", site.port)


async def test_it_ends_though_nobody_reads_or_parts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connections.listener.QUIET_TIMEOUT", 0.1)
    monkeypatch.setattr("connections.listener.EMPTY_TIMEOUT", 0.1)
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(websocket(site.port, buffer=4_096))
            await stack.enter_async_context(asked(site.port, "/blog/", "Expect-Nothing: x"))
        await until(lambda: site.admission.connections == 6)
        await site.fanout.close()
        await site.listener.close()
