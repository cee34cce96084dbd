"""A real redis-server for tests, on a free port of loopback, in a folder of its own."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from tests.livelog import PATIENCE
from tests.ports import free_ports


class RedisServer:
    """One redis-server. It can be killed, frozen, and started again on the data it left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (self.port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, as a `store`."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self, *options: str) -> None:
        """Starts it with an append-only file (``options`` are redis-server's), and waits until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        # Without `always` a Redis whose disk is busy may be killed with two seconds of answered writes in its memory.
        durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
        command = ["redis-server", *where, *durable, *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, "redis-server did not start"
            assert time.monotonic() < deadline, "redis-server does not answer"
            time.sleep(0.01)

    def stop(self) -> None:
        """Ends it with SIGKILL, if it runs; what it was given stays in its folder."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def freeze(self) -> None:
        """Stops it from answering (SIGSTOP) without closing a connection."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        self._signal(signal.SIGCONT)

    def ask(self, *command: Any) -> Any:
        """The answer to a command."""
        with Redis(port=self.port, decode_responses=True, protocol=2) as client:
            return client.execute_command(*command)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except (RedisError, OSError):
            return False
