"""Addresses in one form for all their spellings: without scheme, tracking parameters, and the host of a site's own.

Only for comparison: readers get the address that the publisher wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote

_ADDRESS: Final = re.compile(r"(?:https?:)?//([^/?#\\\s]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL | re.IGNORECASE)
_PORT: Final = re.compile(":[0-9]*\\Z")
_WEB: Final = re.compile("https?://", re.IGNORECASE)
_SCHEME: Final = re.compile("https?(?=://|%3A)", re.IGNORECASE)

_TRACKING: Final = re.compile(
    r"(?:utm|at|mtm|pk|piwik|matomo|hsa|oly|ns|vero|trk|ga|itm|stm|wt)_[a-z0-9_]*|(?:fb|g|d|ms|tw|y|ttc|wbra|gbra|rb_|li_fat_)"
    r"cl(?:ick)?id|gclsrc|_(?:ga|gl|hsenc|hsmi|ke|openstat)|igshid|igsh|mc_[ce]id|mkt_tok|xtor|cmp(?:id)?|guccounter|"
    r"guce_[a-z_]*|ocid|smid|s_cid|icid|ftag|ito|__twitter_impression|spm|_branch_match_id|li_fat_id|fb_(?:action|ref|source)"
    r"[a-z_]*|dm_i|sc_cid|soc_[a-z]*|wtmc|rss_?id",
    re.IGNORECASE,
)
"""Names of parameters by which publishers count the sources of their readers; none names a page."""

_FROM_FEED: Final = re.compile(
    r"(?:ref|refer|referrer|source|src|from|via|partner|feed|emc|medium|origin|traffic_source|campaign|c|cid)="
    r"(?:rss|feed|atom|rssfeed|feeds|rss-feed|rss2)?",
    re.IGNORECASE,
)
"""Parameters that track only with these values: `?from=rss`."""

_MEDIA_FILE: Final = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|svg|bmp|ico|mp[34]|m4[av]|ogg|opus|webm|mov|wav|flac|aac|pdf|epub|zip)\Z",
    re.IGNORECASE,
)


class Homes:
    """The hosts of one site, the longest first, without `www.`; a host below another is the same site."""

    def __init__(self, addresses: Iterable[str | None]) -> None:
        hosts = {host_of(address) for address in addresses if address}
        self.hosts: Final = sorted((host for host in hosts if "." in host), key=len, reverse=True)

    def __contains__(self, host: str) -> bool:
        if host in self.hosts:
            return True
        return "." in host and any(host.endswith(f".{home}") or home.endswith(f".{host}") for home in self.hosts)


def host_of(address: str) -> str:
    """The host of an absolute web address, without user name, port and `www.`; empty for anything else."""
    found = _ADDRESS.match(address)
    return _plain_host(found[1]) if found else ""


def is_web(address: str | None) -> bool:
    """True for an absolute http(s) address."""
    return bool(address and _WEB.match(address))


def page_of(address: str) -> str:
    """An address without scheme, tracking parameters and fragment."""
    found = _ADDRESS.fullmatch(untracked(address).partition("#")[0])
    return f"//{_plain_host(found[1])}{_path(found[2])}{found[3] or ''}" if found else address


def path_of(address: str) -> str:
    """The rest of an address without host, tracking parameters, and schemes of addresses within."""
    found = _ADDRESS.fullmatch(untracked(address))
    path, query, fragment = found.groups()[1:] if found else (untracked(address), None, None)
    return without_schemes(f"{_path(path)}{query or ''}{fragment or ''}")


def without_schemes(text: str) -> str:
    """A text in which `http://` and `https://` are the same."""
    return _SCHEME.sub("", text) if "http" in text else text


def untracked(address: str) -> str:
    """The address without tracking parameters, and unchanged if it has none."""
    if "?" not in address and "#" not in address:
        return address
    before, hash_, fragment = address.partition("#")
    path, mark, query = before.partition("?")
    parts = query.split("&")
    kept = [part for part in parts if not _tracks(part.removeprefix("amp;"))]
    if len(kept) < len(parts):
        before = f"{path}{mark if kept else ''}{'&'.join(kept)}"
    named = _fragment(f"#{fragment}") if fragment else hash_
    return before + named


def file_of(address: str) -> str:
    """The canonical form of the address of a picture or another file: without host, and without size and signature.

    The servers of one picture take turns (`i0.wp.com`, `i1.wp.com`), and its signature expires. A query that is no
    mere addition to the name of a file is kept: it may name the file.
    """
    if address[:5].lower() == "data:":
        return address[:200]
    path, mark, query = path_of(address).partition("?")
    return unquote(path) + ("" if _MEDIA_FILE.search(path) else mark + query)


def _plain_host(authority: str) -> str:
    host = authority.rpartition("@")[2].lower()
    return (_PORT.sub("", host) if ":" in host else host).removeprefix("www.")


def _path(path: str) -> str:
    return "" if path == "/" else path


def _tracks(part: str) -> bool:
    name = part.partition("=")[0]
    return _TRACKING.fullmatch(name) is not None or _FROM_FEED.fullmatch(part) is not None


def _fragment(fragment: str | None) -> str:
    if not fragment or fragment == "#":
        return ""
    parts = re.split("&amp;|[&;?]", fragment[1:])
    return "" if all(not part or _tracks(part) or part.lower() in ("rss", "top") for part in parts) else fragment
