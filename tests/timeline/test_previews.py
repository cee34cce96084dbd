"""Long entries that an earlier version stored are read with a preview; the next poll brings no update."""

from __future__ import annotations

import json
from dataclasses import replace

from entries import Cursor, Event, Preview
from tests.timeline.drafts import NOW, commit, entry
from timeline import Timeline, before_token

SUMMARY = "Ferries: " + "they sail again. " * 3
LONG = entry("long", content_html=f"<p>{'harbour ' * 300}</p>", summary=SUMMARY)
SHORT = entry("short", content_html="<p>Short.</p>", at=NOW - 1)
PREVIEW = {"text": SUMMARY.strip(), "minutes": 2}


async def test_every_way_to_read_an_entry_has_its_preview(timeline: Timeline) -> None:
    watched = timeline.watch(["blog"])
    await anext(watched)
    assert await commit(timeline, SHORT, LONG) == 2
    page = await timeline.page("blog", None, 10)
    newer = await timeline.newer("blog", before_token(0, "0"), 10)
    replay = await timeline.replay("blog", Cursor((await timeline.head("blog")).epoch, 0), 10)
    live = await anext(watched)
    await watched.aclose()
    expected = {"short": None, "long": PREVIEW}
    for found in (page.items, newer, _items(replay.events), _items(live), [await _entry(timeline, "long")]):
        previews = {item["id"]: item["_livelog"].get("preview") for item in map(json.loads, found)}
        assert previews == {name: expected[name] for name in previews}
        assert "long" in previews


async def test_the_preview_is_no_correction(timeline: Timeline) -> None:
    await commit(timeline, LONG)
    before = await _entry(timeline, "long")
    listed = replace(LONG, preview=Preview("Another preview, of a later version of Livelog.", 3))
    assert await commit(timeline, listed) == 0
    assert await _entry(timeline, "long") == before


async def test_a_stored_preview_is_read_as_it_is(timeline: Timeline) -> None:
    await commit(timeline, replace(LONG, preview=Preview("Stored.", 7)))
    assert json.loads(await _entry(timeline, "long"))["_livelog"]["preview"] == {"text": "Stored.", "minutes": 7}


async def _entry(timeline: Timeline, name: str) -> str:
    found = await timeline.entry("blog", name)
    assert found is not None
    return found


def _items(events: object) -> list[str]:
    assert isinstance(events, (list, tuple))
    return [event.item for event in events if isinstance(event, Event) and event.item]
