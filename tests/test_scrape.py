"""A web page without a feed, end to end: a new entry on it reaches a reader, and a redesign reaches the operator."""

from __future__ import annotations

import json
from typing import Any

from tests.feeds.origins import raw_origin, whole
from tests.livelog import Livelog, until


async def test_a_page_is_followed_like_a_feed(livelog: Livelog) -> None:
    async with raw_origin() as origin:

        def publish(*names: str) -> str:
            items = "".join(f"<li><a href='{name}'>{name}</a> <p>About {name}" for name in names)
            return origin.serve("/news/", whole(f"<title>City</title><ul class=news>{items}</ul>".encode()))

        feed = {"url": publish("one"), "interval": "1s", "scrape": {"list": ".news li", "text": "p"}}
        await livelog.start({"blog": [feed]})
        async with livelog.client() as client:
            await client.next()
            publish("two", "one")
            item = (await client.next())["item"]
            while item["title"] != "two":
                item = (await client.next())["item"]
        assert (item["url"], item["content_html"]) == (origin.url("/news/two"), "About two")
        assert item["_livelog"]["source"]["title"] == "City"
        assert b'type="HTML+XPath"' in (await livelog.get("/blog/feeds.opml")).body

        origin.serve("/news/", whole(b"<p>We have a new design."))

        async def source() -> dict[str, Any]:
            report = json.loads((await livelog.admin("/status", Accept="application/json")).body)
            found: dict[str, Any] = report["sources"][0]
            return found if found["problem"] else {}

        await until(source)
        told = await source()
        assert (told["cause"], told["problem"]) == (
            "scrape",
            "scrape.list, “.news li”, selects nothing on this page.",
        )
        assert [entry["title"] for entry in await livelog.entries()] == ["two", "one"]
        public = (await livelog.get("/blog/sources")).body + (await livelog.get("/blog/")).body
        assert b"scrape" not in public
