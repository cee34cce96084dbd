"""pages/names.py: the cases that tests/static/names.test.mjs has, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pages.names import initial, named, short_name, source_and_site

CASES = json.loads(Path(__file__).with_name("names.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("title", "short"), CASES["short"])
def test_names_are_short(title: str, short: str) -> None:
    assert short_name(title) == short


@pytest.mark.parametrize(("title", "mark"), CASES["initial"])
def test_a_source_is_marked_by_its_initial(title: str, mark: str) -> None:
    assert initial(title) == mark


@pytest.mark.parametrize(("title", "expected"), CASES["named"])
def test_only_versions_have_the_name_of_their_source_before_them(title: str, expected: str) -> None:
    item = {"title": title, "_livelog": {"source": {"title": "Harbour - Releases"}}}
    assert named(item) == expected
    assert named({"_livelog": item["_livelog"]}) == ""


def test_a_version_has_the_name_of_the_site_that_it_is_from() -> None:
    about = {"source": {"title": "Releases of today"}, "original": {"title": "Harbour - Releases"}}
    assert named({"title": "v3.9.0", "_livelog": about}) == "Harbour v3.9.0"


@pytest.mark.parametrize(("source", "original", "names"), CASES["source_and_site"])
def test_a_post_has_the_name_of_its_site_behind_that_of_its_source(
    source: str, original: str | None, names: str
) -> None:
    site = {"original": {"title": original}} if original else {}
    assert source_and_site({"source": {"title": source}, **site}) == names
