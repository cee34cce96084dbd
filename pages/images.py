"""Pictures of posts, as `images` of the blog has them; static/post/images.js does the same for later ones.

`lazy` pictures load when they are scrolled near; with `click`, a button loads them; with `none`, they are
replaced by their alternative text. In the last two modes the HTML has nothing that a browser loads by itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, Literal

from markup import Image, format_attributes, rewrite_images
from pages.details import caption

Mode = Literal["lazy", "click", "none"]
Translate = Callable[[str], str]

THUMB_WIDTH: Final = 124
THUMB_HEIGHT: Final = 83

_LAZY: Final = {"loading": "lazy", "decoding": "async", "referrerpolicy": "no-referrer"}

_SHOWN: Final = re.compile("<(img|video)")
_POSTER: Final = re.compile(r'(<video(?: [a-z-]+="[^"]*")*?) poster="[^"]*"')
_FILM: Final = re.compile(
    r"https?://(?:(?:(?:www|m)\.)?youtube\.com/(?:watch\?|shorts/|live/)|youtu\.be/|(?:www\.)?vimeo\.com/[0-9])",
    re.IGNORECASE,
)
_EMPTY: Final = r"(?:\s|&nbsp;|<br>)*"
_EMPTY_LINK: Final = re.compile(rf'<a(?: [a-z-]+="[^"]*")*>{_EMPTY}</a>')
_EMPTY_HEADING: Final = re.compile(rf'<h([1-6])(?: [a-z-]+="[^"]*")*>{_EMPTY}</h\1>')
_HOST: Final = re.compile(r"https?://(?:[^/?#@]*@)?(?:www\.)?([^/?#]*)")


def pictured(markup: str, mode: Mode, translate: Translate) -> str:
    """The content of a post, with its pictures in that mode. ``markup`` is sanitised HTML.

    Links and headings without content are left out: a screen reader would stop at nothing.
    """
    markup = _EMPTY_HEADING.sub("", _EMPTY_LINK.sub("", markup))
    if mode == "lazy":
        return rewrite_images(markup, partial(_described, translate))
    replaced = rewrite_images(markup, partial(_button if mode == "click" else _alternative, translate))
    return _POSTER.sub(r"\1", replaced)


def lead(item: Mapping[str, Any], mode: Mode, translate: Translate) -> str:
    """The picture above a post whose content has none, as HTML; empty if there is none to show."""
    picture = "" if _is_podcast(item) else _picture(item, mode, translate)
    words = caption(item)
    below = f'<figcaption dir="auto">{_escaped(words)}</figcaption>' if words else ""
    return picture and f'<figure class="lead-picture">{picture}{below}</figure>'


def thumb(item: Mapping[str, Any], mode: Mode) -> str:
    """The small picture beside a short post or the beginning of a long one, as HTML; empty if there is none to show.

    A short post whose content has a picture, or that is nothing but a picture, shows that in its own size. Only
    pictures that load by themselves have a small form: it is not worth a click.
    """
    preview = item["_livelog"].get("preview")
    source = item.get("image") or (preview or {}).get("image")
    if not source or mode != "lazy" or _is_podcast(item):
        return ""
    content = item.get("content_html", "")
    if not preview and (_SHOWN.search(content) or not (item.get("title") or content or item.get("summary"))):
        return ""
    size = {"width": str(THUMB_WIDTH), "height": str(THUMB_HEIGHT)}
    return f"<img{format_attributes({'alt': '', **size, **_LAZY, 'src': source})}>"


def is_film(url: str | None) -> bool:
    """True for the page of a film, to which the picture of its post leads. No frame of that site is loaded."""
    return url is not None and _FILM.match(url) is not None


def cover(item: Mapping[str, Any], mode: Mode, translate: Translate) -> str:
    """The picture beside a podcast's player, as HTML; empty if there is none to show."""
    return _picture(item, mode, translate) if _is_podcast(item) else ""


def _picture(item: Mapping[str, Any], mode: Mode, translate: Translate) -> str:
    if not item.get("image") or mode == "none" or _SHOWN.search(item.get("content_html", "")):
        return ""
    attributes = {"alt": "", **_LAZY, "src": item["image"]}
    image = Image(f"<img{format_attributes(attributes)}>", attributes, in_link=False)
    return _button(translate, image) if mode == "click" else image.markup


def _is_podcast(item: Mapping[str, Any]) -> bool:
    return any(file.get("mime_type", "").startswith("audio/") for file in item.get("attachments", ()))


def _described(translate: Translate, image: Image) -> str:
    """The picture with the alternative text that it lacks: none, which says that it is decoration, but in a link."""
    alt = image.get("alt").strip() or (translate("Picture") if image.in_link else "")
    if "alt" in image.attributes and alt == image.get("alt").strip():
        return image.markup
    return f"<img{format_attributes({**image.attributes, 'alt': alt})}>"


def _button(translate: Translate, image: Image) -> str:
    alt, src = image.get("alt").strip(), image.get("src")
    attributes = {"type": "button", "class": "picture-button", "data-src": src, "data-alt": alt}
    attributes |= {f"data-{name}": image.get(name) for name in ("width", "height") if name in image.attributes}
    found = _HOST.match(src)
    sentence = translate("Show the picture from {host}").format(host=found[1] if found else "")
    words = f"{_escaped(alt)} " if alt else ""
    return f"<button{format_attributes(attributes)}>{words}<span>{_escaped(sentence)}</span></button>"


def _alternative(translate: Translate, image: Image) -> str:
    # A link needs a text to be announced and clicked.
    text = image.get("alt").strip() or (translate("Picture") if image.in_link else "")
    return f'<span class="picture-words">{_escaped(text)}</span>'


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)
