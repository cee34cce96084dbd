"""The state of a source as text, in the language and with the times (UTC) of a page.

static/reading/freshness.js writes the same sentences in the reader's time zone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from tornado.locale import Locale

from entries import timestamp
from pages import item
from pages.freshness import FailingFeed, SourceState

MIN_WAIT_SECONDS: Final = 2
"""The shortest wait that is written: a feed that is due now is polled within a second or two."""

_SILENCES: Final = (("silent {n} d", 1440), ("silent {n} h", 60), ("silent {n} min", 1))
_WAITS: Final = (("{n} days", 86_400), ("{n} hours", 3_600), ("{n} minutes", 60), ("{n} seconds", 1))


def freshness_text(source: SourceState, now: float, locale: Locale) -> str:
    """The time since the newest entry of a source, or since the source is unreachable. ``now`` is Unix time.

    A unit is used from two of it on: 119 minutes, then 2 hours.
    """
    if source.condition == "waiting":
        return locale.translate("not fetched yet")
    if source.condition == "unreachable":
        return _since(source.since, now, locale)
    if not source.last:
        return locale.translate("nothing yet")
    minutes = int(max(now - source.last, 0) // 60)
    if source.condition == "fresh":
        return locale.translate("{n} min ago" if minutes else "just now").format(n=minutes)
    text, size = next((one for one in _SILENCES if minutes >= one[1] * 2), _SILENCES[-1])
    return locale.translate(text).format(n=minutes // size)


def problem_text(feed: FailingFeed, now: float, locale: Locale) -> str:
    """The problem of a failing feed, and the time until the next try. ``now`` is Unix time."""
    seconds = max(feed.next_at - now, MIN_WAIT_SECONDS)
    text, size = next((text, size) for text, size in _WAITS if seconds >= 2 * size or size == 1)
    wait = locale.translate(text).format(n=f"{seconds / size:.0f}")
    return locale.translate("{name}: {problem} Next try in {wait}.").format(
        name=feed.name, problem=feed.problem, wait=wait
    )


def iso(seconds: float) -> str | None:
    """A Unix time as RFC 3339; None for 0, which means never."""
    return timestamp(datetime.fromtimestamp(seconds, UTC)) if seconds else None


def _since(seconds: float, now: float, locale: Locale) -> str:
    helpers = item.helpers(locale)
    since, today = iso(seconds) or "", iso(now) or ""
    write = helpers["clock"] if since[:10] == today[:10] else helpers["moment"]
    return locale.translate("unreachable since {time}").format(time=write(since))
