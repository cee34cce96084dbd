"""Private blogs: readers with a token or a name see all of them, and others nothing, on any path."""

from __future__ import annotations

import asyncio
import json
import re
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import SecretStr
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from config import Blog, Config, Feed, Server
from connections.attempts import MAX_ATTEMPTS
from handlers.routes import BLOG, ROUTES
from tests.connections.bare import asked
from tests.livelog import PATIENCE, until
from tests.site import Site
from tests.timeline.drafts import FEED, commit, entry

TOKEN = "first-token-of-the-blog-22"
OTHER = "other_token_of_the_blog_22"
WRONG = "wrong-token-of-the-blog-22"
SECRETS = ("Undisclosed", "Confidential", "example.org/feed", TOKEN, OTHER)
"""Words of the private blog, its posts, its sources and its tokens."""

BEARER = f"Bearer {TOKEN}"
LIVE = {"/blog/ws", "/blog/events"}
GIVEN = "This blog is private."


def secrets(*tokens: str) -> tuple[SecretStr, ...]:
    return tuple(map(SecretStr, tokens))


@pytest.fixture
def settings(tmp_path: Path) -> Config:
    """A private blog with a theme, and a public one."""
    (tmp_path / "own.css").write_text("body { --name: Undisclosed }", encoding="utf-8")
    (tmp_path / "logo.svg").write_text("<svg><title>Undisclosed</title></svg>", encoding="utf-8")
    private = Blog(
        slug="blog",
        title="Undisclosed",
        css=tmp_path / "own.css",
        logo=tmp_path / "logo.svg",
        private=True,
        tokens=secrets(TOKEN, OTHER),
        feeds=(Feed(url=FEED, title="Confidential"),),
    )
    return Config(store="sqlite::memory:", blogs=(private, Blog(slug="open", title="Open")))


@pytest.fixture
async def post(site: Site) -> str:
    """The id of the blog's only post."""
    await commit(site.timeline, entry("a", "Confidential news"))
    await commit(site.timeline, entry("a", "Confidential correction"))
    found: str = json.loads((await site.timeline.page("blog", None, 1)).items[0])["id"]
    return found


def changed(settings: Config, **fields: object) -> Config:
    """The configuration with other values of the private blog."""
    blog, *others = settings.blogs
    return settings.model_copy(update={"blogs": (Blog(**{**dict(blog), **fields}), *others)})


def paths(post: str) -> list[str]:
    """A path of the private blog for each route that a blog has."""
    found = []
    for pattern, *_ in ROUTES:
        if not pattern.startswith(BLOG):
            continue
        for group, value in ((BLOG, "/blog"), ("([a-z2-7]+)", post), ("/?", "/")):
            pattern = pattern.replace(group, value)
        names = re.search(r"\(([^()]*)\)", pattern)
        found += [pattern.replace(names[0], name) for name in names[1].split("|")] if names else [pattern]
    return [re.sub(r"\\(.)", r"\1", path) for path in found]


async def test_no_route_of_a_private_blog_shows_anything_of_it_to_others(site: Site, post: str) -> None:
    asked = [path + query for path in paths(post) for query in ("", "?view=wall&q=news")]
    assert len(asked) > 20
    for path in asked:
        for accept in ("text/html", "*/*"):
            for method in ("GET", "HEAD", "POST"):
                answer = await site.get(path, method=method, Accept=accept, Origin="https://elsewhere.example")
                text = f"{answer.body.decode()}{list(answer.headers.get_all())}"
                assert answer.code in (401, 403, 405), path
                assert not [secret for secret in SECRETS if secret in text], path
                if answer.code == 401:
                    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
                    assert "no-store" in answer.headers["Cache-Control"]


async def test_every_route_of_a_private_blog_answers_to_its_token(site: Site, post: str) -> None:
    for path in set(paths(post)) - LIVE:
        for headers in ({"Authorization": BEARER}, {"Cookie": f"livelog_token={OTHER}"}):
            answer = await site.get(path, Accept="text/html", **headers)
            assert answer.code == 200, path
            assert TOKEN not in answer.body.decode()
            assert answer.headers["Cache-Control"].startswith("private"), path
            assert answer.headers["X-Robots-Tag"] == "noindex"


async def test_the_answer_to_others_tells_what_to_do(site: Site) -> None:
    page = (await site.get("/blog/", Accept="text/html")).body.decode()
    assert GIVEN in page
    assert "link" in page
    error = json.loads((await site.get("/blog/entries")).body)["error"]
    assert error["status"] == 401
    assert "Authorization: Bearer" in error["message"]


