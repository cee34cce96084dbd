"""Encoding of a document: byte order mark, bytes, server and declaration, in the order in which they are reliable."""

from __future__ import annotations

import codecs
import contextlib
import itertools
import re
from typing import Final

from feeds.parser.encoding_labels import LATIN, codecs_of

_DECLARATION: Final = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']\s*([A-Za-z0-9._:-]{1,40})\s*[\"']")
_CHARSET: Final = re.compile(r";\s*charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_META: Final = re.compile(rb"<meta\s[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_META_BYTES: Final = 16 * 1024
"""The part of a page in which its charset is looked for. HTML demands it in the first 1,024 bytes."""

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
_MIN_CHARS_PER_INVALID: Final = 2
"""Characters beyond ASCII, invalid ones included, for each invalid one: fewer, and it is another encoding."""

_MIN_UTF_8_CHARS: Final = 4
"""Characters beyond ASCII of valid UTF-8 that no declaration outweighs: few can be an accident, as «Ні» in cp1251."""

_PROBE_CHARS: Final = 20_000


def decode(body: bytes, content_type: str | None) -> str:
    """Decodes a document, and strips leading white space and the byte order mark. Never fails.

    A byte order mark comes first, then UTF-8 if the bytes are valid or nearly so, then the ``charset`` of the content
    type, then the XML declaration. A label that means UTF-8 or Latin-1 is ignored, as it is the default of much
    software: the bytes decide between these.
    """
    for start, encoding in _WIDE_STARTS:
        if body.startswith(start):
            return _trim(body.decode(encoding, "replace"))
    if body.startswith(codecs.BOM_UTF8):
        return _trim(body.decode("utf-8", _AS_WINDOWS))
    body = body.lstrip()
    charset, declared = _labels(body, content_type)
    text = _utf_8(body)
    if text is None or text.isascii() or (_names_another(declared) and _is_short(text)):
        # ISO-2022-JP is ASCII, too.
        named = _decode_as_named(body, charset, declared)
        text = text if named is None else named
    return _trim(body.decode("cp1252", "replace") if text is None else text)


def decode_page(body: bytes, content_type: str | None) -> str:
    """Decodes a web page as `decode` does; its ``<meta charset>`` counts where the content type names none.

    One that is the default of much software names none.
    """
    charset, _ = _labels(body, content_type)
    meta = _META.search(body[:_META_BYTES])
    if meta and (not charset or charset in LATIN):
        content_type = f"text/html; charset={meta[1].decode()}"
    return decode(body, content_type)


def _utf_8(body: bytes) -> str | None:
    """The text of a body in UTF-8 that may have some invalid bytes; None for another encoding."""
    try:
        return _undo_double_encoding(body.decode())
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
    return body.decode("utf-8", _AS_WINDOWS) if _is_plausible(text) else None


def _decode_as_named(body: bytes, *labels: str) -> str | None:
    """The text in the first encoding that fits, else in the first that leaves few invalid bytes; None without either.

    Invalid bytes become replacement characters: an excerpt that is cut within a character costs that one.
    """
    names = [codec for label in labels if label not in LATIN for codec in codecs_of(label)]
    for name in names:
        with contextlib.suppress(LookupError, ValueError):
            return body.decode(name)
    for name in names:
        with contextlib.suppress(LookupError, ValueError):
            text = body.decode(name, "replace")
            if _is_plausible(text):
                return text
    return None


def _is_plausible(text: str) -> bool:
    return text.count("\ufffd") * _MIN_CHARS_PER_INVALID <= len(_NOT_ASCII.findall(text))


def _names_another(label: str) -> bool:
    """True if a label is of an encoding that is neither UTF-8 nor Latin-1."""
    return bool(label) and label not in LATIN and bool(codecs_of(label))


def _is_short(text: str) -> bool:
    """True if a text has so few characters beyond ASCII that their bytes may be valid UTF-8 by accident."""
    return next(itertools.islice(_NOT_ASCII.finditer(text), _MIN_UTF_8_CHARS - 1, None), None) is None


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


def _labels(body: bytes, content_type: str | None) -> tuple[str, str]:
    """The labels of the content type and of the XML declaration, in lower case; "" for none."""
    charset, declared = _CHARSET.search(content_type or ""), _DECLARATION.match(body)
    return charset[1].lower() if charset else "", declared[1].decode().lower() if declared else ""


def _trim(text: str) -> str:
    return text.lstrip("\ufeff \t\r\n")


def _windows_character(error: UnicodeError) -> tuple[str, int]:
    """A stray byte is of windows-1252; the start of a character, or one right after another, was cut in UTF-8."""
    assert isinstance(error, UnicodeDecodeError)
    start, end = error.start, error.end
    cut = end - start > 1 or (start > 0 and error.object[start] >= 0xC2 and error.object[start - 1] >= 0x80)
    return "\ufffd" if cut else error.object[start:end].decode("cp1252", "replace"), end


def _control_byte(error: UnicodeError) -> tuple[bytes, int]:
    """The five bytes that windows-1252 leaves undefined are control characters, as in Latin-1."""
    assert isinstance(error, UnicodeEncodeError)
    return error.object[error.start : error.end].encode("iso-8859-1"), error.end


_AS_BYTES: Final = "livelog.bytes"
codecs.register_error(_AS_BYTES, _control_byte)
_AS_WINDOWS: Final = "livelog.windows"
codecs.register_error(_AS_WINDOWS, _windows_character)
