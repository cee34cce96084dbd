"""`try`: fetches one feed, and prints which of its entries a blog would take, and which its filter rejects."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from pydantic import ValidationError

import config
import redaction
import urls
from commands.options import DEFAULT_CONFIG, Options
from commands.trials import Trial, open_trials
from config import Blog, Config, ConfigError, Feed
from config.messages import sentence_of
from entries import Entry
from feeds.followed_feeds import FollowedFeed, own_of
from remedies import remedy

HELP = "fetch a feed once, and print which entries its filter would take"

_ALL, _TAKEN = "all", "taken"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the feed and its filter."""
    parser.add_argument("feed", metavar="URL", help="URL of a feed, or the URL or id of one of the configuration")
    for name, words in (("include", "take only entries with one of these"), ("exclude", "take no entries with it")):
        parser.add_argument(
            f"--{name}",
            action="append",
            metavar="WORD",
            help=f"{words}: a word or /regular expression/; may be repeated, and replaces that of the configuration",
        )


def run(options: Options) -> int:
    """Fetches and prints; returns 1 if the feed fails. Raises ConfigError."""
    loaded = _config(options)
    feed = _feed(loaded, options)
    trial = asyncio.run(_poll(loaded, feed))
    for line in report(trial):
        print(line)
    if trial.problem is None:
        return 0
    sentences = (redaction.public_text(trial.problem), remedy(trial.problem, trial.result.state.status))
    print(f"{trial.followed.name}: {' '.join(filter(None, sentences))}", file=sys.stderr)
    return 1


def report(trial: Trial) -> list[str]:
    """The lines about a feed that was fetched."""
    entries = [entry for entry in trial.result.entries if entry.blog == _ALL]
    taken = {entry.id for entry in trial.result.entries if entry.blog == _TAKEN}
    if trial.problem and not entries:
        return []
    title = _printable(trial.result.state.title or trial.followed.name)
    counts = f"{len(entries)} entries, {len(taken)} taken, {len(entries) - len(taken)} filtered out"
    slow = [f"  The pattern {pattern} takes too long, and was left out." for _, pattern in trial.result.slow_patterns]
    newest = sorted(entries, key=lambda entry: entry.position, reverse=True)
    return [f"{title}: {counts}.", *slow, *(_line(entry, is_taken=entry.id in taken) for entry in newest)]


def _line(entry: Entry, *, is_taken: bool) -> str:
    dated = entry.published or entry.modified
    when = dated.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if dated else " " * 16
    return f"{'+' if is_taken else '-'} {when}  {_printable(entry.title or entry.url or entry.id)}"


def _printable(text: str) -> str:
    """A text of a publisher without what a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)


async def _poll(config: Config, feed: Feed) -> Trial:
    everything = feed.model_copy(update={"include": (), "exclude": ()})
    followed = FollowedFeed(feed.url, feed.interval, {_ALL: everything, _TAKEN: feed}, feed.id or "", own_of(feed))
    async with open_trials(config) as trials:
        return await trials.poll(followed)


def _config(options: Options) -> Config:
    """The configuration, if there is one: it has logins and limits. A URL can be tried without."""
    if options.config == DEFAULT_CONFIG and not Path(DEFAULT_CONFIG).exists():
        return Config(blogs=())
    return options.load()


def _feed(loaded: Config, options: Options) -> Feed:
    """The feed of the configuration, or one of the URL alone, with the filter of the command line."""
    name: str = options.feed
    feed = _configured(loaded.blogs, name)
    if feed is None:
        try:
            feed = Feed(url=config.feed_url(name))
        except ConfigError as error:
            raise ConfigError(f"command line: {redaction.public_url(name)}: {error}") from None
    filters = {key: tuple(words) for key in ("include", "exclude") if (words := getattr(options, key))}
    try:
        checked = Feed.model_validate({"url": feed.url, **filters})
    except ValidationError as error:
        problems = (f"command line: --{one['loc'][0]}: {sentence_of(dict(one))}" for one in error.errors())
        raise ConfigError(*problems) from None
    return feed.model_copy(update={key: getattr(checked, key) for key in filters})


def _configured(blogs: Sequence[Blog], name: str) -> Feed | None:
    identity = urls.feed_identity(name)
    feeds = (feed for blog in blogs for feed in blog.feeds)
    return next((feed for feed in feeds if feed.id == name or urls.feed_identity(feed.url) == identity), None)
