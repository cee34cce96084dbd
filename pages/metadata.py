"""Metadata of a page for other programs: Open Graph, and schema.org's LiveBlogPosting as JSON-LD."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from config import Blog
from pages.item import name, summary
from pages.language import in_page

HEADLINES: Final = 3
"""Headlines in the description of a page."""

MAX_UPDATES: Final = 20
"""Posts in the JSON-LD of a live page: with all 50 it was a third of the compressed page of real feeds."""

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Metadata of one page. ``linked`` is JSON-LD for a `<script>` element, or empty. URLs are absolute."""

    canonical: str
    title: str
    description: str
    kind: Literal["website", "article"] = "website"
    image: str | None = None
    is_indexed: bool = True
    linked: str = ""


def of_blog(blog: Blog, url: str, items: Sequence[Item], oldest: Item | None, logo: str | None) -> Metadata:
    """Metadata of the live page. Coverage begins with the ``oldest`` post and has no end."""
    linked = _without_blanks(
        {
            "@context": "https://schema.org",
            "@type": "LiveBlogPosting",
            "@id": url,
            "url": url,
            "headline": blog.title,
            "coverageStartTime": oldest and oldest["_livelog"]["position"],
            "datePublished": oldest and oldest["_livelog"]["position"],
            "dateModified": max((_changed(item) for item in items), default=None),
            "publisher": _without_blanks({"@type": "Organization", "name": blog.title, "logo": logo}),
            "liveBlogUpdate": [_update(url, item) for item in items[:MAX_UPDATES]],
        }
    )
    return Metadata(
        canonical=url, title=blog.title, description=_headlines(items), image=logo, linked=in_page(linked)
    )


def of_part(blog: Blog, url: str, items: Sequence[Item], logo: str | None) -> Metadata:
    """Metadata of older posts, a filter or another view: not indexed, with the live page as canonical URL."""
    return Metadata(canonical=url, title=blog.title, description=_headlines(items), image=logo, is_indexed=False)


def of_entry(blog: Blog, url: str, item: Item, logo: str | None) -> Metadata:
    """Metadata of one entry's page. ``url`` is the blog's."""
    part_of = {"@type": "LiveBlogPosting", "@id": url, "url": url, "headline": blog.title}
    linked = {"@context": "https://schema.org", **_update(url, item), "isPartOf": part_of}
    return Metadata(
        canonical=_permalink(url, item),
        title=name(item),
        description=summary(item) or name(item),
        kind="article",
        image=item.get("image") or logo,
        linked=in_page(linked),
    )


def _update(url: str, item: Item) -> dict[str, Any]:
    about = item["_livelog"]
    return _without_blanks(
        {
            "@type": "BlogPosting",
            "@id": _permalink(url, item),
            "url": _permalink(url, item),
            "headline": name(item),
            "datePublished": item.get("date_published") or about["position"],
            "dateModified": item.get("date_modified") if about["revision"] > 1 else None,
            "author": _authors(item),
            "isBasedOn": item.get("url"),
            "image": item.get("image"),
            "articleBody": summary(item) if item.get("title") else None,
        }
    )


def _authors(item: Item) -> list[dict[str, Any]]:
    """The authors by name, else the source."""
    named = [{"@type": "Person", "name": author["name"]} for author in item.get("authors", []) if author.get("name")]
    source = item["_livelog"]["source"]
    return named or [_without_blanks({"@type": "Organization", "name": source["title"], "url": source.get("url")})]


def _changed(item: Item) -> str:
    about = item["_livelog"]
    position, modified = str(about["position"]), str(item.get("date_modified", ""))
    return max(position, modified) if about["revision"] > 1 else position


def _permalink(url: str, item: Item) -> str:
    return f"{url}e/{item['id']}"


def _headlines(items: Iterable[Item]) -> str:
    newest = [name(item) for item, _ in zip(items, range(HEADLINES), strict=False)]
    return " · ".join(newest)


def _without_blanks(value: Mapping[str, Any]) -> dict[str, Any]:
    return {key: part for key, part in value.items() if part not in (None, "", [])}
