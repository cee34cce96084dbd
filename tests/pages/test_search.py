"""Searching for words: the cases of filter_cases.json, which the page's script passes too, and limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pages.filter import Filter
from pages.search import MAX_QUERY_CHARS, query_of, words_of

FOLDER = Path(__file__).parent
CASES = json.loads((FOLDER / "filter_cases.json").read_text(encoding="utf-8"))
ITEM = json.loads((FOLDER / "filter_item.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["about"])
def test_a_filter_matches(case: dict[str, Any]) -> None:
    chosen = Filter.of(
        case["filter"].get("sources", ()), case["filter"].get("tags", ()), case["filter"].get("query", "")
    )
    assert (chosen.matching(json.dumps(ITEM, ensure_ascii=False)) is not None) is case["matches"]


def test_a_query_is_one_line_of_limited_length() -> None:
    assert query_of("  two \n words ") == "two words"
    assert len(query_of("word " * 1_000)) <= MAX_QUERY_CHARS
    assert query_of("\u0301 “”") == ""


def test_words_are_folded_and_each_is_searched_for_once() -> None:
    assert words_of("Café CAFE “Night”") == ("cafe", "night")
