"""Any history: a client shows what the timeline has, or was sent a gap.

Hypothesis makes up histories of commits, clients, retirements, restarts and losses. A model, dictionaries of posts
and a list of events, says what has to come of them. All bounds are tiny, so that short histories meet every one.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from asyncio import Future
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from entries import Cursor, Event, from_micros
from fanout.fanout import FanOut
from fanout.frames import Transport
from tests.fanout.fake_connection import FakeConnection, read
from tests.livelog import PATIENCE
from tests.redis import RedisServer
from tests.timeline.drafts import NOW, commit, entry
from timeline import HistoryLostError, Limits, Page, Replay, Timeline, TimelineError, open_timeline

T = TypeVar("T")

FRONT_PAGE = 5
MOST_MISSED = 6
MAX_BEHIND_BYTES = 1_000
SLICE_BYTES = 1_500
HISTORIES_BYTES = 8_000

BLOGS = ("one", "two")
NAMES = [f"e{n:02}" for n in range(20)]
VERSIONS = ("", "corrected ", "long " * 300)

Draft = tuple[str, str, str, int | None]
"""Blog, name, version, and, where it is backfilled, how old it is."""

drafts = st.tuples(
    st.sampled_from(BLOGS), st.sampled_from(NAMES), st.sampled_from(VERSIONS), st.none() | st.integers(0, 30)
)
news = st.lists(drafts, max_size=5)
withdrawals = st.tuples(st.sampled_from(BLOGS), st.sampled_from(NAMES))
who = st.integers(0, 2)


@dataclass(frozen=True)
class Post:
    """A post, in the model and in an item."""

    position: str
    title: str
    revision: int

    @classmethod
    def of(cls, item: dict[str, Any]) -> Post:
        return cls(item["_livelog"]["position"], item["title"], item["_livelog"]["revision"])


@dataclass
class Blog:
    """The model: what a blog's history has to come to, in one epoch."""

    posts: dict[str, Post] = field(default_factory=dict)
    memory: dict[str, str] = field(default_factory=dict)
    withdrawn: dict[str, int] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    events: list[tuple[str, str]] = field(default_factory=list)
    trimmed: int = 0
    fronts: dict[int, list[str]] = field(default_factory=lambda: {0: []})

    def newest(self) -> list[str]:
        return sorted(self.posts, key=lambda name: self.posts[name].position, reverse=True)

    def put(self, name: str, title: str, position: str, *, leaving: bool) -> str | None:
        """``leaving`` is what the same commit withdraws: that does not bring it back."""
        if name in self.withdrawn and leaving:
            return None
        before = self.memory.get(name)
        self.memory[name] = title
        if before is None or name in self.withdrawn:
            self.posts[name] = Post(position, title, self.withdrawn.pop(name, 0) + 1)
            return "entry"
        if before == title or name not in self.posts:
            return None
        self.posts[name] = replace(self.posts[name], title=title, revision=self.posts[name].revision + 1)
        return "update"

    def number(self, changes: Sequence[tuple[str | None, str, bool]], withdrawn: Sequence[str]) -> None:
        """Changes are a kind of event, a name, and whether it is backfilled."""
        front = self.newest()[:FRONT_PAGE]
        for kind, name, backfilled in changes:
            if kind and not (kind == "entry" and backfilled and name not in front):
                self.events.append((kind, name))
        for name in withdrawn:
            if gone := self.posts.pop(name, None):
                self.withdrawn[name] = gone.revision
                self.events.append(("delete", name))
        self.fronts[len(self.events)] = self.newest()[:FRONT_PAGE]

    def last_forms(self, after: int, until: int) -> list[tuple[int, str, str]]:
        """Number, kind and name of the events that a client has to be sent that missed these."""
        received: dict[str, tuple[int, str, str]] = {}
        for number, (kind, name) in enumerate(self.events[after:until], after + 1):
            is_new = name in received and received.pop(name)[1] == "entry"
            received[name] = (number, "entry" if is_new and kind == "update" else kind, name)
        return list(received.values())

    def retire(self, limits: Limits) -> None:
        for name in self.newest()[limits.entries :]:
            del self.posts[name]
            self.retired.add(name)
        self.trimmed = max(self.trimmed, len(self.events) - limits.events)


World = dict[str, Blog]
"""The blogs of one epoch."""


