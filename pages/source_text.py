"""The state of a source as text, in the language and with the times (UTC) of a page.

static/reading/freshness.js and problems.js write the same sentences in the reader's time zone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from tornado.locale import Locale

from entries import timestamp
from pages import item
from pages.freshness import Sources, SourceState
from pages.language import language
from pages.names import short_name

MAX_MINUTES: Final = 120
MAX_HOURS: Final = 48
"""Ages up to which minutes and hours are written; an older one is a date."""


def freshness_text(source: SourceState, now: float, locale: Locale) -> str:
    """The time since the newest entry of a source, or since the source is unreachable. ``now`` is Unix time."""
    if source.condition == "waiting":
        return locale.translate("not fetched yet")
    if source.condition == "unreachable":
        return locale.translate("unreachable since {time}").format(time=_when(source.since, now, locale))
    if not source.last:
        return locale.translate("nothing yet")
    minutes = int(max(now - source.last, 0) // 60)
    if minutes < MAX_MINUTES:
        return locale.translate("{n} min ago" if minutes else "just now").format(n=minutes)
    if minutes < MAX_HOURS * 60:
        return locale.translate("{n} h ago").format(n=minutes // 60)
    day = item.day(iso(source.last) or "", language(locale).code)
    return locale.translate("Last post {day}").format(day=day)


def problem_texts(sources: Sources, now: float, locale: Locale) -> list[str]:
    """A sentence about each source that cannot be reached, or one about all. ``now`` is Unix time."""
    since = sources.unreachable_since
    if since and len(sources.known) > 1:
        return [locale.translate("No source can be reached since {time}").format(time=_when(since, now, locale))]
    sentence = locale.translate("{name} can’t be reached since {time}")
    return [
        sentence.format(name=item.isolated(short_name(source.title)), time=_when(source.since, now, locale))
        for source in sources.unreachable
    ]


def iso(seconds: float) -> str | None:
    """A Unix time as RFC 3339; None for 0, which means never."""
    return timestamp(datetime.fromtimestamp(seconds, UTC)) if seconds else None


def _when(seconds: float, now: float, locale: Locale) -> str:
    helpers = item.helpers(locale)
    since, today = iso(seconds) or "", iso(now) or ""
    written: str = helpers["later"](since, today)
    return written
