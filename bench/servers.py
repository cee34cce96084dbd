"""The servers that are compared. Each runs in processes of its own, and publishes what it is told to."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from asyncio.subprocess import Process, create_subprocess_exec
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tornado.web import RequestHandler

from bench.load import LoadError
from bench.made import BLOG, cpu_clock
from demo.newsroom import Newsroom
from tests.livelog import ROOT, until

PEERS_PYTHON = os.environ.get("LIVELOG_BENCH_PEERS") or sys.executable
"""The Python that has the libraries of the peers."""

_FEED = "/bench.xml"
_ITEM_BYTES = 410
"""What Livelog's message has beyond the content of the post: its address, title, times and source."""

_PATIENCE = 60.0
_STOP_SECONDS = 20.0

_DIES_WITH_THIS = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
"""What goes before a command, so that a run that is killed leaves no server behind; util-linux has it."""

_PORTS = range(10_000, 32_000)
_LIBRARIES = ("picows", "websockets", "starlette", "uvicorn", "uvloop", "tornado")
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
_NGINX = ("/usr/lib/nginx/modules/ngx_nchan_module.so", "/usr/share/nginx/modules/ngx_nchan_module.so")
_NGINX_CONFIG = """
load_module {module};
daemon off;
worker_processes 1;
worker_rlimit_nofile {descriptors};
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections {descriptors}; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    nchan_shared_memory_size 256M;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = / {{ nchan_subscriber; nchan_channel_id news; nchan_subscriber_first_message newest; }}
        location = /publish {{ nchan_publisher; nchan_channel_id news; nchan_message_buffer_length 100; }}
    }}
}}
"""


