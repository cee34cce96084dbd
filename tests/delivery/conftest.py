"""A site whose hub subscribers on loopback may use, and its deliveries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlencode

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from config import Blog, Config, Fetch, Server
from delivery.deliveries import Deliveries
from delivery.target import KIND, Target
from tests.delivery.subscriber import Subscriber, listening
from tests.site import Site, admission, role, site

__all__ = ["admission", "role", "site"]

SITE = "https://live.example.org"


@pytest.fixture
def settings() -> Config:
    """A public blog, and a private one."""
    blogs = (Blog(slug="blog", title="News"), Blog(slug="other", title="Other"), private())
    return Config(
        server=Server(public_url=SITE),
        fetch=Fetch(private_networks=(ip_network("127.0.0.0/8"),)),
        store="sqlite::memory:",
        blogs=blogs,
    )


def private(slug: str = "secret") -> Blog:
    """A private blog."""
    return Blog.model_validate({"slug": slug, "title": "Secret", "private": True, "tokens": ["t" * 22]})


class Hub:
    """The hub of a site, as its subscribers see it, and the queue behind it."""

    def __init__(self, site: Site, settings: Config) -> None:
        self.site = site
        self.timeline = site.timeline
        self.deliveries = Deliveries(settings, site.timeline, "Livelog/test")

    async def post(self, **fields: Any) -> HTTPResponse:
        """Posts a form; `mode` is the field `hub.mode`, and so on."""
        named = {f"hub.{name}": value for name, value in fields.items()}
        return await self.post_form(urlencode(named))

    async def post_form(self, body: str | bytes) -> HTTPResponse:
        return await AsyncHTTPClient().fetch(
            self.site.url("/hub"), method="POST", body=body, raise_error=False, follow_redirects=False
        )

    async def subscribe(self, callback: str, topic: str = f"{SITE}/blog/feed.xml", **fields: Any) -> HTTPResponse:
        answer = await self.post(mode="subscribe", callback=callback, topic=topic, **fields)
        assert (answer.code, answer.headers["Content-Type"]) == (202, "text/plain; charset=utf-8"), answer.body
        return answer

    async def targets(self) -> list[Target]:
        return [Target.from_json(job.state) for job in await self.timeline.jobs(KIND)]


@pytest.fixture
async def hub(site: Site, settings: Config) -> AsyncIterator[Hub]:
    """A hub that delivers."""
    made = Hub(site, settings)
    made.deliveries.start()
    yield made
    await made.deliveries.stop()


@pytest.fixture
async def subscriber() -> AsyncIterator[Subscriber]:
    """A subscriber."""
    async with listening() as made:
        yield made
