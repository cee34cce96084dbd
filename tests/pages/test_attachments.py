"""Attachments, as the page lists them."""

from __future__ import annotations

import pytest

from pages.item import amount, duration, facts, label, listed


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (1_000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_950, "10 kB"),
        (48_123_456, "48 MB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_249_999, "1.3 MB"),
        (10**13, "10 TB"),
    ],
)
def test_a_size_is_rounded(size: int, written: str) -> None:
    assert amount(size) == written


@pytest.mark.parametrize(
    ("seconds", "written"), [(7, "0:07"), (2_467, "41:07"), (3_909, "1:05:09"), (360_000, "100:00:00")]
)
def test_a_duration_is_written_as_on_a_clock(seconds: int, written: str) -> None:
    assert duration(seconds) == written


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("audio/mpeg", ["Audio"]),
        ("video/mp4", ["Video"]),
        ("image/png", ["Picture"]),
        ("application/pdf", ["PDF"]),
        ("x/y", ["File", "x/y"]),
        ("", ["File"]),
    ],
)
def test_a_file_is_labelled_by_its_type(kind: str, words: list[str]) -> None:
    file = {"url": "https://example.org/f", "mime_type": kind}
    assert [label(file), *facts(file)] == words


def test_a_picture_that_is_shown_is_not_listed() -> None:
    picture = {"url": "https://example.org/p.png", "mime_type": "image/png"}
    item = {"image": picture["url"], "attachments": [picture, {"url": "https://example.org/f"}]}
    assert listed(item, pictured=True) == item["attachments"][1:]
    assert listed(item, pictured=False) == item["attachments"]
    assert listed({}, pictured=True) == []
