"""The picture and the files of an entry, from enclosures, Media RSS and podcasts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from entries import Attachment
from feeds.parser.kept import CAPTIONS
from markup import is_icon

_TYPES: Final = {
    **dict.fromkeys(("jpg", "jpeg"), "image/jpeg"),
    **dict.fromkeys(("mp4", "m4v"), "video/mp4"),
    **{name: f"image/{name}" for name in ("png", "gif", "webp", "avif")},
    **{name: f"audio/{name}" for name in ("aac", "flac", "ogg", "opus", "wav")},
    "svg": "image/svg+xml",
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
"""Types of programs and pages that play a file: these are no attachments."""

MIN_LEAD_PIXELS: Final = 64
"""A picture that is declared narrower is the icon of a site or the avatar of an author."""

_MIN_BYTES: Final = 1_000
"""Publishers that do not know a size write 0, 1 or another small number."""

_MAX_BYTES: Final = 10**13
_MAX_SECONDS: Final = 1_000_000
_CLOCK: Final = re.compile(r"(?:(?:([0-9]{1,3}):)?([0-9]{1,3}):(?=[0-5][0-9]\b))?([0-9]{1,7})(?:\.[0-9]*)?", re.ASCII)

_Element = Mapping[str, Any]


def guess_type(url: str, given: str | None, medium: str | None = None) -> str:
    """The MIME type of a file: the given one, else by its extension, else by its medium; empty if none is known."""
    if given:
        return given
    extension = _EXTENSION.search(url)
    guessed = _TYPES.get(extension[1].lower()) if extension else None
    return guessed or _OF_MEDIUM.get(medium or "", "")


def read_size(value: object) -> int | None:
    """A size in bytes, from text or a number; None if it is implausible."""
    if not re.fullmatch(r"\s*[0-9]{1,14}\s*", text := str(value), re.ASCII):
        return None
    return int(text) if _MIN_BYTES <= int(text) <= _MAX_BYTES else None


def read_duration(value: object) -> int | None:
    """A duration in seconds, from `2467`, `41:07` or `1:05:09`; None for anything else."""
    clock = None if isinstance(value, bool) else _CLOCK.fullmatch(str(value).strip())
    if not clock:
        return None
    hours, minutes, rest = (int(part or 0) for part in clock.groups())
    whole = 3600 * hours + 60 * minutes + rest
    return whole if 0 < whole <= _MAX_SECONDS else None


def is_picture(file: Attachment) -> bool:
    """True for an image of any type."""
    return file.mime_type.startswith("image/")


def drop_repeated(files: Iterable[Attachment]) -> tuple[Attachment, ...]:
    """Files in their order, each URL once, as it is listed first."""
    first: dict[str, Attachment] = {}
    for file in files:
        first.setdefault(file.url, file)
    return tuple(first.values())


def find_media(entry: _Element, picture: str | None = None) -> tuple[str | None, tuple[Attachment, ...]]:
    """The picture and the files of an entry that feedparser read. Pictures of Media RSS are not among the files.

    ``picture`` is what its element ``image`` names.
    """
    enclosures = [
        # feedparser gives links of Atom that have no type the type of a page.
        Attachment(
            url,
            guess_type(url, link.get("type", "").replace("text/html", "")),
            read_size(link.get("length")),
            read_duration(link.get("livelog:duration")),
            link.get("title"),
        )
        for link in entry.get("links", ())
        if link.get("rel") == "enclosure" and (url := link.get("href"))
    ]
    contents = list(_media_contents(entry))
    pictures = [(one["url"], _stated(one)) for one in entry.get("media_thumbnail", ()) if one.get("url")]
    pictures += [(file.url, width) for file, width in contents if is_picture(file)]
    image = (
        _widest(pictures)
        or (entry.get("image") or {}).get("href")
        or picture
        or next((file.url for file in enclosures if is_picture(file)), None)
    )
    files = drop_repeated([*enclosures, *(file for file, _ in contents if not is_picture(file))])
    return image, _with_duration(files, read_duration(entry.get("itunes_duration")))


def _with_duration(files: tuple[Attachment, ...], duration: int | None) -> tuple[Attachment, ...]:
    """Gives the duration of a podcast's episode to its one file of sound or film; to none if it has several."""
    if duration is None or sum(map(_is_played, files)) != 1:
        return files
    return tuple(replace(file, duration_in_seconds=duration) if _is_played(file) else file for file in files)


def _is_played(file: Attachment) -> bool:
    return file.mime_type.startswith(("audio/", "video/"))


def _media_contents(entry: _Element) -> Iterator[tuple[Attachment, str | None]]:
    """The files of Media RSS that have a known type, with their widths as written."""
    titles = {url: text for kind, url, text in entry.get(CAPTIONS, ()) if kind == "title"}
    for content in entry.get("media_content", ()):
        url = content.get("url")
        kind = guess_type(url, content.get("type"), content.get("medium")) if url else ""
        if kind and kind not in _PLAYERS:
            size, duration = read_size(content.get("filesize")), read_duration(content.get("duration"))
            yield Attachment(url, kind, size, duration, titles.get(url)), _stated(content)


def _widest(pictures: list[tuple[str, str | None]]) -> str | None:
    """The URL of the widest picture; the first if none has a width. Icons and avatars are none."""
    large = [one for one in pictures if not 0 < _pixels(one[1]) < MIN_LEAD_PIXELS and _may_lead(one[0])]
    return max(large, key=lambda picture: _pixels(picture[1]), default=(None, None))[0]


def _may_lead(url: str) -> bool:
    return not url.lstrip().lower().startswith("data:") and not is_icon(url)


def _stated(picture: _Element) -> str | None:
    """The width of a picture as written; its height if only that is."""
    width: str | None = picture.get("width") or picture.get("height")
    return width


def _pixels(width: str | None) -> int:
    return int(width) if width and re.fullmatch("[0-9]{1,5}", width) else 0
