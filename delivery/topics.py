"""Topics of the hub: the addresses of feeds that this server advertises it for."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from config import Blog, Config
from pages.feeds_out.links import FORMS, Form, Links, is_topic
from pages.filter import Filter, FilterError


@dataclass(frozen=True, slots=True)
class Topic:
    """A feed of a blog, in a form, of the posts that a filter chooses."""

    url: str
    blog: Blog
    form: Form
    chosen: Filter
    links: Links

    @classmethod
    def of(cls, config: Config, url: str) -> Topic | None:
        """The topic at a URL, written exactly as it is advertised; None for any other."""
        site_url = config.server.public_url
        if site_url is None or not url.startswith(f"{site_url}/"):
            return None
        path, _, query = url.removeprefix(f"{site_url}/").partition("?")
        slug, _, name = path.partition("/")
        blog = config.blog(slug)
        for form in FORMS:
            if blog and name == f"feed.{form}" and (chosen := _chosen(query)) is not None:
                links = Links.of(config, blog, form, chosen, site_url=site_url)
                is_ours = is_topic(config, blog, chosen) and links.own == url
                return cls(url, blog, form, chosen, links) if is_ours else None
        return None

    @property
    def path(self) -> str:
        """The path and query, for the log."""
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _chosen(query: str) -> Filter | None:
    try:
        pairs = parse_qsl(query, strict_parsing=True, errors="strict") if query else []
        if any(name not in ("source", "tag") for name, _ in pairs):
            return None
        sources, tags = ([value for name, value in pairs if name == kind] for kind in ("source", "tag"))
        return Filter.of(sources, tags, None)
    except (FilterError, ValueError):
        return None
