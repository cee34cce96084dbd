"""`purge`: the entries of a feed that is not followed any more go, also from open pages."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.feeds.documents import rss
from tests.feeds.origins import RawOrigin, raw_origin, whole
from tests.livelog import Livelog, until
from tests.redis import RedisServer
from tests.test_server import command


@pytest.fixture
async def origin() -> AsyncIterator[RawOrigin]:
    async with raw_origin() as opened:
        yield opened


async def titles(livelog: Livelog) -> list[str]:
    return sorted([entry["title"] for entry in await livelog.entries()])


async def two_feeds(livelog: Livelog, origin: RawOrigin, **sections: Any) -> list[str]:
    """A Livelog that has an entry of each of two feeds; returns their URLs."""
    urls = [origin.serve(f"/{name}", whole(rss(f"<title>{name}</title>"))) for name in "ab"]
    await livelog.start({"blog": urls}, **sections)

    async def has_both() -> bool:
        return await titles(livelog) == ["a", "b"]

    await until(has_both)
    return urls


async def test_on_sqlite_its_entries_are_gone_and_a_reader_who_comes_back_is_told(
    livelog: Livelog, origin: RawOrigin
) -> None:
    kept, gone = await two_feeds(livelog, origin)
    async with livelog.client() as client:
        cursor = (await client.next())["cursor"]
    config = livelog.folder / "config.yaml"
    code, output = await command("purge", gone, cwd=livelog.folder)
    assert (code, output) == (
        2,
        f"command line: {gone}: is still in the configuration: remove it there first (blog blog)\n",
    )
    written = json.loads(config.read_text())
    written["blogs"]["blog"]["feeds"] = [kept]
    config.write_text(json.dumps(written))
    code, output = await command("purge", gone, cwd=livelog.folder)
    assert code == 1
    assert output == (
        f"livelog purge: {livelog.database}: another Livelog (process {livelog.pid}) uses this database: "
        "stop it first\n"
    )
    await livelog.stop()
    assert await command("purge", gone, cwd=livelog.folder) == (0, f"{gone}: 1 entry was removed.\n")
    await livelog.run(f"--config={config}")
    assert await titles(livelog) == ["a"]
    async with livelog.client(after=cursor) as client:
        assert (await client.next())["recovered"] is True
        assert (await client.next())["type"] == "delete"


async def test_on_redis_open_pages_are_told_at_once(livelog: Livelog, origin: RawOrigin, redis: RedisServer) -> None:
    _, gone = await two_feeds(livelog, origin, store=redis.url)
    folder = livelog.folder / "other"
    folder.mkdir()
    (folder / "config.yaml").write_text(json.dumps({"store": redis.url, "blogs": {"blog": {}}}))
    code, output = await command("purge", gone, cwd=folder)
    assert (code, output) == (
        1,
        "livelog purge: a running node still follows this feed: load the configuration in all nodes first\n",
    )
    await livelog.stop()
    await livelog.run(f"--config={folder / 'config.yaml'}", "--port=0")
    async with livelog.client() as client:
        await client.next()
        assert await command("purge", gone, cwd=folder) == (0, f"{gone}: 1 entry was removed.\n")
        assert (await client.next())["type"] == "delete"
    assert await titles(livelog) == ["a"]


async def test_a_feed_that_differs_from_a_followed_one_in_a_secret_alone_stays(tmp_path: Path) -> None:
    feeds = ["https://example.org/feed?token=s3cr3ts3cr3t"]
    (tmp_path / "config.yaml").write_text(json.dumps({"blogs": {"blog": {"feeds": feeds}}}))
    code, output = await command("purge", "https://example.org/feed?token=0th3r0th3r0th3r", cwd=tmp_path)
    assert code == 2
    assert "differs in a secret alone: the entries of both look alike" in output
    assert "3r" not in output
