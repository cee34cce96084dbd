"""The wait that a server asks for."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from tornado.httputil import HTTPHeaders

MAX_RETRY_AFTER_SECONDS: Final = 31 * 24 * 3600.0


def retry_after(headers: HTTPHeaders, now: float) -> float | None:
    """Seconds to wait, from a number or a date (RFC 9110 §10.2.3); None for no header, or one that is unreadable.

    A date counts from the Date of the answer, if it has one: the clock of the same machine.
    """
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+", value, re.ASCII):
        return min(float(value), MAX_RETRY_AFTER_SECONDS)
    moment = http_date(value)
    if moment is None:
        return None
    sent = http_date(headers.get("Date", ""))
    return min(max(moment - (now if sent is None else sent), 0.0), MAX_RETRY_AFTER_SECONDS)


def http_date(value: str) -> float | None:
    """An HTTP date as Unix seconds; None for one that is unreadable."""
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
