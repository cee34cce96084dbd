"""Tables of figures, for a terminal or as Markdown, and figures compared with their limits."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles
from typing import NamedTuple

FINDING_HEAD = ("what", "measured", "wanted")


class Finding(NamedTuple):
    """A figure and its limit: a maximum, or a minimum with ``at_least``; None if it has none."""

    what: str
    figure: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    def row(self) -> list[str]:
        """Its cells in a table headed by `FINDING_HEAD`."""
        return [self.what, f"{number(self.figure)} {self.unit}".rstrip(), self._wanted()]

    def _wanted(self) -> str:
        if self.limit is None:
            return ""
        met = self.figure >= self.limit if self.at_least else self.figure <= self.limit
        return f"{'≥' if self.at_least else '≤'} {number(self.limit)} {self.unit}".rstrip() + (
            "" if met else ": MISSED"
        )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    """A table with names in the first column and figures in the others."""
    if markdown:
        lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join(_aligned(row, widths) for row in (head, *rows))


def number(value: float) -> str:
    """Format with three significant digits or a thousands separator."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [row[0].ljust(widths[0])]
    cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join(cells).rstrip()


def show(title: str, *rows: Sequence[str]) -> None:
    """Print a title and rows with aligned columns."""
    print(f"{title}:")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(f"  {_aligned(row, widths)}")


def at_most(value: float, limit: float, form: str = ".2f", unit: str = "") -> str:
    """Format a figure, its maximum, and MISSED if it is above."""
    return f"{value:{form}}{unit} (≤ {limit:g}{unit}{'' if value <= limit else ': MISSED'})"


def at_least(value: float, limit: float, form: str = ".2f", unit: str = "") -> str:
    """Format a figure, its minimum, and MISSED if it is below."""
    return f"{value:{form}}{unit} (≥ {limit:g}{unit}{'' if value >= limit else ': MISSED'})"


def spread(seconds: Sequence[float]) -> str:
    """Format the median and the 95th percentile of seconds, in milliseconds."""
    return f"{median(seconds) * 1e3:.2f} ms (p95 {quantiles(seconds, n=20)[18] * 1e3:.2f})"
