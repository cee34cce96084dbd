"""The WebSub hub of an installation: web nodes accept requests, and fetch nodes share the work of delivering."""

from __future__ import annotations

import re
from collections import Counter

from demo.newsroom import Newsroom
from tests.delivery.subscriber import listening
from tests.delivery.test_crash import SITE, by_path, subscribe
from tests.livelog import until
from tests.nodes.desks import open_desks
from tests.nodes.installation import Installation

SUBSCRIBERS = 20
POSTS = 5


async def test_each_subscriber_gets_each_post_once_from_one_node_or_another(
    installation: Installation, newsroom: Newsroom
) -> None:
    (desk,) = desks = open_desks(newsroom, 1)
    fetch = {"private_networks": ["127.0.0.0/8"]}
    async with listening() as subscriber:
        await installation.start(desks, webs=1, server={"public_url": SITE}, fetch=fetch)
        (web,) = installation.webs
        for n in range(SUBSCRIBERS):
            await subscribe(web, subscriber.callback(f"/{n}").replace("127.0.0.1", f"127.0.1.{n + 1}"))
        await subscriber.verified(SUBSCRIBERS)
        for number in range(POSTS):
            desk.publish(title=f"post {number}")
            await until(lambda number=number: len(subscriber.pushes) >= SUBSCRIBERS * (number + 1))
        wanted = Counter(f"post {number}" for number in range(POSTS))
        for path, lists in by_path(subscriber.pushes).items():
            assert Counter(title for titles in lists for title in titles) == wanted, path
        sent: list[int] = []

        async def all_counted() -> bool:
            sent[:] = [delivered(await node.metrics()) for node in installation.fetchers]
            return sum(sent) == SUBSCRIBERS * POSTS

        await until(all_counted)
        assert all(sent), "both had work"


def delivered(metrics: str) -> int:
    found = re.search(r'^livelog_sent_total\{outcome="delivered"\} (\d+)', metrics, re.MULTILINE)
    return int(found[1]) if found else 0
