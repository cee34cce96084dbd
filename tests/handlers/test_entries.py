"""`/<blog>/entries`: JSON Feed documents that lead through all of a blog."""

from __future__ import annotations

from typing import Any

import pytest

from entries import FRONT_PAGE
from tests.livelog import until
from tests.site import Site
from tests.timeline.drafts import NOW, commit, entry


async def missed(site: Site, after: str) -> list[dict[str, Any]]:
    """The messages after a cursor, once the fan-out has received all events."""
    head = str(await site.timeline.head("blog"))

    async def messages() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await site.json(f"/blog/entries?after={after}"))["_livelog"]["messages"]
        return found

    async def is_there() -> bool:
        return bool((await messages())[0]["cursor"] == head)

    await until(is_there)
    return await messages()


async def test_it_is_a_json_feed_document(site: Site) -> None:
    await commit(site.timeline, entry("a", "A title", url="https://example.org/a", content_html="<p>x</p>"))
    answer = await site.get("/blog/entries")
    assert answer.headers["Content-Type"] == "application/feed+json; charset=utf-8"
    document = await site.json("/blog/entries")
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert document["title"] == "A <b>lively</b> blog"
    assert document["home_page_url"] == "https://live.example.org/blog/"
    assert "next_url" not in document
    assert document["_livelog"]["cursor"] == str(await site.timeline.head("blog"))
    (item,) = document["items"]
    assert item == {
        "id": "a",
        "url": "https://example.org/a",
        "title": "A title",
        "content_html": "<p>x</p>",
        "_livelog": {
            "source": {"title": "Example", "feed_url": "https://example.org/feed.xml"},
            "position": "2027-01-15T08:00:00.000000Z",
            "seen": "2027-01-15T08:00:00.000000Z",
            "revision": 1,
        },
    }


async def test_next_url_leads_through_all_entries_once(site: Site) -> None:
    await commit(site.timeline, *(entry(f"e{n:03}", at=NOW + n) for n in range(25)))
    path, seen = "/blog/entries?limit=10", []
    while path:
        document = await site.json(path)
        seen += [item["id"] for item in document["items"]]
        path = document.get("next_url", "").removeprefix("https://live.example.org")
    assert seen == [f"e{n:03}" for n in reversed(range(25))]


async def test_without_a_limit_it_is_a_front_page(site: Site) -> None:
    await commit(site.timeline, *(entry(f"e{n:03}", at=NOW + n) for n in range(FRONT_PAGE + 1)))
    assert len((await site.json("/blog/entries"))["items"]) == FRONT_PAGE


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=", "limit=1e9", "before=z"])
async def test_an_invalid_parameter_is_a_400(site: Site, query: str) -> None:
    answer = await site.get(f"/blog/entries?{query}", Accept="text/html")
    assert answer.code == 400
    assert (await site.json(f"/blog/entries?{query}"))["error"]["status"] == 400


async def test_after_a_cursor_it_has_the_messages_that_a_connection_would_receive(site: Site) -> None:
    await commit(site.timeline, entry("known"), entry("doomed"))
    after = str(await site.timeline.head("blog"))
    await commit(site.timeline, entry("known", "corrected"), entry("new"), withdrawn=[("blog", "doomed")])
    hello, *changes = await missed(site, after)
    head = str(await site.timeline.head("blog"))
    assert hello == {"type": "hello", "cursor": head, "recovered": True, "missed": 3}
    types = [(change["type"], change.get("id") or change["item"]["id"]) for change in changes]
    assert types == [("update", "known"), ("entry", "new"), ("delete", "doomed")]
    assert changes[-1]["cursor"] == head


async def test_after_the_last_event_there_is_only_a_hello(site: Site) -> None:
    await commit(site.timeline, entry("a"))
    head = str(await site.timeline.head("blog"))
    assert await missed(site, head) == [{"type": "hello", "cursor": head, "recovered": True, "missed": 0}]
    document = await site.json(f"/blog/entries?after={head}")
    assert document["items"] == []
    assert document["feed_url"] == "https://live.example.org/blog/entries"


@pytest.mark.parametrize("after", ["", "nonsense", "a.1", "%FF%FE", "%22", "x" * 3_000])
async def test_an_invalid_cursor_gets_a_reset(site: Site, after: str) -> None:
    await commit(site.timeline, entry("a"))
    hello, reset = await missed(site, after)
    assert hello["recovered"] is False
    assert (reset["type"], reset["gap"]["reason"]) == ("reset", "epoch")
    assert [item["id"] for item in reset["items"]] == ["a"]


async def test_an_answer_that_has_not_changed_is_not_sent_again(site: Site) -> None:
    path = f"/blog/entries?after={await site.timeline.head('blog')}"
    first = await site.get(path)
    again = await site.get(path, If_None_Match=first.headers["ETag"])
    assert (again.code, again.body) == (304, b"")


async def test_it_takes_the_filter_of_a_page_and_its_next_url_keeps_it(site: Site) -> None:
    of_a_tag = (entry(f"e{n:03}", at=NOW + n, tags=("tide",) if n % 2 else ("Café",)) for n in range(25))
    await commit(site.timeline, *of_a_tag)
    path, seen = "/blog/entries?limit=5&q=cafe&tag=tide&tag=Caf%C3%A9&source=Example", []
    while path:
        document = await site.json(path)
        seen += [item["id"] for item in document["items"]]
        path = document.get("next_url", "").removeprefix("https://live.example.org")
    assert seen == [f"e{n:03}" for n in reversed(range(25)) if n % 2 == 0]


async def test_scripts_of_other_sites_may_read_it(site: Site) -> None:
    await commit(site.timeline, entry("a"))
    for path in ("/blog/entries", f"/blog/entries?after={await site.timeline.head('blog')}"):
        assert (await site.get(path)).headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Origin" not in (await site.get("/blog/")).headers
