"""`check`: validates the configuration; with --feeds fetches each feed once, with --webhooks tests each webhook."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from http.client import responses
from typing import Final

import redaction
from commands import webhook_trials
from commands.options import Options
from commands.tables import Row, table
from commands.trials import Trial, open_trials
from config import Config
from feeds import schedule
from feeds.followed_feeds import FollowedFeeds
from opml.lists import FeedList, merged
from pages import status_lists
from plurals import counted
from remedies import remedy

HELP = "validate the configuration, with --feeds and --webhooks try each of them once, and exit"

_HEAD: Final = ("FEED", "STATUS", "ENTRIES", "HUB", "INTERVAL")
PROGRESS_SECONDS: Final = 5.0
"""Seconds between two lines of progress where stderr is no terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --feeds and --webhooks."""
    parser.add_argument("--feeds", action="store_true", help="fetch each feed once; exit with 1 if any fails")
    parser.add_argument(
        "--webhooks", action="store_true", help="send each webhook a test message; exit with 1 if any fails"
    )


def run(options: Options) -> int:
    """Validates, tries and prints; returns 1 if a feed or a webhook fails. Raises ConfigError."""
    loaded = options.load()
    print(f"{options.config}: good.", flush=True)
    tried = [
        *([_feeds_work(loaded)] if options.feeds else ()),
        *([_webhooks_work(loaded)] if options.webhooks else ()),
    ]
    return 0 if all(tried) else 1


def _feeds_work(config: Config) -> bool:
    lists, trials = asyncio.run(_poll_all(config))
    print("\n".join((*_of_lists(config, lists), *table(_HEAD, map(_row, trials)))))
    failing = sum(trial.problem is not None for trial in trials)
    print(f"{counted(len(trials), 'feed')}, {failing} failing.", flush=True)
    return not failing and not any(known.problem for known in lists.values())


def _webhooks_work(config: Config) -> bool:
    trials = asyncio.run(webhook_trials.try_webhooks(config))
    print("\n".join(webhook_trials.lines(trials)))
    failing = sum(bool(trial.problem) for trial in trials)
    print(f"{counted(len(trials), 'webhook')}, {failing} failing.")
    return not failing


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


def _row(trial: Trial) -> Row:
    """The cells of a feed; below one that fails there are its problem and the remedy."""
    state = trial.result.state
    hub = state.hub and redaction.public_url(state.hub).partition("://")[2]
    status = f"{state.status} {responses.get(state.status, '')}".strip() if state.status else "no answer"
    cells = (
        trial.followed.name.partition("://")[2],
        status if trial.result.outcome != "paused" else "not fetched",
        "-" if trial.problem and not state.listed else str(len(state.listed)),
        hub or "-",
        _interval(trial),
    )
    return Row(cells, _problems(trial))


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
