"""The blog as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

from __future__ import annotations

import json
from typing import Any

from tests.pages.feeds_out.documents import SITE, blog, document, item
from tests.timeline.drafts import NOW
from timeline import Withdrawal


def feed(*items: str, **more: Any) -> Any:
    return json.loads(document("json", *items, **more))


def test_items_are_those_that_are_stored() -> None:
    stored = item("abc", "Title", url="https://example.org/a", tags=("tide",))
    assert feed(stored)["items"] == [json.loads(stored)]


def test_the_head_names_the_page_the_document_and_the_hub() -> None:
    head = feed()
    assert head["version"] == "https://jsonfeed.org/version/1.1"
    assert head["title"] == "News & <b>more</b>"
    assert head["home_page_url"] == f"{SITE}/blog/"
    assert head["feed_url"] == f"{SITE}/blog/feed.json"
    assert head["hubs"] == [{"type": "WebSub", "url": f"{SITE}/hub"}]
    assert head["items"] == []
    assert feed(of=blog(language="zh"))["language"] == "zh-CN"


def test_withdrawn_items_are_listed() -> None:
    gone = feed(item(), withdrawn=[Withdrawal("gone", NOW)])["_livelog"]["withdrawn"]
    assert gone == [{"id": "gone", "at": "2027-01-15T08:00:00.000000Z"}]
