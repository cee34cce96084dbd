"""Lighthouse on a day of real feeds: accessibility, best practices, SEO, and performance on a phone.

`make lighthouse` installs Lighthouse and runs it. Its version is pinned in package-lock.json of this folder.
"""

from __future__ import annotations

import json
import os
from asyncio.subprocess import PIPE, create_subprocess_exec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.report import at_least, show
from demo.chromium import chromium
from tests.livelog import until
from tests.realday import RealDay, followed_day, program_if_here

BLOGS: Final = ("shipped", "news", "live")

LEAST: Final = {"accessibility": 100, "best-practices": 100, "seo": 100, "performance": 98}
"""The lowest score of each category; Lighthouse's default profile is a phone on a slow network."""

LIVE_POSTS: Final = 30
"""Posts of `live`, which is empty at first."""

_PROGRAM: Final = Path(__file__).parent / "node_modules" / "lighthouse" / "cli" / "index.js"
_FLAGS: Final = "--headless=new --no-sandbox --disable-gpu"


async def run() -> None:
    """Print the scores and the audits that failed. Raises AssertionError if something is missing."""
    browser = chromium()
    feeds = program_if_here()
    assert browser, "Chromium is needed: apt-get install chromium"
    assert _PROGRAM.exists(), "Lighthouse is needed: make lighthouse"
    assert feeds, "a day of real feeds (shared/lab/realday.py beside the project) is needed"
    with TemporaryDirectory() as folder:
        async with followed_day(feeds, Path(folder)) as day:
            await _publish(day)
            for blog in BLOGS:
                _show(blog, await _audited(day.livelog.url(f"/{blog}/"), browser))


async def _publish(day: RealDay) -> None:
    """Fills `live` with short posts."""
    words = "The vote count in the northern districts goes on; turnout is above that of four years ago. "
    posts = [{"title": f"Update {number} from the count", "html": words * 3} for number in range(LIVE_POSTS)]
    await day.publish("desk", *posts)

    async def listed() -> bool:
        return len((await day.livelog.json("/live/entries?limit=50"))["items"]) >= LIVE_POSTS

    await until(listed)


async def _audited(url: str, browser: str) -> Any:
    """The report of Lighthouse, as it prints it in JSON."""
    process = await create_subprocess_exec(
        "node",
        str(_PROGRAM),
        url,
        "--quiet",
        "--output=json",
        f"--chrome-flags={_FLAGS}",
        f"--only-categories={','.join(LEAST)}",
        env={**os.environ, "CHROME_PATH": browser},
        stdout=PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, f"Lighthouse failed on {url}"
    return json.loads(printed)


def _show(blog: str, report: Any) -> None:
    rows = []
    for name, least in LEAST.items():
        category = report["categories"][name]
        failed = [audit["id"] for audit in category["auditRefs"] if _failed(report, audit)]
        rows.append((name, at_least(category["score"] * 100, least, ".0f"), ", ".join(failed)))
    show(f"lighthouse: {blog}", ("", "score", "audits below 100"), *rows)


def _failed(report: Any, audit: Any) -> bool:
    score = report["audits"][audit["id"]]["score"]
    return bool(audit["weight"]) and score is not None and score < 1
