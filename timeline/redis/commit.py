"""One commit as keys and arguments of timeline/redis/scripts/commit.lua."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from entries import FRONT_PAGE, MAX_ALIASES, VERSIONED_DIGEST_CHARS, Entry, dump, from_micros
from feedstate import FeedState
from timeline.feed_jobs import Lease
from timeline.redis.pushes import PUSH_KEYS
from timeline.redis.schema import blog_keys

_FEED_KEYS = ("feeds", "due", "fences", "leases", "failing", "heads", "listed", "pauses", *PUSH_KEYS)


def commit_call(
    state: FeedState, entries: Sequence[Entry], lease: Lease, withdrawn: Sequence[tuple[str, str]]
) -> tuple[list[str], list[str]]:
    """Keys and arguments of a commit: the commit as JSON, the marks, and the body of each entry's item."""
    blogs = list(dict.fromkeys([*(entry.blog for entry in entries), *(blog for blog, _ in withdrawn)]))
    number = {blog: n + 1 for n, blog in enumerate(blogs)}
    commit = {
        "url": lease.url,
        "fence": str(lease.fence),
        "state": state.to_json(),
        "due": repr(state.next_at),
        "at": repr(state.changed_at),
        "corrected": from_micros(int(state.changed_at * 1_000_000)),
        "pushes": lease.pushes[-1].number if lease.pushes else 0,
        "failing": state.failures > 0,
        "front_page": FRONT_PAGE,
        "max_aliases": MAX_ALIASES,
        "versioned_digest": VERSIONED_DIGEST_CHARS,
        "blogs": blogs,
        "entries": [_entry(entry, number[entry.blog]) for entry in entries],
        "withdrawn": [[number[blog], key] for blog, key in withdrawn],
    }
    listed = state.listed.to_json() if state.listed is not lease.state.listed else ""
    keys = [*_FEED_KEYS, *(key for blog in blogs for key in blog_keys(blog))]
    return keys, [dump(commit), listed, *(entry.item_body() for entry in entries)]


def _entry(entry: Entry, blog: int) -> dict[str, Any]:
    """The data of an entry that the script needs, besides the body of its item."""
    return {
        "blog": blog,
        "keys": entry.keys,
        "via": entry.details.via,
        "digest": entry.digest,
        "is_correction": entry.is_correction,
        "score": str(entry.position),
        "position": from_micros(entry.position),
        "seen": from_micros(entry.seen),
        "backfilled": entry.backfilled,
    }
