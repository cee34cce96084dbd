"""The shared store: Redis, for as many nodes as there are. What must be atomic is a Lua script (``scripts/``).

All keys begin with ``{livelog}:``, one hash tag, so that a cluster keeps them together. A blog's events are a stream
whose ids are the event numbers, so that a hole, or a cursor ahead of the stream, is seen instead of believed.
Each node follows the streams with one blocking read, on a connection of its own, from concrete ids.

Data can be lost behind our back: a Redis that was emptied, put back to an earlier copy, or failed over before a
write had reached the replica. Whoever notices first begins a new epoch, so that nobody believes an old cursor.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
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

from entries import FRONT_PAGE, Cursor, Entry, Event, dump, from_micros
from feedstate import FeedState
from timeline import (
    Fate,
    HistoryLostError,
    Lease,
    LeaseLostError,
    Limits,
    Page,
    Reason,
    Replay,
    States,
    TimelineError,
    before_token,
    parse_before,
)

logger = logging.getLogger("livelog.timeline")

T = TypeVar("T")

PREFIX: Final = "{livelog}:"
OLDEST_REDIS: Final = (6, 2)

CONNECTIONS: Final = 32
ANSWER_SECONDS: Final = 5.0
BLOCK_SECONDS: Final = 1.0
"""How long a watcher waits for news before it makes sure that the history is still the same."""

RETRY_SECONDS: Final = 0.5
CLOCK_SECONDS: Final = 5.0
"""How far the clocks of this machine and of Redis may differ before it is said."""

WATCH_BATCH: Final = 500
RETIRE_BATCH: Final = 500
FEEDS_TOGETHER: Final = 1_000
FENCE_RANDOM: Final = 2**20

_LOST: Final[Mapping[Reason, str]] = {
    "epoch": "Redis has lost events that were read from it.",
    "expired": "Events were retired before this node had read them.",
}

_PARTS: Final = ("items", "places", "memory", "aliases", "retired", "events", "former")
"""What is kept of a blog, as the scripts that write to it take it."""

_SCRIPTS: Final = Path(__file__).parent / "scripts"

# What Redis answers when it, not the program, is in trouble: without memory, disk or replicas, failing over, busy.
# Redis 6 says it at the end where a script was refused: "ERR Error running script (…): @user_script: 8: -OOM …".
_TROUBLE: Final = re.compile(
    "(?:^|: -)(?:OOM|MISCONF|NOREPLICAS|READONLY|MASTERDOWN|CLUSTERDOWN|BUSY|LOADING|NOAUTH|UNKILLABLE"
    "|UNBLOCKED|MOVED|ASK|TRYAGAIN) "
    "|^ERR DB index is out of range"
)
_TROUBLE_ERRORS: Final = (OutOfMemoryError, ReadOnlyError, NoPermissionError)


class RedisTimeline:
    """A `timeline.Timeline` that any number of nodes share."""

    is_shared = True

    def __init__(self, redis: _Redis) -> None:
        self._redis = redis
        self._epoch = ""

    @classmethod
    async def open(cls, url: str) -> RedisTimeline:
        """Connects, and makes sure that this Redis will do; raises TimelineError."""
        redis = _Redis(url, CONNECTIONS, ANSWER_SECONDS)
        timeline = cls(redis)
        try:
            await _examine(redis)
            timeline._epoch, _ = await timeline._look([])
        except TimelineError:
            await redis.close()
            raise
        return timeline

    async def close(self) -> None:
        """Closes the connections."""
        await self._redis.close()

    async def follow(self, due: Mapping[str, float]) -> None:
        """Makes exactly these feeds claimable."""
        async for urls in self._followed():
            if gone := [url for url in urls if url not in due]:
                await self._redis.ask("ZREM", _key("due"), *gone)
                await self._redis.ask("ZREM", _key("failing"), *gone)
                await self._redis.ask("HDEL", _key("leases"), *gone)
        for feeds in _chunks(due.items()):
            arguments = [part for feed in feeds for part in feed]
            await self._redis.run("follow", ("due", "leases", "pauses"), arguments)

    async def postpone(self, urls: Sequence[str], until: float) -> None:
        """Makes sure that none of these feeds is claimed before a Unix time."""
        for chunk in _chunks(urls):
            await self._redis.run("postpone", ("feeds", "due", "pauses"), [until, *chunk])

    async def states(self) -> Sequence[FeedState]:
        """What is remembered of each followed feed."""
        texts: dict[str, str] = {}
        async for urls in self._followed():
            texts.update(zip(urls, await self._texts(urls), strict=True))
        return States(list(texts.values()))

    async def failing(self, limit: int) -> Sequence[FeedState]:
        """The followed feeds whose last poll failed, without what they listed."""
        if limit < 1:
            return []
        urls = await self._redis.ask("ZRANGE", _key("failing"), 0, limit - 1)
        return [FeedState.from_json(text) for text in await self._texts(urls)]

    async def failing_count(self) -> int:
        """The number of followed feeds whose last poll failed."""
        return int(await self._redis.ask("ZCARD", _key("failing")))

    async def claim(self, now: float, limit: int, seconds: float) -> Sequence[Lease]:
        """Leases due feeds."""
        if limit < 1:
            return []
        arguments = [self._epoch, _new_epoch(), now, now + seconds, secrets.randbelow(FENCE_RANDOM), limit]
        keys = ("epoch", "feeds", "due", "fences", "leases", "listed")
        epoch, *leases = await self._redis.run("claim", keys, arguments)
        if epoch != self._epoch:
            self._epoch = epoch
            raise HistoryLostError("Redis has lost data that this node knew of.", "epoch")
        return [
            Lease(FeedState.from_json(_text(url, state), listed), int(fence))
            for url, state, listed, fence in leases[0]
        ]

    async def renew(self, leases: Sequence[Lease], until: float) -> Sequence[Lease]:
        """Extends leases; returns those that are still held."""
        arguments = [part for lease in leases for part in (lease.url, lease.fence)]
        held = await self._redis.run("renew", ("due", "fences", "leases", "pauses"), [until, *arguments])
        return [lease for lease, kept in zip(leases, held, strict=True) if kept]

    async def commit(
        self, state: FeedState, entries: Sequence[Entry], lease: Lease, withdrawn: Sequence[tuple[str, str]] = ()
    ) -> int:
        """Stores a poll's result, all or nothing."""
        blogs = list(dict.fromkeys([*(entry.blog for entry in entries), *(blog for blog, _ in withdrawn)]))
        number = {blog: n + 1 for n, blog in enumerate(blogs)}
        commit = {
            "url": lease.url,
            "fence": str(lease.fence),
            "state": state.to_json(),
            "due": repr(state.next_at),
            "at": repr(state.checked_at),
            "corrected": from_micros(int(state.checked_at * 1_000_000)),
            "failing": state.failures > 0,
            "front_page": FRONT_PAGE,
            "blogs": blogs,
            "entries": [_recognisable(entry, number[entry.blog]) for entry in entries],
            "withdrawn": [[number[blog], key] for blog, key in withdrawn],
        }
        listed = state.listed.to_json() if state.listed is not lease.state.listed else ""
        items = [
            dump(entry.item(id=entry.id, position=entry.position, seen=entry.seen, revision=1)) for entry in entries
        ]
        keys = [
            "feeds",
            "due",
            "fences",
            "leases",
            "failing",
            "heads",
            "listed",
            "pauses",
            *(f"{b}:{part}" for b in blogs for part in _PARTS),
        ]
        answer = await self._redis.run("commit", keys, [dump(commit), listed, *items])
        if answer[0] == "lost":
            raise LeaseLostError(lease.url)
        return int(answer[1])

    async def replay(self, blog: str, after: Cursor, limit: int) -> Replay:
        """The events after a cursor."""
        keys = ("epoch", "heads", f"{blog}:events", f"{blog}:items")
        epoch, head, reason, rows = await self._redis.run("replay", keys, [blog, after.epoch, after.seq, limit])
        events = [_event(blog, epoch, int(seq), kind, entry_id, item) for seq, kind, entry_id, item in rows]
        return Replay(events, _cursor(epoch, head), complete=not reason, reason=reason or None)

    async def page(self, blog: str, before: str | None, limit: int) -> Page:
        """Entries older than ``before``, the newest if it is None."""
        place = parse_before(before) if before is not None else ("", "")
        keys = ("epoch", "heads", f"{blog}:places", f"{blog}:items")
        epoch, head, rows = await self._redis.run("page", keys, [blog, limit, *place])
        older = before_token(int(rows[limit - 1][1]), rows[limit - 1][0]) if len(rows) > limit else None
        return Page([item for _, _, item in rows[:limit]], _cursor(epoch, head), older)

    async def entry(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """One entry as JSON text, or None."""
        return cast("str | None", await self._redis.ask("HGET", _key(f"{blog}:items"), id))

    async def newer(self, blog: str, than: str, limit: int) -> Sequence[str]:
        """The entries that stand right above a place, newest first."""
        keys = (f"{blog}:places", f"{blog}:items")
        return cast("list[str]", await self._redis.run("newer", keys, [limit, *parse_before(than)]))

    async def fate(self, blog: str, id: str) -> Fate | None:  # noqa: A002 - JSON Feed's word
        """What became of an entry that is not there."""
        known = await self._redis.ask("HGET", _key(f"{blog}:aliases"), id) or id
        memory = await self._redis.ask("HGET", _key(f"{blog}:memory"), known)
        if memory is None or await self._redis.ask("HEXISTS", _key(f"{blog}:items"), known):
            return None
        return "withdrawn" if memory.startswith("-") else "retired"

    async def previous(self, blog: str, id: str) -> str | None:  # noqa: A002 - JSON Feed's word
        """The form that an entry had before its last correction as JSON text, or None."""
        return cast("str | None", await self._redis.ask("HGET", _key(f"{blog}:former"), id))

    async def head(self, blog: str) -> Cursor:
        """The newest cursor of a blog."""
        epoch, (place,) = await self._look([blog])
        return Cursor(epoch, place.seq)

    async def watch(self, blogs: Collection[str]) -> AsyncGenerator[Sequence[Event], None]:
        """Every event of these blogs committed from here on, by any node."""
        names = list(blogs)
        epoch, places = await self._look(names)
        last = dict(zip(names, places, strict=True))
        yield []
        down = False
        # A connection of its own: a blocking read keeps others waiting, and outlasts the usual time for an answer.
        reader = _Redis(self._redis.url, 1, BLOCK_SECONDS + ANSWER_SECONDS)
        try:
            while True:
                try:
                    batch = await self._news(reader, epoch, last)
                except TimelineError as error:
                    if not down:
                        logger.error("Events cannot be read, trying again: %s", error)
                    down = True
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if down:
                    logger.warning("Events can be read again.")
                down = False
                if batch:
                    yield batch
        finally:
            await reader.close()

    async def retire(self, now: float, limits: Limits) -> int:
        """Removes some of what is beyond the limits, a blog at a time."""
        ages = (
            limits.entries,
            limits.old_entries,
            int((now - limits.entries_age) * 1_000_000),
            limits.events,
            now - limits.events_age,
            limits.memory,
            now - limits.memory_age,
        )
        count = 0
        for blog in await self._redis.ask("HKEYS", _key("heads")):
            keys = ("heads", *(f"{blog}:{part}" for part in _PARTS))
            count += await self._redis.run("retire", keys, [blog, RETIRE_BATCH, now, *ages])
        return count

    async def _news(self, reader: _Redis, epoch: str, last: dict[str, _Place]) -> list[Event]:
        """Waits a moment for events after the last ones; raises HistoryLostError if these are no longer so."""
        if not last:
            await asyncio.sleep(BLOCK_SECONDS)
            return []
        # Always from a concrete id: "$" would name another place after each reconnection.
        blogs = {_key(f"{blog}:events"): blog for blog in last}
        after = [f"{place.seq}-0" for place in last.values()]
        wait = int(BLOCK_SECONDS * 1000)
        found = await reader.ask("XREAD", "COUNT", WATCH_BATCH, "BLOCK", wait, "STREAMS", *blogs, *after)
        read = {blogs[key]: await self._read(blogs[key], epoch, rows) for key, rows in found}
        # When all has been read: then all of it is of this history, and a failure on the way has skipped nothing.
        await self._make_sure(epoch, last)
        for blog, (events, place) in read.items():
            if place.seq != last[blog].seq + len(events):
                raise HistoryLostError(_LOST["expired"], "expired")
            last[blog] = place
        return [event for events, _ in read.values() for event in events]

    async def _read(self, blog: str, epoch: str, rows: Sequence[Any]) -> tuple[list[Event], _Place]:
        """Rows of a stream as events, with the present form of their entries, and how far they lead."""
        items = await self._redis.ask("HMGET", _key(f"{blog}:items"), *(fields["id"] for _, fields in rows))
        events = [
            _event(blog, epoch, int(number.partition("-")[0]), fields["kind"], fields["id"], item)
            for (number, fields), item in zip(rows, items, strict=True)
        ]
        return events, _Place(events[-1].cursor.seq, _marks(rows[-1][1]))

    async def _make_sure(self, epoch: str, last: Mapping[str, _Place]) -> None:
        keys = ("epoch", "heads", *(f"{blog}:events" for blog in last))
        known = [part for blog, place in last.items() for part in (blog, place.seq, place.marks)]
        if lost := await self._redis.run("check", keys, [epoch, _new_epoch(), *known]):
            raise HistoryLostError(_LOST[lost], lost)

    async def _look(self, blogs: Sequence[str]) -> tuple[str, list[_Place]]:
        """The epoch, and each blog's newest event."""
        keys = ("epoch", "heads", *(f"{blog}:events" for blog in blogs))
        epoch, heads = await self._redis.run("look", keys, [_new_epoch(), *blogs])
        return epoch, [_Place(int(seq), marks) for seq, marks in heads]

    async def _followed(self) -> AsyncGenerator[Sequence[str], None]:
        """The URLs of the feeds that are followed, some at a time, so that nobody waits for many; some come twice."""
        cursor = None
        while cursor != 0:
            cursor, found = await self._redis.ask("ZSCAN", _key("due"), cursor or 0, "COUNT", FEEDS_TOGETHER)
            yield [url for url, _ in found]

    async def _texts(self, urls: Sequence[str]) -> list[str]:
        """The states of feeds as JSON text."""
        found = await self._redis.ask("HMGET", _key("feeds"), *urls) if urls else []
        return [_text(url, state) for url, state in zip(urls, found, strict=True)]


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a blog's events were read: a number, and the fields of that event, which another one would not have."""

    seq: int
    marks: str


@dataclass
class _Redis:
    """A Redis that is asked once: what a lost answer meant is for the caller to find out. Raises TimelineError."""

    url: str
    connections: int
    answer_seconds: float
    name: str = field(init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        # Without what is before an @ and after a ?: both may be secret.
        self.name = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        try:
            pool = aioredis.BlockingConnectionPool.from_url(
                self.url,
                decode_responses=True,
                protocol=2,
                max_connections=self.connections,
                timeout=ANSWER_SECONDS,
                socket_timeout=self.answer_seconds,
                socket_connect_timeout=ANSWER_SECONDS,
                retry=Retry(NoBackoff(), 0),
                client_name="livelog",
            )
            # Says now whether it understands the options in the URL.
            pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py's
        except (TypeError, ValueError) as error:
            raise TimelineError(f"{self.name}: {error}") from None
        self._client = aioredis.Redis.from_pool(pool)
        self._scripts = {
            path.stem: self._client.register_script(path.read_text("utf-8")) for path in _SCRIPTS.glob("*.lua")
        }

    async def ask(self, *command: Any) -> Any:
        """The answer to a command."""
        answer: Awaitable[Any] = self._client.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py's
        return await self._translated(answer)

    async def run(self, script: str, keys: Iterable[str], arguments: Sequence[Any]) -> Any:
        """The answer of a script; its keys are given without their prefix."""
        loaded: AsyncScript = self._scripts[script]
        return await self._translated(loaded(keys=[_key(key) for key in keys], args=arguments))

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _translated(self, answer: Awaitable[T]) -> T:
        try:
            with _heeding_cancellation():
                return await answer
        except ResponseError as error:
            # redis-py takes the code off the errors that it knows.
            if isinstance(error, _TROUBLE_ERRORS) or _TROUBLE.search(f"{error.status_code or ''} {error}".lstrip()):
                raise TimelineError(f"{self.name}: {error}") from None
            raise
        except AuthenticationError:
            raise TimelineError(f"{self.name}: the user name or the password is wrong") from None
        except (RedisError, OSError, TimeoutError) as error:
            raise TimelineError(f"{self.name}: {_reason(error)}") from None


@contextlib.contextmanager
def _heeding_cancellation() -> Iterator[None]:
    """Ends a task that was cancelled meanwhile: `asyncio.wait_for`, which redis-py writes with, forgets it at times.

    Only Python 3.11 does so (https://github.com/python/cpython/issues/86296).
    """
    task = cast("asyncio.Task[None]", asyncio.current_task())
    before = task.cancelling()
    try:
        yield
    finally:
        if task.cancelling() > before:
            raise asyncio.CancelledError


def _reason(error: Exception) -> str:
    """What went wrong, in the system's words where it was the connection; the client's name the address once more."""
    refused = re.match("Error ([0-9]+) connecting to ", str(error))
    return os.strerror(int(refused[1])) if refused else str(error) or "it did not answer in time"


async def _examine(redis: _Redis) -> None:
    """Refuses a Redis that is too old, and warns of one that may forget."""
    info = await redis.ask("INFO")
    version = str(info["redis_version"])
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        needed = ".".join(map(str, OLDEST_REDIS))
        raise TimelineError(f"{redis.name}: Redis {version} is too old, {needed} or later is needed")
    if (policy := info.get("maxmemory_policy", "noeviction")) != "noeviction":
        logger.warning(
            "Redis may drop what it should keep: set its maxmemory-policy to noeviction (it is %s).", policy
        )
    if info.get("aof_enabled") == 0:
        logger.warning("Redis writes no append-only file and may forget what it was given: set appendonly to yes.")
    seconds, micros = await redis.ask("TIME")
    ahead = time.time() - int(seconds) - int(micros) / 1_000_000
    if abs(ahead) > CLOCK_SECONDS:
        logger.warning(
            "The clocks of this machine and of Redis differ by %.0f s; nodes need the same time.", abs(ahead)
        )


def _recognisable(entry: Entry, blog: int) -> dict[str, object]:
    """What the script has to know of an entry, beside its item."""
    return {
        "blog": blog,
        "keys": entry.keys,
        "digest": entry.digest,
        "position": str(entry.position),
        "backfilled": entry.backfilled,
    }


def _text(url: str, state: str | None) -> str:
    """The state of a feed as JSON text; of one that was never polled none is kept."""
    return state or dump({"url": url})


def _event(blog: str, epoch: str, seq: int, kind: Any, entry_id: str, item: str | None) -> Event:
    # What was withdrawn may be back: its item is not of this event.
    gone = kind == "delete" or item is None
    return Event(blog, Cursor(epoch, seq), "delete" if gone else kind, entry_id, None if gone else item)


def _cursor(epoch: str, head: Any) -> Cursor:
    if not epoch:
        raise TimelineError("Redis was emptied; a new history is about to begin")
    return Cursor(epoch, int(head))


def _marks(fields: Mapping[str, str]) -> str:
    return " ".join(part for pair in fields.items() for part in pair)


def _key(name: str) -> str:
    return PREFIX + name


def _new_epoch() -> str:
    """Begins with the time in milliseconds: an earlier one, which came back with a copy, is told from a later one."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(2)}"


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    return iter(lambda: list(islice(rest, FEEDS_TOGETHER)), [])
