"""The nodes of an installation: reported, read by all, forgotten. Both stores."""

from __future__ import annotations

from tests.livelog import until
from timeline import Node, Presence, Timeline
from timeline.presence import FORGET_SECONDS

NOW = 1_790_000_000.0


async def test_the_last_report_of_each_node_is_read(timeline: Timeline) -> None:
    assert list(await timeline.nodes()) == []
    await timeline.report(Node("b", "fetch", "0.1.0", 0, NOW))
    await timeline.report(Node("a", "web", "0.1.0", 7, NOW))
    await timeline.report(Node("a", "web", "0.2.0", 8, NOW + 10))
    assert list(await timeline.nodes()) == [
        Node("a", "web", "0.2.0", 8, NOW + 10),
        Node("b", "fetch", "0.1.0", 0, NOW),
    ]


async def test_a_node_that_reports_no_more_is_forgotten(timeline: Timeline) -> None:
    await timeline.report(Node("a", "web", "0.1.0", 0, NOW))
    await timeline.report(Node("b", "web", "0.1.0", 0, NOW + FORGET_SECONDS))
    assert [node.name for node in await timeline.nodes()] == ["a", "b"]
    await timeline.report(Node("b", "web", "0.1.0", 0, NOW + FORGET_SECONDS + 1))
    assert [node.name for node in await timeline.nodes()] == ["b"]


async def test_a_node_that_runs_reports_itself_and_leaves(timeline: Timeline) -> None:
    presence = Presence(timeline, "node", "all", "0.1.0", lambda: 3)
    presence.start()

    async def is_there() -> bool:
        return [(node.name, node.readers) for node in await timeline.nodes()] == [("node", 3)]

    await until(is_there)
    await presence.stop()
    assert list(await timeline.nodes()) == []


async def test_the_store_has_a_size(timeline: Timeline) -> None:
    assert await timeline.stored_bytes() > 1_000
