"""Each problem of a feed that an operator can mend has a remedy."""

from __future__ import annotations

import pytest

from remedies import for_webhook, remedy


@pytest.mark.parametrize(
    ("problem", "status", "words"),
    [
        ("Its host name cannot be resolved.", None, "spelling of the address"),
        ("The connection was refused.", None, "host and port"),
        ("Its certificate is not valid: certificate has expired.", None, "renew"),
        ("Its certificate is not valid: self-signed certificate.", None, "certificate authority"),
        ("Its certificate is not valid: Hostname mismatch.", None, "host in the address"),
        ("No answer within 20 seconds.", None, "fetch.timeout"),
        ("The answer is larger than 15000000 bytes.", None, "fetch.max_bytes"),
        ("The answer was 403 Forbidden: a challenge that only browsers can meet.", 403, "let this server through"),
        ("The answer was 403 Forbidden.", 403, "user_agent"),
        ("The answer was 404 Not Found.", 404, "new address"),
        ("The answer was 429 Too Many Requests.", 429, "longer interval"),
        ("This is a web page, not a feed.", 200, "address of one of its feeds"),
        ("More than 5 redirects.", None, "in a browser"),
        ("The document breaks off before its end.", 200, "keeps trying"),
        ("Reading it took more than 4 seconds of CPU.", 200, "shorter form"),
    ],
)
def test_a_problem_has_a_remedy(problem: str, status: int | None, words: str) -> None:
    assert words in (remedy(problem, status) or "")


def test_a_server_that_fails_is_waited_for() -> None:
    assert "keeps trying" in (remedy("The answer was 503 Service Unavailable.", 503) or "")


@pytest.mark.parametrize(
    ("problem", "cause"),
    [
        ("Its host name cannot be resolved.", "dns"),
        ("Its certificate is not valid: certificate has expired.", "tls"),
        ("The connection was refused.", "refused"),
        ("No answer within 8 seconds.", "timeout"),
        ("No answer within 10 seconds.", "timeout"),
        ("It leads to a private address.", "private"),
        ("The answer was 302 Found: a redirect, which is not followed.", "redirect"),
        ("The answer was 401 Unauthorized.", "login"),
        ("The answer was 404 Not Found.", "missing"),
        ("The answer was 410 Gone.", "gone"),
        ("The answer was 400 Bad Request.", "form"),
        ("The answer was 429 Too Many Requests.", "too_often"),
        ("The answer was 502 Bad Gateway.", "server_fault"),
        ("The configuration of this node does not have it.", "nodes_differ"),
        ("Livelog met a bug; the log has the details.", "bug"),
        ("The answer was 418 I'm a Teapot.", "unknown"),
    ],
)
def test_a_problem_of_a_webhook_has_a_remedy(problem: str, cause: str) -> None:
    advice = for_webhook(problem)
    assert advice
    assert advice.cause == cause


def test_a_webhook_without_a_problem_needs_no_remedy() -> None:
    assert for_webhook("") is None
