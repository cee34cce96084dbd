"""A Livelog behind a proxy of deploy/, in a network of its own, and a crowd of clients; prints its findings as JSON.

    unshare --net python -m tests.deploy.behind_proxy nginx|socket|caddy FOLDER CLIENTS

`socket` is nginx before a Livelog on a Unix socket. The network has the addresses of 198.51.100.0/24 (RFC 5737):
those of loopback are exempt from the limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
DEPLOY: Final = ROOT / "deploy"
CERTIFICATE: Final = ROOT / "tests" / "feeds" / "untrusted.pem"

HOST: Final = "live.example.org"
ADDRESS: Final = "198.51.100.250"
ADDRESSES: Final = 200
PER_ADDRESS: Final = 1_000
"""`connections.limits.MAX_LIVE_PER_ADDRESS`, which the test compares."""

MAX_WRONG_TOKENS: Final = 10
AT_ONCE: Final = 50
TIMEOUT: Final = 60.0

KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
UPGRADE: Final = (
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    f"Sec-WebSocket-Key: {KEY}",
)

CONFIG: Final = {
    "server": {"port": 8888, "public_url": f"https://{HOST}", "trusted_proxies": ["127.0.0.1"]},
    "store": "sqlite::memory:",
    "blogs": {
        "blog": {"title": "Blog", "feeds": []},
        "desk": {"title": "Desk", "feeds": [], "private": True, "tokens": ["token-of-the-deploy-test-22"]},
    },
}


def nginx_command(folder: Path, socket: Path | None = None) -> Sequence[str]:
    """Puts the files of deploy/nginx/ where they are read here; one process, so that none outlives the test."""
    (folder / "conf.d").mkdir()
    (folder / "snippets").mkdir()
    for name, target in (
        ("nginx.conf", "nginx.conf"),
        ("livelog.conf", "conf.d/livelog.conf"),
        ("livelog-proxy.conf", "snippets/livelog-proxy.conf"),
    ):
        text = (DEPLOY / "nginx" / name).read_text(encoding="utf-8")
        text = text.replace("/etc/nginx/conf.d", f"{folder}/conf.d").replace(
            "/etc/nginx/snippets", f"{folder}/snippets"
        )
        text = text.replace("/var/log/nginx", str(folder)).replace("/run/nginx.pid", f"{folder}/nginx.pid")
        text = text.replace(f"/etc/letsencrypt/live/{HOST}/fullchain.pem", str(CERTIFICATE))
        text = text.replace(f"/etc/letsencrypt/live/{HOST}/privkey.pem", str(CERTIFICATE))
        if socket:
            text = text.replace("server 127.0.0.1:8888;", f"server unix:{socket};")
        (folder / target).write_text(text, encoding="utf-8")
    return ["nginx", "-c", str(folder / "nginx.conf"), "-g", "daemon off; master_process off;"]


def caddy_command(folder: Path) -> Sequence[str]:
    """The Caddyfile with a certificate that is there."""
    text = (DEPLOY / "caddy" / "Caddyfile").read_text(encoding="utf-8")
    text = text.replace(f"{HOST} {{\n", f"{HOST} {{\n\ttls {CERTIFICATE} {CERTIFICATE}\n", 1)
    (folder / "Caddyfile").write_text("{\n\tadmin off\n}\n" + text, encoding="utf-8")
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


@asynccontextmanager
async def running(command: Sequence[str], folder: Path, name: str) -> AsyncIterator[None]:
    """A process that runs until the end of the block, or of this process."""
    with (folder / f"{name}.log").open("wb") as log:
        environment = {**os.environ, "HOME": str(folder), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        process = await asyncio.create_subprocess_exec(
            "setpriv", "--pdeathsig", "KILL", *command, cwd=folder, stdout=log, stderr=log, env=environment
        )
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                process.kill()


def tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Client:
    """One connection through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0

    @classmethod
    async def connect(cls, source: str, path: str, *headers: str) -> Client:
        """Sends a request from an address, and reads the head of its answer."""
        reader, writer = await asyncio.open_connection(
            ADDRESS, 443, ssl=CONTEXT, server_hostname=HOST, local_addr=(source, 0)
        )
        client = cls(reader, writer)
        writer.write("\r\n".join([f"GET {path} HTTP/1.1", f"Host: {HOST}", *headers, "", ""]).encode())
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), TIMEOUT)
        client.status = int(head.split(b" ")[1])
        return client

    async def has_hello(self) -> bool:
        """True if the first message of a live connection comes."""
        return b'"hello"' in await asyncio.wait_for(self.reader.readuntil(b'"hello"'), TIMEOUT)

    def close(self) -> None:
        self.writer.transport.abort()


