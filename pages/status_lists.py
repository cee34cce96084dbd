"""The lists of feeds for the operator: how many feeds each has, and why one cannot be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redaction
import remedies
from config import Config
from opml.lists import FeedList, id_of
from remedies import Advice


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A list that blogs follow. Times are Unix seconds, 0 for never; ``address`` has no secrets and no scheme."""

    key: str
    address: str
    blogs: Sequence[str]
    feeds: int
    left_out: int
    excess: int
    problem: str | None
    advice: Advice | None
    since: float
    failures: int
    last_read: float
    next_try: float


def rows(config: Config, lists: Mapping[str, FeedList], now: float) -> list[ListRow]:
    """The lists of a configuration, failing ones first."""
    blogs: defaultdict[str, list[str]] = defaultdict(list)
    for blog in config.blogs:
        if blog.opml:
            blogs[blog.opml].append(blog.slug)
    made = [_row(url, named, lists.get(id_of(url), FeedList()), now) for url, named in blogs.items()]
    return sorted(made, key=lambda row: (row.problem is None, row.address))


def _row(url: str, blogs: Sequence[str], known: FeedList, now: float) -> ListRow:
    return ListRow(
        key=id_of(url),
        address=redaction.public_url(url).partition("://")[2],
        blogs=blogs,
        feeds=len(known.feeds),
        left_out=known.left_out,
        excess=known.excess,
        problem=known.problem and redaction.public_text(known.problem),
        advice=remedies.for_list(known.problem, known.status),
        since=min(known.failing_since, now),
        failures=known.failures,
        last_read=min(known.ok_at, now),
        next_try=known.next_at,
    )


def as_json(row: ListRow, iso: Any) -> dict[str, Any]:
    """A row for programs."""
    return {
        "list": row.address,
        "blogs": list(row.blogs),
        "feeds": row.feeds,
        "left_out": row.left_out,
        "excess": row.excess,
        "state": "failing" if row.problem else "ok" if row.last_read else "waiting",
        "problem": row.problem,
        **remedies.as_json(row.advice),
        "since": iso(row.since),
        "failures": row.failures,
        "last_read": iso(row.last_read),
        "next_try": iso(row.next_try),
    }
