"""config.py: what config.yaml may say, what a mistake in it is answered with, and the shipped file."""

import json
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

import config
from config import Blog, Config, ConfigError, Feed, Fetch, Server

SHIPPED = Path(__file__).resolve().parents[2] / "config.yaml"
BLOG = "blogs: {blog: {}}\n"
BLOG_KEYS = "language, accent, logo, css, images, frame_ancestors, title, feeds"
A_COLOUR = "must be a colour such as '#b0301c', in quotes: without them YAML takes # for a comment"
AN_ORIGIN = "must be an origin such as https://www.example.org or https://*.example.org, or '*' for any"

Read = Callable[[str], Config]
Problems = Callable[[str], tuple[str, ...]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Loads a text as config.yaml of the current directory."""
    monkeypatch.chdir(tmp_path)

    def load(text: str) -> Config:
        Path("config.yaml").write_text(text, encoding="utf-8")
        return config.load("config.yaml")

    return load


@pytest.fixture
def problems(read: Read) -> Problems:
    """What is wrong with a text, without the name of the file."""

    def find(text: str) -> tuple[str, ...]:
        with pytest.raises(ConfigError) as caught:
            read(text)
        assert str(caught.value) == "\n".join(caught.value.problems)
        assert all(line.startswith("config.yaml:") for line in caught.value.problems)
        return tuple(line.removeprefix("config.yaml:") for line in caught.value.problems)

    return find


# The shipped file


def test_shipped_file_is_one_blog_of_several_feeds() -> None:
    blogs = config.load(SHIPPED).blogs
    assert [(blog.slug, blog.title) for blog in blogs] == [("blog", "Live Blog")]
    assert len(blogs[0].feeds) >= 4
    assert blogs[0].feeds[0] == Feed(url="https://www.ifanr.com/feed")


def test_shipped_file_has_every_key_and_no_other() -> None:
    written = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    blog = written["blogs"]["blog"]
    assert set(written) == set(Config.model_fields)
    assert set(written["server"]) == set(Server.model_fields)
    assert set(written["fetch"]) == set(Fetch.model_fields)
    assert {"slug", *blog} == set(Blog.model_fields)
    assert set(blog["feeds"][-1]) == set(Feed.model_fields)


def test_shipped_file_has_the_defaults(read: Read) -> None:
    shipped, least = config.load(SHIPPED), read(BLOG)
    assert (shipped.server, shipped.store, shipped.fetch) == (least.server, least.store, least.fetch)
    assert shipped.blogs[0].feeds[-1] == Feed(url=shipped.blogs[0].feeds[-1].url)


def test_defaults(read: Read) -> None:
    assert read(BLOG) == Config(
        server=Server(address="127.0.0.1", port=8888, public_url=None, trusted_proxies=()),
        store="sqlite:livelog.db",
        fetch=Fetch(
            interval=None, timeout=20.0, max_bytes=15_000_000, concurrency=32, per_host=2, private_networks=()
        ),
        blogs=(Blog(slug="blog", title="blog", feeds=()),),
    )


# What can be said


def test_everything_said_is_kept(read: Read) -> None:
    loaded = read("""
        server:
          address: "::"
          port: 0
          public_url: https://live.example.org/news/
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
    assert server.public_url == "https://live.example.org/news"
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


def test_a_configuration_is_frozen(read: Read) -> None:
    with pytest.raises(ValueError, match="frozen"):
        read(BLOG).store = "sqlite:other.db"


def test_blog_finds_by_slug(read: Read) -> None:
    loaded = read("blogs: {one: {}, two: {title: Two}}")
    assert loaded.blog("two") == Blog(slug="two", title="Two")
    assert loaded.blog("three") is None


def test_empty_sections_and_values_take_defaults(read: Read) -> None:
    assert read("server:\nfetch: {timeout: }\nstore: ~\nblogs:\n  blog:\n    title:\n    feeds:\n") == read(
        "blogs: {blog: {title: null}}"
    )


@pytest.mark.parametrize("slug", ["no", "2024", "0x1", "null", "a" * 64, "a-b-"])
def test_a_slug_is_what_is_written(read: Read, slug: str) -> None:
    assert [(blog.slug, blog.title) for blog in read(f"blogs: {{{slug}: {{}}}}").blogs] == [(slug, slug)]


@pytest.mark.parametrize("title", ["2024", "true", "2024-01-01", "1e3", "快讯 👩‍👩‍👧"])
def test_a_title_is_what_is_written(read: Read, title: str) -> None:
    assert read(f"blogs: {{blog: {{title: {title}}}}}").blogs[0].title == title


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
def test_a_feed_has_its_own_interval_or_that_of_all(read: Read, own: str, of_all: str, seconds: float) -> None:
    loaded = read(f"fetch: {{interval: {of_all}}}\nblogs: {{b: {{feeds: [{{url: 'http://a'{own}}}]}}}}")
    assert loaded.blogs[0].feeds[0].interval == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("auto", None),
        ("1", 1),
        ("90", 90),
        ("1.5", 1.5),
        ("30s", 30),
        ("30 s", 30),
        ("15m", 900),
        ("1h", 3600),
        ("1.5h", 5400),
        ("2d", 172800),
        ("31d", 2678400),
    ],
)
def test_durations(read: Read, text: str, seconds: float | None) -> None:
    assert read(f"{BLOG}fetch: {{interval: {text}}}").fetch.interval == seconds


