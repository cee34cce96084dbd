"""Values that feedparser mixes up, kept beside its results: the owner of a text, an item's picture, permalink guids.

feedparser reads a caption as the text of the post, an item's image as the feed's, and an empty address as the
document's. The keys of kept values begin with `=`, as no element's name does.
"""

from __future__ import annotations

from typing import Final

from feedparser.mixin import _FeedParserMixin

from feeds.parser import texts

TEXTS: Final = "=texts"
LINKS: Final = "=links"
PICTURE: Final = "=picture"
IS_PERMALINK: Final = "=is permalink"
ORIGIN: Final = "=origin"


class Kept(_FeedParserMixin):  # type: ignore[misc]  # feedparser has no types
    """The handlers of these elements. ``ending`` is the element that ends, ``item_depth`` the depth of the entry."""

    has_depth = True
    ending = ""
    item_depth = 0

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
        text = texts.Text(
            name, self._is_nested, self.contentparams.get("type"), self.contentparams.get("base"), value
        )
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

    def _keep_picture(self, url: str | None) -> None:
        """Keeps the address of an entry's image, which feedparser reads as the feed's."""
        if url and url.strip() and self.inentry and not self.insource:
            self.entries[-1].setdefault(PICTURE, url.strip())
