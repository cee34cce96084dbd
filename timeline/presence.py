"""The nodes of an installation: each reports itself every REPORT_INTERVAL, for `/status`."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

from entries import dump
from timeline.errors import TimelineError

REPORT_INTERVAL: Final = 10.0

FORGET_SECONDS: Final = 3600.0
"""A node that has not reported for so long is forgotten."""


@dataclass(frozen=True, slots=True)
class Node:
    """A process: its name, role (all, web or fetch), version, and number of readers, at a Unix time."""

    name: str
    role: str
    version: str
    readers: int = 0
    at: float = 0.0

    def to_json(self) -> str:
        return dump(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Node:
        """Reads the text of `to_json`; fields of another version are ignored."""
        values: dict[str, Any] = json.loads(text)
        return cls(**{name: values[name] for name in cls.__slots__ if name in values})


class Nodes(Protocol):
    """Both methods may raise TimelineError."""

    async def report(self, node: Node) -> None:
        """Stores a node's report, and forgets nodes that have not reported for FORGET_SECONDS before it."""

    async def nodes(self) -> Sequence[Node]:
        """The last report of each node, by name."""

    async def leave(self, name: str) -> None:
        """Forgets a node that stops."""


class _Store(Nodes, Protocol):
    def now(self) -> float: ...


class Presence:
    """Reports a node while it runs. ``readers`` is asked for at each report."""

    def __init__(self, timeline: _Store, name: str, role: str, version: str, readers: Callable[[], int]) -> None:
        self._timeline = timeline
        self._name, self._role, self._version = name, role, version
        self._readers = readers
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Starts the task, which reports at once."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends the task, and forgets the node if the store can be written."""
        if self._running is None:
            return
        self._running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._running
        self._running = None
        with contextlib.suppress(TimelineError):
            await self._timeline.leave(self._name)

    async def _run(self) -> None:
        while True:
            # The poller and the fan-out log that a store is down.
            with contextlib.suppress(TimelineError):
                node = Node(self._name, self._role, self._version, self._readers(), self._timeline.now())
                await self._timeline.report(node)
            await asyncio.sleep(REPORT_INTERVAL)