@pytest.mark.parametrize(
    "text",
    ["0", "0.9s", "32d", "-5m", "5 minutes", "1h30m", "m", "1:30", "1e3", ".inf", "9" * 99, "true", "[]"],
)
def test_what_is_no_interval(problems: Problems, text: str) -> None:
    assert problems(f"{BLOG}fetch: {{interval: {text}}}") == (
        "2: fetch.interval: must be auto, or a duration from 1s to 31d, such as 30s, 15m, 1h or 2d",
    )


@pytest.mark.parametrize("text", ["auto", "0s", "121", "3m"])
def test_what_is_no_timeout(problems: Problems, text: str) -> None:
    assert problems(f"{BLOG}fetch: {{timeout: {text}}}") == (
        "2: fetch.timeout: must be a duration from 1s to 120s, such as 20s",
    )


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4096", 4096),
        ("15MB", 15_000_000),
        ("15 mb", 15_000_000),
        ("512KB", 512_000),
        ("1MiB", 1 << 20),
        ("1.5KiB", 1536),
        ("0.1GB", 100_000_000),
    ],
)
def test_sizes(read: Read, text: str, size: int) -> None:
    assert read(f"{BLOG}fetch: {{max_bytes: {text}}}").fetch.max_bytes == size


@pytest.mark.parametrize("text", ["0", "999", "101MB", "1GB", "15M", "15 megabytes", "-1MB", "{}"])
def test_what_is_no_size(problems: Problems, text: str) -> None:
    assert problems(f"{BLOG}fetch: {{max_bytes: {text}}}") == (
        "2: fetch.max_bytes: must be a size from 1KB to 100MB, such as 512KB, 15MB or 1MiB",
    )


@pytest.mark.parametrize(
    "store",
    [
        "sqlite:livelog.db",
        "sqlite:/var/lib/my news/live.db",
        "sqlite::memory:",
        "redis://127.0.0.1:6379/0",
        "rediss://user:pass@redis.example.org",
        "unix:///run/redis.sock",
    ],
)
def test_stores(read: Read, store: str) -> None:
    assert read(f"{BLOG}store: '{store}'").store == store


@pytest.mark.parametrize(
    "store", ["livelog.db", "sqlite:", "sqlite::memory", "redis:", "redis://", "postgres://x", "5", ""]
)
def test_what_is_no_store(problems: Problems, store: str) -> None:
    (problem,) = problems(f"{BLOG}store: '{store}'")
    assert problem.startswith("2: store: must be sqlite:PATH, 'sqlite::memory:', redis://HOST:PORT/DB, ")


