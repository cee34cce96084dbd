"""markup.py: images of sanitised HTML written again, and nothing else of it."""

from __future__ import annotations

import pytest

from markup import Image, first_picture, format_attributes, normalize_media, rewrite_images


def unchanged(image: Image) -> str:
    """The image as it was written."""
    return image.markup


def test_each_image_is_replaced_and_the_rest_stays() -> None:
    markup = '<p>One <img src="/1"> two</p><p><img alt="x" src="/2"></p>'
    assert rewrite_images(markup, lambda image: image.get("src")) == "<p>One /1 two</p><p>/2</p>"
    assert rewrite_images(markup, unchanged) == markup


def test_an_image_has_its_attributes_as_text() -> None:
    images: list[Image] = []

    def note(image: Image) -> str:
        images.append(image)
        return ""

    rewrite_images('<a href="/"><img alt="&lt;A&gt; &amp; &quot;B&quot;" src="/1?a=1&amp;b=2"></a>', note)
    assert images[0].attributes == {"alt": '<A> & "B"', "src": "/1?a=1&b=2"}
    assert images[0].get("title") == ""
    assert images[0].in_link


def test_attributes_are_escaped() -> None:
    assert format_attributes({"alt": '<A> & "B"', "src": "/1"}) == ' alt="&lt;A&gt; &amp; &quot;B&quot;" src="/1"'


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<img src="/1" loading="lazy" alt="">', '<img alt="" loading="lazy" src="/1">'),
        (
            '<audio src="/1" preload="none" controls="">x</audio>',
            '<audio controls="" preload="none" src="/1">x</audio>',
        ),
        ('<video src="/1" poster="/2"></video>', '<video poster="/2" src="/1"></video>'),
        ('<p lang="ur" dir="rtl">x</p><img src="/1">', '<p lang="ur" dir="rtl">x</p><img src="/1">'),
        ("<video>x</video>", "<video>x</video>"),
        ("<p>x</p>", "<p>x</p>"),
    ],
)
def test_the_attributes_of_media_are_in_one_order(markup: str, expected: str) -> None:
    assert normalize_media(markup, unchanged) == expected


def test_the_value_of_an_attribute_that_looks_like_a_tag_stays() -> None:
    markup = '<p title="<img src=">x " alt=" y</p><a href="/" title="<video src=">z</a><img src="/1">'
    assert normalize_media(markup, unchanged) == markup
    assert rewrite_images(markup, lambda _: "I") == markup.replace('<img src="/1">', "I")


@pytest.mark.parametrize(
    ("markup", "found"),
    [
        ("<p>None</p>", None),
        ('<img src="/1?a=1&amp;b=2"><img src="/2">', "/1?a=1&b=2"),
        ('<img src="/icon" width="24" height="24"><img src="/2" width="200" height="9">', "/2"),
        ('<img src="/icon" width="199" height="24">', None),
        ('<a title="<img src=/no>"><img alt="" src="/1"></a>', "/1"),
        ("<img>", None),
    ],
)
def test_the_first_picture_is_none_that_is_declared_small(markup: str, found: str | None) -> None:
    assert first_picture(markup) == found
