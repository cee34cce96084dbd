"""config/units.py: durations and sizes."""

from __future__ import annotations

import pytest

from tests.config.reading import BLOG, Problems, Read


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("auto", None),
        ("1", 1),
        ("90", 90),
        ("1.5", 1.5),
        ("30s", 30),
        ("30 s", 30),
        ("15m", 900),
        ("1h", 3600),
        ("1.5h", 5400),
        ("2d", 172800),
        ("31d", 2678400),
    ],
)
def test_durations(read: Read, text: str, seconds: float | None) -> None:
    assert read(f"{BLOG}fetch: {{interval: {text}}}").fetch.interval == seconds


@pytest.mark.parametrize(
    "text",
    ["0", "0.9s", "32d", "-5m", "5 minutes", "1h30m", "m", "1:30", "1e3", ".inf", "9" * 99, "true", "[]"],
)
def test_wrong_intervals_are_rejected(problems: Problems, text: str) -> None:
    assert problems(f"{BLOG}fetch: {{interval: {text}}}") == (
        "2: fetch.interval: must be auto, or a duration from 1s to 31d, such as 30s, 15m, 1h or 2d",
    )


@pytest.mark.parametrize("text", ["auto", "0s", "121", "3m"])
def test_wrong_timeouts_are_rejected(problems: Problems, text: str) -> None:
    assert problems(f"{BLOG}fetch: {{timeout: {text}}}") == (
        "2: fetch.timeout: must be a duration from 1s to 120s, such as 20s",
    )


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4096", 4096),
        ("15MB", 15_000_000),
        ("15 mb", 15_000_000),
        ("512KB", 512_000),
        ("1MiB", 1 << 20),
        ("1.5KiB", 1536),
        ("0.1GB", 100_000_000),
    ],
)
def test_sizes(read: Read, text: str, size: int) -> None:
    assert read(f"{BLOG}fetch: {{max_bytes: {text}}}").fetch.max_bytes == size


@pytest.mark.parametrize("text", ["0", "999", "101MB", "1GB", "15M", "15 megabytes", "-1MB", "{}"])
def test_wrong_sizes_are_rejected(problems: Problems, text: str) -> None:
    assert problems(f"{BLOG}fetch: {{max_bytes: {text}}}") == (
        "2: fetch.max_bytes: must be a size from 1KB to 100MB, such as 512KB, 15MB or 1MiB",
    )