@pytest.mark.parametrize("address", ["0.0.0.0", "::1", "'::'", "localhost", "live.example.org", "web_1"])
def test_addresses(read: Read, address: str) -> None:
    assert read(f"{BLOG}server:\n  address: {address}").server.address == address.strip("'")


@pytest.mark.parametrize(
    "address", ["127.0.0.1:80", "127.0.0.256", "8888", "'[::1]'", "a b", "'*'", "http://x", "''"]
)
def test_what_is_no_address(problems: Problems, address: str) -> None:
    assert problems(f"{BLOG}server:\n  address: {address}") == (
        "3: server.address: must be a host name or address without a port, such as 127.0.0.1, 0.0.0.0 or '::1'",
    )


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("example.org", "must be a URL that begins with http:// or https:// and a host"),
        ("ftp://example.org/", "must be a URL that begins with http:// or https:// and a host"),
        ("https://", "must be a URL that begins with http:// or https:// and a host"),
        ("https:///path", "must be a URL that begins with http:// or https:// and a host"),
        ("https://:80/", "must be a URL that begins with http:// or https:// and a host"),
        ("https://example.org/a b", "must not contain spaces or control characters"),
        ("https://example.org/\\ta", "must not contain spaces or control characters"),
        ("https://example.org/\\u00a0a", "must not contain spaces or control characters"),
        ("https://example.org:99999/", "is not a valid URL: look at its host and port"),
        ("https://[::1/", "is not a valid URL: look at its host and port"),
        ("https://example.org/" + "a" * 4096, "must have at most 4096 characters"),
    ],
)
def test_what_is_no_feed_url(problems: Problems, url: str, problem: str) -> None:
    assert problems(f'blogs: {{b: {{feeds: [\n"{url}",\n{{url: "{url}?"}}]}}}}') == (
        f"2: blogs.b.feeds[0]: {problem}",
        f"3: blogs.b.feeds[1].url: {problem}",
    )


@pytest.mark.parametrize("url", ["https://a.example/?q", "https://a.example/#f", "https://me@a.example/"])
def test_a_public_url_is_only_a_place(problems: Problems, url: str) -> None:
    assert problems(f"{BLOG}server: {{public_url: '{url}'}}") == (
        "2: server.public_url: must have no user name, query or fragment",
    )


# How a blog looks


def test_how_a_blog_looks_is_kept(read: Read) -> None:
    Path("look").mkdir()
    Path("look/mark.svg").write_text("<svg/>", encoding="utf-8")
    Path("own.css").write_text("", encoding="utf-8")
    (blog,) = read("""blogs:
  blog:
    language: zh
    accent: "#B0301C"
    logo: look/mark.svg
    css: own.css
    images: click
    frame_ancestors: [https://www.Example.org/, "https://*.example.org:8443", "*"]
""").blogs
    assert (blog.language, blog.accent, blog.images) == ("zh", "#b0301c", "click")
    assert (blog.logo, blog.css) == (Path("look/mark.svg").absolute(), Path("own.css").absolute())
    assert blog.frame_ancestors == ("https://www.example.org", "https://*.example.org:8443", "*")


@pytest.mark.parametrize("written", ["'#13a'", "13a", "1133aa", "'#1133AA'"])
def test_a_colour_is_written_in_one_form(read: Read, written: str) -> None:
    assert read(f"blogs: {{b: {{accent: {written}}}}}").blogs[0].accent == "#1133aa"


def test_a_colour_that_yaml_takes_for_a_comment_is_not_lost_in_silence(problems: Problems) -> None:
    assert problems("blogs:\n  b:\n    accent: #b0301c\n") == (f"3: blogs.b.accent: {A_COLOUR}",)


