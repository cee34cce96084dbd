"""One feed of a newsroom, and its posts."""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from demo.posts import Draft, Enclosure, Post, Withdrawal, now
from demo.render import CONTENT_TYPES, Channel, Format, document

if TYPE_CHECKING:
    from demo.newsroom import Newsroom

_GUID_AUTHORITY = "tag:newsroom.example,2026"


@dataclass(frozen=True)
class Resource:
    """A body with strong validators. The gzip encoding has a different entity tag (RFC 9110 §8.8.3.3)."""

    body: bytes
    content_type: str
    modified: datetime

    @cached_property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:20]}"'

    @cached_property
    def gzip_etag(self) -> str:
        return f'{self.etag[:-1]}-gzip"'

    @cached_property
    def gzipped(self) -> bytes:
        return gzip.compress(self.body, compresslevel=6, mtime=0)


class Desk:
    """One feed of a newsroom and the posts in it. Made by `Newsroom.open_desk()`."""

    def __init__(self, newsroom: Newsroom, path: str, title: str, keep: int, form: Format) -> None:
        self.path = path
        self.title = title
        self.format: Format = form
        self._newsroom = newsroom
        self._keep = keep
        self._posts: OrderedDict[str, Post] = OrderedDict()  # by guid, oldest first
        self._withdrawals: deque[Withdrawal] = deque(maxlen=keep)
        self._published = 0
        self._modified = now()
        self._resource: Resource | None = None

    @property
    def url(self) -> str:
        """The feed's URL. Raises RuntimeError before the newsroom is started."""
        return self._newsroom.url(self.path)

    @property
    def posts(self) -> tuple[Post, ...]:
        """The posts that the feed lists, newest first."""
        return tuple(reversed(self._posts.values()))

    @property
    def withdrawals(self) -> tuple[Withdrawal, ...]:
        """The withdrawn posts, newest first. Only Atom documents list them."""
        return tuple(reversed(self._withdrawals))

    def publish(
        self,
        post: Draft | None = None,
        *,
        guid: str | None = None,
        link: str | None = None,
        published: datetime | None = None,
        title: str | None = None,
        html: str = "",
        summary: str | None = None,
        author: str | None = None,
        categories: tuple[str, ...] = (),
        image: str | None = None,
        enclosure: Enclosure | None = None,
    ) -> Post:
        """Put a post at the top of the feed and return it. The oldest post is dropped beyond `keep`.

        A `Post` is listed unchanged. A `Draft`, or one made of the keyword arguments, gets `guid`, `link` and
        `published` (aware); the defaults are a new guid, a page of this newsroom, and now. A post with the same
        guid is replaced and moves to the top.
        """
        if post is None:
            post = Draft(
                title=title,
                html=html,
                summary=summary,
                author=author,
                categories=categories,
                image=image,
                enclosure=enclosure,
            )
        complete = post if isinstance(post, Post) else self._complete(post, guid, link, published or now())
        self._posts.pop(complete.guid, None)
        self._posts[complete.guid] = complete
        while len(self._posts) > self._keep:
            self._posts.popitem(last=False)
        self._forget_withdrawal(complete.guid)
        self._changed(complete)
        return complete

    def correct(self, guid: str, *, title: str | None = None, html: str | None = None) -> Post:
        """Change a post's title, HTML or both without moving it, and return the new post.

        Raises KeyError if the feed does not list `guid`.
        """
        post = self._posts[guid]
        post = replace(
            post,
            title=post.title if title is None else title,
            html=post.html if html is None else html,
            updated=max(now(), post.updated),
        )
        self._posts[guid] = post
        self._changed(post)
        return post

    def withdraw(self, guid: str) -> Post:
        """Remove a post from the feed and return it. An Atom feed then lists a tombstone for it.

        Raises KeyError if the feed does not list `guid`.
        """
        post = self._posts.pop(guid)
        self._withdrawals.append(Withdrawal(guid=guid, when=now()))
        self._newsroom.gone(post.link)
        self._touch()
        return post

    def resource(self) -> Resource:
        """The current feed document, rendered once per change."""
        if self._resource is None:
            channel = Channel(
                title=self.title,
                feed_url=self.url,
                home_url=self._newsroom.url("/"),
                posts=self.posts,
                withdrawals=self.withdrawals,
                changed=self._modified,
            )
            body = document(channel, self.format)
            self._resource = Resource(body, CONTENT_TYPES[self.format], self._modified)
        return self._resource

    def _complete(self, draft: Draft, guid: str | None, link: str | None, published: datetime) -> Post:
        self._published += 1
        return Post(
            guid=guid or f"{_GUID_AUTHORITY}:{self.path.lstrip('/')}/{self._published}",
            link=link or self._newsroom.next_link(),
            published=published,
            updated=published,
            title=draft.title,
            html=draft.html,
            summary=draft.summary,
            author=draft.author,
            categories=draft.categories,
            image=draft.image,
            enclosure=draft.enclosure,
        )

    def _forget_withdrawal(self, guid: str) -> None:
        if any(withdrawal.guid == guid for withdrawal in self._withdrawals):
            kept = [withdrawal for withdrawal in self._withdrawals if withdrawal.guid != guid]
            self._withdrawals = deque(kept, maxlen=self._keep)

    def _changed(self, post: Post) -> None:
        self._newsroom.paginate(post, self.title)
        self._touch()

    def _touch(self) -> None:
        # Changes within one second share a Last-Modified; their ETags differ.
        self._modified = now()
        self._resource = None
