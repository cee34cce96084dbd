"""embedded.py: embedded content leaves something to read, to see or to follow, and nothing that runs."""

from __future__ import annotations

import re

import pytest

from feeds.parser.sanitize import extract_text, sanitize_html

BASE = "https://s.example/p/1"


def kept(raw: str) -> str:
    """The sanitised content, without attributes that every link or picture has."""
    sanitised, _ = sanitize_html(raw, BASE)
    assert sanitize_html(sanitised, BASE) == (sanitised, False), "a second reading finds nothing more"
    return re.sub(r' (?:rel|decoding|loading|referrerpolicy|preload|controls)="[^"]*"', "", sanitised)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            '<iframe src="https://www.youtube.com/embed/AAAAAAAAAAA" title="Goal of the month"></iframe>',
            '<p><a href="https://www.youtube.com/watch?v=AAAAAAAAAAA"><img alt="" height="360" '
            'src="https://i.ytimg.com/vi/AAAAAAAAAAA/hqdefault.jpg" width="480"><br>Goal of the month</a></p>',
        ),
        (
            "<iframe src='//player.example/1'></iframe>",
            '<p><a href="https://player.example/1">player.example</a></p>',
        ),
        ("<iframe src='/live'></iframe>", '<p><a href="https://s.example/live">s.example</a></p>'),
        (
            '<p>See <iframe data-src="https://player.vimeo.com/video/12" src="about:blank"></iframe>now</p>',
            '<p>See <a href="https://vimeo.com/12">vimeo.com</a> now</p>',
        ),
        (
            '<iframe src="https://m.example/@ann/115/embed" title="A &lt;b&gt;"/><p>After</p>',
            '<p><a href="https://m.example/@ann/115">A &lt;b&gt;</a></p><p>After</p>',
        ),
        (
            '<iframe src="https://a.example/1">Your browser has no iframes.</iframe>',
            '<p><a href="https://a.example/1">a.example</a></p>',
        ),
        (
            '<iframe data-src="https://a.example/1"></iframe><noscript><iframe src="https://a.example/1"></noscript>',
            '<p><a href="https://a.example/1">a.example</a></p>',
        ),
        ('<iframe src="https://count.example/" width="1" height="1"></iframe>', ""),
        ('<iframe src="https://count.example/" style="display: none"></iframe>', ""),
        ('<iframe src="javascript:alert(1)">x</iframe>', "x"),
        ("<iframe srcdoc='<script>alert(1)</script>'></iframe>", ""),
        (
            "<p>One</p><iframe src=https://a.example/1><p>unclosed</p>",
            '<p>One</p><p><a href="https://a.example/1">a.example</a></p><p>unclosed</p>',
        ),
        (
            '<amp-iframe src="https://a.example/1"></amp-iframe>',
            '<p><a href="https://a.example/1">a.example</a></p>',
        ),
    ],
)
def test_a_frame_becomes_a_link(raw: str, expected: str) -> None:
    assert kept(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            '<object data="/d.pdf"><p>Read <a href="/d.pdf">it</a></p></object>',
            '<p>Read <a href="https://s.example/d.pdf">it</a></p>',
        ),
        (
            '<object data="/d.pdf" title="The decree"></object>',
            '<p><a href="https://s.example/d.pdf">The decree</a></p>',
        ),
        ('<object data="/map.svg" type="image/svg+xml"></object>', '<img alt="" src="https://s.example/map.svg">'),
        (
            '<object><param name="movie" value="https://player.example/1"></object>',
            '<p><a href="https://player.example/1">player.example</a></p>',
        ),
        (
            '<object><param name="movie" value="https://a.example/1"><embed src="https://a.example/1"></object>after',
            '<p><a href="https://a.example/1">a.example</a></p>after',
        ),
        ('<embed src="/tune.mid"/>', '<p><a href="https://s.example/tune.mid">s.example</a></p>'),
        ("<object data='javascript:alert(1)'></object>", ""),
        ("<embed src='data:text/html,x'>", ""),
    ],
)
def test_an_object_leaves_its_fallback_or_a_link(raw: str, expected: str) -> None:
    assert kept(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('<video><source src="/v.mp4" type="video/mp4"></video>', '<video src="https://s.example/v.mp4"></video>'),
        (
            '<video poster="/p.jpg" width="640" height="360"><source src="/v.webm"><source src="/v.mp4"></video>',
            '<video height="360" poster="https://s.example/p.jpg" src="https://s.example/v.mp4" width="640"></video>',
        ),
        (
            "<audio><source src='/a.ogg' type='audio/ogg'/></audio>after",
            '<audio src="https://s.example/a.ogg"></audio>after',
        ),
        ("<audio><source data-src='/a.mp3'></audio>", '<audio src="https://s.example/a.mp3"></audio>'),
        ('<video><a href="/v.mp4">Download</a></video>', '<a href="https://s.example/v.mp4">Download</a>'),
        ("<video><source src='javascript:alert(1)' onerror=alert(1)></video>", ""),
        ("<audio></audio>", ""),
    ],
)
def test_a_player_plays_its_source_or_leaves_its_fallback(raw: str, expected: str) -> None:
    assert kept(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ('<img src="data:image/gif;base64,R0" data-src="/b.jpg">', '<img src="https://s.example/b.jpg">'),
        (
            '<img src="/blank.gif" data-lazy-src="//cdn.example/b.jpg" alt="Pier">',
            '<img alt="Pier" src="https://cdn.example/b.jpg">',
        ),
        ('<img data-original="b.jpg">', '<img src="https://s.example/p/b.jpg">'),
        ('<img src="/b.jpg" data-src="javascript:alert(1)">', '<img src="https://s.example/b.jpg">'),
        ('<img src="/b.jpg" data-lazy="true">', '<img src="https://s.example/b.jpg">'),
        ('<img src="/b.jpg" srcset="/c.jpg 2x">', '<img src="https://s.example/b.jpg">'),
        (
            '<img srcset="/c-400.jpg 400w, /c-1600.jpg 1600w, /c-3200.jpg 3200w">',
            '<img src="https://s.example/c-1600.jpg">',
        ),
        ('<img srcset="/c,1.jpg 1x,/c,2.jpg 2x">', '<img src="https://s.example/c,2.jpg">'),
        (
            '<picture><source srcset="/c.webp 800w"><img alt="Quay"></picture>',
            '<img alt="Quay" src="https://s.example/c.webp">',
        ),
        ('<img data-srcset="/c.jpg">', '<img src="https://s.example/c.jpg">'),
        (
            '<amp-img src="/c.jpg" width="20" height="10"></amp-img>',
            '<img height="10" src="https://s.example/c.jpg" width="20">',
        ),
        ('<noscript><img src="/b.jpg" alt="Pier"></noscript>', '<img alt="Pier" src="https://s.example/b.jpg">'),
        (
            '<img src="data:,x" alt="Pier"><noscript><img src="/b.jpg" alt="Pier"></noscript>',
            '<img alt="Pier" src="https://s.example/b.jpg">',
        ),
        (
            '<img data-src="/b.jpg"> <noscript><img src="/b.jpg" alt="Pier"></noscript>',
            '<img alt="Pier" src="https://s.example/b.jpg">',
        ),
        (
            '<img data-src="/a.jpg"><noscript><img src="/b.jpg"></noscript>',
            '<img src="https://s.example/a.jpg"><img src="https://s.example/b.jpg">',
        ),
        ("<noscript>Please enable JavaScript to view <a href='/x'>comments</a></noscript>", ""),
        ("<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>", ""),
    ],
)
def test_a_picture_that_a_script_would_load_is_a_picture(raw: str, expected: str) -> None:
    assert kept(raw).replace("> <img", "><img").lstrip() == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            '<p>So <math alttext="E=mc^2"><mi>E</mi><mo>=</mo><msup><mi>c</mi><mn>2</mn></msup></math> holds.</p>',
            '<p>So <math alttext="E=mc^2"><mi>E</mi><mo>=</mo><msup><mi>c</mi><mn>2</mn></msup></math> holds.</p>',
        ),
        (
            "<mml:math><mml:mspace width='1em'/><mml:mn>1</mml:mn></mml:math>",
            '<math><mspace width="1em"></mspace><mn>1</mn></math>',
        ),
        (
            "<math><semantics><mi>x</mi><annotation encoding='tex'>x</annotation></semantics></math>",
            "<math><semantics><mi>x</mi></semantics></math>",
        ),
        ("<math><mi><b>x</b><img src=x onerror=alert(1)></mi></math>", "<math><mi>x</mi></math>"),
        (
            "<math href='javascript:alert(1)'><maction xlink:href='javascript:alert(1)'><mi>x</mi></maction></math>",
            "<math><mi>x</mi></math>",
        ),
        (
            "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml></math>",
            "<math></math>",
        ),
        (
            "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
            None,
        ),
        ("<math><svg><mi>x</mi></svg><math><mn>2</mn></math></math>", "<math>x<mn>2</mn></math>"),
    ],
)
def test_a_formula_keeps_its_elements_and_nothing_else(raw: str, expected: str | None) -> None:
    if expected is None:
        assert "<img" not in kept(raw)
    else:
        assert kept(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("<svg><title>Rain</title><text>10</text><text>mm</text><path d='M0 0'/></svg>", "Rain 10 mm"),
        ("<svg><g><text>Rain</text></g><foreignObject><p>10 mm</p></foreignObject></svg>", "Rain 10 mm"),
        ("<svg aria-label='Rain in mm'><path d='M0 0'/></svg>", "Rain in mm"),
        ("<svg aria-hidden='true'><title>Icon</title></svg>", ""),
        ("<svg onload=alert(1)><script>1</script><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>", "x"),
        ("<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></iframe>x</foreignObject></svg>", "x"),
        ("<svg><style><img src=x onerror=alert(1)></style><image href='https://a.example/x'/></svg>", ""),
        ("<svg><use href='https://a.example/x#y'/><animate attributeName=href to=javascript:alert(1) /></svg>", ""),
    ],
)
def test_a_drawing_leaves_its_words(raw: str, expected: str) -> None:
    assert kept(raw) == expected


def test_words_in_a_title_are_kept_whatever_is_around_them() -> None:
    assert (
        extract_text("So <math><mi>E</mi><annotation>E</annotation></math> <svg><text>holds</text></svg>")
        == "So E holds"
    )


@pytest.mark.parametrize("name", ["object", "svg", "math", "noscript", "iframe", "video", "picture"])
def test_elements_nested_without_end_are_read_in_a_moment(name: str) -> None:
    assert "end" in kept(f"<{name}>" * 5_000 + "<p>end")


@pytest.mark.parametrize(
    "start", ["<iframe ", "<img srcset=", '<object "', "<img data-src=,,,,,,,,", "<noscript", "<source/"]
)
def test_tags_that_never_end_are_read_in_a_moment(start: str) -> None:
    kept(start * 20_000)
