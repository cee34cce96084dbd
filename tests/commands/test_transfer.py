"""`backup`, `restore` and `copy`: under load, with clients that know more, and killed at any moment."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from demo.newsroom import Newsroom
from tests import warm
from tests.livelog import PATIENCE, ROOT, Livelog
from tests.redis import RedisServer
from tests.test_live import every_second, listed
from tests.test_server import command
from tests.timeline.drafts import commit, entry, titles
from tests.timeline.test_same_history import fresh
from tests.timeline.test_transfer import beside, check_events


def configured(folder: Path, store: str, **sections: Any) -> None:
    """Writes a config.yaml with a blog without feeds."""
    config = {"store": store, "blogs": {"blog": {}}, **sections}
    (folder / "config.yaml").write_text(json.dumps(config))


@asynccontextmanager
async def committing(store: str) -> AsyncIterator[None]:
    """A process that commits to a store all the time."""
    process = await asyncio.create_subprocess_exec(
        "setpriv",
        *("--pdeathsig", "KILL", sys.executable, "-m", "tests.timeline.committing", store),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert await asyncio.wait_for(process.stdout.readline(), PATIENCE)
        yield
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0, "the backup held no commit up for long"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def killed(moment: Callable[[], object], *arguments: str, cwd: Path) -> None:
    """Runs a command, and kills it (SIGKILL) once something is true, unless it has ended before."""
    process = await warm.start(*arguments, cwd=cwd, stderr=asyncio.subprocess.DEVNULL)
    while process.returncode is None:
        if moment():
            break
        await asyncio.sleep(0)
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    await process.wait()


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
async def test_backups_of_a_store_that_is_written_to_all_the_time(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    store = f"sqlite:{tmp_path / 'livelog.db'}"
    if kind == "redis":
        store = request.getfixturevalue("redis").url
    configured(tmp_path, store)
    heads = []
    async with committing(store):
        for n in range(3):
            code, output = await command("backup", f"{n}.db", cwd=tmp_path)
            assert code == 0, output
            heads.append(check_events(tmp_path / f"{n}.db"))
    assert heads == sorted(set(heads)), "each has more events than the one before"
    code, output = await command("restore", "1.db", f"--store=sqlite:{tmp_path / 'new.db'}", cwd=tmp_path)
    assert code == 0, output
    async with fresh(f"sqlite:{tmp_path / 'new.db'}") as timeline:
        assert (await timeline.head("blog")).seq == heads[1]


async def test_clients_that_know_more_than_the_backup_get_a_reset(livelog: Livelog, newsroom: Newsroom) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    feeds = {"blog": [every_second(desk.url)]}
    await livelog.start(feeds)
    desk.publish(title="Before the backup")
    await listed(livelog, 1)
    code, output = await command("backup", "backup.db", cwd=livelog.folder)
    assert (code, output) == (0, "backup.db: 1 entry of 1 blog, and 1 feed.\n")
    desk.publish(title="After the backup")
    await listed(livelog, 2)
    async with livelog.client() as client:
        cursor = (await client.next())["cursor"]
    code, output = await command("restore", "backup.db", cwd=livelog.folder)
    assert (code, output) == (
        1,
        f"livelog restore: {livelog.database}: another Livelog (process {livelog.pid}) uses this database: "
        "stop it first\n",
    )
    await livelog.stop()
    code, output = await command("restore", "backup.db", cwd=livelog.folder)
    (kept,) = [one for one in beside(livelog.database) if "before-restore" in one.name]
    assert (code, output) == (
        0,
        f"sqlite:{livelog.database}: 1 entry of 1 blog, and 1 feed.\nThe former state is kept: {kept}\n",
    )
    await livelog.start(feeds)
    await listed(livelog, 2)
    async with livelog.client(after=cursor) as client:
        hello, reset = await client.take(2)
    assert (hello["recovered"], reset["type"]) == (False, "reset")
    assert reset["gap"] == {"after": cursor, "reason": "epoch"}
    assert {item["title"] for item in reset["items"]} == {"Before the backup", "After the backup"}
    assert "earlier copy" not in livelog.log


async def big(store: str, *names: str) -> None:
    """Fills a store with some MB, and entries of these names."""
    async with fresh(store) as timeline:
        for n in range(4):
            await commit(timeline, *(entry(f"{n}x{m}", "x" * 9_000) for m in range(200)))
        await commit(timeline, *map(entry, names))


def has(size: int, path: Path) -> bool:
    return path.exists() and path.stat().st_size >= size


@pytest.mark.parametrize("size", [0, 1, 1_000_000])
async def test_a_killed_backup_leaves_the_former_file(tmp_path: Path, size: int) -> None:
    store, file = f"sqlite:{tmp_path / 'livelog.db'}", tmp_path / "backup.db"
    configured(tmp_path, store)
    await big(store)
    file.write_text("the former one")
    partial = tmp_path / "backup.db.partial"
    await killed(lambda: has(size, partial), "backup", "backup.db", "--force", cwd=tmp_path)
    assert file.read_bytes() == b"the former one"
    code, output = await command("backup", "backup.db", "--force", cwd=tmp_path)
    assert code == 0, output
    assert [one.name for one in beside(file)] == ["backup.db"]
    check_events(file)


@pytest.mark.parametrize("sign", ["livelog.db.partial", "livelog.db.before-restore-*"])
async def test_a_killed_restore_leaves_one_state_or_the_other(tmp_path: Path, sign: str) -> None:
    store = f"sqlite:{tmp_path / 'livelog.db'}"
    configured(tmp_path, store)
    await big(store, "before")
    assert (await command("backup", "backup.db", cwd=tmp_path))[0] == 0
    async with fresh(store) as timeline:
        await commit(timeline, entry("after"))
        head = await timeline.head("blog")
    await killed(lambda: [*tmp_path.glob(sign)], "restore", "backup.db", cwd=tmp_path)
    async with fresh(store) as timeline:
        former = await timeline.entry("blog", "after") is not None
        assert await timeline.entry("blog", "before")
        assert ((await timeline.head("blog")) == head) is former
    assert (await command("restore", "backup.db", cwd=tmp_path))[0] == 0
    async with fresh(store) as timeline:
        assert await timeline.entry("blog", "after") is None


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
async def test_a_killed_copy_leaves_an_empty_target_or_all(tmp_path: Path, redis: RedisServer, kind: str) -> None:
    store = f"sqlite:{tmp_path / 'livelog.db'}"
    target = f"sqlite:{tmp_path / 'new.db'}" if kind == "sqlite" else redis.url
    await big(store, "last")

    def has_begun() -> bool:
        return bool([*tmp_path.glob("new.db.partial")] if kind == "sqlite" else redis.ask("KEYS", "*staged*"))

    await killed(has_begun, "copy", store, target, cwd=tmp_path)
    code, output = await command("copy", store, target, cwd=tmp_path)
    assert code == 0 or "not empty" in output or "exists" in output
    async with fresh(target) as timeline:
        assert await timeline.entry("blog", "last")
    assert not redis.ask("KEYS", "*staged*")


async def test_a_copy_says_what_it_cannot_do(tmp_path: Path) -> None:
    secret = "s3cr3ts3cr3t"
    code, output = await command("copy", "livelog.db", f"redis://:{secret}@127.0.0.1:1/0", cwd=tmp_path)
    assert (code, output) == (2, "command line: FROM: must be sqlite:PATH or redis://HOST:PORT/DB\n")
    code, output = await command("copy", "sqlite:none.db", f"redis://:{secret}@127.0.0.1:1/0", cwd=tmp_path)
    assert code == 1
    assert output.startswith("livelog copy: redis://127.0.0.1:1/0: ")
    assert output.count("\n") == 1
    assert secret not in output


async def test_a_copy_of_a_store_in_use_says_so(livelog: Livelog) -> None:
    await livelog.start({"blog": []})
    copied = livelog.folder / "copied.db"
    code, output = await command("copy", f"sqlite:{livelog.database}", f"sqlite:{copied}", cwd=livelog.folder)
    assert code == 0
    assert "The source is in use: entries of the meantime are not in the copy.\n" in output
    async with fresh(f"sqlite:{copied}") as timeline:
        assert await titles(timeline) == []
