"""The `<template id="post">` of live pages: static/post/post.js clones it for each post that arrives.

It is rendered from templates/entry.html, so that arriving posts have the same elements as rendered ones.
"""

from __future__ import annotations

from typing import Any, Final

_TIME: Final = "1970-01-01T00:00:00.000000Z"
_URL: Final = "https://example.org/"

_POST: Final[dict[str, Any]] = {
    "id": "",
    "url": _URL,
    "title": "-",
    "summary": "-",
    "image": _URL,
    "authors": [{"name": "-"}],
    "attachments": [{"url": _URL, "mime_type": "video/"}, {"url": _URL}],
    "_livelog": {
        "source": {"title": ""},
        "position": _TIME,
        "revision": 2,
        "corrected": _TIME,
        "truncated": True,
        "preview": {"text": "-", "minutes": 2},
    },
}

_PODCAST: Final = {**_POST, "attachments": [{"url": _URL, "mime_type": "audio/"}, *_POST["attachments"]]}

PATTERNS: Final = (_POST, _PODCAST)
"""A post and a podcast, with all the parts that one can have, and no id."""
