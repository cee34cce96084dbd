"""Where the corpus of real and malformed feeds lies. It is not part of the project: publishers own their texts."""

from __future__ import annotations

import csv
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


PARTS = pytest.mark.parametrize("one_in", [4, pytest.param(1, marks=pytest.mark.soak)])
"""A test of real feeds takes one in four of them, and all where there is time."""


def find_corpus() -> Path:
    """`shared/feeds` beside the project; skips the test where there is none, and fails it under CI=true."""
    if (place := corpus_if_here()) is not None:
        return place
    if os.environ.get("CI") == "true":
        pytest.fail("the corpus of feeds (shared/feeds beside the project) is missing")
    pytest.skip("the corpus of feeds (shared/feeds beside the project) is not here")


def corpus_if_here() -> Path | None:
    """`shared/feeds` beside the project, or None where there is none."""
    return next((place for place in _places() if (place / "MANIFEST.tsv").exists()), None)


def manifest(corpus: Path) -> dict[str, dict[str, str]]:
    """The rows of MANIFEST.tsv by file."""
    with (corpus / "MANIFEST.tsv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}


def _places() -> Iterator[Path]:
    yield ROOT.parent / "shared" / "feeds"
    # A clone of a checkout on this machine: the corpus lies beside the original.
    found = subprocess.run(
        ["git", "-C", str(ROOT), "remote", "get-url", "origin"], capture_output=True, text=True, check=False
    )
    if found.stdout.startswith("/"):
        yield Path(found.stdout.strip()).parent / "shared" / "feeds"
