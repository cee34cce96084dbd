"""config/load.py: the shipped file, whole files, feed URLs of the command line, and any bytes at all."""

from __future__ import annotations

import json
import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

import config
from config import Blog, Config, ConfigError, Feed, Fetch, Server, Webhook
from config.schema import SECTIONS, keys_at
from tests.config.reading import BLOG, Problems, Read

SHIPPED = Path(__file__).resolve().parents[2] / config.EXAMPLE
A_URL = "must be a URL that begins with http:// or https:// and a host"


# The shipped file


def test_shipped_file_is_one_blog_of_several_feeds() -> None:
    blogs = config.load(SHIPPED).blogs
    assert [(blog.slug, blog.title) for blog in blogs] == [("blog", "Live Blog")]
    assert len(blogs[0].feeds) >= 4
    assert blogs[0].feeds[0] == Feed(url="https://www.ifanr.com/feed")


def with_a_webhook() -> str:
    """The shipped file with the lines that have a webhook in comments."""
    without = re.sub("^    webhooks: .*\n", "", SHIPPED.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return re.sub("^# ( {2,})", r"  \1", without, flags=re.MULTILINE)


@pytest.mark.parametrize("loc", SECTIONS.values(), ids=SECTIONS)
def test_shipped_file_has_every_key_and_no_other(loc: tuple[str | int, ...]) -> None:
    text = with_a_webhook()
    section = yaml.safe_load(text)
    for part in loc:
        section = section[-1 if isinstance(part, int) else part]
    if section is None:
        # A feed is a page or is none: the keys of a page stand in a comment.
        section = [key for key in keys_at(loc) if re.search(rf"#.*\b{key}\b", text)]
    assert sorted(section) == sorted(keys_at(loc))


def test_shipped_file_has_the_defaults(read: Read) -> None:
    shipped, least = config.load(SHIPPED), read(BLOG)
    assert (shipped.server, shipped.fetch) == (least.server, least.fetch)
    assert (shipped.store, least.store) == (f"sqlite:{SHIPPED.parent / 'livelog.db'}", "sqlite:livelog.db")
    assert shipped.blogs[0].feeds[-1] == Feed(url=shipped.blogs[0].feeds[-1].url)
    assert not shipped.blogs[0].webhooks
    (webhook,) = read(with_a_webhook()).blogs[0].webhooks
    assert webhook == Webhook(url=webhook.url)


def test_defaults(read: Read) -> None:
    assert read(BLOG) == Config(
        server=Server(address="127.0.0.1", port=8888, public_url=None, trusted_proxies=()),
        store="sqlite:livelog.db",
        fetch=Fetch(
            interval=None, timeout=20.0, max_bytes=15_000_000, concurrency=32, per_host=2, private_networks=()
        ),
        blogs=(Blog(slug="blog", title="blog", feeds=()),),
    )


# One file


def test_every_value_of_a_file_is_kept(read: Read) -> None:
    loaded = read("""
        server:
          address: "::"
          port: 0
          public_url: https://live.example.org/site/
          trusted_proxies: [10.0.0.0/8, "::1"]
        store: redis://:secret@127.0.0.1:6379/0
        fetch: {interval: 5m, timeout: 1.5, max_bytes: 1MiB, concurrency: 8, per_host: 1,
                private_networks: [fd00::/8]}
        blogs:
          news:
            title: The News
            feeds:
              - https://example.org/feed
              - {url: https://me:pw@example.org/, title: Mine, interval: 1h, include: [vote, /\\bAI\\b/],
                 exclude: [ads], tags: [mine], withdraw: true}
        """)
    server, fetch, blog = loaded.server, loaded.fetch, loaded.blogs[0]
    assert (server.address, server.port) == ("::", 0)
    assert server.public_url == "https://live.example.org/site"
    assert server.trusted_proxies == (IPv4Network("10.0.0.0/8"), IPv6Network("::1/128"))
    assert loaded.store == "redis://:secret@127.0.0.1:6379/0"
    assert (fetch.interval, fetch.timeout, fetch.max_bytes) == (300, 1.5, 1 << 20)
    assert (fetch.concurrency, fetch.per_host) == (8, 1)
    assert fetch.private_networks == (IPv6Network("fd00::/8"),)
    assert (blog.slug, blog.title) == ("news", "The News")
    assert blog.feeds[0] == Feed(url="https://example.org/feed", interval=300)
    assert blog.feeds[1] == Feed(
        url="https://me:pw@example.org/",
        title="Mine",
        interval=3600,
        include=("vote", r"/\bAI\b/"),
        exclude=("ads",),
        tags=("mine",),
        withdraw=True,
    )


@pytest.mark.parametrize(
    ("own", "of_all", "seconds"),
    [
        ("", "", None),
        ("", "5m", 300),
        (", interval: null", "5m", 300),
        (", interval: 1h", "5m", 3600),
        (", interval: auto", "5m", None),
        (", interval: 30s", "auto", 30),
    ],
)
def test_a_feed_has_its_own_interval_or_that_of_fetch(read: Read, own: str, of_all: str, seconds: float) -> None:
    loaded = read(f"fetch: {{interval: {of_all}}}\nblogs: {{b: {{feeds: [{{url: 'http://a'{own}}}]}}}}")
    assert loaded.blogs[0].feeds[0].interval == seconds


def test_files_are_named_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "own.css").write_text("", encoding="utf-8")
    (tmp_path / "config.yaml").write_text("blogs: {b: {css: own.css}}", encoding="utf-8")
    assert config.load(tmp_path / "config.yaml").blogs[0].css == tmp_path / "own.css"


