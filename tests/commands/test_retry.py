"""`retry`: failing feeds are polled now, whatever their back-off, in a shared store or by the running server."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets, bind_unix_socket
from tornado.web import Application, RequestHandler

from tests.feeds.origins import RawOrigin, raw_origin, whole
from tests.livelog import Livelog, until
from tests.redis import RedisServer
from tests.test_server import command

TOKEN = "a-token-of-22-characters-or-more"
RSS = b"<rss version='2.0'><channel><title>A</title><item><title>One</title></item></channel></rss>"


@pytest.fixture
async def origin() -> AsyncIterator[RawOrigin]:
    async with raw_origin() as opened:
        yield opened


async def fails(livelog: Livelog) -> bool:
    return bool((await livelog.health())["feeds"]["failing"] == 1)


async def has_entry(livelog: Livelog) -> bool:
    return len(await livelog.entries()) == 1


@pytest.mark.parametrize("named", [True, False])
async def test_on_redis_any_node_polls_a_failing_feed_at_once(
    livelog: Livelog, redis: RedisServer, origin: RawOrigin, named: bool
) -> None:
    url = origin.serve("/a.xml", whole(status="500 No"))
    await livelog.start({"blog": [url]}, store=redis.url)
    await until(lambda: fails(livelog))
    origin.serve("/a.xml", whole(RSS))
    code, output = await command(
        f"--config={livelog.folder / 'config.yaml'}", "retry", *([url] if named else []), cwd=livelog.folder
    )
    assert (code, output) == (0, f"{url}: is polled now.\n")
    await until(lambda: has_entry(livelog))
    code, output = await command("retry", cwd=livelog.folder)
    assert (code, output) == (0, "No feed fails.\n")


async def test_on_sqlite_a_feed_is_polled_when_the_server_starts(livelog: Livelog, origin: RawOrigin) -> None:
    url = origin.serve("/a.xml", whole(status="500 No"))
    await livelog.start({"blog": [url]})
    await until(lambda: fails(livelog))
    await livelog.stop()
    origin.serve("/a.xml", whole(RSS))
    code, output = await command("retry", cwd=livelog.folder)
    assert (code, output) == (0, f"{url}: is polled as soon as the server starts.\n")
    await livelog.run(f"--config={livelog.folder / 'config.yaml'}")
    await until(lambda: has_entry(livelog))


async def test_a_running_server_that_cannot_be_asked_is_told_with_the_remedy(livelog: Livelog) -> None:
    await livelog.start({"blog": []}, server={"admin": None})
    code, output = await command("retry", cwd=livelog.folder)
    assert code == 1
    assert f"another Livelog (process {livelog.pid}) uses this database. The running server can only be" in output
    assert "set server.admin: 127.0.0.1:8889 in the configuration and restart it" in output


async def test_on_sqlite_the_running_server_polls_a_failing_feed_at_once(livelog: Livelog, origin: RawOrigin) -> None:
    url = origin.serve("/a.xml", whole(status="500 No"))
    await livelog.start({"blog": [url]}, server={"admin": f"unix:{livelog.folder / 'admin.sock'}"})

    async def is_unreachable() -> bool:
        (source,) = (await livelog.json("/blog/sources"))["sources"]
        return bool(source["state"] == "unreachable")

    await until(is_unreachable)
    origin.serve("/a.xml", whole(RSS))
    assert await command("retry", url, cwd=livelog.folder) == (0, f"{url}: is polled now.\n")
    await until(lambda: has_entry(livelog))
    assert (await command("retry", "https://elsewhere.example/", cwd=livelog.folder))[0] == 2


@dataclass
class Admin:
    """The admin half of a server, which holds a database, and the requests that it got."""

    status: int = 200
    answer: Any = None
    requests: list[tuple[str, Any, str | None]] = field(default_factory=list)


@asynccontextmanager
async def admin_at(folder: Path, server: dict[str, Any], admin: Admin) -> AsyncIterator[None]:
    """Answers for a running Livelog, at its admin address or its own."""

    class Retry(RequestHandler):
        def post(self) -> None:
            authorization = self.request.headers.get("Authorization")
            admin.requests.append((self.request.path, json.loads(self.request.body), authorization))
            self.set_status(admin.status)
            self.finish(admin.answer if isinstance(admin.answer, dict) else {})

    is_unix = server.get("admin", "").startswith("unix:")
    sockets = [bind_unix_socket(server["admin"][5:])] if is_unix else bind_sockets(0, "127.0.0.1")
    port = 0 if is_unix else sockets[0].getsockname()[1]
    listening = HTTPServer(Application([("/feeds/retry", Retry)], log_function=lambda _: None))
    listening.add_sockets(sockets)
    placed = {
        key: value.replace("PORT", str(port)) if isinstance(value, str) else value for key, value in server.items()
    }
    blogs = {"blog": {"feeds": ["https://example.org/feed", {"url": "https://example.org/b", "id": "city"}]}}
    (folder / "config.yaml").write_text(json.dumps({"server": placed, "blogs": blogs}))
    try:
        yield
    finally:
        listening.stop()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock of a database as a running server does."""
    (folder / "livelog.db").touch()
    with (folder / "livelog.db.lock").open("w") as lock:
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.parametrize(
    ("server", "authorization"),
    [
        ({"admin": "127.0.0.1:PORT"}, None),
        ({"admin": ":PORT", "admin_token": TOKEN}, f"Bearer {TOKEN}"),
        ({"port": "PORT", "address": "127.0.0.1", "admin_token": TOKEN}, f"Bearer {TOKEN}"),
        ({"admin": "unix:SOCKET"}, None),
    ],
)
async def test_on_sqlite_the_running_server_is_asked(
    tmp_path: Path, server: dict[str, Any], authorization: str | None
) -> None:
    server = {key: str(value).replace("SOCKET", str(tmp_path / "s")) for key, value in server.items()}
    admin = Admin(answer={"due": ["city"], "paused": {}})
    with locked(tmp_path):
        async with admin_at(tmp_path, server, admin):
            assert await command("retry", "city", cwd=tmp_path) == (0, "https://example.org/b: is polled now.\n")
            assert (await command("retry", cwd=tmp_path))[0] == 0
    assert admin.requests == [
        ("/feeds/retry", {"feed": "city"}, authorization),
        ("/feeds/retry", {}, authorization),
    ]


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (401, None, "refuses the admin token: is this its configuration?"),
        (500, None, "answered with 500"),
        (404, None, "no node follows it"),
    ],
)
async def test_an_answer_without_success_is_told(tmp_path: Path, status: int, answer: Any, words: str) -> None:
    with locked(tmp_path):
        async with admin_at(tmp_path, {"admin": "127.0.0.1:PORT"}, Admin(status, answer)):
            code, output = await command("retry", "https://example.org/feed", cwd=tmp_path)
    assert code == 1
    assert words in output
    assert output.count("\n") == 1


