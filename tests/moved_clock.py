"""Clocks that are moved: that of a Livelog, and that of Redis, by a proxy."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.livelog import ROOT, until
from tests.redis import RedisServer

TIME = re.compile(rb"(?<=\*2\r\n\$10\r\n)\d{10}(?=\r\n\$[1-6]\r\n\d{1,6}\r\n)")
"""The seconds of an answer to TIME, alone or within that of a script."""


class MovedClock:
    """A clock that is ``ahead`` of the machine's by some seconds, for processes that run the ``program``."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    def set(self, ahead: float) -> None:
        """Moves the clock; processes notice at once."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{ahead:.0f}", encoding="ascii")
        fresh.replace(self._file)

    @property
    def program(self) -> list[str]:
        """A Livelog by this clock, for `Livelog.program`."""
        return [str(ROOT / "tests/server_with_clock.py"), str(self._file)]


class RedisClock:
    """The clock of a Redis, ``ahead`` by some seconds: for clients of `proxy`, which changes the answers to TIME.

    libfaketime 0.9.10 cannot do it: redis-server hangs, as jemalloc asks for the time before the library is ready.
    """

    def __init__(self) -> None:
        self.ahead = 0.0

    def set(self, ahead: float) -> None:
        """Moves the clock."""
        self.ahead = ahead

    @asynccontextmanager
    async def proxy(self, redis: RedisServer) -> AsyncIterator[str]:
        """A proxy before a Redis; its address, as a `store`. Its clients must have gone at the end."""
        relaying = 0

        async def relay(asking: asyncio.StreamReader, answering: asyncio.StreamWriter) -> None:
            nonlocal relaying
            relaying += 1
            answers, asked = await asyncio.open_connection("127.0.0.1", redis.port)
            try:
                await asyncio.gather(_pass_on(asking, asked), self._pass_on(answers, answering))
            except OSError:
                pass
            finally:
                asked.close()
                answering.close()
                relaying -= 1

        server = await asyncio.start_server(relay, "127.0.0.1", 0)
        try:
            yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        finally:
            server.close()
            await until(lambda: not relaying)

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(2**20):
            target.write(TIME.sub(lambda found: b"%d" % (int(found[0]) + self.ahead), data))


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(2**20):
        target.write(data)
    target.write_eof()
