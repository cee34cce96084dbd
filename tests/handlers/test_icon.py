"""`/icon/<n>.svg`: the tab's icon."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tests.site import Site


@pytest.mark.parametrize("count", ["1", "9", "10", "99"])
async def test_the_icon_shows_the_number(site: Site, count: str) -> None:
    answer = await site.get(f"/icon/{count}.svg")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    text = ET.fromstring(answer.body).find("{http://www.w3.org/2000/svg}text")
    assert text is not None
    assert text.text == count


@pytest.mark.parametrize("count", ["0", "01", "100", "-1", "x", ""])
async def test_another_number_is_a_404(site: Site, count: str) -> None:
    assert (await site.get(f"/icon/{count}.svg")).code == 404