def test_a_comment_is_no_colour(read: Read) -> None:
    assert read("blogs:\n  b:\n    accent: # ours\n").blogs[0].accent is None


def test_files_are_named_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "own.css").write_text("", encoding="utf-8")
    (tmp_path / "config.yaml").write_text("blogs: {b: {css: own.css}}", encoding="utf-8")
    assert config.load(tmp_path / "config.yaml").blogs[0].css == tmp_path / "own.css"


def test_a_file_that_would_fill_the_memory_is_refused(problems: Problems) -> None:
    Path("large.css").write_bytes(b" " * (config.MAX_THEME_FILE_BYTES + 1))
    assert problems("blogs: {b: {css: large.css}}") == ("1: blogs.b.css: is a file of more than 1,000,000 bytes",)


# What is wrong


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("server: 5", "server: must be a mapping of keys to values"),
        ("server: {port: http}", "server.port: must be a whole number"),
        ("server: {port: 80.5}", "server.port: must be a whole number"),
        ("server: {port: []}", "server.port: must be a whole number"),
        (f"server: {{port: {'9' * 5000}}}", "server.port: must be a whole number"),
        ("server: {port: -1}", "server.port: must be at least 0"),
        ("server: {port: 65536}", "server.port: must be at most 65535"),
        (
            "server: {trusted_proxies: 10.0.0.0/8}",
            "server.trusted_proxies: must be a list, such as [first, second]",
        ),
        (
            "server: {trusted_proxies: [10.0.0.1/8]}",
            "server.trusted_proxies[0]: must be a network such as 192.0.2.7, 10.0.0.0/8 or fd00::/8, "
            "with no bits set after the prefix",
        ),
        ("fetch: {concurrency: 0}", "fetch.concurrency: must be at least 1"),
        ("fetch: {concurrency: 1025}", "fetch.concurrency: must be at most 1024"),
        ("fetch: {per_host: 65}", "fetch.per_host: must be at most 64"),
        ("blogs: {b: 5}", "blogs.b: must be a mapping of keys to values"),
        ("blogs: {b: {title: []}}", "blogs.b.title: must be text"),
        ("blogs: {b: {title: ''}}", "blogs.b.title: must not be empty"),
        (f"blogs: {{b: {{title: {'x' * 201}}}}}", "blogs.b.title: must have at most 200 characters"),
        (r'blogs: {b: {title: "a\nb"}}', "blogs.b.title: must be one line without control characters"),
        (r'blogs: {b: {title: "a\eb"}}', "blogs.b.title: must be one line without control characters"),
        ("blogs: {b: {feeds: {}}}", "blogs.b.feeds: must be a list, such as [first, second]"),
        (
            "blogs: {b: {feeds: [null]}}",
            "blogs.b.feeds[0]: must be a feed URL, or a mapping with url and what else you want to set",
        ),
        (
            "blogs: {b: {feeds: [[]]}}",
            "blogs.b.feeds[0]: must be a feed URL, or a mapping with url and what else you want to set",
        ),
        ("blogs: {b: {feeds: [{title: x}]}}", "blogs.b.feeds[0].url: is required"),
        ("blogs: {b: {feeds: [{url: }]}}", "blogs.b.feeds[0].url: is required"),
        (
            "blogs: {b: {feeds: [{url: 'http://a', withdraw: maybe}]}}",
            "blogs.b.feeds[0].withdraw: must be true or false",
        ),
        (
            "blogs: {b: {feeds: [{url: 'http://a', withdraw: []}]}}",
            "blogs.b.feeds[0].withdraw: must be true or false",
        ),
        (
            "blogs: {b: {feeds: [{url: 'http://a', include: x}]}}",
            "blogs.b.feeds[0].include: must be a list, such as [first, second]",
        ),
        (
            "blogs: {b: {feeds: [{url: 'http://a', include: ['']}]}}",
            "blogs.b.feeds[0].include[0]: must not be empty",
        ),
        (
            "blogs: {b: {feeds: [{url: 'http://a', exclude: [a, '/(/']}]}}",
            "blogs.b.feeds[0].exclude[1]: is not a valid regular expression: "
            "missing ), unterminated subpattern at position 0",
        ),
        (
            f"blogs: {{b: {{feeds: [{{url: 'http://a', tags: [{'x,' * 101}]}}]}}}}",
            "blogs.b.feeds[0].tags: must have at most 100 items",
        ),
        ("blogs: {b: {language: de}}", "blogs.b.language: must be 'en' or 'zh'"),
        ("blogs: {b: {images: never}}", "blogs.b.images: must be 'lazy', 'click' or 'none'"),
        ("blogs: {b: {accent: reddish}}", f"blogs.b.accent: {A_COLOUR}"),
        ("blogs: {b: {accent: '#12345'}}", f"blogs.b.accent: {A_COLOUR}"),
        ("blogs: {b: {accent: []}}", f"blogs.b.accent: {A_COLOUR}"),
        ("blogs: {b: {css: nowhere.css}}", "blogs.b.css: is no file that can be read: No such file or directory"),
        ("blogs: {b: {css: .}}", "blogs.b.css: is no file that can be read: Is a directory"),
        (
            "blogs: {b: {logo: config.yaml}}",
            "blogs.b.logo: must be an image whose name ends in .svg, .png, .jpg, .jpeg, .webp, .avif, .gif",
        ),
        (
            "blogs: {b: {frame_ancestors: https://a.example}}",
            "blogs.b.frame_ancestors: must be a list, such as [first, second]",
        ),
        *(
            (f"blogs: {{b: {{frame_ancestors: ['{origin}']}}}}", f"blogs.b.frame_ancestors[0]: {AN_ORIGIN}")
            for origin in ("a.example", "https://a.example/path", "https://a.example; script-src *", "https:", "**")
        ),
    ],
)
def test_a_wrong_value_is_answered_in_plain_words(problems: Problems, text: str, problem: str) -> None:
    text = text if "blogs" in text else f"{text}\n{BLOG}"
    assert problems(text) == (f"1: {problem}",)


