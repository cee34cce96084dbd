"""A server that is killed while it distributes: every subscriber gets every entry, and no more than before again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import chain
from urllib.parse import urlencode

from tornado.httpclient import AsyncHTTPClient

from demo.newsroom import Newsroom
from tests.delivery.subscriber import Push, Subscriber
from tests.livelog import Livelog, until

SITE = "http://live.example.org"
SUBSCRIBERS = 40


async def subscribe(livelog: Livelog, callback: str) -> None:
    fields = {"hub.mode": "subscribe", "hub.callback": callback, "hub.topic": f"{SITE}/blog/feed.json"}
    await AsyncHTTPClient().fetch(livelog.url("/hub"), method="POST", body=urlencode(fields))


def by_path(pushes: list[Push]) -> dict[str, list[list[str]]]:
    """The titles of each push, in order, by callback."""
    found: dict[str, list[list[str]]] = {}
    for push in pushes:
        found.setdefault(push.path, []).append([item["title"] for item in json.loads(push.body)["items"]])
    return found


def have(subscriber: Subscriber, *titles: str) -> Callable[[], bool]:
    """True once all subscribers have these posts."""

    wanted = set(titles)

    def found() -> bool:
        got = by_path(subscriber.pushes)
        return len(got) == SUBSCRIBERS and all(wanted <= set(chain(*lists)) for lists in got.values())

    return found


def all_settled(livelog: Livelog) -> bool:
    """True if no push is under way, and all subscriptions are at one cursor."""
    with closing(sqlite3.connect(livelog.database)) as db:
        jobs = db.execute("SELECT state, leased FROM jobs WHERE kind = 'delivery'").fetchall()
    return len({json.loads(state)["cursor"] for state, _ in jobs}) == 1 and not any(leased for _, leased in jobs)


async def test_a_server_that_is_killed_amid_a_distribution_delivers_the_rest_after_its_restart(
    livelog: Livelog, newsroom: Newsroom, subscriber: Subscriber
) -> None:
    desk = newsroom.open_desk("/desk.xml", title="Desk")
    desk.publish(title="begins")
    blogs = {"blog": [{"url": desk.url, "interval": "1s"}]}
    sections = {"server": {"public_url": SITE}, "fetch": {"private_networks": ["127.0.0.0/8"]}}
    await livelog.start(blogs, **sections)
    for n in range(SUBSCRIBERS):
        await subscribe(livelog, subscriber.callback(f"/{n}").replace("127.0.0.1", f"127.0.1.{n + 1}"))
    await subscriber.verified(SUBSCRIBERS)
    desk.publish(title="first")
    await until(have(subscriber, "first"))
    subscriber.answers = len(subscriber.pushes) + SUBSCRIBERS // 2
    desk.publish(title="second")
    await until(lambda: subscriber.hung > 0)
    await livelog.kill()
    subscriber.answers = None
    subscriber.going.set()
    known = len(subscriber.pushes)
    await livelog.start(blogs, **sections)
    await until(have(subscriber, "first", "second"))
    await until(lambda: all_settled(livelog))
    assert all(titles == ["second"] for lists in by_path(subscriber.pushes[known:]).values() for titles in lists)
    again = len(subscriber.pushes) - known - subscriber.hung
    assert again < SUBSCRIBERS, "most of those that had it do not get it again"
    known = len(subscriber.pushes)
    desk.publish(title="third")
    await until(have(subscriber, "third"))
    assert all(lists == [["third"]] for lists in by_path(subscriber.pushes[known:]).values())
