"""delivery/services.py: for each service the form that it documents, whatever a post contains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.httputil import HTTPHeaders

from delivery import services
from delivery.post_facts import facts_of
from delivery.services import ServiceRequest
from tests.delivery import receiver
from tests.delivery.events import blog, event, item
from tests.delivery.receiver import Matrix, Received, Reply

ADDRESSES = {
    "slack": ("https://hooks.example/services/T0/B0/token", None),
    "discord": ("https://discord.example/api/webhooks/1/token", None),
    "matrix": ("https://m.example/_matrix/client/v3/rooms/!room:example.org/send/m.room.message", "hunter2"),
    "ntfy": ("https://ntfy.example/topic", "tk_hunter2"),
    "gotify": ("https://gotify.example/message", "hunter2"),
}
CHECKS: dict[str, Callable[[Received], Reply]] = {
    "slack": receiver.slack,
    "discord": receiver.discord,
    "matrix": Matrix(),
    "ntfy": receiver.ntfy,
    "gotify": receiver.gotify,
}


def request(service: str, kind: Any = "entry", *, language: str = "en", **changes: Any) -> ServiceRequest:
    """The request for an event."""
    happened = event(1, kind, **changes)
    facts = facts_of(happened, {} if kind == "delete" else item(1, **changes), blog(), "https://live.example")
    url, token = ADDRESSES[service]
    return services.request(service, url, token, facts, "msg_news_e_1", language)


def received(asked: ServiceRequest) -> Received:
    """A request as the service receives it."""
    path = "/" + asked.url.split("/", 3)[3]
    headers = HTTPHeaders({"Content-Type": "application/json", **asked.headers})
    return Received(asked.method, path, headers, asked.body.encode())


def body(service: str, kind: Any = "entry", **changes: Any) -> Any:
    return received(request(service, kind, **changes)).json()


@pytest.mark.parametrize("service", CHECKS)
@pytest.mark.parametrize("kind", ["entry", "update", "delete"])
def test_every_event_has_the_form_of_the_service(service: str, kind: str) -> None:
    assert CHECKS[service](received(request(service, kind))).status < 300


TEXT = st.text(st.characters(codec="utf-8"), max_size=300) | st.text("<>&|*_`[]()\\@#~ \n!", max_size=300)
URLS = st.builds("https://a.example/{}".format, st.text("<>|()[]*_ \\ü%&\"'", max_size=60))


@given(title=TEXT, text=TEXT, url=URLS, source=TEXT)
def test_no_post_leaves_the_form_of_a_service(title: str, text: str, url: str, source: str) -> None:
    about = {"source": {"title": source, "feed_url": "https://f.example/"}}
    post: dict[str, Any] = {"title": title, "summary": text, "content_html": "", "url": url, "_livelog": about}
    for service, check in CHECKS.items():
        assert check(received(request(service, **post))).status < 300


@pytest.mark.parametrize("letter", ["x", "<", "&", "*", "😀", "\\"])
def test_the_longest_post_is_within_the_limits_of_each_service(letter: str) -> None:
    about = {"source": {"title": letter * 999, "feed_url": "https://f.example/"}}
    post = {
        "title": letter * 9_999,
        "content_html": "",
        "summary": letter * 9_999,
        "url": f"https://a.example/{'u' * 680}",
    }
    for service, check in CHECKS.items():
        assert check(received(request(service, "update", **post, _livelog=about))).status < 300


def test_slack_gets_escaped_text_with_a_link() -> None:
    assert body("slack", title="A <b> & @channel | c", content_html="<p>One &lt;!here&gt;</p>")["text"] == (
        "<https://a.example/1|A &lt;b&gt; &amp; @channel ¦ c>\nOne &lt;!here&gt;\nThe Source"
    )


def test_discord_gets_escaped_markdown_that_mentions_nobody() -> None:
    assert body("discord", title="A *b* [c](d) @everyone") == {
        "content": "**[A \\*b\\* \\[c\\]\\(d\\) \\@everyone](<https://a.example/1>)**\nThe text of 1\\.\nThe Source",
        "allowed_mentions": {"parse": []},
    }


def test_discord_is_asked_for_its_errors_also_for_a_message_in_a_thread() -> None:
    facts = facts_of(event(1), item(1), blog(), None)
    asked = services.request("discord", "https://discord.example/1?thread_id=2", None, facts, "msg", "en")
    assert asked.url == "https://discord.example/1?thread_id=2&wait=true"


def test_matrix_gets_a_notice_in_a_transaction_of_the_event() -> None:
    asked = request("matrix", title="A <b>")
    assert (asked.method, asked.url.rpartition("/")[2]) == ("PUT", "msg_news_e_1")
    assert asked.headers == {"Authorization": "Bearer hunter2"}
    assert received(asked).json() == {
        "msgtype": "m.notice",
        "body": "A <b>\nhttps://a.example/1\nThe text of 1.\nThe Source",
        "format": "org.matrix.custom.html",
        "formatted_body": '<b><a href="https://a.example/1">A &lt;b&gt;</a></b><br>The text of 1.<br>The Source',
        "m.mentions": {},
    }


def test_ntfy_gets_the_topic_of_the_url() -> None:
    asked = request("ntfy")
    assert (asked.url, asked.headers) == ("https://ntfy.example/", {"Authorization": "Bearer tk_hunter2"})
    assert received(asked).json() == {
        "topic": "topic",
        "title": "Post 1",
        "message": "The text of 1.\nThe Source",
        "click": "https://a.example/1",
    }


def test_gotify_gets_plain_text_with_a_link_and_its_token_in_a_header() -> None:
    asked = request("gotify")
    assert asked.headers == {"X-Gotify-Key": "hunter2"}
    assert received(asked).json() == {
        "title": "Post 1",
        "message": "The text of 1.\nThe Source",
        "priority": 5,
        "extras": {
            "client::display": {"contentType": "text/plain"},
            "client::notification": {"click": {"url": "https://a.example/1"}},
        },
    }


def test_corrections_and_withdrawals_are_named_in_the_language_of_the_blog() -> None:
    assert body("ntfy", "update")["title"] == "Corrected: Post 1"
    assert body("ntfy", "delete") == {
        "topic": "topic",
        "title": "Withdrawn: https://live.example/news/e/id1",
        "message": "The News",
        "click": "https://live.example/news/e/id1",
    }
    assert received(request("ntfy", "update", language="zh")).json()["title"] == "更正：Post 1"


def test_a_post_without_a_title_is_shown_once() -> None:
    assert body("ntfy", title=None)["title"] == "The text of 1."
    assert body("ntfy", title=None)["message"] == "The Source"


def test_a_url_that_is_too_long_is_left_out() -> None:
    assert "click" not in body("ntfy", url=f"https://a.example/{'u' * 800}")


def test_no_secret_is_in_the_representation_of_a_request() -> None:
    assert "token" not in repr(request("slack"))
    assert "hunter2" not in repr(request("matrix"))
