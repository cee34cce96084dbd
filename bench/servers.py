"""Servers that `fanout` compares, each in processes of its own; and Livelog as one of them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from asyncio.subprocess import Process, create_subprocess_exec
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tornado.web import RequestHandler

from bench.load import LoadError
from bench.posts import BLOG
from bench.processes import session
from demo.newsroom import Desk, Newsroom
from tests.livelog import ROOT, until
from tests.ports import free_ports

PEERS_PYTHON = os.environ.get("LIVELOG_BENCH_PEERS") or sys.executable
"""The Python that has the libraries of `bench.peers`."""

_FEED = "/bench.xml"
_ITEM_BYTES = 410
"""Bytes of a message of Livelog beside the content: URL, title, times and source."""

TIMEOUT = 60.0
_STOP_TIMEOUT = 20.0

_SETPRIV = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
"""Prefix of a command that ends with this process, so that a killed run leaves no server running (util-linux)."""


class Server(ABC):
    """A server; its clients connect to ``port`` and ``path`` by WebSocket, or by event stream with ``sse``."""

    def __init__(self, name: str, path: str = "/", *, sse: bool = False) -> None:
        self.name = name
        self.path = path
        self.sse = sse
        self.port = 0
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The started process, leader of the server's session."""
        assert self._process is not None
        return self._process.pid

    @abstractmethod
    def lacks(self) -> str | None:
        """The missing program or library, or None."""

    @abstractmethod
    async def start(self, folder: Path) -> None:
        """Start and wait until clients can connect. Raises LoadError if the server ends."""

    async def ready(self) -> None:  # noqa: B027 - most servers need no wait
        """Wait until the next publication is delivered without delay."""

    @abstractmethod
    async def publish(self, count: int, size: int) -> None:
        """Publish messages of about `size` bytes together, each with its time in the form that `load.c` reads."""

    def serving(self) -> list[int]:
        """The processes that serve clients."""
        return self.processes()

    def processes(self) -> list[int]:
        """All processes of the server."""
        return session(self.pid)

    async def stop(self) -> None:
        """Stop the server: SIGTERM, after 20 seconds SIGKILL."""
        if self._process is None or self._process.returncode is not None:
            return
        # The process leads its own session, so the group has no other processes.
        os.killpg(self.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_TIMEOUT)
        except TimeoutError:
            os.killpg(self.pid, signal.SIGKILL)
            await self._process.wait()

    async def _launch(self, command: Sequence[str | Path], folder: Path, *ports: int) -> None:
        """Start a process and wait until it listens on the ports. Raises LoadError if it ends."""
        log = folder / f"{re.sub('[^a-z]+', '-', self.name.lower())}.log"
        with log.open("ab") as output:
            self._process = await create_subprocess_exec(
                *_SETPRIV, *command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True
            )
        for port in ports:
            await until(partial(self._answers, port), TIMEOUT)
        if self._process.returncode is not None:
            lines = log.read_text("utf-8", "replace").splitlines()
            raise LoadError(f"it did not start: {lines[-1] if lines else 'no output'}")

    async def _answers(self, port: int) -> bool:
        """True if the server listens or has ended."""
        assert self._process is not None
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return self._process.returncode is not None
        writer.close()
        await writer.wait_closed()
        return True


class Livelog(Server):
    """`python server.py`, which polls a feed on loopback every second; on uvloop with ``on_uvloop``."""

    def __init__(self, name: str, *, sse: bool = False, on_uvloop: bool = False) -> None:
        super().__init__(name, f"/{BLOG}/{'events' if sse else 'ws'}", sse=sse)
        self._on_uvloop = on_uvloop
        self._uvloop = _folder_of_uvloop() if on_uvloop else None
        self.newsroom = Newsroom()
        self._hold_next = False
        self._polled, self._published = asyncio.Event(), asyncio.Event()

    def lacks(self) -> str | None:
        """uvloop, if it is asked for and this Python cannot import it."""
        return "uvloop for this Python" if self._on_uvloop and self._uvloop is None else None

    async def start(self, folder: Path) -> None:
        """Start on an empty SQLite file and wait for two polls."""
        await self.newsroom.start()
        self._desk = self.newsroom.open_desk(_FEED, title="Bench")
        self.newsroom.script(_FEED, self._hold)
        (self.port,) = free_ports(1)
        config = {
            "server": {"port": self.port},
            "store": f"sqlite:{folder / f'{self.port}.db'}",
            "blogs": self.blogs(self._desk),
        }
        file = folder / f"{self.port}.yaml"
        # JSON is YAML.
        file.write_text(json.dumps(config), encoding="utf-8")
        before = ["-m", "bench.peers.livelog_on_uvloop", self._uvloop] if self._uvloop else []
        await self._launch([sys.executable, *before, ROOT / "server.py", f"--config={file}"], folder, self.port)
        # Entries of the first fetch are a backfill.
        await self.publish(1, 0)
        await self.publish(0, 0)

    def blogs(self, desk: Desk) -> dict[str, Any]:
        """The blogs, one of which follows the desk that publishes."""
        return {BLOG: {"title": "Bench", "feeds": [{"url": desk.url, "interval": "1s"}]}}

    async def ready(self) -> None:
        """Wait until the feed is polled, and hold that poll until the next publication."""
        self._hold_next = True
        await asyncio.wait_for(self._polled.wait(), TIMEOUT)

    async def publish(self, count: int, size: int) -> None:
        """Answer the held poll with `count` new posts only, or with the old ones if `count` is 0."""
        await self.ready()
        for post in self._desk.posts if count else ():
            self._desk.withdraw(post.guid)
        for _ in range(count):
            filling = "x" * max(size - _ITEM_BYTES, 1)
            self._desk.publish(title=f"@{time.monotonic_ns()}@", html=f"<p>{filling}</p>")
        self._hold_next = False
        self._polled.clear()
        self._published.set()

    def serving(self) -> list[int]:
        """The server; the other processes parse."""
        return [self.pid]

    async def stop(self) -> None:
        """Stop the server and its newsroom."""
        await super().stop()
        await self.newsroom.stop()

    async def _hold(self, _: RequestHandler) -> bool:
        if self._hold_next:
            self._published.clear()
            self._polled.set()
            await self._published.wait()
        return False


def _folder_of_uvloop() -> str | None:
    """The folder of the peers' uvloop, if this Python can import it."""
    where = "import pathlib, uvloop; print(pathlib.Path(uvloop.__file__).parent.parent)"
    asked = subprocess.run([PEERS_PYTHON, "-c", where], capture_output=True, text=True, check=False)
    folder = asked.stdout.strip()
    tried = "import sys; sys.path.append(sys.argv[1]); import uvloop"
    command = [sys.executable, "-c", tried, folder]
    return folder if folder and subprocess.run(command, capture_output=True, check=False).returncode == 0 else None
