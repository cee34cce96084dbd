"""digest.py: a correction has another digest, and equal content has the same digest on every Python."""

from __future__ import annotations

import base64
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entries import Attachment
from feeds.parser.digest import _base32, content_digest, digest, hash_text, legacy_digest
from feeds.parser.raw_entry import RawEntry
from feedstate import Marks
from tests.feeds.documents import json_feed, only, read, rss

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
    assert digest(*values) == known


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
    assert content_digest(entry) == "1273sqvuc65wvw"


def test_a_digest_shows_the_version_of_its_encoding_which_no_old_digest_can() -> None:
    entry = raw(title="t")
    assert content_digest(entry).startswith("1")
    assert "1" not in "".join(legacy_digest(raw(title=str(n))) for n in range(100))
    assert len(content_digest(entry)) == len(legacy_digest(entry)) + 1


def test_only_plain_values_have_a_digest() -> None:
    with pytest.raises(TypeError):
        digest(object())


def test_dates_and_names_are_no_content() -> None:
    assert content_digest(raw(guid="1", title="t", base="/x")) == content_digest(raw(guid="2", title="t"))


# The encoding of schema 4


def old(*parts: object) -> str:
    """A digest as it was: the hash of what repr gives."""
    return hash_text("\x00".join(map(repr, parts)), 8)


class Old:
    """An attachment as repr gave it."""

    def __init__(self, url: str, mime_type: str) -> None:
        self.url, self.mime_type = url, mime_type

    def __repr__(self) -> str:
        return f"Attachment(url={self.url!r}, mime_type={self.mime_type!r})"


def test_a_legacy_digest_is_as_it_was() -> None:
    assert legacy_digest(raw(link="/1", title="t", content="c")) == old("/1", "t", "c", None, (), (), None, ())
    assert legacy_digest(raw(link="link", title="title", tags=("tag",))) == "rusk5afdd6xey"


@pytest.mark.parametrize("files", [[], ["a'b"], ["a", "b"]], ids=repr)
def test_a_legacy_digest_has_the_files_as_they_were(files: list[str]) -> None:
    entry = raw(title="t", attachments=tuple(Attachment(url, "audio/mpeg", 2_000, 60) for url in files))
    olds = tuple(Old(url, "audio/mpeg") for url in files)
    assert legacy_digest(entry) == old(None, "t", None, None, (), (), None, olds)


def test_what_was_known_before_an_upgrade_is_no_correction_after_it() -> None:
    body = rss(*(f"<guid>{n}</guid><title>Quake {n} \U0001fae8</title><link>/{n}</link>" for n in range(3)))
    new = read(body)
    before = Marks({entry.id: new.listed[entry.id]._replace(digest=entry.legacy_digest) for entry in new.entries})
    after = read(body, known=before)
    assert not after.entries
    assert after.listed == new.listed, "the digests of the new encoding are remembered"
    assert dict(after.listed) != dict(before)


def test_what_was_corrected_during_an_upgrade_is_a_correction() -> None:
    one = only(rss("<guid>1</guid><title>a</title>"))
    known = Marks(
        {one.id: read(rss("<guid>1</guid><title>a</title>")).listed[one.id]._replace(digest=one.legacy_digest)}
    )
    assert [entry.title for entry in read(rss("<guid>1</guid><title>b</title>"), known=known).entries] == ["b"]


def test_an_entry_has_both_digests() -> None:
    entry = only(json_feed({"id": "1", "title": "t"}))
    assert entry.digest == content_digest(raw(title="t"))
    assert entry.legacy_digest == legacy_digest(raw(title="t"))


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
