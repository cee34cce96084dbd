"""The real and the malformed feeds of the corpus, read as Livelog reads them. None of their text stands here."""

from __future__ import annotations

import asyncio
import calendar
import io
import json
import re
import resource
import time
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import feedparser
import pytest

from feeds.parser.document import Document, NotAFeedError, Reading
from feeds.parser_pool import MEMORY_BYTES, ParserKilledError, ParserPool
from tests.corpus import PARTS, manifest
from tests.feeds.documents import rss
from tests.feeds.processes import address_space, cpu_seconds, pids

CPU_LIMIT = 5.0
"""What a document may take, in seconds."""

DAY = 86_400
TICK = 0.005
LARGE = 3

Documents = dict[str, Document]

NO_FEED = "This is not a feed: neither RSS, Atom, RDF nor JSON Feed."
NO_JSON = "This is neither XML nor valid JSON."
PAGE = "This is a web page, not a feed."

MALFORMED: dict[str, tuple[int, bool] | str] = {
    "DERIVED-guardian-cut-inside-a-tag.xml": (21, False),
    "DERIVED-ifanr-cut-inside-a-utf8-character.xml": (8, False),
    "SYNTH-billion-laughs.xml": (1, True),
    "SYNTH-quadratic-blowup.xml": (1, True),
    "content-encoded-no-namespace.xml": (1, True),
    "css-sanitising-large-155k.atom.xml": (15, True),
    "date-not-parseable-and-unclosed.xml": (1, False),
    "encoding-name-invalid.xml": (1, True),
    "fp-corrupted-ampersands.xml": (0, False),
    "fp-cut-in-closing-tag.xml": (0, False),
    "fp-empty-document.xml": NO_FEED,
    "fp-entity-in-doctype-used-in-guid.xml": (0, True),
    "fp-eucjp-undeclared.xml": (1, True),
    "fp-external-parameter-entity.rdf.xml": (0, True),
    "fp-high-bit-date-greek.xml": (0, True),
    "fp-incomplete-cdata.xml": (0, False),
    "fp-invalid-bytes-with-bom.xml": (0, False),
    "fp-shiftjis-undeclared.xml": (1, True),
    "fp-utf16be-no-bom.xml": (0, True),
    "fp-utf32le-bom.xml": (0, True),
    "json-truncated.json": NO_JSON,
    "jsonfeed-invalid-items.json": (2, True),
    "koi8-r.xml": (2, True),
    "latin1-declared-utf8.xml": NO_FEED,
    "missing-id-rss091.xml": (1, True),
    "not-a-feed.html": PAGE,
    "odd-datetime.xml": (5, True),
    "permalink-variants.xml": (4, True),
    "real-aivarsk-undefined-entity-520k.xml": (56, True),
    "real-braingle-two-guids-in-item.xml": (1, True),
    "real-codearcana-control-chars-460k.xml": (40, True),
    "real-dailymail-empty-channel.xml": (0, True),
    "real-dbengines-undefined-entity.xml": (1, True),
    "real-dylanharris-double-xml-decl.xml": (0, True),
    "real-eliot-jones-declares-utf16-is-utf8.xml": (59, True),
    "real-kroy-junk-after-root.xml": (10, True),
    "real-le-cercle-psy-latin1-undeclared.xml": (9, True),
    "real-nshipster-gzip-body.xml.gz": (25, True),
    "real-oren-gzip-body.xml.gz": (10, True),
    "real-oscard0m-invalid-token.xml": (15, True),
    "real-osm-pl-unclosed-cdata.xml": (7, False),
    "real-pauldix-unbound-prefix.xml": (5, True),
    "real-pcmag-illegally-nested.xml": (10, True),
    "real-reuters-server-exception.xml": (0, False),
    "real-stackoverflow-bom-bad-char.xml": (1, True),
    "real-uol-no-version-latin1.xml": (15, True),
    "real-yandex-mojibake.xml": (15, True),
    "relative-urls-no-base.xml": (1, True),
    "scattered-elements.atom.xml": (1, True),
    "tag-uri-as-link.atom.xml": (1, True),
    "title-angle-brackets.xml": (1, True),
    "unescaped-ampersand-in-link.xml": (3, True),
    "xss-crazy-html.atom.xml": (1, True),
    "xss-item-iframe.xml": (1, True),
    "xss-item-onload.xml": (1, True),
    "xss-javascript-uri-in-title.atom.xml": (0, True),
    "xss-malicious-comment.xml": (0, True),
    "xss-nested-cdata-script.xml": (1, True),
    "xss-script-base64.atom.xml": (1, True),
}
"""What becomes of each malformed file: how many entries it gives and whether it is whole, or why it is none."""


