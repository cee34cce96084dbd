"""Content codings of responses (RFC 9110 §8.4.1), decoded in pieces: a small body can be a bomb of many gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final, Protocol

import brotli

ACCEPT_ENCODING: Final = "gzip, deflate, br"

PIECE_BYTES: Final = 64 * 1024
"""Bytes that are decoded at a time, about."""

_UNREADABLE: Final = frozenset({"compress", "x-compress", "zstd", "dcb", "dcz"})
"""Codings that are not asked for. Browsers take all other names, such as `utf-8`, for no coding."""


class CodingError(Exception):
    """A body that cannot be decoded. The message is a sentence for operators."""


class Decoder(Protocol):
    """Decodes a body as it arrives."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yields the content in pieces; raises CodingError."""

    def finish(self) -> None:
        """Raises CodingError if the body is incomplete. An empty body is complete."""


def decoder(content_encoding: str) -> Decoder | None:
    """The decoder for a Content-Encoding, None if there is nothing to decode; raises CodingError."""
    match name := content_encoding.strip().lower():
        case "gzip" | "x-gzip":
            return _Gzip()
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
        case _ if name in _UNREADABLE:
            raise CodingError(f"The answer is compressed with {name}, which was not asked for.")
    return None


def _invalid(name: str) -> CodingError:
    return CodingError(f"The answer is not valid {name}, as its Content-Encoding says.")


def _broke_off() -> CodingError:
    return CodingError("The answer broke off before its end, or is damaged.")


class _Gzip:
    """One or more members (RFC 1952 §2.2). Bytes after them are ignored, as in browsers."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._begun = self._ended = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        while data and not self._ended:
            if self._member.eof:
                # A member that is split after its first byte is not told from padding: nobody sends that.
                self._ended = data[0] != 0x1F
                self._member = self._member if self._ended else zlib.decompressobj(16 + zlib.MAX_WBITS)
                continue
            self._begun = True
            try:
                piece = self._member.decompress(data, PIECE_BYTES)
            except zlib.error:
                raise _invalid("gzip") from None
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if piece:
                yield piece

    def finish(self) -> None:
        if self._begun and not self._member.eof:
            raise _broke_off()


class _Deflate:
    """The zlib format, or without its header, which some servers send and all browsers take."""

    def __init__(self) -> None:
        self._start = b""
        self._stream: zlib._Decompress | None = None

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None:
            self._start += data
            if len(self._start) < 2:
                return
            data = self._start
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if _has_zlib_header(data) else -zlib.MAX_WBITS)
        while data and not self._stream.eof:
            try:
                piece = self._stream.decompress(data, PIECE_BYTES)
            except zlib.error:
                raise _invalid("deflate") from None
            data = self._stream.unconsumed_tail
            if piece:
                yield piece

    def finish(self) -> None:
        if self._start and not (self._stream and self._stream.eof):
            raise _broke_off()


def _has_zlib_header(start: bytes) -> bool:
    """True for the two bytes of RFC 1950 §2.2: method 8, and a multiple of 31."""
    return start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0


class _Brotli:
    """A stream of RFC 7932. Bytes after it are ignored."""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._begun = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        self._begun = self._begun or bool(data)
        while not self._stream.is_finished():
            try:
                piece = self._stream.process(data, output_buffer_limit=PIECE_BYTES)
            except brotli.error:
                raise _invalid("Brotli") from None
            if piece:
                yield piece
            if not piece and self._stream.can_accept_more_data():
                return
            data = b""

    def finish(self) -> None:
        if self._begun and not self._stream.is_finished():
            raise _broke_off()
