"""`/status`: what is broken, and its remedy, for people and as JSON; and `/feeds/retry`, which polls feeds now."""

from __future__ import annotations

import asyncio
import json
import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from tornado.web import HTTPError

import opml.lists
import redaction
import remedies
from config import Config
from fanout.frames import Transport
from feedstate import FeedState
from handlers.admin import AdminHandler
from handlers.readiness import problem_of
from handlers.site import Site
from handlers.status_subscribers import subscriber_rows
from handlers.status_webhooks import webhooks
from opml.lists import FeedList
from pages import status, status_lists, status_pushes
from pages.durations import helpers
from pages.source_text import iso
from pages.status_pushes import PushRows
from pages.status_subscribers import SubscriberRows
from pages.status_subscribers import as_json as subscribers_as_json
from pages.status_webhooks import WebhookRow, WebhookRows, arranged
from pages.status_webhooks import as_json as webhook_as_json
from remedies import SLOW_PATTERN, Advice
from timeline import Node, TimelineError
from timeline.retry import Retried, retry, together

LATE_SECONDS: Final = 30.0
"""A node that has not reported for so long is shown as missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlogRow:
    """A blog as this process serves it. Latencies are seconds, None before the first delivery."""

    slug: str
    title: str
    websocket: int
    event_stream: int
    deliveries: int
    p50: float | None
    p99: float | None
    resumed: int
    resets: int
    evicted: int

    @property
    def readers(self) -> int:
        return self.websocket + self.event_stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that the page shows. ``advice`` is for ``problem``, which this whole process has."""

    now: float
    problem: str | None
    advice: Advice | None
    rows: status.Rows
    pushes: PushRows
    followed: int
    failing: int
    blogs: Sequence[BlogRow]
    nodes: Sequence[Node]
    webhooks: WebhookRows
    subscribers: SubscriberRows
    refused: Mapping[str, int]
    config_problems: Sequence[str]
    restart_needed: Sequence[str]
    lists: Sequence[status_lists.ListRow] = ()


async def report(site: Site, words: str = "") -> Report:
    """The report of this process and of all sources; of those the last that was read, while the store is down."""
    problem = await problem_of(site)
    states: Mapping[str, FeedState] = {}
    nodes: Sequence[Node] = ()
    hooks: Sequence[WebhookRow] = ()
    lists: Mapping[str, FeedList] = {}
    subscribers = SubscriberRows()
    pushed = PushRows()
    try:
        states = await site.sources.states()
        nodes = await site.timeline.nodes()
        hooks = await webhooks(site.config, site.timeline)
        lists = await opml.lists.stored(site.timeline, site.config)
        subscribers = await subscriber_rows(site.hub_gate.subscribers, site.timeline.now())
        pushed = await site.pushes.rows(site.config, states)
    except TimelineError as error:
        states, problem = site.sources.last_states, problem or str(error)
    now = site.timeline.now()
    slow = tuple(site.polling.slow_patterns) if site.polling else ()
    # In a thread: the rows of 100,000 feeds take seconds.
    rows, followed, failing = await asyncio.to_thread(_survey, site.config, states, now, slow, words)
    notices = site.notices()
    return Report(
        now=now,
        problem=problem and redaction.public_text(problem),
        advice=remedies.for_store(problem) if problem else None,
        rows=replace(rows, others=_timed(site, rows.others), failing=_timed(site, rows.failing)),
        pushes=pushed,
        followed=followed,
        failing=failing,
        blogs=_blogs(site),
        nodes=nodes,
        webhooks=arranged(hooks),
        subscribers=subscribers,
        refused={reason: count for reason, count in site.admission.refused.items() if count},
        config_problems=[redaction.public_text(line) for line in notices.config_problems],
        restart_needed=notices.restart_needed,
        lists=status_lists.rows(site.config, lists, now),
    )


def _survey(
    config: Config, states: Mapping[str, FeedState], now: float, slow: Sequence[tuple[str, str, str]], words: str
) -> tuple[status.Rows, int, int]:
    """The rows, and how many feeds are followed and fail."""
    feeds = status.followed(config)
    failing = sum(1 for identity in feeds if (state := states.get(identity)) and state.problem)
    return status.rows(feeds, states, now, slow=slow, words=words), len(feeds), failing


def _timed(site: Site, rows: Sequence[status.Row]) -> Sequence[status.Row]:
    """The rows with the delivery latencies that this process knows of."""
    if site.fanout is None:
        return rows
    counts = site.fanout.counts()
    timed = []
    for row in rows:
        found = [
            seconds
            for blog in row.blogs
            if blog in counts
            for scheme in ("https", "http")
            if (seconds := counts[blog].of_feed(f"{scheme}://{row.feed}")) is not None
        ]
        timed.append(replace(row, delivered_after=statistics.median(found)) if found else row)
    return timed


