"""The language of an answer, and the names that every template can use."""

from __future__ import annotations

from asyncio import Future
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tornado import locale
from tornado.web import RequestHandler

from config import Blog
from pages import item, language


class Localized(RequestHandler):
    """Renders templates in the reader's language: `?lang=`, else the cookie, else the blog's, else the browser's."""

    def home(self) -> Blog | None:
        """The blog in the request's path, if there is one."""
        return None

    @property
    def prefix(self) -> str:
        """The path that readers have all paths below, such as `/live`; empty for none."""
        return ""

    def is_indexed(self) -> bool:
        """False if search engines are to leave the answer out."""
        return True

    def get_user_locale(self) -> locale.Locale | None:
        """The language in the query, else in the cookie; None if neither names one of ours."""
        given = self.request.query_arguments.get(language.COOKIE, [b""])
        return language.named(given[-1]) or language.named(self.get_cookie(language.COOKIE))

    def get_browser_locale(self, default: str = "en") -> locale.Locale:
        """The language that config.yaml sets for the blog, else the best match for `Accept-Language`."""
        blog = self.home()
        return language.named(blog.language if blog else None) or super().get_browser_locale(default)

    def remember_language(self) -> None:
        """Stores the language that the query names in a cookie.

        `SameSite=Lax`, not `Strict`: the cookie is needed when a reader follows a link from another site.
        """
        if language.COOKIE in self.request.query_arguments and self.get_user_locale():
            self.set_cookie(
                language.COOKIE,
                language.language(self.locale).code,
                path=f"{self.prefix}/",
                max_age=language.COOKIE_MAX_AGE_SECONDS,
                samesite="Lax",
                httponly=True,
                secure=self.request.protocol == "https",
            )

    def get_template_namespace(self) -> dict[str, Any]:
        """The names that all templates may use, and Tornado's."""
        return {**super().get_template_namespace(), **self._names}

    @cached_property
    def _names(self) -> dict[str, Any]:
        """The helpers of pages/item.py, the languages, and None for names that only some pages set."""
        query = [pair for pair in parse_qsl(self.request.query) if pair[0] != language.COOKIE]
        return {
            **item.helpers(self.locale),
            "language": language.language(self.locale),
            "languages": [
                (one, f"?{urlencode([*query, (language.COOKIE, one.code)])}") for one in language.LANGUAGES
            ],
            "words": language.words(self.locale),
            "theme": None,
            "meta": None,
            "view": None,
            "chosen": None,
            "is_export": False,
            "prefix": self.prefix,
            "is_indexed": self.is_indexed(),
        }

    def render(self, template_name: str, **kwargs: Any) -> Future[None]:
        """Sends a page."""
        self._vary_by_language()
        return super().render(template_name, **kwargs)

    def page(self, template_name: str, **kwargs: Any) -> bytes:
        """A page that is yet to be sent."""
        self._vary_by_language()
        return self.render_string(template_name, **kwargs)

    def _vary_by_language(self) -> None:
        """Sets the headers that make caches keep a page for each language, apart from JSON."""
        self.set_header("Content-Language", language.language(self.locale).tag)
        self.set_header("Vary", "Accept, Accept-Language, Cookie")
