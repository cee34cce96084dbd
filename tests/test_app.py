"""app.py: what start() starts and stop() stops, starts that fail, roles, and applying another configuration."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient
from tornado.netutil import bind_sockets

from app import App, StartError
from config import Blog, Config, Feed, Fetch, Server
from demo.newsroom import Newsroom
from feeds.poller import Poller
from tests.livelog import Livelog, until
from timeline import TimelineError

Started = Callable[..., Awaitable[App]]

bind_fails = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""Tornado's `bind_sockets` does not close a socket that it cannot bind; Python does, with a warning."""


def configuration(*feeds: str, store: str = "sqlite::memory:", **server: Any) -> Config:
    """One blog of these feeds, on any free port of loopback."""
    blog = Blog(slug="blog", title="Blog", feeds=tuple(Feed(url=url, interval=1) for url in feeds))
    return Config(server=Server(**{"port": 0, **server}), store=store, blogs=(blog,))


@pytest.fixture
async def started() -> AsyncIterator[Started]:
    """Starts an App that is stopped at the end of the test."""
    apps: list[App] = []

    async def start(config: Config, **arguments: Any) -> App:
        app = App(config, **arguments)
        apps.append(app)
        await app.start()
        return app

    yield start
    for app in apps:
        await app.stop()


async def status(url: str) -> int:
    """The status of the answer to a GET."""
    response = await AsyncHTTPClient().fetch(url, raise_error=False, follow_redirects=False)
    return response.code


def port_of(app: App) -> int:
    """The port that an App listens on."""
    return int(app.url.split(":")[2].split("/")[0])


def is_free(port: int) -> bool:
    """Whether nothing listens on a port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


# Starting and stopping


async def test_it_polls_and_serves_until_it_is_stopped(started: Started, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    app = await started(configuration(desk.url))
    assert app.url.endswith("/blog/")
    assert await status(app.url) == 200
    await until(lambda: len(newsroom.requests) >= 1)
    port = port_of(app)
    await app.stop()
    assert is_free(port)
    polls = len(newsroom.requests)
    await asyncio.sleep(1.5)
    assert len(newsroom.requests) == polls


async def test_it_can_be_stopped_twice(started: Started) -> None:
    app = await started(configuration())
    await app.stop()
    await app.stop()


async def test_it_can_be_stopped_before_it_is_started() -> None:
    await App(configuration()).stop()


async def test_it_listens_on_sockets_that_it_is_given(started: Started) -> None:
    (bound,) = bind_sockets(0, "127.0.0.1")
    app = await started(configuration(), sockets=[bound])
    port = bound.getsockname()[1]
    assert app.url == f"http://127.0.0.1:{port}/blog/"
    assert await status(app.url) == 200
    await app.stop()
    assert is_free(port)


@bind_fails
async def test_two_can_share_a_port(started: Started) -> None:
    first = await started(configuration(), reuse_port=True)
    second = await started(configuration(port=port_of(first)), reuse_port=True)
    assert first.url == second.url
    with pytest.raises(StartError, match="cannot be used: Address already in use"):
        await started(configuration(port=port_of(first)))


async def test_a_fetch_node_polls_and_serves_only_its_health(started: Started, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    app = await started(configuration(desk.url), role="fetch")
    assert app.url.endswith("/healthz")
    assert await status(app.url) == 200
    assert await status(app.url.replace("healthz", "blog/")) == 404
    await until(lambda: len(newsroom.requests) >= 1)


async def test_a_web_node_serves_and_does_not_poll(started: Started, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    app = await started(configuration(desk.url), role="web")
    assert await status(app.url) == 200
    await asyncio.sleep(1)
    assert len(newsroom.requests) == 0


# Starts that fail


@bind_fails
async def test_a_start_on_a_port_in_use_does_not_touch_the_store(started: Started, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError) as caught:
            await started(configuration(store=f"sqlite:{tmp_path}/a.db", port=port))
    assert str(caught.value) == f"127.0.0.1 port {port} cannot be used: Address already in use"
    assert not (tmp_path / "a.db").exists()


async def test_a_start_on_a_locked_store_gives_its_port_back(started: Started, livelog: Livelog) -> None:
    await livelog.start({"blog": []})
    (bound,) = bind_sockets(0, "127.0.0.1")
    with pytest.raises(TimelineError, match=r"another Livelog \(process \d+\) uses this database"):
        await started(configuration(store=f"sqlite:{livelog.database}"), sockets=[bound])
    assert bound.fileno() == -1


async def test_a_start_that_fails_last_leaves_nothing_running(
    started: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configuration(store=f"sqlite:{tmp_path}/a.db")

    async def fail(_: Poller) -> None:
        raise TimelineError("The disk is full.")

    (bound,) = bind_sockets(0, "127.0.0.1")
    port, tasks = bound.getsockname()[1], asyncio.all_tasks()
    with monkeypatch.context() as broken:
        broken.setattr(Poller, "start", fail)
        with pytest.raises(TimelineError, match="The disk is full"):
            await started(config, sockets=[bound])
    assert is_free(port)
    assert asyncio.all_tasks() == tasks
    app = await started(config)
    assert await status(app.url) == 200, "the store is not locked any more"


# Applying another configuration


class Parts(App):
    """An App whose parts only note what they are given."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.given: list[Config] = []
        self.fault: Exception | None = None

    async def _apply_parts(self, config: Config) -> None:
        if self.fault:
            raise self.fault
        self.given.append(config)


