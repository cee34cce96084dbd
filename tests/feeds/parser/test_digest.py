"""digest.py: a correction has another digest, and equal content has the same digest on every Python."""

from __future__ import annotations

import base64
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entries import Attachment, digest_version
from feeds.parser.digest import _base32, digest, shown_digest, written_digest
from feeds.parser.link_keys import Homes
from feeds.parser.raw_entry import RawEntry
from feedstate import Mark, Marks
from tests.feeds.documents import atom, json_feed, only, read, rss

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


def test_another_type_or_address_of_a_file_is_a_correction() -> None:
    digests = {
        digest((FILE,)),
        digest((replace(FILE, mime_type=""),)),
        digest((replace(FILE, url="https://example.org/b.mp3"),)),
    }
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("values", "known"),
    [
        (("link", "title", None, ("tag",)), "1hmmwpqngivwk2"),
        ((), "13ecps7rexlxys"),
        ((None,), "1tqejrzzd5bbm2"),
        (("",), "1k7oxl3of4eho4"),
        (((),), "13t2m2xisi27aq"),
        (("Quake \U0001fae8",), "17r452unsyowae"),
        (("Root \U0001fadc, of Unicode 16",), "1cbfd6zisu5av4"),
        (("\x7f\xa0\xad\u2028\u200d\ue000\U000e0001",), "1f7w3ymniv3l3m"),
        (("half a pair \ud83d",), "1ou2jzbqhr7nke"),
        (("quotes ' \" and \\ and \n",), "1t5dv25n4r4xou"),
        ((("a", "b"),), "1cwxovefu2efsw"),
        (((FILE,),), "14wi7alqesmvk4"),
        (((FILE, FILE),), "1vyxr2cwo5nueo"),
        ((1, 0), "1tepqph5hktg5e"),
    ],
    ids=ascii,
)
def test_equal_content_has_one_digest_on_every_python(values: tuple[object, ...], known: str) -> None:
    # Written constants: a digest that differed between two versions would make every entry a correction.
    assert digest(*values, version=1) == known
    assert digest(*values)[0] == "2"


def test_an_entry_has_one_digest_on_every_python() -> None:
    entry = raw(
        guid="1",
        link="/a",
        base="https://example.org/b/",
        title="Quake \U0001fae8",
        content="<p>It shook</p>",
        authors=("Ann",),
        tags=("news", "earth"),
        image="/quake.jpg",
        attachments=(FILE,),
    )
    assert written_digest(entry) == "1273sqvuc65wvw"
    assert shown_digest(entry, Homes(())) == "2jd6phbtkdmvse"


def test_only_plain_values_have_a_digest() -> None:
    with pytest.raises(TypeError):
        digest(object())


def test_dates_and_names_are_no_content() -> None:
    one, other = raw(guid="1", title="t", base="/x"), raw(guid="2", title="t")
    assert shown_digest(one, Homes(())) == shown_digest(other, Homes(()))


# Digests of earlier versions

AT = datetime(2026, 1, 2, 12, tzinfo=UTC)
BEFORE = AT.timestamp() - 60


def dated(text: str, *, modified: str = "2026-01-02T12:00:00Z", number: int = 1) -> str:
    """An entry of Atom that was modified then."""
    return f"<id>{number}</id><title>{text}</title><updated>{modified}</updated><link href='/{number}'/>"


def older(body: bytes, digest: str | None = None) -> Marks:
    """The marks of a document as an earlier version left them, with its digests or this one."""
    marks = read(body).listed.items()
    return Marks({name: Mark(digest or mark.written, mark.dated, mark.link) for name, mark in marks})


def outcomes(body: bytes, known: Marks, known_at: float = BEFORE) -> list[tuple[str | None, bool]]:
    """The entries that a document sends to the stores, and whether each is a correction for sure."""
    return [(entry.title, entry.is_correction) for entry in read(body, known=known, known_at=known_at).entries]


@pytest.mark.parametrize("digest", [None, "1aaaaaaaaaaaaa", "rusk5afdd6xey"], ids=["equal", "other", "of schema 4"])
def test_entries_with_digests_of_an_earlier_version_are_sent_once_as_no_corrections(digest: str | None) -> None:
    body = rss(*(f"<guid>{n}</guid><title>Quake {n}</title><link>/{n}</link>" for n in range(3)))
    known = older(body, digest)
    assert outcomes(body, known) == [(f"Quake {n}", False) for n in range(3)]
    assert not read(body, known=read(body, known=known).listed).entries


def test_a_correction_that_is_dated_after_the_last_poll_is_one_whatever_the_version() -> None:
    before = atom(*(dated("a", number=n) for n in range(3)))
    after = atom(dated("b", number=0), *(dated("a", number=n, modified="2026-01-01T00:00:00Z") for n in (1, 2)))
    assert outcomes(after, older(before)) == [("b", True), ("a", False), ("a", False)]


@pytest.mark.parametrize(
    ("after", "known_at"),
    [
        (atom(dated("b")), AT.timestamp() + 60),
        (atom(dated("b")), 0),
        (atom(dated("a")), BEFORE),
        (atom(*(dated("b", number=n) for n in range(1, 6))), BEFORE),
        (rss("<guid>1</guid><title>b</title><pubDate>Fri, 02 Jan 2026 12:00:00 GMT</pubDate>"), BEFORE),
    ],
    ids=["modified before", "no poll before", "the same content", "all have a new date", "only published"],
)
def test_another_digest_of_an_earlier_version_alone_is_no_correction(after: bytes, known_at: float) -> None:
    known = older(atom(*(dated("a", number=n) for n in range(1, 6))))
    assert not any(is_correction for _, is_correction in outcomes(after, known, known_at))


def test_an_entry_has_the_digest_that_readers_see() -> None:
    entry = only(json_feed({"id": "1", "title": "t"}))
    assert entry.digest == shown_digest(raw(title="t"), Homes(()))
    assert digest_version(entry.digest) == "2"


@pytest.mark.parametrize("seed", ["0", "1"])
def test_a_digest_is_the_same_in_every_process(seed: str) -> None:
    code = "from feeds.parser.digest import digest; print(digest('link', 'title', None, ('tag',)))"
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == digest("link", "title", None, ("tag",))