async def test_a_token_link_leads_to_the_same_address_with_a_cookie(site: Site) -> None:
    answer = await site.get(f"/blog/?view=list&token={TOKEN}&q=news", Accept="text/html")
    assert (answer.code, answer.headers["Location"]) == (303, "/blog/?view=list&q=news")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"livelog_token={TOKEN};")
    for part in ("HttpOnly", "SameSite=Lax", "Path=/blog/", "Max-Age="):
        assert part in cookie
    assert "Secure" not in cookie
    assert "no-store" in answer.headers["Cache-Control"]


async def test_a_token_link_without_a_slash_leads_to_the_page(site: Site) -> None:
    answer = await site.get(f"/blog?token={TOKEN}")
    assert (answer.code, answer.headers["Location"]) == (303, "/blog/")


async def test_a_token_link_with_a_wrong_token_stays_without_a_cookie(site: Site) -> None:
    answer = await site.get(f"/blog/?token={WRONG}", Accept="text/html")
    assert answer.code == 401
    assert "Set-Cookie" not in answer.headers
    assert WRONG not in answer.body.decode()


async def test_a_right_token_counts_beside_an_old_cookie(site: Site) -> None:
    answer = await site.get(f"/blog/?token={TOKEN}", Cookie=f"livelog_token={WRONG}")
    assert answer.code == 303
    assert (await site.get("/blog/", Authorization=BEARER, Cookie=f"livelog_token={WRONG}")).code == 200


@pytest.mark.parametrize("path", ["/blog/entries", "/blog/sources", "/blog/feeds.opml", "/blog/theme.css"])
async def test_programs_can_send_the_token_in_the_query(site: Site, post: str, path: str) -> None:
    answer = await site.get(f"{path}?token={TOKEN}")
    assert answer.code == 200
    assert TOKEN not in answer.body.decode()


async def test_a_program_that_asks_for_json_is_not_redirected(site: Site, post: str) -> None:
    answer = await site.get(f"/blog/e/{post}?token={TOKEN}", Accept="application/json")
    assert json.loads(answer.body)["id"] == post


async def test_no_link_of_an_answer_has_the_token(site: Site, settings: Config) -> None:
    for n in range(9):
        await commit(site.timeline, entry(str(n)))
    document = await site.json(f"/blog/entries?limit=2&token={TOKEN}")
    assert "before=" in document["next_url"]
    assert TOKEN not in json.dumps(document)
    assert WRONG not in (await site.get(f"/open/?token={WRONG}", Accept="text/html")).body.decode()
    assert WRONG not in (await site.get(f"/?token={WRONG}", Accept="text/html")).body.decode()


async def test_the_index_names_no_private_blog(site: Site) -> None:
    answer = await site.get("/", Accept="text/html")
    assert (answer.code, answer.headers["Location"]) == (302, "/open/")


async def test_an_index_of_private_blogs_alone_is_empty(site: Site, settings: Config) -> None:
    site.served.apply(settings.model_copy(update={"blogs": settings.blogs[:1]}))
    answer = await site.get("/", Accept="text/html")
    assert answer.code == 200
    assert "Undisclosed" not in answer.body.decode()
    assert "/blog/" not in answer.body.decode()


async def test_the_cookie_of_one_blog_opens_no_other(site: Site, settings: Config) -> None:
    second = Blog(slug="second", title="Second", private=True, tokens=secrets("token-of-the-second-blog"))
    site.served.apply(settings.model_copy(update={"blogs": (*settings.blogs, second)}))
    assert (await site.get("/second/", Cookie=f"livelog_token={TOKEN}")).code == 401
    assert (await site.get("/second/", Authorization=BEARER)).code == 401


async def test_wrong_tokens_are_limited_and_right_ones_are_not(site: Site) -> None:
    for _ in range(MAX_ATTEMPTS):
        assert (await site.get("/blog/", Authorization=f"Bearer {WRONG}")).code == 401
    answer = await site.get("/blog/", Authorization=f"Bearer {WRONG}")
    assert answer.code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert (await site.get("/blog/")).code == 401
    assert (await site.get("/blog/", Authorization=BEARER)).code == 200


@pytest.mark.parametrize("token", ["", "é", "a" * 10_000, TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), f" {OTHER[:-1]}"])
async def test_any_other_text_is_no_token(site: Site, token: str) -> None:
    assert (await site.get("/blog/entries", Cookie=f"livelog_token={token.encode().decode('latin-1')}")).code == 401


async def test_identities_of_a_trusted_proxy_are_believed(site: Site, settings: Config) -> None:
    server = Server(identity_header="X-Forwarded-User", trusted_proxies=(ip_network("127.0.0.0/8"),))
    site.served.apply(settings.model_copy(update={"server": server}))
    assert (await site.get("/blog/", X_Forwarded_User="ada")).code == 200
    assert (await site.get("/blog/", X_Forwarded_User=" ")).code == 401
    assert (await site.get("/blog/")).code == 401
    index = await site.get("/", Accept="text/html", X_Forwarded_User="ada")
    assert "Undisclosed" in index.body.decode()
    assert index.headers["Cache-Control"].startswith("private")


