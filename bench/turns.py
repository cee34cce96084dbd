"""Servers side by side, each with its clients, that publish in turn.

Other work of the machine affects all of them alike, and a ratio compares turns that followed each other.
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

from bench.load import FAILURES, Clients, LoadError
from bench.processes import cpu_seconds, proportional_kib
from bench.servers import Server

SIZE = 600
"""Approximate bytes of a message."""

BURST = 20
TIMEOUT = 60.0

_SETTLE_SECONDS = 0.05
"""CPU is counted until this long after the last delivery."""


class Scale(NamedTuple):
    """Clients of each server, and rounds of single messages and of bursts."""

    clients: int
    singles: int
    bursts: int


class Turn(NamedTuple):
    """CPU µs per delivery, of the serving processes and of all; ms to deliver; True if all arrived."""

    serving: float
    whole: float
    p50: float
    p99: float
    complete: bool


@dataclass
class Subject:
    """A server with its clients, KiB and CPU µs of one connection, and its turns by number of messages."""

    server: Server
    clients: Clients
    kib: float
    connecting: float
    turns: dict[int, list[Turn]] = field(default_factory=lambda: {1: [], BURST: []})

    @property
    def connects(self) -> float:
        """Connections a second."""
        return self.clients.count / self.clients.connected_in

    def serving(self, messages: int) -> float:
        """CPU µs per delivery of the serving processes."""
        return median(turn.serving for turn in self.turns[messages])

    def whole(self, messages: int) -> float:
        """CPU µs per delivery of all processes."""
        return median(turn.whole for turn in self.turns[messages])

    def late(self, messages: int) -> tuple[float, float]:
        """Median p50 and p99 of deliveries, in ms."""
        turns = self.turns[messages]
        return median(turn.p50 for turn in turns), median(turn.p99 for turn in turns)

    def ratio(self, other: Subject, messages: int) -> float:
        """Median ratio of its CPU to that of another server, all processes counted."""
        pairs = zip(self.turns[messages], other.turns[messages], strict=True)
        return median(own.whole / its.whole for own, its in pairs)


async def compare(
    servers: Sequence[Server], scale: Scale, load: Path, folder: Path
) -> tuple[dict[str, Subject], dict[str, str]]:
    """Measure servers in turn. Return the subjects by name, and the reasons for skipped ones."""
    subjects: dict[str, Subject] = {}
    skipped: dict[str, str] = {}
    async with AsyncExitStack() as stack:
        for server in servers:
            progress(f"{scale.clients:,} clients of {server.name}")
            try:
                subjects[server.name] = await _connect(server, scale.clients, load, folder, stack)
            except FAILURES as error:
                skipped[server.name] = reason(error)
        for messages, rounds in ((1, scale.singles), (BURST, scale.bursts)):
            progress(f"{scale.clients:,} clients each, {rounds} turns of {messages}")
            # The first turn is a warm-up.
            for counts in [False, *[True] * rounds]:
                for subject in random.sample(list(subjects.values()), len(subjects)):
                    try:
                        turn = await _turn(subject, messages)
                    except FAILURES as error:
                        skipped[subject.server.name] = reason(error)
                        del subjects[subject.server.name]
                        continue
                    if counts:
                        subject.turns[messages].append(turn)
    return subjects, skipped


def reason(error: Exception) -> str:
    """The message of an error, without a full stop."""
    return str(error).rstrip(".") or type(error).__name__


def progress(text: str) -> None:
    """Print progress to stderr."""
    print(f"fanout: {text} …", file=sys.stderr)


async def _connect(server: Server, count: int, load: Path, folder: Path, stack: AsyncExitStack) -> Subject:
    if lacking := server.lacks():
        raise LoadError(f"it needs {lacking}")
    async with AsyncExitStack() as own:
        own.push_async_callback(server.stop)
        await server.start(folder)
        before, cpu = proportional_kib(server.serving()), cpu_seconds(server.serving())
        clients = await Clients.connect(load, server.port, server.path, count, *(["sse"] if server.sse else []))
        own.push_async_callback(clients.close)
        await asyncio.sleep(1)
        stack.push_async_exit(own.pop_all())
    kib, cpu = proportional_kib(server.serving()) - before, cpu_seconds(server.serving()) - cpu
    return Subject(server, clients, kib / count, cpu / count * 1e6)


async def _turn(subject: Subject, messages: int) -> Turn:
    server, clients = subject.server, subject.clients
    await server.ready()
    serving, whole = cpu_seconds(server.serving()), cpu_seconds(server.processes())
    await server.publish(messages, SIZE)
    arrival = await clients.expect(messages * clients.open, TIMEOUT)
    await asyncio.sleep(_SETTLE_SECONDS)
    serving, whole = cpu_seconds(server.serving()) - serving, cpu_seconds(server.processes()) - whole
    each = 1e6 / max(arrival.deliveries, 1)
    complete = arrival.deliveries == messages * clients.count
    if not complete:
        progress(f"{server.name}: {arrival.deliveries:,} of {messages * clients.count:,} messages arrived")
    return Turn(serving * each, whole * each, arrival.each_p50, arrival.each_p99, complete)
