"""Remedies for feeds, web pages among them, and for lists of feeds."""

from __future__ import annotations

import re
from typing import Final

from remedies.advice import BUG, REFUSED, UNREACHABLE, Advice, matching

_OF_STATUS: Final = {
    401: Advice(
        "login",
        what="It demands a user name and a password.",
        remedy="Set username and password_file, headers or cookie of the feed in config.yaml.",
    ),
    403: Advice(
        "forbidden",
        what="Its server refuses Livelog.",
        remedy="Open the address in a browser. If that works, set user_agent or headers of the feed in config.yaml.",
    ),
    406: Advice(
        "not_acceptable",
        what="Its server has no form of it for Livelog.",
        remedy="Set another user_agent of the feed in config.yaml.",
    ),
    407: Advice(
        "proxy_login",
        what="The proxy demands a user name and a password.",
        remedy="Set both in proxy of the feed in config.yaml.",
    ),
    451: Advice(
        "legal",
        what="Its publisher may not send it to this country.",
        remedy="A proxy of the feed in another country may help.",
    ),
    404: Advice(
        "missing",
        what="There is nothing at its address.",
        remedy="Find its new address on the publisher’s site, and put it into config.yaml.",
    ),
    410: Advice(
        "gone",
        what="Its publisher has removed it for good.",
        remedy="Remove it from config.yaml, or put in its new address. Livelog asks again in a year.",
    ),
    429: Advice(
        "too_often",
        what="Its server demands fewer requests.",
        remedy="Set a longer interval for the feeds of this server. None is asked before its pause is over.",
    ),
}
_OF_PROBLEM: Final = (
    (
        r"^scrape\.",
        Advice(
            "scrape",
            what="Its page has nothing that its selectors select.",
            remedy="Correct scrape of the feed in config.yaml: livelog try shows what its selectors find.",
        ),
    ),
    (
        "host name cannot be resolved",
        Advice(
            "dns",
            what="The name of its server is unknown.",
            remedy="Check the spelling of the address. If all sources fail, check the DNS of this machine.",
        ),
    ),
    (
        "certificate is not valid.*expired",
        Advice(
            "tls",
            what="Its certificate has expired.",
            remedy="Its publisher has to renew it. Check the clock of this machine.",
        ),
    ),
    (
        "certificate is not valid.*(self.signed|issuer|unable to get)",
        Advice(
            "tls",
            what="Nobody whom this machine trusts vouches for its certificate.",
            remedy="Add the certificate authority of its publisher to those that this machine trusts.",
        ),
    ),
    (
        "certificate is not valid.*(mismatch|match)",
        Advice(
            "tls",
            what="Its certificate is for another host.",
            remedy="Check the host in the address, or tell its publisher.",
        ),
    ),
    (
        "No secure connection",
        Advice(
            "tls",
            what="No secure connection can be made.",
            remedy="Check that the server takes https on this port. http:// may work.",
        ),
    ),
    (
        "certificate is not valid",
        Advice(
            "tls",
            what="Its certificate is not valid.",
            remedy="Tell its publisher. If all sources fail, check clock and CA certificates of this machine.",
        ),
    ),
    ("connection was refused", REFUSED),
    (
        "No answer within",
        Advice(
            "timeout",
            what="Its server does not answer in time.",
            remedy="If it is only slow, raise fetch.timeout. If all sources fail, check the network of this machine.",
        ),
    ),
    (
        "private address",
        Advice(
            "private",
            what="Its name leads into a private network.",
            remedy="If that is meant, list the network in fetch.private_networks. If not, remove the feed.",
        ),
    ),
    (
        "that only browsers can meet",
        Advice(
            "challenge",
            what="Its server demands a test that only browsers pass.",
            remedy="Ask its publisher to let this server through, or find another address of the feed.",
        ),
    ),
    (
        "web page",
        Advice(
            "page",
            what="There is a web page at its address, not a feed.",
            remedy="Put the address of one of its feeds into config.yaml.",
        ),
    ),
    (
        "is larger than",
        Advice(
            "too_large",
            what="Its document is too large.",
            remedy="Raise fetch.max_bytes if you trust it, or find a shorter form of the feed.",
        ),
    ),
    (
        "not a feed|too damaged|JSON|was empty|and damaged|not HTTP|damaged",
        Advice(
            "unreadable",
            what="Its document cannot be read as a feed.",
            remedy="Open the address in a browser. If it shows no feed, look for another address.",
        ),
    ),
    (
        "redirect",
        Advice(
            "redirect",
            what="It redirects to where Livelog cannot follow.",
            remedy="Open the address in a browser, and put the address that it ends at into config.yaml.",
        ),
    ),
    (
        "breaks off|broke off|closed without",
        Advice(
            "broken_off",
            what="Its answer breaks off.",
            remedy="Wait: Livelog keeps trying. If it stays so, tell its publisher.",
        ),
    ),
    (
        "Reading it took|processes that read",
        Advice(
            "expensive",
            what="It takes too much time or memory to read.",
            remedy="Find a shorter form of the feed, or remove it. The other sources are not held up.",
        ),
    ),
    ("met a bug", BUG),
    ("cannot be reached", UNREACHABLE),
)
_SERVER_FAULT: Final = Advice(
    "server_fault",
    what="Its server has a fault.",
    remedy="Wait: Livelog keeps trying. If it stays so, tell its publisher.",
)
_UNKNOWN: Final = Advice(
    "unknown",
    what="It cannot be read.",
    remedy="Open the address in a browser, and compare with the reason below.",
)
_NO_LIST: Final = Advice(
    "list",
    what="There is no list of feeds at its address that can be read.",
    remedy="Open the address in a browser, and check opml of the blog in config.yaml.",
)

SLOW_PATTERN: Final = Advice(
    "slow_pattern",
    what="This pattern takes too long, and is left out.",
    remedy="Write it without a repeat inside a repeat, such as (a+)+, or as a plain word.",
)


def for_feed(problem: str | None, status: int | None) -> Advice | None:
    """The advice for problem and status of a `FeedState`; None if it has no problem."""
    if problem is None:
        return None
    # The status comes second: a challenge has a 403, and a redirect may, too.
    found = matching(_OF_PROBLEM, problem) or _OF_STATUS.get(status or 0)
    return found or (_SERVER_FAULT if (status or 0) >= 500 else _UNKNOWN)


def remedy(problem: str | None, status: int | None) -> str | None:
    """The remedy of `for_feed`."""
    advice = for_feed(problem, status)
    return advice and advice.remedy


def for_list(problem: str | None, status: int | None) -> Advice | None:
    """The advice for problem and status of a list of feeds; None if it has no problem."""
    if problem and re.search("list of feeds|part of the list|is larger than", problem):
        return _NO_LIST
    return for_feed(problem, status)
