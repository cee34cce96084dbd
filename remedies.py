"""Remedies: from a problem of a feed, a webhook or the store to two sentences: the cause, and what to do.

Problems are sentences of feeds/, outbound/ and timeline/, each matched by a part of it that no other has.
tests/test_status.py has real failures lead to them. `/status` translates the sentences, by locales/operator/.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Advice(NamedTuple):
    """A cause, the sentence ``what`` is wrong, and the ``remedy``."""

    cause: str
    what: str
    remedy: str


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
    (
        "connection was refused",
        Advice(
            "refused",
            what="No server listens at its address.",
            remedy="Check host and port of the address. If they are right, wait: Livelog keeps trying.",
        ),
    ),
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
    (
        "met a bug",
        Advice(
            "bug",
            what="Livelog has a bug.",
            remedy="Report it, with the lines of the log.",
        ),
    ),
    (
        "cannot be reached",
        Advice(
            "unreachable",
            what="There is no way to its server.",
            remedy="Check network and firewall of this machine, and its IPv6 if the server has nothing else.",
        ),
    ),
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
    (
        "connection was refused",
        Advice(
            "refused",
            what="No server listens at its address.",
            remedy="Check host and port of the address. If they are right, wait: Livelog keeps trying.",
        ),
    ),
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
            remedy="Make a new webhook at the service, and put its address into url in config.yaml.",
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
    (
        "met a bug",
        Advice(
            "bug",
            what="Livelog has a bug.",
            remedy="Report it, with the lines of the log.",
        ),
    ),
    (
        "cannot be reached|not HTTP|closed without|broke off|breaks off",
        Advice(
            "unreachable",
            what="There is no way to its server.",
            remedy="Check network and firewall of this machine, and its IPv6 if the server has nothing else.",
        ),
    ),
)
_WEBHOOK_FAILS: Final = Advice(
    "unknown",
    what="It cannot be delivered.",
    remedy="Compare the reason below with url, template and secret of the webhook in config.yaml.",
)

_OF_STORE: Final = (
    (
        "disk is full|No space left",
        Advice(
            "disk_full",
            what="The disk of the store is full.",
            remedy="Free some space. Livelog then goes on by itself, and nothing is lost.",
        ),
    ),
    (
        "readonly|read-only|unable to open|Permission|cannot be written",
        Advice(
            "read_only",
            what="The store cannot be written.",
            remedy="Give the user of Livelog the right to write the database and its folder.",
        ),
    ),
    (
        "disk I/O|malformed|not a database",
        Advice(
            "disk_fails",
            what="The disk of the store fails.",
            remedy="Check disk and file system (dmesg). If the file is damaged, restore a backup.",
        ),
    ),
    (
        "OOM",
        Advice(
            "redis_memory",
            what="Redis has no memory left.",
            remedy="Raise maxmemory of Redis. Livelog then goes on by itself.",
        ),
    ),
    (
        "MISCONF",
        Advice(
            "redis_disk",
            what="Redis cannot write to its disk.",
            remedy="Free some space on the disk of Redis, and see its log.",
        ),
    ),
    (
        "READONLY|read only replica|MASTERDOWN|NOREPLICAS",
        Advice(
            "redis_replica",
            what="This Redis takes no writes.",
            remedy="Put the address of the primary Redis into store, or wait for the end of the fail-over.",
        ),
    ),
    (
        "password is wrong|NOAUTH|NOPERM|no permissions",
        Advice(
            "redis_login",
            what="Redis rejects the user name or the password.",
            remedy="Check both in store in config.yaml, and restart Livelog.",
        ),
    ),
    (
        "LOADING",
        Advice(
            "redis_loading",
            what="Redis is still reading its data.",
            remedy="Wait: Livelog then goes on by itself.",
        ),
    ),
    (
        "has not started yet",
        Advice(
            "starting",
            what="This server has not started yet.",
            remedy="Wait a moment.",
        ),
    ),
    (
        "about to stop",
        Advice(
            "stopping",
            what="This server is about to stop.",
            remedy="Readers are led to other nodes, or come back when it runs again.",
        ),
    ),
    (
        "met a bug",
        Advice(
            "bug",
            what="Livelog has a bug.",
            remedy="Restart it, and report the bug with the lines of the log.",
        ),
    ),
    (
        "rediss?://|Redis",
        Advice(
            "redis_away",
            what="Redis does not answer.",
            remedy="Start Redis, or check its address and the network. Livelog then goes on by itself.",
        ),
    ),
)
_STORE_FAILS: Final = Advice(
    "store",
    what="The store fails.",
    remedy="See the log. Livelog keeps trying.",
)

_NO_LIST: Final = Advice(
    "list",
    what="There is no list of feeds at its address that can be read.",
    remedy="Open the address in a browser, and check opml of the blog in config.yaml.",
)
_OF_HUB: Final = (
    (
        "has denied",
        Advice(
            "hub_denied",
            what="Its hub has denied the subscription.",
            remedy="Nothing is lost: it is polled. Livelog asks the hub again after a day.",
        ),
    ),
    (
        "has not confirmed",
        Advice(
            "hub_unconfirmed",
            what="Its hub has not confirmed the subscription.",
            remedy="Check that the hub can reach server.public_url. Until then, the source is polled.",
        ),
    ),
    (
        "gave no answer|asked for a pause|answered (429|5)",
        Advice(
            "hub_away",
            what="Its hub does not answer.",
            remedy="Nothing is lost: it is polled. Livelog keeps asking the hub.",
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
    found = _matching(_OF_PROBLEM, problem) or _OF_STATUS.get(status or 0)
    return found or (_SERVER_FAULT if (status or 0) >= 500 else _UNKNOWN)


def remedy(problem: str | None, status: int | None) -> str | None:
    """The remedy of `for_feed`."""
    advice = for_feed(problem, status)
    return advice and advice.remedy


def for_subscriber(problem: str) -> Advice:
    """The advice for the problem of a subscriber of our hub: those who run it have to mend it."""
    found = _matching(_OF_WEBHOOK, problem) or _WEBHOOK_FAILS
    if found.cause == "private":
        return found._replace(remedy="If that is meant, list the network in fetch.private_networks.")
    return found._replace(
        remedy="Those who run it have to mend that. Livelog keeps trying until the subscription ends."
    )


def for_webhook(problem: str) -> Advice | None:
    """The advice for the problem of a webhook; None for none."""
    return (_matching(_OF_WEBHOOK, problem) or _WEBHOOK_FAILS) if problem else None


def for_list(problem: str | None, status: int | None) -> Advice | None:
    """The advice for problem and status of a list of feeds; None if it has no problem."""
    if problem and re.search("list of feeds|part of the list|is larger than", problem):
        return _NO_LIST
    return for_feed(problem, status)


def for_hub(problem: str) -> Advice:
    """The advice for the problem of a `FeedSubscription`."""
    return _matching(_OF_HUB, problem) or _HUB_REFUSES


def for_store(problem: str) -> Advice:
    """The advice for a problem of this process: nearly always of its store."""
    return _matching(_OF_STORE, problem) or _STORE_FAILS


def _matching(table: tuple[tuple[str, Advice], ...], problem: str) -> Advice | None:
    return next((advice for pattern, advice in table if re.search(pattern, problem)), None)
