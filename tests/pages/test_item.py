"""How the parts of an item are written."""

from __future__ import annotations

import pytest

from pages.item import clock, day, hue, initial, quoted


def test_times_are_utc() -> None:
    assert clock("2026-11-23T14:07:59.123456Z") == "14:07"
    assert clock("2026-11-23T14:07:59+02:00") == "14:07"
    assert day("2026-11-03T00:00:00Z") == "3 November 2026"


@pytest.mark.parametrize(
    ("name", "mark"),
    [("guardian", "G"), ("  «Élan»", "É"), ("9to5", "9"), ("爱范儿", "爱"), ("—", "•"), ("", "•"), ("ß", "SS")],
)
def test_a_source_is_marked_by_its_initial(name: str, mark: str) -> None:
    assert initial(name) == mark


def test_a_source_keeps_its_colour() -> None:
    # FNV-1a's published test vector for "foobar" is 0xbf9cf968.
    assert hue("foobar") == 0xBF9CF968 % 12
    assert hue("") == 0x811C9DC5 % 12


def test_a_day_is_written_as_the_language_does() -> None:
    assert day("2026-11-03T00:00:00Z", "zh") == "2026年11月3日"


def test_urls_are_quoted_as_in_javascript() -> None:
    # What encodeURIComponent makes of it.
    assert quoted("a b/c?d=e&f#é'(!)*~") == "a%20b%2Fc%3Fd%3De%26f%23%C3%A9'(!)*~"
