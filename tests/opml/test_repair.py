"""opml/repair.py: documents that are not well-formed XML."""

from __future__ import annotations

import pytest

import opml
from config import Feed
from tests.opml.documents import URL, document, refusal

HARBOUR = Feed(url="https://harbour.example/rss", title="Harbour")


def repaired(outline: str) -> opml.Document:
    """Reads a document with an ill-formed outline in line 2, and another one after it."""
    return opml.read(document(f'\n{outline}\n<outline text="Harbour" xmlUrl="{HARBOUR.url}"/>'), "x.opml")


@pytest.mark.parametrize(
    ("outline", "feed"),
    [
        (
            '<outline text="Fish & Chips" xmlUrl="https://a.example/?cat=1&lang=en" htmlUrl="/?a=1&utm_medium=rss"/>',
            Feed(url="https://a.example/?cat=1&lang=en", title="Fish & Chips"),
        ),
        (
            '<outline text="Q&A;&#;&amp;&copy;" xmlUrl="https://a.example/?a&amp;b&c"/>',
            Feed(url="https://a.example/?a&b&c", title="Q&A;&#;&©"),
        ),
        (
            '<outline text="Caf&eacute;&nbsp;1" xmlUrl="https://a.example/"/>',
            Feed(url="https://a.example/", title="Café\xa01"),
        ),
        ('<outline text="A < B" xmlUrl="https://a.example/"/>', Feed(url="https://a.example/", title="A < B")),
        ('<outline text="A\x0bB" xmlUrl="https://a.example/"/>', Feed(url="https://a.example/", title="A B")),
    ],
)
def test_characters_that_were_not_escaped_are_what_they_are(outline: str, feed: Feed) -> None:
    found = repaired(outline)
    assert found.blog.feeds == (feed, HARBOUR)
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("outline", "name"),
    [
        ('<outline text="A" text="B" xmlUrl="https://a.example/"/>', "A"),
        ('<outline text="A "quoted" B" xmlUrl="https://a.example/"/>', "A"),
        ("<outline xmlUrl=https://a.example/ = />", "(no title)"),
        ('<outline text="Fish xmlUrl="https://a.example/"/>', "Fish xmlUrl="),
        ('<outline text="A"\nxmlUrl="https://a.example/" & />', "A"),
    ],
)
def test_an_outline_that_is_beyond_repair_is_named_and_the_others_are_read(outline: str, name: str) -> None:
    found = repaired(outline)
    assert found.blog.feeds == (HARBOUR,)
    assert found.left_out == (f"x.opml:2: {name}: left out, it is not valid XML",)


OUTLINE = f'<outline text="é" xmlUrl="{URL}"/>'
WHOLE = f'<?xml version="1.0" encoding="UTF-8"?>\n{document(OUTLINE).decode()}'
GBK = WHOLE.replace("UTF-8", "GBK").replace("é", "港口").encode("gbk")


@pytest.mark.parametrize(
    "data",
    [
        f"\n\n {WHOLE}".encode(),
        f'<?xml version="1.0"?>\n{WHOLE}'.encode(),
        f"\ufeff\n{WHOLE}".encode(),
        f"{WHOLE}\n<script></script>".encode(),
        WHOLE.partition("</body>")[0].encode(),
        WHOLE.replace("/>", ">").encode(),
        f"{WHOLE.partition('</body>')[0]}<outline text='G' xml".encode(),
        WHOLE.replace("</body>", "</outline></body>").encode(),
        WHOLE.replace(f'"{URL}"', URL).encode(),
        WHOLE.encode("utf-16"),
        WHOLE.replace("UTF-8", "windows-1252").encode("cp1252") + b"<",
    ],
    ids=[
        "space",
        "two declarations",
        "mark and space",
        "script",
        "cut",
        "open",
        "cut in a tag",
        "stray end",
        "unquoted",
        "16",
        "latin",
    ],
)
def test_a_document_with_flaws_around_its_feeds_is_read(data: bytes) -> None:
    found = opml.read(data, "x.opml")
    assert found.blog.feeds == (Feed(url=URL, title="é"),)
    assert found.left_out == ()


def test_a_document_in_an_encoding_that_expat_lacks_is_read() -> None:
    assert opml.read(GBK, "x.opml").blog.feeds == (Feed(url=URL, title="港口"),)


@pytest.mark.parametrize("reference", ["&#1;", "&#x1F;", "&#55357;", "&#xDE00;", "&#xFFFF;", "&#1114112;"])
def test_a_reference_to_no_character_is_a_space(reference: str) -> None:
    assert repaired(f'<outline text="A{reference}B" xmlUrl="{URL}"/>').feeds[0].title == "A B"


@pytest.mark.parametrize(
    ("attribute", "url"),
    [
        ('type="rss" url="https://a.example/"', "https://a.example/"),
        ('type="RSS" URL="https://a.example/"', "https://a.example/"),
        ('xmlUrl="feed:https://a.example/"', "https://a.example/"),
        ('xmlUrl="feed://a.example/"', "http://a.example/"),
    ],
)
def test_an_address_is_read_as_other_programs_write_it(attribute: str, url: str) -> None:
    assert opml.read(document(f'<outline text="A" {attribute}/>'), "x.opml").feeds[0].url == url


def test_what_is_in_a_folder_that_is_beyond_repair_is_read() -> None:
    found = repaired('<outline text="Folder "x""><outline text="In" xmlUrl="https://in.example/"/></outline>')
    assert found.blog.feeds == (Feed(url="https://in.example/", title="In"), HARBOUR)
    assert found.left_out == ("x.opml:2: Folder: left out, it is not valid XML",)


def test_lines_after_a_repair_are_those_of_the_document() -> None:
    found = repaired('<outline\ntext="A" text="B"/>\n<outline\ntext="C" text="D"/>\n<outline text="E" xmlUrl="x"/>')
    assert [line.partition(": left")[0] for line in found.left_out] == ["x.opml:2: A", "x.opml:4: C", "x.opml:6: E"]


def test_bytes_that_are_not_of_the_encoding_are_replaced() -> None:
    data = document(f'<outline text="Caf?" xmlUrl="{URL}"/>').replace(b"?", b"\xe9", 1)
    assert opml.read(data, "x.opml").blog.feeds == (Feed(url=URL, title="Caf\ufffd"),)


@pytest.mark.parametrize("encoding", ["nonsense", "gb18030", "hex"])
def test_an_unknown_encoding_is_rejected_with_advice(encoding: str) -> None:
    assert refusal(f'<?xml version="1.0" encoding="{encoding}"?><opml/>'.encode()) == (
        "x.opml:1: is in an encoding that is not known here: save it as UTF-8"
    )
