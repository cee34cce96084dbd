"""Sanitised HTML, read and written again tag by tag."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

# What nh3 writes: small letters, every value in double quotes, and none of these within.
_TAG: Final = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"]*")*)>')
_ATTRIBUTE: Final = re.compile(r' ([a-z-]+)="([^"]*)"')


class Image(NamedTuple):
    """One image: as it is written, its attributes (as text), and whether it is within a link."""

    markup: str
    attributes: Mapping[str, str]
    in_link: bool

    def get(self, name: str) -> str:
        """An attribute; empty if it is not there."""
        return self.attributes.get(name, "")


def rewritten(markup: str, write: Callable[[Image], str]) -> str:
    """Cleaned HTML with each image written anew."""
    if "<img" not in markup:
        return markup
    return "".join(_parts(markup, write))


def attributes_of(values: Mapping[str, str]) -> str:
    """Attributes as HTML, each with a space before it."""
    return "".join(f' {name}="{html.escape(value)}"' for name, value in values.items())


def _parts(markup: str, write: Callable[[Image], str]) -> Iterator[str]:
    # All tags, not only images: what looks like one may be the value of an attribute.
    end, in_link = 0, False
    for tag in _TAG.finditer(markup):
        if tag[2] == "a":
            in_link = not tag[1]
        if tag[2] == "img":
            yield markup[end : tag.start()]
            attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(tag[3])}
            yield write(Image(tag[0], attributes, in_link))
            end = tag.end()
    yield markup[end:]
