"""filter.py: which entries of a feed a blog takes."""

from __future__ import annotations

import pytest

from entries import Entry, Source
from feeds.parser.filter import Filter

VOTE = Entry(
    keys=("1",),
    digest="1",
    source=Source("News", None, "https://example.org/feed"),
    title="The Council votes on AI at 9.30",
    content_html='<p>Members of the <a href="https://example.org/budget">council</a> &amp; guests</p><p>met.</p>',
    tags=("Politics", "C++"),
    authors=("Ann O'Hara",),
)


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ([], [], True),
        (["council"], [], True),
        (["COUNCIL"], [], True),
        (["harbour"], [], False),
        (["harbour", "council"], [], True),
        ([], ["harbour"], True),
        ([], ["council"], False),
        (["council"], ["AI"], False),
        (["harbour"], ["storm"], False),
    ],
)
def test_an_entry_needs_one_of_the_included_and_none_of_the_excluded(
    include: list[str], exclude: list[str], *, expected: bool
) -> None:
    assert Filter(include=tuple(include), exclude=tuple(exclude)).accepts(VOTE) is expected


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("votes", True),
        ("vote", False),
        ("AI", True),
        ("council votes", True),
        ("at 9.30", True),
        ("at 9x30", False),
        ("politics", True),
        ("c++", True),
        ("+", True),
        ("o'hara", True),
        ("& guests", True),
        ("&amp;", False),
        ("budget", False),
        ("href", False),
        ("guests met", False),
        ("/vote/", True),
        (r"/\bvote\b/", False),
        (r"/^the council/", True),
        ("/counc(il|ellor)s? votes/", True),
        ("/", False),
    ],
)
def test_a_pattern_is_a_word_or_a_regular_expression(pattern: str, *, matches: bool) -> None:
    assert Filter(include=(pattern,)).accepts(VOTE) is matches
    assert Filter(exclude=(pattern,)).accepts(VOTE) is not matches


@pytest.mark.parametrize(("pattern", "matches"), [("議会", True), ("投票", True), ("予算", False), ("AI", True)])
def test_words_are_found_where_none_are_spaced(pattern: str, *, matches: bool) -> None:
    entry = Entry(keys=("1",), digest="1", source=VOTE.source, title="市議会がAI投票を行う")
    assert Filter(include=(pattern,)).accepts(entry) is matches


def test_an_entry_of_nothing_is_wanted_by_no_word() -> None:
    bare = Entry(keys=("1",), digest="1", source=VOTE.source)
    assert not Filter(include=("x",)).accepts(bare)
    assert Filter(exclude=("x",)).accepts(bare)
