"""The address of a picture that a script would load, or that comes in several sizes.

Such an image has a placeholder as its ``src``, or none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import urls

ATTRIBUTES: Final = (
    "data-src",
    "data-lazy-src",
    "data-original",
    "data-original-src",
    "data-orig-src",
    "data-lazy",
    "data-lazyload",
    "data-litespeed-src",
    "data-rocket-src",
    "data-cmp-src",
    "data-echo",
    "data-image",
    "data-hi-res-src",
)
"""Attributes that name the address in place of ``src``, in the order of trust."""

SETS: Final = ("srcset", "data-srcset", "data-lazy-srcset", "data-original-set")

_WIDTH: Final = 1_200
"""Pixels: of several sizes the smallest that has so many is chosen, for a column of 600 px on a fine screen."""

_MAX_SET_CHARS: Final = 10_000
_CANDIDATE: Final = re.compile(r"([^\s,]\S{0,4096})(?:\s+([0-9]{1,5})(?:\.[0-9]+)?([wx]))?[^,]{0,100}(?:,|\Z)")
_ADDRESS: Final = re.compile(r"(?:https?:)?//|[^\s:{}]*[/.][^\s:{}]*\Z", re.IGNORECASE)


def source(attributes: Mapping[str, str], base: str, sets: Iterable[str] = ()) -> str | None:
    """The address of an image: named for a script, else its own as written, else of a size; None if it has none.

    ``sets`` are the sizes that the sources of its ``<picture>`` offer.
    """
    for name in ATTRIBUTES:
        value = attributes.get(name, "").strip()
        if value and _ADDRESS.match(value) and (url := urls.absolute(value, base)):
            return url
    if own := attributes.get("src"):
        return own
    offered = (attributes.get(name) for name in SETS)
    sizes = (choose_size(sizes, base) for sizes in (*offered, *sets) if sizes)
    return next((url for url in sizes if url), None)


def choose_size(sizes: str, base: str) -> str | None:
    """The absolute URL of a picture of a ``srcset`` that is wide enough, else of its widest."""
    found: list[tuple[bool, int, str]] = []
    for address, number, unit in _CANDIDATE.findall(sizes[:_MAX_SET_CHARS]):
        width = int(number or 1) * (1 if unit == "w" else 600)
        url = urls.absolute(address.rstrip(","), base)
        if url:
            found.append((width < _WIDTH, abs(width - _WIDTH), url))
    return min(found, default=(True, 0, None), key=lambda candidate: candidate[:2])[2]
