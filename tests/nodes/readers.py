"""Readers by the hundred, who believe nothing: each keeps its own picture of the blog, and notes what cannot be.

They speak just enough WebSocket (RFC 6455) to hear what a server says; a full client costs ten times as much.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Any, Protocol

from tests.livelog import until

PATIENCE = 60.0
"""Seconds that a test waits for all readers."""

_EVENT = re.compile(
    rb'\{"type":"(entry|update|delete)","cursor":"([a-z0-9]+)\.(\d+)",'
    rb'(?:"item":(\{"id":"([a-z2-7]+)".*\})|"id":"([a-z2-7]+)")\}',
    re.DOTALL,
)

_TEXT, _CLOSE, _PING = 0x81, 0x88, 0x89
_PONG = b"\x8a\x80" + bytes(4)
_GOING_AWAY = b"\x88\x82" + bytes(4) + b"\x03\xe9"


class Node(Protocol):
    """Where a reader connects to."""

    port: int


class Follower:
    """One reader of `/blog/`, over all its connections.

    ``picture`` maps the id of each entry to the text of its item; ``received`` counts events; ``faults`` are
    sentences on what should not have come.
    """

    def __init__(self, crowd: Crowd, after: str | None) -> None:
        self.cursor = after
        self.seq = _number(after) if after else 0
        self.picture: dict[bytes, bytes] = {}
        self.received = 0
        self.connections = 0
        self.gaps: list[dict[str, str]] = []
        self.faults: list[str] = []
        self._crowd = crowd
        self._connection: _Connection | None = None
        self._waiting_for_reset = False
        self._leaps = 0
        self._leaps_to = 0
        self._interrupted = False

    @property
    def connected(self) -> bool:
        """Whether it has been greeted."""
        return self._connection is not None and self._connection.greeted

    async def connect(self, delay: float = 0.0) -> None:
        """Connects or reconnects to any of the nodes; retries until one accepts."""
        await asyncio.sleep(delay)
        after = f"?after={self.cursor}" if self.cursor else ""
        loop = asyncio.get_running_loop()
        while True:
            port = self._crowd.any_port()
            try:
                opened = partial(_Connection, f"127.0.0.1:{port}", f"/blog/ws{after}", self)
                _, self._connection = await loop.create_connection(opened, "127.0.0.1", port)
            except OSError:
                await asyncio.sleep(self._crowd.a_moment())
            else:
                return

    def drop(self, *, politely: bool = False) -> None:
        """Ends its connection; what was on the way is not read any more."""
        if self._connection:
            self._connection.end(politely=politely)
            self._connection = None

    def heard(self, text: bytes) -> None:
        """Takes in one message."""
        if event := _EVENT.fullmatch(text):
            self._take(*event.groups())
            self._crowd.count(self)
            return
        message = json.loads(text)
        if message["type"] == "hello":
            self._greet(message)
        elif message["type"] == "reset":
            self._begin_anew(message)
        elif message["type"] == "alive":
            if message["cursor"] != self.cursor:
                self.faults.append(f"{message} to one who has come to {self.cursor}")
        else:
            self.faults.append(f"an event that is none: {text!r}")

    def lost(self) -> None:
        """Comes back: the server, or the network, ended the connection."""
        self._connection = None
        self._crowd.bring_back(self, self._crowd.a_moment())

    def _greet(self, hello: dict[str, Any]) -> None:
        self.connections += 1
        # An entry that was still to come, in its last form, will now come as an update of what it never had.
        self._interrupted = self._interrupted or self._leaps > 0
        self._leaps = 0
        self._waiting_for_reset = False
        if self.cursor is None:
            self._stand_at(hello["cursor"])
        elif not hello["recovered"]:
            self._waiting_for_reset = True
        else:
            self._leaps, self._leaps_to = hello["missed"], _number(hello["cursor"])
            if not self._leaps and hello["cursor"] != self.cursor:
                self.faults.append(f"{hello} to one who had come to {self.cursor}")

    def _begin_anew(self, reset: dict[str, Any]) -> None:
        self.gaps.append(reset["gap"])
        self.picture = {item["id"].encode(): self._crowd.same(_text(item)) for item in reset["items"]}
        self._waiting_for_reset = False
        self._leaps = 0
        self._stand_at(reset["cursor"])

    def _take(self, kind: bytes, epoch: bytes, number: bytes, item: bytes, id_: bytes, gone: bytes) -> None:
        seq = int(number)
        cursor = f"{epoch.decode()}.{seq}"
        if problem := self._problem(kind, cursor, seq, id_ or gone):
            self.faults.append(f"{problem}: {kind.decode()} {cursor} after {self.cursor}")
        if item:
            self.picture[id_] = self._crowd.same(item)
        else:
            self.picture.pop(gone, None)
        self.cursor, self.seq = cursor, seq
        self.received += 1

    def _problem(self, kind: bytes, cursor: str, seq: int, entry: bytes) -> str | None:
        if self._waiting_for_reset:
            return "no reset"
        if self.cursor and cursor.partition(".")[0] != self.cursor.partition(".")[0]:
            return "another epoch"
        if self._leaps:
            self._leaps -= 1
            if not self.seq < seq <= self._leaps_to or (not self._leaps and seq != self._leaps_to):
                return f"what was missed does not lead to {self._leaps_to}"
        elif seq != self.seq + 1:
            return "a hole or a repetition"
        if kind == b"entry" and entry in self.picture:
            return "an entry that it has"
        if kind != b"entry" and entry not in self.picture and not (self.gaps or self._interrupted):
            return "an entry that it never had"
        return None

    def _stand_at(self, cursor: str) -> None:
        self.cursor, self.seq = cursor, _number(cursor)


class Crowd:
    """Many readers, spread over nodes at random.

    A ``restless`` one drops its connection, and comes back by its cursor, with this probability after each event.
    ``after`` is the cursor that all come with.
    """

    def __init__(
        self, nodes: Sequence[Node], size: int, rng: random.Random, *, restless: float = 0.0, after: str | None = None
    ) -> None:
        self.received = 0
        self.reconnections = 0
        self.followers = [Follower(self, after) for _ in range(size)]
        self._nodes = nodes
        self._rng = rng
        self._restless = restless
        self._texts: dict[bytes, bytes] = {}
        self._coming: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Crowd:
        self.gather()
        await until(lambda: all(follower.connected for follower in self.followers), PATIENCE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.scatter()
        for coming in self._coming:
            coming.cancel()
        await asyncio.gather(*self._coming, return_exceptions=True)
        # A transport is closed in the next round of the loop.
        self.scatter()
        await asyncio.sleep(0)

    @property
    def faults(self) -> list[str]:
        """What any of the readers noted."""
        return [fault for follower in self.followers for fault in follower.faults]

    @property
    def gaps(self) -> list[dict[str, str]]:
        """The gaps that the readers were shown."""
        return [gap for follower in self.followers for gap in follower.gaps]

    async def reach(self, seq: int, share: float = 1.0) -> None:
        """Waits until this share of the readers has come to an event."""
        enough = share * len(self.followers)
        await until(lambda: sum(follower.seq >= seq for follower in self.followers) >= enough, PATIENCE)

    def scatter(self) -> None:
        """All go, at once."""
        for follower in self.followers:
            follower.drop()

    def gather(self) -> None:
        """All come, or come back, at once."""
        for follower in self.followers:
            self.bring_back(follower)

    def bring_back(self, follower: Follower, delay: float = 0.0) -> None:
        """Has one connect again."""
        coming = asyncio.create_task(follower.connect(delay))
        self._coming.add(coming)
        coming.add_done_callback(self._coming.discard)

    def count(self, follower: Follower) -> None:
        """One more event was received; perhaps the reader runs away over it."""
        self.received += 1
        if self._restless and self._rng.random() < self._restless:
            self.reconnections += 1
            follower.drop(politely=self._rng.random() < 0.5)
            self.bring_back(follower)

    def any_port(self) -> int:
        """A port to connect to."""
        return self._rng.choice(self._nodes).port

    def a_moment(self) -> float:
        """How long one waits who was sent away."""
        return self._rng.uniform(0.05, 0.25)

    def same(self, text: bytes) -> bytes:
        """The text, kept once however many hold it."""
        return self._texts.setdefault(text, text)

    def all_see(self, entries: Sequence[dict[str, Any]]) -> bool:
        """Whether every reader's picture is just these entries."""
        truth = {item["id"].encode(): item for item in entries}
        read = {text: json.loads(text) for text in self._texts}
        return all(
            {entry: read[text] for entry, text in follower.picture.items()} == truth for follower in self.followers
        )


