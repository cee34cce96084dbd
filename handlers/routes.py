"""The route table: which handler answers which path."""

from __future__ import annotations

from typing import Any, Final

from tornado.httputil import HTTPServerRequest
from tornado.web import Application, GZipContentEncoding, RedirectHandler

from connections.limits import Admission
from handlers.application import LivelogApplication
from handlers.assets import ASSET_PATH, AssetFile, Icon, StaticFiles, ThemeFile
from handlers.entries import Entries, Previous
from handlers.feeds_out import BlogFeed
from handlers.filter_page import FilterPage
from handlers.health import Health, Liveness
from handlers.hub import Hub
from handlers.live import EventStream, WebSocket
from handlers.metrics import Metrics
from handlers.not_found import NotFound
from handlers.opml import OpmlFile
from handlers.page import BlogPage, Embed, Index
from handlers.permalink import Permalink
from handlers.readiness import Readiness
from handlers.robots import Robots
from handlers.site import ROOT, Site
from handlers.sources import SourceList
from handlers.status import Retry, Status
from handlers.websub import HubCallback
from pages import language
from pages.coding import accepted_codings

BLOG: Final = r"/([a-z0-9][a-z0-9-]*)"
"""The beginning of all paths of a blog."""

# Tornado tries routes in order. Live connections come first: thousands reconnect in the same seconds.
_LIVE: list[Any] = [
    (rf"{BLOG}/ws", WebSocket),
    (rf"{BLOG}/events", EventStream),
]
_STATIC: Final = str(ROOT / "static")
_MONITORING: list[Any] = [
    (r"/healthz", Liveness),
    (r"/readyz", Readiness),
]
_OPERATING: list[Any] = [
    (r"/metrics", Metrics),
    (r"/status", Status),
    (r"/feeds/retry", Retry),
]
_ADMIN: list[Any] = [
    (r"/healthz", Health),
    (r"/readyz", Health, {"is_readiness": True}),
    (r"/", RedirectHandler, {"url": "status", "permanent": False}),
    (ASSET_PATH, AssetFile),
]
# Feed readers come every few minutes: each route before theirs costs a hundredth of their requests.
_READING: list[Any] = [
    (rf"{BLOG}/feed\.(xml|json|txt)", BlogFeed),
    (r"/", Index),
    (r"/robots\.txt", Robots),
    (r"/hub", Hub),
    (r"/websub/([^/]+)", HubCallback),
    (ASSET_PATH, AssetFile),
    (r"/static/(.*)", StaticFiles, {"path": _STATIC}),
    (r"/icon/([1-9][0-9]?)\.svg", Icon),
    (rf"{BLOG}/?", BlogPage),
    (rf"{BLOG}/entries", Entries),
    (rf"{BLOG}/filter", FilterPage),
    (rf"{BLOG}/sources", SourceList),
    (rf"{BLOG}/e/([a-z2-7]+)", Permalink),
    (rf"{BLOG}/e/([a-z2-7]+)/previous", Previous),
    (rf"{BLOG}/embed", Embed),
    (rf"{BLOG}/(theme\.css|logo)", ThemeFile),
    (rf"{BLOG}/feeds\.opml", OpmlFile),
]

ROUTES: Final = (*_LIVE, *_MONITORING, *_OPERATING, *_READING)


class Compression(GZipContentEncoding):
    """Compresses short answers, if the request allows it: Tornado reads `gzip;q=0` as leave to."""

    def __init__(self, request: HTTPServerRequest) -> None:
        super().__init__(request)
        # A range counts the bytes of the file as it is (RFC 9110 §14.4).
        is_whole = "Range" not in request.headers
        self._gzipping = is_whole and "gzip" in accepted_codings(request.headers.get("Accept-Encoding", ""))


def make_app(site: Site) -> Application:
    """The application of a site. A site without a fan-out (a fetch node) answers monitoring only."""
    monitoring = [*_MONITORING, *_OPERATING, (ASSET_PATH, AssetFile)]
    return _application(site, list(ROUTES) if site.fanout else monitoring, site.admission)


def make_admin_app(site: Site, admission: Admission, *, is_loopback: bool = False) -> Application:
    """The application of the admin address, whose connections ``admission`` counts.

    ``is_loopback`` is True if only this machine can reach it.
    """
    return _application(site, [*_ADMIN, *_OPERATING], admission, is_admin=True, is_loopback=is_loopback)


def _application(
    site: Site, routes: list[Any], admission: Admission, *, is_admin: bool = False, is_loopback: bool = False
) -> Application:
    language.load()
    app = LivelogApplication(
        routes,
        default_handler_class=NotFound,
        site=site,
        admission=admission,
        template_path=str(ROOT / "templates"),
        static_handler_class=StaticFiles,
        # The proxy keeps the access log; errors are logged where they happen.
        log_function=lambda _: None,
        transforms=[Compression],
        cross_origin_protection=True,
        is_admin=is_admin,
        is_loopback=is_loopback,
    )
    # Only now: with it, Tornado adds routes of its own in front, such as one for /robots.txt.
    app.settings["static_path"] = _STATIC
    return app