@pytest.mark.parametrize(
    "changed",
    [
        {"blogs": (Blog(slug="other", title="Other"),)},
        {"fetch": Fetch(interval=60, timeout=5, concurrency=1)},
        {"server": Server(port=0, trusted_proxies=(IPv4Network("10.0.0.0/8"),))},
        {"blogs": (Blog(slug="blog", title="Blog", accent="#b0301c"),)},
    ],
)
async def test_the_parts_are_given_what_can_change_while_running(changed: dict[str, Any]) -> None:
    app = Parts(configuration())
    after = app.config.model_copy(update=changed)
    await app.apply(after)
    assert app.given == [after]
    assert app.config == after


async def test_what_needs_a_restart_is_named_and_the_rest_is_applied() -> None:
    before = configuration()
    app = Parts(before)
    after = configuration("http://a.example/", store="sqlite:a.db", address="::1", port=80)
    await app.apply(after)
    assert app.restart_needed == ["store", "server.address", "server.port"]
    assert app.config == before.model_copy(update={"blogs": after.blogs})
    assert app.given == [app.config]
    await app.apply(before)
    assert app.restart_needed == []


async def test_a_configuration_that_fails_to_apply_can_be_applied_again() -> None:
    before, after = configuration(), configuration("http://a.example/")
    app = Parts(before)
    app.fault = TimelineError("The disk is full.")
    with pytest.raises(TimelineError):
        await app.apply(after)
    assert app.config == before
    app.fault = None
    await app.apply(after)
    assert app.config == after


# The admin address


async def test_the_admin_address_is_apart_and_closed_at_the_end(started: Started) -> None:
    app = await started(configuration(admin="127.0.0.1:0"))
    assert app.admin_url is not None
    assert await status(f"{app.admin_url}/metrics") == 200
    assert await status(app.url.replace("blog/", "metrics")) == 404
    port = int(app.admin_url.rpartition(":")[2])
    await app.stop()
    assert is_free(port)


async def test_the_admin_address_can_be_a_unix_socket_of_this_user(started: Started, tmp_path: Path) -> None:
    path = tmp_path / "admin.sock"
    app = await started(configuration(admin=f"unix:{path}"))
    assert app.admin_url == f"unix:{path}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(b"GET /readyz HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()


@bind_fails
async def test_an_admin_address_in_use_is_told_apart(started: Started) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError) as caught:
            await started(configuration(admin=f"127.0.0.1:{port}"))
    assert str(caught.value) == f"server.admin: 127.0.0.1:{port} cannot be used: Address already in use"