class Server(ABC):
    """A server, its readers' ``port`` and ``path``. With ``sse`` these are not WebSockets."""

    def __init__(self, name: str, path: str = "/", *, sse: bool = False) -> None:
        self.name = name
        self.path = path
        self.sse = sse
        self.port = 0
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The process that was started; others may be its children."""
        assert self._process is not None
        return self._process.pid

    @abstractmethod
    def lacks(self) -> str | None:
        """What is not installed that this needs, or None."""

    @abstractmethod
    async def start(self, folder: Path) -> None:
        """Starts it, and waits until readers can come. Raises LoadError if it ends instead."""

    async def ready(self) -> None:  # noqa: B027 - most are at any time
        """Waits until what is published next is seen at once."""

    @abstractmethod
    async def publish(self, count: int, size: int) -> None:
        """Publishes so many messages of about so many bytes together, each with the moment as `load.c` reads it."""

    def serving(self) -> list[int]:
        """The processes that serve readers."""
        return self.processes()

    def processes(self) -> list[int]:
        """All processes that belong to it."""
        return tree(self.pid)

    async def stop(self) -> None:
        """Ends it."""
        if self._process is None or self._process.returncode is not None:
            return
        # The group is this server's own: it was started in a session of its own.
        os.killpg(self.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        except TimeoutError:
            os.killpg(self.pid, signal.SIGKILL)
            await self._process.wait()

    async def _launch(self, command: Sequence[str | Path], folder: Path, *ports: int) -> None:
        """Starts a process, and waits until it listens on these ports."""
        log = folder / f"{re.sub('[^a-z]+', '-', self.name.lower())}.log"
        with log.open("ab") as output:
            self._process = await create_subprocess_exec(
                *_DIES_WITH_THIS, *command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True
            )
        for port in ports:
            await until(partial(self._answers, port), _PATIENCE)
        if self._process.returncode is not None:
            lines = log.read_text("utf-8", "replace").splitlines()
            raise LoadError(f"it did not start: {lines[-1] if lines else 'it said nothing'}")

    async def _answers(self, port: int) -> bool:
        """Whether it listens, or has ended."""
        assert self._process is not None
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return self._process.returncode is not None
        writer.close()
        await writer.wait_closed()
        return True


class Lines(Server):
    """A server that publishes the lines that come on a port of their own: the C floor, and all of `bench.peers`."""

    def __init__(self, name: str, command: Sequence[str | Path], *libraries: str) -> None:
        super().__init__(name)
        self._command = command
        self._libraries = libraries
        self._publisher: asyncio.StreamWriter | None = None

    def lacks(self) -> str | None:
        """The library, if the Python for peers does not have it."""
        found = [name for name in self._libraries if not _has(self._command[0], name)]
        return f"{', '.join(found)} where LIVELOG_BENCH_PEERS points to" if found else None

    async def start(self, folder: Path) -> None:
        """Starts it on two free ports."""
        self.port, publishing = free_ports(2)
        await self._launch([*self._command, str(self.port), str(publishing)], folder, self.port, publishing)
        _, self._publisher = await asyncio.open_connection("127.0.0.1", publishing)

    async def publish(self, count: int, size: int) -> None:
        """Sends lines, all together."""
        assert self._publisher is not None
        self._publisher.write(b"".join(_message(size) + b"\n" for _ in range(count)))
        await self._publisher.drain()

    async def stop(self) -> None:
        """Ends it."""
        if self._publisher:
            self._publisher.close()
        await super().stop()


class Nchan(Server):
    """nginx with nchan, as Debian has it: one worker."""

    def __init__(self, name: str, *, sse: bool = False) -> None:
        super().__init__(name, sse=sse)
        self._module = next((path for path in _NGINX if Path(path).exists()), None)
        self._nginx = shutil.which("nginx", path=_PATH)

    def lacks(self) -> str | None:
        """Debian's packages."""
        return None if self._nginx and self._module else "nginx with libnginx-mod-nchan"

    async def start(self, folder: Path) -> None:
        """Starts it on a configuration of its own."""
        assert self._nginx is not None
        (self.port,) = free_ports(1)
        own = folder / f"nginx-{self.port}"
        own.mkdir()
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        values = {"module": self._module, "folder": own, "port": self.port, "descriptors": descriptors}
        (own / "nginx.conf").write_text(_NGINX_CONFIG.format(**values), encoding="utf-8")
        # Before it has read its configuration it would complain in the system's log.
        await self._launch([self._nginx, "-c", own / "nginx.conf", "-e", "stderr"], folder, self.port)

    async def publish(self, count: int, size: int) -> None:
        """Posts messages on one connection, each when the one before was answered."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for _ in range(count):
            message = _message(size)
            head = f"POST /publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(message)}\r\n\r\n"
            writer.write(head.encode("ascii") + message)
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _PATIENCE)
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", answer)
            await reader.readexactly(int(length[1]) if length else 0)
        writer.close()


class Livelog(Server):
    """`python server.py`, which polls a feed on loopback every second. ``on_uvloop``: the same, on uvloop."""

    def __init__(self, name: str, *, sse: bool = False, on_uvloop: bool = False) -> None:
        super().__init__(name, f"/{BLOG}/{'events' if sse else 'ws'}", sse=sse)
        self._on_uvloop = on_uvloop
        self._uvloop = _folder_of_uvloop() if on_uvloop else None
        self._newsroom = Newsroom()
        self._asked_for = False
        self._polled, self._published = asyncio.Event(), asyncio.Event()

    def lacks(self) -> str | None:
        """A uvloop for the Python that Livelog runs with."""
        return "uvloop for this Python" if self._on_uvloop and self._uvloop is None else None

    async def start(self, folder: Path) -> None:
        """Starts it on an empty SQLite file, and waits until it has polled once."""
        await self._newsroom.start()
        self._desk = self._newsroom.open_desk(_FEED, title="Bench")
        self._newsroom.script(_FEED, self._hold)
        (self.port,) = free_ports(1)
        config = {
            "server": {"port": self.port},
            "store": f"sqlite:{folder / f'{self.port}.db'}",
            "blogs": {BLOG: {"title": "Bench", "feeds": [{"url": self._desk.url, "interval": "1s"}]}},
        }
        file = folder / f"{self.port}.yaml"
        # JSON is YAML.
        file.write_text(json.dumps(config), encoding="utf-8")
        before = ["-m", "bench.peers.livelog_on_uvloop", self._uvloop] if self._uvloop else []
        await self._launch([sys.executable, *before, ROOT / "server.py", f"--config={file}"], folder, self.port)
        # What comes first is a backfill, and quiet.
        await self.publish(1, 0)
        await self.publish(0, 0)

    async def ready(self) -> None:
        """Waits until the feed is polled, and has the poll wait for what is published."""
        self._asked_for = True
        await asyncio.wait_for(self._polled.wait(), _PATIENCE)

    async def publish(self, count: int, size: int) -> None:
        """Answers the next poll with these posts and no others, or with what there was if they are none."""
        await self.ready()
        for post in self._desk.posts if count else ():
            self._desk.withdraw(post.guid)
        for _ in range(count):
            filling = "x" * max(size - _ITEM_BYTES, 1)
            self._desk.publish(title=f"@{time.monotonic_ns()}@", html=f"<p>{filling}</p>")
        self._asked_for = False
        self._polled.clear()
        self._published.set()

    def serving(self) -> list[int]:
        """The process that serves readers; the others parse."""
        return [self.pid]

    async def stop(self) -> None:
        """Ends it and its newsroom."""
        await super().stop()
        await self._newsroom.stop()

    async def _hold(self, _: RequestHandler) -> bool:
        if self._asked_for:
            self._published.clear()
            self._polled.set()
            await self._published.wait()
        return False


def tree(pid: int) -> list[int]:
    """A process, its children and theirs."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        # The list grows while it is walked along.
        found += parents.get(one, [])
    return found


