"""Characters of windows-1252 in a document that says otherwise."""

from __future__ import annotations

import pytest

from feeds.parser.document import parse
from feeds.parser.windows_1252 import Text
from tests.feeds.documents import reading, rss


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("It&#146;s", "It’s"),
        ("Σημείωμα &#150; It&#146;s", "Σημείωμα – It’s"),
        ("港 &#128;5", "港 €5"),
        ("Ships in the harbour", "Ships in the harbour"),
        ("港口日志", "港口日志"),
    ],
)
def test_they_are_those_that_browsers_show(title: str, shown: str) -> None:
    assert parse(reading(rss(f"<title>{title}</title><guid>1</guid>"))).entries[0].title == shown


def test_a_text_without_them_is_left_as_it_is() -> None:
    text = Text("港口日志").translate({ord("港"): "x"})
    assert (text, type(text)) == ("港口日志", str)
