"""The connections to Redis: commands and scripts, without retries, and failures as TimelineError."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from redis import asyncio as aioredis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from timeline.errors import TimelineError
from timeline.redis.clock import RedisClock

logger = logging.getLogger("livelog.timeline")

T = TypeVar("T")

PREFIX: Final = "{livelog}:"
MIN_REDIS: Final = (6, 2)
NODE_NAME: Final = "livelog"
"""The name of a node's connections in Redis."""

MAX_CONNECTIONS: Final = 32
ANSWER_TIMEOUT: Final = 5.0
_SCRIPTS: Final = Path(__file__).parent / "scripts"

# Answers that mean that Redis, not the program, is in trouble: no memory, disk or replicas, failing over, busy.
# If a script is refused, Redis 6 puts the code last: "ERR Error running script (…): @user_script: 8: -OOM …".
_TROUBLE: Final = re.compile(
    "(?:^|: -)(?:OOM|MISCONF|NOREPLICAS|READONLY|MASTERDOWN|CLUSTERDOWN|BUSY|LOADING|NOAUTH|UNKILLABLE"
    "|UNBLOCKED|MOVED|ASK|TRYAGAIN) "
    "|^ERR DB index is out of range"
)
_TROUBLE_ERRORS: Final = (OutOfMemoryError, ReadOnlyError, NoPermissionError)


@dataclass
class Connection:
    """A pool of connections. Nothing is retried: only the caller knows whether a lost answer matters.

    ``clock`` is that of Redis. ``block_seconds`` is how long a blocking command may wait in Redis, on top of
    ANSWER_TIMEOUT. ``client_name`` is its name in CLIENT LIST.
    """

    url: str
    max_connections: int = MAX_CONNECTIONS
    block_seconds: float = 0.0
    client_name: str = NODE_NAME
    clock: RedisClock = field(default_factory=RedisClock)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        # Without user info and query: both may hold secrets.
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        try:
            pool = aioredis.BlockingConnectionPool.from_url(
                self.url,
                decode_responses=True,
                protocol=2,
                max_connections=self.max_connections,
                timeout=ANSWER_TIMEOUT,
                socket_timeout=ANSWER_TIMEOUT + self.block_seconds,
                socket_connect_timeout=ANSWER_TIMEOUT,
                retry=Retry(NoBackoff(), 0),
                client_name=self.client_name,
            )
            # Raises for unknown options in the URL.
            pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py's
        except (TypeError, ValueError) as error:
            raise TimelineError(f"{self.name}: {error}") from None
        self._client = aioredis.Redis.from_pool(pool)
        self._scripts = {
            path.stem: self._client.register_script(path.read_text("utf-8")) for path in _SCRIPTS.glob("*.lua")
        }

    async def ask(self, *command: Any) -> Any:
        """The answer to a command; raises TimelineError."""
        answer: Awaitable[Any] = self._client.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py's
        return await self._translated(answer)

    async def run(self, script: str, keys: Iterable[str], arguments: Sequence[Any]) -> Any:
        """The answer of a script, whose keys are given without prefix; raises TimelineError."""
        loaded: AsyncScript = self._scripts[script]
        return await self._translated(loaded(keys=[key(name) for name in keys], args=arguments))

    async def run_timed(self, script: str, keys: Iterable[str], arguments: Sequence[Any]) -> list[Any]:
        """The answer of a script but for its last part, the time of Redis, by which `clock` is set."""
        sent = self.clock.steady()
        answer: list[Any]
        *answer, time = await self.run(script, keys, arguments)
        self.clock.set(time, sent)
        return answer

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _translated(self, answer: Awaitable[T]) -> T:
        try:
            with _keeping_cancellation():
                return await answer
        except ResponseError as error:
            # redis-py strips the code from the errors that it has a class for.
            if isinstance(error, _TROUBLE_ERRORS) or _TROUBLE.search(f"{error.status_code or ''} {error}".lstrip()):
                raise TimelineError(f"{self.name}: {error}") from None
            raise
        except AuthenticationError:
            raise TimelineError(f"{self.name}: the user name or the password is wrong") from None
        except (RedisError, OSError, TimeoutError) as error:
            raise TimelineError(f"{self.name}: {_reason(error)}") from None


class Store:
    """Shared by all parts of a `RedisTimeline`: the connections, and the epoch that this node knows."""

    def __init__(self, connection: Connection, epoch: str) -> None:
        self._connection = connection
        self._epoch = epoch


def key(name: str) -> str:
    """A key with the prefix that all keys share."""
    return PREFIX + name


async def check_server(connection: Connection) -> None:
    """Raises TimelineError for a Redis that is too old; warns of one that may lose data; sets the clock by it."""
    info = await connection.ask("INFO")
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < MIN_REDIS:
        needed = ".".join(map(str, MIN_REDIS))
        raise TimelineError(f"{connection.name}: Redis {version} is too old, {needed} or later is needed")
    if (policy := info.get("maxmemory_policy", "noeviction")) != "noeviction":
        logger.warning(
            "Redis may drop what it should keep: set its maxmemory-policy to noeviction (it is %s).", policy
        )
    if info.get("aof_enabled") == 0:
        logger.warning("Redis writes no append-only file and may forget what it was given: set appendonly to yes.")
    sent = connection.clock.steady()
    connection.clock.set(await connection.ask("TIME"), sent)


@contextlib.contextmanager
def _keeping_cancellation() -> Iterator[None]:
    """Raises CancelledError if the task was cancelled inside: `asyncio.wait_for`, which redis-py uses, may lose it.

    Only on Python 3.11 (https://github.com/python/cpython/issues/86296).
    """
    task = cast("asyncio.Task[None]", asyncio.current_task())
    before = task.cancelling()
    try:
        yield
    finally:
        if task.cancelling() > before:
            raise asyncio.CancelledError


def _reason(error: Exception) -> str:
    """The reason of a failed connection in the system's words: redis-py's repeat the address."""
    refused = re.match("Error ([0-9]+) connecting to ", str(error))
    return os.strerror(int(refused[1])) if refused else str(error) or "it did not answer in time"
