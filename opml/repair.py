"""Repairs OPML that is not well-formed XML, and removes the outlines that cannot be repaired.

Some programs write addresses and titles without escaping them. Lines stay where they are, for messages.
"""

from __future__ import annotations

import contextlib
import re
from html import unescape
from html.entities import html5
from typing import Final
from xml.parsers import expat

_DECLARATION: Final = re.compile(
    rb"""\s*<\?xml(?:[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40}))?[^>]*>\s*""", re.IGNORECASE
)
_WIDE: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"<\0", "utf-16le"), (b"\0<", "utf-16be"))
_TEXT_ENCODING: Final = re.compile(
    r"(?:big5|cp|euc|gb|hz|ibm|iso|johab|koi8|mac|shift|tis|utf|windows)[\w.:-]*", re.ASCII
)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BARE_AMPERSAND: Final = re.compile(
    rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)(?:([A-Za-z][A-Za-z0-9]{1,30});)?"
)
_BARE_LESS: Final = re.compile(rb"<(?=[\s\d=])")
_OUTLINE: Final = re.compile(
    rb"""<outline\b(?:(?:[^<>"']++|"(?:[^"<]|<(?=[\s\d=]))*+"|'(?:[^'<]|<(?=[\s\d=]))*+')*+>|[^<]*?>)""",
    re.IGNORECASE,
)
_REFERENCE: Final = re.compile(rb"&#(?:x([0-9a-f]{1,6})|([0-9]{1,7}));", re.IGNORECASE)
_NOT_IN_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNQUOTED: Final = re.compile(rb"""(\s[A-Za-z_][\w:.-]*)\s*=\s*([^\s"'<>=][^\s"'<>]*?)(?=\s|/?>)""")
_NESTING: Final = re.compile(
    rb"""<(/?)(opml|head|body|title|outline)\b((?:[^<>"']++|"[^"<]*"|'[^'<]*')*+)>""", re.IGNORECASE
)
_TEXT: Final = re.compile(rb"""\b(?:text|title)\s*=\s*["']?([^"'<>]*)""", re.IGNORECASE)


def repair(document: bytes) -> tuple[bytes, list[tuple[int, str]]]:
    """The repaired document, and the line and text of each outline that was removed."""
    document = _REFERENCE.sub(_allowed, _decoded(document))
    document = _BARE_AMPERSAND.sub(_reference, _CONTROL.sub(b" ", document))
    parts: list[bytes] = []
    taken_out: list[tuple[int, str]] = []
    line, at = 1, 0
    for found in _OUTLINE.finditer(document):
        tag = _BARE_LESS.sub(b"&lt;", found[0][1:])
        if not _is_well_formed(tag):
            tag = _UNQUOTED.sub(rb'\1="\2"', tag)
        line += document.count(b"\n", at, found.start())
        parts.append(document[at : found.start()])
        if _is_well_formed(tag):
            parts.append(b"<" + tag)
        else:
            taken_out.append((line, _text(tag)))
            # The outlines inside a folder stay.
            parts.append((b"" if tag.endswith(b"/>") else b"<outline>") + b"\n" * tag.count(b"\n"))
        line += found[0].count(b"\n")
        at = found.end()
    return _nested(b"".join([*parts, document[at:]])), taken_out


def _allowed(found: re.Match[bytes]) -> bytes:
    """A reference to a character; a space for a control character or half of a surrogate pair (XML 1.0 §2.2)."""
    code = int(found[1], 16) if found[1] else int(found[2])
    return b" " if code > 0x10FFFF or _NOT_IN_XML.match(chr(code)) else found[0]


def _decoded(document: bytes) -> bytes:
    """The document in UTF-8 without its XML declarations, whose lines stay."""
    for start, encoding in _WIDE:
        if document.startswith(start):
            document = document.decode(encoding, "replace").encode()
    lines = 0
    named = b"utf-8"
    document = document.removeprefix(b"\xef\xbb\xbf")
    while found := _DECLARATION.match(document):
        named = found[1] or named
        lines += found[0].count(b"\n")
        document = document[found.end() :]
    label = named.decode().lower()
    with contextlib.suppress(UnicodeDecodeError):
        # Valid UTF-8 is UTF-8, whatever it is called.
        return b"\n" * lines + document.decode().lstrip("\ufeff").encode()
    try:
        text = document.decode(label if _TEXT_ENCODING.fullmatch(label) else "utf-8", "replace")
    except LookupError:
        text = document.decode("utf-8", "replace")
    return b"\n" * lines + text.encode()


def _nested(document: bytes) -> bytes:
    """The document up to the end of its root, with the end tags that it lacks, and without those that end nothing."""
    open_: list[bytes] = []
    parts: list[bytes] = []
    at = 0
    for tag in _NESTING.finditer(document):
        closing, name, rest = tag[1], tag[2], tag[3]
        parts.append(document[at : tag.start()])
        at = tag.end()
        if not closing:
            parts.append(tag[0])
            if not rest.endswith(b"/"):
                open_.append(name)
        elif name in open_:
            parts += _ends(open_, open_.index(name) if name != b"outline" else _last(open_, name))
            if not open_:
                return b"".join(parts)
    rest_of_it = document[at:]
    return b"".join([*parts, rest_of_it.partition(b"<")[0], *_ends(open_, 0)])


def _last(open_: list[bytes], name: bytes) -> int:
    return len(open_) - 1 - open_[::-1].index(name)


def _ends(open_: list[bytes], level: int) -> list[bytes]:
    """End tags down to a level; those elements are open no more."""
    ends = [b"</%b>" % name for name in reversed(open_[level:])]
    del open_[level:]
    return ends


def _reference(found: re.Match[bytes]) -> bytes:
    """A named character of HTML as XML has it; anything else as the text that it is."""
    name = (found[1] or b"").decode()
    if character := html5.get(f"{name};"):
        return "".join(f"&#{ord(one)};" for one in character).encode()
    return b"&amp;" + found[0][1:]


def _is_well_formed(tag: bytes) -> bool:
    """True for a start tag, without its first character, that an XML parser takes."""
    try:
        expat.ParserCreate("utf-8").Parse(b"<" + tag.removesuffix(b">").removesuffix(b"/") + b"/>", True)
    except expat.ExpatError:
        return False
    return True


def _text(tag: bytes) -> str:
    found = _TEXT.search(tag)
    return unescape(found[1].decode("utf-8", "replace")).strip() if found else ""
