"""Dates as publishers write them, to UTC. A date that cannot be read, or cannot be true, is None."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import struct_time
from typing import Final

_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)


def read_iso_date(value: object) -> datetime | None:
    """A date as RFC 3339 and ISO 8601 have it; without a time zone it is UTC."""
    return _read(value, datetime.fromisoformat)


def read_mail_date(value: object) -> datetime | None:
    """A date as RFC 5322 has it; without a time zone it is UTC."""
    return _read(value, parsedate_to_datetime)


def from_struct_time(parsed: struct_time | None) -> datetime | None:
    """A date that feedparser has read, which is in UTC."""
    if parsed is None:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def plausible(moment: datetime | None) -> datetime | None:
    """The date, unless it is earlier than 1990: Unix seconds in a date field are read as the year 1732."""
    return moment if moment and moment >= _EARLIEST else None


def _read(value: object, read: Callable[[str], datetime]) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = read(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
