"""digest.py: a correction has another digest, and equal content has one digest on every Python, for ever."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entries import Attachment
from feeds.parser.digest import _base32, digest
from feeds.parser.raw_entry import RawEntry

ROOT = Path(__file__).resolve().parent.parent.parent.parent

FILE = Attachment("https://example.org/a.mp3", "audio/mpeg")
BASE = "https://example.org/"


def raw(**fields: Any) -> RawEntry:
    """An entry with only what matters."""
    return RawEntry(feed_base=BASE, **fields)


@given(st.binary(max_size=40))
def test_a_hash_is_written_in_base_32(data: bytes) -> None:
    assert _base32(data) == base64.b32encode(data).decode().rstrip("=").lower()


@pytest.mark.parametrize("change", ["other title", None, "", ("a", "b"), ("a, b",), (FILE,)], ids=repr)
def test_any_other_content_is_a_correction(change: object) -> None:
    assert digest("link", "title", "text", ()) != digest("link", change, "text", ())


def test_another_size_or_length_of_a_file_is_no_correction() -> None:
    assert digest((replace(FILE, size_in_bytes=1_000, duration_in_seconds=1),)) == digest((FILE,))


def test_equal_content_has_one_digest_in_every_process() -> None:
    # A written constant: a digest that differed between two runs would make every entry a correction.
    assert digest("link", "title", None, ("tag",)) == "lkj5ygyqepqf6"
