"""config: addresses of the administration, private blogs, requests of a feed, and secrets in files of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

import config
from config import Config, Endpoint, Feed
from tests.config.reading import BLOG, Problems, Read

TOKEN = "T0" * 11
HOW = "python3 -c 'import secrets; print(secrets.token_urlsafe())' makes one"


def feed(read: Read, keys: str, url: str = "https://a.example/") -> Feed:
    return read(f"blogs: {{b: {{feeds: [{{url: '{url}', {keys}}}]}}}}").blogs[0].feeds[0]


# Addresses


@pytest.mark.parametrize(
    ("public_url", "prefix"),
    [
        ("null", ""),
        ("https://a.example/", ""),
        ("https://a.example/live/", "/live"),
        ("http://a.example/x/y", "/x/y"),
    ],
)
def test_the_prefix_is_the_path_of_the_public_url(read: Read, public_url: str, prefix: str) -> None:
    assert read(f"{BLOG}server: {{public_url: {public_url}}}").server.prefix == prefix


@pytest.mark.parametrize(("path", "first"), [("/b", "b"), ("/b/c", "b"), ("/old", "old"), ("/static", "static")])
def test_a_prefix_is_no_name_of_a_blog(problems: Problems, path: str, first: str) -> None:
    blogs = "blogs: {b: {aliases: [old], feeds: [https://a.example/]}}\n"
    assert problems(f"{blogs}server: {{public_url: 'https://a.example{path}'}}") == (
        f"2: server.public_url: has a path that begins with /{first}, the name of a blog or of Livelog's own: "
        "change one of them",
    )


def test_the_address_may_be_a_unix_socket(read: Read) -> None:
    assert read(f"{BLOG}server: {{address: 'unix:/run/a.sock'}}").server.endpoint == Endpoint(path="/run/a.sock")
    assert read(f"{BLOG}server: {{address: '::1', port: 80}}").server.endpoint == Endpoint("::1", 80)


@pytest.mark.parametrize(
    ("admin", "endpoint", "text"),
    [
        ("127.0.0.1:0", Endpoint("127.0.0.1", 0), "127.0.0.1:0"),
        ("127.0.0.1:8889", Endpoint("127.0.0.1", 8889), "127.0.0.1:8889"),
        ("[::1]:8889", Endpoint("::1", 8889), "[::1]:8889"),
        (":8889", Endpoint("127.0.0.1", 8889), "127.0.0.1:8889"),
        ("unix:/run/admin.sock", Endpoint(path="/run/admin.sock"), "unix:/run/admin.sock"),
    ],
)
def test_the_administration_has_an_address_of_its_own(read: Read, admin: str, endpoint: Endpoint, text: str) -> None:
    server = read(f"{BLOG}server: {{admin: '{admin}'}}").server
    assert server.admin_endpoint == endpoint
    assert (server.admin, str(server.admin_endpoint)) == (text, text)


def test_the_command_line_sets_the_address_of_the_administration(read: Read) -> None:
    base = read(f"{BLOG}server: {{admin: ':1'}}")
    changed = config.override(base, address=None, port=None, store=None, admin=":2")
    assert changed.server.admin_endpoint == Endpoint("127.0.0.1", 2)


# Private blogs


def test_a_blog_is_private_with_tokens(read: Read) -> None:
    (blog,) = read(f"blogs: {{b: {{private: true, tokens: [{TOKEN}], robots: noindex}}}}").blogs
    assert (blog.private, [token.get_secret_value() for token in blog.tokens]) == (True, [TOKEN])
    assert (blog.robots, Config(blogs=()).server.robots) == ("noindex", "index")


def test_a_blog_is_private_with_an_identity_header(read: Read) -> None:
    loaded = read("""
        server: {identity_header: X-Forwarded-User, trusted_proxies: [127.0.0.1]}
        blogs: {b: {private: true}}
        """)
    assert (loaded.server.identity_header, loaded.blogs[0].private) == ("X-Forwarded-User", True)


# Aliases


def test_aliases_lead_to_their_blog(read: Read) -> None:
    assert read("blogs: {a: {aliases: [news, '2024']}, b: {}}").aliases == {"news": "a", "2024": "a"}


@pytest.mark.parametrize(
    ("aliases", "sentence"),
    [
        ("[b]", "is the name of the blog in line 3: leave it out"),
        ("[a]", "is the name of the blog in line 2: leave it out"),
        ("[x, x]", "is an alias in line 2 already: leave it out"),
        ("[X]", "is no name for a blog: use 1 to 64 of a-z, 0-9 and hyphens, the first of them no hyphen"),
        ("[status]", "is a path that Livelog needs for itself: give the blog another name"),
    ],
)
def test_an_alias_that_is_taken_is_rejected(problems: Problems, aliases: str, sentence: str) -> None:
    (problem,) = problems(f"blogs:\n  a: {{aliases: {aliases}}}\n  b: {{}}\n")
    assert problem.startswith("2: blogs.a.aliases[")
    assert problem.endswith(f"]: {sentence}")


# Requests of a feed


def test_a_feed_has_its_own_headers(read: Read) -> None:
    found = feed(read, "headers: {X-Key: 5, accept-language: de}, cookie: a=b; c=d, user_agent: Mine/1")
    assert found.request_headers == {
        "X-Key": "5",
        "accept-language": "de",
        "Cookie": "a=b; c=d",
        "User-Agent": "Mine/1",
    }
    assert feed(read, "title: x").request_headers == {}


def test_a_feed_has_credentials(read: Read) -> None:
    assert feed(read, "username: ann, password: 'p:w'").credentials == ("ann", "p:w")
    assert feed(read, "username: ann").credentials == ("ann", "")
    assert feed(read, "title: x").credentials is None


def test_a_feed_has_a_proxy(read: Read) -> None:
    proxy = feed(read, "proxy: 'http://ann:pw@proxy.example:3128'").proxy
    assert proxy is not None
    assert proxy.get_secret_value() == "http://ann:pw@proxy.example:3128"


def test_blogs_that_differ_in_the_request_of_a_feed_are_reported(problems: Problems) -> None:
    assert problems("""blogs:
  one: {feeds: [{url: https://a.example/, cookie: a, proxy: "http://a:1"}]}
  two: {feeds: [{url: https://a.example/, cookie: b}]}
""") == (
        "3: blogs.two.feeds[0].cookie: is not that of the same feed in line 2: give both the same cookie, proxy, "
        "or each an id of its own",
    )


# Secrets


def test_secrets_may_be_in_files(read: Read) -> None:
    for name, text in {
        "store": "redis://:hush@127.0.0.1/0\n",
        "admin": f"  {TOKEN}  \r\nnot this\n",
        "tokens": f"{TOKEN}1\n\n{TOKEN}2\n",
        "cookie": "\ufeffa=b",
        "password": "p w\n",
        "proxy": "http://127.0.0.1:3128",
    }.items():
        Path(name).write_bytes(text.encode())
    loaded = read("""
        store_file: store
        server: {admin_token_file: admin}
        blogs:
          b:
            private: true
            tokens_file: tokens
            feeds: [{url: https://a.example/, cookie_file: cookie, username: me, password_file: password,
                     proxy_file: proxy, password: null}]
        """)
    server, blog = loaded.server, loaded.blogs[0]
    assert loaded.store == "redis://:hush@127.0.0.1/0"
    assert server.admin_token is not None
    assert server.admin_token.get_secret_value() == TOKEN
    assert [token.get_secret_value() for token in blog.tokens] == [f"{TOKEN}1", f"{TOKEN}2"]
    assert blog.feeds[0].credentials == ("me", "p w")
    assert blog.feeds[0].request_headers == {"Cookie": "a=b"}


def test_a_secret_file_is_named_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    (tmp_path / "config.yaml").write_text(f"server: {{admin_token_file: token}}\n{BLOG}", encoding="utf-8")
    assert config.load(tmp_path / "config.yaml").server.admin_token is not None


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "is no file that can be read: No such file or directory"),
        (b"", "is a file whose first line is empty"),
        (b"\nx", "is a file whose first line is empty"),
        (b"\xff", "is a file that is not UTF-8 text"),
        (b"x" * 1_000_001, "is a file of more than 1,000,000 bytes"),
        (b"hush", f"must have at least 22 characters of ASCII, without blanks; {HOW}"),
    ],
)
def test_a_wrong_secret_file_is_reported(problems: Problems, content: bytes | None, sentence: str) -> None:
    if content is not None:
        Path("token").write_bytes(content)
    assert problems(f"{BLOG}server:\n  port: 0\n  admin_token_file: token\n") == (
        f"4: server.admin_token_file: {sentence}",
    )


def test_a_wrong_token_in_a_file_is_reported(problems: Problems) -> None:
    Path("tokens").write_text(f"{TOKEN}\nhush\n", encoding="utf-8")
    (problem,) = problems("blogs:\n  b:\n    private: true\n    tokens_file: tokens\n")
    assert problem.startswith("4: blogs.b.tokens_file: must have at least 22 characters")


def test_a_secret_and_its_file_together_are_rejected(problems: Problems) -> None:
    assert problems(f"{BLOG}server: {{admin_token: {TOKEN}, admin_token_file: x}}") == (
        "2: server.admin_token_file: is given beside admin_token: leave out one of them",
    )


def test_no_secret_is_in_the_text_of_a_configuration(read: Read) -> None:
    loaded = read(f"""
        server: {{admin_token: hush-{TOKEN}}}
        blogs:
          b:
            private: true
            tokens: [hush-{TOKEN}]
            feeds:
              - {{url: https://a.example/, headers: {{A: hush}}, cookie: hush, username: me, password: hush,
                  proxy: "http://me:hush@a:1"}}
              - https://me:hush@b.example/
        store: redis://:hush@127.0.0.1/0
        """)
    assert "hush" not in f"{loaded!r} {loaded} {loaded.server!r} {loaded.blogs[0].feeds!r}"


def test_no_error_has_a_secret(problems: Problems, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUSH", "hush hush hush hush hush hush")
    found = problems("""
        server: {admin_token: "hush hush hush hush hush hush"}
        blogs:
          b:
            private: true
            tokens: ["hush hush hush hush hush", "${HUSH}"]
            feeds: [{url: https://a.example/, headers: {A: "hush\\n1"}, cookie: "hush\\n1", username: "hush:hush",
                     password: "hush\\n1", proxy: "http://hush:hush@a", user_agent: "hush\\n1"}]
        """)
    assert len(found) == 9
    assert "hush" not in "".join(found)