def test_a_feed_given_twice_names_both_lines(problems: Problems) -> None:
    assert problems("""blogs:
  one:
    feeds:
      - http://a.example/
      - {url: http://a.example/, title: A}
  two:
    feeds: [http://a.example/]
""") == ("5: blogs.one.feeds[1].url: is the same feed as in line 4",)


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ("http://a.example/", "https://me:secret@A.example:443#f", "[1]: is the same feed as in line 4"),
        (
            "{url: http://a.example/, id: a}",
            "{url: https://a.example/, id: a}",
            "[1].url: is the same feed as in line 4",
        ),
        (
            "{url: http://a.example/1, id: a}",
            "{url: http://a.example/2, id: a}",
            "[1].id: is the id of another feed, in line 4: each feed needs its own",
        ),
    ],
)
def test_feeds_of_one_identity_are_reported(problems: Problems, first: str, second: str, problem: str) -> None:
    text = f"blogs:\n  one:\n    feeds:\n      - {first}\n      - {second}\n"
    assert problems(text) == (f"5: blogs.one.feeds{problem}",)


def test_an_id_of_another_blogs_feed_is_reported(problems: Problems) -> None:
    assert problems("""blogs:
  one: {feeds: [{url: http://a.example/1, id: a}]}
  two: {feeds: [{url: http://a.example/2, id: a}]}
""") == ("3: blogs.two.feeds[0].id: is the id of another feed, in line 2: each feed needs its own",)


def test_blogs_that_differ_in_the_password_of_a_feed_are_reported(problems: Problems) -> None:
    assert problems("""blogs:
  one: {feeds: ["http://me:one@a.example/"]}
  two: {feeds: ["http://me:two@a.example/"]}
""") == (
        "3: blogs.two.feeds[0]: has another user name or password than the same feed in line 2: give both the same, "
        "or each an id of its own",
    )


def test_blogs_share_a_feed_and_feeds_of_one_url_have_ids(read: Read) -> None:
    loaded = read("""blogs:
  one: {feeds: [{url: "http://me:one@a.example/", id: one}, http://b.example/]}
  two: {feeds: [{url: "http://me:two@a.example/", id: 2}, https://b.example/]}
""")
    found = [[feed.identity for feed in blog.feeds] for blog in loaded.blogs]
    assert found == [["one", "https://b.example/"], ["2", "https://b.example/"]]
    assert loaded.feeds == 3


def test_a_blog_can_have_20000_feeds(read: Read) -> None:
    feeds = "".join(f"  - {{url: https://a.example/{n}, title: {n}}}\n" for n in range(20_000))
    assert len(read(f"blogs:\n blog:\n  feeds:\n{feeds}").blogs[0].feeds) == 20_000


# Feed URLs of the command line


def test_urls_make_one_blog() -> None:
    assert config.for_urls(["https://a.example/", " http://b.example/feed "]) == Config(
        blogs=(
            Blog(
                slug="blog",
                title="Live Blog",
                feeds=(Feed(url="https://a.example/"), Feed(url="http://b.example/feed")),
            ),
        )
    )


def test_urls_keep_the_rest_of_the_configuration(read: Read) -> None:
    base = read("store: sqlite:x\nserver: {port: 1}\nfetch: {interval: 30s}\nblogs: {other: {}}")
    made = config.for_urls(["https://a.example/"], base)
    assert (made.server, made.store, made.fetch) == (base.server, base.store, base.fetch)
    assert [blog.slug for blog in made.blogs] == ["blog"]
    assert made.blogs[0].feeds[0].interval == 30


def test_wrong_urls_are_reported_by_number() -> None:
    with pytest.raises(ConfigError) as caught:
        config.for_urls(["https://a.example/", "a.example", "https://a.example/", "config.yaml"])
    assert caught.value.problems == (
        f"command line: FEED_URL 2: {A_URL}",
        "command line: FEED_URL 3: is the same as FEED_URL 1",
        f"command line: FEED_URL 4: {A_URL}",
    )


# Any file


KEYS = ["server", "store", "fetch", "blogs", "blog", "feeds", *Server.model_fields, *Fetch.model_fields]
WORDS = st.sampled_from([*KEYS, "5m", "1MB", "auto", "https://a.example/", "${HOME}", "$", "/x/", "10.0.0.0/8"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(WORDS | st.text(), inner, max_size=5),
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "server": VALUES,
        "store": VALUES,
        "fetch": st.dictionaries(st.sampled_from(list(Fetch.model_fields)), VALUES),
        "blogs": st.dictionaries(
            WORDS, st.fixed_dictionaries({"feeds": st.lists(st.fixed_dictionaries({"url": VALUES}) | VALUES)})
        ),
    },
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config") / "config.yaml"


def _load_or_reject(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    try:
        loaded = config.load(file)
    except ConfigError as error:
        assert error.problems  # noqa: PT017
        assert all("\n" not in problem for problem in error.problems)  # noqa: PT017
        str(error).encode()
    else:
        assert isinstance(loaded, Config)


@given(st.binary() | st.text().map(str.encode))
@example(b"\xff\xfea\x00")
@example(b"%YAML 9.9\n---\n")
@example(b'a: "\\ud800"')
def test_any_bytes_load_or_are_rejected(file: Path, data: bytes) -> None:
    _load_or_reject(file, data)


@given(VALUES | DOCUMENTS)
def test_any_document_loads_or_is_rejected(file: Path, document: object) -> None:
    _load_or_reject(file, json.dumps(document).encode())


@given(VALUES | DOCUMENTS)
def test_any_document_in_blocks_loads_or_is_rejected(file: Path, document: object) -> None:
    _load_or_reject(file, yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "replace"))
