"""Remedies for subscriptions of feeds at their hubs."""

from __future__ import annotations

from typing import Final

from remedies.advice import Advice, matching

_OF_HUB: Final = (
    (
        "^The hub has denied",
        Advice(
            "hub_denied",
            what="Its hub has denied the subscription.",
            remedy="Nothing is lost: it is polled. Livelog asks the hub again after a day.",
        ),
    ),
    (
        "^The hub has accepted",
        Advice(
            "hub_unconfirmed",
            what="Its hub has not confirmed the subscription.",
            remedy="Check that the hub can reach server.public_url. Until then, the source is polled.",
        ),
    ),
    (
        "^The hub (gave no answer|asked for a pause|answered (429|5))",
        Advice(
            "hub_away",
            what="Its hub does not answer.",
            remedy="Nothing is lost: it is polled. Livelog keeps asking the hub.",
        ),
    ),
    (
        "^The hub answered 4.*callback",
        Advice(
            "hub_callback",
            what="Its hub does not accept the address of this server.",
            remedy="Set server.public_url to an address that the hub can reach. Until then, the source is polled.",
        ),
    ),
)
_HUB_REFUSES: Final = Advice(
    "hub_refuses",
    what="Its hub refuses the subscription.",
    remedy="Nothing is lost: it is polled. Tell its publisher.",
)
HUB_DEAD: Final = Advice(
    "hub_dead",
    what="Its hub is dead or late: polls had to make up for it.",
    remedy="Nothing is lost: it is polled as without a hub until pushes come first again. Tell its publisher.",
)


def for_hub(problem: str) -> Advice:
    """The advice for the problem of a `FeedSubscription`."""
    return matching(_OF_HUB, problem) or _HUB_REFUSES
