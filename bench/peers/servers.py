"""The C floor, nchan and the broadcasters of this folder, as servers that `bench.turns` measures."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from bench.servers import PEERS_PYTHON, TIMEOUT, Server
from tests.ports import free_ports

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


class Lines(Server):
    """A server that broadcasts each line received on a second port: the C floor and the scripts of this folder."""

    def __init__(self, name: str, command: Sequence[str | Path], *libraries: str) -> None:
        super().__init__(name)
        self._command = command
        self._libraries = libraries
        self._publisher: asyncio.StreamWriter | None = None

    def lacks(self) -> str | None:
        """The libraries that the Python for peers lacks."""
        found = [name for name in self._libraries if not _has(self._command[0], name)]
        return f"{', '.join(found)} where LIVELOG_BENCH_PEERS points to" if found else None

    async def start(self, folder: Path) -> None:
        """Start on two free ports."""
        self.port, publishing = free_ports(2)
        await self._launch([*self._command, str(self.port), str(publishing)], folder, self.port, publishing)
        _, self._publisher = await asyncio.open_connection("127.0.0.1", publishing)

    async def publish(self, count: int, size: int) -> None:
        """Send the lines together."""
        assert self._publisher is not None
        self._publisher.write(b"".join(_message(size) + b"\n" for _ in range(count)))
        await self._publisher.drain()

    async def stop(self) -> None:
        """Close the publishing connection and stop the server."""
        if self._publisher:
            self._publisher.close()
        await super().stop()


class Nchan(Server):
    """Debian's nginx with nchan, one worker."""

    def __init__(self, name: str, *, sse: bool = False) -> None:
        super().__init__(name, sse=sse)
        self._module = next((path for path in _NGINX if Path(path).exists()), None)
        self._nginx = shutil.which("nginx", path=_PATH)

    def lacks(self) -> str | None:
        """The Debian packages, if they are not installed."""
        return None if self._nginx and self._module else "nginx with libnginx-mod-nchan"

    async def start(self, folder: Path) -> None:
        """Start with a configuration of its own."""
        assert self._nginx is not None
        (self.port,) = free_ports(1)
        own = folder / f"nginx-{self.port}"
        own.mkdir()
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        values = {"module": self._module, "folder": own, "port": self.port, "descriptors": descriptors}
        (own / "nginx.conf").write_text(_NGINX_CONFIG.format(**values), encoding="utf-8")
        # -e: until nginx has read its configuration it logs to the system's error log.
        await self._launch([self._nginx, "-c", own / "nginx.conf", "-e", "stderr"], folder, self.port)

    async def publish(self, count: int, size: int) -> None:
        """POST the messages one after the other on one connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for _ in range(count):
            message = _message(size)
            head = f"POST /publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(message)}\r\n\r\n"
            writer.write(head.encode("ascii") + message)
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT)
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", answer)
            await reader.readexactly(int(length[1]) if length else 0)
        writer.close()


def peer(name: str, module: str, *libraries: str, python: str = PEERS_PYTHON) -> Lines:
    """A script of this folder."""
    return Lines(name, [python, "-m", f"bench.peers.{module}"], *libraries)


def versions() -> list[str]:
    """Names and versions of nginx and the peers' libraries."""
    nginx = shutil.which("nginx", path=_PATH)
    output = subprocess.run([nginx, "-v"], capture_output=True, text=True, check=False).stderr if nginx else ""
    found = [output.strip().rpartition(" ")[2].replace("/", " ")] if output else []
    names = "import importlib.metadata as m; [print(d.name, d.version) for d in m.distributions()]"
    listed = subprocess.run([PEERS_PYTHON, "-c", names], capture_output=True, text=True, check=False)
    return found + sorted(line for line in listed.stdout.splitlines() if line.partition(" ")[0] in _LIBRARIES)


def _has(python: str | Path, library: str) -> bool:
    return subprocess.run([python, "-c", f"import {library}"], capture_output=True, check=False).returncode == 0


def _message(size: int) -> bytes:
    start = f'{{"at":"@{time.monotonic_ns()}@","text":"'.encode("ascii")
    return start + b"x" * max(size - len(start) - 2, 0) + b'"}'
