"""The pages of embedded players: the address that a reader opens in place of a frame, and the picture of its film.

A frame is never loaded: it would tell its site about each reader. Only sites whose pages and pictures have addresses
that follow from the player's are in the table; another player leads to itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import SplitResult, parse_qs, urlsplit


class Page(NamedTuple):
    """The address of a page, the address of its picture if it has one, and the name of its site."""

    url: str
    picture: str | None
    site: str


_Path = re.Match[str]
_Make = Callable[[_Path, dict[str, list[str]]], tuple[str, str | None] | None]

_MAX_QUERY_FIELDS: Final = 50

_POST: Final = re.compile(r"(/(?:@[^/]{1,100}|users/[^/]{1,100}/statuses)/[A-Za-z0-9]{1,40})/embed/?")
"""The player of a post of Mastodon and its relatives, on any host."""


def page_of(player: str) -> Page | None:
    """The page of a player at an absolute URL; None if it has no host."""
    try:
        parts = urlsplit(player)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if not host:
        return None
    known = _find(host, parts)
    url, picture = known or (player, None)
    site = (urlsplit(url).hostname or host).removeprefix("www.") if known else host
    return Page(url, picture, site)


def _find(host: str, parts: SplitResult) -> tuple[str, str | None] | None:
    try:
        query = parse_qs(parts.query, max_num_fields=_MAX_QUERY_FIELDS)
    except ValueError:
        return None
    for hosts, path, make in _SITES:
        found = path.fullmatch(parts.path) if hosts.fullmatch(host) else None
        if found and (made := make(found, query)):
            return made
    if post := _POST.fullmatch(parts.path):
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{post[1]}", None
    return None


def _youtube(path: _Path, query: dict[str, list[str]]) -> tuple[str, str | None] | None:
    if path["id"] == "videoseries":
        listed = _first(query, "list", "[A-Za-z0-9_-]{2,64}")
        return (f"https://www.youtube.com/playlist?list={listed}", None) if listed else None
    start = _first(query, "start", "[1-9][0-9]{0,5}")
    film = f"https://www.youtube.com/watch?v={path['id']}" + (f"&t={start}s" if start else "")
    return film, f"https://i.ytimg.com/vi/{path['id']}/hqdefault.jpg"


def _dailymotion(path: _Path, query: dict[str, list[str]]) -> tuple[str, str | None] | None:
    film = (path.groupdict().get("id")) or _first(query, "video", "[a-z0-9]{3,16}")
    if not film:
        return None
    return f"https://www.dailymotion.com/video/{film}", f"https://www.dailymotion.com/thumbnail/video/{film}"


def _vimeo(path: _Path, query: dict[str, list[str]]) -> tuple[str, str | None]:
    secret = _first(query, "h", "[0-9a-f]{4,32}")
    return f"https://vimeo.com/{path['id']}" + (f"/{secret}" if secret else ""), None


def _tweet(_path: _Path, query: dict[str, list[str]]) -> tuple[str, str | None] | None:
    tweet = _first(query, "id", "[0-9]{1,20}")
    return (f"https://x.com/i/status/{tweet}", None) if tweet else None


def _twitch(_path: _Path, query: dict[str, list[str]]) -> tuple[str, str | None] | None:
    if film := _first(query, "video", "v?[0-9]{1,16}"):
        return f"https://www.twitch.tv/videos/{film.removeprefix('v')}", None
    channel = _first(query, "channel", "[A-Za-z0-9_]{1,32}")
    return (f"https://www.twitch.tv/{channel}", None) if channel else None


def _named(field: str) -> _Make:
    """The page is a field of the query."""

    def make(_path: _Path, query: dict[str, list[str]]) -> tuple[str, str | None] | None:
        page = _first(query, field, r"https?://[^\s\"<>]{4,1000}")
        return (page, None) if page else None

    return make


def _moved(page: str) -> _Make:
    """The page is another path, or the same path on another host."""

    def make(path: _Path, _query: dict[str, list[str]]) -> tuple[str, str | None]:
        return page.format(**path.groupdict()), None

    return make


def _first(query: dict[str, list[str]], field: str, pattern: str) -> str | None:
    value = query.get(field, [""])[0]
    return value if re.fullmatch(pattern, value) else None


def _site(host: str, path: str, make: _Make) -> tuple[re.Pattern[str], re.Pattern[str], _Make]:
    return re.compile(host), re.compile(path, re.ASCII), make


_SITES: Final = (
    _site(
        r"(?:m\.)?youtube(?:-nocookie)?\.com", r"/(?:embed|v|shorts|live)/(?P<id>[\w-]{6,16})(?:[&/].*)?", _youtube
    ),
    _site(r"player\.vimeo\.com", r"/video/(?P<id>[0-9]{1,12})/?", _vimeo),
    _site(r"(?:geo\.)?dailymotion\.com", r"/embed/video/(?P<id>[a-z0-9]{3,16})|/player(?:/\w+)?\.html", _dailymotion),
    _site(
        r"open\.spotify\.com", r"/embed(?:-podcast)?/(?P<path>[a-z]+/\w+)", _moved("https://open.spotify.com/{path}")
    ),
    _site(r"w\.soundcloud\.com", r"/player/?", _named("url")),
    _site(r"facebook\.com", r"/plugins/(?:video|post)\.php", _named("href")),
    _site(r"platform\.(?:twitter|x)\.com", r"/embed/(?:Tweet\.html|index\.html)", _tweet),
    _site(r"player\.twitch\.tv", r"/?", _twitch),
    _site(r"embed\.podcasts\.apple\.com", r"/(?P<path>.{1,500})", _moved("https://podcasts.apple.com/{path}")),
    _site(r"embed\.ted\.com", r"/(?P<path>talks/.{1,300})", _moved("https://www.ted.com/{path}")),
    _site(
        r"tiktok\.com",
        r"/(?:embed(?:/v2)?|player/v1)/(?P<id>[0-9]{5,25})",
        _moved("https://www.tiktok.com/@/video/{id}"),
    ),
    _site(
        r"instagram\.com",
        r"/(?P<p>(?:p|reel|tv)/[\w-]{1,40})/embed(?:/.*)?",
        _moved("https://www.instagram.com/{p}/"),
    ),
    _site(r"redditmedia\.com|embed\.reddit\.com", r"/(?P<path>r/.{1,300})", _moved("https://www.reddit.com/{path}")),
)
"""Sites by host and path of their players."""
