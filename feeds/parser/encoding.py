"""Which encoding a document is in, whatever its server and the document itself say."""

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
"""How documents begin whose characters have more than a byte: with a byte order mark, or with `<`."""

_NOT_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_SOUND_PER_DAMAGE: Final = 10
_PROBE: Final = 20_000
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
"""Encodings that are named where one of these is meant, which has more characters."""


def text_of(body: bytes, content_type: str | None) -> str:
    """The text of a document, without white space and a byte order mark before it. It always comes to something.

    A byte order mark is believed first, then the ``charset`` of the content type, then the XML declaration; but none
    that says UTF-8 or Latin-1, which are said where nobody knows. That is found out from the bytes.
    """
    for start, encoding in _WIDE_STARTS:
        if body.startswith(start):
            return _trimmed(body.decode(encoding, "replace"))
    if body.startswith(codecs.BOM_UTF8):
        return _trimmed(body.decode("utf-8", _AS_WINDOWS))
    body = body.lstrip()
    for name in _named(body, content_type):
        # What is said in single bytes to be of wide ones is not.
        if name in _LATIN or _WIDE.match(name):
            continue
        try:
            return _trimmed(body.decode(_WIDER.get(name, name)))
        except (LookupError, ValueError):
            continue
    return _utf_8_or_windows(body)


def _utf_8_or_windows(body: bytes) -> str:
    """UTF-8, also if it is damaged here and there, or else what Windows calls ANSI, which anything can be read as."""
    text = body.decode("utf-8", "replace")
    damages = text.count("\ufffd")
    if not damages:
        return _encoded_once(text)
    if damages * _SOUND_PER_DAMAGE <= len(_NOT_ASCII.findall(text)):
        return body.decode("utf-8", _AS_WINDOWS)
    return body.decode("cp1252", "replace")


def _encoded_once(text: str) -> str:
    """UTF-8 that somebody took for the encoding of Windows, and encoded again: `Ã©` for `é`, in all of a text."""
    if text.isascii():
        return text
    try:
        probe = text[:_PROBE].encode("cp1252", _AS_BYTES)
        codecs.getincrementaldecoder("utf-8")().decode(probe)
        return text.encode("cp1252", _AS_BYTES).decode()
    except UnicodeError:
        return text


def _named(body: bytes, content_type: str | None) -> list[str]:
    charset, declared = _CHARSET.search(content_type or ""), _DECLARATION.match(body)
    names = [charset[1] if charset else "", declared[1].decode() if declared else ""]
    return [name.lower() for name in names if name]


def _trimmed(text: str) -> str:
    return text.lstrip("\ufeff \t\r\n")


def _windows_character(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


def _control_byte(error: UnicodeError) -> tuple[bytes, int]:
    """Windows has left some bytes without a meaning; they pass for the control characters of Latin-1."""
    assert isinstance(error, UnicodeEncodeError)
    return error.object[error.start : error.end].encode("iso-8859-1"), error.end


_AS_BYTES: Final = "livelog.bytes"
codecs.register_error(_AS_BYTES, _control_byte)
_AS_WINDOWS: Final = "livelog.windows"
codecs.register_error(_AS_WINDOWS, _windows_character)
