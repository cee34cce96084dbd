"""The requests of chat and notification services for one post, each with its escaping, limits and login.

    slack    incoming webhook    https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    discord  Execute Webhook     https://docs.discord.com/developers/resources/webhook#execute-webhook
    matrix   room message        https://spec.matrix.org/latest/client-server-api/#sending-events-to-a-room
    ntfy     publish as JSON     https://docs.ntfy.sh/publish/#publish-as-json
    gotify   push message        https://gotify.net/docs/pushmsg

Text of feeds stays text: it can neither format a message, nor mention anybody. Titles, summaries and names
are short (`pages.item`): with a URL of at most MAX_URL_CHARS no message reaches the limit of a service, of which that
of Discord is the lowest (2,000 characters).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from delivery.post_facts import PostFacts
from entries import dump

MAX_URL_CHARS: Final = 700
"""A longer URL is left out of a message."""

GOTIFY_PRIORITY: Final = 5
"""Makes a sound on Android, as priorities of 4 to 7 do. Without one old servers show no notification."""

_PREFIXES: Final = {
    "en": {"entry": "", "update": "Corrected: ", "delete": "Withdrawn: ", "test": "Test: "},
    "zh": {"entry": "", "update": "更正：", "delete": "已撤回：", "test": "测试："},
}
_IN_URL: Final = "%/?#@!$&'*+,;=:"
"""Characters of URLs that stay, beside letters, digits and `-._~`. Brackets would end a link of Markdown."""

_MARKDOWN: Final = re.compile(r"([\\`*_~|<>\[\]()#@:+.!-])")


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A request to a service. ``headers`` have the login."""

    method: str
    url: str = field(repr=False)
    body: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def request(
    service: str, url: str, token: str | None, facts: PostFacts, message: str, language: str
) -> ServiceRequest:
    """The request for an event. ``token`` is the webhook's secret; ``message`` the id of its requests."""
    heading = Heading(_PREFIXES[language][facts.event], facts)
    return _SERVICES[service](url, token, heading, message)


@dataclass(frozen=True, slots=True)
class Heading:
    """A post and the word before its title, empty for a new one."""

    prefix: str
    facts: PostFacts

    @property
    def title(self) -> str:
        """The title; of a withdrawn post its permalink or id."""
        return self.facts.title or self.facts.permalink or self.facts.id

    @property
    def url(self) -> str:
        """The URL in ASCII (RFC 3986), without characters that end a link in a message."""
        url = quote(self.facts.url, safe=_IN_URL)
        return url if len(url) <= MAX_URL_CHARS else ""

    @property
    def one_line(self) -> str:
        """Prefix and title."""
        return f"{self.prefix}{self.title}"


def _slack(url: str, _token: str | None, heading: Heading, _message: str) -> ServiceRequest:
    # Slack decodes these three and no other entity. In a link a | ends the address.
    title = html.escape(heading.title, quote=False)
    link = f"<{html.escape(heading.url, quote=False)}|{title.replace('|', '¦')}>" if heading.url else title
    text = _lines(f"{heading.prefix}{link}", *(html.escape(line, quote=False) for line in _below(heading)))
    return ServiceRequest("POST", url, dump({"text": text, "unfurl_links": False, "unfurl_media": False}))


def _discord(url: str, _token: str | None, heading: Heading, _message: str) -> ServiceRequest:
    title = _MARKDOWN.sub(r"\\\1", heading.title)
    link = f"[{title}](<{heading.url}>)" if heading.url else title
    content = _lines(f"{heading.prefix}**{link}**", *(_MARKDOWN.sub(r"\\\1", line) for line in _below(heading)))
    # Without it Discord answers before it has stored the message, and reports no error.
    waiting = url if "wait=" in url else f"{url}{'&' if '?' in url else '?'}wait=true"
    return ServiceRequest("POST", waiting, dump({"content": content, "allowed_mentions": {"parse": []}}))


def _matrix(url: str, token: str | None, heading: Heading, message: str) -> ServiceRequest:
    title = html.escape(heading.title)
    link = f'<a href="{html.escape(heading.url)}">{title}</a>' if heading.url else title
    rest = _below(heading)
    body = {
        "msgtype": "m.notice",
        "body": _lines(heading.one_line, heading.url, *rest),
        "format": "org.matrix.custom.html",
        "formatted_body": "<br>".join(filter(None, (f"{heading.prefix}<b>{link}</b>", *map(html.escape, rest)))),
        # An empty object mentions nobody, whatever the text has.
        "m.mentions": {},
    }
    return ServiceRequest("PUT", f"{url}/{quote(message, safe='')}", dump(body), _bearer(token))


def _ntfy(url: str, token: str | None, heading: Heading, _message: str) -> ServiceRequest:
    root, _, topic = url.rpartition("/")
    # ntfy writes "triggered" in the place of an empty message.
    message = _lines(*_below(heading)) or heading.facts.blog
    body = {"topic": topic, "title": heading.one_line, "message": message}
    return ServiceRequest("POST", f"{root}/", dump(body | _if_any("click", heading.url)), _bearer(token))


def _gotify(url: str, token: str | None, heading: Heading, _message: str) -> ServiceRequest:
    click = {"client::notification": {"click": {"url": heading.url}}} if heading.url else {}
    body = {
        "title": heading.one_line,
        "message": _lines(*_below(heading)) or heading.facts.blog,
        "priority": GOTIFY_PRIORITY,
        # Never Markdown, whose pictures a client would load.
        "extras": {"client::display": {"contentType": "text/plain"}, **click},
    }
    return ServiceRequest("POST", url, dump(body), {"X-Gotify-Key": token} if token else {})


_SERVICES: Final[dict[str, Callable[[str, str | None, Heading, str], ServiceRequest]]] = {
    "slack": _slack,
    "discord": _discord,
    "matrix": _matrix,
    "ntfy": _ntfy,
    "gotify": _gotify,
}


def _below(heading: Heading) -> tuple[str, ...]:
    """The lines below the title: the summary, and the source."""
    return tuple(filter(None, (heading.facts.summary, heading.facts.source)))


def _lines(*lines: str) -> str:
    return "\n".join(filter(None, lines))


def _bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _if_any(key: str, value: str) -> dict[str, str]:
    return {key: value} if value else {}