async def test_an_admin_address_that_does_not_answer_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(json.dumps({"server": {"admin": "127.0.0.1:1"}, "blogs": {"blog": {}}}))
    with locked(tmp_path):
        code, output = await command("retry", cwd=tmp_path)
    assert code == 1
    assert "It does not answer at 127.0.0.1:1 (Connection refused): is this its configuration?" in output


async def test_a_pause_that_the_publisher_asked_for_is_told(tmp_path: Path) -> None:
    paused = {"due": [], "paused": {"city": 9e9}}
    with locked(tmp_path):
        async with admin_at(tmp_path, {"admin": "127.0.0.1:PORT"}, Admin(answer=paused)):
            code, output = await command("retry", "city", cwd=tmp_path)
    assert code == 0
    assert output.startswith("https://example.org/b: its publisher asked for a pause, which ends in ")


async def test_a_feed_that_is_not_in_the_configuration_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("blogs: {blog: {feeds: [https://example.org/feed]}}")
    code, output = await command("retry", "https://example.org/other", cwd=tmp_path)
    assert (code, output) == (2, "command line: https://example.org/other: no feed of the configuration\n")


@pytest.mark.parametrize("arguments", [["retry"], ["purge", "https://example.org/feed"]])
async def test_without_a_database_none_is_made(tmp_path: Path, arguments: list[str]) -> None:
    """As under systemd, where the server may be given another store than the file has."""
    (tmp_path / "config.yaml").write_text("blogs: {blog: {}}")
    missing = f"livelog {arguments[0]}: livelog.db: there is no such file\n"
    assert [await command(*arguments, cwd=tmp_path) for _ in "12"] == [(1, missing)] * 2


async def test_a_store_that_cannot_be_reached_is_told_in_one_line(tmp_path: Path, redis: RedisServer) -> None:
    redis.stop()
    (tmp_path / "config.yaml").write_text(f"store: {redis.url}\nblogs: {{blog: {{}}}}")
    assert await command("retry", cwd=tmp_path) == (1, f"livelog retry: {redis.url}: Connection refused\n")
