"""Remedies: a sentence for the operator of what mends a feed that fails, by its problem or its HTTP status."""

from __future__ import annotations

import re
from typing import Final

_BY_PROBLEM: Final = (
    ("host name cannot be resolved", "Check the spelling of the host, and the DNS of this machine."),
    ("connection was refused", "Check host and port. If they are right, the publisher's server is down."),
    ("private_networks", "If you trust this network, list it in fetch.private_networks."),
    (
        "certificate is not valid.*(self.signed|issuer|unable to get)",
        "Add the publisher's certificate authority to those that this machine trusts.",
    ),
    ("certificate is not valid.*expired", "The publisher has to renew it. Check the clock of this machine."),
    ("certificate is not valid", "Check the host in the URL: the certificate is of another, or damaged."),
    ("No secure connection", "Check that the host takes https on this port; http:// may work."),
    ("^No answer within", "If the publisher's server is slow, raise fetch.timeout."),
    ("answer is larger than", "Raise fetch.max_bytes, or use a feed with fewer entries."),
    ("challenge that only browsers", "Ask the publisher to let feed readers in; another user_agent may help."),
    ("redirect", "Open the URL in a browser, and use the address where the feed is."),
    ("feed it names", "Use the URL of the feed itself, from the source of the page."),
    ("web page", "Use the URL of the feed itself: the page names none that can be read."),
    (
        "was empty|not a feed|not a JSON Feed|neither XML|too damaged|is damaged|is compressed",
        "Open the URL in a browser: if there is a feed, it is not valid, and its publisher has to mend it.",
    ),
    ("breaks off|broke off", "The publisher's server sent only a part: it is tried again at the usual interval."),
    ("^Reading it took", "The document is too large or complex; use a feed with fewer entries."),
    ("304 Not Modified to a request", "The publisher's cache is wrong: another query, such as ?new, may pass it."),
    ("^Livelog met a bug", "Please report it, with the lines of the log."),
)
"""Patterns of sentences, the first that matches counts."""

_BY_STATUS: Final = {
    401: "Set username and password of the feed, or a header in headers.",
    403: "The publisher refuses: set what it asks for in username, cookie or headers, or another user_agent.",
    404: "Check the URL: the feed may have another address now.",
    406: "Set another user_agent.",
    407: "Set user name and password in proxy.",
    410: "The publisher has ended this feed: remove it, or find its successor.",
    429: "The publisher asks for fewer requests: set a longer interval.",
    451: "The publisher may not send it to this country: a proxy elsewhere may help.",
}


def remedy(problem: str | None, status: int | None) -> str | None:
    """The remedy for a problem and status of a `FeedState`; None if nothing but waiting is left."""
    for pattern, sentence in _BY_PROBLEM:
        if problem and re.search(pattern, problem):
            return sentence
    return _BY_STATUS.get(status or 0)
