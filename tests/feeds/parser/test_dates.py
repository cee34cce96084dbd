"""dates.py: dates in UTC, and None for a date that cannot be read or cannot be true."""

from __future__ import annotations

from datetime import UTC, datetime
from time import gmtime, struct_time

import pytest

from feeds.parser.dates import from_struct_time, plausible, read_iso_date, read_mail_date

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026-01-01T12:00:00Z", "2026-01-01T13:00:00+01:00", "2026-01-01T12:00:00"])
def test_a_date_of_json_is_in_utc(text: str) -> None:
    assert read_iso_date(text) == NOON


@pytest.mark.parametrize(
    "text", ["Thu, 01 Jan 2026 12:00:00 GMT", "1 Jan 2026 13:00:00 +0100", "1 Jan 2026 12:00:00"]
)
def test_a_date_of_mail_is_in_utc(text: str) -> None:
    assert read_mail_date(text) == NOON


@pytest.mark.parametrize("value", [None, 7, "", "yesterday", "0001-01-01T00:00:00+14:00", ["2026-01-01"]], ids=repr)
def test_anything_else_is_no_date(value: object) -> None:
    assert read_iso_date(value) is None
    assert read_mail_date(value) is None


def test_a_date_of_feedparser_is_in_utc() -> None:
    assert from_struct_time(gmtime(NOON.timestamp())) == NOON
    assert from_struct_time(None) is None
    assert from_struct_time(struct_time((10**9, 1, 1, 0, 0, 0, 0, 1, 0))) is None


def test_a_date_before_1990_is_not_believed() -> None:
    assert plausible(NOON) == NOON
    assert plausible(datetime(1732, 1, 1, tzinfo=UTC)) is None
    assert plausible(None) is None
