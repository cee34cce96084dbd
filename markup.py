"""Sanitised HTML, read tag by tag and written again."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

# nh3 writes names in small letters, and each value in double quotes, of which a value has none.
_TAG: Final = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"]*")*)>')
_ATTRIBUTE: Final = re.compile(r' ([a-z-]+)="([^"]*)"')
_RAW_ATTRIBUTE: Final = re.compile(r' [a-z-]+="[^"]*"')
MIN_PICTURE_PIXELS: Final = 200
"""Narrower images are icons, avatars and emblems: they do not stand for a text."""

_ICON: Final = re.compile(
    r"(?:https?:)?//(?:[^/?#]*\bgravatar\.com/avatar/|avatars?[0-9]?\.|[^/?#]+/(?:[^?#]*/)?(?:"
    r"(?:avatars?|emojis?|emoticons?|smil(?:ey|ie)s?|twemoji)/|(?:apple-touch-icon|favicon)[^/?#]*\.|"
    r"[^/?#]*\.ico(?:[?#]|\Z)))",
    re.IGNORECASE,
)
_SMALL: Final = re.compile(r"[?&](?:s|size|w|width)=[1-5]?[0-9](?:[&#]|\Z)", re.IGNORECASE)
_SMILEY: Final = re.compile(r"/(?:[^/?#]*-)?(?:emojis?|emoticons?|smil(?:ey|ie)s?|twemoji)/", re.IGNORECASE)

_MEDIA: Final = ("img", "audio", "video")


class Image(NamedTuple):
    """An ``<img>``: its markup, its attributes as text, and whether it is inside a link."""

    markup: str
    attributes: Mapping[str, str]
    in_link: bool

    def get(self, name: str) -> str:
        """The value of an attribute; empty if there is none."""
        return self.attributes.get(name, "")


def rewrite_images(markup: str, write: Callable[[Image], str]) -> str:
    """Replaces each image of sanitised HTML by the result of ``write`` for it."""
    if "<img" not in markup:
        return markup
    return "".join(_rewrite(markup, write, sort=False))


def normalize_media(markup: str, write_image: Callable[[Image], str]) -> str:
    """Sorts the attributes of images, sound and film by name, and rewrites images, in one pass.

    nh3 adds several attributes to these, in a random order (that of Rust's HashMap): without the sort two nodes would
    store different bytes for one entry. The attributes of other tags are in the order in which they were written.
    """
    if not any(f"<{name}" in markup for name in _MEDIA):
        return markup
    return "".join(_rewrite(markup, write_image, sort=True))


def is_icon(url: str) -> bool:
    """True for the URL of an avatar, an emoji or the icon of a site, as far as URLs tell."""
    return _ICON.match(url) is not None or _SMALL.search(url) is not None


def is_smiley(url: str) -> bool:
    """True for the URL of a picture that a program put in place of an emoji or emoticon."""
    return _SMILEY.search(url) is not None


def first_picture(markup: str) -> str | None:
    """The URL of the first image of sanitised HTML that is no icon, nor declared narrower than MIN_PICTURE_PIXELS."""
    if "<img" not in markup:
        return None
    for tag in _TAG.finditer(markup):
        if tag[2] == "img":
            image = _image(tag[0], in_link=False)
            url, is_wide = image.get("src"), int(image.get("width") or MIN_PICTURE_PIXELS) >= MIN_PICTURE_PIXELS
            if url and is_wide and not is_icon(url):
                return url
    return None


def format_attributes(values: Mapping[str, str]) -> str:
    """Attributes as HTML, with a space before each."""
    return "".join(f' {name}="{html.escape(value)}"' for name, value in values.items())


def _rewrite(markup: str, write_image: Callable[[Image], str], *, sort: bool) -> Iterator[str]:
    # All tags are read, and not images alone: the value of an attribute may contain "<img".
    end, in_link = 0, False
    for tag in _TAG.finditer(markup):
        closing, name, attributes = tag.groups()
        if name == "a":
            in_link = not closing
        if closing or name not in _MEDIA:
            continue
        start = f"<{name}{_sort(attributes)}>" if sort else tag[0]
        yield markup[end : tag.start()]
        yield write_image(_image(start, in_link=in_link)) if name == "img" else start
        end = tag.end()
    yield markup[end:]


def _image(markup: str, *, in_link: bool) -> Image:
    attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(markup)}
    return Image(markup, attributes, in_link)


def _sort(attributes: str) -> str:
    return "".join(sorted(_RAW_ATTRIBUTE.findall(attributes)))