async def test_a_blog_without_tokens_asks_to_sign_in(site: Site, settings: Config) -> None:
    server = Server(identity_header="X-Forwarded-User", trusted_proxies=(ip_network("127.0.0.0/8"),))
    site.served.apply(changed(settings, tokens=()).model_copy(update={"server": server}))
    assert "Sign in to read it." in (await site.get("/blog/", Accept="text/html")).body.decode()
    assert "Bearer" not in (await site.get("/blog/entries")).body.decode()


async def test_identities_of_others_are_not_believed(site: Site, settings: Config) -> None:
    server = Server(identity_header="X-Forwarded-User", trusted_proxies=(ip_network("10.0.0.0/8"),))
    site.served.apply(settings.model_copy(update={"server": server}))
    assert (await site.get("/blog/", X_Forwarded_User="ada", X_Forwarded_For="10.0.0.1")).code == 401


async def live(site: Site, token: str, path: str = "/blog/ws") -> WebSocketClientConnection:
    """A WebSocket of the private blog that got its hello."""
    address = site.url(path).replace("http:", "ws:")
    connection = await websocket_connect(HTTPRequest(address, headers={"Cookie": f"livelog_token={token}"}))
    assert await asyncio.wait_for(connection.read_message(), PATIENCE)
    return connection


async def ended(connection: WebSocketClientConnection) -> bool:
    text = await asyncio.wait_for(connection.read_message(), PATIENCE)
    connection.close()
    return text is None


async def test_a_token_that_is_removed_ends_its_live_connections_alone(site: Site, settings: Config) -> None:
    first, other = await live(site, TOKEN), await live(site, OTHER)
    async with asked(site.port, f"/blog/events?token={TOKEN}") as stream:
        await stream.answer()
        assert stream.status == 200
        assert site.fanout.readers()["blog"] == 3
        site.served.apply(changed(settings, tokens=secrets(OTHER)))
        await site.served.end_revoked()
        assert await ended(first)
        await until(lambda: site.fanout.readers()["blog"] == 1)
    await commit(site.timeline, entry("a"))
    text = await asyncio.wait_for(other.read_message(), PATIENCE)
    assert json.loads(text or "")["type"] == "entry"
    with pytest.raises(HTTPClientError, match="401"):
        await live(site, TOKEN)
    other.close()


async def test_a_blog_that_becomes_private_ends_its_live_connections(site: Site, settings: Config) -> None:
    site.served.apply(changed(settings, private=False, tokens=()))
    connection = await live(site, WRONG)
    site.served.apply(settings)
    await site.served.end_revoked()
    assert await ended(connection)


async def test_a_connection_that_has_ended_is_forgotten(site: Site) -> None:
    connection = await live(site, TOKEN)
    assert site.served.access.live == 1
    connection.close()
    await until(lambda: site.served.access.live == 0)


async def test_websockets_need_a_token(site: Site) -> None:
    with pytest.raises(HTTPClientError, match="401"):
        await live(site, WRONG)


async def test_a_former_name_leads_those_alone_to_a_private_blog_who_may_see_it(site: Site, settings: Config) -> None:
    site.served.apply(changed(settings, aliases=("former",)))
    assert (await site.get("/former/entries")).code == 401
    assert "Location" not in (await site.get("/former/")).headers
    for path in ("/former/?q=a", f"/former/?q=a&token={TOKEN}"):
        answer = await site.get(path, Cookie=f"livelog_token={TOKEN}")
        assert (answer.code, answer.headers["Location"]) == (308, "/blog/?q=a")
        assert "Path=/blog/" in answer.headers["Set-Cookie"]
        assert "no-store" in answer.headers["Cache-Control"]
    (await live(site, TOKEN, "/former/ws")).close()


async def test_the_cache_of_answers_is_closed_to_others(site: Site, post: str) -> None:
    for _ in range(2):
        assert (await site.get("/blog/entries", Authorization=BEARER)).code == 200
        assert (await site.get("/blog/entries")).code == 401


async def test_a_cookie_is_secure_behind_https(site: Site, settings: Config) -> None:
    server = Server(trusted_proxies=(ip_network("127.0.0.0/8"),))
    site.served.apply(settings.model_copy(update={"server": server}))
    answer = await site.get(f"/blog/?token={TOKEN}", X_Forwarded_Proto="https")
    assert "Secure" in answer.headers["Set-Cookie"]
