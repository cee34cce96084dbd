"""Many clients of one server in a process of their own (`load.c`), and the times of their deliveries."""

from __future__ import annotations

import asyncio
import json
import resource
import shutil
import subprocess
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
_SPARE_DESCRIPTORS = 100
_CONNECT_TIMEOUT = 150.0
_GRACE_SECONDS = 30.0
"""Added to the timeouts that the program applies itself."""


class LoadError(Exception):
    """A server cannot be measured: it is not installed, does not start or rejects clients. The message says why."""


FAILURES = (LoadError, OSError, EOFError)
"""Errors of one server; the others are still measured."""


@dataclass(frozen=True)
class Arrival:
    """Deliveries since the previous command.

    ``seconds`` since the command, ``connected`` of these until all clients were connected. ``lost`` connections were
    closed by the server, ``retries`` followed a rejection, ``open`` remain. All other times are milliseconds:
    ``each`` of deliveries, ``last`` of messages until their last client had them, ``ping`` of pings until the pong,
    ``wake`` by which the client process woke up late for a ping.
    """

    seconds: float
    connected: float
    deliveries: int
    bytes: int
    lost: int
    retries: int
    open: int
    each_p50: float
    each_p99: float
    each_max: float
    last_p50: float
    last_p99: float
    last_max: float
    ping_p50: float
    ping_p99: float
    ping_max: float
    wake_p50: float
    wake_p99: float
    wake_max: float


class Clients:
    """Clients of a server on loopback. ``open`` is the number that is connected, as of the last answer."""

    def __init__(self, process: Process, count: int) -> None:
        self.count = self.open = count
        self.connected_in = 0.0
        self._process = process

    @classmethod
    async def connect(cls, program: Path, port: int, path: str, count: int, *options: str) -> Clients:
        """Start the program and wait until all are connected. Options as in `load.c`. Raises LoadError."""
        process = await create_subprocess_exec(
            program, str(port), path, str(count), *options, stdin=PIPE, stdout=PIPE
        )
        clients = cls(process, count)
        try:
            clients.connected_in = (await clients._answer(_CONNECT_TIMEOUT)).connected
        except (LoadError, asyncio.CancelledError):
            await clients.close()
            raise
        return clients

    async def expect(self, deliveries: int, seconds: float) -> Arrival:
        """Wait for `deliveries` messages over all clients since the last answer, at most `seconds`."""
        return await self._send(f"expect {deliveries} {seconds}", seconds)

    async def leave(self) -> None:
        """Close all connections."""
        await self._send("leave", 0)

    async def reconnect(self, deliveries: int, seconds: float) -> Arrival:
        """Open all connections at once, each with its cursor, and wait as `expect` does."""
        return await self._send(f"return {deliveries} {seconds}", seconds)

    async def close(self) -> None:
        """End the program and its connections."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _GRACE_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _send(self, line: str, seconds: float) -> Arrival:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode("ascii"))
        return await self._answer(seconds + _GRACE_SECONDS)

    async def _answer(self, seconds: float) -> Arrival:
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), seconds)
        except TimeoutError:
            raise LoadError(f"no answer of the clients for {seconds:.0f} s") from None
        answer: dict[str, Any] = json.loads(line or '{"error": "the clients\' process ended"}')
        if "error" in answer:
            raise LoadError(answer["error"])
        arrival = Arrival(**answer)
        self.open = arrival.open
        return arrival


def build(name: str, folder: Path) -> Path:
    """Compile a C program of this folder and return its path. Raises LoadError without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise LoadError("a C compiler is needed: apt-get install gcc libc6-dev")
    program = folder / name
    done = subprocess.run(
        [compiler, "-O2", "-o", program, _HERE / f"{name}.c"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LoadError(f"{name}.c cannot be compiled: {done.stderr.strip().splitlines()[-1]}")
    return program


def allow_connections(count: int) -> None:
    """Raise the descriptor limit of this process and its children. Raises LoadError if it is below `count`."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < count + _SPARE_DESCRIPTORS:
        raise LoadError(
            f"{count:,} clients need {count + _SPARE_DESCRIPTORS:,} file descriptors (ulimit -n), not {hard:,}"
        )
