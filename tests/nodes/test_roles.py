"""What a node does and does not do by its role, and processes that share a port."""

from __future__ import annotations

import re
from pathlib import Path

from demo.newsroom import Newsroom
from tests.livelog import Livelog, until
from tests.nodes.desks import open_desks
from tests.nodes.installation import Installation
from tests.redis import RedisServer

TOKEN = "a-token-of-22-letters-or-more"


async def test_processes_on_one_port_all_answer(redis: RedisServer, tmp_path: Path) -> None:
    arguments = ("--role=web", "--reuse-port")
    first, second = Livelog(tmp_path / "first"), Livelog(tmp_path / "second")
    try:
        for process in (first, second):
            process.folder.mkdir()
            process.port = first.port
            # The admin address is each process's own; with the token, whichever has the port answers.
            await process.start({"blog": []}, *arguments, store=redis.url, server={"admin_token": TOKEN})
        seen = set()

        async def both() -> bool:
            seen.add(await started_at(first))
            return len(seen) == 2

        await until(both)
        await first.kill()
        assert [(await second.get("/blog/")).code for _ in range(10)] == [200] * 10
    finally:
        await first.kill()
        await second.kill()


async def started_at(livelog: Livelog) -> str:
    """When the process began that answers."""
    metrics = (await livelog.get("/metrics", Authorization=f"Bearer {TOKEN}")).body.decode()
    found = re.search(r"^process_start_time_seconds (\S+)$", metrics, re.MULTILINE)
    assert found
    return found[1]


async def test_a_fetch_node_answers_only_for_itself(installation: Installation, newsroom: Newsroom) -> None:
    await installation.start(open_desks(newsroom, 1), webs=0, fetchers=1)
    (node,) = installation.fetchers
    paths = ("/healthz", "/readyz", "/metrics", "/", "/blog/", "/blog/ws", "/blog/entries", "/blog/e/abc")
    assert [(await node.get(path)).code for path in paths] == [200, 200, *[404] * 6]
