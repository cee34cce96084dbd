"""`/metrics`: counters, gauges and histograms in Prometheus' text format (https://prometheus.io/docs/).

deploy/alerts.yml and deploy/grafana.json use them.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import accumulate
from math import inf
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

import opml.lists
from config import Config
from connections.limits import Refusal
from fanout.fanout import FanOut
from fanout.frames import Transport
from feed_subscription import KIND
from feedstate import FeedState
from handlers.admin import AdminHandler
from handlers.site import Polling, Site
from handlers.status import LATE_SECONDS
from handlers.status_webhooks import webhooks
from handlers.websub_limits import WebSubLimits
from latency import Latency
from pages import status_lists
from pages.cache import Cache
from timeline import TimelineError

MAX_LABELLED: Final = 1_000
"""Feeds that are named by labels: Prometheus keeps a series for each of them."""

_TRANSPORTS: Final = {Transport.WEBSOCKET: "websocket", Transport.EVENT_STREAM: "event_stream"}


class Metrics(AdminHandler):
    """Counters since this process started, and gauges of this moment. Labels have no secrets, and name no reader."""

    async def get(self) -> None:
        """Sends the metrics."""
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_Collected(_process(self.site)))
        registry.register(_Collected(await _timeline(self.site)))
        registry.register(_Collected(await _sources(self.site)))
        registry.register(_Collected(await _webhooks(self.site)))
        registry.register(_Collected(await _subscribers(self.site)))
        registry.register(_Collected(await _lists(self.site)))
        if self.site.fanout:
            registry.register(_Collected(_readers(self.site.fanout)))
            registry.register(_Collected(_refusals(self.site.admission.refused)))
            registry.register(_Collected(_answers(self.site.answers)))
            registry.register(_Collected(_hub_requests(self.site.websub_limits)))
        if self.site.polling:
            registry.register(_Collected(_polls(self.site.polling)))
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish(generate_latest(registry))


class _Collected(Collector):
    """Metrics that were collected already: `Collector.collect` cannot await the timeline."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """The metrics."""
        yield from self._metrics


async def _timeline(site: Site) -> list[Metric]:
    up = GaugeMetricFamily("livelog_timeline_up", "Whether the timeline can be read and written.")
    feeds = GaugeMetricFamily(
        "livelog_feeds", "Feeds that are followed, and how many of them fail.", labels=["state"]
    )
    feeds.add_metric(["followed"], site.config.feeds)
    trouble = site.polling.trouble if site.polling else None
    try:
        feeds.add_metric(["failing"], await site.timeline.failing_count())
    except TimelineError as error:
        trouble = str(error)
    up.add_metric([], 0 if trouble else 1)
    return [up, feeds, *(await _store(site))]


async def _store(site: Site) -> list[Metric]:
    size = GaugeMetricFamily("livelog_store_bytes", "Size of the store: of the SQLite database, or of all of Redis.")
    nodes = GaugeMetricFamily("livelog_nodes", "Nodes that reported within 30 s, by role.", labels=["role"])
    held = GaugeMetricFamily("livelog_hub_subscriptions", "Subscriptions at WebSub hubs, pending ones included.")
    with contextlib.suppress(TimelineError):
        held.add_metric([], await site.timeline.count_jobs(KIND))
        size.add_metric([], await site.timeline.stored_bytes())
        now = site.timeline.now()
        roles = Counter(node.role for node in await site.timeline.nodes() if now - node.at <= LATE_SECONDS)
        for role, count in roles.items():
            nodes.add_metric([role], count)
    return [size, nodes, held]


def _process(site: Site) -> list[Metric]:
    build = GaugeMetricFamily("livelog_build_info", "Version and role of this process.", labels=["version", "role"])
    build.add_metric([site.version, site.role], 1)
    notices = site.notices()
    problems = GaugeMetricFamily(
        "livelog_config_problems",
        "Problems of the saved configuration, which is not in effect because of them.",
        value=len(notices.config_problems),
    )
    restart = GaugeMetricFamily(
        "livelog_restart_needed", "Settings that a restart puts into effect.", value=len(notices.restart_needed)
    )
    return [build, problems, restart]


async def _sources(site: Site) -> list[Metric]:
    """Failures and newest entries of feeds and blogs.

    With more than MAX_LABELLED feeds, only failing ones are named, and blogs have no time since all of theirs fail.
    """
    metrics = {
        name: GaugeMetricFamily(f"livelog_{name}", text, labels=[name.partition("_")[0]])
        for name, text in (
            ("feed_failing_seconds", "Seconds since the feed fails; 0 if its last poll succeeded."),
            ("feed_newest_entry_timestamp_seconds", "Date of the newest entry of the feed."),
            ("blog_failing_seconds", "Seconds since all feeds of the blog fail; 0 if one works."),
            ("blog_newest_entry_timestamp_seconds", "Position of the newest entry of the blog."),
        )
    }
    is_whole = site.config.feeds <= MAX_LABELLED
    with contextlib.suppress(TimelineError):
        states: Mapping[str, FeedState] = (
            await site.sources.states()
            if is_whole
            else {state.url: state for state in await site.timeline.failing(MAX_LABELLED)}
        )
        now = site.timeline.now()
        for feed, state in _by_label(site.config, states).items():
            metrics["feed_failing_seconds"].add_metric([feed], _failing_seconds(state, now))
            if state.newest:
                metrics["feed_newest_entry_timestamp_seconds"].add_metric([feed], max(state.newest))
        for blog in site.config.blogs:
            if is_whole and (known := [states[f.identity] for f in blog.feeds if f.identity in states]):
                seconds = min(_failing_seconds(state, now) for state in known)
                metrics["blog_failing_seconds"].add_metric([blog.slug], seconds)
            for item in (await site.timeline.page(blog.slug, None, 1)).items:
                newest = datetime.fromisoformat(json.loads(item)["_livelog"]["position"]).timestamp()
                metrics["blog_newest_entry_timestamp_seconds"].add_metric([blog.slug], newest)
    return list(metrics.values())


async def _subscribers(site: Site) -> list[Metric]:
    subscriptions = GaugeMetricFamily(
        "livelog_subscriptions", "WebSub subscriptions to feeds of this server, and how many fail.", labels=["state"]
    )
    undelivered = GaugeMetricFamily(
        "livelog_subscriptions_undelivered", "Events that were given up, of subscriptions that have not ended."
    )
    with contextlib.suppress(TimelineError):
        survey = await site.hub_gate.subscribers.survey()
        subscriptions.add_metric(["all"], survey.count)
        subscriptions.add_metric(["failing"], survey.failing_count)
        undelivered.add_metric([], survey.undelivered)
    return [subscriptions, undelivered, *_pushes(site)]


def _pushes(site: Site) -> list[Metric]:
    if site.delivering is None:
        return []
    sent = CounterMetricFamily(
        "livelog_sent", "Deliveries of this process to subscribers and webhooks, by outcome.", labels=["outcome"]
    )
    for outcome in ("delivered", "failed"):
        sent.add_metric([outcome], site.delivering.counts[outcome])
    return [sent]


async def _webhooks(site: Site) -> list[Metric]:
    labels = ["blog", "webhook"]
    failing = GaugeMetricFamily(
        "livelog_webhook_failing_seconds", "Seconds since the webhook fails; 0 if it does not.", labels=labels
    )
    undelivered = CounterMetricFamily(
        "livelog_webhook_undelivered", "Events that were given up, since the webhook is configured.", labels=labels
    )
    with contextlib.suppress(TimelineError):
        now = site.timeline.now()
        for row in await webhooks(site.config, site.timeline):
            failing.add_metric([row.blog, row.name], max(now - row.since, 0.0) if row.problem else 0.0)
            undelivered.add_metric([row.blog, row.name], row.undelivered)
    return [failing, undelivered]


async def _lists(site: Site) -> list[Metric]:
    failing = GaugeMetricFamily(
        "livelog_list_failing_seconds", "Seconds since the list of feeds fails; 0 if it does not.", labels=["list"]
    )
    with contextlib.suppress(TimelineError):
        now = site.timeline.now()
        # Lists that differ in a secret alone have one name: the one that fails longest counts.
        seconds: dict[str, float] = {}
        for row in status_lists.rows(site.config, await opml.lists.stored(site.timeline, site.config), now):
            lasting = max(now - row.since, 0.0) if row.problem else 0.0
            seconds[row.address] = max(lasting, seconds.get(row.address, 0.0))
        for address, lasting in seconds.items():
            failing.add_metric([address], lasting)
    return [failing]


def _by_label(config: Config, states: Mapping[str, FeedState]) -> dict[str, FeedState]:
    """The states of feeds by their public URL; of feeds that differ in a secret alone, the one that fails longest."""
    found: dict[str, FeedState] = {}
    for blog in config.blogs:
        for feed in blog.feeds:
            state, label = states.get(feed.identity), feed.public_url
            if state and (label not in found or (state.failing_since or inf) < (found[label].failing_since or inf)):
                found[label] = state
    return found


def _failing_seconds(state: FeedState, now: float) -> float:
    return max(now - state.failing_since, 0.0) if state.problem else 0.0


def _readers(fanout: FanOut) -> list[Metric]:
    readers = GaugeMetricFamily(
        "livelog_readers", "Readers that are connected to this process.", labels=["blog", "transport"]
    )
    for blog, by_transport in fanout.transports().items():
        for transport, name in _TRANSPORTS.items():
            readers.add_metric([blog, name], by_transport[transport])
    events = CounterMetricFamily("livelog_events", "Events that this process has fanned out.")
    events.add_metric([], fanout.events)
    deliveries = CounterMetricFamily("livelog_deliveries", "Events handed to live readers.")
    deliveries.add_metric([], fanout.deliveries)
    joined = CounterMetricFamily(
        "livelog_joined", "Clients that connected: the first time, resumed, or with a reset.", labels=["blog", "as"]
    )
    evictions = CounterMetricFamily(
        "livelog_evictions", "Clients that were disconnected by the server.", labels=["blog", "reason"]
    )
    latency = HistogramMetricFamily(
        "livelog_delivery_seconds",
        "Time from when an entry was seen until the last reader of this process was sent it.",
        labels=["blog"],
    )
    for blog, counts in fanout.counts().items():
        for kind, count in counts.joined.items():
            joined.add_metric([blog, kind], count)
        evictions.add_metric([blog, "slow"], counts.evicted)
        latency.add_metric([blog], *_histogram(counts.latency))
    return [readers, events, deliveries, joined, evictions, latency]


def _refusals(counts: Mapping[Refusal, int]) -> list[Metric]:
    refusals = CounterMetricFamily("livelog_refusals", "Clients and requests that got a 503.", labels=["reason"])
    for reason, count in counts.items():
        refusals.add_metric([reason], count)
    return [refusals]


def _histogram(latency: Latency) -> tuple[list[tuple[str, float]], float]:
    """Buckets, each with the counts of those before it, and the sum."""
    bounds = [*(repr(bound) for bound in latency.bounds), "+Inf"]
    return list(zip(bounds, map(float, accumulate(latency.counts)), strict=True)), latency.sum


def _answers(cache: Cache) -> list[Metric]:
    answers = CounterMetricFamily(
        "livelog_answers",
        "Pages and entries by their origin: found in the cache, made, or waited for while they were being made.",
        labels=["origin"],
    )
    for origin, count in (("found", cache.hits), ("made", cache.misses), ("shared", cache.shared)):
        answers.add_metric([origin], count)
    kept = GaugeMetricFamily("livelog_cache_answers", "Answers in the cache.", value=len(cache))
    size = GaugeMetricFamily("livelog_cache_bytes", "Size of the answers in the cache.", value=cache.bytes)
    return [answers, kept, size]


def _hub_requests(limits: WebSubLimits) -> list[Metric]:
    requests = CounterMetricFamily(
        "livelog_hub_requests", "Requests of WebSub hubs at callbacks by their outcome.", labels=["outcome"]
    )
    for outcome, count in limits.outcomes.items():
        requests.add_metric([outcome], count)
    return [requests]


def _polls(polling: Polling) -> list[Metric]:
    polls = CounterMetricFamily("livelog_polls", "Polls of feeds by their outcome.", labels=["outcome"])
    for outcome, count in polling.polls.items():
        polls.add_metric([outcome], count)
    pushes = CounterMetricFamily("livelog_pushes", "Pushes of WebSub hubs that were read.", labels=["outcome"])
    for outcome, count in polling.pushes.items():
        pushes.add_metric([outcome], count)
    gaps = CounterMetricFamily(
        "livelog_feed_gaps",
        "Documents that listed no entry of the poll before: further pages closed the gap, or posts may be missed.",
        labels=["outcome"],
    )
    for outcome, count in polling.gaps.items():
        gaps.add_metric([outcome], count)
    seen = HistogramMetricFamily("livelog_seen_seconds", "Time from the date of a new entry until it was seen.")
    seen.add_metric([], *_histogram(polling.delays))
    return [polls, pushes, gaps, seen]
