"""Selectors of parts of a web page: CSS, or XPath 1.0 after `xpath:`; and formats of dates.

The libraries that read selectors are imported when the first one is read: most installations have none.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

XPATH: Final = "xpath:"

_HEADING: Final = "descendant-or-self::*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or self::h6]"
DEFAULTS: Final = {
    "title": f"xpath:({_HEADING} | self::*[not({_HEADING})]/descendant-or-self::a[normalize-space()])[1]",
    "link": "xpath:descendant-or-self::a[@href]",
    "date": "xpath:descendant-or-self::time",
}
"""Selectors that are used where none is given: the first heading, else the first link's text; the first link; the
first `<time>`."""


class SelectorError(ValueError):
    """A selector cannot be used: a sentence, and the detail that a library adds to it."""


def to_xpath(selector: str) -> str:
    """The XPath of a selector: CSS is searched in the context node and below. Raises SelectorError for bad CSS."""
    if selector.startswith(XPATH):
        return selector.removeprefix(XPATH).strip()
    if selector.startswith(("/", "./", "(", "descendant::", "ancestor::")):
        raise SelectorError("must begin with xpath: if it is XPath, as in xpath://article")
    if "::" in selector:
        raise SelectorError("has a pseudo-element, which selects nothing; for an attribute write xpath:.//a/@href")
    import cssselect

    # A selector that begins with > is relative to the element in which it is searched.
    css = f":scope {selector}" if selector.startswith(">") else selector
    try:
        return cssselect.HTMLTranslator().css_to_xpath(css)
    except cssselect.SelectorError as error:
        raise SelectorError("is not a CSS selector", str(error)) from None


def check(selector: str) -> None:
    """Raises SelectorError for a selector that can be used on no page."""
    xpath = to_xpath(selector)
    if not selector.startswith(XPATH):
        return
    from lxml import etree

    try:
        # Unknown functions, prefixes and variables are found by an evaluation alone.
        etree.XPath(xpath)(etree.Element("html"))
    except etree.XPathError as error:
        raise SelectorError("is not valid XPath 1.0", str(error)) from None


def check_date_format(text: str) -> None:
    """Raises SelectorError for a format without day, month or year."""
    moment = datetime(2026, 11, 22, 21, 43, tzinfo=UTC)
    try:
        read = datetime.strptime(moment.strftime(text), text)
    except ValueError:
        read = datetime.min
    if read.date() != moment.date():
        raise SelectorError("must be a format with day, month and year, such as '%d.%m.%Y %H:%M'")
