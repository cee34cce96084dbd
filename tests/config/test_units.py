"""config/units.py: durations and sizes."""

from __future__ import annotations

import pytest

from tests.config.reading import BLOG, Read


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("auto", None),
        ("1s", 1),
        ("1.5s", 1.5),
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
