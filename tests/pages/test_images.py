"""Pictures in posts that the server renders."""

from __future__ import annotations

import pytest

from config import Blog, Config
from feeds.parser.sanitize import sanitize_html
from pages.images import Mode, cover, is_film, lead, pictured, thumb
from tests.site import Site
from tests.timeline.drafts import commit, entry

URL = "https://me:word@www.pictures.example:81/a.jpg?a=1&b=2"
HOSTILE = "\"><script>alert(1)</script> {host} '"


def translate(sentence: str) -> str:
    return sentence


def shown(markup: str, mode: Mode) -> str:
    return pictured(sanitize_html(markup, "https://example.org/")[0], mode, translate)


def test_a_lazy_picture_is_unchanged() -> None:
    markup = '<p><img src="https://example.org/a.png" alt="A"></p>'
    assert pictured(markup, "lazy", translate) == markup


def test_a_picture_without_words_is_decoration_but_in_a_link() -> None:
    assert shown('<img src="/a.png">', "lazy").count('alt=""') == 1
    assert 'alt="Picture"' in shown('<a href="/x"><img src="/a.png" alt=" "></a>', "lazy")


def test_links_and_headings_around_nothing_are_left_out() -> None:
    assert shown('<p>A<a href="/x" title="></a>"> </a></p><h2><a href="/x"></a>&nbsp;</h2>', "lazy") == "<p>A</p>"
    whole = shown('<h2><a href="/x">B</a></h2>', "lazy")
    assert ">B</a></h2>" in whole


def test_with_click_a_picture_is_a_button_with_its_text_and_host() -> None:
    assert shown(f'<img src="{URL}" alt=" A &lt;map&gt; " width=40 height=30>', "click") == (
        '<button type="button" class="picture-button" '
        'data-src="https://me:word@www.pictures.example:81/a.jpg?a=1&amp;b=2" data-alt="A &lt;map&gt;" '
        'data-width="40" data-height="30">A &lt;map&gt; '
        "<span>Show the picture from pictures.example:81</span></button>"
    )


def test_with_none_a_picture_is_its_alternative_text() -> None:
    assert (
        shown('<img src="/a.png" alt="A &lt;map&gt;">', "none") == '<span class="picture-words">A &lt;map&gt;</span>'
    )
    assert shown('<a href="/x"><img src="/a.png"></a>', "none").count(">Picture</span></a>") == 1


@pytest.mark.parametrize("mode", ["click", "none"])
def test_a_browser_loads_nothing_by_itself(mode: Mode) -> None:
    markup = (
        f'<p title="<img src=x>"><img src="/1" alt="{HOSTILE.replace(chr(34), "&quot;")}"><a href="/"><img src="/2">'
        '</a><video width="3" poster="/p" src="/v"></video><video poster="/p"></video>'
    )
    found = shown(markup, mode)
    assert "<img" not in found.replace("&lt;img", "")
    assert "poster" not in found
    assert "<script" not in found
    assert found.count(" src=") == 1, "a film is loaded when it is started"


def test_the_picture_of_an_entry_is_shown_where_its_content_has_none() -> None:
    item = {"image": URL, "content_html": "<p>Text</p>"}
    assert lead(item, "lazy", translate).startswith('<figure class="lead-picture"><img alt="" loading="lazy"')
    assert 'data-src="https://me:word@' in lead(item, "click", translate)
    assert lead(item, "none", translate) == ""
    assert lead({**item, "content_html": '<img src="https://example.org/b">'}, "lazy", translate) == ""
    assert lead({"content_html": ""}, "lazy", translate) == ""


def test_the_picture_of_a_podcast_is_shown_beside_its_player() -> None:
    item = {"image": URL, "attachments": [{"url": "https://example.org/a", "mime_type": "audio/mpeg"}]}
    assert lead(item, "lazy", translate) == ""
    assert cover(item, "lazy", translate).startswith("<img ")
    assert cover({"image": URL}, "lazy", translate) == ""


LONG = {
    "title": "T",
    "image": URL,
    "content_html": '<p>Text<img src="/b">',
    "_livelog": {"preview": {"text": "Text"}},
}
SHORT = {"title": "T", "image": URL, "content_html": "<p>Text", "_livelog": {}}


@pytest.mark.parametrize("item", [LONG, SHORT])
def test_a_picture_is_small_beside_a_text_and_is_never_worth_a_click(item: dict[str, object]) -> None:
    assert thumb(item, "lazy").startswith('<img alt="" width="124" height="83" loading="lazy"')
    assert thumb(item, "click") == thumb(item, "none") == ""


@pytest.mark.parametrize(
    "other",
    [
        {"content_html": '<img src="https://example.org/b">'},
        {"title": "", "content_html": ""},
        {"attachments": [{"url": "https://example.org/a", "mime_type": "audio/mpeg"}]},
    ],
)
def test_a_picture_of_a_post_that_shows_one_otherwise_is_not_small(other: dict[str, object]) -> None:
    assert thumb({**SHORT, **other}, "lazy") == ""


class TestPolicy:
    @pytest.fixture
    def settings(self) -> Config:
        return Config(
            store="sqlite::memory:",
            blogs=(Blog(slug="blog", title="Blog", images="none"), Blog(slug="other", title="Other", images="click")),
        )

    async def test_a_blog_without_pictures_forbids_them(self, site: Site) -> None:
        await commit(site.timeline, entry("a", content_html='<img src="https://example.org/a" alt="A">', image=URL))
        for path in ("/blog/", "/blog/e/a"):
            answer = await site.get(path)
            assert "img-src 'self';" in answer.headers["Content-Security-Policy"]
            assert b"https://example.org/a" not in answer.body
        assert "img-src 'self' http: https:;" in (await site.get("/other/")).headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.youtube.com/watch?v=AAA", True),
        ("https://m.youtube.com/shorts/AAA", True),
        ("https://youtu.be/AAA", True),
        ("https://vimeo.com/123", True),
        ("https://www.youtube.com/@channel", False),
        ("https://example.org/?https://youtu.be/AAA", False),
        (None, False),
    ],
)
def test_films_are_known_by_their_addresses(url: str | None, expected: bool) -> None:
    assert is_film(url) is expected
