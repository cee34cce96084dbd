"""config: each known mistake is reported with its line, its key and what is allowed.

The second table has values that look like mistakes and are none.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import config
from config import Config
from tests.config.reading import BLOG, BLOG_KEYS, FEED_KEYS, KEYS, SERVER_KEYS, WEBHOOK_KEYS, Problems, Read

FETCH_KEYS = "interval, timeout, max_bytes, concurrency, per_host, private_networks"
AN_INTERVAL = "must be auto, or a duration with its unit, from 1s to 31d, such as 30s, 15m, 1h or 2d"
A_SIZE = "must be a size from 1KB to 100MB, such as 512KB, 15MB or 1MiB"
AN_ADDRESS = (
    "must be a host name or address without a port, such as 127.0.0.1, 0.0.0.0 or '::1', or unix:/run/livelog.sock"
)
ADMIN = "must be an address with a port, such as 127.0.0.1:8889, '[::1]:8889' or :8889, or unix:/run/admin.sock"
A_STORE = "must be sqlite:PATH, 'sqlite::memory:', redis://HOST:PORT/DB, rediss://HOST:PORT/DB or unix://PATH"
A_COLOUR = "must be a colour such as '#b0301c', in quotes: without them YAML takes # for a comment"
AN_ORIGIN = "must be an origin such as https://www.example.org or https://*.example.org, or '*' for any"
A_HOST = "has a host that no host can have: one URL is expected, without commas and quotes"
A_URL = "must be a URL that begins with http:// or https:// and a host"
AN_ID = "must be 1 to 64 of A-Z, a-z, 0-9, dots, hyphens and underscores, the first a letter or digit"
A_SLUG = "is no name for a blog: use 1 to 64 of a-z, 0-9 and hyphens, the first of them no hyphen"
RESERVED = "is a path that Livelog needs for itself: give the blog another name"
HOW = "python3 -c 'import secrets; print(secrets.token_urlsafe())' makes one"
A_LIST = "must be a list, such as [first, second]"
A_TEXT = "must be text; one with brackets, braces or a colon before a space needs quotes"
A_NETWORK = "must be a network such as 192.0.2.7, 10.0.0.0/8 or fd00::/8, with no bits set after the prefix"
A_PATH = "has a path that is none of A-Z, a-z, 0-9, - . _ ~ between single slashes, such as /live"
A_COMMENT = "# begins a comment of YAML: put the text in quotes, or a space after the #"
NO_NAME = "has ${ without NAME}: write ${NAME} or ${NAME:-default}; a plain $ is written $$"
A_DOLLAR = "has $ before a name: write ${NAME} for a value of the environment, or $$ for a plain $"
NO_FILE = "is no file that can be read"
A_SOCKET = "must have an absolute path of at most 107 bytes after unix:, such as unix:/run/livelog.sock"
A_FEED = "must be a feed URL, or a mapping with url and what else you want to set"
A_TEMPLATE = 'must be slack, discord, matrix, ntfy or gotify, or a JSON object such as {"text": "{{title}} {{url}}"}'
A_KEY = "must be whsec_ and the Base64 of 24 to 64 random bytes; echo whsec_$(openssl rand -base64 32) makes one"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PLACEHOLDERS = "title, url, summary, source, blog, published, event, id, permalink, authors, tags, image"
A_PROXY = "must be http://HOST:PORT or http://USER:PASSWORD@HOST:PORT"
NO_LIST = "is required: a selector of the entries of the page, such as '#news li'"
A_FORM = "must be a format with day, month and year, such as '%d.%m.%Y %H:%M'"
SCRAPE_KEYS = "list, title, link, date, text, image, author, date_format"
A_SLASH = (
    "must end with a / as each regular expression does, and have quotes if it has commas; "
    r"to find the text /r/news, write /\/r\/news/"
)


def top(text: str) -> str:
    return f"{BLOG}{text}"


def section(head: str, indent: int, keys: tuple[str, ...]) -> str:
    """A text that ends in keys, each in a line."""
    return head + "".join(f"{' ' * indent}{key}\n" for key in keys)


def server(*keys: str) -> str:
    return section(f"{BLOG}server:\n", 2, keys)


def fetch(*keys: str) -> str:
    return section(f"{BLOG}fetch:\n", 2, keys)


def blog(*keys: str) -> str:
    return section("blogs:\n  b:\n", 4, keys)


def feed(*keys: str) -> str:
    return section("blogs:\n  b:\n    feeds:\n      - url: https://a.example/\n", 8, keys)


def scrape(*keys: str) -> str:
    return feed("scrape:", *(f"  {key}" for key in keys))


def webhook(*keys: str, url: str = "https://a.example/") -> str:
    return section(f"blogs:\n  b:\n    webhooks:\n      - url: {url}\n", 8, keys)


def item(*items: str) -> str:
    return section("blogs:\n  b:\n    feeds:\n", 6, tuple(f"- {text}" for text in items))


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and variables that the texts name."""
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.setenv("WORD", "ten")
    monkeypatch.delenv("UNSET", raising=False)
    for name, content in {"empty": "", "short": "x\n", "mark.bmp": "", "mark.svg": "<svg/>"}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "large.css").write_bytes(b" " * (config.MAX_THEME_FILE_BYTES + 1))