@pytest.fixture(scope="module")
def documents() -> Documents:
    """The files that were read already: all tests look at the same documents."""
    return {}


def url(file: str) -> str:
    """The address that a file is said to come from."""
    return f"https://feeds.example.org/{file}"


def reading(file: str, body: bytes, **what: Any) -> Reading:
    """A file as it is read for the first time, where ``what`` says nothing else."""
    return Reading(**{"body": body, "url": url(file), "base": url(file), **what})


async def read(parser_pool: ParserPool, corpus: Path, file: str) -> Document:
    """A file of the corpus."""
    return await parser_pool.parse(reading(file, (corpus / file).read_bytes()))


async def read_once(parser_pool: ParserPool, corpus: Path, file: str, documents: Documents) -> Document:
    """A file of the corpus, or what it was when it was read before."""
    if file not in documents:
        documents[file] = await read(parser_pool, corpus, file)
    return documents[file]


def folder(corpus: Path, name: str) -> dict[str, dict[str, str]]:
    """The files of a folder, with their rows of the manifest."""
    rows = {file: row for file, row in manifest(corpus).items() if file.startswith(f"{name}/")}
    assert rows
    return rows


def counted(row: dict[str, str]) -> int:
    """How many entries a file has, by the manifest."""
    in_json = re.search(r"json items=(\d+)", row["notable"])
    return int(in_json[1] if in_json else row["entries_feedparser"])


