"""Each problem of a feed that an operator can mend has a remedy."""

from __future__ import annotations

import pytest

from remedies import remedy


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
