"""encoding.py: a document is decoded right, whatever its server and its declaration give as encoding."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.parser.encoding import decode
from tests.feeds.documents import only, read, rss

GREEK, CHINESE, JAPANESE, FRENCH = "Καλημέρα", "爱范儿 快讯", "市議会 ニュース", "«\u00a0Été doué\u00a0»"


def declared(name: str, text: str) -> str:
    """A document that says it is in an encoding."""
    return f'<?xml version="1.0" encoding="{name}"?><a>{text}</a>'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("utf-8", CHINESE),
        ("iso-8859-1", FRENCH),
        ("windows-1252", "“Été” – €"),
        ("iso-8859-7", GREEK),
        ("windows-1251", "Новости"),
        ("koi8-r", "Новости"),
        ("gb2312", CHINESE),
        ("gb18030", "㐀 𠀀"),
        ("big5", "漢字"),
        ("shift_jis", JAPANESE),
        ("euc-jp", JAPANESE),
        ("iso-2022-jp", JAPANESE),
        ("euc-kr", "뉴스"),
    ],
)
@pytest.mark.parametrize("said_by", ["the document", "the server", "both"])
def test_what_is_said_of_an_encoding_is_believed(name: str, text: str, said_by: str) -> None:
    document = declared(name, text) if said_by != "the server" else f"<a>{text}</a>"
    content_type = f'text/xml; Charset="{name.upper()}"' if said_by != "the document" else "text/xml"
    assert decode(document.encode(name), content_type) == document


@pytest.mark.parametrize(
    "said", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "us-ascii", "nonsense", "zlib", ""]
)
@pytest.mark.parametrize(
    "content_type", [None, "text/xml", "text/xml; charset=iso-8859-1", "text/xml; charset=utf-32"]
)
def test_utf_8_is_read_as_utf_8_whatever_it_is_called_by_mistake(said: str, content_type: str | None) -> None:
    document = declared(said, CHINESE)
    assert decode(document.encode(), content_type) == document


@pytest.mark.parametrize("said", ["utf-8", "utf-16", "iso-8859-1", "us-ascii", ""])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16le"),
        (codecs.BOM_UTF16_BE, "utf-16be"),
        (codecs.BOM_UTF32_LE, "utf-32le"),
        (codecs.BOM_UTF32_BE, "utf-32be"),
        (b"", "utf-16le"),
        (b"", "utf-16be"),
        (b"", "utf-32le"),
        (b"", "utf-32be"),
    ],
)
def test_the_first_bytes_tell_more_than_what_is_said(mark: bytes, encoding: str, said: str) -> None:
    document = declared(said, CHINESE)
    assert decode(mark + document.encode(encoding), "text/xml; charset=utf-8") == document


@pytest.mark.parametrize("said", ["utf-8", ""])
@pytest.mark.parametrize("text", [FRENCH, "Sábado: información", "“Été” – €"])
def test_latin_1_is_read_where_utf_8_is_said_or_nothing(text: str, said: str) -> None:
    document = declared(said, text)
    assert decode(document.encode("windows-1252"), "text/xml") == document


def test_a_document_that_broke_off_within_a_character_is_read_as_before() -> None:
    whole = rss(*(f"<guid>{n}</guid><title>{CHINESE} {n}</title>" for n in range(20))).decode()
    broken = whole.encode()[: whole.encode().rindex("讯".encode()) + 1]
    document = read(broken)
    assert not document.whole
    assert {entry.title for entry in document.entries} == {f"{CHINESE} {n}" for n in range(19)}
    assert not read(broken, known=read(whole.encode()).listed).entries


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "utf-16le"])
def test_a_flawed_document_is_whole_if_its_end_is_there_in_every_encoding(encoding: str) -> None:
    body = rss("<guid>1</guid><title>a &nope; b</title>").decode()
    assert read(body.encode(encoding)).whole
    assert not read(body[: -len("</rss>")].encode(encoding)).whole


def test_stray_bytes_of_windows_in_utf_8_cost_no_more_than_themselves() -> None:
    document = rss(f"<title>{CHINESE * 10} \x93quoted\x94</title>").decode()
    body = document.encode().replace("\x93".encode(), b"\x93").replace("\x94".encode(), b"\x94")
    assert only(body).title == f"{CHINESE * 10} “quoted”"


def test_white_space_before_the_declaration_is_no_flaw() -> None:
    document = declared("iso-8859-1", FRENCH)
    assert decode(b"\n\t \r\n" + document.encode("iso-8859-1"), None) == document


@pytest.mark.parametrize("text", [CHINESE, FRENCH, "“Été” – €", "Новости Ќ Я", "Ýí"])
def test_utf_8_that_was_encoded_twice_is_read_as_it_was_meant(text: str) -> None:
    document = declared("utf-8", text)
    twice = "".join(
        bytes([byte]).decode("cp1252" if byte not in b"\x81\x8d\x8f\x90\x9d" else "latin1")
        for byte in document.encode()
    )
    assert twice != document
    assert decode(twice.encode(), None) == document
    assert decode((" " * 19_990 + twice).encode(), None) == document, "also at the edge of the first look"


@pytest.mark.parametrize("text", [FRENCH, "“Été” – €", "Ã©", "Ã© é", "Â", "Ã", "naïve ©", CHINESE])
def test_text_that_was_encoded_once_stays(text: str) -> None:
    # What looks as if encoded twice is left if anything beside it does not.
    document = declared("utf-8", f"{text} é")
    assert decode(document.encode(), None) == document


def test_what_is_in_no_encoding_that_is_said_is_read_somehow() -> None:
    assert "<a>" in decode(declared("utf-8", JAPANESE).encode("euc-jp"), None)


@given(st.binary(), st.none() | st.text())
def test_whatever_the_bytes_are_they_come_to_a_text(body: bytes, content_type: str | None) -> None:
    decode(body, content_type).encode("utf-8", "replace")


def cut(name: str, *texts: str) -> bytes:
    """A declared document whose last text ends within a character."""
    start = declared(name, "</a><a>".join(texts)).removesuffix("</a>")
    return start.encode(name)[:-1] + b"</a>"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gbk", "港口今天开放"),
        ("gb18030", "港口今天开放"),
        ("big5", "港口今天開放"),
        ("shift_jis", "市議会は閉会"),
        ("euc-jp", "市議会は閉会"),
        ("euc-kr", "항구는 열렸다"),
        ("utf-8", "Мост закрыт"),
        ("utf-8", "港口"),
    ],
)
@pytest.mark.parametrize("content_type", [None, "text/xml; charset=utf-8", "text/xml; charset=us-ascii"])
def test_an_excerpt_cut_within_a_character_costs_that_character(
    name: str, text: str, content_type: str | None
) -> None:
    body = cut(name, text, text)
    assert decode(body, content_type) == declared(name, f"{text}</a><a>{text[:-1]}\ufffd")


@pytest.mark.parametrize(("name", "text"), [("windows-1253", "Καλημέρα"), ("windows-1255", "שלום עולם")])
def test_a_byte_that_an_encoding_lacks_costs_no_more_than_itself(name: str, text: str) -> None:
    body = declared(name, text).encode(name).replace(b"</a>", b"\xff</a>" if name != "windows-1255" else b"\xfb</a>")
    assert decode(body, None) == declared(name, f"{text}\ufffd")


def test_a_flawed_excerpt_in_a_named_encoding_corrects_no_other_post() -> None:
    def feed(*items: str) -> bytes:
        text = rss(*items).decode().partition("?>")[2]
        return f"<?xml version='1.0' encoding='gbk'?>{text}".encode("gbk", "surrogateescape")

    items = [f"<guid>{n}</guid><title>市长宣布预算 {n}</title>" for n in range(2)]
    before = read(feed(*items))
    bad = b"<guid>new</guid><title>\xc7\xc5\xc1\xba</title><description>\xc7\xeb\xc8\xc6\xb5\xc0\xca</description>"
    body = feed("BAD", *items).replace(b"BAD", bad)
    assert [entry.title for entry in read(body, known=before.listed).entries] == ["桥梁"]


@pytest.mark.parametrize("text", ["Мост закрыт", "市政新聞", "Été", "é", "“Quoted”", "Ýí"])
@pytest.mark.parametrize("charset", ["windows-1251", "gbk", "shift_jis", "iso-8859-2", "koi8-r", "big5"])
@pytest.mark.parametrize("said", ["utf-8", ""])
def test_valid_utf_8_is_believed_before_a_header_that_says_otherwise(text: str, charset: str, said: str) -> None:
    document = declared(said, text) if said else f"<a>{text}</a>"
    assert decode(document.encode(), f"text/xml; charset={charset}") == document


@pytest.mark.parametrize("said", ["gb2312", "windows-1251", "euc-kr"])
def test_valid_utf_8_is_believed_before_a_declaration_that_says_otherwise(said: str) -> None:
    document = declared(said, "Мост закрыт")
    assert decode(document.encode(), f"text/xml; charset={said}") == document
    assert decode(document.encode()[: -len("</a>") - 1] + b"</a>", None) == declared(said, "Мост закры\ufffd")


@pytest.mark.parametrize(("said", "text"), [("windows-1251", "Ні"), ("gb2312", "模"), ("iso-8859-2", "Ă˘")])
def test_a_few_bytes_that_happen_to_be_utf_8_are_read_as_declared(said: str, text: str) -> None:
    body = declared(said, text).encode(said)
    assert body.decode() != declared(said, text)
    assert decode(body, None) == declared(said, text)


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("csisolatin2", "iso8859-2", "Łódź"),
        ("iso_8859-7:1987", "iso8859-7", GREEK),
        ("sun_eu_greek", "iso8859-7", GREEK),
        ("x-cp1251", "cp1251", "Новости"),
        ("cskoi8r", "koi8-r", "Новости"),
        ("x-mac-cyrillic", "mac-cyrillic", "Новости дня"),
        ("dos-874", "cp874", "ข่าว"),
        ("iso-8859-11", "cp874", "ข่าว"),
        ("iso-8859-9", "cp1254", "Şehir ğ €"),
        ("logical", "iso8859-8", "שלום"),
        ("iso-8859-8-i", "iso8859-8", "שלום"),
        ("iso-ir-58", "gb18030", "新闻"),
        ("x-gbk", "gb18030", "新闻"),
        ("x-x-big5", "big5hkscs", "漢字"),
        ("ms_kanji", "cp932", "① ニュース"),
        ("windows-31j", "cp932", "① ニュース"),
        ("x-euc-jp", "euc_jis_2004", "① ニュース"),
        ("csiso2022jp", "iso2022_jp", JAPANESE),
        ("ks_c_5601-1987", "cp949", "뉴스 똠"),
        ("windows-949", "cp949", "뉴스 똠"),
        ("csmacintosh", "mac-roman", "Été"),
        ("iso_8859-1:1987", "cp1252", FRENCH),
        ("ansi_x3.4-1968", "cp1252", "“Été”"),
        ("unicode-1-1-utf-8", "utf-8", GREEK),
        ("x-unicode20utf8", "utf-8", GREEK),
    ],
)
@pytest.mark.parametrize("content_type", ["text/xml", "text/xml;charset={}", 'text/xml; charset = " {} "'])
def test_every_label_of_the_encoding_standard_is_known(label: str, codec: str, text: str, content_type: str) -> None:
    document = declared(label.upper(), text) if content_type == "text/xml" else f"<a>{text}</a>"
    assert decode(document.encode(codec), content_type.format(label)) == document


@pytest.mark.parametrize("label", ["punycode", "idna", "unicode_escape", "utf-7", "rot13", "undefined"])
def test_a_codec_of_python_that_is_no_encoding_of_documents_is_not_used(label: str) -> None:
    document = declared(label, r"a\u0041+AEE- é")
    assert decode(document.encode(), f"text/xml; charset={label}") == document
