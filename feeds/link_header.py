"""The links of a `Link` header (RFC 8288) that count for a feed, unresolved, in their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from feeds.parser.head_links import Link, relations

MAX_HEADER_CHARS: Final = 8_192

_VALUE: Final = re.compile(r'<([^<>]*+)>((?:\s*+;\s*+[^\s=;,"<>]++(?:\s*+=\s*+(?:"[^"]*+"|[^\s;,"]*+))?+)*+)')
_RELATION: Final = re.compile(r';\s*+rel\s*+=\s*+(?:"([^"]*+)"|([^\s;,"]*+))', re.IGNORECASE)


def read(header: str | None) -> Iterator[Link]:
    """The links of a header; none without one."""
    for target, parameters in _VALUE.findall((header or "")[:MAX_HEADER_CHARS]):
        if found := _RELATION.search(_without_others(parameters)):
            yield from ((relation, target) for relation in relations(found[1] or found[2] or ""))


def _without_others(parameters: str) -> str:
    """The parameters of a link without the quoted values of those that are no `rel`, which may contain one."""
    return re.sub(r'(;\s*+(?!rel\b)[^\s=;"]++\s*+=\s*+)"[^"]*+"', r"\1", parameters, flags=re.IGNORECASE)
