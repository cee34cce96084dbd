"""The sources and tags that the filter sheet offers."""

from __future__ import annotations

from pages.choices import MAX_ON_PAGE, choices
from pages.filter import Filter
from pages.freshness import Sources, SourceState

MANY = Sources(
    [SourceState(f"Source {n}", "fresh", last=1_000.0 - n) for n in range(200)],
    counts={"Source 3": 7},
    tags={f"topic-{n}": 400 - n for n in range(400)},
)


def test_a_page_offers_the_chosen_ones_and_then_the_first_of_many() -> None:
    offered = choices(MANY, Filter(("Source 150", "Gone"), ("topic-399",)))
    assert [one.name for one in offered.sources[:4]] == ["Source 150", "Gone", "Source 0", "Source 1"]
    assert [one.name for one in offered.tags[:2]] == ["topic-399", "topic-0"]
    assert [one.is_chosen for one in offered.tags[:2]] == [True, False]
    assert (len(offered.sources), len(offered.tags)) == (MAX_ON_PAGE, MAX_ON_PAGE)
    assert (offered.all_sources, offered.all_tags, offered.are_all) == (201, 400, False)


def test_all_are_sorted_by_name_with_numbers_by_value() -> None:
    offered = choices(MANY, Filter(), are_all=True)
    assert [one.name for one in offered.sources] == [f"Source {n}" for n in range(200)]
    assert [one.count for one in offered.sources[2:5]] == [0, 7, 0]
    assert [one.name for one in offered.tags] == [f"topic-{n}" for n in range(400)]
    assert offered.are_all


def test_a_chosen_source_that_is_gone_has_no_state() -> None:
    (gone,) = choices(Sources(()), Filter(("Gone",))).sources
    assert (gone.is_chosen, gone.count, gone.state) == (True, 0, None)


def test_few_are_all_on_the_page() -> None:
    assert choices(Sources([SourceState("Harbour", "fresh")]), Filter()).are_all
