"""The paths of a node without a fan-out (fetch), and of one without a poller (web)."""

from __future__ import annotations

import pytest

from tests.site import Site


@pytest.fixture
def role(request: pytest.FixtureRequest) -> str:
    """All, unless a test says otherwise."""
    return str(getattr(request, "param", "all"))


@pytest.mark.parametrize("role", ["fetch"], indirect=True)
@pytest.mark.parametrize("path", ["/", "/blog/", "/blog/ws", "/blog/entries", "/blog/e/abc", "/blog/feed.xml"])
async def test_a_fetch_node_has_no_pages(site: Site, path: str) -> None:
    assert (await site.get(path)).code == 404


@pytest.mark.parametrize("role", ["fetch"], indirect=True)
async def test_a_fetch_node_has_health_and_metrics(site: Site) -> None:
    health = await site.admin_json("/healthz")
    assert (health["status"], health["readers"]) == ("ok", {})
    metrics = (await site.admin("/metrics")).body.decode()
    assert "livelog_polls_total" in metrics
    assert "livelog_readers" not in metrics


@pytest.mark.parametrize("role", ["web"], indirect=True)
async def test_a_web_node_has_pages_health_and_metrics(site: Site) -> None:
    assert (await site.get("/blog/")).code == 200
    assert (await site.admin_json("/healthz"))["feeds"]["followed"] == 1
    metrics = (await site.admin("/metrics")).body.decode()
    assert "livelog_readers" in metrics
    assert "livelog_polls_total" not in metrics