@pytest.mark.parametrize("slug", ["Blog", "-a", "a" * 65, "a_b", "a.b", "'a b'", "é", "''"])
def test_what_is_no_slug(problems: Problems, slug: str) -> None:
    (problem,) = problems(f"blogs:\n  {slug}: {{}}")
    assert problem.startswith("2: blogs.")
    assert problem.endswith("is no name for a blog: use 1 to 64 of a-z, 0-9 and hyphens, the first of them no hyphen")


@pytest.mark.parametrize("slug", ["static", "status", "healthz", "metrics", "websub"])
def test_paths_of_the_server_are_no_blogs(problems: Problems, slug: str) -> None:
    assert problems(f"blogs:\n  {slug}: {{}}") == (
        f"2: blogs.{slug}: is a path that Livelog needs for itself: give the blog another name",
    )


@pytest.mark.parametrize("text", ["store: sqlite:x\n", "blogs:\n", "blogs: {}\n"])
def test_a_blog_is_required(problems: Problems, text: str) -> None:
    assert problems(text) == ("1: blogs: must name at least one blog",)


def test_blogs_in_a_list_are_refused(problems: Problems) -> None:
    assert problems("blogs: [blog]") == ("1: blogs: must be a mapping of blog names, each with its title and feeds",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("blog: {}", "blog: unknown key; allowed here: server, store, fetch, blogs (did you mean blogs?)"),
        (
            "server: {adress: x}",
            "server.adress: unknown key; allowed here: address, port, public_url, trusted_proxies "
            "(did you mean address?)",
        ),
        (
            "fetch: {zebra: }",
            "fetch.zebra: unknown key; allowed here: interval, timeout, max_bytes, concurrency, per_host, "
            "private_networks",
        ),
        (
            "blogs: {b: {slug: x}}",
            f"blogs.b.slug: unknown key; allowed here: {BLOG_KEYS}",
        ),
        (
            "blogs: {b: {feeds: [{url: 'http://a', intervall: 5m}]}}",
            "blogs.b.feeds[0].intervall: unknown key; allowed here: url, title, interval, include, exclude, tags, "
            "withdraw (did you mean interval?)",
        ),
    ],
)
def test_an_unknown_key_is_refused_with_a_guess(problems: Problems, text: str, problem: str) -> None:
    text = text if "blogs" in text else f"{text}\n{BLOG}"
    assert problems(text) == (f"1: {problem}",)


