"""Facts about an entry that are not its text: comments, caption, episode, place, the site that it is from.

Names of the modules: slash:comments, RFC 4685 (threads), Media RSS, iTunes and the podcast namespace, GeoRSS and
WGS84, RFC 5870 (geo URIs).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import urls
from entries import AuthorPage, Details, Item
from feeds.parser import kept
from feeds.parser.sanitize import extract_text, normalize_text

MAX_CAPTION_CHARS: Final = 1_000
MAX_NAME_CHARS: Final = 200
MAX_COUNT: Final = 10_000_000

MAX_VIA: Final = 16
"""Ids of a post that are kept: it does not return through a circle of so many Livelogs."""

_ITEM_ID: Final = re.compile("[a-z2-7]{1,32}")
_NUMBER: Final = re.compile(r"\s*[0-9]{1,9}\s*", re.ASCII)
_POINT: Final = re.compile(
    r"(?:geo:)?\s*([+-]?[0-9]{1,3}(?:\.[0-9]{1,15})?)[\s,;]+([+-]?[0-9]{1,3}(?:\.[0-9]{1,15})?)\b.*"
)

_Element = Mapping[str, Any]


def read_details(entry: _Element, feed: _Element, image: str | None, shown: Container[str]) -> Details:
    """The details of an entry that feedparser read, as published.

    ``image`` is the address of its picture, ``shown`` are its texts: a caption that is the text is none.
    """
    found: Mapping[str, str] = entry.get(kept.DETAILS) or {}
    captions = [one for one in entry.get(kept.CAPTIONS, ()) if one[0] != "title" and one[2] not in shown]
    return Details(
        comments=_read_comments(found, entry.get("links", ())),
        picture=_read_picture(captions, image),
        original=_read_original(entry.get("source") or {}, (feed.get("title"), entry.get("title"))),
        episode=read_episode(
            _first(found, "itunes_season", "podcast_season"), _first(found, "itunes_episode", "podcast_episode")
        ),
        place=_read_place(found),
        authors={**read_pages(feed.get("authors", ()), "href"), **read_pages(entry.get("authors", ()), "href")},
    )


def read_item_details(about: _Element, item_id: str | None, known: Container[str | None]) -> Details:
    """The details of an item of another Livelog that are in its ``_livelog``, and its id.

    Its source is the site that it is from, unless the title of that is a ``known`` one.
    """
    comments, picture, episode, place, source, original = (
        value if isinstance(value := about.get(name), dict) else {}
        for name in ("comments", "picture", "episode", "place", "source", "original")
    )
    url, site = _text(comments, "url"), original or source
    title = _text(site, "title")
    return Details(
        comments=_given(url=url, count=read_count(comments.get("count"))) if url else {},
        picture=_given(caption=_text(picture, "caption"), credit=_text(picture, "credit")),
        original=_given(title=title, url=_text(site, "url")) if title and title not in known else {},
        episode=read_episode(episode.get("season"), episode.get("number")),
        place=_read_point(_text(place, "name"), f"{place.get('latitude')} {place.get('longitude')}"),
        via=read_via(item_id, about.get("via")),
    )


def read_via(item_id: str | None, others: object) -> tuple[str, ...]:
    """The ids of an item of another Livelog: its own, and those of the Livelogs that it came through before."""
    listed = [item_id, *(others if isinstance(others, list) else ())]
    return tuple(one for one in listed[:MAX_VIA] if isinstance(one, str) and _ITEM_ID.fullmatch(one))


def clean(details: Details, base: str, *, is_plain: bool = False) -> Details:
    """Details that may be published: text as text, addresses absolute and http(s).

    Text is taken for HTML if it looks like it, unless ``is_plain``.
    """
    text = normalize_text if is_plain else extract_text
    return Details(
        comments=_clean(details.comments, base, text),
        picture=_clean(details.picture, base, text),
        original=_clean(details.original, base, text),
        episode=details.episode,
        place=_clean(details.place, base, text),
        external_url=urls.absolute(details.external_url, base),
        via=details.via,
        authors={
            name: page
            for written, given in details.authors.items()
            if (name := text(written))
            and (page := AuthorPage(urls.absolute(given.url, base), urls.absolute(given.avatar, base)))
            != AuthorPage()
        },
    )


def read_pages(authors: Iterable[_Element], url: str) -> dict[str, AuthorPage]:
    """Pages and pictures of authors by name, as published; ``url`` is the name of that member."""
    return {
        str(one["name"])[:MAX_NAME_CHARS]: AuthorPage(one.get(url), one.get("avatar"))
        for one in authors
        if one.get("name") and (one.get(url) or one.get("avatar"))
    }


def read_count(value: object) -> int | None:
    """A number of comments or an episode; None for anything else."""
    if isinstance(value, bool) or not _NUMBER.fullmatch(str(value)):
        return None
    return min(int(str(value)), MAX_COUNT)


def read_episode(season: object, number: object) -> Item:
    """Season and number of an episode; 0 is none."""
    return _given(season=read_count(season) or None, number=read_count(number) or None)


def _read_comments(found: Mapping[str, str], links: Iterable[_Element]) -> Item:
    """Page and number of the comments. Only pages: wfw:commentRss and replies as Atom are for programs."""
    replies = [one for one in links if one.get("rel") == "replies" and "html" in one.get("type", "html")]
    reply: _Element = replies[0] if replies else {}
    count = next(
        (text for name in ("slash_comments", "thr_total") if (text := found.get(name))), reply.get("thr:count")
    )
    url = found.get("comments") or reply.get("href")
    return _given(url=url, count=read_count(count)) if url else {}


def _read_picture(listed: Sequence[tuple[str, str | None, str]], image: str | None) -> Item:
    """The caption and credit of the entry's picture; those of another picture if there is but one."""
    if image is None:
        return {}
    of_files = {url for _, url, _ in listed}
    own = [(kind, text) for kind, url, text in listed if url == image or len(of_files) == 1]
    first = dict(reversed(own))
    return _given(caption=first.get("caption") or first.get("text"), credit=first.get("credit"))


