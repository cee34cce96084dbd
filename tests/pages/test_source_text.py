"""The state of a source as text."""

from __future__ import annotations

import pytest
from tornado import locale

from pages.freshness import FailingFeed, SourceState
from pages.source_text import freshness_text, problem_text
from tests.timeline.drafts import NOW


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (SourceState("x", "fresh", NOW - 59), "just now"),
        (SourceState("x", "fresh", NOW + 99), "just now"),
        (SourceState("x", "fresh", NOW - 60), "1 min ago"),
        (SourceState("x", "silent", NOW - 40 * 60), "silent 40 min"),
        (SourceState("x", "silent", NOW - 119 * 60), "silent 119 min"),
        (SourceState("x", "silent", NOW - 120 * 60), "silent 2 h"),
        (SourceState("x", "silent", NOW - 50 * 3600), "silent 2 d"),
        (SourceState("x", "silent"), "nothing yet"),
        (SourceState("x", "waiting"), "not fetched yet"),
        (SourceState("x", "unreachable", 0, NOW - 2400), "unreachable since 07:20"),
        (SourceState("x", "unreachable", 0, NOW - 86400), "unreachable since 14 January 2027, 08:00"),
    ],
)
def test_freshness_as_text(source: SourceState, words: str) -> None:
    assert freshness_text(source, NOW, locale.get("en")) == words


@pytest.mark.parametrize(
    ("seconds", "wait"),
    [
        (-5, "2 seconds"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (2 * 3600, "2 hours"),
        (2 * 86_400, "2 days"),
    ],
)
def test_a_problem_has_the_wait_until_the_next_try(seconds: float, wait: str) -> None:
    feed = FailingFeed("Example", "Answered 500.", NOW + seconds)
    assert problem_text(feed, NOW, locale.get("en")) == f"Example: Answered 500. Next try in {wait}."
