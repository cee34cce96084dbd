"""The node that has an SQLite store (`timeline.Nodes`): there is never another, so its report is not stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from timeline.presence import FORGET_SECONDS, Node
from timeline.sqlite.worker import Store, Worker


class SqliteNodes(Store):
    """See `timeline.Nodes`."""

    def __init__(self, writer: Worker, queries: Worker, epoch: str) -> None:
        super().__init__(writer, queries, epoch)
        self._nodes: dict[str, Node] = {}

    async def report(self, node: Node) -> None:
        """Keeps a node's report."""
        self._nodes = {name: old for name, old in self._nodes.items() if old.at >= node.at - FORGET_SECONDS}
        self._nodes[node.name] = node

    async def nodes(self) -> Sequence[Node]:
        """The last report of each node, by name."""
        return sorted(self._nodes.values(), key=lambda node: node.name)

    async def leave(self, name: str) -> None:
        """Forgets a node that stops."""
        self._nodes.pop(name, None)

    async def stored_bytes(self) -> int:
        """The size of the database, without its journal."""
        return await self._queries.run(_size)


def _size(db: sqlite3.Connection) -> int:
    pages, size = (int(db.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
    return pages * size
