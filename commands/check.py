"""`check`: validates the configuration; with --feeds fetches each feed once and prints a table of all."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http.client import responses
from typing import Final

import redaction
from commands.options import Options
from commands.trials import Trial, open_trials
from config import Config
from feeds import schedule
from feeds.followed_feeds import FollowedFeeds
from opml.lists import FeedList, merged
from pages import status_lists
from plurals import counted
from remedies import remedy

HELP = "validate the configuration, with --feeds fetch each feed once, and exit"

_HEAD: Final = ("FEED", "STATUS", "ENTRIES", "HUB", "INTERVAL")
PROGRESS_SECONDS: Final = 5.0
"""Seconds between two lines of progress where stderr is no terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --feeds."""
    parser.add_argument("--feeds", action="store_true", help="fetch each feed once; exit with 1 if any fails")


def run(options: Options) -> int:
    """Validates, fetches and prints; returns 1 if a feed fails. Raises ConfigError."""
    loaded = options.load()
    print(f"{options.config}: good.", flush=True)
    if not options.feeds:
        return 0
    lists, trials = asyncio.run(_poll_all(loaded))
    print("\n".join((*_of_lists(loaded, lists), *table(trials))))
    failing = sum(trial.problem is not None for trial in trials)
    print(f"{counted(len(trials), 'feed')}, {failing} failing.")
    return 1 if failing or any(known.problem for known in lists.values()) else 0


async def _poll_all(config: Config) -> tuple[Mapping[str, FeedList], Sequence[Trial]]:
    """The lists of feeds that blogs follow, and the trials of all feeds, in the order of the configuration."""
    ended: dict[str, Trial] = {}
    async with open_trials(config) as trials:
        lists = await trials.lists(config)
        feeds = FollowedFeeds(merged(config, lists).blogs)
        progress = _Progress(len(feeds))
        async for trial in trials.poll_all(feeds.values()):
            ended[trial.followed.identity] = trial
            progress.show(len(ended))
    progress.end()
    return lists, [ended[identity] for identity in feeds]


def _of_lists(config: Config, lists: Mapping[str, FeedList]) -> Iterator[str]:
    """A line for each list of feeds, and below one that fails its problem and the remedy."""
    for row in status_lists.rows(config, lists, time.time()):
        yield f"list {row.address}: {counted(row.feeds, 'feed')}, {row.left_out + row.excess} left out"
        if row.problem and row.advice:
            yield f"  {row.problem} {row.advice.remedy}"


def table(trials: Iterable[Trial]) -> list[str]:
    """The lines of the table; below a feed that fails there are its problem and the remedy."""
    rows = [(trial, _row(trial)) for trial in trials]
    widths = [max(map(len, column)) for column in zip(_HEAD, *(row for _, row in rows), strict=True)]
    lines = [_line(_HEAD, widths)]
    for trial, row in rows:
        lines += [_line(row, widths), *(f"  {sentence}" for sentence in _problems(trial))]
    return lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def _row(trial: Trial) -> tuple[str, ...]:
    state = trial.result.state
    hub = state.hub and redaction.public_url(state.hub).partition("://")[2]
    status = f"{state.status} {responses.get(state.status, '')}".strip() if state.status else "no answer"
    return (
        trial.followed.name.partition("://")[2],
        status if trial.result.outcome != "paused" else "not fetched",
        "-" if trial.problem and not state.listed else str(len(state.listed)),
        hub or "-",
        _interval(trial),
    )


def _interval(trial: Trial) -> str:
    if trial.followed.interval is not None:
        return schedule.in_words(trial.followed.interval)
    if trial.problem:
        return "auto"
    return f"auto: {schedule.in_words(schedule.auto_interval(trial.result.state, time.time()))}"


def _problems(trial: Trial) -> list[str]:
    """The problem of a feed, and its remedy."""
    if trial.problem is None:
        return []
    sentences = [redaction.public_text(trial.problem), remedy(trial.problem, trial.result.state.status)]
    return [" ".join(filter(None, sentences))]


class _Progress:
    """Counts the feeds that were fetched, on stderr: in one line of a terminal, else in a line now and then."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._is_terminal = sys.stderr.isatty()
        self._next = time.monotonic() + PROGRESS_SECONDS

    def show(self, done: int) -> None:
        """Shows how many are done."""
        text = f"{done} of {self._total} feeds"
        if self._is_terminal:
            print(f"\r{text}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_SECONDS
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Removes the line from a terminal."""
        if self._is_terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
