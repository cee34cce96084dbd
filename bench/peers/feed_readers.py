"""newsboat and lemon24/reader, for comparison; skipped if not installed."""

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

_TIMEOUT = 300.0
_NEWSBOAT_THREADS = 8
_READER_WORKERS = (1, 2, 4, 8)
_READER_SAMPLE = 50
"""Feeds for choosing the number of workers."""

_ADD = (
    "import sys; from reader import make_reader; reader = make_reader(sys.argv[1]); "
    "[reader.add_feed(url.strip()) for url in sys.stdin]"
)
_UPDATE = (
    "import sys; from reader import make_reader; make_reader(sys.argv[1]).update_feeds(workers=int(sys.argv[2]))"
)


class Import(NamedTuple):
    """Seconds until all feeds are stored, CPU seconds, and the number of feeds that could be read."""

    seconds: float
    cpu: float
    read: int


class Peer(Protocol):
    """A feed reader that can import feeds into an empty store."""

    name: str

    def fetch(self, urls: Sequence[str], folder: Path) -> Import:
        """Fetch the feeds for the first time, with its files in an empty folder."""


def find_peers() -> list[Peer]:
    """The installed feed readers. Prints how to install the others."""
    peers: list[Peer] = []
    if newsboat := shutil.which("newsboat"):
        peers.append(Newsboat(newsboat))
    else:
        print("  newsboat: skipped, not installed (apt-get install newsboat)")
    if python := _with_reader():
        peers.append(Reader(python))
    else:
        print(
            "  reader: skipped, not installed (python3 -m venv V && V/bin/pip install reader sgmllib3k, outside of "
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
        """As `Peer.fetch`."""
        (folder / "urls").write_text("\n".join(urls), encoding="ascii")
        (folder / "config").write_text(f"reload-threads {_NEWSBOAT_THREADS}\n", encoding="ascii")
        seconds, cpu = _run([self._program, "-x", "reload", "-u", "urls", "-c", "cache.db", "-C", "config"], folder)
        return Import(seconds, cpu, _count(folder / "cache.db", "SELECT count(*) FROM rss_feed WHERE title <> ''"))


class Reader:
    """lemon24/reader, in Python with feedparser, with its fastest number of workers."""

    def __init__(self, python: str) -> None:
        self._python = python
        self._workers = 0
        version = subprocess.run(
            [python, "-Ic", "import reader; print(reader.__version__)"], capture_output=True, text=True, check=True
        ).stdout
        self.name = f"reader {version.strip()}"

    def fetch(self, urls: Sequence[str], folder: Path) -> Import:
        """As `Peer.fetch`. Adding the feeds is not timed."""
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
    """Run a program with `home` as its home; return seconds and CPU seconds."""
    began, cpu = time.monotonic(), _cpu_of_children()
    # Failures are seen in the store.
    subprocess.run(
        command,
        cwd=home,
        env={"HOME": str(home), "PATH": os.environ.get("PATH", "")},
        input=text,
        text=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=_TIMEOUT,
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
    """A Python that has reader: the one that LIVELOG_BENCH_READER names, else one on the path."""
    named = os.environ.get("LIVELOG_BENCH_READER")
    found = [named] if named else [sys.executable, shutil.which("python"), shutil.which("python3")]
    return next((python for python in found if python and _has_reader(python)), None)


def _has_reader(python: str) -> bool:
    try:
        # Adding a feed imports everything that it needs.
        tried = subprocess.run([python, "-Ic", _ADD, ":memory:"], input=b"http://127.0.0.1/", capture_output=True)
    except OSError:
        return False
    return tried.returncode == 0
