"""Which coding an Accept-Encoding header allows."""

from __future__ import annotations

import pytest

from pages.coding import accepted_coding


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("", None),
        ("identity", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, gzip;q=1.0", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.0, gzip; q=0.5", "gzip"),
        ("gzip;q=0.000", None),
        ("GZIP", "gzip"),
        ("abr, gzipped", None),
    ],
)
def test_the_smallest_that_is_allowed(header: str, coding: str | None) -> None:
    assert accepted_coding(header) == coding
