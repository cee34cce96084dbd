"""The picture of an entry, and the files that belong to it, as Media RSS, podcasts and enclosures name them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from entries import Attachment

_TYPES: Final = {
    **dict.fromkeys(("jpg", "jpeg"), "image/jpeg"),
    **dict.fromkeys(("mp4", "m4v"), "video/mp4"),
    **{name: f"image/{name}" for name in ("png", "gif", "webp", "avif")},
    **{name: f"audio/{name}" for name in ("aac", "flac", "ogg", "opus", "wav")},
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "pdf": "application/pdf",
    "epub": "application/epub+zip",
    "zip": "application/zip",
}
_EXTENSION: Final = re.compile(r"\.([a-z0-9]{3,4})(?:[?#]|\Z)", re.IGNORECASE)
_OF_MEDIUM: Final = {"image": "image/jpeg", "audio": "audio/mpeg", "video": "video/mp4"}
_PLAYERS: Final = frozenset({"application/x-shockwave-flash", "text/html"})
"""What is no file, but a program or a page that plays one."""

_Element = Mapping[str, Any]


def mime_type(url: str, said: str | None, medium: str | None = None) -> str:
    """The type of a file: what is said, or else what its name or its medium suggests; empty where nothing does."""
    if said:
        return said
    extension = _EXTENSION.search(url)
    guessed = _TYPES.get(extension[1].lower()) if extension else None
    return guessed or _OF_MEDIUM.get(medium or "", "")


def is_picture(file: Attachment) -> bool:
    """Whether a file is a picture."""
    return file.mime_type.startswith("image/")


def once(files: Iterable[Attachment]) -> tuple[Attachment, ...]:
    """Files in their order, each once, as it is named first."""
    first: dict[str, Attachment] = {}
    for file in files:
        first.setdefault(file.url, file)
    return tuple(first.values())


def media_of(entry: _Element) -> tuple[str | None, tuple[Attachment, ...]]:
    """The picture and the files of an entry that feedparser read. Pictures of Media RSS are no files of their own."""
    enclosures = [
        # feedparser says that a link of Atom leads to a page where its type is not said.
        Attachment(url, mime_type(url, link.get("type", "").replace("text/html", "")))
        for link in entry.get("links", ())
        if link.get("rel") == "enclosure" and (url := link.get("href"))
    ]
    contents = list(_contents(entry))
    pictures = [(one["url"], one.get("width")) for one in entry.get("media_thumbnail", ()) if one.get("url")]
    pictures += [(file.url, width) for file, width in contents if is_picture(file)]
    image = (
        _widest(pictures)
        or (entry.get("image") or {}).get("href")
        or next((file.url for file in enclosures if is_picture(file)), None)
    )
    return image, once([*enclosures, *(file for file, _ in contents if not is_picture(file))])


def _contents(entry: _Element) -> Iterator[tuple[Attachment, str | None]]:
    """The files of Media RSS of which it is known what they are, with their widths as written."""
    for content in entry.get("media_content", ()):
        url = content.get("url")
        kind = mime_type(url, content.get("type"), content.get("medium")) if url else ""
        if kind and kind not in _PLAYERS:
            yield Attachment(url, kind), content.get("width")


def _widest(pictures: list[tuple[str, str | None]]) -> str | None:
    """The widest of pictures, the first of those of which nobody says how wide they are."""
    return max(pictures, key=lambda picture: _pixels(picture[1]), default=(None, None))[0]


def _pixels(width: str | None) -> int:
    return int(width) if width and re.fullmatch("[0-9]{1,5}", width) else 0
