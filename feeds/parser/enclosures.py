"""The picture of an entry, and the files that belong to it, as Media RSS, podcasts and enclosures name them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
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

_LEAST_BYTES: Final = 1_000
_MOST_BYTES: Final = 10**13
"""Fewer bytes than these are what publishers say where they do not know; more are no file."""

_MOST_SECONDS: Final = 1_000_000
_CLOCK: Final = re.compile(r"(?:(?:([0-9]{1,3}):)?([0-9]{1,3}):(?=[0-5][0-9]\b))?([0-9]{1,7})(?:\.[0-9]*)?", re.ASCII)

_Element = Mapping[str, Any]


def mime_type(url: str, said: str | None, medium: str | None = None) -> str:
    """The type of a file: what is said, or else what its name or its medium suggests; empty where nothing does."""
    if said:
        return said
    extension = _EXTENSION.search(url)
    guessed = _TYPES.get(extension[1].lower()) if extension else None
    return guessed or _OF_MEDIUM.get(medium or "", "")


def size(said: object) -> int | None:
    """The size of a file in bytes, as said in text or as a number; None for what cannot be one."""
    if not re.fullmatch(r"\s*[0-9]{1,14}\s*", text := str(said), re.ASCII):
        return None
    return int(text) if _LEAST_BYTES <= int(text) <= _MOST_BYTES else None


def seconds(said: object) -> int | None:
    """How long a file plays, of `2467`, `41:07` or `1:05:09`; None for what cannot be it."""
    clock = None if isinstance(said, bool) else _CLOCK.fullmatch(str(said).strip())
    if not clock:
        return None
    hours, minutes, rest = (int(part or 0) for part in clock.groups())
    whole = 3600 * hours + 60 * minutes + rest
    return whole if 0 < whole <= _MOST_SECONDS else None


def is_player(file: Attachment) -> bool:
    """Whether a file is sound or film."""
    return file.mime_type.startswith(("audio/", "video/"))


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
        Attachment(url, mime_type(url, link.get("type", "").replace("text/html", "")), size(link.get("length")))
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
    files = once([*enclosures, *(file for file, _ in contents if not is_picture(file))])
    return image, _timed(files, seconds(entry.get("itunes_duration")))


def _timed(files: tuple[Attachment, ...], length: int | None) -> tuple[Attachment, ...]:
    """Files with the length that a podcast says of the episode: it is that of its player, where there is one."""
    if length is None or sum(map(is_player, files)) != 1:
        return files
    return tuple(replace(file, duration_in_seconds=length) if is_player(file) else file for file in files)


def _contents(entry: _Element) -> Iterator[tuple[Attachment, str | None]]:
    """The files of Media RSS of which it is known what they are, with their widths as written."""
    for content in entry.get("media_content", ()):
        url = content.get("url")
        kind = mime_type(url, content.get("type"), content.get("medium")) if url else ""
        if kind and kind not in _PLAYERS:
            file = Attachment(url, kind, size(content.get("filesize")), seconds(content.get("duration")))
            yield file, content.get("width")


def _widest(pictures: list[tuple[str, str | None]]) -> str | None:
    """The widest of pictures, the first of those of which nobody says how wide they are."""
    return max(pictures, key=lambda picture: _pixels(picture[1]), default=(None, None))[0]


def _pixels(width: str | None) -> int:
    return int(width) if width and re.fullmatch("[0-9]{1,5}", width) else 0
