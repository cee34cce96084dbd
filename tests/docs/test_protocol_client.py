"""The Python client of docs/protocol.md: short, and it resumes and treats gaps as the page says."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from demo.newsroom import Desk, Newsroom
from tests.docs.documents import ROOT, blocks
from tests.livelog import Livelog, until

MAX_LINES = 30


class Program:
    """The documented client, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self, blog: str) -> None:
        """Starts, and waits for its first message."""
        self.lines.clear()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "client.py", blog, cwd=self.folder, stdout=asyncio.subprocess.PIPE
        )
        self._reading = asyncio.create_task(self._read())
        await until(lambda: self.lines)

    async def stop(self) -> None:
        """Ends it, if it runs."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._reading:
            await self._reading

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.lines.append(line.decode().strip())


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Program]:
    """The program of the document, yet to be started."""
    (block,) = blocks(ROOT / "docs" / "protocol.md", "python")
    folder = tmp_path / "client"
    folder.mkdir()
    (folder / "client.py").write_text(block.text, encoding="utf-8")
    program = Program(folder)
    yield program
    await program.stop()


def every_second(desk: Desk) -> list[dict[str, str]]:
    return [{"url": desk.url, "interval": "1s"}]


async def shown(livelog: Livelog, title: str) -> None:
    """Waits until the blog lists a post."""

    async def listed() -> bool:
        return any(item.get("title") == title for item in await livelog.entries())

    await until(listed)


def test_it_has_at_most_30_lines() -> None:
    (block,) = blocks(ROOT / "docs" / "protocol.md", "python")
    assert len(block.text.splitlines()) <= MAX_LINES


async def test_it_prints_new_corrected_and_withdrawn_posts(
    livelog: Livelog, newsroom: Newsroom, client: Program
) -> None:
    desk = newsroom.open_desk("/a.xml", title="A", format="atom")
    desk.publish(title="There before")
    await livelog.start({"blog": every_second(desk)})
    await shown(livelog, "There before")
    await client.start(livelog.url("/blog"))
    post = desk.publish(title="Vote at nine")
    await until(lambda: "entry Vote at nine" in client.lines)
    desk.correct(post.guid, title="Vote at ten")
    await until(lambda: "update Vote at ten" in client.lines)
    desk.withdraw(post.guid)
    await until(lambda: any(line.startswith("delete ") for line in client.lines))
    assert "There before" not in " ".join(client.lines)


@pytest.mark.parametrize("ends", ["server", "client"])
async def test_it_resumes_at_its_cursor(livelog: Livelog, newsroom: Newsroom, client: Program, ends: str) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="First")
    blogs = {"blog": every_second(desk)}
    await livelog.start(blogs)
    await shown(livelog, "First")
    await client.start(livelog.url("/blog"))
    if ends == "client":
        await client.stop()
    else:
        await livelog.kill()
    desk.publish(title="Meanwhile 1")
    desk.publish(title="Meanwhile 2")
    if ends == "client":
        await shown(livelog, "Meanwhile 2")
        await client.start(livelog.url("/blog"))
    else:
        await livelog.start(blogs)
    await until(lambda: "entry Meanwhile 2" in client.lines)
    entries = [line for line in client.lines if line.startswith("entry")]
    assert entries == ["entry Meanwhile 1", "entry Meanwhile 2"]
    assert not any(line.startswith("gap") for line in client.lines)


async def test_it_tells_of_a_gap_and_takes_the_newest_posts(
    livelog: Livelog, newsroom: Newsroom, client: Program
) -> None:
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="First")
    blogs = {"blog": every_second(desk)}
    await livelog.start(blogs)
    await shown(livelog, "First")
    await client.start(livelog.url("/blog"))
    await livelog.kill()
    for file in livelog.folder.glob("livelog.db*"):
        file.unlink()
    await livelog.start(blogs)
    await until(lambda: "gap: epoch" in client.lines)
    await until(lambda: "entry First" in client.lines)
