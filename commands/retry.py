"""`retry`: polls failing feeds now, whatever their back-off.

A shared store is written to, and any node polls the feeds. A store in an SQLite file belongs to the process that has
it open: the running server is asked, through its admin address or with its admin token.

    POST /feeds/retry     {"feed": IDENTITY}, or {} for all feeds that fail
    200                   {"due": [IDENTITY, …], "paused": {IDENTITY: UNIX_SECONDS, …}}
    404                   no blog follows it
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from typing import Final

import opml.lists
import redaction
import urls
from commands import admin_client
from commands.options import Options
from config import Config, ConfigError
from feeds import schedule
from timeline import LockedError, open_existing
from timeline.retry import Retried, retry, together

HELP = "poll a feed, a list of feeds, or all that fail, now, whatever the back-off"
PATH: Final = "/feeds/retry"

_NOW: Final = "now"
_AT_START: Final = "as soon as the server starts"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the feed."""
    parser.add_argument(
        "feed", nargs="?", metavar="URL", help="URL or id of a feed, or URL of a list; without it all that fail"
    )


def run(options: Options) -> int:
    """Makes the feeds due and prints them; returns 1 if that is not possible. Raises ConfigError, TimelineError."""
    loaded = options.load()
    name: str | None = options.feed
    identity = None if name is None else find_feed(loaded, name)
    try:
        retried, when = _retried(loaded, identity)
    except admin_client.AdminError as error:
        print(error, file=sys.stderr)
        return 1
    if retried is None:
        print(f"{name}: no node follows it: is the configuration the running one?", file=sys.stderr)
        return 1
    _report(retried, loaded, when)
    return 0


def find_feed(config: Config, name: str) -> str:
    """The identity of a feed of the configuration, by its URL or id. Raises ConfigError."""
    identity = urls.feed_identity(name)
    for feed in (feed for blog in config.blogs for feed in blog.feeds):
        if feed.id == name or urls.feed_identity(feed.url) == identity:
            return feed.identity
    if any(blog.opml for blog in config.blogs):
        # A list that a blog follows may have it: the server, or the store, knows.
        return identity
    raise ConfigError(f"command line: {redaction.public_url(name)}: no feed of the configuration")


def _retried(config: Config, identity: str | None) -> tuple[Retried | None, str]:
    """Retries in the store, or asks the server that has it open; returns also when the feeds are polled.

    Raises AdminError and TimelineError.
    """
    if config.store == "sqlite::memory:":
        return _by_server(config, identity), _NOW
    try:
        retried = asyncio.run(_in_store(config, identity))
    except LockedError as locked:
        try:
            return _by_server(config, identity), _NOW
        except admin_client.AdminError as error:
            raise admin_client.AdminError(f"{locked}. {error}") from None
    # No server has the file open.
    return retried, _AT_START if config.store.startswith("sqlite:") else _NOW


async def _in_store(config: Config, identity: str | None) -> Retried | None:
    timeline = await open_existing(config.store)
    try:
        lists = await opml.lists.retry(timeline, config, identity)
        return lists if identity and lists else together(await retry(timeline, identity), lists)
    finally:
        await timeline.close()


def _by_server(config: Config, identity: str | None) -> Retried | None:
    """Asks the server. Raises AdminError."""
    answer = admin_client.post(config.server, PATH, {} if identity is None else {"feed": identity})
    if answer is None and identity is None:
        raise admin_client.AdminError("The server that answers has no /feeds/retry: is it a Livelog of this version?")
    if answer is None:
        return None
    due, paused = answer.get("due", []), answer.get("paused", {})
    return Retried(list(map(str, due)), {str(one): float(until) for one, until in paused.items()})


def _report(retried: Retried, config: Config, when: str) -> None:
    if not retried.due and not retried.paused:
        print("No feed fails.")
    shown = {feed.identity: feed.public_url for blog in config.blogs for feed in blog.feeds}
    shown |= {urls.feed_identity(url): redaction.public_url(url) for url in opml.lists.lists_of(config).values()}
    for one in retried.due:
        print(f"{shown.get(one, one)}: is polled {when}.")
    for one, until in retried.paused.items():
        wait = schedule.in_words(max(until - time.time(), 0))
        print(f"{shown.get(one, one)}: its publisher asked for a pause, which ends in {wait}; it is polled then.")
