"""`/<blog>/e/<id>/previous`: an entry before its last correction."""

from __future__ import annotations

import pytest

from tests.site import Site
from tests.timeline.drafts import commit, entry


async def test_it_is_the_item_before_the_correction(site: Site) -> None:
    await commit(site.timeline, entry("abcd", "wrong", content_html="<p>漢字</p>"))
    (shown,) = (await site.json("/blog/entries"))["items"]
    await commit(site.timeline, entry("abcd", "right"))
    answer = await site.get("/blog/e/abcd/previous")
    assert (answer.code, answer.headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert answer.headers["Cache-Control"] == "no-cache", "it may have been corrected once more"
    assert await site.json("/blog/e/abcd/previous") == shown


@pytest.mark.parametrize("path", ["/blog/e/abcd/previous", "/blog/e/zzzz/previous", "/nowhere/e/abcd/previous"])
async def test_an_entry_that_was_never_corrected_is_a_404_in_json(site: Site, path: str) -> None:
    await commit(site.timeline, entry("abcd"))
    answer = await site.get(path, Accept="text/html")
    assert answer.code == 404
    error = (await site.json(path))["error"]
    assert error["status"] == 404
    assert "html" not in answer.headers["Content-Type"]
