"""Feeds of a publisher who means harm: markup and addresses that run a script wherever they are taken as they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

RUN: Final = "top.pwned=1"
IMG: Final = f"<img src=x onerror={RUN}>"

PRESENT: Final = (
    f"<script>{RUN}</script>",
    f"<ScRiPt/x>{RUN}</sCrIpT >",
    IMG,
    f"<img/src='x'/onerror={RUN}>",
    f'<img """><script>{RUN}</script>">',
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><script href='data:text/javascript,{RUN}'></script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s></svg>",
    f"<svg><style><img src=x onerror={RUN}></style></svg>",
    f"<iframe srcdoc='<script>{RUN}</script>'></iframe>",
    f"<iframe src='javascript:{RUN}'></iframe>",
    f"<iframe onload={RUN}></iframe>",
    f"<body onload={RUN}><body background='javascript:{RUN}'>",
    f"<isindex type=image src=x onerror={RUN}><bgsound src='javascript:{RUN}'>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}></audio>",
    f"<video poster=x src=x onerror={RUN}></video>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<input autofocus onfocus={RUN}>",
    f"<object data=x onerror={RUN}></object>",
    f"<link rel=stylesheet href=x onerror={RUN}>",
    f"<style onload={RUN}></style>",
    f"<style>@keyframes k {{}}</style><p style='animation:k 1s' onanimationstart={RUN}>x</p>",
    f"<custom-element tabindex=1 autofocus onfocus={RUN}>x</custom-element>",
)
"""What runs by being there."""

TOUCHED: Final = (
    f"<p onmouseover={RUN}>x</p>",
    f"<b onclick={RUN}>x</b>",
    f"<a href=x onpointerenter={RUN}>x</a>",
    f"<td onmouseenter={RUN}>x</td><table><tr><td onmouseenter={RUN}>x</table>",
    f"<time datetime='\"' onfocusin='{RUN}'>x</time>",
    f"<a href='javascript:{RUN}'>x</a>",
    f"<a href='JaVa&#9;ScRiPt&colon;{RUN}'>x</a>",
    f"<a href='&#1; java&#10;script:{RUN}'>x</a>",
    f"<a href=javascript&#0000058;{RUN}>x</a>",
    f"<form action='javascript:{RUN}'><button>x</button></form>",
    f"<form><button formaction='javascript:{RUN}'>x</button></form>",
    f"<svg><a xlink:href='javascript:{RUN}'><text y=20>x</text></a></svg>",
    f"<svg><a><animate attributeName=href values='javascript:{RUN}'/><text y=20>x</text></a></svg>",
    f"<map name=m><area href='javascript:{RUN}' coords=0,0,9,9></map><img usemap=#m src=x>",
)
"""What runs once a reader does something."""

BREAKING_OUT: Final = (
    f'"><script>{RUN}</script>',
    f"' autofocus onfocus={RUN} x='><script>{RUN}</script>",
    f"</title></p></a></h2></div></article></main><script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"--></style></textarea></noscript>{IMG}",
    f"<!-->{IMG}-->",
    f"<!--{IMG}--!>{IMG}",
    f"<?x >{IMG}?>",
    f"<![CDATA[>{IMG}]]>",
    f"<<script>{RUN};//<</script>",
    f"<title></title>{IMG}",
)
"""What leaves the place that it is put into."""

MUTATING: Final = (
    f"<noscript><p title='</noscript>{IMG}'></noscript>",
    f"<xmp><p title='</xmp>{IMG}'></xmp>",
    f"<svg></p><style><a id='</style>{IMG}'></svg>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;{escape(IMG)}'></math>{IMG}",
    f"<select><template><style></select>{IMG}</style></template></select>{IMG}",
    f"<table><svg><foreignObject><p>{IMG}</foreignObject></svg></table>",
    f"<listing>{escape(IMG)}</listing><listing>{IMG}</listing>",
)
"""What is harmless at first sight, and something else once it is written and read again."""

MARKUP: Final = PRESENT + TOUCHED + BREAKING_OUT + MUTATING
"""Each of these runs in a browser of today."""

DORMANT: Final = (
    f"<form><math><mtext></form><form><mglyph><style></math>{IMG}",
    f"<marquee onstart={RUN}>x</marquee>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>",
    f"<img src='javascript:{RUN}'>",
    f"<object data='javascript:{RUN}'></object><embed src='javascript:{RUN}'>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    f"<base href='javascript:{RUN}//'>",
    f"<p style='width:expression({RUN});background:url(javascript:{RUN})'>x</p>",
    f"<a href='vbscript:{RUN}'>x</a><a href='data:text/html,<script>{RUN}</script>'>x</a>",
    f"<math href='javascript:{RUN}'><mi>x</mi></math>",
    f"\x00<scr\x00ipt>{RUN}</scr\x00ipt><\x0bimg src=x onerror={RUN}>",
    f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
    f"＜script＞{RUN}＜/script＞",
)
"""These ran in older browsers, or would if they were read twice, or a filter took only part of them away."""

ADDRESSES: Final = (
    f"javascript:{RUN}",
    f"JaVaScRiPt:{RUN}",
    f" \tjavascript:{RUN}",
    f"java\nscript:{RUN}",
    f"javascript://hostile.example/%0A{RUN}",
    f"javascript&colon;{RUN}",
    f"view-source:javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/>",
    f"vbscript:{RUN}",
    f"blob:http://hostile.example/{RUN}",
    f"feed:javascript:{RUN}",
    "file:///etc/passwd",
    f'http://hostile.example/" onmouseover="{RUN}',
    f"http://hostile.example/'><script>{RUN}</script>",
    f"//hostile.example/?<script>{RUN}</script>",
    f"http://javascript:{RUN}@hostile.example/",
)