def test_all_problems_come_at_once_in_the_order_of_the_lines(problems: Problems) -> None:
    found = problems("""blogs:
  blog:
    feeds:
      - https://example.org/feed
      - url: https://example.org/other
        interval: 0
        title:
          - x
      - gopher://example.org/
      - https://example.org/feed
  blog:
    title: Again
server:
  port: many
  prot: 1
fetch:
  timeout: 5s
  timeout: 6s
  interval: ${NOT_SET_ANYWHERE}
""")
    assert [problem.rpartition(": ")[0] if "URL" in problem else problem.split(": ")[:2] for problem in found] == [
        ["6", "blogs.blog.feeds[1].interval"],
        ["7", "blogs.blog.feeds[1].title"],
        "9: blogs.blog.feeds[2]",
        ["10", "blogs.blog.feeds[3]"],
        ["11", "blogs.blog"],
        ["14", "server.port"],
        ["15", "server.prot"],
        ["18", "fetch.timeout"],
        ["19", "fetch.interval"],
    ]


def test_a_key_given_twice_names_both_lines(problems: Problems) -> None:
    assert problems(f"server:\n  port: 80\n  'port': 81\n{BLOG}") == (
        "3: server.port: is given twice; line 2 has it already",
    )


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
    ("text", "problem"),
    [
        ("", "config.yaml: is empty; `blogs` at least is required"),
        ("# nothing yet\n", "config.yaml: is empty; `blogs` at least is required"),
        ("- a\n", "config.yaml:1: must be a mapping of keys to values: server, store, fetch, blogs"),
        ("hello\n", "config.yaml:1: must be a mapping of keys to values: server, store, fetch, blogs"),
        (
            "store: sqlite::memory:\n",
            "config.yaml:1: not valid YAML: mapping values are not allowed in this context "
            "(a text with a colon before a space or at its end needs quotes)",
        ),
        (
            "blogs:\n\tblog: {}\n",
            "config.yaml:2: not valid YAML: while scanning for the next token, found character that cannot start "
            "any token (indent with spaces, not tabs; a text that begins with @, ` or % needs quotes)",
        ),
        ("a: é\nb: \a\n", "config.yaml:2: not valid YAML: "),
        ("a: b\n--- \nc: d\n", "config.yaml:2: must be one YAML document, without another one after ---"),
        (
            "a: b\nc: *d\n",
            "config.yaml:2: not valid YAML: an alias (*name) needs its anchor (&name) before it",
        ),
        (
            "a: &a [*a]\n",
            "config.yaml:1: not valid YAML: an alias (*name) needs its anchor (&name) before it",
        ),
        ("a: b\n{x: y}: z\n", "config.yaml:2: "),
        ("? [a]\n: b\n", "config.yaml:1: a key must be plain text (a value that begins with { needs quotes)"),
    ],
)
def test_what_is_no_mapping_in_yaml_is_one_line(read: Read, text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert len(caught.value.problems) == 1
    assert str(caught.value).startswith(problem)
    assert "\n" not in str(caught.value)


def test_a_blog_may_have_very_many_feeds(read: Read) -> None:
    feeds = "".join(f"  - {{url: https://a.example/{n}, title: {n}}}\n" for n in range(20_000))
    assert len(read(f"blogs:\n blog:\n  feeds:\n{feeds}").blogs[0].feeds) == 20_000


def test_aliases_are_welcome(read: Read) -> None:
    loaded = read("blogs: {a: {feeds: &all [http://a.example/]}, b: {feeds: *all}}")
    assert loaded.blogs[0].feeds == loaded.blogs[1].feeds == (Feed(url="http://a.example/"),)


def test_tags_are_refused(problems: Problems) -> None:
    assert problems("blogs:\n  blog: !!python/object:os.system {}") == (
        "2: blogs.blog: has a YAML tag (!…), which means nothing here: leave it out",
    )


def test_a_byte_order_mark_is_no_problem(read: Read) -> None:
    assert read("\ufeff" + BLOG) == read(BLOG)


def test_without_libyaml_the_file_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = config.load(SHIPPED)
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert config.load(SHIPPED) == fast


# The file itself


def test_a_missing_file_is_one_line() -> None:
    with pytest.raises(ConfigError) as caught:
        config.load("no/such/config.yaml")
    assert str(caught.value) == "no/such/config.yaml: cannot be read: No such file or directory"


def test_a_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path)
    assert str(caught.value) == f"{tmp_path}: cannot be read: Is a directory"


