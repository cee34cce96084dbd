"""Dates as publishers write them, to UTC. A date is understood wholly, or is None.

RFC 822 and RFC 3339, which nearly all feeds use, are tried first. Anything else is taken apart: the clock is found,
then the zone beside it, and all of the rest must be a date. No part is guessed: a day of today's calendar, or the
wrong one of 03/04, would bury a new post among the old. feedparser, dateutil and dateparser guess.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from feeds.parser.date_words import MONTHS, REGIONS, WEEKDAYS, ZONES, plain

_EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
_MAX_CHARS: Final = 100
_MAX_EPOCH: Final = 2_000_000_000
"""May 2033. Ten digits above are as likely year, month, day and hour: `2026113012`."""

_MAIL_MONTHS: Final = {
    name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
_MAIL: Final = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) (?:([+-])([0-9]{2})([0-9]{2})|([A-Z]{1,5}))"
)
_ISO: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)

_EPOCH: Final = re.compile(r"([0-9]{10})(?:([0-9]{3})|([0-9]{6})|\.([0-9]{1,9}))?")
_COMPACT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2}) ?([0-9]{2})([0-9]{2})([0-9]{2})?(?![0-9])")
_HALF: Final = r"[ap]\. ?m\.|[ap]m(?![a-z])"
_CLOCK: Final = re.compile(
    r"(?P<early>上午|午前|오전|下午|午後|오후)? ?(?<![0-9+-])(?:"
    r"(?P<hour>[0-9]{1,2})(?::|h|[時时点點] ?|시 ?)(?P<minute>[0-9]{1,2})"
    r"(?:[:m分분] ?(?P<second>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]{1,9}))?(?:s(?![a-z])|[秒초])?|[分분])?"
    rf"(?: ?(?P<late>{_HALF}))?"
    rf"|(?P<hour_only>[0-9]{{1,2}}) ?(?P<half>{_HALF})"
    # ISO 8601's basic format.
    r"|(?<=[0-9]t)(?P<hour_basic>[0-9]{2})(?:(?P<minute_basic>[0-9]{2})"
    r"(?:(?P<second_basic>[0-9]{2})(?:[.,](?P<fraction_basic>[0-9]{1,9}))?)?)?"
    r")(?![0-9:])"
)
_AFTERNOON: Final = ("下午", "午後", "오후")
_OFFSET: Final = re.compile(r"(?:utc|gmt|ut)? ?([+-]) ?([0-9]{1,2})(?::?([0-9]{2}))?(?![0-9:])(?: ?([a-z]{1,5})\b)?")
_ZONE_NAME: Final = re.compile(r"(?:etc/)?([a-z]{1,5})(?![a-z/])")
_REGION: Final = re.compile(r"\[?([a-z_]+(?:/[a-z_-]+)+)\]?")
_ZONE_OF_DATE: Final = re.compile(r"(.*[0-9]) ?(z|[+-][0-9]{2}:[0-9]{2})")
_COMMENT: Final = re.compile(r" ?\(([^()]*)\)$")

_GLUE: Final = " ,|@:·•–—-"
_BEFORE_CLOCK: Final = re.compile(
    r"(?:(?<=[0-9])t|(?:^|(?<=[ ,]))"
    r"(?:at|um|a las|a|as|alle|alle ore|ore|om|kl\.?|klo|o|o godz\.?|godz\.?|в|о|saat))$"
)
_AFTER_CLOCK: Final = re.compile(r"^ ?(?:uhr|uur|hrs|hs|h)(?![^\W_])")

_YEAR_FIRST: Final = re.compile(r"([0-9]{4})(?:([-/.]) ?([0-9]{1,2})\2 ?([0-9]{1,2})\.?|([0-9]{2})([0-9]{2}))")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})([-/.]) ?([0-9]{1,2})\2 ?([0-9]{4})")
_WEEK: Final = re.compile(r"([0-9]{4})(-?)w([0-9]{2})\2([1-7])")
_DAY_OF_YEAR: Final = re.compile(r"([0-9]{4})-?([0-9]{3})")
_EAST: Final = re.compile(r"([0-9]{4}) ?[年년] ?([0-9]{1,2}) ?[月월] ?([0-9]{1,2}) ?[日일号]")
_LAST_WORD: Final = re.compile(r"(.*?[0-9日号일.]),? ?\(?([^\W\d_]+)\)?")
_WORD: Final = r"([^\W\d_]{3,})\.?"
_DAY: Final = r"([0-9]{1,2})(?:st|nd|rd|th|ere?|[oae](?![a-z])|\.)?"
_OF: Final = r"[ ,./-]*(?:(?:of|de|del) )?"
_DAY_MONTH_YEAR: Final = re.compile(_DAY + _OF + _WORD + _OF + r"([0-9]{2,4})(?: ?(?:г|р|r)\.?| года| року| roku)?")
_MONTH_DAY_YEAR: Final = re.compile(_WORD + "[ /-]?" + _DAY + r"[ ,/-]{1,2}([0-9]{2,4})")
_YEAR_MONTH_DAY: Final = re.compile(r"([0-9]{4})[ ,./-]{0,2}" + _WORD + "[ /-]?" + _DAY)


def read_date(value: object) -> datetime | None:
    """A date in any format, without a time zone in UTC and without a time at midnight; None if a part is unclear."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if not text or len(text) > _MAX_CHARS:
        return None
    try:
        return _read_usual(text) or _read_epoch(text) or _read_parts(text)
    except (ValueError, OverflowError, LookupError, OSError):
        return None