class LateNews:
    """A timeline as the fan-out has it on a busy machine.

    Events can be held up on their way, and ``meanwhile`` is work that gets done, a piece at a time, when the answer
    to a question is on its way.
    """

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.in_hand = False
        self.through = asyncio.Event()
        self.through.set()
        self.meanwhile: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._working = asyncio.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.timeline, name)

    async def head(self, blog: str) -> Cursor:
        return await self._late(self.timeline.head(blog))

    async def replay(self, blog: str, after: Cursor, limit: int, *, part: bool = False) -> Replay:
        return await self._late(self.timeline.replay(blog, after, limit, part=part))

    async def page(self, blog: str, before: str | None, limit: int) -> Page:
        return await self._late(self.timeline.page(blog, before, limit))

    async def work(self) -> bool:
        """Does a piece of what is to be done; whether there was one."""
        async with self._working:
            if not self.meanwhile:
                return False
            await self.meanwhile.pop(0)()
            return True

    async def _late(self, answer: Coroutine[Any, Any, T]) -> T:
        answered = await answer
        await self.work()
        return answered

    async def watch(self, blogs: Collection[str]) -> AsyncGenerator[Sequence[Event], None]:
        self.in_hand = False
        async with aclosing(self.timeline.watch(blogs)) as batches:
            async for batch in batches:
                if batch:
                    self.in_hand = True
                    await self.through.wait()
                    self.in_hand = False
                else:
                    await self.work()
                yield batch


class Connection(FakeConnection):
    """One connection of a visitor. What was owed to it when it was made: all that it missed, or a reset.

    ``most`` is how many messages it takes of what it is sent first, before it breaks off.
    """

    def __init__(self, transport: Transport, after: Cursor | None, *, owed: bool, slow: bool) -> None:
        super().__init__(transport)
        self.after = after
        self.owed = owed
        self.read = 0
        self.answered = False
        self.most: int | None = None
        if slow:
            self.stop()

    def send(self, data: bytes) -> Future[None] | None:
        self.answered = True
        return super().send(data)

    def go_on(self) -> None:
        if self.most is None:
            super().go_on()
            return
        if self._waiting:
            for received in read(self._waiting[0], self.transport)[: self.most]:
                self.receive(received)
        self.evict()


class Visitor:
    """What someone sees who opened the page and does as docs/protocol.md says, however often the stream is cut."""

    def __init__(self, blog: str, worlds: dict[str, World], transport: Transport) -> None:
        self.blog = blog
        self.worlds = worlds
        self.transport = transport
        self.last_id: str | None = None
        self.shown: dict[str, Post] = {}
        self.cursor: Cursor | None = None
        self.base: tuple[Cursor, set[str]] | None = None
        self.connection: Connection | None = None
        self.joining: asyncio.Task[None] | None = None
        self.missed: list[tuple[int, str, str]] = []
        self.gap = False

    @property
    def live(self) -> bool:
        return self.connection is not None and not self.connection.evicted and self.joining is None

    def start(self, items: Sequence[dict[str, Any]], cursor: Cursor) -> None:
        """Shows these items, and only these."""
        assert [item["id"] for item in items] == self.model(cursor).fronts[cursor.seq]
        self.shown = {item["id"]: Post.of(item) for item in items}
        self.base = (cursor, set(self.shown))
        self.cursor = cursor

    def model(self, cursor: Cursor) -> Blog:
        return self.worlds[cursor.epoch][self.blog]

    def read(self) -> None:
        """Reads what has come."""
        if self.connection is None:
            return
        messages = self.connection.messages[self.connection.read :]
        for message in messages:
            self._take(self.connection, message, Cursor.parse(message["cursor"]))
            self.connection.read += 1
        if self.transport is Transport.EVENT_STREAM and self.connection.last_id:
            assert self.connection.last_id == str(self.cursor), "a browser reconnects with what it has"
        if self.connection.evicted:
            self.connection, self.missed, self.gap = None, [], False

    def _take(self, connection: Connection, message: dict[str, Any], cursor: Cursor) -> None:
        if message["type"] == "hello":
            assert connection.read == 0
            self._greet(connection, message, cursor)
            return
        assert connection.read > 0
        if message["type"] == "reset":
            assert not self.missed
            assert message["gap"]["reason"] in ("epoch", "expired")
            self.gap = False
            self.start(message["items"], cursor)
            return
        assert not self.gap, "after a hello without recovery comes a reset"
        assert self.cursor is not None
        assert cursor.epoch == self.cursor.epoch
        if self.missed:
            number, kind, name = self.missed.pop(0)
        else:
            number = self.cursor.seq + 1
            kind, name = self.model(cursor).events[number - 1]
        assert cursor.seq == number
        self.cursor = cursor
        self._apply(self.model(cursor), message, number, kind, name)

    def _greet(self, connection: Connection, hello: dict[str, Any], cursor: Cursor) -> None:
        assert hello["recovered"] or not connection.owed, "nothing was lost"
        self.gap = connection.after is not None and not hello["recovered"]
        if connection.after is None:
            assert not hello["recovered"]
            self.base, self.cursor = (cursor, set()), cursor
        elif hello["recovered"]:
            assert cursor.epoch == connection.after.epoch
            self.missed = self.model(cursor).last_forms(connection.after.seq, cursor.seq)
        assert hello["missed"] == len(self.missed)

    def _apply(self, blog: Blog, message: dict[str, Any], number: int, kind: str, name: str) -> None:
        if message["type"] == "delete":
            assert message["id"] == name
            # It may be back since, but then it went in between.
            assert kind == "delete" or name not in blog.posts or ("delete", name) in blog.events[number:]
            self.shown.pop(name, None)
            return
        assert message["item"]["id"] == name
        assert message["type"] == kind
        post = Post.of(message["item"])
        if name not in self.shown or self.shown[name].revision <= post.revision:
            self.shown[name] = post

    def check(self) -> None:
        """At rest: it has got everything, and shows what the model has."""
        if self.base is None or self.cursor is None:
            return
        since, ids = self.base
        blog = self.model(self.cursor)
        assert not self.missed
        assert not self.gap
        assert self.cursor.seq == len(blog.events)
        names = set(ids)
        for kind, name in blog.events[since.seq :]:
            if kind == "delete":
                names.discard(name)
            else:
                names.add(name)
        shown = {name: post for name, post in self.shown.items() if name not in blog.retired}
        assert shown == {name: blog.posts[name] for name in names - blog.retired}


