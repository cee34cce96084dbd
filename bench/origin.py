"""Origins in a process of their own that answer from memory, on many loopback addresses.

Each of 127.0.1.1, 127.0.1.2 … is a host of its own, so that `per_host` does not limit the benchmark. Linux answers on
all of 127.0.0.0/8.
"""

from __future__ import annotations

import asyncio
import functools
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
    """An answered request; ``at`` is `time.monotonic()`."""

    at: float
    path: str
    status: int


class Site(Protocol):
    """The answers of an origin. Pickled to another process, so it loads its data at the first request."""

    def answer(self, path: str, head: bytes) -> tuple[int, bytes]:
        """Return the status and all bytes of the answer. ``head`` is the request head in lower case."""


@dataclass
class Origin:
    """A listening origin."""

    port: int
    _control: Connection
    hosts: int = HOSTS

    def url(self, number: int, path: str) -> str:
        """The URL of a path on host number `number` modulo the number of hosts."""
        return f"http://{_address(number % self.hosts)}:{self.port}{path}"

    def hits(self) -> list[Hit]:
        """The hits since the last call."""
        self._control.send(None)
        hits: list[Hit] = self._control.recv()
        return hits


@contextmanager
def origin(site: Site, hosts: int = HOSTS) -> Iterator[Origin]:
    """Run an origin of well-formed answers with keep-alive."""
    with _process(functools.partial(_serve, hosts), site) as (port, control):
        yield Origin(port, control, hosts)


@contextmanager
def raw_origins(fill: Callable[[RawOrigin], None], hosts: int = HOSTS) -> Iterator[Origin]:
    """Run an origin that answers with scripts; ``fill`` sets them in its process."""
    with _process(functools.partial(_serve_raw, hosts), fill) as (port, control):
        yield Origin(port, control, hosts)


def gaps(hits: list[Hit], paths: Collection[str], began: float, ended: float) -> list[float]:
    """The seconds between requests for each path from `began` to `ended`; without a request, the whole time."""
    times: dict[str, list[float]] = {path: [began] for path in paths}
    for hit in hits:
        if hit.path in times and began <= hit.at <= ended:
            times[hit.path].append(hit.at)
    found: list[float] = []
    for at in times.values():
        between = [later - earlier for earlier, later in pairwise(at[1:])]
        # The gaps at both ends are cut off; one counts if it is longer than all between.
        open_ended = max(at[min(1, len(at) - 1)] - began, ended - at[-1])
        found += between if open_ended <= max(between, default=0.0) else [*between, open_ended]
    return found


def statuses(hits: list[Hit]) -> Counter[int]:
    """The number of answers by status."""
    return Counter(hit.status for hit in hits)


def _address(host: int) -> str:
    return f"127.0.{host // 250 + 1}.{host % 250 + 1}"


@contextmanager
def _process(work: Callable[..., None], argument: object) -> Iterator[tuple[int, Connection]]:
    """Run ``work`` in a process until the end of the block or of this process."""
    context = get_context("spawn")
    control, its = context.Pipe()
    process = context.Process(target=work, args=(argument, its), daemon=True)
    process.start()
    its.close()
    try:
        yield control.recv(), control
    finally:
        # Terminated: an orderly stop would wait for connections that hang on purpose.
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


def _serve(hosts: int, site: Site, control: Connection) -> None:
    hits: list[Hit] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        for listening in _listening(hosts):
            await loop.create_server(lambda: _Exchange(site, hits), sock=listening, backlog=_BACKLOG)
            port = listening.getsockname()[1]
        control.send(port)
        await _until_closed(control, hits)

    asyncio.run(serve())


def _serve_raw(hosts: int, fill: Callable[[RawOrigin], None], control: Connection) -> None:
    async def serve() -> None:
        raw = RawOrigin()
        talks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # The loop holds tasks weakly: without this a waiting one is garbage-collected with a warning.
            talk = asyncio.create_task(raw.talk(reader, writer))
            talks.add(talk)
            talk.add_done_callback(talks.discard)

        for listening in _listening(hosts):
            await asyncio.start_server(accept, sock=listening, backlog=_BACKLOG)
            raw.port = listening.getsockname()[1]
        fill(raw)
        control.send(raw.port)
        await _until_closed(control, [])

    asyncio.run(serve())


async def _until_closed(control: Connection, hits: list[Hit]) -> None:
    """Send the hits on each request of the control pipe, until it is closed."""
    closed = asyncio.Event()

    def answer() -> None:
        try:
            control.recv()
            control.send(hits)
            hits.clear()
        except (EOFError, ConnectionError):
            closed.set()

    asyncio.get_running_loop().add_reader(control.fileno(), answer)
    await closed.wait()


def _listening(hosts: int = HOSTS) -> Iterator[socket.socket]:
    """Yield a listening socket for each host, all on one port."""
    port = 0
    for host in range(hosts):
        listening = socket.create_server((_address(host), port), backlog=_BACKLOG)
        port = listening.getsockname()[1]
        yield listening