class _Connection(asyncio.Protocol):
    """One WebSocket. Frames of a server are not masked, and ours carries no message in more than one."""

    def __init__(self, host: str, path: str, follower: Follower) -> None:
        self.greeted = False
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        self._follower = follower
        self._buffer = b""
        self._upgraded = False
        self._over = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request.encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            head, ended, rest = self._buffer.partition(b"\r\n\r\n")
            if not ended:
                return
            if not head.startswith(b"HTTP/1.1 101 "):
                self._abort()
                return
            self._upgraded, self._buffer = True, rest
        at = 0
        while not self._over and (end := self._frame(at)):
            at = end
        self._buffer = self._buffer[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._over:
            self._over = True
            self._follower.lost()

    def end(self, *, politely: bool) -> None:
        """Ends at once, with a close frame or without a word."""
        self._over = True
        if politely and self._transport:
            self._transport.write(_GOING_AWAY)
            self._transport.close()
        else:
            self._abort()

    def _frame(self, at: int) -> int | None:
        """Takes in the frame at this place, if it is all there; returns where it ends."""
        buffer = self._buffer
        if len(buffer) < at + 2:
            return None
        size, start = buffer[at + 1], at + 2
        if size > 125:
            start += 2 if size == 126 else 8
            size = int.from_bytes(buffer[at + 2 : start], "big")
        if len(buffer) < start or len(buffer) < start + size:
            return None
        self._dispatch(buffer[at], buffer[start : start + size])
        return start + size

    def _dispatch(self, kind: int, content: bytes) -> None:
        if kind == _TEXT:
            self.greeted = True
            self._follower.heard(content)
        elif kind == _PING and self._transport:
            self._transport.write(_PONG)
        elif kind == _CLOSE:
            self._abort()

    def _abort(self) -> None:
        if self._transport:
            self._transport.abort()


def _text(item: dict[str, Any]) -> bytes:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode()


def _number(cursor: str) -> int:
    return int(cursor.partition(".")[2])
