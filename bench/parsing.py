"""The CPU of parsing a feed with one new entry, compared with feedparser's defaults.

The files of the corpus are parsed in alternation, in one process and one thread. feedparser sanitises all entries of
a document, Livelog the new one. JSON feeds are left out, as feedparser cannot read them.
"""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

import feedparser

from bench.report import at_most, show
from feeds.parser.document import Document, Reading, parse
from feedstate import Mark, Marks
from tests.corpus import corpus_if_here

ROUNDS = 3
MAX_RATIO = 0.25
MAX_MEAN_RATIO = 0.45


class Pair(NamedTuple):
    """CPU seconds for one file."""

    ours: float
    theirs: float


async def run() -> None:
    """Print the CPU of a feed and the ratio."""
    corpus = corpus_if_here()
    if corpus is None:
        print("parse: skipped, the corpus of feeds (shared/feeds beside the project) is not here")
        return
    files = [path for path in sorted((corpus / "open").iterdir()) if _entries(path.read_bytes())]
    pairs = [_measure(path) for path in files]
    ours, theirs = sum(pair.ours for pair in pairs), sum(pair.theirs for pair in pairs)
    show(
        f"parse: {len(files)} real feeds, each with one new entry, medians of {ROUNDS} rounds by turns",
        ("CPU of a feed, mean", f"{ours / len(files) * 1e3:.1f} ms"),
        ("feedparser with its defaults", f"{theirs / len(files) * 1e3:.1f} ms"),
        ("ratio of the sums", at_most(ours / theirs, MAX_RATIO)),
        ("mean of the ratios", at_most(fmean(pair.ours / pair.theirs for pair in pairs), MAX_MEAN_RATIO)),
    )


def _measure(path: Path) -> Pair:
    body = path.read_bytes()
    known = dict(_read(body, {}).listed)
    # The first entry is usually the newest.
    known.pop(next(iter(known)))
    assert len(_read(body, known).entries) == 1
    subjects: list[tuple[list[float], Callable[[], object]]] = [
        ([], partial(_read, body, known)),
        ([], lambda: feedparser.parse(io.BytesIO(body))),
    ]
    for _ in range(ROUNDS):
        for seconds, work in random.sample(subjects, len(subjects)):
            began = time.process_time()
            work()
            seconds.append(time.process_time() - began)
    return Pair(*(median(seconds) for seconds, _ in subjects))


def _read(body: bytes, known: Mapping[str, Mark]) -> Document:
    """Parse as the parser process does for a poll."""
    url = "https://newsroom.example/feed.xml"
    return parse(Reading(body=body, url=url, base=url, known=Marks(known)))


def _entries(body: bytes) -> int:
    return len(feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False).entries)