@dataclass(frozen=True)
class Attack:
    """An item: the same markup in everything that is text or HTML, the same address in everything that leads on.

    One that is not ``titled`` has its source lead on (in JSON Feed, where a title can be missing).
    """

    name: str
    markup: str
    address: str
    titled: bool


def attacks(name: str) -> list[Attack]:
    """All markup, with each of the addresses at least once. ``name`` makes the items those of one feed."""
    return [
        Attack(f"{name}-{number}", markup, ADDRESSES[number % len(ADDRESSES)], titled=number % 5 > 0)
        for number, markup in enumerate(MARKUP + DORMANT)
    ]


def rss(title: str, items: Sequence[Attack]) -> bytes:
    """RSS: titles and descriptions are HTML, and so the markup is in it once as such and once as text."""
    return (
        "<?xml version='1.0'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/' "
        "xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:media='http://search.yahoo.com/mrss/'>"
        f"<channel><title>{_xml(escape(title))}</title><link>{_xml(ADDRESSES[0])}</link>"
        + "".join(
            f"<item><title>{_xml(item.markup)} {_xml(escape(item.markup))}</title><link>{_xml(item.address)}</link>"
            f"<guid isPermaLink='false'>{_xml(item.name + item.markup)}</guid>"
            f"<dc:creator>{_xml(escape(item.markup))}</dc:creator><author>{_xml(item.markup)}</author>"
            f"<category>{_xml(item.markup)}</category><category>{_xml(escape(item.markup))}</category>"
            f"<description>{_xml(item.markup)}</description>"
            f"<content:encoded>{_xml(item.markup)} {_xml(escape(item.markup))}</content:encoded>"
            f"<enclosure url='{_xml(item.address)}' type='audio/{_xml(item.markup)}' length='1'/>"
            f"<media:thumbnail url='{_xml(item.address)}'/></item>"
            for item in items
        )
        + "</channel></rss>"
    ).encode()


def atom(title: str, items: Sequence[Attack]) -> bytes:
    """Atom: titles and summaries are text, contents HTML."""
    return (
        "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'>"
        f"<title>{_xml(title)}</title><id>x</id><link href='{_xml(ADDRESSES[0])}'/>"
        + "".join(
            f"<entry><id>{_xml(item.name + item.markup)}</id><title type='text'>{_xml(item.markup)}</title>"
            f"<link href='{_xml(item.address)}'/><link rel='enclosure' href='{_xml(item.address)}' type='audio/x'/>"
            f"<author><name>{_xml(item.markup)}</name><uri>{_xml(item.address)}</uri></author>"
            f"<category term='{_xml(item.markup)}' label='{_xml(item.markup)}'/>"
            f"<summary>{_xml(item.markup)}</summary>"
            f"<content type='html' xml:base='{_xml(item.address)}'>{_xml(item.markup)}</content></entry>"
            for item in items
        )
        + (_XHTML if items else "")
        + "</feed>"
    ).encode()


_XHTML: Final = (
    "<entry><id>xhtml</id><content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>"
    f"<script>{RUN}</script><p onclick='{RUN}'>x</p><a href='javascript:{RUN}'>x</a>"
    f"<svg xmlns='http://www.w3.org/2000/svg' onload='{RUN}'/></div></content></entry>"
)


def json_feed(title: str, items: Sequence[Attack]) -> bytes:
    """JSON Feed: everything but `content_html` is text."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": ADDRESSES[0],
        "items": [
            {
                "id": item.name + item.markup,
                "url": item.address,
                "title": item.markup if item.titled else None,
                "content_html": item.markup,
                "summary": item.markup,
                "image": item.address,
                "authors": [{"name": item.markup, "url": item.address, "avatar": item.address}],
                "tags": [item.markup],
                "attachments": [{"url": item.address, "mime_type": f"audio/{item.markup}"}],
            }
            for item in items
        ],
    }
    return json.dumps(document).encode()


ATTACKS: Final = len(MARKUP + DORMANT)
"""How many attacks there are."""


def documents(count: int = ATTACKS) -> dict[str, tuple[bytes, str]]:
    """Feeds by path, with their content types: one of each format, and one for each markup that breaks out, as title.

    Each format has the first ``count`` attacks; with none, no feed has an item.
    """
    feeds: dict[str, tuple[bytes, str]] = {}
    for name, write in (("rss", rss), ("atom", atom), ("json", json_feed)):
        feeds[f"/{name}"] = write(BREAKING_OUT[0], attacks(name)[:count]), f"application/{name}"
    for number, title in enumerate(BREAKING_OUT):
        items = attacks(f"titled-{number}")[number : number + 1] if count else []
        feeds[f"/titled-{number}"] = rss(title, items), "application/rss+xml"
    return feeds


def items_of(count: int) -> int:
    """How many items the documents of so many attacks have together."""
    return 3 * count + 1 + len(BREAKING_OUT) if count else 0


ITEMS: Final = items_of(ATTACKS)
"""How many items all documents have together."""


def _xml(text: str) -> str:
    """Text for XML, which knows no control characters."""
    return escape("".join(char for char in text if char >= " "))
