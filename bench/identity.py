"""The identity rule on the corpus: real feeds, served again in other ways, repeat nothing and correct nothing.

Each file is served as it is, again, reordered with one entry changed, with http and https exchanged, and under
another host; each document is committed to both stores. Pictures' hosts are left alone, as are links to other sites.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from bench.report import show
from feeds.parser.document import Document, NotAFeedError, Reading, parse
from feeds.parser.link_keys import host_of
from tests.corpus import corpus_if_here
from tests.feeds.serving import ServedFeed
from tests.redis import RedisServer
from timeline import Timeline, open_timeline

CHANGED = "Changed in this document alone"
CHANGES_ONE = "reordered, one entry changed"


class Outcome(NamedTuple):
    """Events of a step: an ``entry`` is a duplicate, an ``update`` a correction, of which ``expected`` are right."""

    file: str
    step: str
    duplicates: int
    corrections: int
    expected: int


async def run() -> None:
    """Print duplicates and corrections of each step and store."""
    corpus = corpus_if_here()
    if corpus is None:
        print("identity: skipped, the corpus of feeds (shared/feeds beside the project) is not here")
        return
    files = [(path.name, path.read_bytes()) for path in sorted((corpus / "open").iterdir())]
    for store in ("sqlite", "redis"):
        if store == "redis" and not shutil.which("redis-server"):
            print("identity in Redis: skipped, redis-server is not here")
            continue
        async with _opened(store) as timeline:
            outcomes = [outcome for file in files for outcome in await serve_again(timeline, *file)]
        _report(store, len(files), outcomes)


def _report(store: str, count: int, outcomes: list[Outcome]) -> None:
    totals: Counter[tuple[str, str]] = Counter()
    for one in outcomes:
        totals[one.step, "duplicates"] += one.duplicates
        totals[one.step, "corrections"] += one.corrections
        totals[one.step, "expected"] += one.expected
    rows = [
        (
            step,
            f"{totals[step, 'duplicates']} duplicates, {totals[step, 'corrections']} corrections "
            f"(right: 0 and {totals[step, 'expected']})",
        )
        for step in dict.fromkeys(one.step for one in outcomes)
    ]
    show(f"identity in {store}: {count} real feeds, served again in other ways", *rows)
    for one in outcomes:
        if one.duplicates or one.corrections != one.expected:
            print(f"    {one.file}, {one.step}: {one.duplicates} duplicates, {one.corrections} corrections")


async def serve_again(timeline: Timeline, name: str, body: bytes) -> list[Outcome]:
    """Commits a document to a blog of its own, and then each of its variations; returns the outcomes of these."""
    feed = ServedFeed(timeline, re.sub("[^a-z0-9]+", "-", name.lower()))
    try:
        document = parse(Reading(body=body, url=feed.url, base=feed.url))
    except NotAFeedError:
        return []
    await feed.serve(body)
    outcomes = []
    for step, serve in _steps(document).items():
        body = serve(body)
        kinds = Counter(kind for kind, _ in await feed.serve(body))
        expected = int(step == CHANGES_ONE and CHANGED.encode() in body)
        outcomes.append(Outcome(name, step, kinds["entry"], kinds["update"], expected))
    return outcomes


def _steps(document: Document) -> dict[str, Callable[[bytes], bytes]]:
    """Ways to serve a document again, by name."""
    hosts = Counter(host_of(entry.url or "") for entry in document.entries)
    home = {host_of(document.site_url or ""), *(host for host, n in hosts.items() if 2 * n > len(document.entries))}
    return {
        "as it is": bytes,
        CHANGES_ONE: reordered,
        "http and https exchanged": other_scheme,
        "under another host": lambda body: other_host(body, home - {""}),
    }


def reordered(body: bytes) -> bytes:
    """The document with its entries in the reverse order, and another title of the first that has one."""
    item = re.compile(rb"<(item|entry)\b.*?</\1>\s*", re.DOTALL)
    items = [found[0] for found in item.finditer(body)]
    if len(items) < 2:
        return _reordered_json(body)
    items[0] = re.sub(
        rb"(<title\b[^>]*>)(<!\[CDATA\[)?", lambda found: found[0] + CHANGED.encode() + b" ", items[0], count=1
    )
    rest = iter(items[::-1])
    return item.sub(lambda _: next(rest), body)


def _reordered_json(body: bytes) -> bytes:
    try:
        feed = json.loads(body)
    except ValueError:
        return body
    items = (feed.get("rss", {}).get("channel", {}).get("item") if "rss" in feed else feed.get("items")) or []
    named = next((item for item in items if item.get("title")), None)
    if named:
        named["title"] = f"{CHANGED} {named['title']}"
    items.reverse()
    return json.dumps(feed).encode()


def other_scheme(body: bytes) -> bytes:
    """The document with each http address as https, and each https address as http, except names of XML."""
    names = re.compile(rb"""(xmlns(?::[\w-]+)?\s*=\s*["'][^"']*["'])|(https?)(://)""")

    def swap(found: re.Match[bytes]) -> bytes:
        return found[1] or (b"http" if found[2] == b"https" else b"https") + found[3]

    return names.sub(swap, body)


def other_host(body: bytes, hosts: set[str]) -> bytes:
    """The document with other hosts of its own site."""
    for host in sorted(hosts, key=len, reverse=True):
        name = host.encode()
        body = re.sub(
            rb"(?:(?<![\w.-])|(?<=\\u003e))(www\.)?" + re.escape(name) + rb"(?![\w-])", b"moved-" + name, body
        )
    return body


@asynccontextmanager
async def _opened(store: str) -> AsyncIterator[Timeline]:
    with TemporaryDirectory() as folder:
        redis = RedisServer(Path(folder)) if store == "redis" else None
        if redis:
            await asyncio.to_thread(redis.start)
        timeline = await open_timeline(redis.url if redis else f"sqlite:{folder}/livelog.db")
        try:
            yield timeline
        finally:
            await timeline.close()
            if redis:
                redis.stop()
