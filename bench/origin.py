"""Origins in a process of their own: they answer from memory, on as many addresses of loopback as feeds have hosts.

Each of 127.0.1.1, 127.0.1.2 … is a host to who fetches, so that politeness towards a host does not count. Linux
answers at all of them without being told to.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import NamedTuple, Protocol

from tests.feeds.origins import RawOrigin

HOSTS = 200
_BACKLOG = 1024


class Hit(NamedTuple):
    """A request that was answered: when (monotonic), for which path, with what status."""

    at: float
    path: str
    status: int


class Site(Protocol):
    """What an origin answers. It is sent to another process, and loads there what it needs at its first answer."""

    def answer(self, path: str, head: bytes) -> tuple[int, bytes]:
        """The status, and all bytes of the answer, with a Content-Length. ``head`` is the request in lower case."""


@dataclass
class Origin:
    """An origin that listens."""

    port: int
    _control: Connection

    def url(self, number: int, path: str) -> str:
        """The address of a path on one of the hosts; feeds are dealt out to them by turns."""
        return f"http://{_address(number % HOSTS)}:{self.port}{path}"

    def hits(self) -> list[Hit]:
        """All that was answered so far, but for what this was told of before."""
        self._control.send(None)
        hits: list[Hit] = self._control.recv()
        return hits


@contextmanager
def origin(site: Site) -> Iterator[Origin]:
    """An origin of quick, well-meant answers, until the end of the block. Connections are kept open on request."""
    with _process(_serve, site) as (port, control):
        yield Origin(port, control)


@contextmanager
def raw_origins(fill: Callable[[RawOrigin], None]) -> Iterator[Origin]:
    """An origin that answers with scripts, which ``fill`` hands over in its process."""
    with _process(_serve_raw, fill) as (port, control):
        yield Origin(port, control)


def gaps(hits: list[Hit], paths: Collection[str], began: float, ended: float) -> list[float]:
    """The seconds between requests for each of these paths, in this stretch of time. One that never came is a gap."""
    times: dict[str, list[float]] = {path: [began] for path in paths}
    for hit in hits:
        if hit.path in times and began <= hit.at <= ended:
            times[hit.path].append(hit.at)
    found: list[float] = []
    for at in times.values():
        between = [later - earlier for earlier, later in pairwise(at[1:])]
        # What is cut off by the ends of the stretch counts where it was longer than what lies between.
        open_ended = max(at[min(1, len(at) - 1)] - began, ended - at[-1])
        found += between if open_ended <= max(between, default=0.0) else [*between, open_ended]
    return found


def statuses(hits: list[Hit]) -> Counter[int]:
    """How many answers there were of each status."""
    return Counter(hit.status for hit in hits)


def whole(body: bytes, content_type: str, etag: str) -> bytes:
    """The bytes of an answer 200."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nETag: {etag}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode("ascii") + body


def unchanged(etag: str) -> bytes:
    """The bytes of an answer 304."""
    return f"HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n".encode("ascii")


def _address(host: int) -> str:
    return f"127.0.{host // 250 + 1}.{host % 250 + 1}"


@contextmanager
def _process(work: Callable[..., None], argument: object) -> Iterator[tuple[int, Connection]]:
    """Runs ``work`` in a process that ends with the block, or with this process."""
    context = get_context("spawn")
    control, its = context.Pipe()
    process = context.Process(target=work, args=(argument, its), daemon=True)
    process.start()
    its.close()
    try:
        yield control.recv(), control
    finally:
        # Not asked to end in good order: connections that hang are what some are for.
        process.terminate()
        process.join()
        control.close()


class _Exchange(asyncio.Protocol):
    """One connection."""

    def __init__(self, site: Site, hits: list[Hit]) -> None:
        self._site = site
        self._hits = hits
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, self._received = self._received[:end], self._received[end + 4 :]
            path = head[: head.find(b"\r\n")].split(b" ")[1].decode("ascii")
            head = head.lower()
            status, answer = self._site.answer(path, head)
            self._hits.append(Hit(time.monotonic(), path, status))
            self._transport.write(answer)
            if b"\nconnection: close" in head or b" http/1.0\r\n" in head:
                self._transport.close()


def _serve(site: Site, control: Connection) -> None:
    hits: list[Hit] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        for listening in _listening():
            await loop.create_server(lambda: _Exchange(site, hits), sock=listening, backlog=_BACKLOG)
            port = listening.getsockname()[1]
        control.send(port)
        await _until_closed(control, hits)

    asyncio.run(serve())


def _serve_raw(fill: Callable[[RawOrigin], None], control: Connection) -> None:
    async def serve() -> None:
        raw = RawOrigin()
        talks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # Kept, as the loop does not: one that waits for ever would be collected, and complained of.
            talk = asyncio.create_task(raw.talk(reader, writer))
            talks.add(talk)
            talk.add_done_callback(talks.discard)

        for listening in _listening():
            await asyncio.start_server(accept, sock=listening, backlog=_BACKLOG)
            raw.port = listening.getsockname()[1]
        fill(raw)
        control.send(raw.port)
        await _until_closed(control, [])

    asyncio.run(serve())


async def _until_closed(control: Connection, hits: list[Hit]) -> None:
    """Tells of the hits when asked, until nobody can ask any more."""
    closed = asyncio.Event()

    def tell() -> None:
        try:
            control.recv()
            control.send(hits)
            hits.clear()
        except (EOFError, ConnectionError):
            closed.set()

    asyncio.get_running_loop().add_reader(control.fileno(), tell)
    await closed.wait()


def _listening() -> Iterator[socket.socket]:
    """A socket on each host, all with one port."""
    port = 0
    for host in range(HOSTS):
        listening = socket.create_server((_address(host), port), backlog=_BACKLOG)
        port = listening.getsockname()[1]
        yield listening
