"""Feed jobs in Redis (`timeline.FeedJobs`)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final, TypeVar

from entries import dump
from feedstate import FeedState
from timeline.errors import HistoryLostError
from timeline.feed_jobs import MAX_PUSH_BYTES, MAX_PUSHED_FEEDS, MAX_PUSHES, Lease, States
from timeline.jobs import MAX_JOB_LEASE_SECONDS
from timeline.redis.connection import Store, key
from timeline.redis.pushes import PUSH_KEYS, push_of, push_text
from timeline.redis.schema import new_epoch
from urls import feed_identity

T = TypeVar("T")

MAX_FEEDS_PER_STEP: Final = 1_000
"""Feeds that one command handles: Redis serves no other client meanwhile."""

FENCE_RANDOM: Final = 2**20
"""A fence is the number of claims × FENCE_RANDOM + a random number: it never recurs, even from an earlier copy."""


_UNFOLLOW_KEYS: Final = ("due", "failing", "leases", "unfollowed")


class RedisFeedJobs(Store):
    """See `timeline.FeedJobs`."""

    def now(self) -> float:
        """The time of Redis."""
        return self._connection.clock()

    async def adopt(self, urls: Mapping[str, str]) -> None:
        """Gives unknown feeds the state of the same feed under another identity."""
        unknown = [identity async for identity in self._unknown(urls)]
        if not unknown:
            return
        former = await self._former({feed_identity(urls[identity]) for identity in unknown})
        keys = ("feeds", "listed", "due", "unfollowed", "pauses", "failing")
        for identity in unknown:
            if found := former.get(feed_identity(urls[identity])):
                state = found.renamed(identity).to_json()
                await self._connection.run("adopt", keys, [found.url, identity, state])

    async def follow(self, due: Mapping[str, float]) -> None:
        """Makes exactly these feeds claimable."""
        async for urls in self._followed():
            if gone := [url for url in urls if url not in due]:
                await self._connection.run("unfollow", (*_UNFOLLOW_KEYS, *PUSH_KEYS), gone)
        for feeds in _chunks(due.items()):
            keys = ("due", "leases", "pauses", "unfollowed", "feeds", "failing")
            await self._connection.run("follow", keys, [part for feed in feeds for part in feed])

    async def postpone(self, urls: Sequence[str], until: float) -> None:
        """Pauses feeds until a Unix time."""
        for chunk in _chunks(urls):
            await self._connection.run("postpone", ("due", "unfollowed", "pauses"), [until, *chunk])

    async def make_due(self, identity: str) -> float | None:
        """Makes a feed due now, or at the end of its pause."""
        due = await self._connection.run("make_due", ("due", "leases", "pauses"), [identity])
        return None if due is None else float(due)

    async def push(self, identity: str, body: bytes, content_type: str | None) -> bool:
        """Keeps a push of a followed feed."""
        keys = ("due", "leases", "pauses", *PUSH_KEYS, "push_number")
        arguments = [identity, push_text(body, content_type), len(body), MAX_PUSHES, MAX_PUSH_BYTES]
        return bool(await self._connection.run("push", keys, arguments))

    async def pull_back(self, leased: float, paused: float) -> None:
        """Ends leases and pauses at the given times at the latest."""
        kinds = await self._connection.ask("HKEYS", key("jobs"))
        job_leases = [(f"jobs/{kind}/leases", f"jobs/{kind}/due", leased + MAX_JOB_LEASE_SECONDS) for kind in kinds]
        for name, due, latest in (("leases", "due", leased), ("pauses", "due", paused), *job_leases):
            cursor = None
            while cursor != "0":
                arguments = [cursor or 0, MAX_FEEDS_PER_STEP, latest]
                cursor = await self._connection.run("pull_back", (name, due), arguments)

    async def states(self) -> Sequence[FeedState]:
        """The states of the followed feeds."""
        texts: dict[str, str] = {}
        async for urls in self._followed():
            texts.update(zip(urls, await self._texts(urls), strict=True))
        return States(list(texts.values()))

    async def failing(self, limit: int) -> Sequence[FeedState]:
        """The states of feeds whose last poll failed."""
        if limit < 1:
            return []
        urls = await self._connection.ask("ZRANGE", key("failing"), 0, limit - 1)
        return [FeedState.from_json(text) for text in await self._texts(urls)]

    async def failing_count(self) -> int:
        """The number of feeds whose last poll failed, which Redis knows without counting."""
        return int(await self._connection.ask("ZCARD", key("failing")))

    async def claim(
        self, now: float, limit: int, seconds: float, first: Sequence[str] = (), pushed: int = MAX_PUSHED_FEEDS
    ) -> Sequence[Lease]:
        """Leases due feeds, and those with pushes."""
        if limit < 1 and pushed < 1 and not first:
            return []
        random = secrets.randbelow(FENCE_RANDOM)
        arguments = [self._epoch, new_epoch(), now, now + seconds, random, max(limit, 0), pushed, *first]
        keys = ("epoch", "feeds", "due", "fences", "leases", "listed", "pauses", *PUSH_KEYS)
        epoch, leases = await self._connection.run_timed("claim", keys, arguments)
        if epoch != self._epoch:
            self._epoch = epoch
            raise HistoryLostError("Redis has lost data that this node knew of.", "epoch")
        return [_lease(*row) for row in leases]

    async def renew(self, leases: Sequence[Lease], until: float) -> Sequence[Lease]:
        """Extends leases; returns those that are still held."""
        arguments = [part for lease in leases for part in (lease.url, lease.fence)]
        keys = ("due", "fences", "leases", "pauses", "push_queue")
        held = await self._connection.run("renew", keys, [until, *arguments])
        return [lease for lease, kept in zip(leases, held, strict=True) if kept]

    async def _followed(self) -> AsyncGenerator[Sequence[str], None]:
        """The URLs of the followed feeds, MAX_FEEDS_PER_STEP or so at a time; some may come twice."""
        cursor = None
        while cursor != 0:
            cursor, found = await self._connection.ask("ZSCAN", key("due"), cursor or 0, "COUNT", MAX_FEEDS_PER_STEP)
            yield [url for url, _ in found]

    async def _unknown(self, identities: Iterable[str]) -> AsyncGenerator[str, None]:
        for chunk in _chunks(identities):
            for identity, state in zip(chunk, await self._connection.ask("HMGET", key("feeds"), *chunk), strict=True):
                if not state:
                    yield identity

    async def _former(self, wanted: Collection[str]) -> dict[str, FeedState]:
        """The states of these URLs (`urls.feed_identity`): followed ones, and of several the one polled last."""
        found: dict[str, tuple[bool, float, FeedState]] = {}
        cursor = None
        while cursor != 0:
            arguments = (cursor or 0, "COUNT", MAX_FEEDS_PER_STEP)
            cursor, texts = await self._connection.ask("HSCAN", key("feeds"), *arguments)
            # In a thread: a thousand states take longer to read than the event loop may wait.
            for identity, url, state in await asyncio.to_thread(_named, texts, wanted):
                is_followed = await self._connection.ask("ZSCORE", key("due"), identity) is not None
                rank = is_followed, state.checked_at
                if url not in found or rank > found[url][:2]:
                    found[url] = *rank, state
        return {url: state for url, (_, _, state) in found.items()}

    async def _texts(self, urls: Sequence[str]) -> list[str]:
        """The states of feeds as JSON text."""
        found = await self._connection.ask("HMGET", key("feeds"), *urls) if urls else []
        return [_text(url, state) for url, state in zip(urls, found, strict=True)]


def _named(texts: Mapping[str, str], wanted: Collection[str]) -> list[tuple[str, str, FeedState]]:
    """The identities, URLs and states of the feeds whose URL (`urls.feed_identity`) is wanted."""
    named = []
    for identity, text in texts.items():
        if '"configured_url"' in text or feed_identity(identity) in wanted:
            state = FeedState.from_json(text)
            if (url := feed_identity(state.address)) in wanted:
                named.append((identity, url, state))
    return named


def _lease(url: str, state: str | None, listed: str | None, fence: str, due: str, pushes: Sequence[str]) -> Lease:
    found = FeedState.from_json(_text(url, state), listed)
    if not pushes:
        return Lease(found, int(fence))
    kept = tuple(map(push_of, pushes[::2], pushes[1::2]))
    return Lease(replace(found, next_at=float(due)), int(fence), kept)


def _text(url: str, state: str | None) -> str:
    """The state of a feed as JSON text; a feed that was never polled has none stored."""
    return state or dump({"url": url})


def _chunks(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    return iter(lambda: list(islice(rest, MAX_FEEDS_PER_STEP)), [])
