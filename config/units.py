"""Durations and sizes as people write them: `30s`, `15m`, `1.5h`, `2d`; `512KB`, `15MB`, `1MiB`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES: Final = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_NUMBER_AND_UNIT: Final = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?([a-z]*)")


def interval(value: object) -> float | None:
    """Seconds between polls, from 1 second to 31 days; None for `auto`. Raises ValueError."""
    if value is None or str(value).strip().lower() == "auto":
        return None
    # 5 alone may be meant as minutes. Numbers are from programs, where seconds are the unit.
    units = {**_SECONDS, "": 0 if isinstance(value, str) else 1}
    words = "auto, or a duration with its unit, from 1s to 31d, such as 30s, 15m, 1h or 2d"
    return _quantity(value, units, 1, 31 * 86400, words)


def timeout(value: object) -> float:
    """Seconds, from 1 to 120. Raises ValueError."""
    return _quantity(value, {**_SECONDS, "": 1}, 1, 120, "a duration from 1s to 120s, such as 20s")


def size(value: object) -> int:
    """Bytes, from 1,000 to 100,000,000. Raises ValueError."""
    return int(_quantity(value, _BYTES, 1000, 10**8, "a size from 1KB to 100MB, such as 512KB, 15MB or 1MiB"))


def _quantity(value: object, units: Mapping[str, int], low: int, high: int, words: str) -> float:
    text = str(value) if isinstance(value, str | int | float) else ""
    match = _NUMBER_AND_UNIT.fullmatch(text.strip().lower())
    number = float(match[1]) * units.get(match[2], 0) if match else 0
    if not low <= number <= high:
        raise ValueError(f"must be {words}")
    return number
