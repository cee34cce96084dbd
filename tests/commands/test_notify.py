"""systemd is told when the program has started, and when it stops."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.livelog import Livelog, until


@pytest.fixture
async def livelog(tmp_path: Path) -> AsyncIterator[Livelog]:
    process = Livelog(tmp_path)
    yield process
    await process.kill()


@pytest.mark.parametrize("kind", ["file", "abstract"])
async def test_the_supervisor_is_told_of_start_and_stop(
    livelog: Livelog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    name = str(tmp_path / "notify") if kind == "file" else f"\0{tmp_path}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(name)
        supervisor.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", name.replace("\0", "@"))
        await livelog.start({"blog": []})
        await until(lambda: received(supervisor) == "READY=1")
        assert await livelog.stop() == 0
        assert received(supervisor) == "STOPPING=1"


def received(supervisor: socket.socket) -> str | None:
    try:
        return supervisor.recv(100).decode()
    except BlockingIOError:
        return None


async def test_a_supervisor_that_is_gone_is_ignored(
    livelog: Livelog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    await livelog.start({"blog": []})
    assert await livelog.stop() == 0
