"""The state of a source as text."""

from __future__ import annotations

import pytest
from tornado import locale

from pages.freshness import Sources, SourceState
from pages.source_text import freshness_text, problem_texts
from tests.timeline.drafts import NOW


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SourceState("x", "fresh", NOW - 59), "just now"),
        (SourceState("x", "fresh", NOW + 99), "just now"),
        (SourceState("x", "fresh", NOW - 60), "1 min ago"),
        (SourceState("x", "silent", NOW - 41 * 60), "41 min ago"),
        (SourceState("x", "silent", NOW - 119 * 60), "119 min ago"),
        (SourceState("x", "silent", NOW - 120 * 60), "2 h ago"),
        (SourceState("x", "silent", NOW - 48 * 3600), "Last post 13 January 2027"),
        (SourceState("x", "silent", NOW - 3448 * 86400), "Last post 7 August 2017"),
        (SourceState("x", "silent"), "nothing yet"),
        (SourceState("x", "waiting"), "not fetched yet"),
        (SourceState("x", "unreachable", 0, NOW - 2400), "unreachable since 07:20"),
        (SourceState("x", "unreachable", 0, NOW - 86400), "unreachable since 14 January 2027, 08:00"),
    ],
)
def test_freshness_as_text(source: SourceState, words: str) -> None:
    assert freshness_text(source, NOW, locale.get("en")) == words


def away(title: str, minutes: int) -> SourceState:
    """A source that cannot be reached for so long."""
    return SourceState(title, "unreachable", 0, NOW - minutes * 60)


def test_a_source_that_cannot_be_reached_is_a_short_sentence() -> None:
    sources = Sources([SourceState("Harbour", "fresh", NOW), away("CBSNews.com - Latest", 40), away("Town", 1440)])
    assert problem_texts(sources, NOW, locale.get("en")) == [
        "\u2068CBSNews.com\u2069 can’t be reached since 07:20",
        "\u2068Town\u2069 can’t be reached since 14 January 2027, 08:00",
    ]


def test_many_sources_that_cannot_be_reached_are_one_sentence_if_they_are_all() -> None:
    sources = Sources([away("A", 40), away("B", 30)])
    assert problem_texts(sources, NOW, locale.get("en")) == ["No source can be reached since 07:30"]
    assert sources.unreachable_since == NOW - 1800
    assert problem_texts(Sources([away("A", 40)]), NOW, locale.get("en")) == [
        "\u2068A\u2069 can’t be reached since 07:20"
    ]