class History(RuleBasedStateMachine):
    """Rules are what happens; after each, everything that has got through is compared with the model."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.ticks = 0
        self.touched = False
        self.runner = asyncio.Runner()
        self.worlds: dict[str, World] = {}
        self.visitors = [
            Visitor("one", self.worlds, Transport.WEBSOCKET),
            Visitor("one", self.worlds, Transport.EVENT_STREAM),
            Visitor("two", self.worlds, Transport.EVENT_STREAM),
        ]
        self.run(self._open())
        self.everyone_connects([])

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self._close())
        self.runner.close()

    @rule(listed=news, withdrawn=st.lists(withdrawals, max_size=2))
    def commit(self, listed: list[Draft], withdrawn: list[tuple[str, str]]) -> None:
        self.run(self.expected(listed, withdrawn)())

    def expected(
        self, listed: list[Draft], withdrawn: list[tuple[str, str]]
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        """A commit that the model has already."""
        entries = []
        changes: dict[str, list[tuple[str | None, str, bool]]] = {blog: [] for blog in BLOGS}
        for blog, name, version, age in listed:
            self.ticks += 1
            at = NOW + self.ticks if age is None else NOW - 1000 * age - self.ticks
            backfilled = age is not None
            draft = entry(name, version + name, at=at, blog=blog, backfilled=backfilled)
            entries.append(draft)
            leaving = (blog, name) in withdrawn
            kind = self.world[blog].put(name, version + name, from_micros(draft.position), leaving=leaving)
            changes[blog].append((kind, name, backfilled))
        for blog in BLOGS:
            self.world[blog].number(changes[blog], [name for where, name in withdrawn if where == blog])
        self.touched = True
        return partial(self._commit, entries, withdrawn)

    def meanwhile(self, news: list[Draft], *, pushed: bool) -> None:
        """Has posts committed as soon as the fan-out asks for something, and pushed before it has the answer."""

        async def published(commit: Callable[[], Coroutine[Any, Any, None]]) -> None:
            await commit()
            heads = [await self.timeline.head(blog) for blog in BLOGS]
            if pushed and self.late.through.is_set():
                await soon(lambda: [self.fanout._channels[blog].history.head for blog in BLOGS] == heads)

        self.late.meanwhile = [partial(published, self.expected([post], [])) for post in news]

    @rule(again=news, together=st.booleans())
    def withdraw_and_list_again(self, again: list[Draft], together: bool) -> None:
        """What is there goes; some of it is listed again, perhaps before the delete was sent."""
        gone = [(blog, name) for blog, name, _, _ in again]
        self.commit(again, [])
        self.commit(again[:1], gone)
        if not together:
            self.rest()
        self.commit(again, [])

    @rule(news=news)
    def publish(self, news: list[Draft]) -> None:
        """Commits of one post each."""
        for post in news:
            self.commit([post], [])
            self.rest()

    @rule(n=who, blogs=st.lists(st.sampled_from(BLOGS), min_size=1, max_size=5), events=st.integers(1, 2))
    def fall_behind(self, n: int, blogs: list[str], events: int) -> None:
        """Old events are retired before the fan-out has received them, while a client reconnects."""
        self.drop(n)
        self.connect(n, slow=True, news=[])
        self.news_is_held_up_or_comes_through(True)
        self.publish([(blog, f"n{self.ticks}{number}", "", None) for number, blog in enumerate(blogs)])
        self.retire(100, events)
        self.news_is_held_up_or_comes_through(False)
        self.rest()
        self.read_on(n)

    @rule(n=who, before=news, after=news)
    def open_page_before_the_news(self, n: int, before: list[Draft], after: list[Draft]) -> None:
        """The page has posts that the fan-out has yet to receive."""
        self.news_is_held_up_or_comes_through(True)
        self.publish(before)
        self.open_page(n)
        self.connect(n, slow=False, news=[])
        self.publish(after)
        self.news_is_held_up_or_comes_through(False)

    @rule(n=who, missed=news, long_away=st.booleans(), meanwhile=news)
    def come_back_slowly(self, n: int, missed: list[Draft], long_away: bool, meanwhile: list[Draft]) -> None:
        """What is published while someone still takes what was missed is kept, within bounds."""
        self.drop(n)
        self.publish(missed)
        if long_away:
            blog = self.visitors[n].blog
            self.commit([(blog, f"n{self.ticks}{number}", "", None) for number in range(MOST_MISSED + 1)], [])
            self.rest()
        self.connect(n, slow=True, news=meanwhile[:2])
        self.publish(meanwhile[2:])
        self.read_on(n)

    @rule(n=who)
    def open_page(self, n: int) -> None:
        """The page is rendered; its stream is yet to be opened."""
        self.drop(n)
        visitor = self.visitors[n]
        page = self.run(self.timeline.page(visitor.blog, None, FRONT_PAGE))
        visitor.start([json.loads(item) for item in page.items], page.head)

    @rule(n=who, slow=st.booleans(), news=news)
    def connect(self, n: int, slow: bool, news: list[Draft]) -> None:
        """There may be news while the timeline is asked what was missed."""
        visitor = self.visitors[n]
        if visitor.connection is not None:
            return
        self.meanwhile(news, pushed=True)
        after, blog = visitor.cursor, self.world[visitor.blog]
        known = after is not None and after.epoch == self.epoch and after.seq >= blog.trimmed
        owed = after is not None and known and len(blog.events) - after.seq <= MOST_MISSED
        visitor.connection = Connection(visitor.transport, after, owed=owed, slow=slow)
        self.run(self._join(visitor, visitor.connection))
        self.rest()

    @rule(n=who, missed=news, taken=st.integers(0, 4))
    def be_cut_off(self, n: int, missed: list[Draft], taken: int) -> None:
        """In the middle of what was missed."""
        self.drop(n)
        self.publish(missed)
        self.connect(n, slow=True, news=[])
        if connection := self.visitors[n].connection:
            connection.most = taken
            self.read_on(n)

    @rule(n=who)
    def read_on(self, n: int) -> None:
        """Someone slow takes what was sent."""
        if connection := self.visitors[n].connection:
            connection.go_on()

    @rule(n=who)
    def drop(self, n: int) -> None:
        visitor = self.visitors[n]
        if visitor.connection is not None:
            self.fanout.leave(visitor.blog, visitor.connection)
            visitor.connection.evict()
            self.run(self._joined(visitor))
            visitor.read()

    @rule(held_up=st.booleans())
    def news_is_held_up_or_comes_through(self, held_up: bool) -> None:
        (self.late.through.clear if held_up else self.late.through.set)()

    @rule(entries=st.sampled_from([FRONT_PAGE, 10, 100]), events=st.sampled_from([1, 3, MOST_MISSED, 100]))
    def retire(self, entries: int, events: int) -> None:
        limits = Limits(entries=entries, old_entries=entries, events=events)
        self.touched = True
        self.run(self._retire(limits))
        for blog in self.world.values():
            blog.retire(limits)

    @rule(timeline_too=st.booleans(), missed=news, meanwhile=news)
    def restart(self, timeline_too: bool, missed: list[Draft], meanwhile: list[Draft]) -> None:
        """There is news before it starts, while it does, and while everyone reconnects."""
        self.run(self._stop())
        if timeline_too:
            self.run(self._reopen())
        for post in missed:
            self.commit([post], [])
        self.meanwhile(meanwhile[:2], pushed=False)
        self.run(self._start())
        self.rest()
        self.everyone_connects(meanwhile[2:])

    def everyone_connects(self, news: list[Draft]) -> None:
        for n in range(len(self.visitors)):
            self.connect(n, slow=False, news=news[n : n + 1])

    def rest(self) -> None:
        """Waits until nothing moves: then all is right, and within the bounds."""
        self.run(self._settle())
        for blog in BLOGS:
            channel = self.fanout._channels[blog]
            held = [held.event for held in channel.history._held]
            assert len(held) <= MOST_MISSED
            assert sum(len(event.item or "") for event in held) <= HISTORIES_BYTES // len(BLOGS)
        for visitor in self.visitors:
            visitor.read()
            if visitor.live and self.late.through.is_set():
                assert visitor.cursor is not None
                assert visitor.cursor.epoch == self.epoch
                visitor.check()

    @invariant()
    def everything_is_as_it_has_to_be(self) -> None:
        self.rest()
        if self.touched:
            self.run(self._compare())
        self.touched = False

    async def _open(self) -> None:
        self.timeline = await open_timeline(self.url)
        self.late = LateNews(self.timeline)
        await self._begin_epoch()
        await self._start()

    async def _begin_epoch(self) -> None:
        self.epoch = (await self.timeline.head("one")).epoch
        self.worlds.setdefault(self.epoch, {blog: Blog() for blog in BLOGS})
        self.world = self.worlds[self.epoch]

    async def _start(self) -> None:
        self.fanout = FanOut(self.late, BLOGS)
        await self.fanout.start()

    async def _stop(self) -> None:
        await self.fanout.close()
        for visitor in self.visitors:
            assert visitor.connection is None or visitor.connection.evicted
            await self._joined(visitor)

    async def _close(self) -> None:
        await self._stop()
        await self.timeline.close()

    async def _reopen(self) -> None:
        await self.timeline.close()
        self.timeline = self.late.timeline = await open_timeline(self.url)
        assert (await self.timeline.head("one")).epoch == self.epoch

    async def _commit(self, entries: Sequence[Any], withdrawn: Sequence[tuple[str, str]]) -> None:
        try:
            await commit(self.timeline, *entries, withdrawn=withdrawn, checked_at=NOW)
        except HistoryLostError:
            await commit(self.timeline, *entries, withdrawn=withdrawn, checked_at=NOW)

    async def _retire(self, limits: Limits) -> None:
        while await self.timeline.retire(NOW, limits):
            pass

    async def _join(self, visitor: Visitor, connection: Connection) -> None:
        async def join() -> None:
            try:
                after = str(connection.after) if connection.after else None
                await self.fanout.join(visitor.blog, connection, after)
            except (OSError, TimelineError):
                connection.evict()

        visitor.joining = joining = asyncio.create_task(join())
        await soon(lambda: connection.answered or joining.done())

    async def _joined(self, visitor: Visitor) -> None:
        if visitor.joining is not None:
            await visitor.joining
            visitor.joining = None

    async def _settle(self) -> None:
        """Waits until the fan-out and all who join have come as far as they can."""
        while await self.late.work():
            pass
        await soon(self._level)
        for visitor in self.visitors:
            connection = visitor.connection
            if connection is None or not connection.is_stopped:
                await self._joined(visitor)

    def _level(self) -> bool:
        assert not self.fanout.trouble
        if self.late.in_hand and not self.late.through.is_set():
            return True
        if self.fanout._unserved:
            return False
        heads = {blog: self.fanout._channels[blog].history.head for blog in BLOGS}
        return heads == {name: Cursor(self.epoch, len(blog.events)) for name, blog in self.world.items()}

    async def _compare(self) -> None:
        """The timeline itself."""
        for name, blog in self.world.items():
            page = await self.timeline.page(name, None, 1_000)
            assert page.head == Cursor(self.epoch, len(blog.events))
            items = [json.loads(item) for item in page.items]
            assert {item["id"]: Post.of(item) for item in items} == blog.posts
            assert [item["id"] for item in items] == blog.newest()
            replay = await self.timeline.replay(name, Cursor(self.epoch, blog.trimmed), 1_000)
            assert replay.complete
            received = [(event.cursor.seq, event.kind, event.id) for event in replay.events]
            assert received == [
                (number + 1, kind if event_id in blog.posts else "delete", event_id)
                for number, (kind, event_id) in enumerate(blog.events)
                if number >= blog.trimmed
            ]


class SqliteHistory(History):
    """In a file, so that it can be opened again."""

    def __init__(self) -> None:
        self.folder = TemporaryDirectory()
        super().__init__(f"sqlite:{Path(self.folder.name) / 'livelog.db'}")

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


class RedisHistory(History):
    """On a server that can lose everything."""

    redis: ClassVar[RedisServer]

    def __init__(self) -> None:
        self.redis.ask("FLUSHALL")
        super().__init__(self.redis.url)

    @rule(n=who, before=news, after=news, unnoticed=st.booleans())
    def lose_everything(self, n: int, before: list[Draft], after: list[Draft], unnoticed: bool) -> None:
        """A client reconnects when the fan-out has noticed, or before."""
        if unnoticed:
            self.news_is_held_up_or_comes_through(True)
            self.publish(before)
        self.drop(n)
        self.redis.ask("FLUSHALL")
        self.touched = True
        self.run(self._begin_epoch())
        self.publish(after)
        if unnoticed:
            self.open_page(n)
        self.connect(n, slow=False, news=[])
        self.news_is_held_up_or_comes_through(False)


async def soon(condition: Callable[[], bool]) -> None:
    """As `until`, for what takes a moment and is waited for thousands of times."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.001)


