"""The log lines of patterns that take too long."""

from __future__ import annotations

import pytest

from feeds.slow_patterns import MAX_SLOW_PATTERNS, SlowPatterns

FEED = "https://example.org/feed.xml"


def test_each_is_logged_once_until_the_configuration_changes(caplog: pytest.LogCaptureFixture) -> None:
    found = SlowPatterns()
    found.add(FEED, [("a", "/x/"), ("b", "/x/")])
    found.add(FEED, [("a", "/x/")])
    assert len(caplog.messages) == len(found) == 2
    found.clear()
    found.add(FEED, [("a", "/x/")])
    assert caplog.messages[-1] == f"{FEED}: the pattern /x/ of blog a takes too long, and was left out."
    assert len(caplog.messages) == 3
    caplog.clear()


def test_they_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    found = SlowPatterns()
    found.add(FEED, [("a", str(n)) for n in range(2 * MAX_SLOW_PATTERNS)])
    assert len(found) == len(caplog.messages) == MAX_SLOW_PATTERNS
    caplog.clear()
