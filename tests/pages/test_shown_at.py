"""A post that was found late shows its own time, and stays where it was announced."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pages.shown_at import shown_at
from tests.site import Site
from tests.timeline.drafts import NOW, commit, entry

CASES = json.loads(Path(__file__).with_name("shown_at.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("published", "position", "expected"), CASES)
def test_a_late_post_shows_its_own_time(published: str | None, position: str, expected: str) -> None:
    assert shown_at({"date_published": published, "_livelog": {"position": position}}) == expected


def at(hours: float) -> Any:
    return datetime.fromtimestamp(NOW - hours * 3600, UTC)


@pytest.mark.parametrize("path", ["/blog/", "/blog/?view=list", "/blog/?view=wall", "/blog/embed", "/blog/e/lateone"])
async def test_every_view_shows_the_own_time_of_a_late_post_at_its_position(site: Site, path: str) -> None:
    await commit(site.timeline, entry("first", at=NOW - 60), entry("lateone", at=NOW, published=at(5)))
    page = (await site.get(path)).body.decode()
    own = at(5).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert f'datetime="{own}"' in page
    assert page.index('data-id="lateone"') < page.index('data-id="first"'), "newest first by what was announced"


async def test_items_keep_both_times(site: Site) -> None:
    await commit(site.timeline, entry("lateone", at=NOW, published=at(5)))
    (item,) = (await site.json("/blog/entries"))["items"]
    assert item["date_published"] == at(5).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert item["_livelog"]["position"] > item["date_published"]
