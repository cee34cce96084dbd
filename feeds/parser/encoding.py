"""Encoding of a document: byte order mark, server, declaration and bytes, in the order in which they are reliable."""

from __future__ import annotations

import codecs
import re
from typing import Final

_DECLARATION: Final = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*[\"']?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_WIDE: Final = re.compile(r"utf-?(?:16|32)|ucs|iso-10646")
_WIDE_STARTS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32le"),
    (codecs.BOM_UTF32_BE, "utf-32be"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
    (b"<\0\0\0", "utf-32le"),
    (b"\0\0\0<", "utf-32be"),
    (b"<\0", "utf-16le"),
    (b"\0<", "utf-16be"),
)
"""The first bytes of a document in UTF-16 or UTF-32: a byte order mark, or `<`."""

_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_MIN_VALID_PER_INVALID: Final = 10
_PROBE_CHARS: Final = 20_000
_LATIN: Final = frozenset(
    {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "latin-1", "windows-1252", "cp1252"}
)
_WIDER: Final = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "euc-kr": "cp949",
}
"""Labels that publishers use for a larger encoding, as browsers read them (https://encoding.spec.whatwg.org)."""


def decode(body: bytes, content_type: str | None) -> str:
    """Decodes a document, and strips leading white space and the byte order mark. Never fails.

    A byte order mark comes first, then the ``charset`` of the content type, then the XML declaration. A label that
    means UTF-8 or Latin-1 is ignored, as it is the default of much software: the bytes decide between these.
    """
    for start, encoding in _WIDE_STARTS:
        if body.startswith(start):
            return _trim(body.decode(encoding, "replace"))
    if body.startswith(codecs.BOM_UTF8):
        return _trim(body.decode("utf-8", _AS_WINDOWS))
    body = body.lstrip()
    for name in _labels(body, content_type):
        # A document in UTF-16 or UTF-32 was recognised above by its first bytes.
        if name in _LATIN or _WIDE.match(name):
            continue
        try:
            return _trim(body.decode(_WIDER.get(name, name)))
        except (LookupError, ValueError):
            continue
    return _decode_utf_8_or_windows(body)


def _decode_utf_8_or_windows(body: bytes) -> str:
    """Decodes UTF-8, even if it has a few invalid bytes, else windows-1252, which decodes anything."""
    text = body.decode("utf-8", "replace")
    invalid = text.count("\ufffd")
    if not invalid:
        return _undo_double_encoding(text)
    if invalid * _MIN_VALID_PER_INVALID <= len(_NOT_ASCII.findall(text)):
        return body.decode("utf-8", _AS_WINDOWS)
    return body.decode("cp1252", "replace")


def _undo_double_encoding(text: str) -> str:
    """Mends text that was UTF-8, was read as windows-1252 and encoded again: `Ã©` for `é`, throughout."""
    if text.isascii():
        return text
    try:
        probe = text[:_PROBE_CHARS].encode("cp1252", _AS_BYTES)
        codecs.getincrementaldecoder("utf-8")().decode(probe)
        return text.encode("cp1252", _AS_BYTES).decode()
    except UnicodeError:
        return text


def _labels(body: bytes, content_type: str | None) -> list[str]:
    charset, declared = _CHARSET.search(content_type or ""), _DECLARATION.match(body)
    names = [charset[1] if charset else "", declared[1].decode() if declared else ""]
    return [name.lower() for name in names if name]


def _trim(text: str) -> str:
    return text.lstrip("\ufeff \t\r\n")


def _windows_character(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


def _control_byte(error: UnicodeError) -> tuple[bytes, int]:
    """The five bytes that windows-1252 leaves undefined are control characters, as in Latin-1."""
    assert isinstance(error, UnicodeEncodeError)
    return error.object[error.start : error.end].encode("iso-8859-1"), error.end


_AS_BYTES: Final = "livelog.bytes"
codecs.register_error(_AS_BYTES, _control_byte)
_AS_WINDOWS: Final = "livelog.windows"
codecs.register_error(_AS_WINDOWS, _windows_character)
