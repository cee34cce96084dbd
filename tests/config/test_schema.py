"""config/schema.py: the values that each key accepts, and the sentence for those that it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from config import Blog
from tests.config.reading import BLOG, Problems, Read

A_COLOUR = "must be a colour such as '#b0301c', in quotes: without them YAML takes # for a comment"
AN_ORIGIN = "must be an origin such as https://www.example.org or https://*.example.org, or '*' for any"


# Values


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
def test_wrong_stores_are_rejected(problems: Problems, store: str) -> None:
    (problem,) = problems(f"{BLOG}store: '{store}'")
    assert problem.startswith("2: store: must be sqlite:PATH, 'sqlite::memory:', redis://HOST:PORT/DB, ")


@pytest.mark.parametrize("address", ["0.0.0.0", "::1", "'::'", "localhost", "live.example.org", "web_1"])
def test_addresses(read: Read, address: str) -> None:
    assert read(f"{BLOG}server:\n  address: {address}").server.address == address.strip("'")


@pytest.mark.parametrize(
    "address", ["127.0.0.1:80", "127.0.0.256", "8888", "'[::1]'", "a b", "'*'", "http://x", "''"]
)
def test_wrong_addresses_are_rejected(problems: Problems, address: str) -> None:
    assert problems(f"{BLOG}server:\n  address: {address}") == (
        "3: server.address: must be a host name or address without a port, such as 127.0.0.1, 0.0.0.0 or '::1', "
        "or unix:/run/livelog.sock",
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
def test_wrong_feed_urls_are_rejected(problems: Problems, url: str, problem: str) -> None:
    assert problems(f'blogs: {{b: {{feeds: [\n"{url}",\n{{url: "{url}?"}}]}}}}') == (
        f"2: blogs.b.feeds[0]: {problem}",
        f"3: blogs.b.feeds[1].url: {problem}",
    )


@pytest.mark.parametrize("feed_id", ["'a b'", "''", "-a", "a/b", "https://a.example/", "é", "a" * 65])
def test_wrong_ids_are_rejected(problems: Problems, feed_id: str) -> None:
    assert problems(f"blogs: {{b: {{feeds: [{{url: 'http://a.example/', id: {feed_id}}}]}}}}") == (
        "1: blogs.b.feeds[0].id: must be 1 to 64 of A-Z, a-z, 0-9, dots, hyphens and underscores, "
        "the first a letter or digit",
    )


@pytest.mark.parametrize("url", ["https://a.example/?q", "https://a.example/#f", "https://me@a.example/"])
def test_a_public_url_has_no_user_query_or_fragment(problems: Problems, url: str) -> None:
    assert problems(f"{BLOG}server: {{public_url: '{url}'}}") == (
        "2: server.public_url: must have no user name, query or fragment",
    )


@pytest.mark.parametrize("slug", ["Blog", "-a", "a" * 65, "a_b", "a.b", "'a b'", "é", "''"])
def test_wrong_slugs_are_rejected(problems: Problems, slug: str) -> None:
    (problem,) = problems(f"blogs:\n  {slug}: {{}}")
    assert problem.startswith("2: blogs.")
    assert problem.endswith("is no name for a blog: use 1 to 64 of a-z, 0-9 and hyphens, the first of them no hyphen")


@pytest.mark.parametrize("slug", ["static", "status", "healthz", "readyz", "metrics", "websub"])
def test_paths_of_the_server_are_no_blogs(problems: Problems, slug: str) -> None:
    assert problems(f"blogs:\n  {slug}: {{}}") == (
        f"2: blogs.{slug}: is a path that Livelog needs for itself: give the blog another name",
    )


# The theme of a blog


def test_the_theme_of_a_blog_is_kept(read: Read) -> None:
    Path("theme").mkdir()
    Path("theme/mark.svg").write_text("<svg/>", encoding="utf-8")
    Path("own.css").write_text("", encoding="utf-8")
    (blog,) = read("""blogs:
  blog:
    language: zh
    accent: "#B0301C"
    logo: theme/mark.svg
    css: own.css
    images: click
    frame_ancestors: [https://www.Example.org/, "https://*.example.org:8443", "*"]
""").blogs
    assert (blog.language, blog.accent, blog.images) == ("zh", "#b0301c", "click")
    assert (blog.logo, blog.css) == (Path("theme/mark.svg").absolute(), Path("own.css").absolute())
    assert blog.frame_ancestors == ("https://www.example.org", "https://*.example.org:8443", "*")


@pytest.mark.parametrize("written", ["'#13a'", "13a", "1133aa", "'#1133AA'"])
def test_a_colour_is_written_in_one_form(read: Read, written: str) -> None:
    assert read(f"blogs: {{b: {{accent: {written}}}}}").blogs[0].accent == "#1133aa"


def test_a_theme_file_over_the_size_limit_is_rejected(problems: Problems) -> None:
    Path("large.css").write_bytes(b" " * (config.MAX_THEME_FILE_BYTES + 1))
    assert problems("blogs: {b: {css: large.css}}") == ("1: blogs.b.css: is a file of more than 1,000,000 bytes",)


# Wrong values


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
def test_a_wrong_value_is_reported_in_a_sentence(problems: Problems, text: str, problem: str) -> None:
    text = text if "blogs" in text else f"{text}\n{BLOG}"
    assert problems(text) == (f"1: {problem}",)


# Posts


def test_posts_are_of_the_blog_or_of_a_feed(read: Read) -> None:
    feeds = "[{url: 'https://a:b@a.example/f', posts: full}, {url: 'https://b.example/', posts: null}]"
    blog = read(f"blogs: {{b: {{posts: headlines, feeds: {feeds}}}}}").blogs[0]
    assert blog.posts == "headlines"
    assert blog.feed_posts == {"https://a.example/f": "full", "http://a.example/f": "full"}
    assert read("blogs: {b: {posts: null}}").blogs[0].posts == "auto"


def test_posts_of_a_feed_are_those_of_its_own_scheme_first(read: Read) -> None:
    feeds = "[{url: 'http://a.example:81/', posts: full}, {url: 'https://a.example:81/b', posts: headlines}]"
    blog = read(f"blogs: {{b: {{feeds: {feeds}}}}}").blogs[0]
    assert blog.feed_posts["http://a.example:81/"] == blog.feed_posts["https://a.example:81/"] == "full"


def test_unknown_forms_of_posts_are_rejected(problems: Problems) -> None:
    assert problems("blogs: {b: {posts: whole}}") == ("1: blogs.b.posts: must be 'auto', 'full' or 'headlines'",)


def test_key_events_and_the_pinned_post_have_a_tag(read: Read, problems: Problems) -> None:
    blog = read("blogs: {b: {key_events: Key event, pin: 要闻}}").blogs[0]
    assert (blog.key_events, blog.pin) == ("Key event", "要闻")
    assert problems("blogs: {b: {pin: ''}}") == ("1: blogs.b.pin: must not be empty",)
