"""`check`: the configuration is validated, and with --feeds each feed is fetched once and told in a table."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.feeds.documents import rss
from tests.feeds.origins import RawOrigin, raw_origin, whole
from tests.livelog import ROOT
from tests.test_server import command, ended

HUB = (
    '<title>A</title><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.example.org/"/>'
)


@pytest.fixture
async def origin() -> AsyncIterator[RawOrigin]:
    async with raw_origin() as opened:
        yield opened


def configured(folder: Path, feeds: Sequence[Any], **sections: Any) -> None:
    """Writes a configuration of these feeds."""
    text = json.dumps({**sections, "blogs": {"blog": {"feeds": feeds}}})
    (folder / "config.yaml").write_text(text)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_without_feeds_the_configuration_is_validated(tmp_path: Path) -> None:
    configured(tmp_path, ["http://127.0.0.1:1/never-fetched"])
    assert await command("check", cwd=tmp_path) == (0, "config.yaml: good.\n")
    configured(tmp_path, ["ftp://example.org/"])
    code, output = await command("check", cwd=tmp_path)
    assert code == 2
    assert output.startswith("config.yaml:1: blogs.blog.feeds[0]: must be a URL")


async def test_good_feeds_are_told_in_a_table(tmp_path: Path, origin: RawOrigin) -> None:
    first = origin.serve("/a.xml", whole(rss("<title>One</title>", "<title>Two</title>", channel=HUB)))
    second = origin.serve("/b.xml?token=s3cr3ts3cr3t", whole(rss("<title>One</title>")))
    configured(tmp_path, [{"url": first, "interval": "90s"}, second])
    code, printed, _ = await ended("check", "--feeds", cwd=tmp_path)
    assert code == 0
    rows = [re.split(r"\s{2,}", line) for line in printed.splitlines()]
    assert rows == [
        ["config.yaml: good."],
        ["FEED", "STATUS", "ENTRIES", "HUB", "INTERVAL"],
        [first.removeprefix("http://"), "200 OK", "2", "hub.example.org/", "90 seconds"],
        [f"127.0.0.1:{origin.port}/b.xml?token=***", "200 OK", "1", "-", "auto: 60 minutes"],
        ["2 feeds, 0 failing."],
    ]


async def test_a_feed_that_fails_is_told_with_its_remedy(tmp_path: Path, origin: RawOrigin) -> None:
    urls = [
        "http://127.0.0.1:1/refused",
        origin.serve("/401", whole(b"no", status="401 Unauthorized")),
        origin.serve("/page", whole(b"<html><title>A page</title></html>")),
    ]
    configured(tmp_path, urls)
    code, printed, _ = await ended("check", "--feeds", cwd=tmp_path)
    assert code == 1
    lines = printed.splitlines()
    assert lines[3].startswith("  The connection was refused. Check host and port of the address.")
    assert re.match(r"127\.0\.0\.1:\d+/401 +401 Unauthorized +- +- +auto", lines[4])
    assert lines[5].startswith("  The answer was 401 Unauthorized. Set username and password_file, headers or cookie")
    assert lines[7].startswith("  This is a web page, not a feed. Put the address of one of its feeds")
    assert lines[-1] == "3 feeds, 3 failing."


async def test_each_feed_is_fetched_once_and_hosts_are_spared(tmp_path: Path, origin: RawOrigin) -> None:
    asked: list[str] = []
    running = most = 0

    async def slow(writer: asyncio.StreamWriter) -> None:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        asked.append("feed")
        await asyncio.sleep(0.05)
        running -= 1
        writer.write(whole(rss("<title>One</title>")))
        await writer.drain()

    configured(tmp_path, [origin.serve(f"/{n}", slow) for n in range(20)], fetch={"per_host": 2})
    code, printed, _ = await ended("check", "--feeds", cwd=tmp_path)
    assert (code, printed.splitlines()[-1]) == (0, "20 feeds, 0 failing.")
    assert len(asked) == 20
    assert most <= 2
    assert names_in(tmp_path) == ["config.yaml"], "nothing is stored"


async def test_a_host_that_asks_for_a_pause_is_asked_no_more(tmp_path: Path, origin: RawOrigin) -> None:
    pause = whole(b"", "Retry-After: 600", status="429 Too Many Requests")
    configured(tmp_path, [origin.serve(f"/{n}", pause) for n in range(9)], fetch={"per_host": 1})
    code, printed, _ = await ended("check", "--feeds", cwd=tmp_path)
    assert code == 1
    assert printed.count("The answer was 429 Too Many Requests.") == 1
    assert printed.count("Its host asked for a pause when another of its feeds was fetched.") == 8


async def test_a_terminal_shows_the_progress(tmp_path: Path, origin: RawOrigin) -> None:
    configured(tmp_path, [origin.serve(f"/{n}", whole(rss("<title>One</title>"))) for n in range(3)])
    ours, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "server.py"), "check", "--feeds"),
        cwd=tmp_path,
        stderr=terminal,
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert await asyncio.wait_for(process.wait(), 60) == 0
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    os.close(terminal)
    assert shown == "\r1 of 3 feeds\r2 of 3 feeds\r3 of 3 feeds\r\x1b[K"


async def test_feeds_of_a_list_are_fetched_and_a_list_that_fails_is_told(tmp_path: Path, origin: RawOrigin) -> None:
    feed = origin.serve("/a.xml", whole(rss("<title>One</title>")))
    outlines = f'<outline xmlUrl="{feed}"/><outline xmlUrl="ftp://a.example/"/>'
    url = origin.serve("/list", whole(f'<opml version="2.0"><body>{outlines}</body></opml>'.encode()))
    networks = {"private_networks": ["127.0.0.0/8"]}
    (tmp_path / "config.yaml").write_text(json.dumps({"blogs": {"blog": {"opml": url}}, "fetch": networks}))
    code, printed, _ = await ended("check", "--feeds", cwd=tmp_path)
    lines = printed.splitlines()
    assert (code, lines[1]) == (0, f"list 127.0.0.1:{origin.port}/list: 1 feed, 1 left out")
    assert lines[-1] == "1 feed, 0 failing."
    origin.serve("/list", whole(b"<rss/>"))
    code, printed, _ = await ended("check", "--feeds", cwd=tmp_path)
    assert code == 1
    assert "is not OPML: it begins with <rss>. Open the address in a browser, and check opml" in printed
    assert names_in(tmp_path) == ["config.yaml"]
