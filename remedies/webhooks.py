"""Remedies for deliveries to webhooks, and to subscribers of our hub."""

from __future__ import annotations

from typing import Final

from remedies.advice import BUG, REFUSED, UNREACHABLE, Advice, matching

_OF_WEBHOOK: Final = (
    (
        "host name cannot be resolved",
        Advice(
            "dns",
            what="The name of its server is unknown.",
            remedy="Check the spelling of url of the webhook in config.yaml, and the DNS of this machine.",
        ),
    ),
    (
        "certificate is not valid|No secure connection",
        Advice(
            "tls",
            what="No secure connection can be made.",
            remedy="Check host and certificate of its server, and the certificate authorities of this machine.",
        ),
    ),
    ("connection was refused", REFUSED),
    (
        "No answer within",
        Advice(
            "timeout",
            what="Its server does not answer in time.",
            remedy="Its server should answer first and work later. Livelog keeps trying.",
        ),
    ),
    (
        "private address",
        Advice(
            "private",
            what="Its name leads into a private network.",
            remedy="If that is meant, list the network in fetch.private_networks. If not, remove the webhook.",
        ),
    ),
    (
        "redirect",
        Advice(
            "redirect",
            what="It redirects to where Livelog cannot follow.",
            remedy="Put the address that it redirects to into url of the webhook in config.yaml.",
        ),
    ),
    (
        "answer was (401|403|407)",
        Advice(
            "login",
            what="Its server refuses Livelog.",
            remedy="Check url, secret and headers of the webhook in config.yaml.",
        ),
    ),
    (
        "answer was 404",
        Advice(
            "missing",
            what="There is nothing at its address.",
            remedy="Check url of the webhook in config.yaml. If its service has removed it, make a new one there.",
        ),
    ),
    (
        "answer was 410",
        Advice(
            "gone",
            what="Its server wants no more.",
            remedy="Nothing is sent until you change the webhook in config.yaml. Correct or remove it.",
        ),
    ),
    (
        "answer was (400|413|422)",
        Advice(
            "form",
            what="Its server does not accept the form of a post.",
            remedy="Check template of the webhook in config.yaml. A post is tried three times, then the next one.",
        ),
    ),
    (
        "answer was 429",
        Advice(
            "too_often",
            what="Its server demands fewer requests.",
            remedy="Send less: set events, include or exclude of the webhook in config.yaml.",
        ),
    ),
    (
        "configuration of this node",
        Advice(
            "nodes_differ",
            what="Not all nodes have this webhook.",
            remedy="Give all nodes the same config.yaml.",
        ),
    ),
    (
        "answer was 5",
        Advice(
            "server_fault",
            what="Its server has a fault.",
            remedy="Wait: Livelog tries for a day. If it stays so, tell those who run it.",
        ),
    ),
    ("met a bug", BUG),
    ("cannot be reached|not HTTP|closed without|broke off|breaks off", UNREACHABLE),
)
_WEBHOOK_FAILS: Final = Advice(
    "unknown",
    what="It cannot be delivered.",
    remedy="Compare the reason below with url, template and secret of the webhook in config.yaml.",
)


def for_subscriber(problem: str) -> Advice:
    """The advice for the problem of a subscriber of our hub: those who run it have to mend it."""
    found = matching(_OF_WEBHOOK, problem) or _WEBHOOK_FAILS
    if found.cause == "private":
        return found._replace(remedy="If that is meant, list the network in fetch.private_networks.")
    return found._replace(
        remedy="Those who run it have to mend that. Livelog keeps trying until the subscription ends."
    )


def for_webhook(problem: str) -> Advice | None:
    """The advice for the problem of a webhook; None for none."""
    return (matching(_OF_WEBHOOK, problem) or _WEBHOOK_FAILS) if problem else None
