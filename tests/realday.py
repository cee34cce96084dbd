"""A day of real feeds: `shared/lab/realday.py` on loopback, and a Livelog that follows it.

The feeds are no part of the project: publishers own their texts. Tests that use them are skipped where they are
absent; with CI=true they fail. One start takes about 10 s, so all workers share one, which the first that needs it
starts. Read the blogs, and publish in `live` only, in a desk of your own (`realday.publish("desk", …)`).

    async def test_some_headlines_are_on_the_first_screen(realday: RealDay, visitor: Visitor) -> None:
        page = await visitor.page(viewport={"width": 1280, "height": 900})
        await page.goto(realday.livelog.url("/shipped/"))

`realday.py` lists the blogs in its docstring. Its pictures have real sizes, and their addresses are loopback's.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
import yaml
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from tests.corpus import corpus_if_here
from tests.livelog import Livelog, until
from tests.ports import free_ports


class RealDay:
    """The origin of the feeds at ``base``, and the ``livelog`` that follows them."""

    def __init__(self, base: str, livelog: Livelog) -> None:
        self.base = base
        self.livelog = livelog

    def framed(self, address: str, width: int = 400, height: int = 600) -> str:
        """The address of a page of another site with an iframe of that size."""
        return f"{self.base}/frame?{urlencode({'src': address, 'w': width, 'h': height})}"

    async def publish(self, desk: str, *posts: dict[str, Any]) -> list[str]:
        """Publishes posts (`title`, `html`, `tags`, `author`) in `desk` or `wire`, the sources of `live`.

        Returns the newest ids, at most three.
        """
        return await self._post(desk, "publish", list(posts))

    async def correct(self, desk: str, post_id: str, **changes: Any) -> None:
        """Changes a published post."""
        await self._post(desk, "correct", {"id": post_id, **changes})

    async def withdraw(self, desk: str, post_id: str) -> None:
        """Removes a published post, with a tombstone."""
        await self._post(desk, "withdraw", {"id": post_id})

    async def _post(self, desk: str, action: str, body: object) -> list[str]:
        address = f"{self.base}/live/{desk}/{action}"
        answer = await AsyncHTTPClient().fetch(address, method="POST", body=json.dumps(body))
        ids: list[str] = json.loads(answer.body)
        return ids


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def realday(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RealDay]:
    """A day of real feeds and a Livelog that has fetched each of them. Only reads, and publishing in `live`."""
    program = find_program()
    base = tmp_path_factory.getbasetemp()
    async with _shared_day(program, base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) as day:
        yield day


@asynccontextmanager
async def _shared_day(program: Path, place: Path) -> AsyncIterator[RealDay]:
    """The day that the workers of this run share: the first one starts it, and ends it when no other uses it.

    Each holds a lock while it uses the day, which the system takes back from a worker that dies.
    """
    folder, ready = place / "realday", place / "realday.json"
    async with AsyncExitStack() as ending:
        users = ending.enter_context((place / "realday.users").open("w"))
        await asyncio.to_thread(fcntl.flock, users, fcntl.LOCK_SH)
        try:
            folder.mkdir()
        except FileExistsError:
            await until(ready.exists, seconds=120)
            livelog = Livelog(folder)
            day = json.loads(ready.read_text(encoding="utf-8"))
            livelog.port = day["port"]
            yield RealDay(day["base"], livelog)
            return
        ending.callback(folder.rmdir)
        ending.callback(ready.unlink, missing_ok=True)
        files = ending.enter_context(TemporaryDirectory())
        day = await ending.enter_async_context(followed_day(program, Path(files)))
        written = place / "realday.written"
        written.write_text(json.dumps({"base": day.base, "port": day.livelog.port}), encoding="utf-8")
        written.rename(ready)
        yield day
        await asyncio.to_thread(fcntl.flock, users, fcntl.LOCK_EX)


@asynccontextmanager
async def followed_day(program: Path, folder: Path) -> AsyncIterator[RealDay]:
    """The origin and the Livelog while the context lasts; the Livelog keeps its files in ``folder``."""
    (port,) = free_ports(1)
    base = f"http://127.0.0.1:{port}"
    origin = await _run(program, f"--port={port}")
    livelog = Livelog(folder)
    try:
        await until(lambda: _answers(base))
        printed = await _run(program, f"--port={port}", "--config", stdout=asyncio.subprocess.PIPE)
        config, _ = await printed.communicate()
        path = folder / "config.yaml"
        path.write_text(json.dumps(_fetched_rarely(yaml.safe_load(config))), encoding="utf-8")
        await livelog.run(f"--config={path}", "--port=0")
        for blog in (await livelog.health())["readers"]:
            await until(lambda blog=blog: _is_fetched(livelog, blog), seconds=90)
        yield RealDay(base, livelog)
    finally:
        await livelog.kill()
        origin.kill()
        await origin.wait()
    assert "Traceback" not in livelog.log, livelog.log


def find_program() -> Path:
    """`shared/lab/realday.py` beside the project; skips the test if it is absent, and fails it under CI=true."""
    if (program := program_if_here()) is not None:
        return program
    if os.environ.get("CI") == "true":
        pytest.fail("a day of real feeds (shared/lab/realday.py beside the project) is missing")
    pytest.skip("a day of real feeds (shared/lab/realday.py beside the project) is not here")


def program_if_here() -> Path | None:
    """`shared/lab/realday.py` beside the project, or None where there is none."""
    corpus = corpus_if_here()
    program = corpus.parent / "lab" / "realday.py" if corpus else None
    return program if program and program.exists() else None


def _fetched_rarely(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration with a minute between two fetches of what doesn't change: all but the sources of `live`.

    The origin renews dates with each answer, and reading 85 feeds every 2 s takes most of a core.
    """
    config.setdefault("server", {})["admin"] = "127.0.0.1:0"
    for slug, blog in config["blogs"].items():
        for feed in blog["feeds"] if slug != "live" else ():
            feed["interval"] = "1m"
    return config


async def _run(program: Path, *arguments: str, stdout: int | None = None) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, str(program), *arguments, stdout=stdout)


async def _answers(base: str) -> bool:
    try:
        await AsyncHTTPClient().fetch(f"{base}/site")
    except (OSError, HTTPClientError):
        return False
    return True


async def _is_fetched(livelog: Livelog, blog: str) -> bool:
    """True once each source of a blog was fetched, or cannot be reached."""
    answer = await livelog.json(f"/{blog}/sources")
    return all(source["state"] != "waiting" for source in answer["sources"])
