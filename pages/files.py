"""Files that belong to a post, as they are told of; static/post/files.js does the same for what arrives later."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

_LABELS: Final = {
    "application/pdf": "PDF",
    "application/epub+zip": "EPUB",
    "application/zip": "ZIP",
}
_MEDIA: Final = {"audio": "Audio", "video": "Video", "image": "Picture", "": "File"}
_UNITS: Final = ("kB", "MB", "GB", "TB")

File = Mapping[str, Any]


def listed(item: Mapping[str, Any], *, pictured: bool) -> list[File]:
    """The files of a post to tell of: not the picture that is shown already, if it is."""
    files = item.get("attachments", ())
    return [file for file in files if not (pictured and _is_picture(file) and file["url"] == item.get("image"))]


def label(file: File) -> str:
    """What a file is called: by what it is."""
    kind = file.get("mime_type", "")
    return _LABELS.get(kind) or _MEDIA.get(medium(file)) or _MEDIA[""]


def labels(translate: Callable[[str], str]) -> str:
    """The labels by type and by medium, as JSON for the page's script."""
    return json.dumps({kind: translate(name) for kind, name in (_LABELS | _MEDIA).items()}, ensure_ascii=False)


def medium(file: File) -> str:
    """The part of its type before the slash: audio, video, image, …; empty for a type without one."""
    before, slash, _ = str(file.get("mime_type", "")).partition("/")
    return before if slash else ""


def facts(file: File) -> Iterator[str]:
    """How long it plays, how large it is, and its type where its label does not say it."""
    if seconds := file.get("duration_in_seconds"):
        yield length(seconds)
    if size := file.get("size_in_bytes"):
        yield amount(size)
    if label(file) == _MEDIA[""] and file.get("mime_type"):
        yield file["mime_type"]


def length(seconds: int) -> str:
    """41:07, 1:05:09"""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def amount(size: int) -> str:
    """48 MB, 1.2 GB: in powers of 1,000, rounded; a digit after the point where there is one before it."""
    unit = 0
    while size >= 999_500 and unit < len(_UNITS) - 1:
        size = (size + 500) // 1000
        unit += 1
    tenths = (size + 50) // 100
    whole = (size + 500) // 1000
    return f"{tenths // 10}.{tenths % 10} {_UNITS[unit]}" if tenths < 100 else f"{whole} {_UNITS[unit]}"


def _is_picture(file: File) -> bool:
    return bool(file.get("mime_type", "").startswith("image/"))
