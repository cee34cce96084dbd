"""The keys, and the upgrade of data that an older Livelog wrote.

| key | type | what |
|---|---|---|
| `schema` | string | version of this table |
| `epoch` | string | begins with the time in milliseconds, in hexadecimal |
| `heads` | hash | blog → number of its newest event |
| `feeds` | hash | URL → FeedState as JSON |
| `listed` | hash | URL → Marks as JSON: apart from the states, which change with every poll |
| `due` | sorted set | URL by the Unix time when it can be claimed; exactly the followed feeds |
| `fences` | hash | URL → fence of the last claim |
| `leases` | hash | URL → Unix time when the lease ends |
| `pauses` | hash | URL → Unix time before which it is not due |
| `failing` | sorted set | URLs of followed feeds whose last poll failed |
| `unfollowed` | sorted set | URL by the Unix time of the sweep that found it no longer followed; 0 until then |
| `pushes` | hash | number → push as JSON: content type, body in Base64 |
| `pushed` | hash | URL → numbers of its pushes and sizes of their bodies: ` 7:2048 9:512` |
| `push_queue` | sorted set | URL of a feed with pushes by the end of its lease; number − 10¹⁵ without one |
| `push_due` | hash | URL of a feed that was leased with pushes → Unix time when it was due |
| `push_number` | string | number of the last push |
| `missed` | set | URLs of feeds of which a push was dropped since the last poll |
| `nodes` | hash | name → `timeline.Node` as JSON |
| `jobs` | hash | kind → Unix time of the last claim that leased a job of it, 0 before the first |
| `jobs/KIND/states` | hash | id → state, the JSON text of its user |
| `jobs/KIND/groups` | hash | id → group |
| `jobs/KIND/due` | sorted set | id by the Unix time when it can be claimed; not those that are idle |
| `jobs/KIND/fences` | hash | id → fence of the last claim |
| `jobs/KIND/leases` | hash | id → Unix time when the lease ends |
| `jobs/KIND/wakeable` | sorted set | group, NUL, id of the jobs that are idle, or leased and not woken since |
| `jobs/KIND/ids` | sorted set | all ids, in their order |
| `jobs/KIND/grouped` | sorted set | group, NUL, id of all jobs, in this order |
| `BLOG:items` | hash | id → item as JSON |
| `BLOG:places` | sorted set | id by position in microseconds |
| `BLOG:memory` | hash | id → digest (`-` and the last revision if withdrawn), and other keys, separated by spaces |
| `BLOG:aliases` | hash | other key → id |
| `BLOG:retired` | sorted set | id of an entry that is gone by the Unix time when a feed listed it last |
| `BLOG:events` | stream | id is the event's number; fields: kind, id, at, by (the fence) |
| `BLOG:former` | hash | id → item before its last correction |
| `BLOG:withdrawn` | sorted set | id of a withdrawn entry by the Unix time of the withdrawal |
"""

from __future__ import annotations

import secrets
import time
from typing import Final

from timeline.errors import TimelineError
from timeline.redis.connection import Connection, key

SCHEMA_VERSION: Final = 6

BLOG_KEYS: Final = ("items", "places", "memory", "aliases", "retired", "events", "former", "withdrawn")
"""The keys of a blog, in the order in which scripts that write to a blog take them."""

JOB_KEYS: Final = ("states", "groups", "due", "fences", "leases", "wakeable", "ids", "grouped")
"""The keys of a kind of jobs, in the order in which scripts take them."""

UPGRADE_STEP: Final = 1_000


def blog_keys(blog: str) -> list[str]:
    """The keys of a blog, without prefix."""
    return [f"{blog}:{part}" for part in BLOG_KEYS]


def job_keys(kind: str) -> list[str]:
    """The keys of a kind of jobs, without prefix."""
    return [f"jobs/{kind}/{part}" for part in JOB_KEYS]


def new_epoch() -> str:
    """Begins with the time in milliseconds, so that an earlier epoch that a put-back copy brings is recognised."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(2)}"


async def prepare(connection: Connection) -> str:
    """Upgrades or checks the data; returns the epoch. Raises TimelineError for a newer schema."""
    version = int(await connection.ask("GET", key("schema")) or 0)
    if version > SCHEMA_VERSION:
        raise TimelineError(
            f"{connection.name}: the data was written by another version of Livelog (schema {version}, this one "
            f"reads up to {SCHEMA_VERSION}): install that version again, or put back the copy from before the upgrade"
        )
    if version < SCHEMA_VERSION:
        await _upgrade(connection)
        await connection.ask("SET", key("schema"), SCHEMA_VERSION)
    epoch, _ = await connection.run("heads", ("epoch", "heads"), [new_epoch()])
    return str(epoch)


async def _upgrade(connection: Connection) -> None:
    """Upgrades data of earlier versions: lists the feeds that are no longer followed, and the withdrawn entries.

    Nodes may do so at the same time, and any number of times. Digests stay in the old encoding until an entry is
    listed again (`entries.digest_version`).
    """
    for name in ("fences", "pauses"):
        cursor = None
        while cursor != "0":
            arguments = [cursor or 0, UPGRADE_STEP]
            cursor = await connection.run("upgrade", (name, "due", "unfollowed"), arguments)
    for blog in await connection.ask("HKEYS", key("heads")):
        cursor = None
        while cursor != "0":
            keys = (f"{blog}:memory", f"{blog}:retired", f"{blog}:withdrawn")
            cursor = await connection.run("upgrade_withdrawn", keys, [cursor or 0, UPGRADE_STEP])
