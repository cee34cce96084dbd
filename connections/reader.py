"""The reader: what connections have in common, however the stream gets to them."""

from __future__ import annotations

from abc import abstractmethod

from tornado.iostream import IOStream

from connections.connection import Wire
from fanout.fanout import FanOut
from fanout.frames import Transport
from timeline import TimelineError


class Reader(Wire):
    """One connection of a blog's reader. It is all that is left of the request once that is answered."""

    __slots__ = ("_fanout", "_slug", "beat", "seq")

    transport: Transport

    def __init__(self, stream: IOStream, fanout: FanOut, slug: str) -> None:
        super().__init__(stream)
        self._fanout = fanout
        self._slug = slug
        self.beat = 0
        self.seq = 0

    async def follow(self, answer: bytes, after: str | None) -> None:
        """Answers the request, and joins the fan-out with the cursor that it came with.

        When this returns, the stream goes on by itself.
        """
        self.send(answer)
        self.listen()
        if self.stream.closed():
            return
        try:
            await self._fanout.join(self._slug, self, after)
        except (OSError, TimelineError):
            self.evict()

    def leave(self) -> None:
        """Is sent nothing more."""
        self._fanout.leave(self._slug, self)

    def ended(self) -> None:
        """Leaves: the connection is gone."""
        self.leave()

    @abstractmethod
    def evict(self) -> None:
        """Ends the connection; the reader is expected to come back by cursor."""

    @abstractmethod
    def dismiss(self) -> None:
        """Ends the connection because the server stops; the reader is expected to find another, or to try again."""

    @abstractmethod
    def nudge(self) -> None:
        """Gives a sign of life, and forgets what signs there were of the reader."""

    @abstractmethod
    def check(self) -> None:
        """Ends the connection if there was no sign of the reader since."""
