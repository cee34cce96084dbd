"""Servers side by side, each with its readers, that take turns.

What else the machine has to do meets all of them, and a ratio is one of turns that followed each other.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.load import FAILURES, LoadError, Readers
from bench.servers import Server, cpu_seconds, proportional_kib

SIZE = 600
"""Bytes of a message, about."""

BURST = 20
PATIENCE = 60.0

_SETTLING_SECONDS = 0.05
"""What a server does after a message has arrived is part of what it costs."""


class Scale(NamedTuple):
    """How many readers each server has, and how many rounds there are of one message, and of bursts."""

    readers: int
    singles: int
    bursts: int


class Turn(NamedTuple):
    """CPU per delivery in µs, of the processes that serve readers and of all; milliseconds; whether all arrived."""

    serving: float
    whole: float
    p50: float
    p99: float
    complete: bool


@dataclass
class Standing:
    """A server with its readers, the KiB and µs of CPU it needs to connect one, and its turns by their messages."""

    server: Server
    readers: Readers
    kib: float
    connecting: float
    turns: dict[int, list[Turn]] = field(default_factory=lambda: {1: [], BURST: []})

    @property
    def connects(self) -> float:
        """Connections a second."""
        return self.readers.count / self.readers.connected_in

    @property
    def incomplete(self) -> int:
        """Turns in which not all messages arrived."""
        return sum(not turn.complete for turns in self.turns.values() for turn in turns)

    def serving(self, messages: int) -> float:
        """µs per delivery of the processes that serve readers."""
        return median(turn.serving for turn in self.turns[messages])

    def whole(self, messages: int) -> float:
        """µs per delivery of all its processes."""
        return median(turn.whole for turn in self.turns[messages])

    def late(self, messages: int) -> tuple[float, float]:
        """Milliseconds until half of the readers had a message, and 99 of 100."""
        turns = self.turns[messages]
        return median(turn.p50 for turn in turns), median(turn.p99 for turn in turns)

    def ratio(self, other: Standing, messages: int) -> float:
        """How many times the other's CPU all its processes take."""
        pairs = zip(self.turns[messages], other.turns[messages], strict=True)
        return median(own.whole / its.whole for own, its in pairs)


async def compare(
    servers: Sequence[Server], scale: Scale, load: Path, folder: Path
) -> tuple[dict[str, Standing], dict[str, str]]:
    """Standings by the server's name, and why others have none."""
    standings: dict[str, Standing] = {}
    skipped: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        for server in servers:
            progress(f"{scale.readers:,} readers of {server.name}")
            try:
                standings[server.name] = await _stand(server, scale.readers, load, folder, stack)
            except FAILURES as error:
                skipped[server.name] = reason(error)
        for messages, rounds in ((1, scale.singles), (BURST, scale.bursts)):
            progress(f"{scale.readers:,} readers each, {rounds} turns of {messages}")
            # The first one warms up.
            for counts in [False, *[True] * rounds]:
                for standing in random.sample(list(standings.values()), len(standings)):
                    try:
                        turn = await _turn(standing, messages)
                    except FAILURES as error:
                        skipped[standing.server.name] = reason(error)
                        del standings[standing.server.name]
                        continue
                    if counts:
                        standing.turns[messages].append(turn)
    return standings, skipped


def reason(error: Exception) -> str:
    """Why a server could not be measured, without a full stop."""
    return str(error).rstrip(".") or type(error).__name__


def progress(text: str) -> None:
    """Says what is being done, apart from what was found."""
    print(f"fanout: {text} …", file=sys.stderr)


async def _stand(server: Server, count: int, load: Path, folder: Path, stack: AsyncExitStack) -> Standing:
    if lacking := server.lacks():
        raise LoadError(f"it needs {lacking}")
    async with AsyncExitStack() as own:
        own.push_async_callback(server.stop)
        await server.start(folder)
        before, cpu = proportional_kib(server.serving()), cpu_seconds(server.serving())
        readers = await Readers.connect(load, server.port, server.path, count, *(["sse"] if server.sse else []))
        own.push_async_callback(readers.close)
        await asyncio.sleep(1)
        stack.push_async_exit(own.pop_all())
    kib, cpu = proportional_kib(server.serving()) - before, cpu_seconds(server.serving()) - cpu
    return Standing(server, readers, kib / count, cpu / count * 1e6)


async def _turn(standing: Standing, messages: int) -> Turn:
    server, readers = standing.server, standing.readers
    await server.ready()
    serving, whole = cpu_seconds(server.serving()), cpu_seconds(server.processes())
    await server.publish(messages, SIZE)
    arrival = await readers.expect(messages * readers.open, PATIENCE)
    await asyncio.sleep(_SETTLING_SECONDS)
    serving, whole = cpu_seconds(server.serving()) - serving, cpu_seconds(server.processes()) - whole
    each = 1e6 / max(arrival.deliveries, 1)
    complete = arrival.deliveries == messages * readers.count
    if not complete:
        progress(f"{server.name}: {arrival.deliveries:,} of {messages * readers.count:,} messages arrived")
    return Turn(serving * each, whole * each, arrival.each_p50, arrival.each_p99, complete)