def identities(body: bytes) -> list[Hashable]:
    """The identities of a document's entries: the guid, else the link, else title and content."""
    if body.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{"):
        return [_identity_in_json(item) for item in _items(json.loads(body))]
    parsed = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    texts: dict[Hashable, list[Any]] = {}
    for entry in parsed.entries:
        texts.setdefault(_text_of(entry), []).append(entry)
    return [
        entry.get("id") or entry.get("link") or _named_apart(entry, texts[_text_of(entry)])
        for entry in parsed.entries
    ]


def _text_of(entry: Any) -> Hashable:
    return entry.get("title"), entry["content"][0].value if "content" in entry else entry.get("summary")


def _named_apart(entry: Any, same: list[Any]) -> Hashable:
    """The text of an entry, and its date if entries of that text are more than a day apart."""
    dates = [calendar.timegm(one["published_parsed"]) for one in same if one.get("published_parsed")]
    is_apart = dates and max(dates) - min(dates) > DAY
    return _text_of(entry), entry.get("published") if is_apart else None


def _items(document: Any) -> list[Any]:
    items: list[Any] = document["rss"]["channel"]["item"] if "rss" in document else document["items"]
    return items


def _identity_in_json(item: Any) -> Hashable:
    guid = item.get("id", item.get("guid"))
    if isinstance(guid, dict):
        guid = guid["#value"]
    text = item.get("title"), item.get("content_html") or item.get("content_text") or item.get("description")
    return guid or item.get("url") or item.get("link") or text


def test_the_manifest_is_that_of_the_files(corpus: Path) -> None:
    on_disk = {f"{name}/{path.name}" for name in ("open", "malformed") for path in (corpus / name).iterdir()}
    assert on_disk == set(manifest(corpus))


@PARTS
async def test_every_open_feed_gives_its_entries_each_once(
    corpus: Path, parser_pool: ParserPool, documents: Documents, one_in: int
) -> None:
    wrong = {}
    for file, row in [*folder(corpus, "open").items()][::one_in]:
        document = await read_once(parser_pool, corpus, file, documents)
        listed = identities((corpus / file).read_bytes())
        assert len(listed) == counted(row), f"{file}: this test finds others than the manifest"
        found = len(document.entries), len(document.listed), document.whole
        expected = len(set(listed)), len(set(listed)), True
        if found != expected:
            wrong[file] = found, expected
    assert not wrong


@PARTS
async def test_an_entry_is_the_same_wherever_its_document_was_found(
    corpus: Path, parser_pool: ParserPool, documents: Documents, one_in: int
) -> None:
    elsewhere = "https://cdn.example.org/moved/feed"
    for file in [*folder(corpus, "open")][::one_in]:
        first = await read_once(parser_pool, corpus, file, documents)
        body = (corpus / file).read_bytes()
        assert not (await parser_pool.parse(reading(file, body, known=first.listed))).entries, file
        if len(body) < 100_000:
            moved = await parser_pool.parse(reading(file, body, known=first.listed, base=elsewhere))
            assert moved.listed.keys() == first.listed.keys(), file


async def test_every_malformed_file_ends_in_entries_or_a_reason_within_its_limits(
    corpus: Path, parser_pool: ParserPool, documents: Documents
) -> None:
    await parser_pool.parse(reading("", rss("<title>t</title>")))
    used: dict[str, float] = {}
    outcomes: dict[str, tuple[int, bool] | str] = {}
    for file in folder(corpus, "malformed"):
        (pid,) = pids()
        assert resource.prlimit(pid, resource.RLIMIT_AS)[1] <= address_space(pid) + MEMORY_BYTES
        before = cpu_seconds(pid)
        try:
            documents[file] = document = await read(parser_pool, corpus, file)
            outcomes[file.removeprefix("malformed/")] = len(document.entries), document.whole
        except NotAFeedError as error:
            outcomes[file.removeprefix("malformed/")] = str(error)
        assert pids() == [pid], "the process lives on"
        used[file] = cpu_seconds(pid) - before
    assert outcomes == MALFORMED
    assert max(used.values()) <= CPU_LIMIT, used


@PARTS
async def test_every_entry_can_be_published(
    corpus: Path, parser_pool: ParserPool, documents: Documents, one_in: int
) -> None:
    for file in [*manifest(corpus)][::one_in]:
        try:
            document = await read_once(parser_pool, corpus, file, documents)
        except NotAFeedError:
            continue
        for entry in document.entries:
            item = entry.item(id=entry.id, position=0, seen=0, revision=1)
            text = json.dumps(item, ensure_ascii=False)
            assert not re.search(r"[\x00-\x1f\x7f\ud800-\udfff]|\\u00[01]", text), file
            links = [entry.url, entry.image, entry.source.url, *(attached.url for attached in entry.attachments)]
            assert all(link is None or re.match("https?://", link) for link in links), file


async def test_the_loop_runs_on_while_malformed_and_large_files_are_read(corpus: Path) -> None:
    by_size = sorted(folder(corpus, "open"), key=lambda file: (corpus / file).stat().st_size)
    chosen = [*folder(corpus, "malformed"), *by_size[-LARGE:]]
    parser_pool = ParserPool(processes=2)
    await parser_pool.parse(reading("", rss("<title>t</title>")))
    started = time.monotonic()
    async with ticking() as lags:
        outcomes = await asyncio.gather(*(read(parser_pool, corpus, file) for file in chosen), return_exceptions=True)
    elapsed = time.monotonic() - started
    await parser_pool.close()
    assert all(isinstance(outcome, Document | NotAFeedError | ParserKilledError) for outcome in outcomes)
    # Wide, as the machine may be busy. Read on the loop, they would leave it a tick between two files.
    assert sorted(lags)[int(len(lags) * 0.99)] < 1.0
    assert len(lags) > elapsed / TICK / 20


@asynccontextmanager
async def ticking() -> AsyncIterator[list[float]]:
    """Measures how late the loop is, every few milliseconds until the end of the block."""
    lags: list[float] = []

    async def tick() -> None:
        while True:
            due = time.monotonic() + TICK
            await asyncio.sleep(TICK)
            lags.append(time.monotonic() - due)

    ticker = asyncio.create_task(tick())
    try:
        yield lags
    finally:
        ticker.cancel()
