"""Many readers of one server, in a process of their own (`load.c`), and when what was published reached them."""

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
_CONNECTING_SECONDS = 150.0
_GRACE_SECONDS = 30.0
"""Beyond the time that the program was given, which watches its own clock."""


class LoadError(Exception):
    """A server cannot be measured: it, or what is needed for it, is not here or turns readers away. It says why."""


FAILURES = (LoadError, OSError, EOFError)
"""What a server that does not do its work looks like; the others can still be measured."""


@dataclass(frozen=True)
class Arrival:
    """What reached the readers since they were asked before.

    ``seconds`` since they were told to wait, ``connected`` of these until all were connected. ``lost`` were closed by
    the server, ``retries`` made by those who were not let in at first, ``open`` are left. All other times are
    milliseconds: ``each`` of deliveries, ``last`` of messages until their last reader had them, ``ping`` of pings
    until the pong, ``wake`` by which the machine was late to wake up the readers' process for a ping.
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


class Readers:
    """Readers of a server on loopback: how many there were, and how many are connected as far as is known."""

    def __init__(self, process: Process, count: int) -> None:
        self.count = self.open = count
        self.connected_in = 0.0
        self._process = process

    @classmethod
    async def connect(cls, program: Path, port: int, path: str, count: int, *options: str) -> Readers:
        """Starts the program, and waits until all are connected. Options as in `load.c`. Raises LoadError."""
        process = await create_subprocess_exec(
            program, str(port), path, str(count), *options, stdin=PIPE, stdout=PIPE
        )
        readers = cls(process, count)
        try:
            readers.connected_in = (await readers._answer(_CONNECTING_SECONDS)).connected
        except (LoadError, asyncio.CancelledError):
            await readers.close()
            raise
        return readers

    async def expect(self, deliveries: int, seconds: float) -> Arrival:
        """Waits for so many messages, over all readers and since the last answer, at most so long."""
        return await self._tell(f"expect {deliveries} {seconds}", seconds)

    async def leave(self) -> None:
        """Closes all connections."""
        await self._tell("leave", 0)

    async def come_back(self, deliveries: int, seconds: float) -> Arrival:
        """Opens all connections at once, each with its cursor, and waits as `expect` does."""
        return await self._tell(f"return {deliveries} {seconds}", seconds)

    async def close(self) -> None:
        """Ends the program, and with it the connections."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _GRACE_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _tell(self, line: str, seconds: float) -> Arrival:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode("ascii"))
        return await self._answer(seconds + _GRACE_SECONDS)

    async def _answer(self, seconds: float) -> Arrival:
        assert self._process.stdout is not None
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), seconds)
        except TimeoutError:
            raise LoadError(f"the readers said nothing for {seconds:.0f} s") from None
        said: dict[str, Any] = json.loads(line or '{"error": "the readers\' process ended"}')
        if "error" in said:
            raise LoadError(said["error"])
        arrival = Arrival(**said)
        self.open = arrival.open
        return arrival


def build(name: str, folder: Path) -> Path:
    """Compiles a program of this folder; returns where it is. Raises LoadError if there is no compiler."""
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
    """Lets this process and those it starts open so many. Raises LoadError if the system's limit is lower."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < count + _SPARE_DESCRIPTORS:
        raise LoadError(
            f"{count:,} readers need {count + _SPARE_DESCRIPTORS:,} file descriptors (ulimit -n), not {hard:,}"
        )
