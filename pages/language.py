"""Languages: which one a page is written in, and the catalogues of translations (`locales/`).

The English sentence is its own name, as with gettext. `en.csv` is all but empty: it says that English is spoken here,
so that Tornado does not take a reader's second language where English is the first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tornado import locale

FOLDER: Final = Path(__file__).resolve().parent.parent / "locales"

COOKIE: Final = "lang"
COOKIE_SECONDS: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Language:
    """A language that pages are written in: its name in addresses, for browsers, for readers, and for Open Graph."""

    code: str
    tag: str
    name: str
    territory: str


LANGUAGES: Final = (Language("en", "en", "English", "en_GB"), Language("zh", "zh-CN", "中文", "zh_CN"))

_BY_CODE: Final = {language.code: language for language in LANGUAGES}


def load() -> None:
    """Reads the catalogues, once for the process."""
    if not set(_BY_CODE) <= set(locale.get_supported_locales()):
        locale.load_translations(str(FOLDER), "utf-8")


def named(code: str | bytes | None) -> locale.Locale | None:
    """The language of that name, if it is one of ours; whatever was asked for."""
    text = code.decode("ascii", "replace") if isinstance(code, bytes) else code
    return locale.get(text) if text in _BY_CODE else None


def language(spoken: locale.Locale) -> Language:
    """What is known of a language; Tornado's default is English."""
    return _BY_CODE.get(spoken.code, LANGUAGES[0])


def words(spoken: locale.Locale) -> str:
    """The catalogue for static/reading/words.js as JSON for a page; empty if there is nothing to translate."""
    translations: dict[str, str] = getattr(spoken, "translations", {}).get("unknown", {})
    return in_page(translations) if translations else ""


def in_page(value: object) -> str:
    """JSON that nothing in it can end the element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
