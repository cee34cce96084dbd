"""The line of facts below a post: the site that it is from, episode, place, another page, comments.

static/post/details.js writes the same for posts that arrive later.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

_HOST: Final = re.compile(r"https?://(?:[^/?#@]*@)?(?:www\.)?([^/?#]*)")

Translate = Callable[[str], str]


def details(item: Mapping[str, Any], translate: Translate) -> Iterator[tuple[str, str | None]]:
    """Each fact as text, with the address that it leads to, if it leads anywhere."""
    about = item["_livelog"]
    if original := about.get("original"):
        yield translate("From {name}").format(name=original["title"]), original.get("url")
    if episode := about.get("episode"):
        yield _episode(translate, **episode), None
    if place := about.get("place"):
        yield _place(place)
    elsewhere = item.get("external_url")
    if elsewhere and elsewhere != item.get("url") and (found := _HOST.match(elsewhere)):
        yield found[1], elsewhere
    if (comments := about.get("comments")) and not _is_linked(item, comments):
        yield _comments(comments.get("count"), translate), comments["url"]


def caption(item: Mapping[str, Any]) -> str:
    """The caption and credit of a post's picture; empty if it has neither."""
    picture = item.get("_livelog", {}).get("picture") or {}
    return " · ".join(picture[name] for name in ("caption", "credit") if picture.get(name))


def _episode(translate: Translate, season: int | None = None, number: int | None = None) -> str:
    if season is None:
        return translate("Episode {number}").format(number=number)
    if number is None:
        return translate("Season {season}").format(season=season)
    return translate("S{season} E{number}").format(season=season, number=number)


def _place(place: Mapping[str, Any]) -> tuple[str, str | None]:
    if "latitude" not in place:
        return place["name"], None
    latitude, longitude = f"{place['latitude']:.4f}", f"{place['longitude']:.4f}"
    link = f"https://www.openstreetmap.org/?mlat={latitude}&mlon={longitude}#map=12/{latitude}/{longitude}"
    return place.get("name") or f"{latitude}, {longitude}", link


def _is_linked(item: Mapping[str, Any], comments: Mapping[str, Any]) -> bool:
    """True if the text that is shown leads to the comments already, as that of Hacker News does."""
    is_shown = not comments.get("count") and not item["_livelog"].get("preview")
    return is_shown and html.escape(comments["url"]) in item.get("content_html", "")


def _comments(count: int | None, translate: Translate) -> str:
    if not count:
        return translate("Comments")
    is_one = count == 1
    return translate("{n} comment" if is_one else "{n} comments").format(n=count)