MISTAKES: list[tuple[str, ...]] = [
    # The shape of the file
    (top("blog: {}"), f"2: blog: unknown key; allowed here: {KEYS} (did you mean blogs?)"),
    (top("port: 80"), f"2: port: unknown key; allowed here: {KEYS} (port belongs under server)"),
    (top("interval: 5m"), f"2: interval: unknown key; allowed here: {KEYS} (interval belongs under fetch or a feed)"),
    (top("feeds: []"), f"2: feeds: unknown key; allowed here: {KEYS} (feeds belongs under a blog)"),
    (
        top("title: x"),
        f"2: title: unknown key; allowed here: {KEYS} (title belongs under a blog or a feed or scrape)",
    ),
    (top("store:\n  - x"), f"2: store: {A_TEXT}"),
    ("", "1: blogs: is required, with at least one blog; the file is empty"),
    ("# nothing yet\n", "1: blogs: is required, with at least one blog; the file is empty"),
    ("- a\n", "1: must be a mapping of keys to values: server, store, fetch, blogs"),
    ("hello\n", "1: must be a mapping of keys to values: server, store, fetch, blogs"),
    ("store: sqlite:x\n", "1: blogs: must name at least one blog"),
    ("blogs: {}\n", "1: blogs: must name at least one blog"),
    ("blogs: [b]\n", "1: blogs: must be a mapping of blog names, each with its title and feeds"),
    ("blogs: {b: https://a.example/}\n", "1: blogs.b: must be a mapping of keys to values, such as title and feeds"),
    (
        "blogs: {b: [https://a.example/]}\n",
        "1: blogs.b: must be a mapping of keys to values, such as title and feeds",
    ),
    ("blogs: {B: {}}\n", f"1: blogs.B: {A_SLUG}"),
    ("blogs: {status: {}}\n", f"1: blogs.status: {RESERVED}"),
    ("blogs: {b: {}, b: {}}\n", "1: blogs.b: is given twice; line 1 has it already"),
    ("a: b\n--- \nc: d\n", "2: must be one YAML document, without another one after ---"),
    (top("server: 5"), "2: server: must be a mapping of keys to values, each in an indented line below"),
    (top("server: []"), "2: server: must be a mapping of keys to values, each in an indented line below"),
    (top("Server: {}"), f"2: Server: unknown key; allowed here: {KEYS} (did you mean server?)"),
    ("blogs:\n", "1: blogs: must name at least one blog"),
    ("blogs: {b: 5}\n", "1: blogs.b: must be a mapping of keys to values, such as title and feeds"),
    ("blogs: {b: null}\n", "1: blogs.b: must be a mapping of keys to values, such as title and feeds"),
    ("blogs: {-a: {}}\n", f"1: blogs.-a: {A_SLUG}"),
    ("blogs: {a_b: {}}\n", f"1: blogs.a_b: {A_SLUG}"),
    ("blogs: {a.b: {}}\n", f"1: blogs.a.b: {A_SLUG}"),
    ("blogs: {a b: {}}\n", f"1: blogs.a b: {A_SLUG}"),
    ("blogs: {é: {}}\n", f"1: blogs.é: {A_SLUG}"),
    ("blogs: {'': {}}\n", f"1: blogs.: {A_SLUG}"),
    (
        f"blogs: {{{'a' * 65}: {{}}}}\n",
        f"1: blogs.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…: {A_SLUG}",
    ),
    ("blogs: {static: {}}\n", f"1: blogs.static: {RESERVED}"),
    ("blogs: {healthz: {}}\n", f"1: blogs.healthz: {RESERVED}"),
    ("blogs: {readyz: {}}\n", f"1: blogs.readyz: {RESERVED}"),
    ("blogs: {metrics: {}}\n", f"1: blogs.metrics: {RESERVED}"),
    ("blogs: {websub: {}}\n", f"1: blogs.websub: {RESERVED}"),
    # YAML
    (blog('title: "Live', "feeds: []"), "3: blogs.b.title: not valid YAML: a quote begins here and is never closed"),
    (
        blog('title: "Live', "feeds:", '  - "https://a.example/"'),
        "3: blogs.b.title: not valid YAML: a quote begins here and ends in line 5 only: close it in this line",
    ),
    (
        blog("title: 'It's live'"),
        "3: blogs.b.title: not valid YAML: text goes on after a quote: put all of it in quotes; an "
        "apostrophe in single quotes is written ''",
    ),
    (blog("title: [Live] News"), "3: blogs.b.title: not valid YAML: text goes on after ]: put all of it in quotes"),
    (blog('title: "Live" News'), '3: blogs.b.title: not valid YAML: text goes on after ": put all of it in quotes'),
    (
        blog("title: News: live"),
        "3: blogs.b.title: not valid YAML: a text with a colon before a space or at its end needs quotes",
    ),
    (blog("title:News", "posts: auto"), "3: blogs.b: not valid YAML: a colon after a key needs a space after it"),
    (
        blog("title: News", "  posts: auto"),
        "4: blogs.b.title.posts: not valid YAML: this line is indented deeper than line 3, which has "
        "a value already: give both the same indentation",
    ),
    (
        blog("title: News", " posts: auto"),
        "4: blogs.b.title.posts: not valid YAML: this line is indented deeper than line 3, which has "
        "a value already: give both the same indentation",
    ),
    (
        blog("title:\u00a0News", "posts: auto"),
        "3: blogs.b.title: has a no-break or other odd space (U+00A0): write plain spaces",
    ),
    (
        "blogs:\n  b:\n\u00a0   title: News\n",
        "3: blogs.b: has a no-break or other odd space (U+00A0): write plain spaces",
    ),
    (
        item("https://a.example/").replace("- ", "-\u00a0"),
        "4: blogs.b.feeds: has a no-break or other odd space (U+00A0): write plain spaces",
    ),
    ("server：\n  port: 80\n", "1: server: has a full-width colon (：), which is text for YAML: write : and a space"),
    ("blogs:\n\tb: {}\n", "2: blogs: not valid YAML: a tab is no indentation: use spaces"),
    (blog("title: @News"), "3: blogs.b.title: not valid YAML: a text that begins with @, ` or % needs quotes"),
    (blog("title: %News"), "3: blogs.b.title: not valid YAML: a text that begins with @, ` or % needs quotes"),
    (blog("title: > News"), "3: blogs.b.title: not valid YAML: a text that begins with > or | needs quotes"),
    (
        blog("title: - News"),
        "3: blogs.b.title: not valid YAML: a list begins in the next line or is written [a, b]; a "
        "text that begins with - needs quotes",
    ),
    (
        blog("title: ] News"),
        "3: blogs.b.title: not valid YAML: a text that begins with , ] or } needs quotes, and two "
        "commas need something between them",
    ),
    (blog("title: {News}"), f"3: blogs.b.title: {A_TEXT}"),
    (
        blog("title: {{ news }}"),
        "3: blogs.b.title: a key must be plain text (a value that begins with { needs quotes)",
    ),
    (
        blog("title: *News"),
        "3: blogs.b.title: not valid YAML: an alias (*name) needs its anchor (&name) before it; a "
        "text that begins with * needs quotes",
    ),
    (
        blog("title: **News**"),
        "3: blogs.b.title: not valid YAML: a text that begins with * needs quotes; filters take words without *",
    ),
    (
        blog("title: &News"),
        "3: blogs.b.title: an anchor of YAML (&name) is no value: a text that begins with & needs quotes",
    ),
    (
        blog("title: &News today"),
        "3: blogs.b.title: has an anchor of YAML (&name) that nothing uses: a text that begins with & needs quotes",
    ),
    (
        blog("title: !News"),
        "3: blogs.b.title: has a YAML tag (!…), which means nothing here: leave it out; a text that "
        "begins with ! needs quotes",
    ),
    (
        blog('title: "C:\\d"'),
        "3: blogs.b.title: not valid YAML: in double quotes \\ begins an escape: use single quotes",
    ),
    (blog("title: News #1"), f"3: blogs.b.title: {A_COMMENT}"),
    (blog("title: #1 in news"), f"3: blogs.b.title: {A_COMMENT}"),
    (blog("pin: #live"), f"3: blogs.b.pin: {A_COMMENT}"),
    (
        feed("include: [*budget*]"),
        "5: blogs.b.feeds.include: not valid YAML: a text that begins with * needs quotes; filters "
        "take words without *",
    ),
    (
        feed("include: [#budget]"),
        "5: blogs.b.feeds.include: not valid YAML: # begins a comment here: put the text in quotes",
    ),
    (feed("include: [budget #1]").replace("]", "\n         ]"), f"5: blogs.b.feeds[0].include[0]: {A_COMMENT}"),
    (feed("include:", "  - #budget"), f"6: blogs.b.feeds[0].include[0]: {A_COMMENT}"),
    (
        feed("include: [/a{2}/]"),
        "5: blogs.b.feeds.include: not valid YAML: a text between [ ] or { } with a bracket, brace, "
        "comma or quote in it needs quotes",
    ),
    (feed("include: [a, b"), "5: blogs.b.feeds.include: not valid YAML: a [ is opened here and not closed"),
    (feed("password: abc #1", "username: me"), f"5: blogs.b.feeds[0].password: {A_COMMENT}"),
    (item("https://a.example/", " - https://b.example/"), f"5: blogs.b.feeds[1]: {A_FEED}"),
    (
        "blogs:\n  b:\n    feeds:\n      - https://a.example/\n    - https://b.example/\n",
        "5: blogs.b.feeds: not valid YAML: an item stands outside of its list: give all items one "
        "indentation, in lines below their key",
    ),
    (
        "blogs:\n  b:\n    feeds: - https://a.example/\n",
        "3: blogs.b.feeds: not valid YAML: a list begins in the next line or is written [a, b]; a "
        "text that begins with - needs quotes",
    ),
    ("blogs:\n  b:\n    feeds:\n      https://a.example/\n", f"3: blogs.b.feeds: {A_LIST}"),
    ("<<<<<<< HEAD\nblogs: {b: {}}\n", "1: is a mark of a git conflict: keep one side and remove the marks"),
    (top("a: \x07"), "2: a: not valid YAML: control characters are not allowed"),
    (top("? [a]\n: b"), "2: a key must be plain text (a value that begins with { needs quotes)"),
    (
        top("store: sqlite::memory:"),
        "2: store: not valid YAML: a text with a colon before a space or at its end needs quotes",
    ),
    (
        "blogs\n  b: {}\n",
        "1: not valid YAML: this line is neither a key with a colon and a space, nor an item of a "
        "list with - and a space",
    ),
    (
        top("a: &a [*a]"),
        "2: a[0]: not valid YAML: an alias (*name) needs its anchor (&name) before it; a text that "
        "begins with * needs quotes",
    ),
    (top("{x: y}: z"), "2: a key must be plain text (a value that begins with { needs quotes)"),
    (top("a: `x`"), "2: a: not valid YAML: a text that begins with @, ` or % needs quotes"),
    # The environment
    (feed("username: me", "password: $FEED_PW"), f"6: blogs.b.feeds[0].password: {A_DOLLAR}"),
    (item("https://me:$FEED_PW@a.example/"), f"4: blogs.b.feeds[0]: {A_DOLLAR}"),
    (server("port: ${UNSET}"), "3: server.port: the environment does not set UNSET"),
    (
        server("port: ${EMPTY}"),
        "3: server.port: the environment sets EMPTY to nothing: set a value, or write ${NAME:-default}",
    ),
    (server("port: ${PORT"), f"3: server.port: {NO_NAME}"),
    (server("port: ${1}"), f"3: server.port: {NO_NAME}"),
    (server("port: ${UNSET-80}"), f"3: server.port: {NO_NAME}"),
    (server("port: ${UNSET:-http}"), "3: server.port: must be a whole number"),
    (server("port: ${WORD}"), "3: server.port: must be a whole number"),
    # server
    (server("adress: x"), f"3: server.adress: unknown key; allowed here: {SERVER_KEYS} (did you mean address?)"),
    (server("host: x"), f"3: server.host: unknown key; allowed here: {SERVER_KEYS} (did you mean address?)"),
    (server("ssl: true"), f"3: server.ssl: unknown key; allowed here: {SERVER_KEYS}"),
    (server("port: http"), "3: server.port: must be a whole number"),
    (server("port: 80.5"), "3: server.port: must be a whole number"),
    (server("port: []"), "3: server.port: must be a whole number"),
    (server("port: -1"), "3: server.port: must be at least 0"),
    (server("port: 65536"), "3: server.port: must be at most 65535"),
    (server("port: 8,888"), "3: server.port: must be a whole number"),
    (server("address: 127.0.0.1:80"), f"3: server.address: {AN_ADDRESS}"),
    (server("address: 127.0.0.256"), f"3: server.address: {AN_ADDRESS}"),
    (server("address: 8888"), f"3: server.address: {AN_ADDRESS}"),
    (server("address: '*'"), f"3: server.address: {AN_ADDRESS}"),
    (server("address: http://x"), f"3: server.address: {AN_ADDRESS}"),
    (server("address: unix:livelog.sock"), f"3: server.address: {A_SOCKET}"),
    (server("public_url: live.example.org"), f"3: server.public_url: {A_URL}"),
    (server("public_url: https://a.example/?q"), "3: server.public_url: must have no user name, query or fragment"),
    (server("public_url: https://me@a.example/"), "3: server.public_url: must have no user name, query or fragment"),
    (
        server("public_url: https://a.example/a b"),
        "3: server.public_url: must not contain spaces or control characters",
    ),
    (server("public_url: https://a.example/../b"), f"3: server.public_url: {A_PATH}"),
    (
        server("public_url: https://a.example:port/"),
        "3: server.public_url: is not a valid URL: look at its host and port",
    ),
    (server("trusted_proxies: 10.0.0.0/8"), f"3: server.trusted_proxies: {A_LIST}"),
    (server("trusted_proxies: [10.0.0.1/8]"), f"3: server.trusted_proxies[0]: {A_NETWORK}"),
    (server("trusted_proxies: [localhost]"), f"3: server.trusted_proxies[0]: {A_NETWORK}"),
    (server("admin: 8889"), f"3: server.admin: {ADMIN}"),
    (server("admin: 127.0.0.1"), f"3: server.admin: {ADMIN}"),
    (
        server("admin_token: hunter2"),
        f"3: server.admin_token: must have at least 22 characters of ASCII, without blanks; {HOW}",
    ),
    (server("admin_token_file: missing"), f"3: server.admin_token_file: {NO_FILE}: No such file or directory"),
    (server("admin_token_file: empty"), "3: server.admin_token_file: is a file whose first line is empty"),
    (
        server("admin_token_file: short"),
        f"3: server.admin_token_file: must have at least 22 characters of ASCII, without blanks; {HOW}",
    ),
    (
        server("admin_token: x", "admin_token_file: short"),
        f"3: server.admin_token: must have at least 22 characters of ASCII, without blanks; {HOW}",
        "4: server.admin_token_file: is given beside admin_token: leave out one of them",
    ),
    (
        server("identity_header: X User"),
        "3: server.identity_header: must be the name of a header, such as X-Forwarded-User",
    ),
    (
        server("identity_header: X-User"),
        "3: server.identity_header: is believed from server.trusted_proxies alone, which names none: "
        "list the address of the proxy",
    ),
    (server("robots: none"), "3: server.robots: must be 'index' or 'noindex'"),
    (
        server("interval: 5m"),
        f"3: server.interval: unknown key; allowed here: {SERVER_KEYS} (interval belongs under fetch or a feed)",
    ),
    (server("address: '[::1]'"), f"3: server.address: {AN_ADDRESS}"),
    (server("address: ''"), f"3: server.address: {AN_ADDRESS}"),
    (server("public_url: https://a.example/#f"), "3: server.public_url: must have no user name, query or fragment"),
    (server("public_url: ftp://a.example/"), f"3: server.public_url: {A_URL}"),
    (server(f"port: {'9' * 5000}"), "3: server.port: must be a whole number"),
    (server("public_url: https://a.example//a"), f"3: server.public_url: {A_PATH}"),
    (server("public_url: https://a.example/a//b"), f"3: server.public_url: {A_PATH}"),
    (server("public_url: https://a.example/a/."), f"3: server.public_url: {A_PATH}"),
    (server("public_url: https://a.example/a%20b"), f"3: server.public_url: {A_PATH}"),
    (server("public_url: https://a.example/ä"), f"3: server.public_url: {A_PATH}"),
    (server("public_url: https://a.example/a;b"), f"3: server.public_url: {A_PATH}"),
    (
        server("address: unix:"),
        "3: server.address: not valid YAML: a text with a colon before a space or at its end needs quotes",
    ),
    (server(f"address: unix:/{'a' * 107}"), f"3: server.address: {A_SOCKET}"),
    (server("admin: ::1"), f"3: server.admin: {ADMIN}"),
    (server("admin: ::1:8889"), f"3: server.admin: {ADMIN}"),
    (server("admin: a b:1"), f"3: server.admin: {ADMIN}"),
    (server("admin: 127.0.0.1:70000"), f"3: server.admin: {ADMIN}"),
    (server("admin: unix:admin.sock"), f"3: server.admin: {A_SOCKET}"),
    (server("address: a b"), f"3: server.address: {AN_ADDRESS}"),
    # store
    (top("store: livelog.db"), f"2: store: {A_STORE}"),
    (top("store: 'sqlite:'"), f"2: store: {A_STORE}"),
    (
        top("store: sqlite://livelog.db"),
        "2: store: must have the path right after sqlite:, as in sqlite:livelog.db or sqlite:/var/lib/live.db",
    ),
    (
        top("store: sqlite:~/livelog.db"),
        "2: store: cannot begin with ~: write the whole path, such as sqlite:${HOME}/livelog.db",
    ),
    (
        top("store: sqlite:C:\\live\\livelog.db"),
        "2: store: is a path of Windows: write one such as sqlite:/var/lib/livelog/livelog.db",
    ),
    (top("store: redis"), f"2: store: {A_STORE}"),
    (top("store: redis://127.0.0.1:port/0"), "2: store: is not a valid URL: look at its host and port"),
    (
        top("store: redis://127.0.0.1/live"),
        "2: store: must end in the number of a Redis database, such as redis://127.0.0.1:6379/0",
    ),
    (top("store: postgres://a/b"), f"2: store: {A_STORE}"),
    (top("database: x"), f"2: database: unknown key; allowed here: {KEYS} (did you mean store?)"),
    (top("store_file: missing"), f"2: store_file: {NO_FILE}: No such file or directory"),
    (top("store: 'sqlite::memory'"), f"2: store: {A_STORE}"),
    (top("store: 'redis:'"), f"2: store: {A_STORE}"),
    (top("store: redis://"), f"2: store: {A_STORE}"),
    (top("store: 5"), f"2: store: {A_STORE}"),
    (top("store: ''"), f"2: store: {A_STORE}"),
    # fetch
    (fetch("interval: 5"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("interval: 0.9s"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("interval: 32d"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("interval: 5 minutes"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("interval: 1h30m"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("interval: hourly"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("interval: -5m"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("interval: []"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("timeout: auto"), "3: fetch.timeout: must be a duration from 1s to 120s, such as 20s"),
    (fetch("timeout: 3m"), "3: fetch.timeout: must be a duration from 1s to 120s, such as 20s"),
    (fetch("max_bytes: 15M"), f"3: fetch.max_bytes: {A_SIZE}"),
    (fetch("max_bytes: 1GB"), f"3: fetch.max_bytes: {A_SIZE}"),
    (fetch("concurrency: 0"), "3: fetch.concurrency: must be at least 1"),
    (fetch("per_host: 65"), "3: fetch.per_host: must be at most 64"),
    (fetch("private_networks: 10.0.0.0/8"), f"3: fetch.private_networks: {A_LIST}"),
    (
        fetch("user_agent: x"),
        f"3: fetch.user_agent: unknown key; allowed here: {FETCH_KEYS} (user_agent belongs under a feed)",
    ),
    (fetch("retries: 3"), f"3: fetch.retries: unknown key; allowed here: {FETCH_KEYS}"),
    (fetch("interval: 0"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("interval: m"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("interval: 1:30"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("interval: 1e3"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("interval: .inf"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("interval: true"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch(f"interval: {'9' * 99}"), f"3: fetch.interval: {AN_INTERVAL}"),
    (fetch("timeout: 0s"), "3: fetch.timeout: must be a duration from 1s to 120s, such as 20s"),
    (fetch("timeout: 121"), "3: fetch.timeout: must be a duration from 1s to 120s, such as 20s"),
    (fetch("max_bytes: 0"), f"3: fetch.max_bytes: {A_SIZE}"),
    (fetch("max_bytes: 999"), f"3: fetch.max_bytes: {A_SIZE}"),
    (fetch("max_bytes: 101MB"), f"3: fetch.max_bytes: {A_SIZE}"),
    (fetch("max_bytes: 15 megabytes"), f"3: fetch.max_bytes: {A_SIZE}"),
    (fetch("max_bytes: -1MB"), f"3: fetch.max_bytes: {A_SIZE}"),
    (fetch("max_bytes: {}"), f"3: fetch.max_bytes: {A_SIZE}"),
    (fetch("concurrency: 1025"), "3: fetch.concurrency: must be at most 1024"),
    (fetch("zebra:"), f"3: fetch.zebra: unknown key; allowed here: {FETCH_KEYS}"),
    # A blog
    (blog("slug: x"), f"3: blogs.b.slug: unknown key; allowed here: {BLOG_KEYS}"),
    (blog("name: x"), f"3: blogs.b.name: unknown key; allowed here: {BLOG_KEYS} (did you mean title?)"),
    (
        blog("interval: 5m"),
        f"3: blogs.b.interval: unknown key; allowed here: {BLOG_KEYS} (interval belongs under fetch or a feed)",
    ),
    (
        blog("url: https://a.example/"),
        f"3: blogs.b.url: unknown key; allowed here: {BLOG_KEYS} (url belongs under a feed or a webhook)",
    ),
    (blog("Title: x"), f"3: blogs.b.Title: unknown key; allowed here: {BLOG_KEYS} (did you mean title?)"),
    (blog("title: ''"), "3: blogs.b.title: must not be empty"),
    (blog("title: []"), f"3: blogs.b.title: {A_TEXT}"),
    (blog('title: "a\\nb"'), "3: blogs.b.title: must be one line without control characters"),
    (blog(f"title: {'x' * 201}"), "3: blogs.b.title: must have at most 200 characters"),
    (blog("language: de"), "3: blogs.b.language: must be 'en' or 'zh'"),
    (blog("language: zh-CN"), "3: blogs.b.language: must be 'en' or 'zh'"),
    (blog("accent: red"), "3: blogs.b.accent: must be a colour such as '#b0301c', not its name; red is '#ff0000'"),
    (blog("accent: #b0301c"), f"3: blogs.b.accent: {A_COLOUR}"),
    (blog("accent: '#12345'"), f"3: blogs.b.accent: {A_COLOUR}"),
    (blog("accent: rgb(1, 2, 3)"), f"3: blogs.b.accent: {A_COLOUR}"),
    (
        blog("logo: https://a.example/logo.png"),
        "3: blogs.b.logo: must be a file, not a URL: download it, and write its path from the folder of this file",
    ),
    (blog("logo: missing.png"), f"3: blogs.b.logo: {NO_FILE}: No such file or directory"),
    (
        blog("logo: mark.bmp"),
        "3: blogs.b.logo: must be an image whose name ends in .svg, .png, .jpg, .jpeg, .webp, .avif, .gif",
    ),
    (blog("css: large.css"), "3: blogs.b.css: is a file of more than 1,000,000 bytes"),
    (blog("css: ."), f"3: blogs.b.css: {NO_FILE}: Is a directory"),
    (blog("images: never"), "3: blogs.b.images: must be 'lazy', 'click' or 'none'"),
    (blog("posts: whole"), "3: blogs.b.posts: must be 'auto', 'full' or 'headlines'"),
    (blog("pin: ''"), "3: blogs.b.pin: must not be empty"),
    (blog("key_events: [a, b]"), f"3: blogs.b.key_events: {A_TEXT}"),
    (blog("frame_ancestors: https://a.example"), f"3: blogs.b.frame_ancestors: {A_LIST}"),
    (blog("frame_ancestors: [a.example]"), f"3: blogs.b.frame_ancestors[0]: {AN_ORIGIN}"),
    (blog("frame_ancestors: [https://a.example/path]"), f"3: blogs.b.frame_ancestors[0]: {AN_ORIGIN}"),
    (blog("aliases: news"), f"3: blogs.b.aliases: {A_LIST}"),
    (blog("aliases: [b]"), "3: blogs.b.aliases[0]: is the name of the blog in line 2: leave it out"),
    (blog("aliases: [News]"), f"3: blogs.b.aliases[0]: {A_SLUG}"),
    (blog("private: maybe"), "3: blogs.b.private: must be true or false"),
    (
        blog("private: true"),
        "3: blogs.b.private: needs tokens of this blog or server.identity_header: nobody could read it",
    ),
    (
        blog("tokens: [AbCdEfGhIjKlMnOpQrStUvWx]"),
        "3: blogs.b.tokens: protect nothing unless the blog has private: true",
    ),
    (
        blog("private: true", "tokens: [hunter2]"),
        f"4: blogs.b.tokens[0]: must have at least 22 characters, of A-Z, a-z, 0-9, - and _; {HOW}",
    ),
    (
        blog("private: true", "tokens: []", "tokens_file: short"),
        "3: blogs.b.private: needs tokens of this blog or server.identity_header: nobody could read it",
        "5: blogs.b.tokens_file: is given beside tokens: leave out one of them",
    ),
    (blog("feeds: https://a.example/"), f"3: blogs.b.feeds: {A_LIST}"),
    (blog("feeds: {}"), f"3: blogs.b.feeds: {A_LIST}"),
    (blog("accent: []"), f"3: blogs.b.accent: {A_COLOUR}"),
    (blog('title: "a\\eb"'), "3: blogs.b.title: must be one line without control characters"),
    (blog("frame_ancestors: ['https://a.example; script-src *']"), f"3: blogs.b.frame_ancestors[0]: {AN_ORIGIN}"),
    (blog("frame_ancestors: ['https:']"), f"3: blogs.b.frame_ancestors[0]: {AN_ORIGIN}"),
    (blog("frame_ancestors: ['**']"), f"3: blogs.b.frame_ancestors[0]: {AN_ORIGIN}"),
    (blog("aliases: [status]"), f"3: blogs.b.aliases[0]: {RESERVED}"),
    (blog("aliases: [x, x]"), "3: blogs.b.aliases[1]: is an alias in line 3 already: leave it out"),
    (
        blog("logo: config.yaml"),
        "3: blogs.b.logo: must be an image whose name ends in .svg, .png, .jpg, .jpeg, .webp, .avif, .gif",
    ),
    # Values that cannot be meant
    (item("https://https://a.example/"), "4: blogs.b.feeds[0]: must have http:// or https:// once"),
    (
        item("https://a.example/1,https://b.example/2"),
        "4: blogs.b.feeds[0]: is more than one URL: each needs an item of its own",
    ),
    (item("https://a.example,https://b.example"), f"4: blogs.b.feeds[0]: {A_HOST}"),
    (item("https://a..example/"), f"4: blogs.b.feeds[0]: {A_HOST}"),
    (
        item("https://a.example/feed,"),
        "4: blogs.b.feeds[0]: ends in a comma: items of a list in lines of their own have none",
    ),
    (item("url:https://a.example/"), f"4: blogs.b.feeds[0]: {A_URL}: a colon after a key needs a space after it"),
    (
        server("public_url: http://0.0.0.0:8888"),
        "3: server.public_url: must be a URL that readers can open, which 0.0.0.0 is not",
    ),
    (server("admin: 127.0.0.1:8888"), "3: server.admin: is the public address: give it another port"),
    (
        server("identity_header: X-User", "trusted_proxies: [0.0.0.0/0]"),
        "3: server.identity_header: would be believed from anyone: server.trusted_proxies has a network of all "
        "addresses",
    ),
    *(
        (
            feed(f"include: ['{word}']"),
            "5: blogs.b.feeds[0].include[0]: must have slashes around a regular expression, such as /budg.t/: "
            "it is searched as a text",
        )
        for word in (r"\bbudget\b", "vote|budget", "budget.*")
    ),
    (
        feed("include: [a]", "exclude: [b, a]"),
        "6: blogs.b.feeds[0].exclude[1]: is in include, too: no entry could be taken for it",
    ),
    (feed("username: me", "password: $(cat pw)"), f"6: blogs.b.feeds[0].password: {A_DOLLAR}"),
    # A feed
    (feed("name: x"), f"5: blogs.b.feeds[0].name: unknown key; allowed here: {FEED_KEYS} (did you mean title?)"),
    (
        feed("refresh: 5m"),
        f"5: blogs.b.feeds[0].refresh: unknown key; allowed here: {FEED_KEYS} (did you mean interval?)",
    ),
    (
        feed("intervall: 5m"),
        f"5: blogs.b.feeds[0].intervall: unknown key; allowed here: {FEED_KEYS} (did you mean interval?)",
    ),
    (feed("link: x"), f"5: blogs.b.feeds[0].link: unknown key; allowed here: {FEED_KEYS} (did you mean url?)"),
    (
        feed("port: 80"),
        f"5: blogs.b.feeds[0].port: unknown key; allowed here: {FEED_KEYS} (port belongs under server)",
    ),
    (feed("interval: 5"), f"5: blogs.b.feeds[0].interval: {AN_INTERVAL}"),
    (feed("title: ''"), "5: blogs.b.feeds[0].title: must not be empty"),
    (feed("id: a b"), f"5: blogs.b.feeds[0].id: {AN_ID}"),
    (feed("include: budget"), f"5: blogs.b.feeds[0].include: {A_LIST}"),
    (feed("include: ['']"), "5: blogs.b.feeds[0].include[0]: must not be empty"),
    (
        feed("include: ['*budget*']"),
        "5: blogs.b.feeds[0].include[0]: must have no * at its ends: a word is found anywhere in a "
        "post; /budget/ finds it in other words, too",
    ),
    (
        feed("include: ['/budget/i']"),
        "5: blogs.b.feeds[0].include[0]: must end with the / of the regular expression, without "
        "flags: case is ignored in any case",
    ),
    (feed("include: ['/budget']"), f"5: blogs.b.feeds[0].include[0]: {A_SLASH}"),
    (feed("include: [/a,b/]"), f"5: blogs.b.feeds[0].include[0]: {A_SLASH}"),
    (
        feed("exclude: ['/(/']"),
        "5: blogs.b.feeds[0].exclude[0]: is not a valid regular expression: missing ), unterminated "
        "subpattern at position 0",
    ),
    (feed("include: [vote: x]"), f"5: blogs.b.feeds[0].include[0]: {A_TEXT}"),
    (feed("tags: politics"), f"5: blogs.b.feeds[0].tags: {A_LIST}"),
    (feed("withdraw: maybe"), "5: blogs.b.feeds[0].withdraw: must be true or false"),
    (feed("posts: all"), "5: blogs.b.feeds[0].posts: must be 'auto', 'full' or 'headlines'"),
    (
        feed("headers: [a]"),
        "5: blogs.b.feeds[0].headers: must be a mapping of header names to values, such as {X-Api-Key: '${KEY}'}",
    ),
    (
        feed("headers: {Cookie: a}"),
        "5: blogs.b.feeds[0].headers: cannot have this header: use the key cookie of the feed: cookie",
    ),
    (
        feed("headers: {Host: a}"),
        "5: blogs.b.feeds[0].headers: cannot have this header, which Livelog sets itself: host",
    ),
    (
        feed("headers: {X Key: a}"),
        "5: blogs.b.feeds[0].headers.X Key: must be the name of a header, such as X-Forwarded-User",
    ),
    (blog("opml: list.opml"), f"3: blogs.b.opml: {A_URL}"),
    (blog("opml: [https://a.example/]"), f"3: blogs.b.opml: {A_TEXT}"),
    (
        feed("opml: https://a.example/"),
        f"5: blogs.b.feeds[0].opml: unknown key; allowed here: {FEED_KEYS} (opml belongs under a blog)",
    ),
    (
        feed("scrape: li"),
        "5: blogs.b.feeds[0].scrape: must be a mapping of keys to values, each in an indented line below",
    ),
    (feed("scrape: {}"), f"5: blogs.b.feeds[0].scrape.list: {NO_LIST}"),
    (scrape("title: h2"), f"5: blogs.b.feeds[0].scrape.list: {NO_LIST}"),
    (scrape("list: #news li"), f"6: blogs.b.feeds[0].scrape.list: {A_COMMENT}"),
    (scrape("list: li", "link: ul > #x"), f"7: blogs.b.feeds[0].scrape.link: {A_COMMENT}"),
    (scrape("list: ''"), "6: blogs.b.feeds[0].scrape.list: must not be empty"),
    (scrape("list: [a, b]"), f"6: blogs.b.feeds[0].scrape.list: {A_TEXT}"),
    (
        scrape("list: 'li['"),
        "6: blogs.b.feeds[0].scrape.list: is not a CSS selector: Expected ident or '*', got <EOF at 3>",
    ),
    (
        scrape("list: li:foo"),
        "6: blogs.b.feeds[0].scrape.list: is not a CSS selector: The pseudo-class :foo is unknown",
    ),
    (
        scrape("list: li", "text: p::text"),
        "7: blogs.b.feeds[0].scrape.text: has a pseudo-element, which selects nothing; for an attribute write "
        "xpath:.//a/@href",
    ),
    (
        scrape("list: //li"),
        "6: blogs.b.feeds[0].scrape.list: must begin with xpath: if it is XPath, as in xpath://article",
    ),
    (
        scrape("list: li", "date: 'xpath:.//time['"),
        "7: blogs.b.feeds[0].scrape.date: is not valid XPath 1.0: Invalid expression",
    ),
    (
        scrape("list: xpath:php:x(.)"),
        "6: blogs.b.feeds[0].scrape.list: is not valid XPath 1.0: Undefined namespace prefix",
    ),
    (scrape("list: li", "date_format: DD.MM.YYYY"), f"7: blogs.b.feeds[0].scrape.date_format: {A_FORM}"),
    (scrape("list: li", "date_format: '%H:%M'"), f"7: blogs.b.feeds[0].scrape.date_format: {A_FORM}"),
    (
        scrape("list: li", "content: p"),
        f"7: blogs.b.feeds[0].scrape.content: unknown key; allowed here: {SCRAPE_KEYS} (did you mean text?)",
    ),
    (
        feed("list: li"),
        f"5: blogs.b.feeds[0].list: unknown key; allowed here: {FEED_KEYS} (list belongs under scrape)",
    ),
    (
        "blogs:\n  b:\n    feeds:\n      - {url: https://a.example/, scrape: {list: li}}\n"
        "  c:\n    feeds:\n      - {url: https://a.example/, scrape: {list: a}}\n",
        "7: blogs.c.feeds[0].scrape: is not that of the same feed in line 4: give both the same scrape, or each an "
        "id of its own",
    ),
    (feed("proxy: proxy.example.org"), f"5: blogs.b.feeds[0].proxy: {A_PROXY}"),
    (feed("proxy: socks5://a.example:1080"), f"5: blogs.b.feeds[0].proxy: {A_PROXY}"),
    (feed("password: x"), "5: blogs.b.feeds[0].password: needs a username beside it"),
    (
        feed("username: 'a:b'"),
        "5: blogs.b.feeds[0].username: must have no colon, which HTTP puts between user name and password",
    ),
    (
        feed("password_file: missing", "username: me"),
        f"5: blogs.b.feeds[0].password_file: {NO_FILE}: No such file or directory",
    ),
    (item("{title: x}"), "4: blogs.b.feeds[0].url: is required; in a list of feeds each - begins another feed"),
    (
        item("title: x", "url: https://a.example/"),
        "4: blogs.b.feeds[0].url: is required; in a list of feeds each - begins another feed",
    ),
    (item("null"), f"4: blogs.b.feeds[0]: {A_FEED}"),
    (item("[]"), f"4: blogs.b.feeds[0]: {A_FEED}"),
    (item("a.example/feed"), f"4: blogs.b.feeds[0]: {A_URL}"),
    (item("feed://a.example/"), f"4: blogs.b.feeds[0]: {A_URL}: write https instead of feed"),
    (item("ftp://a.example/"), f"4: blogs.b.feeds[0]: {A_URL}"),
    (item("“https://a.example/”"), f"4: blogs.b.feeds[0]: {A_URL}: its quotes are typographic, write plain ones"),
    (
        item("https://a.example/ https://b.example/"),
        "4: blogs.b.feeds[0]: must not contain spaces or control characters",
    ),
    (item("https://a.example:99999/"), "4: blogs.b.feeds[0]: is not a valid URL: look at its host and port"),
    (item("https://[::1/"), "4: blogs.b.feeds[0]: is not a valid URL: look at its host and port"),
    (item("https://"), f"4: blogs.b.feeds[0]: {A_URL}"),
    (item("https://EXAMPLE.org", "https://example.org/"), "5: blogs.b.feeds[1]: is the same feed as in line 4"),
    (item("http://example.org/", "https://example.org/"), "5: blogs.b.feeds[1]: is the same feed as in line 4"),
    (
        item("{url: https://a.example/1, id: a}", "{url: https://a.example/2, id: a}"),
        "5: blogs.b.feeds[1].id: is the id of another feed, in line 4: each feed needs its own",
    ),
    (
        item("https://a.example/", "{url: https://a.example/, cookie: a}"),
        "5: blogs.b.feeds[1].url: is the same feed as in line 4",
    ),
    (feed("id: ''"), f"5: blogs.b.feeds[0].id: {AN_ID}"),
    (feed("id: -a"), f"5: blogs.b.feeds[0].id: {AN_ID}"),
    (feed("id: a/b"), f"5: blogs.b.feeds[0].id: {AN_ID}"),
    (feed("id: https://a.example/"), f"5: blogs.b.feeds[0].id: {AN_ID}"),
    (feed("id: é"), f"5: blogs.b.feeds[0].id: {AN_ID}"),
    (feed(f"id: {'a' * 65}"), f"5: blogs.b.feeds[0].id: {AN_ID}"),
    (feed("withdraw: []"), "5: blogs.b.feeds[0].withdraw: must be true or false"),
    (feed(f"tags: [{'x,' * 101}]"), "5: blogs.b.feeds[0].tags: must have at most 100 items"),
    (item("{url: }"), "4: blogs.b.feeds[0].url: is required; in a list of feeds each - begins another feed"),
    (item("https:///path"), f"4: blogs.b.feeds[0]: {A_URL}"),
    (item("https://:80/"), f"4: blogs.b.feeds[0]: {A_URL}"),
    (item(f"https://a.example/{'a' * 4096}"), "4: blogs.b.feeds[0]: must have at most 4096 characters"),
    (item('"https://a.example/\\ta"'), "4: blogs.b.feeds[0]: must not contain spaces or control characters"),
    (item('"https://a.example/\\u00a0a"'), "4: blogs.b.feeds[0]: must not contain spaces or control characters"),
    (feed("headers: {X-Key: }"), f"5: blogs.b.feeds[0].headers.X-Key: {A_TEXT}"),
    (
        feed("headers: {X-Key: ä}"),
        "5: blogs.b.feeds[0].headers.X-Key: must be one line of 1 to 8000 characters of ASCII",
    ),
    (
        feed("headers: {X-Key: a, x-key: b}"),
        "5: blogs.b.feeds[0].headers: has the same header twice, once in other case",
    ),
    (feed('cookie: "a\\r\\nb"'), "5: blogs.b.feeds[0].cookie: must be one line of 1 to 8000 characters of ASCII"),
    (feed("proxy: http://a.example"), f"5: blogs.b.feeds[0].proxy: {A_PROXY}"),
    (
        feed("username: a", "headers: {Authorization: Bearer x}"),
        "5: blogs.b.feeds[0].username: is given beside a header Authorization: leave out one of them",
    ),
    (
        item("{url: https://me:pw@a.example/, username: me}"),
        "4: blogs.b.feeds[0].username: is given beside a user name in the url: leave out one of them",
    ),
    (feed("user_agent: ä"), "5: blogs.b.feeds[0].user_agent: must be one line of 1 to 8000 characters of ASCII"),
    # Webhooks
    (blog("webhooks: https://a.example/"), f"3: blogs.b.webhooks: {A_LIST}"),
    (
        blog("webhooks: [[]]"),
        "3: blogs.b.webhooks[0]: must be a URL, or a mapping with url and what else you want to set",
    ),
    (blog("webhooks: [ftp://a.example/]"), f"3: blogs.b.webhooks[0]: {A_URL}"),
    (blog("webhook: []"), f"3: blogs.b.webhook: unknown key; allowed here: {BLOG_KEYS} (did you mean webhooks?)"),
    (
        blog("webhooks:", "  - name: a"),
        "4: blogs.b.webhooks[0].url: is required; in a list of webhooks each - begins another webhook",
    ),
    (
        webhook("format: slack"),
        f"5: blogs.b.webhooks[0].format: unknown key; allowed here: {WEBHOOK_KEYS} (did you mean template?)",
    ),
    (webhook("events: updates"), "5: blogs.b.webhooks[0].events: must be 'all', 'posts' or 'key_events'"),
    (
        webhook("events: key_events"),
        "5: blogs.b.webhooks[0].events: needs key_events of the blog: the tag that key events have",
    ),
    (
        webhook("include: [a]", "exclude: [a]"),
        "6: blogs.b.webhooks[0].exclude[0]: is in include, too: no entry could be taken for it",
    ),
    (webhook("name: ''"), "5: blogs.b.webhooks[0].name: must not be empty"),
    (
        webhook("name: a", "- {url: https://b.example/, name: a}").replace("        -", "      -"),
        "6: blogs.b.webhooks[1].name: is that of the webhook in line 4, too: give each its own name",
    ),
    (
        webhook("template: slack", "- https://a.example/").replace("        -", "      -"),
        "6: blogs.b.webhooks[1]: is that of the webhook in line 4, too: give each its own name",
    ),
    (webhook("secret: hush"), f"5: blogs.b.webhooks[0].secret: {A_KEY}"),
    (webhook("secret: whsec_c2hvcnQ="), f"5: blogs.b.webhooks[0].secret: {A_KEY}"),
    (webhook("secret_file: short"), f"5: blogs.b.webhooks[0].secret_file: {A_KEY}"),
    (webhook("secret_file: none"), f"5: blogs.b.webhooks[0].secret_file: {NO_FILE}: No such file or directory"),
    (
        webhook("template: slack", "secret: hush"),
        "6: blogs.b.webhooks[0].secret: has no use for slack: its URL is the secret; leave it out",
    ),
    (
        webhook("headers: {Webhook-Id: a}"),
        "5: blogs.b.webhooks[0].headers: cannot have this header, which Livelog sets itself: webhook-id",
    ),
    (
        webhook("headers: {X-Key: ä}"),
        "5: blogs.b.webhooks[0].headers.X-Key: must be one line of 1 to 8000 characters of ASCII",
    ),
    (webhook("template: slak"), f"5: blogs.b.webhooks[0].template: {A_TEMPLATE} (did you mean slack?)"),
    (webhook("template: ${UNSET:-hush}"), f"5: blogs.b.webhooks[0].template: {A_TEMPLATE}"),
    (
        webhook("template: '[]'"),
        '5: blogs.b.webhooks[0].template: must be a JSON object, such as {"text": "{{title}} {{url}}"}',
    ),
    (webhook("template: {text: a}"), f"5: blogs.b.webhooks[0].template: {A_TEXT}"),
    (
        webhook("template: '{\"text\": {{title}}}'"),
        '5: blogs.b.webhooks[0].template: has a placeholder outside of a string: write "{{title}}", with quotes',
    ),
    (
        webhook("template: |", "  {", '    "text": "{{title}}",', "  }"),
        "5: blogs.b.webhooks[0].template: is not JSON: expecting property name enclosed in double quotes "
        "(line 3, column 1 of it)",
    ),
    (
        webhook('template: \'{"text": "{{titel}}"}\''),
        f"5: blogs.b.webhooks[0].template: has a placeholder that does not exist (known are {PLACEHOLDERS}): "
        "{{titel}}",
    ),
    (
        webhook('template: \'{"text": "${WORD} {{titel}}"}\''),
        f"5: blogs.b.webhooks[0].template: has a placeholder that does not exist (known are {PLACEHOLDERS})",
    ),
    (
        webhook('template: \'{"text": ["{{title}"]}\''),
        "5: blogs.b.webhooks[0].template: has {{ without a name and }} behind it",
    ),
    (
        webhook("template: '{\"{{title}}\": 1}'"),
        "5: blogs.b.webhooks[0].template: must have its placeholders in values, not in keys",
    ),
    (webhook("template: '{\"a\": NaN}'"), "5: blogs.b.webhooks[0].template: is not JSON: NaN is no value of it"),
    (
        webhook('template: \'{"a": "\\ud800"}\''),
        "5: blogs.b.webhooks[0].template: must be valid Unicode text",
    ),
    (
        webhook(url="https://hooks.slack.com/services/T/B/hush"),
        "4: blogs.b.webhooks[0].url: is a webhook of Slack, which accepts its own form alone: add template: slack",
    ),
    (
        webhook(url="https://discord.com/api/webhooks/1/hush"),
        "4: blogs.b.webhooks[0].url: is a webhook of Discord, which accepts its own form alone: "
        "add template: discord",
    ),
    (
        webhook("template: matrix", "secret: hush"),
        "4: blogs.b.webhooks[0].url: must be a room of Matrix, such as https://matrix.example.org/_matrix/client/v3/"
        "rooms/!ROOM:example.org/send/m.room.message",
    ),
    (
        webhook(
            "template: matrix",
            "secret: hush",
            url="'https://a.example/_matrix/client/v3/rooms/#alias:a.example/send/m.room.message'",
        ),
        "4: blogs.b.webhooks[0].url: must be a room of Matrix, such as https://matrix.example.org/_matrix/client/v3/"
        "rooms/!ROOM:example.org/send/m.room.message",
    ),
    (
        webhook("template: gotify", url="https://a.example/message"),
        "5: blogs.b.webhooks[0].template: needs a secret beside it: the application token of gotify",
    ),
    (
        webhook("template: gotify", "secret: hush"),
        "4: blogs.b.webhooks[0].url: must end in /message, such as https://gotify.example.org/message",
    ),
    (
        webhook("template: discord", url="https://discord.com/api/webhooks/1/hush/slack"),
        "4: blogs.b.webhooks[0].url: must have nothing behind its token, such as "
        "https://discord.com/api/webhooks/ID/TOKEN",
    ),
    (
        webhook("template: ntfy"),
        "4: blogs.b.webhooks[0].url: must end in the name of a topic, such as https://ntfy.sh/my-topic",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: ascii(mistake[0])[-40:])
def test_a_mistake_is_reported_with_its_line_and_key(problems: Problems, mistake: tuple[str, ...]) -> None:
    text, *expected = mistake
    assert problems(text) == tuple(expected)


# Values that look like mistakes


def title(loaded: Config) -> object:
    return loaded.blogs[0].title


def of_scrape(key: str) -> Callable[[Config], object]:
    return lambda loaded: getattr(loaded.blogs[0].feeds[0].scrape, key)


def of_feed(key: str) -> Callable[[Config], object]:
    return lambda loaded: getattr(loaded.blogs[0].feeds[0], key)


def of_webhook(key: str) -> Callable[[Config], object]:
    return lambda loaded: getattr(loaded.blogs[0].webhooks[0], key)


def of_server(key: str) -> Callable[[Config], object]:
    return lambda loaded: getattr(loaded.server, key)


def store(loaded: Config) -> object:
    return loaded.store


def interval(loaded: Config) -> object:
    return loaded.fetch.interval


CORRECT: list[tuple[str, Callable[[Config], object], object]] = [
    (blog("title: 'News #1'"), title, "News #1"),
    (blog("title: C#"), title, "C#"),
    (blog("title: News # of the day"), title, "News"),
    (blog("title: News      # shown"), title, "News"),
    (blog("title: # from the name above"), title, "b"),
    (blog("title: '[Live] News'"), title, "[Live] News"),
    (blog("title: 'It''s live'"), title, "It's live"),
    (blog("title: It's live"), title, "It's live"),
    (blog("title: Yes"), title, "Yes"),
    (blog("title: 2024"), title, "2024"),
    (blog("title: 10:30"), title, "10:30"),
    (blog("title: US$ 5"), title, "US$ 5"),
    (blog("title: US$5"), title, "US$5"),
    (blog("title: $$HOME"), title, "$HOME"),
    (blog("title: ${UNSET:-News}"), title, "News"),
    (blog("title: ${EMPTY:-News}"), title, "News"),
    (blog("title: ${UNSET:-}"), title, "b"),
    (blog("title: ${WORD:-News}"), title, "ten"),
    (blog("title: 新闻：直播"), title, "新闻：直播"),
    (blog("title: a\u00a0b"), title, "a\u00a0b"),
    (blog("title: “Live”"), title, "“Live”"),
    (blog("title: News", "  and more"), title, "News and more"),
    (blog('title: "News', '  and more"'), title, "News and more"),
    (blog("title: >-", "  News"), title, "News"),
    (blog("title: &t News", "pin: *t"), title, "News"),
    (blog("'title': News"), title, "News"),
    (blog("title:  News\t"), title, "News"),
    (blog("title: News").replace("\n", "\r\n"), title, "News"),
    ("\ufeff" + blog("title: News"), title, "News"),
    (server("port: 80 #http"), of_server("port"), 80),
    (server("port: '80'"), of_server("port"), 80),
    (server("port: ${UNSET:-8153}"), of_server("port"), 8153),
    (server("public_url: ${UNSET:-}"), of_server("public_url"), None),
    (server("public_url: http://127.0.0.1:8888/live/"), of_server("prefix"), "/live"),
    (server("address: web_1"), of_server("address"), "web_1"),
    (server("address: '::'"), of_server("address"), "::"),
    (server("trusted_proxies:"), of_server("trusted_proxies"), ()),
    (fetch("interval: 30S"), interval, 30),
    (fetch("interval: 1.5 h"), interval, 5400),
    (fetch("interval: AUTO"), interval, None),
    (fetch("timeout: 20"), lambda loaded: loaded.fetch.timeout, 20),
    (fetch("max_bytes: 4096"), lambda loaded: loaded.fetch.max_bytes, 4096),
    (top("store: sqlite:///var/lib/live.db"), store, "sqlite:/var/lib/live.db"),
    (top("store: redis://redis"), store, "redis://redis"),
    (top("store: rediss://a:b@redis.example:6380/1"), store, "rediss://a:b@redis.example:6380/1"),
    (top("store: unix:///run/redis.sock?db=1"), store, "unix:///run/redis.sock?db=1"),
    (blog("accent: b0301c"), lambda loaded: loaded.blogs[0].accent, "#b0301c"),
    (blog("accent: # ours"), lambda loaded: loaded.blogs[0].accent, None),
    (blog("logo: mark.svg"), lambda loaded: str(loaded.blogs[0].logo)[-8:], "mark.svg"),
    (item("https://a.example/ #note"), of_feed("url"), "https://a.example/"),
    (item("https://a.example/#note"), of_feed("url"), "https://a.example/#note"),
    (item("'https://a.example/?a=$1&b=$$c'"), of_feed("url"), "https://a.example/?a=$1&b=$c"),
    (item("https://bücher_b.example.:81/"), of_feed("url"), "https://bücher_b.example.:81/"),
    (item("http://[::1]:80/a,b"), of_feed("url"), "http://[::1]:80/a,b"),
    (feed("include: [a | b, v1.0, '.']"), of_feed("include"), ("a | b", "v1.0", ".")),
    (item("url: https://a.example/"), of_feed("url"), "https://a.example/"),
    (blog("feeds: [url: https://a.example/]"), of_feed("url"), "https://a.example/"),
    (blog("feeds: [https://a.example/,]"), of_feed("url"), "https://a.example/"),
    (
        feed("include: ['/budg.t/', C++, 24/7, w/, '5 * 3']"),
        of_feed("include"),
        ("/budg.t/", "C++", "24/7", "w/", "5 * 3"),
    ),
    (feed("include: ['/(a$|b)/', '/^[$]/']"), of_feed("include"), ("/(a$|b)/", "/^[$]/")),
    (feed("include:", "- 快讯：有"), of_feed("include"), ("快讯：有",)),
    (feed("include: [yes, 5]"), of_feed("include"), ("yes", "5")),
    (feed("tags:", "  - a", "  - b"), of_feed("tags"), ("a", "b")),
    (feed("withdraw: yes"), of_feed("withdraw"), True),
    (feed("username: me", "password: 'abc #1'"), of_feed("credentials"), ("me", "abc #1")),
    (feed("interval: 5m"), of_feed("interval"), 300),
    (scrape("list: '#news li'"), of_scrape("list"), "#news li"),
    (
        scrape("list: li", "link: a[href$='.html']"),
        of_scrape("link"),
        "a[href$='.html']",
    ),
    (scrape("list: xpath://li"), of_scrape("list"), "xpath://li"),
    (webhook(f"secret: {WHSEC}"), of_webhook("identity"), "19dbc99bd8c447269c7f621584b6a493"),
    (webhook("name: news", url="https://user:hush@b.example/hush"), of_webhook("shown_name"), "news"),
    (blog("webhooks: [https://user:hush@b.example/hush]"), of_webhook("shown_name"), "b.example"),
    (webhook('template: \'{"text": "{{ title }} {x}"}\''), of_webhook("service"), None),
    (webhook(url="https://discord.com/api/webhooks/1/a/slack"), of_webhook("template"), None),
    (webhook("headers: {Cookie: a=b, X-C: c}"), lambda loaded: len(loaded.blogs[0].webhooks[0].headers), 2),
    (
        "blogs: {a: {feeds: [https://EXAMPLE.org]}, b: {feeds: [https://example.org/]}}",
        lambda loaded: loaded.feeds,
        1,
    ),
]
"""Texts, and a value of each with its correct form."""


@pytest.mark.parametrize("correct", CORRECT, ids=lambda correct: ascii(correct[0])[-40:])
def test_a_value_that_looks_like_a_mistake_is_accepted(
    read: Read, correct: tuple[str, Callable[[Config], object], object]
) -> None:
    text, value, expected = correct
    assert value(read(text)) == expected
