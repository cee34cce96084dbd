"""Figures side by side."""

from __future__ import annotations

from collections.abc import Sequence


def show(title: str, *rows: Sequence[str]) -> None:
    """Prints what the figures are of, and the rows, their columns one below the other."""
    print(f"{title}:")
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        line = [name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))]
        print(f"  {'  '.join(line)}".rstrip())


def most(value: float, limit: float, form: str = ".2f", unit: str = "") -> str:
    """A figure, what it may be at the most, and whether it is more."""
    return f"{value:{form}}{unit} (≤ {limit:g}{unit}{'' if value <= limit else ': MISSED'})"


def least(value: float, limit: float, form: str = ".2f", unit: str = "") -> str:
    """A figure, what it has to be at the least, and whether it is less."""
    return f"{value:{form}}{unit} (≥ {limit:g}{unit}{'' if value >= limit else ': MISSED'})"
