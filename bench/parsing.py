"""What it costs to read a feed that has one new entry, compared with feedparser as it comes.

The files of the corpus are read by turns, in one process and one thread. feedparser's defaults clean and resolve all
entries of a document; Livelog cleans the one that is new. What feedparser cannot read (JSON) is left out.
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

from bench.table import most, show
from feeds.parser.document import Document, Reading, parse
from feedstate import Mark, Marks
from tests.corpus import corpus_if_here

ROUNDS = 3
MOST = 0.45
"""What the ratio may be at the most."""


class Pair(NamedTuple):
    """Seconds of CPU for one file."""

    ours: float
    theirs: float


async def run() -> None:
    """Prints the CPU of a feed, and the ratio."""
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
        ("ratio of the sums", most(ours / theirs, MOST)),
        ("mean of the ratios", most(fmean(pair.ours / pair.theirs for pair in pairs), MOST)),
    )


def _measure(path: Path) -> Pair:
    body = path.read_bytes()
    known = dict(_read(body, {}).listed)
    # The newest, by custom.
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
    """As a parser's process does for a poll."""
    url = "https://newsroom.example/feed.xml"
    return parse(Reading(body=body, url=url, base=url, known=Marks(known)))


def _entries(body: bytes) -> int:
    return len(feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False).entries)