def cpu_seconds(pids: Sequence[int]) -> float:
    """The CPU that processes have used; nothing for one that has ended."""
    total = 0.0
    for pid in pids:
        try:
            total += time.clock_gettime(cpu_clock(pid))
        except OSError:
            continue
    return total


def proportional_kib(pids: Sequence[int]) -> int:
    """The memory of processes; what several of them share counts once (PSS)."""
    total = 0
    for pid in pids:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
        found = re.search(r"^Pss: +(\d+) kB", text, re.MULTILINE)
        total += int(found[1]) if found else 0
    return total


def open_files(pid: int) -> int:
    """How many files and sockets a process holds open."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; not of those that connections are given, of which there may be none left."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
        if len(found) == count:
            break
    return found


def peer(name: str, module: str, *libraries: str, python: str = PEERS_PYTHON) -> Lines:
    """One of `bench.peers`."""
    return Lines(name, [python, "-m", f"bench.peers.{module}"], *libraries)


def versions() -> list[str]:
    """What the peers are made of."""
    nginx = shutil.which("nginx", path=_PATH)
    said = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=False).stderr if nginx else ""
    found = [said.strip().rpartition(" ")[2].replace("/", " ")] if said else []
    names = "import importlib.metadata as m; [print(d.name, d.version) for d in m.distributions()]"
    asked = subprocess.run([PEERS_PYTHON, "-c", names], capture_output=True, text=True, check=False)
    return found + sorted(line for line in asked.stdout.splitlines() if line.partition(" ")[0] in _LIBRARIES)


def _parent(process: Path) -> int | None:
    try:
        return int((process / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[1])
    except OSError:
        return None


def _message(size: int) -> bytes:
    start = f'{{"at":"@{time.monotonic_ns()}@","text":"'.encode("ascii")
    return start + b"x" * max(size - len(start) - 2, 0) + b'"}'


def _has(python: str | Path, library: str) -> bool:
    return subprocess.run([python, "-c", f"import {library}"], capture_output=True, check=False).returncode == 0


def _folder_of_uvloop() -> str | None:
    """Where the peers' uvloop is, if the Python that runs this can use it."""
    where = "import pathlib, uvloop; print(pathlib.Path(uvloop.__file__).parent.parent)"
    asked = subprocess.run([PEERS_PYTHON, "-c", where], capture_output=True, text=True, check=False)
    folder = asked.stdout.strip()
    tried = "import sys; sys.path.append(sys.argv[1]); import uvloop"
    command = [sys.executable, "-c", tried, folder]
    return folder if folder and subprocess.run(command, capture_output=True, check=False).returncode == 0 else None
