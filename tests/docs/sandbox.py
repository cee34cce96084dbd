"""Runs the commands of a document as root of a machine of its own, and prints what they did as JSON.

    unshare --net --mount --pid --fork --kill-child --mount-proc python -m tests.docs.sandbox DOCUMENT FOLDER

The machine is this one with a network, a home and a checkout of its own; OWN_FOLDERS keep no change. Its hosts of the
documents (FEEDS) are a newsroom on loopback.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tornado.httpclient import AsyncHTTPClient
from tornado.web import RequestHandler

from demo.newsroom import Newsroom
from tests.docs.documents import ROOT, Block, blocks
from tests.livelog import until

ORIGIN: Final = "http://127.0.0.1:8080"
FEEDS: Final = {
    "https://www.example.org/politics/rss": "Politics",
    "https://city.example.org/feed.xml": "City Hall",
    "https://www.example.org/business/rss": "Business",
    "https://weather.example.org/warnings.xml": "Weather",
}
"""Feeds of the documents. The newsroom has each at the path of its URL."""

REFUSING: Final = "https://weather.example.org/warnings.xml"
"""The feed that answers 403 until a document retries it."""

HOSTS: Final = "127.0.0.1 localhost live.example.org\n"
OWN_FOLDERS: Final = ("/etc", "/opt", "/srv", "/usr", "/var")
CERTIFICATE: Final = Path("/etc/letsencrypt/live/live.example.org")
LEFT_OUT: Final = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "__pycache__", ".*_cache", ".hypothesis", "config.yaml", "*.db*", "build"
)
COMMAND_TIMEOUT: Final = 120.0
"""Seconds that a command may take, servers apart."""

SET_INTERFACE_FLAGS: Final = 0x8914
"""SIOCSIFFLAGS of netdevice(7)."""

INTERFACE_IS_UP: Final = 1

SHIMS: Final = {
    "sudo": 'exec "$@"',
    # nginx is not running before its first reload.
    "systemctl": 'case "$*" in "reload nginx") nginx -s reload 2>/dev/null || exec nginx;; *) exit 5;; esac',
    "systemd-sysusers": "/usr/bin/systemd-sysusers 2>/dev/null || useradd --system --user-group livelog",
    "livelog": 'exec "$LIVELOG_CHECKOUT/.venv/bin/python" "$LIVELOG_CHECKOUT/server.py" "$@"',
}
"""Commands that the machine lacks."""

SUBSCRIPTIONS: Final = """<opml version="2.0"><head><title>Mine</title></head><body>
<outline type="rss" text="Politics" xmlUrl="https://www.example.org/politics/rss"/></body></opml>
"""


@dataclass(frozen=True)
class Ran:
    """A command that was run: its exit code (None if it runs on, as a server does) and all that it printed."""

    line: int
    command: str
    code: int | None
    output: str


def here(text: str) -> str:
    """The text of a document with the addresses of this machine."""
    for url in FEEDS:
        text = text.replace(url, ORIGIN + url.removeprefix("https://").partition("/")[2].join(("/", "")))
    return text


def there(text: str) -> str:
    """The output of a command as a document has it."""
    for url in FEEDS:
        address = here(url)
        text = text.replace(address, url).replace(address.removeprefix("http://"), url.removeprefix("https://"))
    return text


def is_server(command: str) -> bool:
    """True if the command runs until it is stopped."""
    words = command.split()
    if words[0] == "make":
        return words[1:] in (["run"], ["demo"])
    if words[0] == "redis-server":
        return True
    rest = words[1:] if words[0].endswith("livelog") else words[2:] if words[1:2] == ["server.py"] else None
    finished = {"-h", "--help", "--version", "--check"}
    commands = {"check", "retry", "try", "purge", "print-config", "backup", "restore", "export", "copy"}
    return rest is not None and not any(
        word in finished | commands or word.startswith("--import-opml") for word in rest
    )


class Machine:
    """The checkout, its newsroom and the servers that run."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "livelog"
        self.home = folder / "home"
        self.bin = folder / "bin"
        self.log = folder / "servers.log"
        self.newsroom = Newsroom(port=8080)
        self._servers: list[tuple[Block, asyncio.subprocess.Process]] = []

    async def set_up(self) -> None:
        """Makes the folders and starts the newsroom."""
        shutil.copytree(ROOT, self.checkout, ignore=LEFT_OUT, symlinks=True)
        for name in (".venv", "node_modules"):
            (self.checkout / name).symlink_to((ROOT / name).resolve())
        for name in ("requirements.txt", "requirements-dev.txt", "package-lock.json"):
            # Older than what was installed by it: there is nothing to set up.
            os.utime(self.checkout / name, (0, 0))
        (self.checkout / "subscriptions.opml").write_text(SUBSCRIPTIONS, encoding="utf-8")
        self.home.mkdir()
        self.bin.mkdir()
        for name, script in SHIMS.items():
            (self.bin / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (self.bin / name).chmod(0o755)
        self.log.touch()
        for url, title in FEEDS.items():
            desk = self.newsroom.open_desk(here(url).removeprefix(ORIGIN), title=title)
            for number in range(4):
                subject = "The budget" if number % 2 else "The weather"
                desk.publish(title=f"{subject}, part {number}", html="<p>Some text.</p>")
        self.newsroom.script(here(REFUSING).removeprefix(ORIGIN), _refuse)
        await self.newsroom.start()

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of a new user."""
        path = f"{self.checkout}/.venv/bin:{self.bin}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        return {
            "HOME": str(self.home),
            "PATH": path,
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "LIVELOG_CHECKOUT": str(self.checkout),
        }

    async def write(self, block: Block) -> None:
        """Writes the file of a block, and waits until a running server has applied it."""
        path = self.checkout / block.file
        log = self.log.read_text(encoding="utf-8")
        before = log.count("The configuration was applied")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(here(block.text), encoding="utf-8")
        # `make demo` has a configuration of its own.
        reads_it = ": config config.yaml," in log.rpartition(" is on http")[2]
        if block.file == "config.yaml" and reads_it and await _get("/healthz") is not None:
            await until(lambda: self.log.read_text(encoding="utf-8").count("The configuration was applied") > before)
            await self._polled()

    async def run(self, block: Block, command: str) -> Ran:
        """Runs a command of a block."""
        if re.search(r"\bretry\b", command):
            self.newsroom.script(here(REFUSING).removeprefix(ORIGIN), None)
        if is_server(command):
            return await self._serve(block, command)
        process = await self._start(command, asyncio.subprocess.PIPE)
        output, _ = await asyncio.wait_for(process.communicate(), COMMAND_TIMEOUT)
        return Ran(block.line, command, process.returncode, there(output.decode()))

    async def stop_servers(self) -> None:
        """Stops all Livelogs. A Redis stays: later ones may use it."""
        for _, process in self._servers:
            await _stop(process)

    async def stop(self) -> None:
        """Stops everything."""
        await self.stop_servers()
        await self.newsroom.stop()

    async def _serve(self, block: Block, command: str) -> Ran:
        """Starts a server. It stops those of earlier blocks of the same kind."""
        is_redis = command.startswith("redis-server")
        for one, process in self._servers:
            if one is not block and not is_redis:
                await _stop(process)
        self._servers = [(one, process) for one, process in self._servers if process.returncode is None]
        begin = self.log.stat().st_size
        with self.log.open("ab") as log:
            # With exec a signal is for the server, or for make, which passes it on and waits.
            process = await self._start(f"exec {command}", log.fileno())
        self._servers += [] if is_redis else [(block, process)]
        sign = "Ready to accept connections" if is_redis else " is on http"
        await until(lambda: sign in self._logged(begin) or process.returncode is not None)
        await self._polled()
        return Ran(block.line, command, process.returncode, there(self._logged(begin)))

    def _logged(self, begin: int) -> str:
        return self.log.read_bytes()[begin:].decode()

    async def _start(self, command: str, output: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            "sh", "-c", here(command), cwd=self.checkout, env=self.environment, stdout=output,
            stderr=asyncio.subprocess.STDOUT, stdin=asyncio.subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    async def _polled(self) -> None:
        """Waits until each source of the first blog was polled, if a server for readers runs."""

        async def done() -> bool:
            body = await _get("/blog/sources")
            return body is None or all(one["state"] != "waiting" for one in json.loads(body)["sources"])

        await until(done)


async def _refuse(handler: RequestHandler) -> bool:
    handler.set_status(403)
    handler.finish("No robots, please.")
    return True


async def _get(path: str) -> bytes | None:
    with suppress(OSError):
        response = await AsyncHTTPClient().fetch(f"http://127.0.0.1:8888{path}", raise_error=False)
        return response.body if response.code == 200 else None
    return None


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
        await asyncio.wait_for(process.wait(), 60)


def make_own(folder: Path) -> None:
    """Gives this process folders of its own, over those of the machine, and a network."""
    own = folder / "own"
    own.mkdir()
    _mount("tmpfs", own)
    _mount("tmpfs", Path("/run"))
    for name in OWN_FOLDERS:
        upper, work = own / "upper" / name[1:], own / "work" / name[1:]
        upper.mkdir(parents=True)
        work.mkdir(parents=True)
        _mount("overlay", Path(name), f"lowerdir={name},upperdir={upper},workdir={work}")
    Path("/etc/hosts").write_text(HOSTS, encoding="utf-8")
    CERTIFICATE.mkdir(parents=True, exist_ok=True)
    for file in ("fullchain.pem", "privkey.pem"):
        shutil.copy(ROOT / "tests" / "feeds" / "untrusted.pem", CERTIFICATE / file)
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_INTERFACE_FLAGS, struct.pack("16sh14x", b"lo", INTERFACE_IS_UP))


def _mount(kind: str, folder: Path, options: str = "mode=0755") -> None:
    subprocess.run(["mount", "-t", kind, "-o", options, kind, str(folder)], check=True)


async def main(document: Path, folder: Path) -> list[Ran]:
    """Walks a document from top to bottom: writes its files and runs its commands."""
    machine = Machine(folder)
    await machine.set_up()
    ran = []
    try:
        for block in blocks(document):
            if block.marker == "stops the server":
                await machine.stop_servers()
            if block.file:
                await machine.write(block)
            elif block.language == "sh":
                ran += [await machine.run(block, command) for command in block.run]
        # Last, the log of the servers.
        ran.append(Ran(0, "(servers)", 0, there(machine.log.read_text(encoding="utf-8"))))
    finally:
        await machine.stop()
    return ran


if __name__ == "__main__":
    make_own(Path(sys.argv[2]))
    print(json.dumps([asdict(one) for one in asyncio.run(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2])))]))
