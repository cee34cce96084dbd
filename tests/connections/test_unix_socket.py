"""A Livelog on a Unix socket: its file, and the addresses of clients behind the proxy."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app import App, StartError
from config import Blog, Config, Server
from connections import unix_socket

NAME = "X-Forwarded-User"
TOKEN = "token-of-the-socket-test-22"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "livelog.sock"


def configuration(path: Path) -> Config:
    """A private blog for readers whom the proxy names."""
    blog = Blog(slug="blog", title="Blog", private=True)
    server = Server(address=f"unix:{path}", identity_header=NAME)
    return Config(server=server, store="sqlite::memory:", blogs=(blog,))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def text(path: Path) -> str | None:
    """The text of a file, empty for a socket; None if there is none."""
    if path.is_socket():
        return ""
    return path.read_text(encoding="utf-8") if path.exists() else None


def replace_with_text(path: Path, text: str = "") -> None:
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
async def app(path: Path) -> AsyncIterator[App]:
    started = App(configuration(path))
    await started.start()
    yield started
    await started.stop()


async def answer(path: Path, *headers: str) -> str:
    """The answer to a request of the proxy."""
    reader, writer = await asyncio.open_unix_connection(path)
    lines = ["GET /blog/ HTTP/1.1", "Host: example.org", "Connection: close", *headers, "", ""]
    writer.write("\r\n".join(lines).encode())
    text = (await asyncio.wait_for(reader.read(), 30)).decode()
    writer.close()
    return text


async def test_it_answers_on_a_socket_for_its_user_and_group_alone(app: App, path: Path) -> None:
    assert mode(path) == 0o660
    assert (await answer(path)).startswith("HTTP/1.1 401 ")
    assert app.url == f"unix:{path}"


async def test_the_proxy_on_the_socket_is_trusted(app: App, path: Path) -> None:
    assert (await answer(path, f"{NAME}: ada")).startswith("HTTP/1.1 200 ")
    link = await answer(path, "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https", f"{NAME}: ada")
    assert link.startswith("HTTP/1.1 200 ")


async def test_the_file_is_removed_at_a_stop(app: App, path: Path) -> None:
    await app.stop()
    assert text(path) is None


async def test_the_file_of_a_successor_stays(app: App, path: Path) -> None:
    replace_with_text(path, "another's")
    await app.stop()
    assert text(path) == "another's"


async def test_a_socket_that_nobody_listens_on_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as former:
        former.bind(str(path))
    app = App(configuration(path))
    await app.start()
    assert (await answer(path)).startswith("HTTP/1.1 401 ")
    await app.stop()


async def test_a_socket_in_use_is_left_to_its_process(app: App, path: Path) -> None:
    with pytest.raises(StartError, match=f"unix:{path} cannot be used: Address already in use"):
        await App(configuration(path)).start()
    assert (await answer(path)).startswith("HTTP/1.1 401 ")


async def test_a_file_that_is_no_socket_is_not_replaced(path: Path) -> None:
    replace_with_text(path, "mine")
    with pytest.raises(StartError, match="cannot be used: File exists"):
        await App(configuration(path)).start()
    assert text(path) == "mine"


async def test_a_folder_that_is_missing_is_named(path: Path) -> None:
    with pytest.raises(StartError, match=r"missing/a\.sock cannot be used: No such file or directory"):
        await App(configuration(path.parent / "missing" / "a.sock")).start()


def test_a_socket_is_bound_with_its_mode_whatever_the_umask(path: Path) -> None:
    with unix_socket.bind(str(path)):
        assert mode(path) == 0o660
