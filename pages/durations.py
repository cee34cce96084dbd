"""Times before and after now, and durations, in the words of the operator's pages."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from tornado.locale import Locale

from pages.status_pushes import PushRow

MIN_STEPS: Final = 2
"""A unit is used from this many of it on: 90 min, not 1.5 h."""

MAX_WITH_DECIMAL: Final = 10
MAX_MILLISECONDS: Final = 1_000


def helpers(locale: Locale, now: float) -> dict[str, Callable[..., Any]]:
    """The functions that templates/status.html calls, in a language and at a Unix time."""

    def lasting(seconds: float | None) -> str:
        return duration(seconds, locale)

    def ago(at: float) -> str:
        return locale.translate("{time} ago").format(time=lasting(round(max(now - at, 0)))) if at else "–"

    def until(at: float) -> str:
        if at <= now:
            return locale.translate("due now")
        return locale.translate("in {time}").format(time=lasting(math.ceil(at - now)))

    def minute(at: float) -> str:
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"

    def refusal(reason: str) -> str:
        return {
            "stopping": locale.translate("{n} clients were refused: the server is about to stop."),
            "descriptors": locale.translate("{n} clients were refused: too few file descriptors (ulimit -n)."),
            "address": locale.translate(
                "{n} clients were refused: too many at one address, or of an untrusted proxy."
            ),
            "unread": locale.translate("{n} requests were refused: their clients do not read the answers."),
        }[reason]

    def subscription(row: PushRow) -> str:
        if row.is_trusted:
            return locale.translate("pushed first")
        return {
            "active": locale.translate("confirmed"),
            "pending": locale.translate("not confirmed yet"),
            "denied": locale.translate("denied"),
        }.get(row.phase, locale.translate("none"))

    return {
        "subscription": subscription,
        "lasting": lasting,
        "ago": ago,
        "until": until,
        "minute": minute,
        "refusal": refusal,
        "bars": bars,
        "clock_seconds": lambda at: datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S"),
    }


def duration(seconds: float | None, locale: Locale) -> str:
    """A duration: 12 ms, 3.4 s, 45 s, 90 min, 30 h, 5 d; a dash for None."""
    if seconds is None:
        return "–"
    seconds = max(seconds, 0.0)
    units = (
        (86_400, locale.translate("{n} d")),
        (3_600, locale.translate("{n} h")),
        (60, locale.translate("{n} min")),
    )
    for size, words in units:
        if seconds >= MIN_STEPS * size:
            return words.format(n=int(seconds / size))
    if 0 < seconds * 1000 < MAX_MILLISECONDS:
        return locale.translate("{n} ms").format(n=max(round(seconds * 1000), 1))
    number = f"{seconds:.1f}" if 0 < seconds < MAX_WITH_DECIMAL and seconds % 1 else f"{seconds:.0f}"
    return locale.translate("{n} s").format(n=number)


def bars(counts: list[int], height: int) -> list[tuple[int, float]]:
    """The heights of the bars of a sparkline, with their places; an hour with entries has a bar that can be seen."""
    most = max([*counts, 1])
    return [(n, max(height * count / most, 2.0) if count else 0.0) for n, count in enumerate(counts)]
