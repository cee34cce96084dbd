"""A WebSub subscriber on loopback, which does what that of https://websub.rocks/hub does."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.livelog import until


@dataclass
class Push:
    """A distribution request. ``headers`` have lower-case names."""

    path: str
    headers: dict[str, str]
    body: bytes

    def is_signed(self, secret: str) -> bool:
        """True if the signature is right."""
        method, _, given = self.headers.get("x-hub-signature", "").partition("=")
        return hmac.compare_digest(given, hmac.new(secret.encode(), self.body, method).hexdigest())


@dataclass
class Subscriber:
    """Its callbacks confirm every request, and take every push, as long as a test changes nothing.

    ``confirm`` returns the body of the answer to a verification; None is a 404. ``answer`` is the head of the answer
    to a push, such as `410 Gone`. Pushes wait while ``going`` is clear, as it is after ``answers`` pushes; ``hung``
    counts those that waited.
    """

    port: int = 0
    verifications: list[dict[str, str]] = field(default_factory=list)
    denials: list[dict[str, str]] = field(default_factory=list)
    pushes: list[Push] = field(default_factory=list)
    confirm: Callable[[dict[str, str]], str | None] = lambda fields: fields["hub.challenge"]
    answer: str = "204 No Content"
    going: asyncio.Event = field(default_factory=asyncio.Event)
    answers: int | None = None
    hung: int = 0

    def __post_init__(self) -> None:
        self.going.set()

    def callback(self, path: str = "/callback") -> str:
        """The URL of a callback."""
        return f"http://127.0.0.1:{self.port}{path}"

    async def verified(self, count: int = 1) -> dict[str, str]:
        """The last of so many verifications."""
        await until(lambda: len(self.verifications) >= count)
        return self.verifications[count - 1]

    async def pushed(self, count: int = 1) -> Push:
        """The last of so many pushes."""
        await until(lambda: len(self.pushes) >= count)
        return self.pushes[count - 1]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            request, *lines = head.rstrip().split("\r\n")
            method, target, _ = request.split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            answer = await (self._asked(target) if method == "GET" else self._pushed(Push(target, headers, body)))
            writer.write(answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _asked(self, target: str) -> bytes:
        fields = {name: values[-1] for name, values in parse_qs(urlsplit(target).query).items()}
        if fields["hub.mode"] == "denied":
            self.denials.append(fields)
            return _response("200 OK")
        self.verifications.append(fields)
        confirmed = self.confirm(fields)
        return _response("404 Not Found") if confirmed is None else _response("200 OK", confirmed.encode())

    async def _pushed(self, push: Push) -> bytes:
        if self.answers is not None and len(self.pushes) >= self.answers:
            self.going.clear()
        self.hung += not self.going.is_set()
        answer = self.answer
        await self.going.wait()
        self.pushes.append(push)
        return _response(answer)


@asynccontextmanager
async def listening() -> AsyncIterator[Subscriber]:
    """A subscriber until the end of the block."""
    subscriber = Subscriber()
    connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(subscriber.talk(reader, writer))
        connections.add(connection)
        connection.add_done_callback(connections.discard)

    # All addresses of 127.0.0.0/8: each is a host of its own.
    server = await asyncio.start_server(accept, "0.0.0.0", 0, backlog=1_000)
    subscriber.port = server.sockets[0].getsockname()[1]
    try:
        yield subscriber
    finally:
        server.close()
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def _response(status: str, body: bytes = b"") -> bytes:
    head, _, more = status.partition("\r\n")
    lines = [f"HTTP/1.1 {head}", f"Content-Length: {len(body)}", "Connection: close", *filter(None, [more]), "", ""]
    return "\r\n".join(lines).encode() + body
