"""Invisible and turning characters in texts of publishers: nothing to see is nothing, and no text turns another."""

from __future__ import annotations

import pytest

import preview
from invisible import is_visible, tame_markup, tame_text
from pages.item import EXCERPT_CHARS, excerpt
from tests.feeds.documents import only, read, rss

UNSEEN = {
    "zero-width space": "\u200b",
    "direction marks": "\u200e\u200f\u061c",
    "override": "\u202e",
    "embedding": "\u202a\u202c",
    "isolates": "\u2066\u2069",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "variation selector": "\ufe0f",
    "rare variation selector": "\U000e0100",
    "Hangul fillers": "\u115f\u1160\u3164\uffa0",
    "Braille blank": "\u2800",
    "tag characters": "\U000e0041\U000e007f",
    "accents of nothing": "\u0301\u034f",
    "reserved": "\u2065\ufff0\U000e0fff",
    "no characters": "\ufdd0",
    "place of an object": "\ufffc",
    "spaces": "\u00a0\u3000\u2003",
}
unseen = pytest.mark.parametrize("text", UNSEEN.values(), ids=UNSEEN)


@unseen
def test_a_text_of_invisible_characters_is_none(text: str) -> None:
    assert not is_visible(text)
    entry = only(
        rss(
            f"<title>{text}</title><guid>1</guid><author>{text}</author><category>{text}</category>"
            f"<description>Body &lt;a href='https://example.org/'&gt;{text}&lt;/a&gt;</description>",
            channel=f"<title>{text}</title><link>https://www.example.org/</link>",
        )
    )
    assert (entry.title, entry.authors, entry.tags) == (None, (), ())
    assert entry.source.title == "example.org"


@pytest.mark.parametrize(
    "text",
    [
        "👨\u200d👩\u200d👧",
        "❤\ufe0f",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می\u200cخواهم",
        "Donau\u00addampf",
        "\u2067עברית\u2069 and English",
        "\u202bعربي\u202c 2026",
        "C++\u200e",
        "e\u0301\u0323",
        "שָׁלוֹם",
    ],
)
def test_a_text_keeps_the_characters_that_it_needs(text: str) -> None:
    assert tame_text(text) == text
    assert is_visible(text)
    assert only(rss(f"<title>{text}</title>")).title == text


@pytest.mark.parametrize(
    ("text", "tamed"),
    [
        ("City \u202eHall", "City Hall"),
        ("\u202dCity Hall\u202c", "City Hall"),
        ("City\u2067 Hall", "City Hall"),
        ("City Hall\u2069\u202c", "City Hall"),
        ("\u202aCity\u2069 Hall\u202c", "City Hall"),
        ("\ufeff\u200bCity Hall\u200b", "City Hall"),
        ("City Hall\U000e0068\U000e0069", "City Hall"),
        ("\u200b \u200bCity Hall", "City Hall"),
    ],
)
def test_a_text_turns_no_other_text(text: str, tamed: str) -> None:
    document = read(
        rss(
            f"<title>{text}</title><author>{text}</author><category>{text}</category>",
            channel=f"<title>{text}</title>",
        )
    )
    (entry,) = document.entries
    assert {document.title, entry.title, *entry.authors, *entry.tags} == {tamed}


@pytest.mark.parametrize("mark", ["\u0300", "\u0489", "\u20dd", "\u1ab0", "\ufe20"])
def test_a_pile_of_accents_stays_in_its_line(mark: str) -> None:
    pile = "H" + 30 * mark + "i"
    entry = only(rss(f"<title>{pile}</title><description>&lt;p&gt;{pile}&lt;/p&gt;</description>"))
    assert entry.title == "H" + 3 * mark + "i"
    assert entry.content_html == f"<p>H{3 * mark}i</p>"


def test_an_override_in_html_is_left_out() -> None:
    assert tame_markup("<p>City \u202eHall</p>") == "<p>City Hall</p>"


TURNED = "\u2067" + "word " * 300 + "\u2069"
"""A long text that is turned round, and ends so: any part that is cut off does not."""


def test_a_text_that_is_cut_turns_no_other_text() -> None:
    entry = only(
        rss(
            f"<title>{TURNED}</title><category>{TURNED}</category><author>{TURNED}</author>"
            f"<description>&lt;p&gt;{TURNED}&lt;/p&gt;</description>"
        )
    )
    assert entry.preview
    texts = [entry.title, *entry.tags, *entry.authors, entry.preview.text]
    assert [text for text in texts if not text or tame_text(text) != text] == []


def test_a_summary_of_elements_that_end_a_direction_ends_it() -> None:
    found = preview.of("<p>\u202b" + "word " * 120 + "</p><p>" + "word " * 40 + "</p>")
    assert found
    assert found.text.startswith("word word")


def test_an_excerpt_turns_no_other_text() -> None:
    found = excerpt({"content_html": f"<p>{TURNED}</p>"})
    assert found.startswith("word")
    assert len(found) <= EXCERPT_CHARS + 1
