"""Remedies: from a problem of a feed, a hub, a webhook or the store to two sentences: the cause, and what to do.

Problems are sentences of feeds/, outbound/, delivery/ and timeline/, each matched by a part of it that no other has.
tests/test_status.py has real failures lead to them. `/status` translates the sentences, by locales/operator/.
"""

from remedies.advice import Advice, as_json
from remedies.feeds import SLOW_PATTERN, for_feed, for_list, remedy
from remedies.hubs import HUB_DEAD, for_hub
from remedies.stores import for_store
from remedies.webhooks import for_subscriber, for_webhook

__all__ = [
    "HUB_DEAD",
    "SLOW_PATTERN",
    "Advice",
    "as_json",
    "for_feed",
    "for_hub",
    "for_list",
    "for_store",
    "for_subscriber",
    "for_webhook",
    "remedy",
]
