"""What is taken for withdrawn: left out twice by documents that still list older entries."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from feeds.withdrawal import compared
from feedstate import Mark, Marks


def listed(**dates: int) -> dict[str, Mark]:
    """A document of entries by their dates; 0 for none."""
    return {name: Mark("digest", date, f"link of {name}") for name, date in dates.items()}


def gone(*documents: Mapping[str, Mark]) -> list[list[str]]:
    """What each document after the first is found to have withdrawn."""
    before: Mapping[str, Mark] = documents[0]
    found = []
    for document in documents[1:]:
        before, withdrawn = compared(before, document)
        found.append(withdrawn)
    return found


FULL = listed(c=3, b=2, a=1)


def test_an_entry_left_out_twice_is_withdrawn_once() -> None:
    without = listed(c=3, a=1)
    assert gone(FULL, without, without, without) == [[], ["b"], []]


def test_an_entry_left_out_once_stays() -> None:
    assert gone(FULL, listed(c=3, a=1), FULL, listed(c=3, a=1), FULL) == [[], [], [], []]


def test_an_entry_that_rolls_off_the_end_stays() -> None:
    assert gone(FULL, listed(d=4, c=3, b=2), listed(e=5, d=4, c=3), listed(e=5, d=4)) == [[], [], []]


def test_an_entry_that_rolls_off_after_it_was_left_out_stays() -> None:
    assert gone(FULL, listed(c=3, a=1), listed(d=4, c=3)) == [[], []]


def test_the_order_of_a_document_does_not_matter() -> None:
    assert gone(listed(a=1, b=2, c=3), listed(b=2, c=3, d=4), listed(b=2, c=3, d=4)) == [[], []]
    assert gone(listed(a=1, b=2, c=3), listed(a=1, c=3), listed(a=1, c=3)) == [[], ["b"]]


def test_an_entry_without_a_date_is_never_taken_for_withdrawn() -> None:
    assert gone(listed(c=3, b=0, a=1), listed(c=3, a=1), listed(c=3, a=1)) == [[], []]
    assert gone(listed(b=2, a=0), listed(a=0), listed(a=0)) == [[], []]


def test_an_empty_document_withdraws_nothing() -> None:
    assert gone(FULL, {}, {}, FULL) == [[], [], []]


def test_an_entry_that_was_renamed_is_not_withdrawn() -> None:
    renamed = {"c": FULL["c"], "B": FULL["b"], "a": FULL["a"]}
    assert gone(FULL, renamed, renamed) == [[], []]


def test_what_is_remembered_is_the_document_and_what_it_leaves_out() -> None:
    marks, _ = compared(FULL, listed(c=3, a=1))
    assert marks == Marks({**listed(c=3, a=1), "b": FULL["b"]._replace(absent=True)})


documents = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 9)).map(lambda dates: listed(**dates))


@given(st.lists(documents, min_size=2))
def test_what_is_withdrawn_was_listed_before_and_left_out_twice(history: list[dict[str, Mark]]) -> None:
    for n, withdrawn in enumerate(gone(*history), start=1):
        for name in withdrawn:
            assert name not in history[n]
            assert name not in history[n - 1]
            assert name in history[n - 2]