def plausible(moment: datetime | None) -> datetime | None:
    """The date, unless it is earlier than 1990: a database without a date has 1970, or year 1."""
    return moment if moment and moment >= _EARLIEST else None


def _read_usual(text: str) -> datetime | None:
    """RFC 822 and RFC 3339 in the form that nearly all feeds have."""
    mail = _MAIL.fullmatch(text)
    if mail:
        return _read_mail(*mail.groups())
    if not _ISO.fullmatch(text) or text[11:13] == "24" or text[17:19] == "60":
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _read_mail(
    day: str,
    month: str,
    year: str,
    hour: str,
    minute: str,
    second: str,
    sign: str,
    east: str,
    minutes: str,
    zone: str,
) -> datetime | None:
    if second == "60" or hour == "24" or month not in _MAIL_MONTHS:
        return None
    moment = datetime(int(year), _MAIL_MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    if sign:
        return moment - _offset(sign, east, minutes)
    if zone == "GMT":
        return moment
    hours = ZONES.get(zone.lower())
    return None if hours is None else moment - timedelta(hours=hours)


def _read_epoch(text: str) -> datetime | None:
    """Seconds, milliseconds or microseconds since 1970."""
    epoch = _EPOCH.fullmatch(text)
    if not epoch or int(epoch[1]) >= _MAX_EPOCH:
        return None
    fraction = epoch[2] or epoch[3] or epoch[4] or ""
    return datetime.fromtimestamp(int(epoch[1]), UTC) + _fraction(fraction)


@lru_cache(maxsize=1024)
def _read_parts(text: str) -> datetime | None:
    """Takes a text apart: clock, zone, and a date that must be all of the rest.

    The dates of a feed are the same at each poll, so that they are remembered.
    """
    text = plain(text)
    comment = _COMMENT.search(text)
    if comment:
        text = text[: comment.start()]
    compact = _COMPACT.match(text)
    if compact:
        year, month, day, *clock = (int(part or 0) for part in compact.groups())
        date, time, rest = datetime(year, month, day), _time(*clock), text[compact.end() :]
        zone, rest = _split_zone(rest.strip())
        return None if rest else _in_utc(date + time, zone, comment)
    found = _CLOCK.search(text)
    if not found:
        return _read_day(text, comment)
    before = _strip_connector(text[: found.start()])
    zone, rest = _split_zone(_AFTER_CLOCK.sub("", text[found.end() :], count=1).strip(" ,"))
    day_of = _date(f"{before} {rest.strip(_GLUE)}".strip())
    return _in_utc(day_of + _read_clock(found), zone, comment) if day_of else None


def _read_day(text: str, comment: re.Match[str] | None) -> datetime | None:
    """A date without a time; XML Schema allows it a zone."""
    zoned = _ZONE_OF_DATE.fullmatch(text)
    zone, rest = _split_zone(zoned[2]) if zoned else (None, "")
    date = _date(zoned[1]) if zoned and not rest else None
    if date is None:
        zone, date = None, _date(text)
    return _in_utc(date, zone, comment) if date else None


def _in_utc(local: datetime, zone: tzinfo | None, comment: re.Match[str] | None) -> datetime | None:
    """Applies the zone. Beside one a comment is no part of the date; alone it must be a zone or a weekday."""
    if comment and zone is None and comment[1] not in WEEKDAYS:
        zone, rest = _split_zone(comment[1])
        if zone is None or rest:
            return None
    return local.replace(tzinfo=zone or UTC).astimezone(UTC)


def _strip_connector(text: str) -> str:
    """Removes the word or sign that connects a date to the clock after it: `at`, `um`, a comma."""
    bare = text.rstrip(_GLUE)
    return _BEFORE_CLOCK.sub("", bare).rstrip(_GLUE)


def _read_clock(found: re.Match[str]) -> timedelta:
    hour = int(found["hour"] or found["hour_only"] or found["hour_basic"])
    half = found["late"] or found["half"] or found["early"]
    if half:
        hour = _hour_of_day(hour, late=half[0] == "p" or half in _AFTERNOON)
    minute = int(found["minute"] or found["minute_basic"] or 0)
    second = int(found["second"] or found["second_basic"] or 0)
    return _time(hour, minute, second) + _fraction(found["fraction"] or found["fraction_basic"] or "")


def _hour_of_day(hour: int, *, late: bool) -> int:
    """The hour of a clock of 12 hours; `14:02 PM` has one meaning, too."""
    if hour > 12:
        if not late:
            raise ValueError("13 and more hours are never before noon")
        return hour
    return hour % 12 + 12 * late


def _time(hour: int, minute: int, second: int) -> timedelta:
    """The time since midnight. 24:00 is the end of the day, and second 60 a leap second (ISO 8601)."""
    if not (hour < 24 or (hour == 24 and not minute and not second)) or minute > 59 or second > 60:
        raise ValueError("no time of day")
    return timedelta(hours=hour, minutes=minute, seconds=second)


def _fraction(digits: str) -> timedelta:
    return timedelta(microseconds=int(digits[:6].ljust(6, "0")))


def _split_zone(text: str) -> tuple[tzinfo | None, str]:
    """The zone that a text begins with, and the rest."""
    offset = _OFFSET.match(text)
    if offset:
        rest = text[offset.end() :]
        if offset[4] and offset[4] not in ZONES:
            rest = text[offset.start(4) :]
        region = _REGION.fullmatch(rest)
        return timezone(_offset(offset[1], offset[2], offset[3] or "0")), "" if region else rest.strip(" ,")
    named = _ZONE_NAME.match(text)
    if named and named[1] in ZONES:
        return timezone(timedelta(hours=ZONES[named[1]])), text[named.end() :].strip(" ,")
    if named and named[1] in REGIONS:
        return ZoneInfo(REGIONS[named[1]]), text[named.end() :].strip(" ,")
    region = _REGION.match(text)
    if region:
        return _region(region[1]), text[region.end() :].strip(" ,")
    return None, text


@lru_cache(maxsize=64)
def _region(name: str) -> ZoneInfo:
    """A zone of the tz database by its name in lower case: `europe/berlin`, `america/port-au-prince`."""
    return ZoneInfo(
        re.sub(r"[a-z]+", lambda word: word[0] if word[0] in ("of", "au", "es") else word[0].title(), name)
    )


def _offset(sign: str, hours: str, minutes: str) -> timedelta:
    if int(hours) > 15 or int(minutes) > 59:
        raise ValueError("no zone is so far from UTC")
    east = timedelta(hours=int(hours), minutes=int(minutes))
    return -east if sign == "-" else east


def _date(text: str) -> datetime | None:
    """Midnight of a date that is all of the text but a weekday at its beginning or end, right or wrong."""
    date = _read_numbers(text) or _read_names(text)
    if date:
        return date
    first, _, rest = text.replace(",", ", ", 1).partition(" ")
    if first.strip(".,") in WEEKDAYS:
        rest = rest.strip(" ,")
        return _read_numbers(rest) or _read_names(rest)
    last = _LAST_WORD.fullmatch(text)
    return _read_numbers(last[1]) or _read_names(last[1]) if last and last[2] in WEEKDAYS else None


def _read_numbers(text: str) -> datetime | None:
    found = _YEAR_FIRST.fullmatch(text)
    if found:
        year, _, month, day, month_basic, day_basic = found.groups()
        return datetime(int(year), int(month or month_basic), int(day or day_basic))
    found = _EAST.fullmatch(text)
    if found:
        return datetime(int(found[1]), int(found[2]), int(found[3]))
    found = _YEAR_LAST.fullmatch(text)
    if found:
        return _read_year_last(int(found[1]), found[2], int(found[3]), int(found[4]))
    found = _WEEK.fullmatch(text)
    if found:
        return datetime.fromisocalendar(int(found[1]), int(found[3]), int(found[4]))
    found = _DAY_OF_YEAR.fullmatch(text)
    if not found:
        return None
    date = datetime(int(found[1]), 1, 1) + timedelta(days=int(found[2]) - 1)
    return date if date.year == int(found[1]) else None


def _read_year_last(first: int, separator: str, second: int, year: int) -> datetime | None:
    """Day and month, in either order with `/` and `-`: both 3 April and 4 March are 03/04, so that is no date."""
    if separator == "." or first > 12 or first == second:
        return datetime(year, second, first)
    return datetime(year, first, second) if second > 12 else None


def _read_names(text: str) -> datetime | None:
    """A date with the name of its month."""
    found = _DAY_MONTH_YEAR.fullmatch(text)
    if found:
        return _named(found[3], found[2], found[1])
    found = _MONTH_DAY_YEAR.fullmatch(text)
    if found:
        return _named(found[3], found[1], found[2])
    found = _YEAR_MONTH_DAY.fullmatch(text)
    return _named(found[1], found[2], found[3]) if found else None


def _named(year: str, month: str, day: str) -> datetime | None:
    if month not in MONTHS:
        return None
    # A year of two or three digits is read as RFC 2822 §4.3 says.
    missing = 0 if len(year) == 4 else 1900 if len(year) == 3 or int(year) >= 50 else 2000
    return datetime(int(year) + missing, MONTHS[month], int(day))