def test_what_is_not_utf8_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_bytes(b"blogs:\n  blog:\n    title: caf\xe9\n")
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert str(caught.value) == f"{path}:3: is not UTF-8 text"


def test_a_huge_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.yaml_lines.MAX_FILE_BYTES", 1000)
    path = tmp_path / "config.yaml"
    path.write_text(BLOG + "#" * 1000, encoding="utf-8")
    with pytest.raises(ConfigError, match="is larger than 1,000 bytes"):
        config.load(path)


# The environment


def test_the_environment_fills_in(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8080")
    monkeypatch.setenv("REDIS_PASSWORD", "s3cr${PORT}$$")
    loaded = read(f"{BLOG}server:\n  port: ${{PORT}}\nstore: redis://:${{REDIS_PASSWORD}}@127.0.0.1:${{PORT}}/0\n")
    assert loaded.server.port == 8080
    assert loaded.store == "redis://:s3cr${PORT}$$@127.0.0.1:8080/0"


@pytest.mark.parametrize(
    ("written", "title"),
    [("$$", "$"), ("$${HOME}", "${HOME}"), ("US$ 5", "US$ 5"), ("$", "$"), ("$$$$", "$$")],
)
def test_a_dollar_can_be_written(read: Read, written: str, title: str) -> None:
    assert read(f"blogs:\n  blog:\n    title: {written}\n").blogs[0].title == title


def test_an_unset_variable_is_named_with_its_place(problems: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVELOG_A", raising=False)
    monkeypatch.delenv("LIVELOG_B", raising=False)
    assert problems(
        "blogs:\n  blog:\n    feeds:\n"
        "      - https://${LIVELOG_A}:${LIVELOG_B}@example.org/${LIVELOG_A}\n"
        "      - {url: '${LIVELOG_A}', interval: '${LIVELOG_B}'}\n"
    ) == (
        "4: blogs.blog.feeds[0]: the environment does not set LIVELOG_A, LIVELOG_B",
        "5: blogs.blog.feeds[1].url: the environment does not set LIVELOG_A",
        "5: blogs.blog.feeds[1].interval: the environment does not set LIVELOG_B",
    )


@pytest.mark.parametrize("written", ["${", "${A", "${}", "${1}", "${A-B}", "${A:-x}"])
def test_a_variable_without_a_name_is_refused(problems: Problems, written: str) -> None:
    assert problems(f"blogs:\n  blog:\n    title: {written}\n") == (
        "3: blogs.blog.title: has ${ without a NAME and a }; a plain $ is written $$",
    )


def test_a_value_of_the_environment_is_never_shown(problems: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "(?P<hush hush>")
    keys = {
        "server": ("address", "port", "public_url"),
        "fetch": ("interval", "timeout", "max_bytes", "concurrency", "per_host"),
    }
    text = "store: ${SECRET}\n"
    for section, names in keys.items():
        text += f"{section}:\n" + "".join(f"  {name}: ${{SECRET}}\n" for name in names)
    text += "blogs:\n  blog:\n    feeds:\n      - ${SECRET}\n"
    text += "      - url: http://a.example/\n        withdraw: ${SECRET}\n        include: ['/${SECRET}/']\n"
    found = problems(text)
    assert len(found) == 12
    assert "hush" not in "".join(found)
    assert found[-1] == "18: blogs.blog.feeds[1].include[0]: is not a valid regular expression"


def test_a_variable_that_is_not_unicode_is_refused(problems: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVELOG_A", "caf\udce9")
    assert problems("blogs:\n  blog:\n    title: ${LIVELOG_A}") == (
        "3: blogs.blog.title: must be valid Unicode text",
    )


# Credentials


@pytest.mark.parametrize(
    "url",
    [
        "ftp://me:hush@example.org/",
        "me:hush@example.org/",
        "https://me:hu sh@example.org/",
        "https://me:hush@",
        "https://me:hush@example.org:port/",
        "https://me:hush@[example.org/",
        "https://me:hush@exa\u2100mple.org/",
    ],
)
def test_credentials_are_never_shown(problems: Problems, url: str) -> None:
    found = problems(
        f"store: '{url}'\nserver: {{public_url: '{url}'}}\nblogs: {{b: {{feeds: ['{url}', {{url: '{url}'}}]}}}}"
    )
    with pytest.raises(ConfigError) as caught:
        config.for_urls([url])
    assert len(found) == 4
    assert "hu" not in "".join(found) + str(caught.value)


def test_credentials_in_a_repeated_feed_are_not_shown(problems: Problems) -> None:
    url = "https://me:hush@example.org/"
    assert "hush" not in "".join(problems(f"blogs: {{b: {{feeds: ['{url}', '{url}']}}}}"))


def test_credentials_in_the_place_of_a_key_are_not_shown(problems: Problems) -> None:
    assert problems("blogs:\n  b:\n    'https://me:hush@example.org/feed': x") == (
        f"3: blogs.b.***@example.org/feed: unknown key; allowed here: {BLOG_KEYS}",
    )


@pytest.mark.parametrize(("key", "shown"), [("x" * 999, "x" * 60 + "…"), (r'"a\nb\e"', r"'a\nb\x1b'")])
def test_a_strange_key_stays_in_its_line(problems: Problems, key: str, shown: str) -> None:
    assert problems(f"{BLOG}? {key}\n: 1") == (f"2: {shown}: unknown key; allowed here: server, store, fetch, blogs",)


# The command line


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


def test_wrong_urls_are_counted() -> None:
    with pytest.raises(ConfigError) as caught:
        config.for_urls(["https://a.example/", "a.example", "https://a.example/", "config.yaml"])
    assert caught.value.problems == (
        "command line: FEED_URL 2: must be a URL that begins with http:// or https:// and a host",
        "command line: FEED_URL 3: is the same as FEED_URL 1",
        "command line: FEED_URL 4: must be a URL that begins with http:// or https:// and a host",
    )


# Anything at all

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


def _load_or_refuse(file: Path, data: bytes) -> None:
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
def test_any_bytes_load_or_are_refused(file: Path, data: bytes) -> None:
    _load_or_refuse(file, data)


@given(VALUES | DOCUMENTS)
def test_any_document_loads_or_is_refused(file: Path, document: object) -> None:
    _load_or_refuse(file, json.dumps(document).encode())


@given(VALUES | DOCUMENTS)
def test_any_document_in_blocks_loads_or_is_refused(file: Path, document: object) -> None:
    _load_or_refuse(file, yaml.safe_dump(document, allow_unicode=True).encode("utf-8", "replace"))
