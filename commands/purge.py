"""`purge`: removes the entries of a feed that no blog follows any more; readers get a `delete` event of each."""

from __future__ import annotations

import argparse
import asyncio

import redaction
import urls
from commands.options import Options
from config import Config, ConfigError, Feed, ListedFeed
from opml.lists import merged, stored
from timeline import LockedError, TimelineError, open_existing

HELP = "remove all entries of a feed that is not in the configuration any more"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the feed."""
    parser.add_argument("feed", metavar="FEED", help="URL of the feed, or the id that it had")


def run(options: Options) -> int:
    """Removes the entries and prints their number; returns 0. Raises ConfigError and TimelineError."""
    loaded = options.load()
    feed: str = options.feed
    _check_not_followed(loaded, feed)
    if loaded.store == "sqlite::memory:":
        raise ConfigError("the store is in memory: it has only what the running server follows")
    count = asyncio.run(_purge(loaded, feed))
    entries = "1 entry was" if count == 1 else f"{count} entries were"
    print(f"{redaction.public_url(feed) if '://' in feed else feed}: {entries} removed.")
    return 0


def _check_not_followed(config: Config, name: str) -> None:
    """Raises ConfigError if the feed is followed, or one that the entries do not differ from."""
    for blog in config.blogs:
        for feed in blog.feeds:
            if problem := _problem(feed, name):
                raise ConfigError(f"command line: {feed.id or feed.public_url}: {problem} (blog {blog.slug})")


def _problem(feed: Feed, name: str) -> str | None:
    if feed.id == name or urls.feed_identity(feed.url) == urls.feed_identity(name):
        if isinstance(feed, ListedFeed):
            return "is still in the list of feeds that the blog follows: remove it there first"
        return "is still in the configuration: remove it there first"
    if urls.feed_identity(feed.public_url) == urls.feed_identity(redaction.public_url(name)):
        return "is in the configuration, and differs in a secret alone: the entries of both look alike"
    return None


async def _purge(config: Config, feed: str) -> int:
    """Raises TimelineError, also if a node follows the feed or has the store open; ConfigError if a list has it."""
    try:
        timeline = await open_existing(config.store)
    except LockedError as locked:
        raise TimelineError(f"{locked}: stop it first") from None
    try:
        _check_not_followed(merged(config, await stored(timeline, config)), feed)
        # A database in a file has no running node: its list of followed feeds is that of the last run.
        if timeline.is_shared and any(
            feed == state.url or urls.feed_identity(feed) == urls.feed_identity(state.address)
            for state in await timeline.states()
        ):
            raise TimelineError("a running node still follows this feed: load the configuration in all nodes first")
        return await timeline.purge(feed, timeline.now())
    finally:
        await timeline.close()
