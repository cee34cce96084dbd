"""The languages of pages, and the catalogues of translations (`locales/`).

A sentence is looked up by its English text, as with gettext. `en.csv` is nearly empty; it is there so that Tornado
counts English among the languages to choose from, and does not prefer a browser's second language to it.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from tornado import locale

FOLDER: Final = Path(__file__).resolve().parent.parent / "locales"

COOKIE: Final = "lang"
COOKIE_MAX_AGE_SECONDS: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Language:
    """A language of pages: ``code`` in URLs, ``tag`` in HTML (BCP 47), ``territory`` in Open Graph."""

    code: str
    tag: str
    name: str
    territory: str


LANGUAGES: Final = (Language("en", "en", "English", "en_GB"), Language("zh", "zh-CN", "中文", "zh_CN"))

_BY_CODE: Final = {language.code: language for language in LANGUAGES}


def load() -> None:
    """Reads the catalogues, once per process."""
    if not set(_BY_CODE) <= set(locale.get_supported_locales()):
        locale.load_translations(str(FOLDER), "utf-8")


def for_operator(chosen: locale.Locale) -> locale.Locale:
    """The locale with the sentences of the operator's pages, too.

    They are in a catalogue of their own (`locales/operator/`): `words` puts the other into every page.
    """
    code = language(chosen).code
    translations = getattr(chosen, "translations", {}).get("unknown", {})
    return locale.CSVLocale(code, {"unknown": {**translations, **_operator_words(code)}})


@cache
def _operator_words(code: str) -> dict[str, str]:
    path = FOLDER / "operator" / f"{code}.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row[0]: row[1] for row in csv.reader(file)}


def named(code: str | bytes | None) -> locale.Locale | None:
    """The locale of a language code; None if it is not one of ours. Any bytes are accepted."""
    text = code.decode("ascii", "replace") if isinstance(code, bytes) else code
    return locale.get(text) if text in _BY_CODE else None


def language(chosen: locale.Locale) -> Language:
    """The language of a locale; English for Tornado's default locale, `en_US`."""
    return _BY_CODE.get(chosen.code, LANGUAGES[0])


def words(chosen: locale.Locale) -> str:
    """The catalogue for static/reading/words.js, as JSON for a `<script>` element; empty for English."""
    public = locale.get(language(chosen).code)
    translations: dict[str, str] = getattr(public, "translations", {}).get("unknown", {})
    return in_page(translations) if translations else ""


def in_page(value: object) -> str:
    """JSON for a `<script>` element: no text in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
