"""Pictures of a given size."""

from __future__ import annotations

PICTURE_TYPE = "image/svg+xml"


def svg(width: int, height: int) -> bytes:
    """A black SVG of that many CSS pixels."""
    size = f'width="{width}" height="{height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><rect {size}/></svg>'.encode()
