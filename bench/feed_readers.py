"""Other feed readers, for comparison: newsboat, and lemon24/reader. One that is not here is skipped."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

_PATIENCE = 300.0
_NEWSBOAT_THREADS = 8
_READER_WORKERS = (1, 2, 4, 8)
_READER_SAMPLE = 50
"""Feeds that the number of workers is chosen with."""

_ADD = (
    "import sys; from reader import make_reader; reader = make_reader(sys.argv[1]); "
    "[reader.add_feed(url.strip()) for url in sys.stdin]"
)
_UPDATE = (
    "import sys; from reader import make_reader; make_reader(sys.argv[1]).update_feeds(workers=int(sys.argv[2]))"
)


class Import(NamedTuple):
    """Seconds from the start of the program until all feeds are stored, those of its CPU, and feeds it could read."""

    seconds: float
    cpu: float
    read: int


class Peer(Protocol):
    """A feed reader that can be started on feeds it does not know."""

    name: str

    def fetch(self, urls: Sequence[str], folder: Path) -> Import:
        """Fetches them for the first time, and keeps what it needs in an empty folder."""


def find_peers() -> list[Peer]:
    """Those that are here; says how to get the others."""
    peers: list[Peer] = []
    if newsboat := shutil.which("newsboat"):
        peers.append(Newsboat(newsboat))
    else:
        print("  newsboat: skipped, it is not here (apt-get install newsboat)")
    if python := _with_reader():
        peers.append(Reader(python))
    else:
        print(
            "  reader: skipped, it is not here (python3 -m venv V && V/bin/pip install reader sgmllib3k, outside of "
            "this folder, and LIVELOG_BENCH_READER=V/bin/python)"
        )
    return peers


class Newsboat:
    """newsboat, in C++ with libcurl and libxml2."""

    def __init__(self, program: str) -> None:
        self._program = program
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
        self.name = f"newsboat {version.split()[1]}, {_NEWSBOAT_THREADS} threads"

    def fetch(self, urls: Sequence[str], folder: Path) -> Import:
        """As `Peer.fetch`, in an empty home."""
        (folder / "urls").write_text("\n".join(urls), encoding="ascii")
        (folder / "config").write_text(f"reload-threads {_NEWSBOAT_THREADS}\n", encoding="ascii")
        seconds, cpu = _run([self._program, "-x", "reload", "-u", "urls", "-c", "cache.db", "-C", "config"], folder)
        return Import(seconds, cpu, _count(folder / "cache.db", "SELECT count(*) FROM rss_feed WHERE title <> ''"))


class Reader:
    """lemon24/reader, in Python with feedparser, with the number of workers that suits it best."""

    def __init__(self, python: str) -> None:
        self._python = python
        self._workers = 0
        version = subprocess.run(
            [python, "-Ic", "import reader; print(reader.__version__)"], capture_output=True, text=True, check=True
        ).stdout
        self.name = f"reader {version.strip()}"

    def fetch(self, urls: Sequence[str], folder: Path) -> Import:
        """As `Peer.fetch`. That it is told of the feeds does not count."""
        if not self._workers:
            self._workers = min(_READER_WORKERS, key=lambda workers: self._sample(urls, folder, workers))
            self.name += f", {self._workers} workers"
        return self._update(urls, folder / "reader.db", self._workers)

    def _sample(self, urls: Sequence[str], folder: Path, workers: int) -> float:
        return self._update(urls[:_READER_SAMPLE], folder / f"workers-{workers}.db", workers).seconds

    def _update(self, urls: Sequence[str], database: Path, workers: int) -> Import:
        _run([self._python, "-Ic", _ADD, str(database)], database.parent, "\n".join(urls))
        seconds, cpu = _run([self._python, "-Ic", _UPDATE, str(database), str(workers)], database.parent)
        return Import(seconds, cpu, _count(database, "SELECT count(*) FROM feeds WHERE title <> ''"))


def _run(command: Sequence[str], home: Path, text: str = "") -> tuple[float, float]:
    """Runs a program in a home of its own; returns its seconds, and those of its CPU."""
    began, cpu = time.monotonic(), _cpu_of_children()
    # That a feed is not read is logged, and seen in what is stored.
    subprocess.run(
        command,
        cwd=home,
        env={"HOME": str(home), "PATH": os.environ.get("PATH", "")},
        input=text,
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=_PATIENCE,
    )
    return time.monotonic() - began, _cpu_of_children() - cpu


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _count(database: Path, query: str) -> int:
    db = sqlite3.connect(database)
    try:
        return int(db.execute(query).fetchone()[0])
    finally:
        db.close()


def _with_reader() -> str | None:
    """A Python that has it: the one that LIVELOG_BENCH_READER names, else one that is found."""
    named = os.environ.get("LIVELOG_BENCH_READER")
    found = [named] if named else [sys.executable, shutil.which("python"), shutil.which("python3")]
    return next((python for python in found if python and _has_reader(python)), None)


def _has_reader(python: str) -> bool:
    try:
        # What it needs for a feed is imported with the first.
        tried = subprocess.run([python, "-Ic", _ADD, ":memory:"], input=b"http://127.0.0.1/", capture_output=True)
    except OSError:
        return False
    return tried.returncode == 0
