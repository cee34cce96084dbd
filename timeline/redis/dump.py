"""Redis as a source and as a target of records (`timeline.dump`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any, Final

from entries import dump
from feedstate import FeedState
from timeline.dump import EntryRecord, EventRecord, FeedRecord, HeadRecord, JobRecord, PushRecord, Record, Stored
from timeline.errors import TimelineError
from timeline.jobs import IDLE, Job
from timeline.redis.connection import NODE_NAME, PREFIX, Connection, key
from timeline.redis.jobs import first_fence, member
from timeline.redis.pushes import push_of, push_text, pushed_numbers, queued_at
from timeline.redis.schema import SCHEMA_VERSION, blog_keys, job_keys, new_epoch

BATCH: Final = 200
"""Entries and feeds that one command reads or writes: Redis serves no other client meanwhile."""

EVENTS_BATCH: Final = 500

CLIENT_NAME: Final = "livelog-copy"
"""The name of these connections, by which they differ from those of nodes."""

STAGED: Final = "*staged*:"
"""Begins the names of keys that are yet to be put in place. No blog has an asterisk in its name."""


class RedisSource:
    """All records of a Redis, while nodes work on it.

    It cannot be read at one moment: that would hold up all nodes. Each blog is read while it changes, and then its
    changes since, at one moment with the number of the newest event. No event is missing up to there, and each entry
    is as it was at that event.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def batches(self) -> AsyncIterator[Sequence[Record]]:
        """See `timeline.dump.Source`."""
        async for feeds in self._feeds():
            yield feeds
        async for pushes in self._pushes():
            yield pushes
        async for jobs in self._jobs():
            yield jobs
        for blog in await self._connection.ask("HKEYS", key("heads")):
            async for records in self._blog(blog):
                yield records

    async def _feeds(self) -> AsyncGenerator[Sequence[Record], None]:
        """Every feed that is followed, or was; some may come twice."""
        for name, command in (("due", "ZSCAN"), ("unfollowed", "ZSCAN"), ("feeds", "HSCAN")):
            async for urls in self._scan(command, name):
                yield await self._feed_records(urls)

    async def _feed_records(self, urls: Sequence[str]) -> Sequence[Record]:
        ask = self._connection.ask
        states, marks, pauses = [await ask("HMGET", key(name), *urls) for name in ("feeds", "listed", "pauses")]
        due, unfollowed = [await ask("ZMSCORE", key(name), *urls) for name in ("due", "unfollowed")]
        return [
            FeedRecord(
                url,
                states[n] or dump({"url": url}),
                marks[n],
                due[n] is not None,
                float(due[n] or 0),
                float(pauses[n] or 0),
                float(unfollowed[n] or 0),
            )
            for n, url in enumerate(urls)
        ]

    async def _pushes(self) -> AsyncGenerator[Sequence[Record], None]:
        """The pushes of each feed, in order."""
        found: set[str] = set()
        async for urls in self._scan("HSCAN", "pushed"):
            for url in urls:
                pushed = await self._connection.ask("HGET", key("pushed"), url) or ""
                numbers = [number for number in pushed_numbers(pushed) if number not in found]
                found.update(numbers)
                texts = await self._connection.ask("HMGET", key("pushes"), *numbers) if numbers else []
                pushes = [push_of(number, text) for number, text in zip(numbers, texts, strict=True) if text]
                yield [PushRecord(url, push.body, push.content_type) for push in pushes]

    async def _jobs(self) -> AsyncGenerator[Sequence[Record], None]:
        """Every job; some may come twice."""
        for kind in await self._connection.ask("HKEYS", key("jobs")):
            async for ids in self._scan("HSCAN", f"jobs/{kind}/states"):
                rows = await self._connection.run("read_jobs", job_keys(kind)[:5], ids)
                yield [JobRecord(Job(kind, job_id, group, state), float(due)) for job_id, group, state, due in rows]

    async def _blog(self, blog: str) -> AsyncGenerator[Sequence[Record], None]:
        events = await self._events(blog)
        seq = events[-1].seq if events else int(await self._connection.ask("HGET", key("heads"), blog) or 0)
        async for ids in self._scan("HSCAN", f"{blog}:memory"):
            _, _, entries = await self._read(blog, 0, 0, ids)
            yield entries
        while True:
            head, newer, entries = await self._read(blog, seq, EVENTS_BATCH)
            yield entries
            if newer and newer[0].seq != seq + 1:
                # Retired in the meantime: a client that has an earlier cursor gets a reset.
                events.clear()
            events += newer
            seq = newer[-1].seq if newer else head
            if seq >= head:
                break
        for n in range(0, len(events), EVENTS_BATCH):
            yield events[n : n + EVENTS_BATCH]
        yield [HeadRecord(blog, seq)]

    async def _events(self, blog: str) -> list[EventRecord]:
        """The events of a blog up to the present one: as many as `Limits.events` and those of the last sweep."""
        events: list[EventRecord] = []
        while True:
            after = events[-1].seq if events else 0
            rows = await self._connection.ask(
                "XRANGE", key(f"{blog}:events"), f"{after + 1}-0", "+", "COUNT", EVENTS_BATCH
            )
            found = [
                EventRecord(blog, int(number.partition("-")[0]), fields["kind"], fields["id"], float(fields["at"]))
                for number, fields in rows
            ]
            if events and found and found[0].seq != after + 1:
                events.clear()
            events += found
            if len(found) < EVENTS_BATCH:
                return events

    async def _read(
        self, blog: str, after: int, limit: int, ids: Sequence[str] = ()
    ) -> tuple[int, list[EventRecord], list[EntryRecord]]:
        keys = ("heads", *blog_keys(blog))
        head, events, entries = await self._connection.run("read", keys, [blog, after, limit, *ids])
        found = [EventRecord(blog, int(seq), kind, entry_id, float(at)) for seq, kind, entry_id, at in events]
        return int(head), found, [_entry(blog, row) for row in entries]

    async def _scan(self, command: str, name: str) -> AsyncGenerator[Sequence[str], None]:
        """The fields of a hash or the members of a sorted set, some at a time; some may come twice."""
        cursor = None
        while cursor != 0:
            cursor, found = await self._connection.ask(command, key(name), cursor or 0, "COUNT", BATCH)
            names = list(found) if command == "HSCAN" else [member for member, _ in found]
            # A small hash or set comes as a whole, whatever the count.
            for n in range(0, len(names), BATCH):
                yield names[n : n + BATCH]


