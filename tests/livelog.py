"""A real Livelog for tests: `python server.py` in a process of its own, and a client of it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPResponse
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests import warm

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0
"""Seconds that a test waits for what should be immediate: these machines are shared."""


class Livelog:
    """One server process. It can be started, killed and started again on the same store.

    ``log`` is that of the process that runs, ``whole_log`` that of all. ``files`` limits its descriptors. ``program``
    is what ``python`` runs, with its first arguments. ``is_warm`` is True where `server.py` is forked from a process
    that has imported it, see `tests.warm`.
    """

    is_warm = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "livelog.db"
        self.port = 0
        self.admin_url = ""
        self.log = ""
        self.whole_log = ""
        self.started_in = 0.0
        self.files: int | None = None
        self.python = sys.executable
        self.program = [str(ROOT / "server.py")]
        self._process: asyncio.subprocess.Process | warm.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None
        return self._process.pid

    def url(self, path: str = "/") -> str:
        """An address of this server."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def start(self, blogs: Mapping[str, Any], *arguments: str, **sections: Any) -> None:
        """Writes a configuration of these blogs and starts on it.

        A blog is a list of feeds (each a URL or a mapping), or a mapping of its keys.
        """
        config = {
            "store": f"sqlite:{self.database}",
            **sections,
            "server": {"port": self.port, "admin": "127.0.0.1:0", **sections.get("server", {})},
            "blogs": {
                slug: {"title": slug, **(blog if isinstance(blog, Mapping) else {"feeds": blog})}
                for slug, blog in blogs.items()
            },
        }
        # JSON is YAML.
        (self.folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")
        await self.run(f"--config={self.folder / 'config.yaml'}", *arguments)

    async def run(self, *arguments: str) -> None:
        """Starts `server.py` with these arguments, and waits until it answers."""
        began = time.monotonic()
        self.log = ""
        if self.is_warm and (self.python, self.program) == (sys.executable, [warm.SERVER]):
            self._process = await warm.start(*arguments, cwd=self.folder, files=self.files)
        else:
            self._process = await self._cold(arguments)
        self._reading = asyncio.create_task(self._read_log())
        await until(lambda: " is on http://" in self.log or self._exited())
        # Not the port of the address before it, which may be a proxy's.
        found = re.search(r" is on http://.* listening on \S*?:(\d+)\b", self.log)
        assert found, f"it did not start: {self.log}"
        self.port = int(found[1])
        admin = re.search(r" status on (http://\S+)/status", self.log)
        self.admin_url = admin[1] if admin else ""
        await until(self._is_ready)
        self.started_in = time.monotonic() - began

    async def stop(self) -> int:
        """Sends SIGTERM and waits for the end; returns the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return await self._ended()

    async def kill(self) -> None:
        """Ends the server, if it runs, and those of its children that survived it, with SIGKILL."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._ended()

    def freeze(self) -> None:
        """Stops the server and its children (SIGSTOP) without closing a connection."""
        os.killpg(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Resumes a frozen server (SIGCONT)."""
        os.killpg(self.pid, signal.SIGCONT)

    async def get(self, path: str, **headers: str) -> HTTPResponse:
        """Fetches a path, whatever the status."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await _fetch(self.url(path), named)

    async def admin(self, path: str, **headers: str) -> HTTPResponse:
        """Fetches a path of the admin address, whatever the status."""
        assert self.admin_url, "server.admin is not set"
        return await _fetch(self.admin_url + path, headers)

    async def health(self) -> Any:
        """`/healthz` of the admin address."""
        return json.loads((await self.admin("/healthz")).body)

    async def metrics(self) -> str:
        """`/metrics` of the admin address."""
        return (await self.admin("/metrics")).body.decode()

    async def json(self, path: str) -> Any:
        """Fetches a path as JSON."""
        return json.loads((await self.get(path)).body)

    async def entries(self, blog: str = "blog") -> list[dict[str, Any]]:
        """All entries of a blog, newest first, page by page as a client would."""
        items: list[dict[str, Any]] = []
        path: str | None = f"/{blog}/entries?limit=200"
        while path:
            document = await self.json(path)
            items += document["items"]
            path = document.get("next_url", "").removeprefix(self.url("")) or None
        return items

    @asynccontextmanager
    async def client(self, blog: str = "blog", after: str | None = None) -> AsyncIterator[Client]:
        """A connected WebSocket client."""
        query = f"?after={after}" if after is not None else ""
        connection = await websocket_connect(f"ws://127.0.0.1:{self.port}/{blog}/ws{query}")
        try:
            yield Client(connection)
        finally:
            connection.close()

    async def _cold(self, arguments: Sequence[str]) -> asyncio.subprocess.Process:
        # A run of tests that is killed must leave no server that polls on.
        limited = ["setpriv", "--pdeathsig", "TERM"]
        limited += ["prlimit", f"--nofile={self.files}:{self.files}"] if self.files else []
        return await asyncio.create_subprocess_exec(
            *limited,
            self.python,
            *self.program,
            *arguments,
            cwd=self.folder,
            stderr=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def _is_ready(self) -> bool:
        return self._exited() or (await self.get("/readyz")).code == 200

    def _exited(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    async def _ended(self) -> int:
        assert self._process is not None
        assert self._reading is not None
        code = await asyncio.wait_for(self._process.wait(), PATIENCE)
        await self._reading
        return code

    async def _read_log(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.log += line.decode()
            self.whole_log += line.decode()


class Client:
    """A WebSocket client of a blog."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection

    async def next(self) -> dict[str, Any]:
        """The next message that is no sign of life."""
        while True:
            text = await asyncio.wait_for(self.connection.read_message(), PATIENCE)
            assert text is not None, f"the server closed with {self.connection.close_code}"
            message: dict[str, Any] = json.loads(text)
            if message["type"] != "alive":
                return message

    async def take(self, count: int) -> list[dict[str, Any]]:
        """The next messages."""
        return [await self.next() for _ in range(count)]

    async def quiet(self, seconds: float) -> bool:
        """Whether no message arrives within ``seconds``."""
        try:
            await asyncio.wait_for(self.connection.read_message(), seconds)
        except TimeoutError:
            return True
        return False


async def _fetch(url: str, headers: Mapping[str, str]) -> HTTPResponse:
    return await AsyncHTTPClient().fetch(url, headers=headers, raise_error=False, follow_redirects=False)


async def until(condition: Any, seconds: float = PATIENCE) -> None:
    """Waits until a function or coroutine function returns something true; fails after ``seconds``."""
    began = time.monotonic()
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return
        waited = time.monotonic() - began
        assert waited < seconds, f"waited {seconds} s in vain"
        await asyncio.sleep(pause(waited))


def pause(waited: float) -> float:
    """The seconds until one looks again: less often the longer it takes, as looking takes from what is waited for."""
    return min(max(0.02, waited / 10), 0.25)
