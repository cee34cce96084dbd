"""Lists: OPML documents elsewhere whose feeds a blog follows (`blogs.X.opml`), as the store keeps them.

    states = Lists.read()                           every node, every few seconds
    effective = merged(config, states)              the configuration with the feeds of its lists
    job.state = FeedList.to_json()                  feeds/lists.py, a node that fetches

A list is a job of the timeline; its state has the last good feeds, and how the last request ended. Nodes learn of a
change by reading it: a list changes rarely, and is read hourly.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

import urls
from config import Blog, Config, Feed, ListedFeed
from opml.document import Outline
from timeline import Job, Timeline, all_jobs
from timeline.retry import Retried

KIND: Final = "opml"
"""Kind of the jobs, and their group: nothing wakes them."""

MAX_FEEDS: Final = 1_000
"""Feeds of a list that are followed, the first ones."""

_PAGE: Final = 50
"""States that are read at once: each has up to MAX_FEEDS feeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedList:
    """A list between two requests. Times are Unix seconds, 0 for never.

    ``feeds`` are those of the last good document. ``left_out`` counts its feeds that cannot be followed, ``excess``
    those beyond MAX_FEEDS. The validators and ``body_digest`` belong to ``validated_url``. ``problem`` is a sentence.
    """

    feeds: tuple[Outline, ...] = ()
    left_out: int = 0
    excess: int = 0
    validated_url: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    body_digest: str | None = None
    checked_at: float = 0
    ok_at: float = 0
    next_at: float = 0
    status: int | None = None
    problem: str | None = None
    failures: int = 0
    failing_since: float = 0

    def to_json(self) -> str:
        """The state of the list's job."""
        values = {name: value for name in _DEFAULTS if (value := getattr(self, name)) != _DEFAULTS[name]}
        return json.dumps({**values, "feeds": [list(feed) for feed in self.feeds]}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> FeedList:
        """Reads the text of `to_json`; fields of another version are ignored."""
        values: dict[str, Any] = {name: value for name, value in json.loads(text).items() if name in _DEFAULTS}
        feeds = (Outline(url, title, tuple(tags), *rest) for url, title, tags, *rest in values.pop("feeds", ()))
        return cls(**values, feeds=tuple(feeds))


_DEFAULTS: Final = {one.name: one.default for one in fields(FeedList)}


def id_of(url: str) -> str:
    """The id of a list's job: a URL may have secrets."""
    return hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def lists_of(config: Config) -> dict[str, str]:
    """The URLs of the lists that blogs follow, by the ids of their jobs."""
    return {id_of(blog.opml): blog.opml for blog in config.blogs if blog.opml}


def merged(config: Config, lists: Mapping[str, FeedList]) -> Config:
    """The configuration with the feeds of its lists. A feed that a blog has itself keeps the settings of that."""
    # A feed that has an id in another blog is the same feed: it is fetched once.
    ids = {urls.feed_identity(feed.url): feed.id for blog in config.blogs for feed in blog.feeds if feed.id}
    interval = config.fetch.interval
    blogs = tuple(_with_list(blog, lists, ids, interval) for blog in config.blogs)
    return config.model_copy(update={"blogs": blogs})


def _with_list(blog: Blog, lists: Mapping[str, FeedList], ids: Mapping[str, str], interval: float | None) -> Blog:
    known = lists.get(id_of(blog.opml)) if blog.opml else None
    if known is None or not known.feeds:
        return blog
    own = {urls.feed_identity(feed.url) for feed in blog.feeds}
    listed = (
        _listed(feed, ids.get(identity), interval)
        for feed in known.feeds
        if (identity := urls.feed_identity(feed.url)) not in own
    )
    return blog.model_copy(update={"feeds": (*blog.feeds, *listed)})


def _listed(feed: Outline, feed_id: str | None, interval: float | None) -> Feed:
    # Without validation, which was done when the list was read: of 1,000 feeds it takes as long as a hundred polls.
    return ListedFeed.model_construct(
        url=feed.url, id=feed_id, title=feed.title, tags=feed.tags, scrape=feed.selectors, interval=interval
    )


class Lists:
    """The lists of a configuration as this process has read them last.

    ``stored`` are the ids of those that the store has. A list that it has lost keeps its feeds until it is requested
    again.
    """

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._texts: dict[str, str] = {}
        self.states: dict[str, FeedList] = {}
        self.stored: frozenset[str] = frozenset()

    async def read(self, config: Config) -> bool:
        """Reads the lists of a configuration; returns True if any has changed. Raises TimelineError."""
        wanted = lists_of(config)
        if not wanted:
            return False
        texts = await _texts(self._timeline, wanted)
        self.stored = frozenset(texts)
        changed = {job_id: text for job_id, text in texts.items() if self._texts.get(job_id) != text}
        before = {job_id: state.feeds for job_id, state in self.states.items()}
        for job_id, text in changed.items():
            # In a thread: a list has up to 2 MB.
            state = await asyncio.to_thread(FeedList.from_json, text)
            if state.feeds or not before.get(job_id):
                self.states[job_id] = state
        self._texts |= changed
        return any(self.states[job_id].feeds != before.get(job_id, ()) for job_id in changed)


async def stored(timeline: Timeline, config: Config) -> dict[str, FeedList]:
    """The lists of a configuration that the store has, by the ids of their jobs. Raises TimelineError."""
    texts = await _texts(timeline, lists_of(config))
    return {job_id: await asyncio.to_thread(FeedList.from_json, text) for job_id, text in texts.items()}


async def retry(timeline: Timeline, config: Config, name: str | None = None) -> Retried | None:
    """Makes the list of a URL or id due, or all that fail; None if no blog follows it. Raises TimelineError.

    One whose server asked for a pause (429, 503) is requested after that.
    """
    identity = name and urls.feed_identity(name)
    lists = {
        job_id: urls.feed_identity(url)
        for job_id, url in lists_of(config).items()
        if name in (None, job_id) or identity == urls.feed_identity(url)
    }
    retried, now = Retried(), timeline.now()
    for job_id, text in (await _texts(timeline, lists)).items():
        known = FeedList.from_json(text)
        if known.status in (429, 503):
            retried.paused[lists[job_id]] = known.next_at
        elif known.problem or name:
            await timeline.replace_job(Job(KIND, job_id, KIND, text), text, now)
            retried.due.append(lists[job_id])
    return retried if lists else None


async def _texts(timeline: Timeline, wanted: Mapping[str, str]) -> dict[str, str]:
    if not wanted:
        return {}
    return {job.id: job.state async for job in all_jobs(timeline, KIND, _PAGE) if job.id in wanted}