def _blogs(site: Site) -> list[BlogRow]:
    if site.fanout is None:
        return []
    counts, transports = site.fanout.counts(), site.fanout.transports()
    found = []
    for blog in site.config.blogs:
        if blog.slug not in counts:
            continue
        counted, by_transport = counts[blog.slug], transports.get(blog.slug, Counter[Transport]())
        found.append(
            BlogRow(
                slug=blog.slug,
                title=blog.title,
                websocket=by_transport[Transport.WEBSOCKET],
                event_stream=by_transport[Transport.EVENT_STREAM],
                deliveries=counted.deliveries,
                p50=counted.latency.percentile(50),
                p99=counted.latency.percentile(99),
                resumed=counted.joined["resumed"],
                resets=counted.joined["reset"],
                evicted=counted.evicted,
            )
        )
    return found


class Status(AdminHandler):
    """The page, or JSON for programs that accept it."""

    async def get(self) -> None:
        """Sends the report; `?q=` chooses sources."""
        words = self.text_argument("q") or ""
        made = await report(self.site, words)
        self.remember_language()
        if "text/html" not in self.request.headers.get("Accept", "text/html"):
            self.finish(_json(self.site, made))
            return
        self.render(
            "status.html",
            view="status",
            words="",
            report=made,
            words_wanted=words,
            version=self.site.version,
            role=self.site.role,
            iso=iso,
            slow_advice=SLOW_PATTERN,
            late=LATE_SECONDS,
            has_public_url=bool(self.site.config.server.public_url),
            tried=_number(self.text_argument("tried")),
            **helpers(self.locale, made.now),
        )


def _number(text: str | None) -> str:
    return text if text and re.fullmatch("[0-9]{1,6}", text) else ""


class Retry(AdminHandler):
    """Makes a feed or list due, or all that fail; a pause that a publisher asked for is kept.

    Programs get the identities of those that are ``due``, and the Unix time at which each ``paused`` one will be.
    """

    has_json_errors = True

    async def post(self) -> None:
        """Makes the feed or list of `url` due, or without it all that fail; leads a browser back to the page.

        Instead of a form, the body may be JSON: `{"feed": URL or id}`.
        """
        given = self._given()
        lists = await opml.lists.retry(self.site.timeline, self.site.config, given)
        feeds: Retried | None = None
        if given is None or lists is None:
            feeds = await retry(self.site.timeline, None if given is None else await self._named(given))
        retried = together(feeds, lists)
        if retried is None:
            raise HTTPError(404, reason="No blog follows this feed.")
        self.site.sources.expire()
        if "text/html" in self.request.headers.get("Accept", ""):
            self.redirect(f"../status?tried={len(retried.due) + len(retried.paused)}", status=303)
            return
        self.finish({"due": retried.due, "paused": retried.paused})

    def get(self) -> None:
        """Raises HTTPError 405: a link must poll nothing."""
        raise HTTPError(405)

    async def _named(self, text: str) -> str:
        # In a thread: one of 100,000 feeds is looked for.
        identity = await asyncio.to_thread(status.named_by, self.site.config, text)
        if identity is None:
            raise HTTPError(404, reason="No blog follows this feed.")
        return identity

    def _given(self) -> str | None:
        """The feed that a form, or the JSON of `livelog retry`, names; None for all. Raises HTTPError 400."""
        if not self.request.headers.get("Content-Type", "").startswith("application/json"):
            return self.get_body_argument("url", None)
        try:
            content = json.loads(self.request.body)
        except ValueError:
            raise HTTPError(400) from None
        feed = content.get("feed") if isinstance(content, dict) else 0
        if feed is not None and not isinstance(feed, str):
            raise HTTPError(400)
        return feed


def _json(site: Site, made: Report) -> dict[str, Any]:
    return {
        "status": "failing" if made.problem else "ok",
        "version": site.version,
        "role": site.role,
        "now": iso(made.now),
        "problem": made.problem,
        **remedies.as_json(made.advice),
        "feeds": {"followed": made.followed, "failing": made.failing},
        "sources": [status.as_json(row, iso) for row in (*made.rows.failing, *made.rows.others)],
        "more": made.rows.more,
        "pushes": status_pushes.as_json(made.pushes, iso),
        "blogs": [
            {
                "blog": row.slug,
                "readers": {"websocket": row.websocket, "event_stream": row.event_stream},
                "deliveries": row.deliveries,
                "delivery_seconds": {"p50": row.p50, "p99": row.p99},
                "resumed": row.resumed,
                "resets": row.resets,
                "evicted": row.evicted,
            }
            for row in made.blogs
        ],
        "webhooks": [webhook_as_json(row, iso) for row in (*made.webhooks.failing, *made.webhooks.others)],
        "lists": [status_lists.as_json(row, iso) for row in made.lists],
        "subscribers": subscribers_as_json(made.subscribers, iso),
        "refused": dict(made.refused),
        "nodes": [{**asdict(node), "at": iso(node.at)} for node in made.nodes],
        "config_problems": list(made.config_problems),
        "restart_needed": list(made.restart_needed),
    }
