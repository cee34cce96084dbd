"""Addresses and links of feed documents."""

from __future__ import annotations

from pages.feeds_out.document import MAX_BYTES
from pages.feeds_out.links import FORMS, Links
from pages.filter import Filter
from tests.pages.feeds_out.documents import SITE, blog, config, document, item

CHOSEN = Filter(sources=("City Hall",), tags=("tide",))


def test_a_filter_is_part_of_the_addresses() -> None:
    links = Links.of(config(), blog(), "json", CHOSEN, site_url=SITE, before="1-abc")
    assert links.own == f"{SITE}/blog/feed.json?before=1-abc&source=City%20Hall&tag=tide"
    assert links.first == f"{SITE}/blog/feed.json?source=City%20Hall&tag=tide"
    assert links.page == f"{SITE}/blog/?source=City%20Hall&tag=tide"


def test_the_hub_distributes_public_feeds_by_source_and_tag() -> None:
    def hub(chosen: Filter = CHOSEN, public_url: str | None = SITE, private: bool = False) -> str | None:
        one = blog(private=private)
        return Links.of(config(one, public_url=public_url), one, "xml", chosen, site_url=SITE).hub

    assert hub() == f"{SITE}/hub"
    assert hub(Filter(query="tide")) is None
    assert hub(public_url=None) is None
    assert hub(private=True) is None


def test_the_link_header_has_hub_and_self() -> None:
    header = Links.of(config(), blog(), "xml", site_url=SITE).header()
    assert header == f'<{SITE}/hub>; rel="hub", <{SITE}/blog/feed.xml>; rel="self"'


def test_a_document_ends_before_it_is_too_large() -> None:
    large = [item(f"e{number}", content_html=f"<p>{'潮' * 20_000}</p>") for number in range(20)]
    for form in FORMS:
        size = len(document(form, *large).encode())
        assert MAX_BYTES - 70_000 < size < MAX_BYTES + 10_000


def test_the_first_entry_is_in_the_document_whatever_its_size() -> None:
    assert "e0" in document("json", item("e0", content_html="x" * (MAX_BYTES + 1)), item("e1"))
