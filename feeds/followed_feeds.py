"""The feeds that the configuration follows, each joined from all blogs that use it: a feed is fetched once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import redaction
import urls
from config import Blog, Feed, ListedFeed, Scrape
from feeds.parser.selectors import Selectors
from outbound.client import NOTHING_OWN, STRANGERS, Own
from outbound.host_limits import host_key


@dataclass(frozen=True, slots=True)
class FollowedFeed:
    """A feed and its settings. ``interval`` is in seconds, None for `auto`; ``uses`` has the feed of each blog.

    ``id`` is the one in config.yaml, empty for none. ``own`` is of its requests to its own origin.
    """

    url: str
    interval: float | None
    uses: Mapping[str, Feed] = field(default_factory=dict)
    id: str = ""
    own: Own = NOTHING_OWN

    @property
    def identity(self) -> str:
        """The name by which the timeline knows the feed, see `config.Feed.identity`."""
        return self.id or urls.feed_identity(self.url)

    @property
    def filters(self) -> Mapping[str, str]:
        """The digest of each blog's filter, empty for none."""
        return {blog: feed.filter_digest for blog, feed in self.uses.items()}

    @property
    def name(self) -> str:
        """The feed's name in the log: its URL without secrets."""
        return redaction.public_url(self.url)

    @property
    def host(self) -> str:
        """The key of the host that is asked."""
        return host_key(self.url)

    @property
    def named_by_operator(self) -> str:
        """``url`` if config.yaml has it; `STRANGERS` if lists elsewhere alone have."""
        is_listed = self.uses and all(isinstance(feed, ListedFeed) for feed in self.uses.values())
        return STRANGERS if is_listed else self.url

    @property
    def selectors(self) -> Selectors | None:
        """The selectors of a web page, None for a feed."""
        return Selectors(**self._scrape.model_dump()) if self._scrape else None

    @property
    def reading(self) -> str:
        """`FeedState.reading` after a poll."""
        return self._scrape.digest if self._scrape else ""

    @property
    def request(self) -> str:
        """`FeedState.request` after a poll."""
        return f"{self.own.digest}:{self.reading}" if self.reading else self.own.digest

    @property
    def _scrape(self) -> Scrape | None:
        # `config` has it the same in all blogs.
        return next((feed.scrape for feed in self.uses.values()), None)

    @property
    def withdraws(self) -> bool:
        """True if any blog treats entries that a document leaves out as withdrawn."""
        return any(feed.withdraw for feed in self.uses.values())


class FollowedFeeds(Mapping[str, FollowedFeed]):
    """The feeds of these blogs, by identity.

    Where blogs differ in the interval of a feed, the shortest that is configured counts; of addresses, the first.
    """

    def __init__(self, blogs: Iterable[Blog]) -> None:
        self._followed_feeds: dict[str, FollowedFeed] = {}
        listed: list[tuple[str, Feed]] = []
        for blog in blogs:
            for feed in blog.feeds:
                if isinstance(feed, ListedFeed):
                    listed.append((blog.slug, feed))
                else:
                    self._use(blog.slug, feed)
        # config.yaml comes first: its address and its request count for a feed that a list has, too.
        for slug, feed in listed:
            self._use(slug, feed)
        self._on_host: defaultdict[str, list[str]] = defaultdict(list)
        self.urls: dict[str, str] = {}
        for identity, followed in self._followed_feeds.items():
            self._on_host[followed.host].append(identity)
            self.urls[identity] = followed.url

    def __getitem__(self, identity: str) -> FollowedFeed:
        return self._followed_feeds[identity]

    def __iter__(self) -> Iterator[str]:
        return iter(self._followed_feeds)

    def __len__(self) -> int:
        return len(self._followed_feeds)

    def on_host(self, host: str) -> Sequence[str]:
        """The identities of the feeds of a host (a `host_key`)."""
        return self._on_host.get(host, ())

    def _use(self, slug: str, feed: Feed) -> None:
        followed = self._followed_feeds.get(feed.identity) or FollowedFeed(feed.url, None, own=own_of(feed))
        intervals = [interval for interval in (followed.interval, feed.interval) if interval is not None]
        self._followed_feeds[feed.identity] = FollowedFeed(
            followed.url, min(intervals, default=None), {**followed.uses, slug: feed}, feed.id or "", followed.own
        )


def own_of(feed: Feed) -> Own:
    """The headers, credentials and proxy of a feed. `config` has them the same in all blogs."""
    if not feed.request_headers and feed.credentials is None and feed.proxy is None:
        return NOTHING_OWN
    proxy = feed.proxy.get_secret_value() if feed.proxy else None
    return Own(headers=feed.request_headers, credentials=feed.credentials, proxy=proxy)