CONTEXT: Final = tls()


async def crowd(sources: Sequence[str], *, is_forging: bool = False) -> list[Client]:
    """A WebSocket from each of these addresses; with ``is_forging``, each claims another one."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, source: str) -> Client:
        forged = [f"X-Forwarded-For: 203.0.113.{number % 250}, 192.0.2.{number // 250}"] if is_forging else []
        async with gate:
            client = await Client.connect(source, "/blog/ws", *UPGRADE, *forged)
            if client.status == 101:
                assert await client.has_hello()
            return client

    return await asyncio.gather(*(one(number, source) for number, source in enumerate(sources)))


def statuses(clients: Sequence[Client]) -> dict[str, int]:
    return {str(status): count for status, count in Counter(client.status for client in clients).items()}


async def status(source: str, path: str, *headers: str) -> int:
    client = await Client.connect(source, path, *headers, "Connection: close")
    client.close()
    return client.status


async def until_up() -> None:
    for _ in range(300):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if await status("198.51.100.1", "/blog/") == 200:
                return
        await asyncio.sleep(0.1)
    raise AssertionError("the proxy does not answer")


async def findings(count: int) -> dict[str, Any]:
    """All that the tests ask for, of so many clients."""
    await until_up()
    found: dict[str, Any] = {}
    sources = [f"198.51.100.{n % ADDRESSES + 1}" for n in range(count)]
    clients = await crowd(sources)
    found["crowd"] = statuses(clients)
    found["counted"] = json.loads(await body("/healthz"))["status"]
    for client in clients:
        client.close()
    liars = await crowd(["198.51.100.203"] * (PER_ADDRESS + 10), is_forging=True)
    found["forging"] = statuses(liars)
    found["neighbour"] = await status("198.51.100.204", "/blog/")
    for client in liars:
        client.close()
    wrong = "Authorization: Bearer wrong-token-of-the-test-22"
    found["guesses"] = [
        await status("198.51.100.205", "/desk/", wrong, f"X-Forwarded-For: 203.0.113.{n}")
        for n in range(MAX_WRONG_TOKENS + 1)
    ]
    found["other_guess"] = await status("198.51.100.206", "/desk/", wrong)
    stream = await Client.connect("198.51.100.207", "/blog/events")
    found["event_stream"] = await stream.has_hello()
    stream.close()
    found["protocol"] = await protocol()
    found["token_link"] = await status("198.51.100.208", "/desk/?token=token-of-the-deploy-test-22")
    return found


async def body(path: str) -> bytes:
    client = await Client.connect("198.51.100.209", path, "Connection: close")
    text = await asyncio.wait_for(client.reader.read(), TIMEOUT)
    return text[text.index(b"{") : text.rindex(b"}") + 1]


async def protocol() -> str | None:
    """The protocol that the proxy chooses for browsers."""
    context = tls()
    context.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await asyncio.open_connection(ADDRESS, 443, ssl=context, server_hostname=HOST)
    chosen: str | None = writer.get_extra_info("ssl_object").selected_alpn_protocol()
    writer.transport.abort()
    return chosen


async def main(kind: str, folder: Path, clients: int) -> None:
    """Starts everything, and prints the findings."""
    socket = folder / "livelog.sock" if kind == "socket" else None
    server = {"public_url": f"https://{HOST}", "address": f"unix:{socket}"} if socket else CONFIG["server"]
    (folder / "config.yaml").write_text(json.dumps({**CONFIG, "server": server}), encoding="utf-8")
    livelog = [sys.executable, str(ROOT / "server.py"), f"--config={folder / 'config.yaml'}"]
    proxy = caddy_command(folder) if kind == "caddy" else nginx_command(folder, socket)
    async with running(livelog, folder, "livelog"), running(proxy, folder, kind):
        found = await findings(clients)
    print(json.dumps(found))


if __name__ == "__main__":
    for command in ("ip link set lo up", "ip route add local 198.51.100.0/24 dev lo"):
        subprocess.run(command.split(), check=True)
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
