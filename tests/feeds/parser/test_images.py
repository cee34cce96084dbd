"""images.py: sizes of images, tracking pixels and emoji."""

from __future__ import annotations

import pytest

from feeds.parser.sanitize import sanitize_html
from markup import Image, rewrite_images

BASE = "https://example.org/"
LATE = ('loading="lazy"', 'decoding="async"', 'referrerpolicy="no-referrer"')


def cleaned(markup: str) -> str:
    html, cut = sanitize_html(markup, BASE)
    assert not cut
    return html


def images_of(markup: str) -> list[Image]:
    found: list[Image] = []

    def note(image: Image) -> str:
        found.append(image)
        return image.markup

    assert rewrite_images(markup, note) == markup
    return found


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("width=400 height=300", "400x300"),
        ("height=300 width=400", "400x300"),
        ('width="400px" height=" 300 "', "400x300"),
        ('width="400.0" height="300."', "400x300"),
        ("width=20000 height=1000", "20000x1000"),
        ("width=1 height=20", "1x20"),
        ("width=400", None),
        ("height=300", None),
        ('width="100%" height=300', None),
        ("width=auto height=auto", None),
        ("width=20001 height=10000", None),
        ("width=99999999 height=99999999", None),
        ("width=1 height=21", None),
        ("width=600 height=29", None),
        ("width=-400 height=300", None),
        ("width=0 height=300", None),
        ("width=٤٠٠ height=٣٠٠", None),
        ("width='' height=''", None),
        ("", None),
    ],
)
def test_an_image_keeps_its_size_if_it_is_whole_and_can_be(said: str, kept: str | None) -> None:
    found = cleaned(f'<p><img src="/a.png" {said} alt="A"></p>')
    (image,) = images_of(found)
    assert f"{image.get('width')}x{image.get('height')}" == (kept or "x")
    assert all(attribute in found for attribute in LATE)
    assert 'alt="A"' in found


@pytest.mark.parametrize("size", ["width=1 height=1", "width=0 height=0", "height='1px' width='1'"])
def test_a_pixel_that_counts_readers_goes(size: str) -> None:
    assert cleaned(f'<p>Text<img src="https://count.example/?a=1&b=2" {size} alt=""></p>') == "<p>Text</p>"


@pytest.mark.parametrize("emoji", ["🙂", "👩🏽‍🚀", "❤️", "🇳🇵", "👨‍👩‍👧‍👦", "☀"])
def test_an_emoji_that_is_an_image_is_text_again(emoji: str) -> None:
    image = f'<img src="https://cdn.example/1f642.svg" alt="{emoji}" class="wp-smiley" style="height:1em">'
    assert cleaned(f"<p>So {image} it is</p>") == f"<p>So {emoji} it is</p>"


@pytest.mark.parametrize("alt", ["", "A", "1", "图", "🙂 A smile", "🙂" * 13, "±", "#"])
def test_another_text_of_an_image_leaves_it_an_image(alt: str) -> None:
    assert f'alt="{alt}"' in cleaned(f'<img src="/a.png" alt="{alt}">')


@pytest.mark.parametrize("src", ["", "src='data:image/png;base64,AAAA'", "src='javascript:alert(1)'", "src='cid:1'"])
def test_what_stands_for_an_image_that_can_not_stay_is_text(src: str) -> None:
    assert cleaned(f"<p><img {src} alt='A <b>map</b> & &quot;more&quot;'></p>") == (
        '<p>A &lt;b&gt;map&lt;/b&gt; &amp; "more"</p>'
    )
    assert cleaned(f"<p>Text<img {src}></p>") == "<p>Text</p>"


def test_images_know_whether_they_are_in_a_link() -> None:
    markup = cleaned(
        '<img src="/1"><a href="/x"><b><img src="/2"></b></a><img src="/3"><a href="/y">y</a><img src="/4">'
    )
    assert [image.in_link for image in images_of(markup)] == [False, True, False, False]


def test_what_only_looks_like_an_image_is_left_alone() -> None:
    markup = cleaned("<p title='x'>&lt;img src=\"/a\"></p><a href='/' title='<img src=\"/b\">'>t</a><img src='/c'>")
    assert [image.get("src") for image in images_of(markup)] == ["https://example.org/c"]
