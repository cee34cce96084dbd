"""Digests: fingerprints of an entry's content, by which a corrected entry is recognised.

A digest must be the same on every Python and on every node. So it covers plain values in an encoding that is fixed by
a standard, and begins with the version of that encoding. An entry whose digest is of an earlier version is taken as
unchanged: `VERSION` must be raised by every release in which the parser reads texts, pictures or files differently.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final

from entries import Attachment
from feeds.parser.link_keys import Homes, file_of, path_of
from feeds.parser.raw_entry import RawEntry
from feeds.parser.shown import shown_html, shown_text

VERSION: Final = 2
"""The version of `shown_digest`. 2: the content as readers see it."""

WRITTEN_VERSION: Final = 1
"""The version of `written_digest`. 1: the content as it was written, which was also the digest of Livelog 1."""

_DIGEST_BYTES: Final = 8
_BASE_32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = [one + other for one in _BASE_32 for other in _BASE_32]


def shown_digest(entry: RawEntry, homes: Homes) -> str:
    """The digest of an entry's content as readers see it; ``homes`` are the hosts of its site.

    Left out are dates, schemes, tracking parameters, counters, comments, white space, the order of tags, the hosts of
    links and pictures, and the site's own host in texts: none of these is a correction.
    """
    files = sorted({(shown_text(file_of(file.url), homes), file.mime_type) for file in entry.attachments})
    return digest(
        shown_text(path_of(entry.link or "").partition("#")[0], homes),
        shown_text(entry.title, homes),
        shown_html(entry.content, homes),
        shown_html(entry.summary, homes),
        tuple(shown_text(name, homes) for name in entry.authors),
        tuple(sorted({shown_text(tag, homes) for tag in entry.tags})),
        shown_text(file_of(entry.image), homes) if entry.image else None,
        tuple(files),
    )


def written_digest(entry: RawEntry) -> str:
    """The digest of an entry's content as it was written, at a tenth of the cost.

    Equal ones spare the comparison of what readers see. Dates are left out.
    """
    return digest(
        entry.link,
        entry.title,
        entry.content,
        entry.summary,
        entry.authors,
        entry.tags,
        entry.image,
        entry.attachments,
        version=WRITTEN_VERSION,
    )


def digest(*values: object, version: int = VERSION) -> str:
    """The digest of text, numbers, None, attachments and tuples of these; raises TypeError for anything else.

    It is the version, then BLAKE2b in 64 bits (RFC 7693), in base 32, of a JSON array (RFC 8259): the version and the
    values, in ASCII without white space. An attachment is the array of its URL and type: publishers find out its size
    and duration later. Digests of schema 4 have no version, and are a character shorter.
    """
    return f"{version}{hash_text(_encode((version, *values)), _DIGEST_BYTES)}"


def hash_text(text: str, size: int) -> str:
    """BLAKE2b of a text in so many bytes, in base 32 (RFC 4648) in small letters and without padding.

    Halves of surrogate pairs, which JSON can carry, are hashed as they are.
    """
    return _base32(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest())


def _base32(data: bytes) -> str:
    """Takes a fifth of the time of base64.b32encode, for a hash."""
    length = -(-8 * len(data) // 5)
    pairs = -(-length // 2)
    number = int.from_bytes(data, "big") << (10 * pairs - 8 * len(data))
    return "".join([_PAIRS[number >> 10 * n & 1023] for n in range(pairs - 1, -1, -1)])[:length]


def _plain(value: object) -> list[str]:
    if isinstance(value, Attachment):
        return [value.url, value.mime_type]
    raise TypeError(f"{type(value).__name__} cannot be part of a digest")


_encode: Final = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=_plain).encode
