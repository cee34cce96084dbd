"""Tables of the command line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """Cells, and sentences that are printed below them."""

    cells: Sequence[str]
    below: Sequence[str] = ()


def table(head: Sequence[str], rows: Iterable[Row]) -> list[str]:
    """The lines of a table, with columns as wide as needed."""
    found = list(rows)
    widths = [max(map(len, column)) for column in zip(head, *(row.cells for row in found), strict=True)]
    lines = [_line(head, widths)]
    for row in found:
        lines += [_line(row.cells, widths), *(f"  {sentence}" for sentence in row.below)]
    return lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
