"""What the browser asks for: the route table, readable at a glance, and what all handlers share."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tornado.web import Application

from config import Config
from connections.limits import Admission
from fanout.fanout import FanOut
from feeds.poller import Poller
from handlers.assets import ADDRESS, AssetFile, Icon, ThemeFile
from handlers.base import NotFound, StaticFiles
from handlers.entries import Entries, Previous
from handlers.health import Health
from handlers.live import EventStream, WebSocket
from handlers.metrics import Metrics
from handlers.opml import FeedList
from handlers.page import Embed, Index, PageHandler, Permalink
from handlers.sources import SourceList
from pages import language
from pages.assets import Assets
from pages.filter import Listings
from pages.freshness import Freshness
from pages.theme import Theme
from timeline import Timeline

ROOT = Path(__file__).resolve().parent.parent


def make_app(
    config: Config, timeline: Timeline, fanout: FanOut | None, poller: Poller | None, admission: Admission
) -> Application:
    """The application, with everything that its handlers need. Without a fan-out it has no readers: a fetch node."""
    shared: dict[str, Any] = {"config": config, "timeline": timeline}
    live = {**shared, "fanout": fanout}
    all_parts = {**live, "poller": poller}
    language.load()
    freshness, themes = Freshness(timeline), {blog.slug: Theme.of(blog) for blog in config.blogs}
    pages = {**shared, "listings": Listings(timeline), "freshness": freshness, "themes": themes}
    assets = Assets(ROOT / "static")
    blog = r"/([a-z0-9][a-z0-9-]*)"
    # Readers come in storms: theirs are looked at first.
    followed: list[Any] = [
        (rf"{blog}/ws", WebSocket, live),
        (rf"{blog}/events", EventStream, live),
    ]
    watched: list[Any] = [
        (r"/healthz", Health, all_parts),
        (r"/metrics", Metrics, all_parts),
    ]
    read: list[Any] = [
        (r"/", Index, shared),
        (ADDRESS, AssetFile, {"assets": assets}),
        (r"/icon/([1-9][0-9]?)\.svg", Icon),
        (rf"{blog}/?", PageHandler, pages),
        (rf"{blog}/entries", Entries, live),
        (rf"{blog}/sources", SourceList, {**live, "freshness": freshness}),
        (rf"{blog}/e/([a-z2-7]+)", Permalink, pages),
        (rf"{blog}/e/([a-z2-7]+)/previous", Previous, shared),
        (rf"{blog}/embed", Embed, pages),
        (rf"{blog}/(theme\.css|logo)", ThemeFile, {**shared, "themes": themes}),
        (rf"{blog}/feeds\.opml", FeedList, shared),
    ]
    return Application(
        [*followed, *watched, *read] if fanout else watched,
        default_handler_class=NotFound,
        admission=admission,
        assets=assets,
        template_path=str(ROOT / "templates"),
        static_path=str(ROOT / "static"),
        static_handler_class=StaticFiles,
        # An access log is a proxy's business; what goes wrong here is logged where it does.
        log_function=lambda _: None,
        compress_response=True,
        cross_origin_protection=True,
        trusted_origins=_origins(config.server.public_url),
    )


def _origins(public_url: str | None) -> list[str]:
    """The origin that pages have where the operator named it: behind a proxy it may not be the one that we see."""
    if public_url is None:
        return []
    parts = urlsplit(public_url)
    return [f"{parts.scheme}://{parts.netloc}"]
