"""Values that feedparser mixes up or drops, kept beside its results: owners of texts, pictures, captions, comments.

feedparser reads a caption as the text of the post, an item's image as the feed's, and an empty address as the
document's. The keys of kept values begin with `=`, as no element's name does.
"""

from __future__ import annotations

import re
from typing import Final

from feedparser.mixin import _FeedParserMixin

from feeds.parser import texts, windows_1252

TEXTS: Final = "=texts"
LINKS: Final = "=links"
PICTURE: Final = "=picture"
IS_PERMALINK: Final = "=is permalink"
ORIGIN: Final = "=origin"
DETAILS: Final = "=details"
CAPTIONS: Final = "=captions"

DETAIL_NAMES: Final = (
    "comments",
    "slash_comments",
    "thr_total",
    "itunes_season",
    "itunes_episode",
    "podcast_season",
    "podcast_episode",
    "podcast_location",
    "georss_point",
    "georss_featurename",
    "georss_pos",
    "gml_pos",
    "geo_lat",
    "geo_long",
    "livelog_modified",
    "livelog_truncated",
    "livelog_via",
)
"""Elements of an entry that are kept as text."""

NAMESPACES: Final = {
    "http://purl.org/atompub/tombstones/1.0": "at",
    "http://purl.org/syndication/thread/1.0": "thr",
    "https://podcastindex.org/namespace/1.0": "podcast",
    "http://news.yandex.ru": "yandex",
    "http://schemas.google.com/g/2005": "gd",
    "urn:livelog:terms": "livelog",
}
"""Namespaces that feedparser does not know, with the prefixes of their handlers."""

_MAX_CAPTIONS: Final = 100
_BLOGGER_ICON: Final = re.compile(r"//(?:img[0-9]*\.blogblog|(?:www\.)?blogger)\.com/img/(?!b/)")
"""Icons of Blogger that stand for a missing picture of an author."""


class Kept(_FeedParserMixin):  # type: ignore[misc]  # feedparser has no types
    """The handlers of these elements. ``ending`` is the element that ends, ``item_depth`` the depth of the entry."""

    has_depth = True
    ending = ""
    item_depth = 0
    file_depth = -1
    """The depth of the `media:content` that is open; -1 for none."""

    @staticmethod
    def decode_entities(_element: str, text: str) -> windows_1252.Text:
        """The text, whose entities expat has decoded; the loose reader has a method of its own."""
        return windows_1252.Text(text)

    def pop_content(self, tag: str) -> str | None:
        value: str | None = self.pop(tag)
        if value and self.inentry and not self.insource and self.ending in texts.NAMES:
            self._keep_text(value)
        self.incontent -= 1
        self.contentparams.clear()
        return value

    def _keep_text(self, value: str) -> None:
        if self.inimage and self.ending == "title":
            return
        name = texts.OF_AN_IMAGE if self.inimage else self.ending
        if name == "media_description":
            self._keep_caption("caption", value)
        elif name == "media_title" and self.has_depth and self.depth == self.file_depth + 1:
            self._keep_caption("title", value)
        mime_type = self.contentparams.get("type")
        if self.contentparams.get("untyped") and texts.is_html(value) and not name.endswith("title"):
            mime_type = None
        text = texts.Text(name, self._is_nested, mime_type, self.contentparams.get("base"), value)
        self.entries[-1].setdefault(TEXTS, []).append(text)

    @property
    def _is_nested(self) -> bool:
        """True within an element of the entry; for the start and the end of an element alike."""
        return self.has_depth and self.depth > self.item_depth + 1

    def _start_link(self, attrs_d: dict[str, str]) -> None:
        if not attrs_d.get("href", "x").strip():
            # Resolved, it would be the address of the feed.
            del attrs_d["href"]
        super()._start_link(attrs_d)
        if self.inentry and not (self.insource or self.inimage or self.intextinput or self._is_nested):
            entry = self.entries[-1]
            entry.setdefault(LINKS, []).append(entry["links"][-1])

    def _end_guid(self) -> None:
        super()._end_guid()
        self._get_context()[IS_PERMALINK] = bool(self.guidislink)

    _end_id = _end_guid

    def _start_detail(self, attributes: dict[str, str], *, name: str) -> None:
        self.push(name, 1)
        if self.inentry and not self.insource and attributes.get("geo"):
            self._keep_detail("geo", attributes["geo"])

    def _end_detail(self, *, name: str) -> None:
        value = self.pop(name)
        if value and self.inentry and not self.insource:
            self._keep_detail(name, value)

    def _keep_detail(self, name: str, value: str) -> None:
        self.entries[-1].setdefault(DETAILS, {}).setdefault(name, value)

    def _start_gd_image(self, attributes: dict[str, str]) -> None:
        """Keeps the picture of an author in Blogger's feeds."""
        authors = self._get_context().get("authors")
        url = attributes.get("src", "")
        if self.inauthor and authors and url and not _BLOGGER_ICON.search(url):
            authors[-1].setdefault("avatar", url)

    def _start_media_content(self, attributes: dict[str, str]) -> None:
        super()._start_media_content(attributes)
        self.file_depth = self.depth

    def _end_media_content(self) -> None:
        self.file_depth = -1

    def _end_media_credit(self) -> None:
        self._keep_caption("credit", self.pop("credit"))

    def _start_media_text(self, _attributes: dict[str, str]) -> None:
        self.push("media_text", 1)

    def _end_media_text(self) -> None:
        self._keep_caption("text", self.pop("media_text"))

    def _keep_caption(self, kind: str, value: str | None) -> None:
        """Keeps a text about a file of Media RSS, with the file's address, if it is within one."""
        if not (value and self.inentry and not self.insource):
            return
        entry = self.entries[-1]
        captions = entry.setdefault(CAPTIONS, [])
        if len(captions) < _MAX_CAPTIONS:
            files = entry.get("media_content")
            captions.append((kind, files[-1].get("url") if files else None, value))

    def _start_yandex_full_text(self, attributes: dict[str, str]) -> None:
        self.push_content("content", attributes, "text/html", 1)

    def _end_yandex_full_text(self) -> None:
        self.pop_content("content")

    def _end_feedburner_origlink(self) -> None:
        origin = self.pop("feedburner_origlink")
        if origin and self.inentry and not self.insource:
            self.entries[-1][ORIGIN] = origin

    def _start_image(self, attrs_d: dict[str, str]) -> None:
        super()._start_image(attrs_d)
        self._keep_picture(attrs_d.get("url") or attrs_d.get("href"))

    def _end_image(self) -> None:
        self._keep_picture(self.pop("image"))
        self.inimage = 0

    def _end_url(self) -> None:
        value = self.pop("href")
        if self.inauthor:
            self._save_author("href", value)
        elif self.incontributor:
            self._save_contributor("href", value)
        elif self.inimage:
            self._keep_picture(value)

    def _end_logo(self) -> None:
        self.pop(self.ending)

    _end_icon = _end_logo

    def _keep_picture(self, url: str | None) -> None:
        """Keeps the address of an entry's image, which feedparser reads as the feed's."""
        if url and url.strip() and self.inentry and not self.insource:
            self.entries[-1].setdefault(PICTURE, url.strip())
