"""The limits at work: connections, time, and responses that are not read."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from ipaddress import ip_network

import pytest

from config import Config
from connections import limits
from connections.limits import Admission
from tests.connections.bare import UPGRADE, Bare, asked, events, websocket
from tests.livelog import until
from tests.site import Site
from tests.timeline.drafts import commit, entry

READERS = [("/blog/ws", UPGRADE), ("/blog/events", ())]


@pytest.fixture
def settings(settings: Config) -> Config:
    """Behind a proxy on this machine that is trusted, and under no other name than the proxy's."""
    trusting = settings.server.model_copy(update={"trusted_proxies": (ip_network("127.0.0.1"),), "public_url": None})
    return settings.model_copy(update={"server": trusting})


@pytest.fixture
def admission(request: pytest.FixtureRequest) -> Admission:
    """As narrow as a test says."""
    return Admission(*getattr(request, "param", (10_000,)))


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    caplog.clear()
    return found


async def is_refused(bare: Bare) -> bool:
    """Whether the answer says to retry later."""
    await bare.answer()
    if bare.status != 503:
        return False
    assert 1 <= int(bare.headers["Retry-After"]) <= 60
    return True


@pytest.mark.parametrize("admission", [(10_000, 2)], indirect=True)
@pytest.mark.parametrize(("path", "headers"), READERS)
async def test_one_address_has_so_many_clients(
    site: Site, caplog: pytest.LogCaptureFixture, path: str, headers: tuple[str, ...]
) -> None:
    one, other = "X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: 198.51.100.8"
    async with websocket(site.port, "/blog/ws", one) as bare, events(site.port, "/blog/events", one):
        async with asked(site.port, path, *headers, one) as third:
            assert await is_refused(third)
        async with asked(site.port, path, *headers, "X-Forwarded-For: 198.51.100.8, 198.51.100.7") as liar:
            assert await is_refused(liar)
        async with asked(site.port, path, *headers, other) as elsewhere:
            assert not await is_refused(elsewhere)
        async with asked(site.port, "/blog/", one) as page:
            assert not await is_refused(page)
        bare.end()
        await until(lambda: site.fanout.readers()["blog"] == 1)
        async with asked(site.port, path, *headers, one) as third:
            assert not await is_refused(third)
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize("admission", [(20,)], indirect=True)
async def test_when_there_are_too_many_clients_pages_are_still_answered(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(18):
            await stack.enter_async_context(websocket(site.port))
        for path, headers in READERS:
            async with asked(site.port, path, *headers) as bare:
                assert await is_refused(bare)
            await until(lambda: site.admission.connections == 18)
        assert (await site.get("/healthz")).code == 200
        assert (await site.get("/blog/")).code == 200
    await until(lambda: site.admission.connections == 0)
    async with websocket(site.port) as bare:
        await bare.message()
    assert len(warnings(caplog)) == 1


@pytest.mark.parametrize("admission", [(20,)], indirect=True)
async def test_when_there_are_too_many_connections_whatever_comes_is_refused(site: Site) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(19):
            await stack.enter_async_context(asked(site.port, "/blog/"))
        await until(lambda: site.admission.connections == 19)
        for path in ("/blog/", "/healthz", "/blog/ws"):
            async with asked(site.port, path) as bare:
                assert await is_refused(bare)
                assert await bare.has_ended()
    await until(lambda: site.admission.connections == 0)
    assert (await site.get("/healthz")).code == 200


async def test_a_trusted_proxy_says_how_a_page_was_asked_for(site: Site) -> None:
    document = await site.json("/blog/entries")
    assert document["home_page_url"] == f"http://127.0.0.1:{site.port}/blog/"
    answer = await site.get("/blog/entries", X_Forwarded_Proto="https", X_Forwarded_Host="evil.example")
    assert f'"https://127.0.0.1:{site.port}/blog/"' in answer.body.decode()


async def test_clients_are_not_counted_twice_when_the_handshake_fails(site: Site) -> None:
    async with asked(site.port, "/blog/ws", *UPGRADE[:2], UPGRADE[3], "X-Forwarded-For: 198.51.100.7") as bare:
        await bare.answer()
        assert bare.status == 400
        assert not site.admission._live
    await until(lambda: site.admission.connections == 0)


class TestTime:
    """Deadlines, made shorter."""

    @pytest.fixture
    def admission(self, monkeypatch: pytest.MonkeyPatch) -> Admission:
        """Wide ones, for a listener that is about to be made."""
        monkeypatch.setattr(limits, "HEADER_TIMEOUT", 0.3)
        monkeypatch.setattr(limits, "BODY_TIMEOUT", 0.3)
        monkeypatch.setattr(limits, "RESPONSE_TIMEOUT", 0.3)
        return Admission(10_000)

    @pytest.mark.parametrize(
        "head",
        [b"", b"GET /blog/ HTTP/1.1\r\nX-Slow: ", b"POST /blog/ HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n"],
    )
    async def test_a_request_that_drips_is_cut_off(self, site: Site, head: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(head)
        while not await eof(reader):
            writer.write(head and b"x")
        writer.close()
        await until(lambda: site.admission.connections == 0)

    async def test_an_answer_that_nobody_reads_is_cut_off_and_no_longer_counts(self, site: Site) -> None:
        await commit(site.timeline, *(entry(f"e{n:03}", content_html=f"{n}" * 20_000) for n in range(200)))
        async with asked(site.port, "/blog/entries?limit=200", "X-Forwarded-For: 198.51.100.7", buffer=4_096):
            await until(lambda: site.admission._unread["198.51.100.7"] > 1_000_000)
            await until(lambda: site.admission.connections == 0)
            await until(lambda: (site.admission._unread_bytes, len(site.admission._unread)) == (0, 0))
            await until(lambda: not site.admission.answering)


async def eof(reader: asyncio.StreamReader) -> bool:
    """Whether the other end has closed; gives it a moment."""
    try:
        return not await asyncio.wait_for(reader.read(1), 0.02)
    except TimeoutError:
        return False
    except ConnectionError:
        return True


async def test_an_answer_whose_client_goes_away_no_longer_counts(site: Site) -> None:
    await commit(site.timeline, *(entry(f"e{n:03}", content_html=f"{n}" * 20_000) for n in range(200)))
    async with asked(site.port, "/blog/entries?limit=200", buffer=4_096):
        await until(lambda: site.admission._unread_bytes > 1_000_000)
    await until(lambda: site.admission.connections == site.admission._unread_bytes == 0)


async def test_who_leaves_too_much_unread_is_told_to_wait(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_UNREAD_BYTES_PER_ADDRESS", 1_000_000)
    await commit(site.timeline, *(entry(f"e{n:03}", content_html=f"{n}" * 20_000) for n in range(200)))
    one = "X-Forwarded-For: 198.51.100.7"
    async with asked(site.port, "/blog/entries?limit=200", one, buffer=4_096):
        await until(lambda: site.admission._unread_bytes > 1_000_000)
        async with asked(site.port, "/blog/entries?limit=200", one) as again:
            assert await is_refused(again)
        async with asked(site.port, "/blog/", "X-Forwarded-For: 198.51.100.8") as other:
            assert not await is_refused(other)
        assert (await site.get("/healthz")).code == 200


async def test_a_head_that_is_too_long_ends_the_connection(site: Site) -> None:
    async with asked(site.port, "/blog/", f"X-Long: {'x' * limits.MAX_HEADER_BYTES}") as bare:
        assert await bare.has_ended()
    await until(lambda: site.admission.connections == 0)
