"""Tables of figures, for a terminal or as Markdown; and findings, held against what is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

FINDING_HEAD = ("what", "measured", "wanted")


class Finding(NamedTuple):
    """A figure, and what it should be: at most ``limit``, or with ``at_least`` no less; None where it is free."""

    what: str
    figure: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    def row(self) -> list[str]:
        """The row of a table."""
        return [self.what, f"{number(self.figure)} {self.unit}".rstrip(), self._wanted()]

    def _wanted(self) -> str:
        if self.limit is None:
            return ""
        met = self.figure >= self.limit if self.at_least else self.figure <= self.limit
        return f"{'≥' if self.at_least else '≤'} {number(self.limit)} {self.unit}".rstrip() + (
            "" if met else ": MISSED"
        )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    """A table whose first column has names, and all others figures."""
    if markdown:
        lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join(_aligned(row, widths) for row in (head, *rows))


def number(value: float) -> str:
    """Three digits that say something, and thousands apart."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0])]
    cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join(cells).rstrip()
