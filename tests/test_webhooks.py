"""End to end: webhooks of a server that is killed, and of one that is given another configuration."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo.newsroom import Desk, Newsroom
from tests.delivery.receiver import Received, Receiver, Reply, receiver
from tests.livelog import Livelog, until
from tests.test_reload import applied, save


@pytest.fixture
async def server() -> AsyncIterator[Receiver]:
    async with receiver() as found:
        yield found


@pytest.fixture
def desk(newsroom: Newsroom) -> Desk:
    opened = newsroom.open_desk("/a.xml", title="A", keep=2_000)
    # A post of the last second is new, also to a feed that is.
    opened.publish(title="Before", published=datetime.now(UTC) - timedelta(hours=1))
    return opened


def blog(desk: Desk, *webhooks: Any) -> dict[str, Any]:
    return {"title": "Blog", "feeds": [{"url": desk.url, "interval": "1s"}], "webhooks": webhooks}


def titles(requests: Sequence[Received]) -> list[str]:
    """The titles of the posts, each once, in the order in which they came first."""
    return list(dict.fromkeys(one.json()["data"]["item"]["title"] for one in requests))


async def read(livelog: Livelog) -> None:
    """Waits until the first fetch, which is a backfill, is stored."""
    await until(livelog.entries)


async def test_a_kill_loses_no_event_and_repeats_none_but_under_its_id(
    livelog: Livelog, server: Receiver, desk: Desk
) -> None:
    chance = random.Random(5)
    blogs = {"blog": blog(desk, {"url": server.url(), "events": "posts"})}
    await livelog.start(blogs)
    await read(livelog)
    published: list[str] = []
    for _ in range(4):
        for _ in range(5):
            published.append(f"Post {len(published)}")
            desk.publish(title=published[-1])
        # A post of this round, not one that is sent again after the kill before.
        await until(lambda: set(titles(server.received)) & set(published[-5:]))
        await asyncio.sleep(chance.random() * 0.05)
        await livelog.kill()
        await livelog.start(blogs)
    await until(lambda: len(titles(server.accepted)) == len(published))
    assert titles(server.accepted) == published
    by_id: dict[str, set[str]] = {}
    for one in server.accepted:
        by_id.setdefault(one.headers["webhook-id"], set()).update(titles([one]))
    assert all(len(found) == 1 for found in by_id.values())
    assert len(by_id) == len(published), "a repeated event has the id that it had"


async def test_a_saved_configuration_adds_a_webhook_that_begins_with_the_next_post(
    livelog: Livelog, server: Receiver, desk: Desk
) -> None:
    await livelog.start({"blog": blog(desk)})
    await read(livelog)
    wanted = {"url": server.url(), "events": "posts", "exclude": ["/unw[a-z]+/"]}
    save(livelog, blogs={"blog": blog(desk, wanted)})
    await applied(livelog)
    await until(lambda: sqlite3.connect(livelog.database).execute("SELECT 1 FROM jobs").fetchone())
    desk.publish(title="unwanted")
    desk.publish(title="After")
    await until(lambda: server.received)
    assert titles(server.received) == ["After"]


async def test_a_failing_webhook_is_on_the_status_page_without_its_secrets(
    livelog: Livelog, server: Receiver, desk: Desk
) -> None:
    server.reply = lambda _: Reply(401)
    await livelog.start({"blog": blog(desk, {"url": server.url("/hush"), "headers": {"X-Key": "hush"}})})
    await read(livelog)
    desk.publish(title="After")

    async def is_told() -> bool:
        report = json.loads((await livelog.admin("/status", Accept="application/json")).body)
        return bool(report["webhooks"][0]["problem"])

    await until(is_told)
    page = (await livelog.admin("/status", Accept="text/html")).body.decode()
    assert "Check url, secret and headers of the webhook" in page
    assert "Webhook 127.0.0.1 of blog blog fails. The answer was 401 Unauthorized." in livelog.log
    assert "hush" not in page + livelog.log + await livelog.metrics()
