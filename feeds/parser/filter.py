"""Filters: which entries of a feed a blog takes, by words and /regular expressions/ of config.yaml."""

from __future__ import annotations

import html
import re
import signal
import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from types import FrameType
from typing import Final, NamedTuple

from entries import Entry

_MIN_SECONDS: Final = 0.0001
"""A timer of 0 would not run."""


class Judgement(NamedTuple):
    """The ids of the entries that a filter rejects, its patterns that took too long, and the CPU that it used."""

    refused: frozenset[str] = frozenset()
    slow: tuple[str, ...] = ()
    seconds: float = 0.0


class TooSlowError(Exception):
    """A search took longer than it may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Accepts entries that match one of ``include``, if there is any, and none of ``exclude``."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def judge(self, entries: Iterable[Entry], seconds: float) -> Judgement:
        """Judges entries by title, content, tags and authors, in ``seconds`` of CPU.

        A regular expression can take exponential time. One that takes too long is left out from then on: an entry
        that it might have decided about is accepted.
        """
        searches = _Searches(seconds)
        refused = frozenset(entry.id for entry in entries if self._refuses(searches, _text(entry)))
        return Judgement(refused, tuple(searches.slow), searches.used)

    def _refuses(self, searches: _Searches, text: str) -> bool:
        if self.include and not any(searches.find(pattern, text) is not False for pattern in self.include):
            return True
        return any(searches.find(pattern, text) for pattern in self.exclude)


class _Searches:
    """Searches of patterns in all texts of a document, which together may use ``seconds`` of CPU.

    When half of what is left was used, the pattern that used most of it is ``slow``.
    """

    def __init__(self, seconds: float) -> None:
        self.used = 0.0
        self.slow: dict[str, None] = {}
        self._left = self._round = seconds / 2
        self._used_by: defaultdict[str, float] = defaultdict(float)

    def find(self, pattern: str, text: str) -> bool | None:
        """True if a text matches; None if the pattern is slow."""
        while pattern not in self.slow:
            found, used = _search_within(max(self._left, _MIN_SECONDS), pattern, text)
            self.used += used
            self._left -= used
            self._used_by[pattern] += used
            if self._left > 0 and found is not None:
                return found
            self._blame()
        return None

    def _blame(self) -> None:
        slowest = max(self._used_by, key=self._used_by.__getitem__)
        self.slow[slowest] = None
        self._used_by.clear()
        self._left = self._round = self._round / 2


def _search_within(seconds: float, pattern: str, text: str) -> tuple[bool | None, float]:
    """Searches a text: True for a match, or None after ``seconds`` of CPU; and the seconds that the search took.

    Regular expressions of Python look for signals while they search. Signals reach the main thread alone, in which
    documents are parsed; in any other nothing is limited.
    """
    if threading.current_thread() is not threading.main_thread():
        return _matches(pattern, text), 0.0
    before = signal.signal(signal.SIGVTALRM, _stop)
    found: bool | None = None
    rest = 0.0
    try:
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
            found = _matches(pattern, text)
        finally:
            rest, _ = signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except TooSlowError:
        return None, seconds
    finally:
        signal.signal(signal.SIGVTALRM, before)
    return found, max(seconds - rest, 0.0)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError


def _text(entry: Entry) -> str:
    words = re.sub(r"<[^>]*>", " ", entry.content_html)
    return "\n".join([entry.title or "", html.unescape(words), *entry.tags, *entry.authors])


def _matches(pattern: str, text: str) -> bool:
    if len(pattern) > 1 and pattern.startswith("/") and pattern.endswith("/"):
        return re.search(pattern[1:-1], text, re.IGNORECASE) is not None
    # Only ASCII words have edges: Chinese and Japanese are written without spaces between words.
    start = r"(?<![A-Za-z0-9_])" if re.match(r"\w", pattern, re.ASCII) else ""
    end = r"(?![A-Za-z0-9_])" if re.search(r"\w\Z", pattern, re.ASCII) else ""
    return re.search(f"{start}{re.escape(pattern)}{end}", text, re.IGNORECASE) is not None
