"""The shared store: Redis, for any number of nodes. What must be atomic is a Lua script (``scripts/``).

All keys share one hash tag, so that a cluster keeps them on one node (schema.py lists them). A blog's events are a
stream whose ids are the event numbers, so that a hole, or a cursor ahead of the stream, is noticed. Each node follows
the streams with one blocking read, on a connection of its own, from concrete ids.

Redis can lose data: it was emptied, put back to an earlier copy, or failed over before a write had reached the
replica. The first node that notices begins a new epoch, so that no cursor from before is believed.
"""

from __future__ import annotations

from timeline.errors import TimelineError
from timeline.redis.archive import RedisArchive
from timeline.redis.connection import PREFIX, Connection, check_server
from timeline.redis.event_log import RedisEventLog
from timeline.redis.feed_jobs import RedisFeedJobs
from timeline.redis.jobs import RedisJobs
from timeline.redis.nodes import RedisNodes
from timeline.redis.purge import RedisPurge
from timeline.redis.retention import RedisRetention
from timeline.redis.schema import prepare

__all__ = ["PREFIX", "RedisTimeline"]


class RedisTimeline(RedisFeedJobs, RedisEventLog, RedisArchive, RedisRetention, RedisPurge, RedisJobs, RedisNodes):
    """A `timeline.Timeline` that any number of nodes share."""

    is_shared = True

    @classmethod
    async def open(cls, url: str) -> RedisTimeline:
        """Connects, checks the server, and upgrades data of an older Livelog; raises TimelineError."""
        connection = Connection(url)
        try:
            await check_server(connection)
            return cls(connection, await prepare(connection))
        except TimelineError:
            await connection.close()
            raise

    async def close(self) -> None:
        """Closes the connections."""
        await self._connection.close()
