"""Repairs OPML that is not well-formed XML, and removes the outlines that cannot be repaired.

Some programs write addresses and titles without escaping them. Lines stay where they are, for messages.
"""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5
from typing import Final
from xml.parsers import expat

_FOREIGN: Final = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["'](?!utf-?8)|\xff\xfe|\xfe\xff""", re.IGNORECASE)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BARE_AMPERSAND: Final = re.compile(
    rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)(?:([A-Za-z][A-Za-z0-9]{1,30});)?"
)
_BARE_LESS: Final = re.compile(rb"<(?=[\s\d=])")
_OUTLINE: Final = re.compile(
    rb"""<outline\b(?:(?:[^<>"']++|"(?:[^"<]|<(?=[\s\d=]))*+"|'(?:[^'<]|<(?=[\s\d=]))*+')*+>|[^<]*?>)""",
    re.IGNORECASE,
)
_TEXT: Final = re.compile(rb"""\b(?:text|title)\s*=\s*["']?([^"'<>]*)""", re.IGNORECASE)


def repair(document: bytes) -> tuple[bytes, list[tuple[int, str]]]:
    """The repaired document, and the line and text of each outline that was removed."""
    if not _FOREIGN.match(document):
        document = document.decode("utf-8", "replace").encode()
    document = _BARE_AMPERSAND.sub(_reference, _CONTROL.sub(b" ", document))
    parts: list[bytes] = []
    taken_out: list[tuple[int, str]] = []
    line, at = 1, 0
    for found in _OUTLINE.finditer(document):
        tag = _BARE_LESS.sub(b"&lt;", found[0][1:])
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
    return b"".join([*parts, document[at:]]), taken_out


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
