"""deploy/alerts.yml and deploy/grafana.json: readable, and of metrics that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from demo.newsroom import Newsroom
from tests.livelog import ROOT, Livelog, until

DEPLOY = ROOT / "deploy"
NAME = re.compile(r"\b(?:livelog|process)_\w+\b")
LABEL = re.compile(r"\b(?:by|on) \(([^)]*)\)|(\w+)!?=~?\"|\$labels\.(\w+)|\{\{(\w+)\}\}")
OF_PROMETHEUS = {"instance", "job", "le"}


def alerts() -> Iterator[tuple[str, str]]:
    """The name and the expression of each alert."""
    for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
            assert rule["annotations"]["summary"]
            assert rule["labels"]["severity"] in ("critical", "warning", "info")
            yield rule["alert"], rule["expr"] + rule["annotations"]["summary"]


def panels() -> Iterator[tuple[str, str]]:
    """The title and the expressions of each panel."""
    for panel in json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))["panels"]:
        for target in panel["targets"]:
            yield panel["title"], f"{target['expr']} {target['legendFormat']}"


@pytest.fixture
async def samples(livelog: Livelog, newsroom: Newsroom) -> dict[str, set[str]]:
    """The labels of each sample of a server with a feed that works and one that fails."""
    desk = newsroom.open_desk("/a.xml", title="A")
    desk.publish(title="One")
    blog: dict[str, Any] = {"feeds": [desk.url, "http://127.0.0.1:1/"], "webhooks": ["http://127.0.0.1:1/"]}
    blog["opml"] = "http://127.0.0.1:1/list"
    await livelog.start({"blog": blog})
    async with livelog.client() as client:
        await client.next()

        async def both_polled() -> bool:
            return "livelog_feed_failing_seconds" in await livelog.metrics() and bool(await livelog.entries())

        await until(both_polled)
        families = text_string_to_metric_families(await livelog.metrics())
        return {sample.name: set(sample.labels) for family in families for sample in family.samples}


async def test_each_metric_and_label_of_an_alert_or_panel_exists(samples: dict[str, set[str]]) -> None:
    used = [*alerts(), *panels()]
    assert len(used) > 20
    labels = set().union(*samples.values()) | OF_PROMETHEUS
    for title, text in used:
        assert set(NAME.findall(text)) <= set(samples), title
        named = {name for found in LABEL.findall(text) for part in found for name in re.findall(r"\w+", part)}
        assert named <= labels, title


def test_names_are_unique() -> None:
    for names in ([name for name, _ in alerts()], [panel["id"] for panel in _grafana()["panels"]]):
        assert len(set(names)) == len(names)


def _grafana() -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
    return found


def test_the_files_are_where_the_documents_say() -> None:
    assert all((Path(DEPLOY) / name).exists() for name in ("alerts.yml", "grafana.json"))