class RedisTarget:
    """A Redis, whose data is replaced at one moment, by `finish`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pushed: defaultdict[str, str] = defaultdict(str)
        self._push_number = 0

    async def begin(self) -> None:
        """Removes what a copy left that was ended. Raises TimelineError."""
        await self._remove(await self._names(STAGED))

    async def put(self, batch: Sequence[Record]) -> None:
        """See `timeline.dump.Target`."""
        feeds = {record.url: record for record in batch if isinstance(record, FeedRecord)}
        entries: defaultdict[str, dict[str, EntryRecord]] = defaultdict(dict)
        events: defaultdict[str, list[EventRecord]] = defaultdict(list)
        for record in batch:
            if isinstance(record, EntryRecord):
                entries[record.blog][record.id] = record
            if isinstance(record, EventRecord):
                events[record.blog].append(record)
            if isinstance(record, HeadRecord):
                await self._write("HSET", "heads", record.blog, record.seq)
        await self._put_feeds(list(feeds.values()))
        for push in (record for record in batch if isinstance(record, PushRecord)):
            await self._put_push(push)
        for kind in {record.job.kind for record in batch if isinstance(record, JobRecord)}:
            records_of = (record for record in batch if isinstance(record, JobRecord) and record.job.kind == kind)
            await self._put_jobs(kind, [(record.job, record.due) for record in records_of])
        for blog, records in entries.items():
            await self._put_entries(blog, list(records.values()))
        for blog, logged in events.items():
            fields = [part for one in logged for part in (one.seq, one.kind, one.id, repr(one.at))]
            await self._connection.run("put_events", [f"{STAGED}{blog}:events"], fields)

    async def finish(self) -> None:
        """Replaces all data by what was put, under a new epoch. Raises TimelineError."""
        await self._write("SET", "epoch", new_epoch())
        await self._write("SET", "schema", SCHEMA_VERSION)
        staged = await self._names(STAGED)
        gone = [name for name in await self._names("") if not name.startswith(STAGED)]
        pairs = [part for name in staged for part in (name, name.removeprefix(STAGED))]
        await self._connection.run("replace", [*gone, *pairs], [len(gone)])

    async def abandon(self) -> None:
        """Removes what was put. Raises TimelineError."""
        await self._remove(await self._names(STAGED))

    async def check_empty(self) -> None:
        """Raises TimelineError if there is any data of Livelog."""
        names = await self._names("")
        if any(name not in ("epoch", "schema", "nodes") and not name.startswith(STAGED) for name in names):
            raise TimelineError(f"{self._connection.name} is not empty: it has data of Livelog")

    async def _put_feeds(self, feeds: Sequence[FeedRecord]) -> None:
        followed = [feed for feed in feeds if feed.is_followed]
        states = [(feed, FeedState.from_json(feed.state)) for feed in feeds]
        failing = [feed.url for feed, state in states if feed.is_followed and state.failures > 0]
        write = self._write
        await write("HSET", "feeds", *_flat((feed.url, feed.state) for feed in feeds))
        await write("HSET", "listed", *_flat((feed.url, feed.marks) for feed in feeds if feed.marks is not None))
        # A claim makes a fence of another one that it cannot have been in the other store.
        fences = [(feed.url, first_fence()) for feed in feeds]
        await write("HSET", "fences", *_flat(fences))
        await write("HSET", "pauses", *_flat((feed.url, repr(feed.paused)) for feed in feeds if feed.paused))
        await write("ZADD", "due", *_flat((repr(feed.due), feed.url) for feed in followed))
        gone = [(repr(feed.unfollowed_at), feed.url) for feed in feeds if not feed.is_followed]
        await write("ZADD", "unfollowed", *_flat(gone))
        await write("ZADD", "failing", *_flat((0, url) for url in failing))

    async def _put_push(self, push: PushRecord) -> None:
        self._push_number += 1
        number, write = self._push_number, self._write
        self._pushed[push.url] += f" {number}:{len(push.body)}"
        await write("HSET", "pushes", number, push_text(push.body, push.content_type))
        await write("HSET", "pushed", push.url, self._pushed[push.url])
        await write("ZADD", "push_queue", "NX", queued_at(number), push.url)
        await write("SET", "push_number", number)

    async def _put_jobs(self, kind: str, jobs: Sequence[tuple[Job, float]]) -> None:
        states, groups, due, fences, _, wakeable, ids, grouped = job_keys(kind)
        idle = [job for job, at in jobs if at == IDLE]
        waiting = [(job, at) for job, at in jobs if at != IDLE]
        write = self._write
        await write("HSET", "jobs", kind, 0)
        await write("HSET", states, *_flat((job.id, job.state) for job, _ in jobs))
        await write("HSET", groups, *_flat((job.id, job.group) for job, _ in jobs))
        await write("HSET", fences, *_flat((job.id, first_fence()) for job, _ in jobs))
        await write("ZADD", ids, *_flat((0, job.id) for job, _ in jobs))
        await write("ZADD", grouped, *_flat((0, member(job)) for job, _ in jobs))
        # A job that comes twice may be of the other sort now.
        await write("ZREM", due, *(job.id for job in idle))
        await write("ZREM", wakeable, *(member(job) for job, _ in waiting))
        await write("ZADD", due, *_flat((repr(at), job.id) for job, at in waiting))
        await write("ZADD", wakeable, *_flat((0, member(job)) for job in idle))

    async def _put_entries(self, blog: str, entries: Sequence[EntryRecord]) -> None:
        stored = [(entry.id, entry.stored) for entry in entries if entry.stored]
        formers = [(name, one.former) for name, one in stored if one.former is not None]
        retired = [(repr(entry.retired_at), entry.id) for entry in entries if entry.retired_at is not None]
        withdrawn = [(repr(entry.withdrawn_at), entry.id) for entry in entries if entry.withdrawn_at is not None]
        write = self._write
        # An entry that comes twice may be gone.
        for part, command, kept in (
            ("items", "HDEL", {name for name, _ in stored}),
            ("places", "ZREM", {name for name, _ in stored}),
            ("former", "HDEL", {name for name, _ in formers}),
            ("retired", "ZREM", {name for _, name in retired}),
            ("withdrawn", "ZREM", {name for _, name in withdrawn}),
        ):
            await write(command, f"{blog}:{part}", *(entry.id for entry in entries if entry.id not in kept))
        await write("HSET", f"{blog}:items", *_flat((name, one.item) for name, one in stored))
        await write("ZADD", f"{blog}:places", *_flat((one.position, name) for name, one in stored))
        await write("HSET", f"{blog}:former", *_flat(formers))
        memory = ((entry.id, " ".join((entry.digest, *entry.aliases))) for entry in entries)
        await write("HSET", f"{blog}:memory", *_flat(memory))
        aliases = ((alias, entry.id) for entry in entries for alias in entry.aliases)
        await write("HSET", f"{blog}:aliases", *_flat(aliases))
        await write("ZADD", f"{blog}:retired", *_flat(retired))
        await write("ZADD", f"{blog}:withdrawn", *_flat(withdrawn))

    async def _write(self, command: str, name: str, *values: Any) -> None:
        """Writes to a staged key, unless there is nothing to write."""
        if values:
            await self._connection.ask(command, key(STAGED + name), *values)

    async def _names(self, start: str) -> list[str]:
        """The names of all keys of Livelog that begin so, without prefix."""
        names: set[str] = set()
        pattern = (PREFIX + start).replace("*", "\\*") + "*"
        cursor = None
        while cursor != 0:
            cursor, found = await self._connection.ask("SCAN", cursor or 0, "MATCH", pattern, "COUNT", 1_000)
            names.update(name.removeprefix(PREFIX) for name in found)
        return sorted(names)

    async def _remove(self, names: Sequence[str]) -> None:
        if names:
            await self._connection.ask("UNLINK", *map(key, names))


async def nodes(connection: Connection) -> int:
    """The number of connections of running nodes to this database. Raises TimelineError."""
    database = int((await connection.ask("CLIENT INFO"))["db"])
    clients: Sequence[Mapping[str, str]] = await connection.ask("CLIENT LIST")
    return sum(client["name"] == NODE_NAME and int(client["db"]) == database for client in clients)


def _entry(blog: str, row: Sequence[str]) -> EntryRecord:
    entry_id, memory, item, former, position, retired_at, withdrawn_at = row
    digest, *aliases = memory.split(" ")
    stored = Stored(int(position), item, former or None) if item and position else None
    times = [float(at) if at else None for at in (retired_at, withdrawn_at)]
    return EntryRecord(blog, entry_id, digest, tuple(aliases), stored, *times)


def _flat(pairs: Any) -> list[Any]:
    return [part for pair in pairs for part in pair]