@pytest.fixture(params=[1, pytest.param(60, marks=pytest.mark.soak)])
def times(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many times as long as usual to go on. Meanwhile all bounds are small."""
    for name, value in {
        "fanout.fanout.HISTORIES_BYTES": HISTORIES_BYTES,
        "fanout.fanout.TURN_SECONDS": 0.0,
        "fanout.channel.CONNECTIONS_PER_CHECK": 1,
        "fanout.channel.MAX_BEHIND_BYTES": MAX_BEHIND_BYTES,
        "fanout.channel.MAX_UNSETTLED_BYTES": MAX_BEHIND_BYTES,
        "fanout.frames.SLICE_BYTES": SLICE_BYTES,
        "fanout.resume.FRONT_PAGE": FRONT_PAGE,
        "fanout.resume.REPLAY_LIMIT": MOST_MISSED,
        "fanout.resume.SLICE_BYTES": SLICE_BYTES,
        "fanout.resume.MAX_KEPT_BYTES": SLICE_BYTES,
        "fanout.history.MAX_EVENTS": MOST_MISSED,
        "fanout.history.MAX_SLICES": 2,
        "timeline.sqlite.commit.FRONT_PAGE": FRONT_PAGE,
        "timeline.redis.commit.FRONT_PAGE": FRONT_PAGE,
        "timeline.redis.event_log.BLOCK_SECONDS": 0.02,
    }.items():
        monkeypatch.setattr(name, value)
    return int(request.param)


def make_up(histories: type[History], examples: int, caplog: pytest.LogCaptureFixture) -> None:
    slow = settings(max_examples=examples, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow])
    run_state_machine_as_test(histories, settings=slow)
    received = {record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING}
    assert all(message.endswith("Readers are sent a reset.") for message in received), received
    caplog.clear()


def test_any_history_of_a_file_is_shown_as_it_is(times: int, caplog: pytest.LogCaptureFixture) -> None:
    make_up(SqliteHistory, 10 * times, caplog)


def test_any_history_of_a_redis_is_shown_as_it_is(
    times: int, shared_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    RedisHistory.redis = shared_redis
    make_up(RedisHistory, 7 * times, caplog)
