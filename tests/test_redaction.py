"""redaction.py: no secret of a URL, and no other credential, leaves the process."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redaction import LogFilter, OwnAddresses, public_item, public_text, public_url

HEX = "8f14e45fceea167a5a36dedd4bea2543"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://ann:s3cret@example.org:8080/a?b@c", "https://example.org:8080/a?b@c"),
        ("https://s3cret@example.org/", "https://example.org/"),
        ("https://ann:p@ss@example.org/", "https://example.org/"),
        ("https://example.org/rss?token=s3cret&format=rss", "https://example.org/rss?token=***&format=rss"),
        ("https://example.org/rss?KEY=s3cret", "https://example.org/rss?KEY=***"),
        ("https://example.org/rss?a=1;sig=s3cret", "https://example.org/rss?a=1;sig=***"),
        ("https://example.org/rss?to%6Ben=s3cret", "https://example.org/rss?to%6Ben=***"),
        ("https://example.org/rss?user=ann&password=s3cret", "https://example.org/rss?user=***&password=***"),
        ("https://example.org/rss?email=ann@example.org", "https://example.org/rss?email=***"),
        (f"https://example.org/rss?{HEX}", "https://example.org/rss?***"),
        (f"https://example.org/rss?u={HEX}", "https://example.org/rss?u=***"),
        ("https://example.org/rss?f=mF9zQ2bX7pLk3TvW", "https://example.org/rss?f=***"),
        ("https://example.org/rss?x=550e8400-e29b-41d4-a716-446655440000", "https://example.org/rss?x=***"),
        ("https://example.org/rss#token=s3cret", "https://example.org/rss#token=***"),
        ("https://example.org/rss;jsessionid=1A2B?x=1", "https://example.org/rss;jsessionid=***?x=1"),
        (f"https://example.org/private-{HEX}/basic.ics", "https://example.org/private-***/basic.ics"),
        (f"https://example.org/feeds/{HEX}.xml", "https://example.org/feeds/***.xml"),
        ("https://example.org/private/a1b2c3d4/rss", "https://example.org/private/***/rss"),
        ("https://example.org/token=s3cret/rss", "https://example.org/token=***/rss"),
        ("https://example.org/proxy/https://ann:pw@h/", "https://example.org/proxy/https://***/"),
        (
            "https://example.org/?url=https%3A%2F%2Fann%3Apw%40h%2F%3Ftoken%3Ds3cret",
            "https://example.org/?url=https%3A%2F%2Fh%2F%3Ftoken%3D***",
        ),
        ("redis://:s3cret@example.org:6379/0?password=s3cret", "redis://example.org:6379/0?password=***"),
        ("http://[x?token=s3cret", "***"),
    ],
)
def test_secrets_of_a_url_are_hidden(url: str, expected: str) -> None:
    assert public_url(url) == expected


# fmt: off
NAMES = [
    "token", "access_token", "accessToken", "rss_token", "key", "api_key", "apikey", "apiKey", "x-api-key",
    "auth", "authkey", "auth_token", "sig", "signature", "X-Amz-Signature", "secret", "client_secret",
    "password", "passwd", "pwd", "pass", "jwt", "hmac", "session", "sessionid", "PHPSESSID", "sid",
    "credential", "X-Amz-Credential", "feedkey", "private_token", "hash", "ticket", "otp", "oauth_token",
]
# fmt: on


@pytest.mark.parametrize("name", NAMES)
def test_parameters_with_a_telling_name_are_hidden(name: str) -> None:
    assert public_url(f"https://example.org/rss?a=1&{name}=abc&b=2") == f"https://example.org/rss?a=1&{name}=***&b=2"


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/feeds/videos.xml?channel_id=UC16niRr50-MSBwiO3YDb3RA",
        "https://www.youtube.com/feeds/videos.xml?playlist_id=PLFgquLnL59alCl_2TQvOiD5Vgm1hCaGSI",
        "https://www.youtube.com/feeds/videos.xml?user=NASA",
        "https://news.google.com/rss/search?q=site:reuters.com+when:1d&hl=en-US&gl=US&ceid=US:en",
        "https://example.org/?keyword=politics&keys_of=1&author=ann&monkey=1&design=2&pass_through=",
        "https://example.org/2026/11/30/a-very-long-title-of-10-words-and-more-2024/feed",
        "https://example.org/author/jane-austen/feed/?page=2#top",
        "https://example.org/secrets-of-the-sea/feed",
        "https://bsky.app/profile/did:plc:z72i7hdynmk6r22z27h6tvur/rss",
        "https://feeds.example.org/d/playlist/e73c998e-6e60-432f-8610-ae210140c5b1/podcast.rss",
        "https://feeds.example.org/public/shows/5f5a9b1c4d0e3a2b1c4d5e6f",
        "https://example.org/rss?date=20261130T120000Z&sections=politics,world",
        "https://social.example/@ann.rss",
    ],
)
def test_addresses_of_public_feeds_stay(url: str) -> None:
    assert public_url(url) == url


@given(st.text(max_size=60), st.text(max_size=30))
def test_any_text_for_a_url_is_shown_without_raising(before: str, after: str) -> None:
    public_url(before)
    public_text(f"{before}://{after}@{before}?{after}={before}")
    assert "hunter22" not in public_text(f"{before} https://ann:hunter22@example.org/?token=hunter22")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cannot open https://a:pw@example.org/?token=s3.", "Cannot open https://example.org/?token=***."),
        ("redis://:pw@db:6379/0: refused", "redis://db:6379/0: refused"),
        ("no host in ann:s3cret@example.org", "no host in ***@example.org"),
        ("{'Authorization': 'Basic YW5uOnMz'}", "{'Authorization': 'Basic ***'}"),
        ("Cookie: id=s3cret", "Cookie: ***"),
        ("sent Bearer eyJhbGciOiJIUzI1.x", "sent Bearer ***"),
        ("unexpected argument password=s3cret", "unexpected argument password=***"),
        ("Basic authentication is needed at 12:30.", "Basic authentication is needed at 12:30."),
        ("200 GET /blog/?after=e.4 (127.0.0.1) 1.20ms", "200 GET /blog/?after=e.4 (127.0.0.1) 1.20ms"),
    ],
)
def test_credentials_in_a_message_are_hidden(text: str, expected: str) -> None:
    assert public_text(text) == expected


def test_a_log_line_is_redacted_with_its_arguments_and_its_traceback() -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(LogFilter())
    handler.setFormatter(logging.Formatter("%(message)s"))
    try:
        raise ValueError("no host in 'https://ann:s3cret@/x?sig=s3cret'")
    except ValueError:
        record = logging.LogRecord("a", 40, "p", 1, "%s fails", ("http://x/?key=s3cret",), sys.exc_info())
    handler.handle(record)
    assert "s3cret" not in written.getvalue()
    assert "http://x/?key=*** fails" in written.getvalue()
    assert "ValueError: no host in" in written.getvalue()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://example.org/rss?a=1&token=s3", "https://example.org/rss?a=1&token=***"),
        ("http://ann:pw@example.org/rss?a=1&token=s3", "https://example.org/rss?a=1&token=***"),
        (
            '<a href="https://example.org/rss?a=1&amp;token=s3#n1">',
            '<a href="https://example.org/rss?a=1&token=***#n1">',
        ),
        ("see https://example.org/rss?a=1&token=s3. Next", "see https://example.org/rss?a=1&token=***. Next"),
        ("https://example.org/post/1?token=s3", "https://example.org/post/1?token=s3"),
        ("https://example.org/rss?a=1&token=s3&episode=1", "https://example.org/rss?a=1&token=s3&episode=1"),
    ],
)
def test_a_feed_hides_its_own_address_and_keeps_links_of_entries(text: str, expected: str) -> None:
    own = OwnAddresses(["https://ann:pw@example.org/rss?a=1&token=s3"])
    assert own.hidden(text).replace("&amp;", "&") == expected.replace("&amp;", "&")


def test_a_feed_without_a_secret_hides_nothing() -> None:
    assert not OwnAddresses(["https://example.org/rss", "https://example.org/rss?page=2"])


def test_an_item_of_an_earlier_version_is_sent_without_the_secret_of_its_feed() -> None:
    url = "https://example.org/rss?token=s3"
    source = {"source": {"title": "A", "feed_url": url}, "revision": 1}
    item = {"id": "a", "content_html": f'<a href="{url}#n1">1</a>', "url": "https://example.org/1?token=s3"}
    shown = json.loads(public_item(json.dumps({**item, "_livelog": source}, separators=(",", ":"))))
    assert shown["_livelog"]["source"]["feed_url"] == "https://example.org/rss?token=***"
    assert shown["content_html"] == '<a href="https://example.org/rss?token=***#n1">1</a>'
    assert shown["url"] == item["url"], "readers need it"
