"""filter.py: which entries of a feed a blog takes."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from threading import Thread

import pytest

from entries import Entry, Source
from feeds.parser.filter import Filter, Judgement

VOTE = Entry(
    keys=("1",),
    digest="1",
    source=Source("News", None, "https://example.org/feed"),
    title="The Council votes on AI at 9.30",
    content_html='<p>Members of the <a href="https://example.org/budget">council</a> &amp; guests</p><p>met.</p>',
    tags=("Politics", "C++"),
    authors=("Ann O'Hara",),
)


def accepts(filter_: Filter, entry: Entry) -> bool:
    """True if a filter accepts an entry."""
    return not filter_.judge([entry], 10.0).refused


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
    assert accepts(Filter(include=tuple(include), exclude=tuple(exclude)), VOTE) is expected


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
    assert accepts(Filter(include=(pattern,)), VOTE) is matches
    assert accepts(Filter(exclude=(pattern,)), VOTE) is not matches


@pytest.mark.parametrize(("pattern", "matches"), [("議会", True), ("投票", True), ("予算", False), ("AI", True)])
def test_words_are_found_where_none_are_spaced(pattern: str, *, matches: bool) -> None:
    entry = Entry(keys=("1",), digest="1", source=VOTE.source, title="市議会がAI投票を行う")
    assert accepts(Filter(include=(pattern,)), entry) is matches


def test_an_entry_of_nothing_is_wanted_by_no_word() -> None:
    bare = Entry(keys=("1",), digest="1", source=VOTE.source)
    assert not accepts(Filter(include=("x",)), bare)
    assert accepts(Filter(exclude=("x",)), bare)


SLOW = "/(a+)+z/"
LETTERS = replace(VOTE, keys=("2",), title="a" * 100)


@pytest.mark.parametrize(
    ("include", "exclude", "refused"),
    [
        ([], [SLOW], set()),
        ([], [SLOW, "politics"], {"1", "2"}),
        ([], ["politics", SLOW], {"1", "2"}),
        ([SLOW], [], set()),
        ([SLOW], ["votes"], {"1"}),
        ([SLOW, "votes"], [], set()),
        (["votes"], [SLOW], {"2"}),
        (["votes"], [SLOW, "budget"], {"2"}),
    ],
)
def test_a_pattern_that_takes_too_long_refuses_nothing(
    include: list[str], exclude: list[str], refused: set[str]
) -> None:
    filter_ = Filter(include=tuple(include), exclude=tuple(exclude))
    judged = filter_.judge([LETTERS, VOTE], 0.05)
    assert judged.refused == refused
    assert set(judged.slow) <= {SLOW}


def test_many_entries_that_each_take_a_while_take_no_more_than_they_may() -> None:
    entries = [replace(VOTE, keys=(f"{n}",), title="a" * 20) for n in range(2_000)]
    began = time.process_time()
    judged = Filter(exclude=(SLOW,)).judge(entries, 0.2)
    assert judged.slow == (SLOW,)
    assert 0.05 < judged.seconds < 0.3
    assert time.process_time() - began < 2
    assert signal.getsignal(signal.SIGVTALRM) == signal.SIG_DFL


def test_many_patterns_that_take_long_take_no_more_together() -> None:
    patterns = tuple(f"/(a+)+{letter}/" for letter in "bcdefghijklmnopqrst")
    judged = Filter(exclude=patterns).judge([LETTERS] * 3, 0.2)
    assert judged.slow == patterns
    assert judged.seconds < 0.3


def test_a_quick_pattern_is_not_blamed_for_the_time_of_a_slow_one() -> None:
    entries = [replace(VOTE, keys=(f"{n}",), title="votes " + "a" * 16) for n in range(2_000)]
    judged = Filter(exclude=("none", SLOW, "votes")).judge(entries, 0.2)
    assert judged.slow == (SLOW,)
    assert len(judged.refused) == 2_000


def test_a_pattern_in_time_is_not_slow() -> None:
    entries = [replace(VOTE, keys=(f"{n}",)) for n in range(100)]
    judged = Filter(include=("/vote[sd]/", "budget"), exclude=("/^(no|yes)$/",)).judge(entries, 1.0)
    assert (judged.slow, judged.refused) == ((), frozenset())


def test_a_thread_judges_without_a_limit() -> None:
    found: list[Judgement] = []
    thread = Thread(target=lambda: found.append(Filter(exclude=("votes",)).judge([VOTE], 0.05)))
    thread.start()
    thread.join()
    assert found == [Judgement(frozenset({"1"}))]
