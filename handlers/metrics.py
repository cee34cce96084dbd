"""`/metrics`: what this process does, in numbers that Prometheus collects (https://prometheus.io/docs/)."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from config import Config
from fanout.fanout import FanOut
from feeds.poller import Poller
from handlers.base import Handler
from handlers.health import MOST_FEEDS
from timeline import Timeline, TimelineError


class Metrics(Handler):
    """Counters since this process began, and gauges of this moment. No feed and no reader is named."""

    is_large = False

    def initialize(  # type: ignore[override]
        self, config: Config, timeline: Timeline, fanout: FanOut | None, poller: Poller | None
    ) -> None:
        """Takes what the route table hands over: no fan-out in a fetch node, no poller in a web node."""
        super().initialize(config, timeline)
        self.fanout = fanout
        self.poller = poller

    async def get(self) -> None:
        """Answers in Prometheus' text format."""
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_Numbers(await self._timeline()))
        if self.fanout:
            registry.register(_Numbers(_of_readers(self.fanout)))
        if self.poller:
            registry.register(_Numbers(_of_polls(self.poller)))
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.finish(generate_latest(registry))

    async def _timeline(self) -> list[Metric]:
        up = GaugeMetricFamily("livelog_timeline_up", "Whether the timeline can be read and written.")
        feeds = GaugeMetricFamily(
            "livelog_feeds", "Feeds that are followed, and how many of them fail.", labels=["state"]
        )
        feeds.add_metric(["followed"], self.livelog.feeds)
        trouble = self.poller.trouble if self.poller else None
        try:
            feeds.add_metric(["failing"], len(await self.timeline.failing(MOST_FEEDS)))
        except TimelineError as error:
            trouble = str(error)
        up.add_metric([], 0 if trouble else 1)
        return [up, feeds]


class _Numbers(Collector):
    """Numbers that are known already."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        """The numbers."""
        yield from self._metrics


def _of_readers(fanout: FanOut) -> list[Metric]:
    readers = GaugeMetricFamily("livelog_readers", "Readers that are connected to this process.", labels=["blog"])
    for blog, count in fanout.readers().items():
        readers.add_metric([blog], count)
    events = CounterMetricFamily("livelog_events", "Events that this process has fanned out.")
    events.add_metric([], fanout.events)
    deliveries = CounterMetricFamily("livelog_deliveries", "Events handed to live readers.")
    deliveries.add_metric([], fanout.deliveries)
    return [readers, events, deliveries]


def _of_polls(poller: Poller) -> list[Metric]:
    polls = CounterMetricFamily("livelog_polls", "Polls of feeds by their outcome.", labels=["outcome"])
    for outcome, count in poller.polls.items():
        polls.add_metric([outcome], count)
    return [polls]
