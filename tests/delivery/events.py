"""Events of a blog for the tests of this folder."""

from __future__ import annotations

import json
from typing import Any, Literal

from config import Blog, Config
from entries import Cursor, Event

SEEN = "2026-11-30T12:00:00.000000Z"


def item(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A post as a store has it."""
    about = {
        "position": SEEN,
        "seen": SEEN,
        "revision": 1,
        "source": {"title": "The Source - News", "feed_url": "https://f.example/rss"},
    }
    return {
        "id": f"id{number}",
        "url": f"https://a.example/{number}",
        "title": f"Post {number}",
        "content_html": f"<p>The text of {number}.</p>",
        "date_published": "2026-11-30T11:58:00Z",
        **changes,
        "_livelog": {**about, **changes.get("_livelog", {})},
    }


def event(number: int = 1, kind: Literal["entry", "update", "delete"] = "entry", **changes: Any) -> Event:
    """An event of the blog `news` with the post of that number."""
    text = None if kind == "delete" else json.dumps(item(number, **changes))
    return Event("news", Cursor("e", number), kind, f"id{number}", text)


def blog(*webhooks: Any, **keys: Any) -> Blog:
    """The blog `news` with these webhooks, each as config.yaml has it."""
    return Blog.model_validate({"slug": "news", "title": "The News", "webhooks": webhooks, **keys})


def config(*webhooks: Any, **keys: Any) -> Config:
    """A configuration of that blog alone, at https://live.example."""
    return Config.model_validate(
        {"server": {"public_url": "https://live.example"}, "blogs": [blog(*webhooks, **keys)]}
    )
