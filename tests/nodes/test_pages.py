"""Each node keeps pages in its own memory, and shows what any node commits."""

from __future__ import annotations

from functools import partial

from demo.newsroom import Newsroom
from tests.livelog import Livelog, until
from tests.nodes.desks import open_desks
from tests.nodes.installation import Installation


async def shows(node: Livelog, title: str) -> bool:
    return title in (await node.get("/blog/")).body.decode()


async def test_pages_of_all_nodes_follow_every_event(installation: Installation, newsroom: Newsroom) -> None:
    (desk,) = open_desks(newsroom, 1)
    await installation.start([desk], fetchers=1)
    for title in ("The first title", "The second title"):
        post = desk.publish(title="A title", html="<p>Words.</p>")
        desk.correct(post.guid, title=title)
        for node in installation.webs:
            await until(partial(shows, node, title))
            # The second answer is from the node's memory.
            assert await shows(node, title)
    metrics = [await node.metrics() for node in installation.webs]
    assert all('livelog_answers_total{origin="found"} 0.0' not in text for text in metrics)
