"""The real feeds of the corpus, published again: valid documents, and the same entries when they are read back."""

from __future__ import annotations

import calendar
import io
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import feedparser
import pytest
from lxml import etree

from entries import FRONT_PAGE, Entry, dump
from feeds.parser import keys
from feeds.parser.document import parse
from pages.feeds_out.atom import ID_PREFIX
from pages.feeds_out.links import Form
from tests.corpus import find_corpus, manifest
from tests.feeds.documents import reading
from tests.pages.feeds_out.documents import SITE, document

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).parent / "atom.rng"))
ATOM = "{http://www.w3.org/2005/Atom}"
GUIDS: dict[Form, str] = {"json": "{}", "xml": f"{ID_PREFIX}{{}}"}
MAX_BYTES = 15_000_000


@pytest.fixture(scope="module", params=[4, pytest.param(1, marks=pytest.mark.soak)])
def published(request: pytest.FixtureRequest) -> dict[str, list[dict[str, Any]]]:
    """The items of one file in so many, as a blog's front page has them."""
    corpus = find_corpus()
    found: dict[str, list[dict[str, Any]]] = {}
    for file in [file for file in manifest(corpus) if file.startswith("open/")][:: request.param]:
        read = parse(reading((corpus / file).read_bytes(), max_bytes=MAX_BYTES))
        found[file] = [item_of(entry) for entry in islice(read.entries, FRONT_PAGE)]
    assert sum(map(len, found.values())) > 1_600 / request.param
    return found


def item_of(entry: Entry) -> dict[str, Any]:
    return entry.item(id=entry.id, position=1_700_000_000_000_000, seen=1_700_000_000_000_000, revision=1)


def documents(published: dict[str, list[dict[str, Any]]], form: Form) -> Iterator[tuple[str, str, list[Any]]]:
    """File, document and items."""
    for file, items in published.items():
        text = document(form, *map(dump, items))
        yield file, text, items[: text.count("<entry>") if form == "xml" else len(json.loads(text)["items"])]


def read_back(form: Form, text: str) -> dict[str, dict[str, Any]]:
    """The items that another Livelog publishes, by its ids."""
    own = f"{SITE}/blog/feed.{form}"
    return {entry.id: item_of(entry) for entry in parse(reading(text.encode(), url=own, base=own)).entries}


def theirs(item: dict[str, Any]) -> dict[str, Any]:
    """The part of an item that is its publisher's, without that of the timeline."""
    about, site = item["_livelog"], item["_livelog"]["source"]
    details = {name: about.get(name) for name in ("comments", "episode", "picture", "place", "truncated", "preview")}
    original = about.get("original") or {name: site[name] for name in ("title", "url") if name in site}
    own = {name: value for name, value in item.items() if name not in ("id", "_livelog")}
    return {**own, **details, "original": original}


@pytest.mark.parametrize("form", ["json", "xml"])
def test_another_livelog_reads_the_same_entries(form: Form, published: dict[str, list[dict[str, Any]]]) -> None:
    for file, text, items in documents(published, form):
        found = read_back(form, text)
        assert len(found) == len(items), file
        for item in items:
            key = keys.make_key(f"{SITE}/blog/feed.{form}", GUIDS[form].format(item["id"]), None)
            assert theirs(found[key]) == theirs(item), (file, item["id"])


def test_feedparser_reads_the_same_entries(published: dict[str, list[dict[str, Any]]]) -> None:
    for file, text, items in documents(published, "xml"):
        read = feedparser.parse(io.BytesIO(text.encode()), sanitize_html=False, resolve_relative_uris=False)
        assert not read.bozo, file
        for entry, item in zip(read.entries, items, strict=True):
            assert entry.id == f"{ID_PREFIX}{item['id']}"
            assert entry.link == item.get("url", entry.id), file
            assert entry.title == item.get("title", "")
            assert entry.content[0].value == item["content_html"], file
            moment = entry.get("published_parsed")
            assert (moment and calendar.timegm(moment)) == seconds(item.get("date_published")), file


def seconds(date: str | None) -> float | None:
    return datetime.fromisoformat(date).timestamp() if date else None


def test_each_atom_document_is_valid(published: dict[str, list[dict[str, Any]]]) -> None:
    for file, text, _ in documents(published, "xml"):
        tree = etree.fromstring(text.encode(), etree.XMLParser(huge_tree=True))
        SCHEMA.assertValid(tree)
        # The rules that the schema has as Schematron.
        assert tree.findall(f"{ATOM}author"), file
        alternates = [
            (link.get("type"), link.get("hreflang")) for link in tree.findall(f"{ATOM}link[@rel='alternate']")
        ]
        assert len(alternates) == len(set(alternates))


def test_each_json_feed_has_what_the_specification_requires(published: dict[str, list[dict[str, Any]]]) -> None:
    for file, text, _ in documents(published, "json"):
        feed = json.loads(text)
        assert feed["version"] == "https://jsonfeed.org/version/1.1"
        assert feed["title"]
        ids = [item["id"] for item in feed["items"]]
        assert len(ids) == len(set(ids))
        for item in feed["items"]:
            assert isinstance(item["id"], str)
            assert isinstance(item["content_html"], str)
            assert all(isinstance(tag, str) for tag in item.get("tags", ()))
            assert all(author.keys() & {"name", "url", "avatar"} for author in item.get("authors", ()))
            assert all(file_["url"] and "mime_type" in file_ for file_ in item.get("attachments", ())), file
            for name in ("date_published", "date_modified"):
                assert name not in item or datetime.fromisoformat(item[name]).tzinfo
