"""The operator's paths: on the admin address, and with the token on the public one."""

from __future__ import annotations

import base64

import pytest
from pydantic import SecretStr

from config import Config
from connections import attempts
from tests.site import Site

TOKEN = "a-token-of-22-letters-or-more"
PATHS = ("/metrics",)


@pytest.fixture
def settings(settings: Config, request: pytest.FixtureRequest) -> Config:
    """With a token, unless a test sets None."""
    token = getattr(request, "param", TOKEN)
    server = settings.server.model_copy(update={"admin_token": token and SecretStr(token)})
    return settings.model_copy(update={"server": server})


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anyone:{password}".encode()).decode()


@pytest.mark.parametrize("settings", [None], indirect=True)
@pytest.mark.parametrize("path", PATHS)
async def test_without_a_token_the_public_address_has_no_operators_paths(site: Site, path: str) -> None:
    assert (await site.get(path)).code == 404
    assert (await site.get(path, Authorization="Bearer ")).code == 404


@pytest.mark.parametrize("settings", [None, TOKEN], indirect=True)
@pytest.mark.parametrize("path", PATHS)
async def test_the_admin_address_needs_no_token(site: Site, path: str) -> None:
    assert (await site.admin(path)).code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"bearer  {TOKEN}", basic(TOKEN)])
async def test_the_token_opens_them_as_bearer_and_as_password(site: Site, path: str, header: str) -> None:
    answer = await site.get(path, Authorization=header)
    assert (answer.code, answer.headers["Cache-Control"]) == (200, "no-store")


@pytest.mark.parametrize("header", [None, f"Bearer {TOKEN}x", "Bearer é", basic("x"), "Basic !", "Basic", TOKEN])
async def test_a_wrong_token_is_a_401_for_which_a_browser_asks_its_user(site: Site, header: str | None) -> None:
    answer = await site.get("/metrics", **({"Authorization": header} if header else {}))
    assert answer.code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert b"livelog_" not in answer.body


async def test_guesses_are_limited_and_forgotten_in_time(site: Site) -> None:
    now = 0.0
    site.served.attempts = attempts.Attempts(lambda: now)
    codes = [(await site.get("/metrics", Authorization="Bearer wrong")).code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    answer = await site.get("/metrics", Authorization=f"Bearer {TOKEN}")
    assert (answer.code, answer.headers["Retry-After"]) == (429, "60"), "no more guesses, not even a right one"
    now = 60.0
    assert (await site.get("/metrics", Authorization=f"Bearer {TOKEN}")).code == 200


async def test_requests_without_a_token_are_no_guesses(site: Site) -> None:
    assert {(await site.get("/metrics")).code for _ in range(12)} == {401}


def test_guesses_of_one_address_do_not_shut_out_another() -> None:
    counted = attempts.Attempts(lambda: 0.0)
    for _ in range(attempts.MAX_ATTEMPTS):
        counted.failed("2001:db8::1")
    assert counted.wait_seconds("2001:db8::2"), "one subscriber has the whole /64"
    assert not counted.wait_seconds("2001:db8:1::1")


def test_guesses_of_many_addresses_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "MAX_ADDRESSES", 10)
    counted = attempts.Attempts(lambda: 0.0)
    for number in range(100):
        counted.failed(f"192.0.2.{number}")
    assert len(counted._failed) <= 10


@pytest.mark.parametrize(("host", "code"), [("127.0.0.1:1", 200), ("localhost:1", 200), ("[::1]", 200)])
async def test_the_admin_address_is_opened_by_its_address(site: Site, host: str, code: int) -> None:
    assert (await site.admin("/metrics", Host=host)).code == code


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8889", "127.0.0.1.evil.example", ""])
async def test_a_name_that_was_made_to_lead_to_this_machine_reads_nothing(site: Site, host: str) -> None:
    answer = await site.admin("/metrics", Host=host)
    assert answer.code in (400, 403)
    assert b"livelog_" not in answer.body


async def test_the_public_name_opens_the_admin_address_too(site: Site) -> None:
    assert (await site.admin("/metrics", Host="live.example.org")).code == 200


async def test_the_admin_address_has_no_pages_of_blogs(site: Site) -> None:
    assert (await site.admin("/blog/")).code == 404
