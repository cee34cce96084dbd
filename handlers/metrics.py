"""`/metrics`: counters and gauges of this process in Prometheus' text format (https://prometheus.io/docs/)."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from fanout.fanout import FanOut
from handlers.admin import AdminHandler
from handlers.site import Polling, Site
from pages.cache import Cache
from timeline import TimelineError


class Metrics(AdminHandler):
    """Counters since this process started, and gauges of this moment. No label names a feed or a reader."""

    async def get(self) -> None:
        """Sends the metrics."""
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_Collected(await _timeline(self.site)))
        if self.site.fanout:
            registry.register(_Collected(_readers(self.site.fanout)))
            registry.register(_Collected(_answers(self.site.answers)))
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
    return [up, feeds]


def _readers(fanout: FanOut) -> list[Metric]:
    readers = GaugeMetricFamily("livelog_readers", "Readers that are connected to this process.", labels=["blog"])
    for blog, count in fanout.readers().items():
        readers.add_metric([blog], count)
    events = CounterMetricFamily("livelog_events", "Events that this process has fanned out.")
    events.add_metric([], fanout.events)
    deliveries = CounterMetricFamily("livelog_deliveries", "Events handed to live readers.")
    deliveries.add_metric([], fanout.deliveries)
    return [readers, events, deliveries]


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


def _polls(polling: Polling) -> list[Metric]:
    polls = CounterMetricFamily("livelog_polls", "Polls of feeds by their outcome.", labels=["outcome"])
    for outcome, count in polling.polls.items():
        polls.add_metric([outcome], count)
    return [polls]
