"""`/icon/<n>.svg`: the tab's icon while so many posts wait there. Pages may not make pictures of their own."""

from __future__ import annotations

from typing import Final

from handlers.base import Secure

_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    "<style>.disc{{fill:#b0301c}}.count{{fill:#fff;font:700 {size}px sans-serif;text-anchor:middle}}"
    "@media(prefers-color-scheme:dark){{.disc{{fill:#ff8f73}}.count{{fill:#171716}}}}</style>"
    '<circle class="disc" cx="16" cy="16" r="16"/><text class="count" x="16" y="{line}">{count}</text></svg>'
)


class Icon(Secure):
    """A disc with a number from 1 to 99."""

    def get(self, count: str) -> None:
        """Answers with the picture; it is always the same."""
        size = 22 if len(count) == 1 else 18
        self.set_header("Content-Type", "image/svg+xml")
        self.set_header("Cache-Control", "public, max-age=86400")
        self.finish(_ICON.format(count=count, size=size, line=16 + size * 0.36))