def _read_original(source: _Element, known: Container[str | None]) -> Item:
    """The site that an entry is from (RSS `source`, RFC 4287 §4.2.11), unless its title is a ``known`` one.

    The `url` of RSS is that of a feed, which is nothing for readers.
    """
    title = source.get("title")
    if not title or title in known:
        return {}
    pages = (link.get("href") for link in source.get("links", ()) if link.get("rel") == "alternate")
    return _given(title=title, url=next(pages, None))


def _read_place(found: Mapping[str, str]) -> Item:
    name = _first(found, "georss_featurename", "podcast_location")
    pair = f"{found['geo_lat']} {found['geo_long']}" if "geo_lat" in found and "geo_long" in found else None
    return _read_point(name, _first(found, "georss_point", "gml_pos", "georss_pos", "geo") or pair)


def _read_point(name: str | None, written: str | None) -> Item:
    """A place of that name, and of the latitude and longitude that are written, if they are any."""
    point = _POINT.fullmatch(written.strip()[:200]) if written else None
    if not point:
        return _given(name=name)
    latitude, longitude = float(point[1]), float(point[2])
    if abs(latitude) > 90 or abs(longitude) > 180 or (latitude, longitude) == (0, 0):
        return _given(name=name)
    return _given(name=name, latitude=latitude, longitude=longitude)


def _clean(values: Item, base: str, text_of: Callable[[str], str | None]) -> Item:
    return _given(**dict(_published(values, base, text_of)))


def _published(values: Item, base: str, text_of: Callable[[str], str | None]) -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if name == "url":
            yield name, urls.absolute(value, base)
        elif isinstance(value, str):
            text = text_of(value)
            most = MAX_CAPTION_CHARS if name in ("caption", "credit") else MAX_NAME_CHARS
            yield name, text and text[:most]
        else:
            yield name, value


def _first(found: Mapping[str, str], *names: str) -> str | None:
    return next((found[name] for name in names if found.get(name)), None)


def _text(of: _Element, name: str) -> str | None:
    value = of.get(name)
    return value if isinstance(value, str) and value else None


def _given(**values: object) -> Item:
    return {name: value for name, value in values.items() if value is not None}
