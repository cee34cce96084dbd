"""Host names in ASCII, as browsers make them: UTS #46, non-transitional, of IDNA 2008 (RFC 5891).

Python's own codec is of IDNA 2003, where `ß` is `ss`: another host.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

MAX_LABEL_CHARS: Final = 63

_DOTS: Final = re.compile("[.\u3002\uff0e\uff61]")
_KEPT: Final = {"ß": "ß", "ẞ": "ß", "ς": "ς", "\u200c": "\u200c", "\u200d": "\u200d"}
"""Characters that IDNA 2003 replaces or removes, and IDNA 2008 does not (UTS #46 §7)."""

_IGNORED: Final = re.compile("[\u00ad\u034f\u180b-\u180d\u200b\u2060\u2064\ufe00-\ufe0f\ufeff]")
_NOT_IN_NAMES: Final = frozenset({"Cc", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
_ASCII: Final = re.compile(r"[a-z0-9_-]*")


def ascii_host(name: str) -> str:
    """A host name as it is sent (RFC 3987 §3.1); raises ValueError for a name that IDNA cannot encode.

    A name may be percent-encoded UTF-8 (RFC 3986 §3.2.2); the `%` of an IPv6 address is that of its zone.
    """
    if name.isascii() and ("%" not in name or ":" in name):
        return name
    name = unquote(name, errors="strict")
    *labels, last = _DOTS.split(name)
    # A name may end with a dot, for the root.
    return ".".join([*map(_ascii_label, labels), _ascii_label(last) if last or not labels else ""])


def _ascii_label(label: str) -> str:
    if not label or len(label) > MAX_LABEL_CHARS:
        raise ValueError("empty or too long")
    mapped = _mapped(label)
    if mapped.isascii():
        encoded = mapped
    elif mapped.startswith("xn--") or unicodedata.category(mapped[0]).startswith("M"):
        raise ValueError("not a label")
    else:
        encoded = f"xn--{mapped.encode('punycode').decode()}"
    if not 0 < len(encoded) <= MAX_LABEL_CHARS:
        raise ValueError("empty or too long")
    return encoded


def _mapped(label: str) -> str:
    """A label in lower case and composed; raises ValueError if that has a character of no name: `℀` has a `/`."""
    folded = unicodedata.normalize("NFKC", _folded(_IGNORED.sub("", label)))
    mapped = unicodedata.normalize("NFKC", _folded(folded))
    for char in mapped:
        if not (_ASCII.fullmatch(char) if char.isascii() else unicodedata.category(char) not in _NOT_IN_NAMES):
            raise ValueError("not a character of host names")
    return mapped


def _folded(label: str) -> str:
    return "".join(_KEPT.get(char) or char.casefold() for char in label)
